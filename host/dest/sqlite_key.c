/* sqlite_key.c - append_dedup: what makes two records the same, and which one stays.
 *
 * A key of one integer is the rowid itself; any other is a unique index, in which a NULL equals nothing.
 * The greater cursor stays; on a tie the record that came later; a record without a cursor value never
 * replaces one that has it.  Without a cursor field the last one stays.  Keys compare as their column
 * holds them, cursors as sqlite_order.c says. */
#include "dest/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* abhost_text(x): an integer or real as the shortest text that reads back the same. */
static void
sql_text(sqlite3_context *out, int argc, sqlite3_value **argv)
{
	char text[40];
	double d;

	(void)argc;
	if (sqlite3_value_type(argv[0]) != SQLITE_FLOAT) {
		sqlite3_result_value(out, argv[0]);
		return;
	}
	d = sqlite3_value_double(argv[0]);
	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	for (char *p = text; *p != '\0'; p++)
		if (*p == ',')
			*p = '.'; /* a locale's decimal point */
	sqlite3_result_text(out, text, -1, SQLITE_TRANSIENT);
}

int
sqlite_key_functions(sqlite3 *db)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY;

	if (sqlite3_create_function(db, "abhost_text", 1, flags, NULL, sql_text, NULL, NULL))
		return -1;
	return sqlite_order_functions(db);
}

/* What stands inside a column of JSON.  json_extract makes a double of an integer beyond 64 bits and of any real, and ends
 * a text at a NUL, so that two keys would become one: what it may not hold exactly is taken as its source bytes, as a
 * BLOB, which equals no text. */
static void
add_nested(sqlite3_str *sql, const char *column, const char *path)
{
	sqlite3_str_appendf(sql,
	    "CASE WHEN json_valid(%s) THEN CASE WHEN"
	    " CASE json_type(%s, %Q)"
	    " WHEN 'integer' THEN typeof(json_extract(%s, %Q)) = 'real'"
	    " WHEN 'real' THEN length(%s -> %Q) > 16 OR %s -> %Q GLOB '*[eE]*'"
	    " WHEN 'text' THEN instr(%s -> %Q, '\\u0000') END"
	    " THEN CAST(%s -> %Q AS BLOB) ELSE json_extract(%s, %Q) END END",
	    column, column, path, column, path, column, path, column, path, column, path, column,
	    path, column, path);
}

/* Spelt as shape_add_plain_names has it. */
static void
add_name(sqlite3_str *path, const char *name)
{
	struct buf spelt;

	buf_init(&spelt, (size_t)1 << 20);
	buf_add_json_string(&spelt, name, strlen(name));
	sqlite3_str_appendf(path, ".%s", buf_str(&spelt));
	buf_fini(&spelt);
}

/* The value at a path: a column, or something inside a column of JSON. */
static void
add_path(
    const struct sqlite_stream *s, sqlite3_str *sql, const char *table, const char *const *path)
{
	uint32_t col = shape_find(&s->shape, path[0], strlen(path[0]));
	char *column = sqlite3_mprintf("%s%s\"%w\"", table, table[0] == '\0' ? "" : ".",
	    col == SHAPE_NOWHERE ? path[0] : s->shape.cols[col].name);
	sqlite3_str *inner;
	char *text;

	if (path[1] == NULL) {
		sqlite3_str_appendall(sql, column);
		sqlite3_free(column);
		return;
	}
	inner = sqlite3_str_new(s->d->db);
	sqlite3_str_appendchar(inner, 1, '$');
	for (size_t i = 1; path[i] != NULL; i++)
		add_name(inner, path[i]);
	text = sqlite3_str_finish(inner);
	add_nested(sql, column, text);
	sqlite3_free(text);
	sqlite3_free(column);
}

/* "key1, key2" */
static void
add_key(const struct sqlite_stream *s, sqlite3_str *sql, const char *between, const char *behind)
{
	const char *const *const *paths = s->spec.primary_key;

	for (size_t i = 0; paths[i] != NULL; i++) {
		sqlite3_str_appendall(sql, i == 0 ? "" : between);
		add_path(s, sql, "", paths[i]);
		sqlite3_str_appendall(sql, behind);
	}
}

