/* shape_fit.c - lays the records of a page over the columns; see shape.h.
 *
 * One pass over the fields decides which column each has and whether the column must widen, before
 * anything is written.  Runs once per field of every record: it allocates only where a page is larger
 * than any before it, and looks a key up only where the scanner says that it is not the previous one's.
 * Where a contract, a selection or a broken surrogate wants each value looked at, shape_rule.c does it. */
#include "dest/shape_private.h"

#include <stdlib.h>
#include <string.h>

#include "data/value.h"

#define LONGEST_ESCAPE 6u /* a control character, or a lone byte's U+FFFD */

struct shape_rest_key {
	uint64_t hash;
	uint32_t field; /* of the record */
};

void
shape_fit_init(struct shape_fit *f)
{
	*f = (struct shape_fit){0};
	scan_init(&f->about);
	scan_init(&f->constants);
	buf_init(&f->about_text, SCAN_MAX_BYTES);
	buf_init(&f->constants_text, SCAN_MAX_BYTES);
}

void
shape_fit_fini(struct shape_fit *f)
{
	scan_fini(&f->about);
	scan_fini(&f->constants);
	buf_fini(&f->about_text);
	buf_fini(&f->constants_text);
	free(f->columns);
	free(f->last);
	free(f->marks);
	free(f->seen);
	free(f->changes);
	free(f->rest_keys);
	free(f->constant_cols);
	*f = (struct shape_fit){0};
}

void *
shape_room(void *old, size_t *cap, size_t n, size_t size)
{
	if (n <= *cap && old != NULL)
		return old;
	free(old);
	*cap = n + n / 4 + 16;
	old = calloc(*cap, size);
	if (old == NULL)
		*cap = 0;
	return old;
}

uint32_t
shape_of_key(struct shape *s, const struct scan_field *field, const char *bytes, shape_finder *find,
    struct error *e)
{
	char key[256], *plain = key;
	size_t len = field->klen;
	uint32_t col;
	int lossy;

	if (!(field->flags & SCAN_KEY_ESCAPED))
		return find(s, bytes + field->key, len, e);
	if (len >= sizeof(key) && (plain = malloc(len + 1)) == NULL) {
		error_set(e, AB_ENOMEM, "no memory for a key");
		return SHAPE_NOWHERE;
	}
	len = value_unescape(bytes + field->key, len, plain, &lossy);
	/* Two keys with halves of surrogate pairs must not become one. */
	col = lossy ? find(s, bytes + field->key, field->klen, e) : find(s, plain, len, e);
	if (plain != key)
		free(plain);
	return col;
}

static int
compare_rest_keys(const void *x, const void *y)
{
	const struct shape_rest_key *a = x, *b = y;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	return a->field < b->field ? -1 : a->field > b->field;
}

static uint64_t
key_hash(struct buf *text, const struct scan_field *f, const char *bytes)
{
	char *plain;
	int lossy;

	if (!(f->flags & SCAN_KEY_ESCAPED))
		return value_hash(bytes + f->key, f->klen);
	buf_reset(text);
	plain = buf_reserve(text, f->klen + 1u);
	if (plain == NULL)
		return 0;
	return value_hash(plain, value_unescape(bytes + f->key, f->klen, plain, &lossy));
}

/* The fields that share the column of the rest: n of them. */
static int
settle_rest(struct shape *s, struct shape_fit *f, const struct scan_record *r, uint32_t n)
{
	const struct scan_field *fields = f->scan->fields + r->field, *a, *b;
	uint32_t *columns = f->columns + r->field;
	struct shape_rest_key *keys;

	f->rest_keys = shape_room(f->rest_keys, &f->cap_rest_keys, n, sizeof(*f->rest_keys));
	if ((keys = f->rest_keys) == NULL)
		return -1;
	n = 0;
	for (uint32_t k = 0; k < r->count; k++)
		if (columns[k] == s->rest)
			keys[n++] =
			    (struct shape_rest_key){key_hash(&s->text, &fields[k], f->bytes), k};
	qsort(keys, n, sizeof(*keys), compare_rest_keys);
	for (uint32_t k = 0; k + 1 < n; k++) {
		a = &fields[keys[k].field];
		b = &fields[keys[k + 1].field];
		if (keys[k].hash != keys[k + 1].hash ||
		    !value_key_equal(f->bytes + a->key, a->klen, a->flags & SCAN_KEY_ESCAPED,
			f->bytes + b->key, b->klen, b->flags & SCAN_KEY_ESCAPED))
			continue;
		columns[keys[k].field] = SHAPE_SKIP;
		f->repeats++;
	}
	return s->text.failed ? -1 : 0;
}

