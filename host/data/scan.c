/* scan.c - records of a page; see scan.h.
 *
 * What stands between two values of an object (`,"name":`) is called a lead.  The previous record's
 * leads are kept, so that one comparison of 16 bytes checks the comma, the key and the colon, and the
 * place of the value follows from a length that is already known.  A lead that is not the expected one
 * is read token by token; only that path decides what is valid. */
#include "data/scan.h"

#include <stdlib.h>

#include "data/scan_lex.h"

/* Longer leads are not remembered: comparing with one could read past the padding. */
#define LONGEST_GUESS SCAN_PADDING

#define NEVER (1u << 16) /* in a mask: a bit that no comparison of 16 bytes sets */

struct scan_guess {
	char bytes[16];	    /* the lead's first bytes */
	uint32_t off;	    /* the whole of it in this page */
	uint32_t mask;	    /* which of the 16 bytes count */
	uint16_t len;	    /* at most LONGEST_GUESS, unless mask is NEVER */
	uint16_t key, klen; /* the key, from the lead's start */
	uint16_t flags;
};

void
scan_init(struct scan *s)
{
	*s = (struct scan){0};
}

size_t
scan_table_bytes(const struct scan *s)
{
	return s->cap_fields * sizeof(*s->fields) + s->cap_records * sizeof(*s->records) +
	    s->cap_guesses * sizeof(*s->guesses);
}

void
scan_fini(struct scan *s)
{
	free(s->fields);
	free(s->records);
	free(s->guesses);
	scan_init(s);
}

/* Room for one more in a table; *cap counts entries of `size` bytes. */
static void *
grow_table(void *table, size_t *cap, size_t first, size_t size)
{
	size_t more = *cap == 0 ? first : *cap * 2;
	void *grown = more > SIZE_MAX / size ? NULL : realloc(table, more * size);

	if (grown != NULL)
		*cap = more;
	return grown;
}

static int
add_record(struct scan *s, uint32_t off)
{
	struct scan_record *grown;

	if (s->nrecords == s->cap_records) {
		grown = grow_table(s->records, &s->cap_records, 256, sizeof(*grown));
		if (grown == NULL)
			return -1;
		s->records = grown;
	}
	s->records[s->nrecords++] = (struct scan_record){.off = off, .field = (uint32_t)s->nfields};
	return 0;
}

/* Keeps the lead of field i, whose value stands at val, for the next record. -1: no memory. */
static int
keep_guess(struct scan *s, size_t i, const char *page, const char *lead, const char *val)
{
	const struct scan_field *f = &s->fields[s->nfields];
	const uint32_t off = (uint32_t)(lead - page);
	const size_t len = (size_t)(val - lead);
	struct scan_guess *grown;

	if (i == s->cap_guesses) {
		grown = grow_table(s->guesses, &s->cap_guesses, 64, sizeof(*grown));
		if (grown == NULL)
			return -1;
		s->guesses = grown;
	}
	if (i == s->nguesses)
		s->nguesses++;
	s->guesses[i] = (struct scan_guess){.off = off,
	    .len = (uint16_t)len,
	    .mask = len > LONGEST_GUESS ? NEVER
		: len >= 16		? 0xffff
					: (1u << len) - 1,
	    .key = (uint16_t)(f->key - off),
	    .klen = f->klen,
	    .flags = f->flags};
	memcpy(s->guesses[i].bytes, lead, 16);
	return 0;
}

static inline int
guess_fits(const struct scan_guess *g, const char *page, const char *lead)
{
	const char *same = page + g->off;

	if ((lex_same(lead, g->bytes) & g->mask) != g->mask)
		return 0;
	if (LEX_LIKELY(g->len <= 16))
		return 1;
	/* The last 16 bytes overlap the first, or leave a middle. */
	if (lex_same(lead + g->len - 16, same + g->len - 16) != 0xffff)
		return 0;
	return g->len <= 32 || memcmp(lead + 16, same + 16, g->len - 32u) == 0;
}

/* p: the comma (a first field has none) or the key; fills in the key and returns the value's place. */
static const char *
read_lead(struct lex *x, const char *page, const char *p, size_t i, struct scan_field *f)
{
	const char *key;
	unsigned flags = 0;

	if (i > 0) {
		if (*p != ',')
			return lex_fail(x, p, "',' or '}'");
		p = lex_space(x, p + 1);
	}
	if (*p != '"')
		return lex_fail(x, p, i == 0 ? "a key or '}'" : "a key");
	if (i == SCAN_MAX_FIELDS)
		return lex_fail(x, p, "at most 65535 fields in a record");
	key = p + 1;
	p = lex_string(x, key, &flags);
	if (p == NULL)
		return NULL;
	if (p - key > SCAN_MAX_KEY)
		return lex_fail(x, key, "a key of at most 65535 bytes");
	*f = (struct scan_field){.key = (uint32_t)(key - page),
	    .klen = (uint16_t)(p - key),
	    .flags = flags != 0 ? SCAN_KEY_ESCAPED : 0};
	p = lex_space(x, p + 1);
	if (*p != ':')
		return lex_fail(x, p, "':'");
	return lex_space(x, p + 1);
}

/* The value of field f at p; returns the place behind it. */
static inline const char *
read_value(struct lex *x, const char *page, const char *p, unsigned depth, struct scan_field *f)
{
	const char *from = p;
	unsigned type = SCAN_STRING, flags = 0;

	if (*p == '"') {
		from = p + 1;
		p = lex_string(x, from, &flags);
	} else if (*p == '{' || *p == '[') {
		type = *p == '{' ? SCAN_OBJECT : SCAN_ARRAY;
		p = lex_nested(x, p, depth);
	} else {
		p = lex_scalar(x, p, &type);
	}
	if (LEX_UNLIKELY(p == NULL))
		return NULL;
	f->val = (uint32_t)(from - page);
	f->vlen = (uint32_t)(p - from);
	f->type = (uint8_t)type;
	f->flags |= (uint8_t)flags;
	return p + (type == SCAN_STRING);
}