static int
is_key_column(const struct sqlite_stream *s, const struct shape_column *c)
{
	for (size_t i = 0; s->spec.primary_key[i] != NULL; i++)
		if (s->spec.primary_key[i][1] == NULL && c->key != NULL &&
		    strcmp(c->key, s->spec.primary_key[i][0]) == 0)
			return 1;
	return 0;
}

static ab_status
path_column(struct sqlite_stream *s, const char *const *path, struct error *e)
{
	uint32_t col = shape_column(&s->shape, path[0], strlen(path[0]), e);

	if (col == SHAPE_NOWHERE)
		return e->status;
	if (s->shape.cols[col].role != SHAPE_FIELD)
		return error_set(e, AB_EUNSUPPORTED,
		    "stream %s: its key, cursor or deleted_field \"%s\" found no column among %u",
		    s->spec.name, path[0], s->shape.limit);
	s->shape.cols[col].hidden = 0;
	s->shape.cols[col].is_searched |= path[1] != NULL;
	for (size_t i = 1; path[i] != NULL; i++)
		if (strchr(path[i], '"') != NULL)
			return error_set(e, AB_EUNSUPPORTED,
			    "stream %s: SQLite cannot look up the nested name %s of a key or cursor",
			    s->spec.name, path[i]);
	return AB_OK;
}

ab_status
sqlite_key_columns(struct sqlite_stream *s, struct error *e)
{
	const char *const *const *paths = s->spec.primary_key;

	s->shape.key = s->shape.deleted = SHAPE_NOWHERE;
	if (s->spec.mode != DEST_APPEND_DEDUP)
		return AB_OK;
	if (paths == NULL || paths[0] == NULL)
		return error_set(e, AB_ECONFIG,
		    "stream %s has no primary key: use append, or name a key in a catalog file",
		    s->spec.name);
	for (size_t i = 0; paths[i] != NULL; i++) {
		if (path_column(s, paths[i], e) != AB_OK)
			return e->status;
		s->shape.cols[shape_find(&s->shape, paths[i][0], strlen(paths[i][0]))].is_key = 1;
	}
	if ((s->spec.cursor != NULL && path_column(s, s->spec.cursor, e) != AB_OK) ||
	    sqlite_key_deleted(s, e) != AB_OK)
		return e->status;
	/* Rows that came before the key may lack it, and a rowid cannot be NULL. */
	if (s->exists && (s->key != SQLITE_KEY_ROWID || !sqlite_key_is_same(s)))
		return AB_OK;
	if (paths[1] == NULL && paths[0][1] == NULL)
		s->shape.key = shape_find(&s->shape, paths[0][0], strlen(paths[0][0]));
	return AB_OK;
}

ab_status
sqlite_key_deleted(struct sqlite_stream *s, struct error *e)
{
	const char *const path[] = {s->spec.deleted_field, NULL};
	uint32_t col;

	if (path[0] == NULL || s->spec.deleted == DEST_KEEP)
		return AB_OK;
	if (path_column(s, path, e) != AB_OK)
		return e->status;
	col = s->shape.deleted = shape_find(&s->shape, path[0], strlen(path[0]));
	/* a source that itself says when needs no second column */
	if (strcmp(s->shape.cols[col].name, shape_system_name(SHAPE_DELETED_AT)) == 0)
		return AB_OK;
	if (shape_add_deleted(&s->shape, e) == SHAPE_NOWHERE)
		return error_wrap(e, "stream %s", s->spec.name);
	if (s->shape.ncols > s->shape.limit + 1 + (s->spec.is_foreign != 0))
		return error_set(e, AB_EUNSUPPORTED,
		    "stream %s: its table has no room for another column, %s", s->spec.name,
		    shape_system_name(SHAPE_DELETED_AT));
	return AB_OK;
}

