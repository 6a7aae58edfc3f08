/* verify.c - see verify.h. */
#include "dest/verify.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/number.h"
#include "data/value.h"

#define MOST_TEXT ((size_t)1 << 31)

/* The finishing steps of MurmurHash3: every bit of v counts in every bit of the result. */
static uint64_t
mix(uint64_t v)
{
	v = (v ^ v >> 33) * UINT64_C(0xff51afd7ed558ccd);
	v = (v ^ v >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return v ^ v >> 33;
}

/* Never 0, which is NULL. */
static uint64_t
hash_bytes(const char *bytes, size_t len)
{
	uint64_t h = value_hash(bytes, len);

	return h == 0 ? 1 : h;
}

uint64_t
verify_int(int64_t v)
{
	return mix((uint64_t)v ^ UINT64_C(0x9e3779b97f4a7c15)) | 1;
}

uint64_t
verify_real(double v)
{
	uint64_t bits;

	if (v == floor(v) && fabs(v) < 9.2e18)
		return verify_int((int64_t)v);
	memcpy(&bits, &v, sizeof(bits));
	return mix(bits) | 1;
}

uint64_t
verify_bool(int v)
{
	return v ? hash_bytes("true", 4) : hash_bytes("false", 5);
}

static uint64_t
hash_number(const char *text, size_t len)
{
	int64_t i;
	double d;

	if (shape_int(text, len, &i) == 0)
		return verify_int(i);
	if (value_real(text, len, &d) == 0)
		return verify_real(d);
	return hash_bytes(text, len);
}

uint64_t
verify_text(const char *text, size_t len)
{
	return number_is(text, len) ? hash_number(text, len) : hash_bytes(text, len);
}

int
verify_field(struct buf *scratch, const struct scan_field *f, const char *bytes, uint64_t *out)
{
	const char *text = bytes + f->val;
	size_t len = f->vlen;
	char *plain;
	int lossy;

	*out = 0;
	if (f->type == SCAN_NULL)
		return 0;
	if (f->type == SCAN_TRUE || f->type == SCAN_FALSE) {
		*out = verify_bool(f->type == SCAN_TRUE);
		return 0;
	}
	if (f->type == SCAN_STRING && (f->flags & SCAN_ESCAPED)) {
		buf_reset(scratch);
		plain = buf_reserve(scratch, len + 1);
		if (plain == NULL)
			return -1;
		len = value_unescape(text, len, plain, &lossy);
		text = plain;
	}
	*out = f->type == SCAN_INT || f->type == SCAN_REAL ? hash_number(text, len)
							   : verify_text(text, len);
	return 0;
}

void
verify_row_init(struct verify_row *r)
{
	*r = (struct verify_row){0};
	scan_init(&r->rest);
	buf_init(&r->text, MOST_TEXT);
}

void
verify_row_fini(struct verify_row *r)
{
	scan_fini(&r->rest);
	buf_fini(&r->text);
	free(r->hashes);
	r->hashes = NULL;
}

static int
reserve(uint64_t **hashes, uint32_t *cap, uint32_t n)
{
	uint64_t *grown;

	if (n <= *cap)
		return 0;
	grown = realloc(*hashes, (size_t)n * 2 * sizeof(*grown));
	if (grown == NULL)
		return -1;
	memset(grown + *cap, 0, ((size_t)n * 2 - *cap) * sizeof(*grown));
	*hashes = grown;
	*cap = n * 2;
	return 0;
}

int
verify_row_begin(struct verify_row *r, const struct shape *s)
{
	if (reserve(&r->hashes, &r->cap, s->ncols) != 0)
		return -1;
	r->ncols = s->ncols;
	memset(r->hashes, 0, s->ncols * sizeof(*r->hashes));
	return 0;
}

/* What a field's key means, in r->text; borrowed. */
static const char *
plain_key(struct buf *text, const struct scan_field *f, const char *bytes, size_t *len)
{
	char *plain;
	int lossy;

	*len = f->klen;
	if (!(f->flags & SCAN_KEY_ESCAPED))
		return bytes + f->key;
	buf_reset(text);
	plain = buf_reserve(text, f->klen + 1u);
	if (plain == NULL)
		return NULL;
	*len = value_unescape(bytes + f->key, f->klen, plain, &lossy);
	if (!lossy)
		return plain;
	*len = f->klen;
	return bytes + f->key;
}

/* A member of the rest: its key and its value together. */
static int
add_rest(struct verify_row *r, const struct scan_field *f, const char *bytes, uint64_t *sum)
{
	uint64_t key, value;
	const char *name;
	size_t len;

	name = plain_key(&r->text, f, bytes, &len);
	if (name == NULL)
		return -1;
	key = hash_bytes(name, len);
	value = hash_bytes(bytes + f->val, f->vlen);
	*sum += mix(key ^ mix(value + f->type));
	return 0;
}

int
verify_rest(struct verify_row *r, const char *text, size_t len, uint64_t *out)
{
	static const char padding[SCAN_PADDING];
	struct buf copy;
	int failed;

	*out = 0;
	buf_init(&copy, MOST_TEXT);
	failed = buf_add(&copy, text, len) != 0 || buf_add(&copy, padding, SCAN_PADDING) != 0 ||
	    scan_page(&r->rest, copy.ptr, len, NULL) != AB_OK;
	for (size_t i = 0; !failed && i < r->rest.nfields; i++)
		failed = add_rest(r, &r->rest.fields[i], copy.ptr, out) != 0;
	buf_fini(&copy);
	return failed ? -1 : 0;
}

/* Where one field of a record should be found; later fields of the same column win. */
static int
put_field(struct verify_row *r, const struct shape *s, const struct scan_field *f,
    const char *bytes, int is_skipped)
{
	const char *name;
	size_t len;
	uint32_t col;

	if (is_skipped)
		return 0;
	name = plain_key(&r->text, f, bytes, &len);
	if (name == NULL)
		return -1;
	col = shape_find(s, name, len);
	if (col == SHAPE_NOWHERE)
		return s->rest == SHAPE_NOWHERE ? 0 : add_rest(r, f, bytes, &r->hashes[s->rest]);
	if (col == s->deleted) {
		struct ab_str unused;

		for (uint32_t i = 0; i < s->ncols; i++)
			if (s->cols[i].role == SHAPE_DELETED_AT)
				r->hashes[i] = (uint64_t)shape_is_deleted(f, bytes, &unused);
	}
	if (!shape_wants_plain_names(&s->cols[col], f, bytes))
		return verify_field(&r->text, f, bytes, &r->hashes[col]);
	buf_reset(&r->text);
	if (shape_add_plain_names(&r->text, bytes + f->val, f->vlen) != 0)
		return -1;
	r->hashes[col] = verify_text(r->text.ptr, r->text.len);
	return 0;
}

static int
put_system(struct verify_row *r, const struct shape *s, const struct shape_fit *fit, size_t i,
    int64_t received_us, const char *stamp, int64_t generation_id)
{
	int64_t ms = shape_emitted(s, fit, i);
	char emitted[CLOCK_TEXT];

	if (ms != BESIDE_NEVER)
		stamp = clock_format(ms * 1000, emitted);
	for (uint32_t col = 0; col < s->ncols; col++) {
		switch (s->cols[col].role) {
		case SHAPE_EXTRACTED_AT:
			r->hashes[col] = verify_text(stamp, strlen(stamp));
			break;
		case SHAPE_RECEIVED:
			r->hashes[col] = verify_int(received_us);
			break;
		case SHAPE_GENERATION:
			r->hashes[col] = verify_int(generation_id);
			break;
		case SHAPE_META:
			buf_reset(&r->text);
			if (shape_meta(fit, i, &r->text) != 0)
				return -1;
			r->hashes[col] = verify_text(r->text.ptr, r->text.len);
			break;
		default:
			break;
		}
	}
	return 0;
}

int
verify_record(struct verify_row *r, const struct shape *s, const struct shape_fit *fit, size_t i,
    int64_t received_us, const char *stamp, int64_t generation_id)
{
	const struct scan_record *record = &fit->scan->records[i];
	const struct scan_field *field = fit->scan->fields + record->field;

	if (verify_row_begin(r, s) != 0)
		return -1;
	if (!(fit->marks[i] & SHAPE_SAME))
		r->columns = fit->columns + record->field;
	for (size_t k = 0; k < fit->constants.nfields; k++)
		if (put_field(r, s, &fit->constants.fields[k], fit->constants_text.ptr,
			fit->constant_cols[k] == SHAPE_SKIP) != 0)
			return -1;
	for (uint32_t k = 0; k < record->count; k++)
		if (put_field(r, s, &field[k], fit->bytes, r->columns[k] == SHAPE_SKIP) != 0)
			return -1;
	return put_system(r, s, fit, i, received_us, stamp, generation_id);
}

uint64_t
verify_row_hash(const struct verify_row *r, const struct shape *s)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < r->ncols; i++)
		if (r->hashes[i] != 0)
			sum += mix(r->hashes[i] ^
			    mix(value_hash(s->cols[i].name, strlen(s->cols[i].name))));
	return mix(sum);
}

