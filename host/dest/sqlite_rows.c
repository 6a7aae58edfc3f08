/* sqlite_rows.c - the virtual table that shows the records of a page to INSERT ... SELECT.
 *
 * SQLite asks for one cell at a time and copies it into the row that it builds, so values are handed
 * over where they lie in the page: a string without escapes costs no copy, a value in a column that
 * the statement does not name costs nothing.  There is one such table per width (c0, c1, ...), without
 * storage or schema; what it shows is d->rows.  Nothing is allocated per row: the arena and the cell
 * table keep their memory. */
#include "dest/sqlite.h"

#include <stdio.h>
#include <string.h>

#include "data/value.h"

#define CLOCK_LEN 27 /* of clock_format's texts */

struct cursor {
	sqlite3_vtab_cursor base;
	struct sqlite_rows *rows;
	size_t i, end;
};

struct table {
	sqlite3_vtab base;
	struct sqlite_rows *rows;
};

static const struct width {
	const char *name;
	uint32_t ncols;
} widths[] = {{"abhost_rows_32", 32}, {"abhost_rows_128", 128}, {"abhost_rows_2000", 2000}};

static int
declare(sqlite3 *db, uint32_t ncols)
{
	sqlite3_str *sql = sqlite3_str_new(db);
	char *text;
	int rc;

	for (uint32_t i = 0; i < ncols; i++)
		sqlite3_str_appendf(sql, "%s%u", i == 0 ? "CREATE TABLE x(c" : ",c", i);
	sqlite3_str_appendchar(sql, 1, ')');
	text = sqlite3_str_finish(sql);
	rc = text == NULL ? SQLITE_NOMEM : sqlite3_declare_vtab(db, text);
	sqlite3_free(text);
	return rc;
}

static int
rows_connect(
    sqlite3 *db, void *aux, int argc, const char *const *argv, sqlite3_vtab **out, char **message)
{
	struct table *t;
	int rc = SQLITE_ERROR;

	(void)argc;
	(void)message;
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		if (strcmp(argv[0], widths[i].name) == 0)
			rc = declare(db, widths[i].ncols);
	if (rc != SQLITE_OK)
		return rc;
	t = sqlite3_malloc(sizeof(*t));
	if (t == NULL)
		return SQLITE_NOMEM;
	*t = (struct table){.rows = aux};
	*out = &t->base;
	return SQLITE_OK;
}

static int
rows_disconnect(sqlite3_vtab *t)
{
	sqlite3_free(t);
	return SQLITE_OK;
}

static int
rows_best_index(sqlite3_vtab *t, sqlite3_index_info *info)
{
	(void)t;
	info->estimatedCost = 1000;
	info->estimatedRows = 1000;
	return SQLITE_OK;
}

static int
rows_open(sqlite3_vtab *t, sqlite3_vtab_cursor **out)
{
	struct cursor *c = sqlite3_malloc(sizeof(*c));

	if (c == NULL)
		return SQLITE_NOMEM;
	*c = (struct cursor){.rows = ((struct table *)t)->rows};
	*out = &c->base;
	return SQLITE_OK;
}

static int
rows_close(sqlite3_vtab_cursor *c)
{
	sqlite3_free(c);
	return SQLITE_OK;
}

/* To the record at c->i, or the next one that the contract lets pass. */
static void
move(struct cursor *c)
{
	const struct shape_fit *fit = &c->rows->fit;

	while (c->i < c->end && (fit->marks[c->i] & SHAPE_DROPPED))
		c->i++;
	if (c->i < c->end)
		shape_row_move(&c->rows->row, fit, c->i);
}

static int
rows_filter(sqlite3_vtab_cursor *base, int num, const char *text, int argc, sqlite3_value **argv)
{
	struct cursor *c = (struct cursor *)base;
	struct sqlite_rows *r = c->rows;

	(void)num;
	(void)text;
	(void)argc;
	(void)argv;
	c->i = r->fit.first;
	c->end = r->fit.scan->nrecords;
	if (shape_row_begin(&r->row, &r->fit, r->shape->ncols) != 0)
		return SQLITE_NOMEM;
	move(c);
	return SQLITE_OK;
}