ab_status
sqlite_key_remove_older(struct sqlite_stream *s, struct error *e)
{
	char condition[96];

	if (s->spec.mode != DEST_APPEND_DEDUP || s->spec.minimum_generation_id == 0 || !s->exists)
		return AB_OK;
	snprintf(condition, sizeof(condition), "coalesce(\"_airbyte_generation_id\", 0) < %lld",
	    (long long)s->spec.minimum_generation_id);
	if (sqlite_verify_discard(s, condition, e) != AB_OK)
		return e->status;
	return sqlite_run(s->d, e, "DELETE FROM \"%w\" WHERE %s", s->target, condition);
}

ab_status
sqlite_key_remove_deleted(struct sqlite_stream *s, struct error *e)
{
	const char *column = shape_system_name(SHAPE_DELETED_AT);

	if (s->spec.mode != DEST_APPEND_DEDUP || s->spec.deleted != DEST_REMOVE ||
	    s->shape.deleted == SHAPE_NOWHERE)
		return AB_OK;
	if (sqlite_verify_discard(s, "\"_ab_cdc_deleted_at\" IS NOT NULL", e) != AB_OK ||
	    sqlite_verify_removing(s, e) != AB_OK)
		return e->status;
	return sqlite_run(s->d, e,
	    "DELETE FROM \"%w\" WHERE \"%w\" IS NOT NULL;"
	    "CREATE INDEX IF NOT EXISTS \"" SQLITE_GONE_INDEX "%w\" ON \"%w\" (\"%w\")"
	    " WHERE \"%w\" IS NOT NULL",
	    s->target, column, s->target, s->target, column, column);
}

enum sqlite_key
sqlite_key_wanted(const struct sqlite_stream *s)
{
	if (s->spec.mode != DEST_APPEND_DEDUP)
		return SQLITE_KEY_NONE;
	return s->shape.key != SHAPE_NOWHERE && s->shape.cols[s->shape.key].type == SHAPE_INTEGER
	    ? SQLITE_KEY_ROWID
	    : SQLITE_KEY_UNIQUE;
}

int
sqlite_key_is_same(const struct sqlite_stream *s)
{
	char *wanted = sqlite_key_json(&s->spec);
	int same = wanted == NULL || s->key_json == NULL ? wanted == s->key_json
							 : strcmp(wanted, s->key_json) == 0;

	free(wanted);
	return same;
}

/* What the table has counts, not what was saved: an index may have been dropped by hand. */
ab_status
sqlite_key_load(struct sqlite_stream *s, struct error *e)
{
	s->key = SQLITE_KEY_NONE;
	if (s->key_json == NULL)
		return AB_OK;
	if (sqlite_number(s->d, 0, e,
		"SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = %Q || %Q",
		SQLITE_KEY_INDEX, s->target) != 0)
		s->key = SQLITE_KEY_UNIQUE;
	else if (sqlite_number(
		     s->d, 0, e, "SELECT max(pk) FROM pragma_table_info(%Q)", s->target) != 0)
		s->key = SQLITE_KEY_ROWID;
	if (s->key == SQLITE_KEY_NONE) {
		free(s->key_json);
		s->key_json = NULL;
	}
	return e->status;
}

char *
sqlite_key_json(const struct dest_stream_spec *spec)
{
	struct buf out;

	if (spec->mode != DEST_APPEND_DEDUP)
		return NULL;
	buf_init(&out, (size_t)1 << 20);
	for (size_t i = 0; spec->primary_key[i] != NULL; i++) {
		buf_adds(&out, i == 0 ? "[" : ",");
		for (size_t k = 0; spec->primary_key[i][k] != NULL; k++) {
			const char *name = spec->primary_key[i][k];

			buf_adds(&out, k == 0 ? "[" : ",");
			buf_add_json_string(&out, name, strlen(name));
		}
		buf_addc(&out, ']');
	}
	buf_addc(&out, ']');
	if (out.failed)
		buf_fini(&out);
	return buf_steal(&out);
}