/* Room for one more field behind nfields. */
static inline int
reserve_field(struct scan *s)
{
	struct scan_field *grown;

	if (LEX_LIKELY(s->nfields < s->cap_fields))
		return 0;
	grown = grow_table(s->fields, &s->cap_fields, 1024, sizeof(*grown));
	if (grown == NULL)
		return -1;
	s->fields = grown;
	return 0;
}

/* The record that begins at p ('{'), in `depth` containers, itself counted. */
static const char *
scan_record(struct scan *s, struct lex *x, const char *page, const char *p, unsigned depth)
{
	const size_t before = s->nrecords > 0 ? s->records[s->nrecords - 1].count : 0;
	const char *lead = p;
	const struct scan_guess *g;
	struct scan_field *f;
	struct scan_record *r;
	size_t i;

	if (add_record(s, (uint32_t)(p - page)) != 0)
		return lex_fail(x, p, NULL);
	for (i = 0;; i++) {
		if (reserve_field(s) != 0)
			return lex_fail(x, p, NULL);
		f = &s->fields[s->nfields];
		if (i < s->nguesses && guess_fits(&s->guesses[i], page, lead)) {
			g = &s->guesses[i];
			*f = (struct scan_field){.key = (uint32_t)(lead - page) + g->key,
			    .klen = g->klen,
			    .flags = (uint8_t)(g->flags | (i < before ? SCAN_SAME_KEY : 0))};
			p = lex_space(x, lead + g->len); /* it may be longer than guessed */
		} else {
			p = lex_space(x, i == 0 ? lead + 1 : lead);
			if (*p == '}')
				break;
			p = read_lead(x, page, p, i, f);
			if (p == NULL)
				return NULL;
			if (keep_guess(s, i, page, lead, p) != 0)
				return lex_fail(x, p, NULL);
		}
		p = read_value(x, page, p, depth, f);
		if (LEX_UNLIKELY(p == NULL))
			return NULL;
		s->nfields++;
		lead = p;
	}
	r = &s->records[s->nrecords - 1];
	r->len = (uint32_t)(p + 1 - page) - r->off;
	r->count = (uint32_t)i;
	return p + 1;
}

/* An array of records; p: the '['. `between` passes the white space that is in no record. */
static const char *
scan_array(struct scan *s, struct lex *x, struct lex *between, const char *page, const char *p)
{
	p = lex_space(between, p + 1);
	if (*p == ']')
		return p + 1;
	for (;;) {
		if (*p != '{')
			return lex_fail(x, p, "a record, which is an object");
		p = scan_record(s, x, page, p, 2);
		if (p == NULL)
			return NULL;
		p = lex_space(between, p);
		if (*p == ']')
			return p + 1;
		if (*p != ',')
			return lex_fail(x, p, "',' or ']'");
		p = lex_space(between, p + 1);
	}
}

/* Every value of the page; NULL where one is wrong. */
static const char *
scan_all(struct scan *s, struct lex *x, const char *page, size_t len)
{
	struct lex between = {0};
	const char *p = page;

	for (;;) {
		p = lex_space(&between, p);
		if (p == page + len)
			return p;
		if (*p == '{')
			p = scan_record(s, x, page, p, 1);
		else if (*p == '[')
			p = scan_array(s, x, &between, page, p);
		else
			return lex_fail(x, p, "a record or an array of records");
		if (p == NULL)
			return NULL;
	}
}

ab_status
scan_page(struct scan *s, const char *page, size_t len, struct error *e)
{
	struct lex x = {0};

	s->nfields = s->nrecords = s->nguesses = 0;
	s->has_newline = s->has_surrogate = 0;
	if (len > SCAN_MAX_BYTES)
		return error_set(e, AB_EDATA,
		    "a page of %zu bytes is larger than %zu, the most that can be scanned", len,
		    SCAN_MAX_BYTES);
	if (scan_all(s, &x, page, len) == NULL) {
		s->nfields = s->nrecords = 0;
		return lex_error(&x, page, len, e);
	}
	s->has_newline = x.newline;
	s->has_surrogate = x.surrogate;
	return AB_OK;
}

static const char *
scan_one(struct lex *x, const char *text)
{
	const char *p = lex_space(x, text);
	unsigned type, flags;

	if (*p == '{' || *p == '[')
		p = lex_nested(x, p, 0);
	else if (*p == '"')
		p = (p = lex_string(x, p + 1, &flags)) == NULL ? NULL : p + 1;
	else
		p = lex_scalar(x, p, &type);
	return p == NULL ? NULL : lex_space(x, p);
}

ab_status
scan_value(const char *text, size_t len, size_t *used, struct error *e)
{
	struct lex x = {0};
	const char *end;
	ab_status rc = AB_OK;
	char *padded;

	*used = 0;
	padded = len > SCAN_MAX_BYTES ? NULL : malloc(len + SCAN_PADDING);
	if (padded == NULL)
		return error_set(e, AB_ENOMEM, "no memory to check a JSON text of %zu bytes", len);
	memcpy(padded, text, len);
	memset(padded + len, 0, SCAN_PADDING);
	end = scan_one(&x, padded);
	if (end == NULL)
		rc = lex_error(&x, padded, len, e);
	else
		*used = (size_t)(end - padded);
	free(padded);
	return rc;
}