void
verify_sum_init(struct verify_sum *sum)
{
	*sum = (struct verify_sum){0};
}

void
verify_sum_fini(struct verify_sum *sum)
{
	free(sum->columns);
	verify_sum_init(sum);
}

int
verify_sum_add(struct verify_sum *sum, const struct verify_row *r, const struct shape *s, int sign)
{
	uint64_t whole = verify_row_hash(r, s);

	if (reserve(&sum->columns, &sum->cap, r->ncols) != 0)
		return -1;
	sum->ncols = r->ncols > sum->ncols ? r->ncols : sum->ncols;
	for (uint32_t i = 0; i < r->ncols; i++)
		sum->columns[i] += sign < 0 ? 0 - r->hashes[i] : r->hashes[i];
	sum->whole += sign < 0 ? 0 - whole : whole;
	sum->rows += sign;
	return 0;
}

void
verify_sum_clear(struct verify_sum *sum)
{
	if (sum->cap > 0)
		memset(sum->columns, 0, sum->cap * sizeof(*sum->columns));
	sum->rows = 0;
	sum->whole = 0;
	sum->ncols = 0;
}

int
verify_sum_copy(struct verify_sum *to, const struct verify_sum *from)
{
	if (reserve(&to->columns, &to->cap, from->ncols) != 0)
		return -1;
	verify_sum_clear(to);
	if (from->ncols > 0)
		memcpy(to->columns, from->columns, from->ncols * sizeof(*to->columns));
	to->rows = from->rows;
	to->whole = from->whole;
	to->ncols = from->ncols;
	return 0;
}

static uint64_t
column_of(const struct verify_sum *sum, uint32_t col)
{
	return col < sum->ncols ? sum->columns[col] : 0;
}

const char *
verify_sum_differs(const struct verify_sum *a, const struct verify_sum *b, const struct shape *s)
{
	for (uint32_t i = 0; i < s->ncols; i++)
		if (column_of(a, i) != column_of(b, i))
			return s->cols[i].name;
	return a->rows != b->rows || a->whole != b->whole ? "" : NULL;
}