const char *
sqlite_key_rowid(const struct sqlite_stream *s, struct error *e)
{
	static const char *const names[] = {"rowid", "_rowid_", "oid"};

	for (size_t i = 0; i < 3; i++)
		if (shape_find_name(&s->shape, names[i]) == SHAPE_NOWHERE)
			return names[i];
	error_set(e, AB_EUNSUPPORTED,
	    "table %s in %s has columns called rowid, _rowid_ and oid, so that SQLite has no name left for a row's number: "
	    "leave one of them out with --columns, or begin in another file%s",
	    s->table, s->d->path, dest_elsewhere());
	return NULL;
}

/* How the cursors that the table holds compare among each other: where not all of them read as numbers, they are texts. */
static int
stored_order(struct sqlite_stream *s, struct error *e)
{
	int order = sqlite_key_order(s);
	uint32_t col;

	if (s->spec.cursor == NULL || s->spec.cursor[1] != NULL)
		return order;
	col = shape_find(&s->shape, s->spec.cursor[0], strlen(s->spec.cursor[0]));
	return order |
	    (sqlite_number(s->d, 0, e,
		 "SELECT EXISTS (SELECT 1 FROM \"%w\" WHERE typeof(abhost_order(\"%w\", 0)) = 'text')",
		 s->target, s->shape.cols[col].name) != 0
		    ? SQLITE_ORDER_TEXTS
		    : 0);
}

ab_status
sqlite_key_dedup(struct sqlite_stream *s, struct error *e)
{
	const char *rowid = sqlite_key_rowid(s, e);
	int order = rowid == NULL ? 0 : stored_order(s, e);
	sqlite3_str *sql;

	if (e->status != AB_OK)
		return e->status;
	sql = sqlite3_str_new(s->d->db);
	sqlite3_str_appendf(sql,
	    "DELETE FROM \"%w\" WHERE %s IN (SELECT n FROM (SELECT %s AS n, row_number() OVER"
	    " (PARTITION BY ",
	    s->target, rowid, rowid);
	add_key(s, sql, ", ", "");
	sqlite3_str_appendall(sql, " ORDER BY ");
	if (s->spec.cursor != NULL) {
		sqlite3_str_appendall(sql, "abhost_order(");
		add_path(s, sql, "", s->spec.cursor);
		sqlite3_str_appendf(sql, ", %d) DESC, ", order);
	}
	/* of before there was such a column, and so older: NULL is less than any */
	if (s->shape.received != SHAPE_NOWHERE)
		sqlite3_str_appendf(sql, "\"%w\" DESC, ", shape_system_name(SHAPE_RECEIVED));
	sqlite3_str_appendf(sql, "\"%w\" DESC, %s DESC) AS place FROM \"%w\" WHERE ",
	    shape_system_name(SHAPE_EXTRACTED_AT), rowid, s->target);
	add_key(s, sql, " AND ", " IS NOT NULL");
	sqlite3_str_appendall(sql, ") WHERE place > 1)");
	return sqlite_run_built(s->d, sql, e);
}

static sqlite3_str *
index_sql(const struct sqlite_stream *s)
{
	sqlite3_str *sql = sqlite3_str_new(s->d->db);

	sqlite3_str_appendf(sql, "CREATE UNIQUE INDEX \"" SQLITE_KEY_INDEX "%w\" ON \"%w\" (",
	    s->target, s->target);
	add_key(s, sql, ", ", "");
	sqlite3_str_appendchar(sql, 1, ')');
	return sql;
}

ab_status
sqlite_key_make_index(struct sqlite_stream *s, struct error *e)
{
	return sqlite_run_built(s->d, index_sql(s), e);
}

static int
is_nested(const struct sqlite_stream *s)
{
	for (const char *const *const *path = s->spec.primary_key; *path != NULL; path++)
		if ((*path)[1] != NULL)
			return 1;
	return 0;
}

/* Else no upsert would find it.  What the old one told apart, or did not find at all, the new one may not: then rows that
 * are the same go, as where the key has changed. */