int
shape_settle(struct shape *s, struct shape_fit *f, const struct scan_record *r)
{
	uint32_t *columns = f->columns + r->field, rest = 0;

	f->seen = f->cap_seen >= s->ncols
	    ? f->seen
	    : shape_room(f->seen, &f->cap_seen, s->ncols, sizeof(*f->seen));
	if (f->seen == NULL)
		return -1;
	if (++f->serial == 0) {
		memset(f->seen, 0, f->cap_seen * sizeof(*f->seen));
		f->serial = 1;
	}
	f->repeats = 0;
	for (uint32_t k = r->count; k-- > 0;) {
		if (columns[k] >= s->ncols)
			continue;
		if (columns[k] == s->rest) {
			rest++;
		} else if (f->seen[columns[k]] == f->serial) {
			columns[k] = SHAPE_SKIP;
			f->repeats++;
		} else {
			f->seen[columns[k]] = f->serial;
		}
	}
	return rest > 1 ? settle_rest(s, f, r, rest) : 0;
}

static ab_status
fit_record(struct shape *s, struct shape_fit *f, size_t i, struct error *e)
{
	const struct scan_record *r = &f->scan->records[i];
	const struct scan_field *field = f->scan->fields + r->field;
	int predicted = i > f->first, same = predicted && r->count == f->nlast;
	int has_key = s->key == SHAPE_NOWHERE || f->constant_key;
	uint32_t col;

	for (uint32_t k = 0; k < r->count; k++, field++) {
		if (predicted && k < f->nlast && (field->flags & SCAN_SAME_KEY)) {
			col = f->last[k];
		} else {
			col = shape_of_key(s, field, f->bytes, shape_column, e);
			if (col == SHAPE_NOWHERE)
				return e->status;
			same = same && f->last[k] == col;
			f->last[k] = col;
		}
		shape_widen(s, col, field, f->bytes);
		if (col == s->key)
			has_key = field->type == SCAN_INT;
	}
	if (!same) {
		memcpy(f->columns + r->field, f->last, r->count * sizeof(*f->last));
		if (shape_settle(s, f, r) != 0)
			return error_set(
			    e, AB_ENOMEM, "no memory for a record of %u fields", r->count);
	}
	f->counts.duplicate_keys += f->repeats;
	f->marks[i] = same ? SHAPE_SAME : 0;
	f->nlast = r->count;
	f->key_broken |= !has_key;
	return AB_OK;
}

/* {"constants": {...}} of a page: scanned like a record, because it becomes cells. */
static ab_status
scan_constants(struct shape_fit *f, const char *about, struct error *e)
{
	static const char padding[SCAN_PADDING];
	const struct scan_field *field;
	size_t len = strlen(about);

	if (f->about_text.len == len + SCAN_PADDING && memcmp(f->about_text.ptr, about, len) == 0)
		return AB_OK;
	buf_reset(&f->about_text);
	buf_reset(&f->constants_text);
	if (buf_add(&f->about_text, about, len) || buf_add(&f->about_text, padding, SCAN_PADDING))
		return error_set(e, AB_ENOMEM, "no memory for a page's constants");
	if (scan_page(&f->about, f->about_text.ptr, len, e) != AB_OK)
		return error_wrap(e, "about the page");
	f->constants.nfields = f->constants.nrecords = 0;
	for (size_t i = 0; i < f->about.nfields; i++) {
		field = &f->about.fields[i];
		if (field->klen != 9 || memcmp(about + field->key, "constants", 9) != 0)
			continue;
		if (field->type != SCAN_OBJECT)
			return error_set(e, AB_EDATA, "the page's \"constants\" are not an object");
		buf_reset(&f->constants_text);
		if (buf_add(&f->constants_text, about + field->val, field->vlen) ||
		    buf_add(&f->constants_text, padding, SCAN_PADDING))
			return error_set(e, AB_ENOMEM, "no memory for a page's constants");
		if (scan_page(&f->constants, f->constants_text.ptr, field->vlen, e) != AB_OK)
			return e->status;
	}
	return AB_OK;
}