static int
rows_next(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	arena_reset(&c->rows->text);
	c->i++;
	move(c);
	return SQLITE_OK;
}

static int
rows_eof(sqlite3_vtab_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	return c->i >= c->end;
}

static int
rows_rowid(sqlite3_vtab_cursor *base, sqlite3_int64 *rowid)
{
	*rowid = (sqlite3_int64)((struct cursor *)base)->i;
	return SQLITE_OK;
}

static void
result_string(
    struct sqlite_rows *r, sqlite3_context *out, const struct scan_field *f, const char *bytes)
{
	size_t len = f->vlen;
	char *text;
	int lossy;

	if (!(f->flags & SCAN_ESCAPED)) {
		sqlite3_result_text64(out, bytes + f->val, len, SQLITE_STATIC, SQLITE_UTF8);
		return;
	}
	text = arena_alloc(&r->text, len + 1);
	if (text == NULL) {
		sqlite3_result_error_nomem(out);
		return;
	}
	len = value_unescape(bytes + f->val, len, text, &lossy);
	sqlite3_result_text64(out, text, len, SQLITE_STATIC, SQLITE_UTF8);
}

static void
result_number(sqlite3_context *out, const struct scan_field *f, const char *bytes)
{
	int64_t i;
	double d;

	if (f->type == SCAN_INT && shape_int(bytes + f->val, f->vlen, &i) == 0) {
		sqlite3_result_int64(out, i);
		return;
	}
	value_real(bytes + f->val, f->vlen, &d);
	sqlite3_result_double(out, d);
}

/* A column of texts takes a value as its source bytes. */
static void
result_source(sqlite3_context *out, const struct scan_field *f, const char *bytes)
{
	if (f->type == SCAN_TRUE || f->type == SCAN_FALSE)
		sqlite3_result_text(
		    out, f->type == SCAN_TRUE ? "true" : "false", -1, SQLITE_STATIC);
	else
		sqlite3_result_text64(out, bytes + f->val, f->vlen, SQLITE_STATIC, SQLITE_UTF8);
}

/* text: what a function has put together, or failed to; it stays until the next row. */
static void
result_made(sqlite3_context *out, const struct buf *text, int failed)
{
	if (failed)
		sqlite3_result_error_nomem(out);
	else
		sqlite3_result_text64(out, text->ptr, text->len, SQLITE_STATIC, SQLITE_UTF8);
}

static const struct sqlite_stamp *
stamp_of(const struct sqlite_rows *r, size_t record)
{
	return r->stamps != NULL ? r->stamps[record] : r->stamp;
}

static void
result_extracted(struct sqlite_rows *r, sqlite3_context *out, size_t record)
{
	int64_t ms = shape_emitted(r->shape, &r->fit, record);

	sqlite3_result_text(out,
	    ms == BESIDE_NEVER ? stamp_of(r, record)->text : beside_time(&r->clock, ms), CLOCK_LEN,
	    SQLITE_STATIC);
}

static void
result_rest(struct sqlite_rows *r, sqlite3_context *out, uint32_t column)
{
	buf_reset(&r->rest);
	result_made(out, &r->rest, shape_rest(&r->row, &r->fit, column, &r->rest));
}

static void
result_meta(struct sqlite_rows *r, sqlite3_context *out, size_t record)
{
	buf_reset(&r->meta);
	result_made(out, &r->meta, shape_meta(&r->fit, record, &r->meta));
}

static void
result_deleted(struct sqlite_rows *r, sqlite3_context *out, size_t record)
{
	const char *bytes = NULL;
	const struct scan_field *f = shape_cell(&r->row, &r->fit, r->shape->deleted, &bytes);
	struct ab_str when;

	if (!r->marks_deleted || !shape_is_deleted(f, bytes, &when))
		return;
	r->ndeleted++;
	if (when.len == 0)
		when = (struct ab_str){stamp_of(r, record)->text, CLOCK_LEN};
	sqlite3_result_text64(out, when.ptr, when.len, SQLITE_STATIC, SQLITE_UTF8);
}