ab_status
sqlite_key_renew_index(struct sqlite_stream *s, struct error *e)
{
	char *wanted;
	int64_t same;

	if (s->key != SQLITE_KEY_UNIQUE || !is_nested(s))
		return AB_OK;
	wanted = sqlite3_str_finish(index_sql(s));
	if (wanted == NULL)
		return error_set(e, AB_ENOMEM, "no memory for SQL");
	same = sqlite_number(s->d, 0, e,
	    "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = %Q || %Q AND sql = %Q",
	    SQLITE_KEY_INDEX, s->target, wanted);
	sqlite3_free(wanted);
	if (e->status != AB_OK || same)
		return e->status;
	if (sqlite_run(s->d, e, "DROP INDEX \"" SQLITE_KEY_INDEX "%w\"", s->target) != AB_OK ||
	    sqlite_key_make_index(s, e) == AB_OK ||
	    (sqlite3_errcode(s->d->db) & 0xff) != SQLITE_CONSTRAINT)
		return e->status;
	error_clear(e);
	free(s->key_json);
	s->key_json = NULL;
	return sqlite_table_apply(s, e);
}

int
sqlite_key_is_gone(const struct sqlite_stream *s, const uint64_t *hashes)
{
	if (s->shape.deleted == SHAPE_NOWHERE)
		return 0;
	for (uint32_t i = 0; i < s->shape.ncols; i++)
		if (strcmp(s->shape.cols[i].name, shape_system_name(SHAPE_DELETED_AT)) == 0)
			return hashes[i] != 0;
	return 0;
}

void
sqlite_key_where(const struct sqlite_stream *s, const char *table, sqlite3_str *sql)
{
	const char *const *const *paths = s->spec.primary_key;

	for (int i = 0; paths[i] != NULL; i++) {
		sqlite3_str_appendall(sql, i == 0 ? "" : " AND ");
		add_path(s, sql, table, paths[i]);
		sqlite3_str_appendf(sql, " = ?%d", i + 1);
	}
}

static int
is_time(const struct sqlite_stream *s)
{
	const char *const *path = s->spec.cursor;
	const json_t *property = json_object_get(s->spec.schema, "properties");

	for (size_t i = 0; path != NULL && path[i] != NULL; i++) {
		property = json_object_get(property, path[i]);
		if (path[i + 1] != NULL)
			property = json_object_get(property, "properties");
	}
	return shape_is_time(property);
}

/* Inside an object a value is what it came as; a column of TEXT holds numbers as texts. */
int
sqlite_key_order(const struct sqlite_stream *s)
{
	int texts = s->spec.cursor != NULL &&
	    (s->spec.cursor[1] != NULL || s->cursor == SQLITE_CURSOR_TEXT);

	return (is_time(s) ? SQLITE_ORDER_TIMES : 0) | (texts ? SQLITE_ORDER_TEXTS : 0);
}

ab_status
sqlite_key_see_cursor(
    struct sqlite_stream *s, const struct dest_page *page, int *learnt, struct error *e)
{
	struct sqlite_rows *rows = &s->d->rows;
	const char *const *path = s->spec.cursor, *bytes;
	uint32_t col;