static ab_status
fit_constants(struct shape *s, struct shape_fit *f, const char *about, int rules, struct error *e)
{
	uint32_t col;

	f->constant_key = 0;
	/* of no record they say nothing */
	if (about == NULL || about[0] == '\0' || f->first >= f->scan->nrecords) {
		buf_reset(&f->about_text);
		f->constants.nfields = 0;
		return AB_OK;
	}
	if (scan_constants(f, about, e) != AB_OK) {
		buf_reset(&f->about_text);
		return e->status;
	}
	f->constant_cols = shape_room(
	    f->constant_cols, &f->cap_constants, f->constants.nfields, sizeof(*f->constant_cols));
	if (f->constant_cols == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a page's constants");
	for (size_t i = 0; i < f->constants.nfields; i++) {
		if (rules) {
			if (shape_rule_constant(s, f, i, e) != AB_OK)
				return e->status;
			continue;
		}
		col = shape_of_key(
		    s, &f->constants.fields[i], f->constants_text.ptr, shape_column, e);
		if (col == SHAPE_NOWHERE)
			return e->status;
		shape_widen(s, col, &f->constants.fields[i], f->constants_text.ptr);
		f->constant_cols[i] = col;
		f->constant_key |= col == s->key && f->constants.fields[i].type == SCAN_INT;
	}
	return AB_OK;
}

ab_status
shape_fit(struct shape *s, struct shape_fit *f, const struct dest_page *page, struct error *e)
{
	const struct scan *scan = page->scan;
	int rules = shape_has_rules(s, scan);
	uint32_t most = 0;
	ab_status rc;

	f->bytes = page->bytes;
	f->scan = scan;
	f->first = page->first;
	f->beside = page->beside;
	f->key_broken = 0;
	f->nlast = f->nchanges = f->dropped = 0;
	f->is_plain = f->drops_all = 0;
	f->counts = (struct dest_stats){0};
	for (size_t i = f->first; i < scan->nrecords; i++)
		most = scan->records[i].count > most ? scan->records[i].count : most;
	f->columns = shape_room(f->columns, &f->cap_columns, scan->nfields, sizeof(*f->columns));
	f->marks = shape_room(f->marks, &f->cap_marks, scan->nrecords, sizeof(*f->marks));
	f->last = shape_room(f->last, &f->cap_last, most, sizeof(*f->last));
	if (f->columns == NULL || f->marks == NULL || f->last == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a page of %zu fields", scan->nfields);
	rc = fit_constants(s, f, page->about, rules, e);
	for (size_t i = f->first; i < scan->nrecords && rc == AB_OK; i++)
		rc = rules ? shape_rule_record(s, f, i, e) : fit_record(s, f, i, e);
	return rc;
}

void
shape_row_init(struct shape_row *r)
{
	*r = (struct shape_row){0};
}

void
shape_row_fini(struct shape_row *r)
{
	free(r->cell);
	shape_row_init(r);
}

int
shape_row_begin(struct shape_row *r, const struct shape_fit *f, uint32_t ncols)
{
	r->cell = shape_room(r->cell, &r->cap, ncols, sizeof(*r->cell));
	r->ncols = r->cell == NULL ? 0 : ncols;
	r->columns = f->columns;
	return r->cell == NULL ? -1 : 0;
}

void
shape_row_move(struct shape_row *r, const struct shape_fit *f, size_t i)
{
	r->record = &f->scan->records[i];
	if (f->marks[i] & SHAPE_SAME)
		return;
	memset(r->cell, 0, r->ncols * sizeof(*r->cell));
	for (size_t k = 0; k < f->constants.nfields; k++)
		if (f->constant_cols[k] < r->ncols)
			r->cell[f->constant_cols[k]] = SHAPE_CONSTANT + (uint32_t)k;
	r->columns = f->columns + r->record->field;
	for (uint32_t k = 0; k < r->record->count; k++)
		if (r->columns[k] < r->ncols)
			r->cell[r->columns[k]] = k + 1;
}

/* A key, between its quotes, with as few escapes as can be: who looks it up does not know how it was spelt.  It is
 * unescaped in `out` itself, so far behind its end that its longest spelling does not reach it. */
static void
add_key(struct buf *out, const char *key, size_t klen)
{
	size_t most = klen * LONGEST_ESCAPE + 2u, len;
	char *plain = buf_reserve(out, most + klen + 1u);
	int lossy;

	if (plain == NULL)
		return;
	plain += most;
	len = value_unescape(key, klen, plain, &lossy);
	if (lossy)
		buf_add(out, key - 1, klen + 2u);
	else
		buf_add_json_string(out, plain, len);
}

/* The quote that ends the string whose inside begins at p. */
static const char *
end_of_string(const char *p)
{
	while (*p != '"')
		p += *p == '\\' ? 2 : 1;
	return p;
}

int
shape_add_plain_names(struct buf *out, const char *json, size_t len)
{
	const char *p = json, *end = json + len, *quote, *next;

	while (p < end) {
		quote = memchr(p, '"', (size_t)(end - p));
		buf_add(out, p, (size_t)((quote == NULL ? end : quote) - p));
		if (quote == NULL)
			break;
		p = end_of_string(quote + 1) + 1;
		for (next = p; next < end && strchr(" \t\r\n", *next) != NULL;)
			next++;
		if (next < end && *next == ':')
			add_key(out, quote + 1, (size_t)(p - quote) - 2);
		else
			buf_add(out, quote, (size_t)(p - quote));
	}
	return out->failed ? -1 : 0;
}

void
shape_add_member(struct buf *out, const struct scan_field *field, const char *bytes)
{
	unsigned quote = field->type == SCAN_STRING;

	buf_addc(out, out->len == 0 ? '{' : ',');
	if (field->flags & SCAN_KEY_ESCAPED)
		add_key(out, bytes + field->key, field->klen);
	else
		buf_add(out, bytes + field->key - 1, field->klen + 2u);
	buf_addc(out, ':');
	buf_add(out, bytes + field->val - quote, field->vlen + 2u * quote);
}

int
shape_rest(const struct shape_row *r, const struct shape_fit *f, uint32_t rest, struct buf *out)
{
	const struct scan_field *field = f->scan->fields + r->record->field;

	for (size_t k = 0; k < f->constants.nfields; k++)
		if (f->constant_cols[k] == rest)
			shape_add_member(out, &f->constants.fields[k], f->constants_text.ptr);
	for (uint32_t k = 0; k < r->record->count; k++, field++)
		if (r->columns[k] == rest)
			shape_add_member(out, field, f->bytes);
	buf_addc(out, '}');
	return out->failed ? -1 : 0;
}
