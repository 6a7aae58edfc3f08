/* sqlite_verify.c - --verify: does the table hold what the run gave?  See verify.h and sqlite.h.
 *
 * Rows that are only added (append, overwrite, append_dedup's rows without a key) are summed as they come, and at the
 * end once more as they stand: those with a greater rowid than any before the run.
 *
 * In append_dedup the last version per key counts.  A private database in a file without a name (sqlite_temp.c says
 * where), which SQLite removes by itself, folds what comes: per key the hash of each column of the version that should
 * stay.  At the end each of these keys is looked up in the table.  So the memory does not grow with the run, and a
 * small run into a huge table costs as many lookups as it has keys, not a reading of the table.
 *
 * Both follow the transactions: what is rolled back was never given. */
#include <config.h>

#include "dest/sqlite_verify.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/value.h"
#include "data/view.h"

#define MOST_KEY   ((size_t)1 << 30)
#define NEST_BYTES ((size_t)64 << 20)

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory to verify");
}

ab_status
sqlite_verify_fail(const struct sqlite_verify *v, struct error *e)
{
	return error_set(e, AB_ETRANSIENT,
	    "cannot keep what is to be verified in a temporary file: %s; run without --verify, or name another folder in "
	    "TMPDIR",
	    v->keys == NULL ? "no memory" : sqlite3_errmsg(v->keys));
}

void
sqlite_verify_free(struct sqlite_verify *v)
{
	if (v == NULL)
		return;
	sqlite3_finalize(v->fold);
	sqlite3_close(v->keys);
	verify_row_fini(&v->row);
	verify_sum_fini(&v->given);
	verify_sum_fini(&v->committed);
	buf_fini(&v->key);
	buf_fini(&v->hashes);
	free(v);
}