	*learnt = 0;
	if (path == NULL || path[1] != NULL || s->cursor != SQLITE_CURSOR_UNSEEN)
		return AB_OK;
	col = shape_find(&s->shape, path[0], strlen(path[0]));
	if (shape_row_begin(&rows->row, &rows->fit, s->shape.ncols) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a record");
	for (size_t i = page->first; i < page->scan->nrecords && !*learnt; i++) {
		const struct scan_field *f;

		if (rows->fit.marks[i] & SHAPE_DROPPED)
			continue;
		shape_row_move(&rows->row, &rows->fit, i);
		f = shape_cell(&rows->row, &rows->fit, col, &bytes);
		*learnt = f != NULL &&
		    (f->type == SCAN_STRING || f->type == SCAN_INT || f->type == SCAN_REAL);
		if (*learnt)
			s->cursor =
			    f->type == SCAN_STRING ? SQLITE_CURSOR_TEXT : SQLITE_CURSOR_NUMBER;
	}
	return AB_OK;
}

/* Where a refresh is to leave nothing that is older, no such row is in the way of a record, whatever its cursor. */
static void
add_older(const struct sqlite_stream *s, sqlite3_str *sql)
{
	if (s->spec.minimum_generation_id > 0)
		sqlite3_str_appendf(sql, " OR coalesce(old.\"%w\", 0) < %lld",
		    shape_system_name(SHAPE_GENERATION), (long long)s->spec.minimum_generation_id);
}

void
sqlite_key_rule(const struct sqlite_stream *s, int at, sqlite3_str *sql)
{
	sqlite3_str_appendf(sql, "abhost_newer(?%d, ", at);
	add_path(s, sql, "old", s->spec.cursor);
	sqlite3_str_appendf(sql, ", %d) OR (?%d AND ?%d IS NULL)", sqlite_key_order(s), at + 1, at);
	add_older(s, sql);
}

/* "CAST(table.cursor AS TEXT)" for a text, whatever type the column was declared with by somebody else. */
static void
add_cursor(const struct sqlite_stream *s, sqlite3_str *sql, const char *table, int is_text)
{
	sqlite3_str_appendall(sql, is_text ? "CAST(" : "");
	add_path(s, sql, table, s->spec.cursor);
	sqlite3_str_appendall(sql, is_text ? " AS TEXT)" : "");
}

/* Only what stands inside an object needs a function. */
static void
add_newer(const struct sqlite_stream *s, sqlite3_str *sql)
{
	const char *const *path = s->spec.cursor;
	uint32_t col = shape_find(&s->shape, path[0], strlen(path[0]));
	int is_text = col == SHAPE_NOWHERE || s->shape.cols[col].type == SHAPE_TEXT ||
	    s->shape.cols[col].type == SHAPE_JSON;

	if (path[1] != NULL) {
		sqlite3_str_appendall(sql, " WHERE abhost_newer(");
		add_path(s, sql, "excluded", path);
		sqlite3_str_appendall(sql, ", ");
		add_path(s, sql, "old", path);
		sqlite3_str_appendf(sql, ", %d)", sqlite_key_order(s));
		return;
	}
	sqlite3_str_appendall(sql, " WHERE ");
	add_path(s, sql, "old", path);
	sqlite3_str_appendall(sql, " IS NULL OR ");
	add_cursor(s, sql, "excluded", is_text);
	sqlite3_str_appendall(sql, " >= ");
	add_cursor(s, sql, "old", is_text);
	if (is_text)
		sqlite3_str_appendf(sql, " COLLATE " SQLITE_COLLATION "%d", sqlite_key_order(s));
}

void
sqlite_key_conflict(const struct sqlite_stream *s, sqlite3_str *sql)
{
	const char *between = "";

	/* WHERE true: else SQLite would read ON as the join's. */
	sqlite3_str_appendall(sql, " WHERE true ON CONFLICT (");
	add_key(s, sql, ", ", "");
	sqlite3_str_appendall(sql, ") DO UPDATE SET ");
	for (uint32_t i = 0; i < s->shape.ncols; i++) {
		const struct shape_column *c = &s->shape.cols[i];

		if (c->role == SHAPE_FOREIGN || is_key_column(s, c))
			continue;
		sqlite3_str_appendf(sql, "%s\"%w\"=excluded.\"%w\"", between, c->name, c->name);
		between = ",";
	}
	if (s->spec.cursor == NULL)
		return;
	add_newer(s, sql);
	add_older(s, sql);
	/* The news that a record is gone may come without a cursor value, and without anything else. */
	if (s->shape.deleted != SHAPE_NOWHERE) {
		sqlite3_str_appendf(sql, " OR (excluded.\"%w\" IS NOT NULL AND ",
		    shape_system_name(SHAPE_DELETED_AT));
		add_path(s, sql, "excluded", s->spec.cursor);
		sqlite3_str_appendall(sql, " IS NULL)");
	}
}

void
sqlite_key_nulls(const struct sqlite_stream *s, sqlite3_str *sql)
{
	sqlite3_str_appendchar(sql, 1, '(');
	add_key(s, sql, " OR ", " IS NULL");
	sqlite3_str_appendchar(sql, 1, ')');
}