/* Two columns of a row may be searched, so SQLite takes a copy. */
static void
result_plain_names(
    struct sqlite_rows *r, sqlite3_context *out, const struct scan_field *f, const char *bytes)
{
	buf_reset(&r->names);
	if (shape_add_plain_names(&r->names, bytes + f->val, f->vlen) != 0)
		sqlite3_result_error_nomem(out);
	else
		sqlite3_result_text64(
		    out, r->names.ptr, r->names.len, SQLITE_TRANSIENT, SQLITE_UTF8);
}

static void
result_field(struct sqlite_rows *r, sqlite3_context *out, uint32_t column)
{
	const char *bytes = NULL;
	const struct scan_field *f = shape_cell(&r->row, &r->fit, column, &bytes);

	if (f == NULL || f->type == SCAN_NULL)
		return; /* NULL is what is there already */
	if (f->type == SCAN_STRING)
		result_string(r, out, f, bytes);
	else if (shape_wants_plain_names(&r->shape->cols[column], f, bytes))
		result_plain_names(r, out, f, bytes);
	else if (r->shape->cols[column].type == SHAPE_TEXT || f->type >= SCAN_ARRAY)
		result_source(out, f, bytes);
	else if (f->type == SCAN_INT || f->type == SCAN_REAL)
		result_number(out, f, bytes);
	else
		sqlite3_result_int(out, f->type == SCAN_TRUE);
}

static int
rows_column(sqlite3_vtab_cursor *base, sqlite3_context *out, int number)
{
	struct cursor *c = (struct cursor *)base;
	struct sqlite_rows *r = c->rows;
	uint32_t column = (uint32_t)number;
	const char *bytes;

	switch (r->shape->cols[column].role) {
	case SHAPE_FIELD:
		result_field(r, out, column);
		break;
	case SHAPE_EXTRACTED_AT:
		result_extracted(r, out, c->i);
		break;
	case SHAPE_RECEIVED:
		sqlite3_result_int64(out, stamp_of(r, c->i)->us);
		break;
	case SHAPE_REST:
		if (shape_cell(&r->row, &r->fit, column, &bytes) != NULL)
			result_rest(r, out, column);
		break;
	case SHAPE_META:
		result_meta(r, out, c->i);
		break;
	case SHAPE_DELETED_AT:
		result_deleted(r, out, c->i);
		break;
	default:
		break;
	}
	return SQLITE_OK;
}

static const sqlite3_module module = {
    .xConnect = rows_connect, /* no xCreate: there without being created */
    .xBestIndex = rows_best_index,
    .xDisconnect = rows_disconnect,
    .xDestroy = rows_disconnect,
    .xOpen = rows_open,
    .xClose = rows_close,
    .xFilter = rows_filter,
    .xNext = rows_next,
    .xEof = rows_eof,
    .xColumn = rows_column,
    .xRowid = rows_rowid,
};

const char *
sqlite_rows_table(uint32_t ncols)
{
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		if (ncols <= widths[i].ncols)
			return widths[i].name;
	return NULL;
}

int
sqlite_rows_init(struct sqlite *d)
{
	shape_fit_init(&d->rows.fit);
	shape_row_init(&d->rows.row);
	arena_init(&d->rows.text, SCAN_MAX_BYTES);
	buf_init(&d->rows.rest, SCAN_MAX_BYTES);
	buf_init(&d->rows.names, SCAN_MAX_BYTES);
	buf_init(&d->rows.meta, SCAN_MAX_BYTES);
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++)
		if (sqlite3_create_module(d->db, widths[i].name, &module, &d->rows) != SQLITE_OK)
			return -1;
	return 0;
}

void
sqlite_rows_fini(struct sqlite *d)
{
	shape_fit_fini(&d->rows.fit);
	shape_row_fini(&d->rows.row);
	arena_fini(&d->rows.text);
	buf_fini(&d->rows.rest);
	buf_fini(&d->rows.names);
	buf_fini(&d->rows.meta);
}