static ab_status
open_keys(struct sqlite_stream *s, struct error *e)
{
	struct sqlite_verify *v = s->verify;
	char *sql;
	int rc;

	if (v->keys != NULL)
		return AB_OK;
	/* which of two versions stays: the rule of sqlite_key.c, once more */
	sql = sqlite3_mprintf(
	    "INSERT INTO seen VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (key) DO UPDATE SET"
	    " cursor = excluded.cursor, gone = excluded.gone, whole = excluded.whole,"
	    " hashes = excluded.hashes WHERE %d OR abhost_newer(excluded.cursor, cursor, ?6)"
	    " OR (excluded.gone AND excluded.cursor IS NULL)",
	    s->spec.cursor == NULL);
	rc = sql == NULL ? SQLITE_NOMEM : sqlite3_open("", &v->keys);
	if (rc == SQLITE_OK)
		rc = sqlite_key_functions(v->keys) != 0 ? SQLITE_NOMEM : SQLITE_OK;
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(v->keys,
		    "CREATE TABLE seen (key BLOB PRIMARY KEY, cursor, gone INTEGER, whole INTEGER, hashes BLOB)"
		    " WITHOUT ROWID; BEGIN",
		    NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc =
		    sqlite3_prepare_v3(v->keys, sql, -1, SQLITE_PREPARE_PERSISTENT, &v->fold, NULL);
	sqlite3_free(sql);
	return rc == SQLITE_OK ? AB_OK : sqlite_verify_fail(v, e);
}

static int64_t
greatest_rowid(struct sqlite_stream *s, struct error *e)
{
	const char *rowid = s->exists ? sqlite_key_rowid(s, e) : NULL;

	return rowid == NULL
	    ? 0
	    : sqlite_number(s->d, 0, e, "SELECT max(%s) FROM \"%w\"", rowid, s->target);
}

ab_status
sqlite_verify_begin(struct sqlite_stream *s, struct error *e)
{
	struct sqlite_verify *v = s->verify;
	int anew = s->spec.fresh && s->spec.is_refresh;

	if (!s->spec.verify)
		return AB_OK;
	if (v == NULL) {
		v = s->verify = calloc(1, sizeof(*v));
		if (v == NULL)
			return no_memory(e);
		verify_row_init(&v->row);
		buf_init(&v->key, MOST_KEY);
		buf_init(&v->hashes, MOST_KEY);
	}
	if (anew)
		verify_sum_clear(&v->given);
	if (anew || !v->has_base) {
		v->base = greatest_rowid(s, e);
		v->committed_base = v->has_base ? v->committed_base : v->base;
		v->has_base = 1;
	}
	if (e->status != AB_OK || s->spec.mode != DEST_APPEND_DEDUP)
		return e->status;
	return open_keys(s, e);
}

/* The value of a record at a path, as the table will compare it. */
struct value {
	char kind; /* 0: NULL; 'i', 'r', 't', 'b': bytes that equal no text */
	int64_t i;
	double r;
	const char *text; /* borrowed from the page, the arena or the root */
	size_t len;
};

static struct value
text_value(const char *text, size_t len)
{
	return (struct value){.kind = 't', .text = text, .len = len};
}

static struct value
number_value(const char *text, size_t len)
{
	struct value out = {.kind = 'i'};

	if (shape_int(text, len, &out.i) == 0)
		return out;
	if (value_real(text, len, &out.r) != 0)
		return text_value(text, len);
	out.kind = 'r';
	return out;
}

/* The last field of record i with this key, or the constant; NULL: none, or passed over. */
static const struct scan_field *
find_field(const struct sqlite_stream *s, size_t i, const char *key, const char **bytes)
{
	const struct shape_fit *fit = &s->d->rows.fit;
	const struct scan_record *r = &fit->scan->records[i];
	const struct scan_field *f = fit->scan->fields + r->field;
	size_t len = strlen(key);

	*bytes = fit->bytes;
	for (uint32_t k = r->count; k-- > 0;)
		if (value_key_equal(fit->bytes + f[k].key, f[k].klen, f[k].flags & SCAN_KEY_ESCAPED,
			key, len, 0))
			return s->verify->row.columns[k] == SHAPE_SKIP ? NULL : &f[k];
	*bytes = fit->constants_text.ptr;
	for (size_t k = fit->constants.nfields; k-- > 0;)
		if (value_key_equal(*bytes + fit->constants.fields[k].key,
			fit->constants.fields[k].klen,
			fit->constants.fields[k].flags & SCAN_KEY_ESCAPED, key, len, 0))
			return fit->constant_cols[k] == SHAPE_SKIP ? NULL
								   : &fit->constants.fields[k];
	return NULL;
}

static struct value
plain_value(struct sqlite_stream *s, const struct scan_field *f, const char *bytes,
    enum shape_type type, struct arena *arena, int *failed)
{
	char *plain;
	int lossy;
	size_t len;

	switch (f->type) {
	case SCAN_NULL:
		return (struct value){0};
	case SCAN_TRUE:
	case SCAN_FALSE:
		return type == SHAPE_BOOLEAN
		    ? (struct value){.kind = 'i', .i = f->type == SCAN_TRUE}
		    : text_value(bytes + f->val, f->vlen);
	case SCAN_INT:
	case SCAN_REAL:
		return type == SHAPE_TEXT ? text_value(bytes + f->val, f->vlen)
					  : number_value(bytes + f->val, f->vlen);
	default:
		break;
	}
	if (!(f->flags & SCAN_ESCAPED))
		return text_value(bytes + f->val, f->vlen);
	plain = arena_alloc(arena, f->vlen + 1u);
	*failed |= plain == NULL;
	len = plain == NULL ? 0 : value_unescape(bytes + f->val, f->vlen, plain, &lossy);
	(void)s;
	return text_value(plain, len);
}

/* A number inside an object: what a double, or 64 bits, may not hold is its source bytes, and 1.0 is 1. */
static struct value
nested_number(const struct ab_json *v)
{
	struct ab_str text = view_span(v);
	struct value out = number_value(text.ptr, text.len);
	int is_plain = memchr(text.ptr, 'e', text.len) == NULL &&
	    memchr(text.ptr, 'E', text.len) == NULL && text.len <= 16;

	if (out.kind == 'i')
		return out;
	if (view_type(v) == AB_INT || !is_plain)
		return (struct value){.kind = 'b', .text = text.ptr, .len = text.len};
	if (out.r == floor(out.r))
		return (struct value){.kind = 'i', .i = (int64_t)out.r};
	return out;
}

static struct value
nested_text(const struct ab_json *v)
{
	struct ab_str plain = view_str(v), span = view_span(v);

	/* SQLite's own functions may end it there */
	if (memmem(span.ptr, span.len, "\\u0000", 6) != NULL)
		return (struct value){.kind = 'b', .text = span.ptr, .len = span.len};
	return text_value(plain.ptr, plain.len);
}

/* Inside an object; what add_nested of sqlite_key.c gives. */
static struct value
nested_value(
    struct view_root *root, const struct scan_field *f, const char *bytes, const char *const *path)
{
	const struct ab_json *v =
	    f->type == SCAN_OBJECT ? view_parse(root, bytes + f->val, f->vlen, "a key") : NULL;
	struct ab_str text;

	for (; *path != NULL && v != NULL; path++)
		v = view_type(v) == AB_OBJECT ? view_get(v, *path) : NULL;
	switch (v == NULL ? AB_NULL : view_type(v)) {
	case AB_NULL:
		return (struct value){0};
	case AB_BOOL:
		return (struct value){.kind = 'i', .i = view_int(v)};
	case AB_INT:
	case AB_REAL:
		return nested_number(v);
	case AB_STRING:
		return nested_text(v);
	default:
		text = view_span(v);
		return text_value(text.ptr, text.len);
	}
}

static struct value
value_at(
    struct sqlite_stream *s, size_t i, const char *const *path, struct view_root *root, int *failed)
{
	const char *bytes;
	const struct scan_field *f = find_field(s, i, path[0], &bytes);
	uint32_t col = shape_find(&s->shape, path[0], strlen(path[0]));

	if (f == NULL || col == SHAPE_NOWHERE)
		return (struct value){0};
	return path[1] != NULL ? nested_value(root, f, bytes, path + 1)
			       : plain_value(s, f, bytes, (enum shape_type)s->shape.cols[col].type,
				     &root->arena, failed);
}

/* A part of a key: kind, length, bytes.  What is the same in a column of any type has the same bytes, but inside an
 * object numbers and texts are never equal. */
static void
add_part(struct buf *key, const struct value *v, int nested)
{
	char number[40];
	uint32_t len = (uint32_t)v->len;
	const char *bytes = v->text;

	if (v->kind == 'i') {
		len = (uint32_t)snprintf(number, sizeof(number), "%lld", (long long)v->i);
		bytes = number;
	} else if (v->kind == 'r') {
		len = sizeof(v->r);
		bytes = (const char *)&v->r;
	}
	buf_addc(key, v->kind == 'i' && !nested ? 't' : v->kind);
	buf_add(key, &len, sizeof(len));
	buf_add(key, bytes, len);
}

/* s->verify->key becomes the key of record i; 0: a part of it is NULL. */
static int
make_key(struct sqlite_stream *s, size_t i, struct view_root *root, int *failed)
{
	struct buf *key = &s->verify->key;

	buf_reset(key);
	for (const char *const *const *path = s->spec.primary_key; *path != NULL; path++) {
		struct value v = value_at(s, i, *path, root, failed);

		if (v.kind == 0)
			return 0;
		add_part(key, &v, (*path)[1] != NULL);
	}
	return 1;
}

static void
bind_value(sqlite3_stmt *stmt, int at, const struct value *v)
{
	if (v->kind == 'i')
		sqlite3_bind_int64(stmt, at, v->i);
	else if (v->kind == 'r')
		sqlite3_bind_double(stmt, at, v->r);
	else if (v->kind == 'b')
		sqlite3_bind_blob64(stmt, at, v->text, v->len, SQLITE_STATIC);
	else if (v->kind == 't')
		sqlite3_bind_text64(stmt, at, v->text, v->len, SQLITE_STATIC, SQLITE_UTF8);
	else
		sqlite3_bind_null(stmt, at);
}

static ab_status
fold_record(struct sqlite_stream *s, size_t i, struct view_root *root, struct error *e)
{
	struct sqlite_verify *v = s->verify;
	const struct verify_row *row = &v->row;
	struct value cursor = {0};
	int failed = 0, rc;

	view_root_reset(root);
	if (!make_key(s, i, root, &failed))
		return failed || verify_sum_add(&v->given, row, &s->shape, 1) != 0 ? no_memory(e)
										   : AB_OK;
	if (s->spec.cursor != NULL)
		cursor = value_at(s, i, s->spec.cursor, root, &failed);
	buf_reset(&v->hashes);
	buf_add(&v->hashes, row->hashes, row->ncols * sizeof(*row->hashes));
	if (failed || v->key.failed || v->hashes.failed)
		return no_memory(e);
	sqlite3_bind_blob64(v->fold, 1, v->key.ptr, v->key.len, SQLITE_STATIC);
	bind_value(v->fold, 2, &cursor);
	sqlite3_bind_int(v->fold, 3, sqlite_key_is_gone(s, row->hashes));
	sqlite3_bind_int64(v->fold, 4, (int64_t)verify_row_hash(row, &s->shape));
	sqlite3_bind_blob64(v->fold, 5, v->hashes.ptr, v->hashes.len, SQLITE_STATIC);
	rc = sqlite3_step(v->fold);
	sqlite3_reset(v->fold);
	return rc == SQLITE_DONE ? AB_OK : sqlite_verify_fail(v, e);
}

ab_status
sqlite_verify_page(struct sqlite_stream *s, const struct dest_page *page, struct error *e)
{
	const struct shape_fit *fit = &s->d->rows.fit;
	struct sqlite_verify *v = s->verify;
	struct view_root root;
	char stamp[CLOCK_TEXT];
	ab_status rc = AB_OK;

	if (v == NULL)
		return AB_OK;
	clock_format(page->extracted_us, stamp);
	if (v->since_us == 0) /* the last two digits are the lane's: others may come with less */
		v->since_us = page->extracted_us - page->extracted_us % DEST_LANES;
	if (v->fold != NULL)
		sqlite3_bind_int(v->fold, 6, sqlite_key_order(s));
	view_root_init(&root, NEST_BYTES);
	for (size_t i = page->first; i < page->scan->nrecords && rc == AB_OK; i++) {
		if (fit->marks[i] & SHAPE_DROPPED)
			continue;
		if (verify_record(&v->row, &s->shape, fit, i, page->extracted_us, stamp,
			s->spec.generation_id) != 0)
			rc = no_memory(e);
		else if (s->spec.mode == DEST_APPEND_DEDUP)
			rc = fold_record(s, i, &root, e);
		else if (verify_sum_add(&v->given, &v->row, &s->shape, 1) != 0)
			rc = no_memory(e);
	}
	view_root_fini(&root);
	return rc;
}

ab_status
sqlite_verify_discard(struct sqlite_stream *s, const char *condition, struct error *e)
{
	return s->verify == NULL ? AB_OK
				 : sqlite_verify_sum(s, condition, &s->verify->given, -1, e);
}

ab_status
sqlite_verify_discarded(struct sqlite_stream *s, struct error *e)
{
	int64_t top = s->verify == NULL ? 0 : greatest_rowid(s, e);

	if (s->verify != NULL && top < s->verify->base)
		s->verify->base = top;
	return e->status;
}

ab_status
sqlite_verify_rebuild(struct sqlite_stream *s, struct error *e)
{
	const char *rowid;

	if (s->verify == NULL || (rowid = sqlite_key_rowid(s, e)) == NULL)
		return e->status;
	/* what is written anew is numbered from 1, in its order */
	if (s->key == SQLITE_KEY_ROWID)
		s->verify->base =
		    sqlite_number(s->d, 0, e, "SELECT count(*) FROM \"%w\"", s->target);
	else
		s->verify->base =
		    sqlite_number(s->d, 0, e, "SELECT count(*) FROM \"%w\" WHERE %s <= %lld",
			s->target, rowid, (long long)s->verify->base);
	return e->status;
}

void
sqlite_verify_committed(struct sqlite *d)
{
	for (struct sqlite_stream *s = d->live; s != NULL; s = s->next_live) {
		struct sqlite_verify *v = s->verify;

		if (v == NULL)
			continue;
		v->committed_base = v->base;
		if (verify_sum_copy(&v->committed, &v->given) != 0)
			v->committed.rows = -1;
		if (v->keys != NULL)
			sqlite3_exec(v->keys, "COMMIT; BEGIN", NULL, NULL, NULL);
	}
}

void
sqlite_verify_rolled_back(struct sqlite *d)
{
	for (struct sqlite_stream *s = d->live; s != NULL; s = s->next_live) {
		struct sqlite_verify *v = s->verify;

		if (v == NULL)
			continue;
		v->base = v->committed_base;
		if (verify_sum_copy(&v->given, &v->committed) != 0)
			v->given.rows = -1;
		if (v->keys != NULL)
			sqlite3_exec(v->keys, "ROLLBACK; BEGIN", NULL, NULL, NULL);
	}
}
