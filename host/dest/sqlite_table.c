/* sqlite_table.c - makes a stream's table follow its shape: creates, adds columns, widens; see sqlite.h.
 *
 * Everything happens in the transaction that the records are in.  A column that begins to hold texts
 * needs its table written anew, once; any other change of a type only changes what is declared, since
 * SQLite stores each value with its own type. */
#include "dest/sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"

#define REBUILD "_abhost_rebuild"

/* Both are asked for each stream, and sqlite_schema would have to be read from end to end. */
static int
is_table(struct sqlite *d, const char *name)
{
	return sqlite3_table_column_metadata(
		   d->db, "main", name, NULL, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

/* What else there is has no other way to be found in what SQLite knows; a view that is broken is there, too. */
static int
has_info(struct sqlite *d, const char *pragma, const char *name, struct error *e)
{
	char *sql = sqlite3_mprintf("PRAGMA main.%s(%Q)", pragma, name);
	sqlite3_stmt *stmt = NULL;
	int rc = SQLITE_NOMEM, found;

	/* a module's name is no table's: "json_each" may be a stream */
	if (sql != NULL)
		rc = sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_NO_VTAB, &stmt, NULL);
	sqlite3_free(sql);
	if (rc != SQLITE_OK && rc != SQLITE_ERROR)
		sqlite_fail(d, e);
	found = rc == SQLITE_ERROR || (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW);
	sqlite_done(d, stmt, e);
	return found;
}

int
sqlite_table_exists(struct sqlite *d, const char *name, struct error *e)
{
	return is_table(d, name) || has_info(d, "table_info", name, e);
}

int
sqlite_table_is_other(struct sqlite *d, const char *name, struct error *e)
{
	return !is_table(d, name) &&
	    (has_info(d, "table_info", name, e) || has_info(d, "index_info", name, e));
}

/* NUMERIC and INTEGER keep 64-bit integers exact, TEXT keeps digits; "JSON" or "DATE" would turn texts that
 * look like numbers into numbers. */
static const char *
declared_type(enum shape_type type)
{
	switch (type) {
	case SHAPE_INTEGER:
		return " INTEGER";
	case SHAPE_NUMBER:
		return " NUMERIC";
	case SHAPE_BOOLEAN:
		return " BOOLEAN";
	case SHAPE_JSON:
	case SHAPE_TEXT:
		return " TEXT";
	default:
		return "";
	}
}

/* made: with the types that the table has now.  old: the text that other people's columns are declared in, or NULL. */
static void
add_create(const struct sqlite_stream *s, sqlite3_str *sql, const char *name, enum sqlite_key key,
    int made, const char *old)
{
	const char *declared;
	size_t len;

	sqlite3_str_appendf(sql, "CREATE TABLE \"%w\" (", name);
	for (uint32_t i = 0; i < s->shape.ncols; i++) {
		const struct shape_column *c = &s->shape.cols[i];
		uint8_t type = made && c->made != SHAPE_UNMADE ? c->made : c->type;

		if (c->role == SHAPE_FOREIGN && old != NULL &&
		    (declared = sqlite_declared(old, c->name, &len)) != NULL) {
			/* it may end in a comment */
			sqlite3_str_appendf(
			    sql, "%s%.*s\n", i == 0 ? "" : ", ", (int)len, declared);
			continue;
		}
		sqlite3_str_appendf(sql, "%s\"%w\"%s%s", i == 0 ? "" : ", ", c->name,
		    declared_type((enum shape_type)type),
		    key == SQLITE_KEY_ROWID && i == s->shape.key ? " PRIMARY KEY" : "");
	}
	sqlite3_str_appendchar(sql, 1, ')');
}

static ab_status
create(struct sqlite_stream *s, const char *name, enum sqlite_key key, const char *old,
    struct error *e)
{
	sqlite3_str *sql = sqlite3_str_new(s->d->db);

	add_create(s, sql, name, key, 0, old);
	return sqlite_run_built(s->d, sql, e);
}

/* The indexes and triggers on a table that are not ours, each ended by NUL. */
static ab_status
collect_extras(struct sqlite *d, const char *table, struct buf *out, struct error *e)
{
	sqlite3_stmt *stmt = sqlite_query(d, e,
	    "SELECT sql FROM sqlite_schema WHERE tbl_name = %Q COLLATE NOCASE AND sql IS NOT NULL"
	    " AND type IN ('index', 'trigger') AND substr(name, 1, length(%Q)) <> %Q",
	    table, SQLITE_KEY_INDEX, SQLITE_KEY_INDEX);

	while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		buf_add(
		    out, sqlite3_column_text(stmt, 0), (size_t)sqlite3_column_bytes(stmt, 0) + 1);
	if (out->failed)
		error_set(e, AB_ENOMEM, "no memory for the indexes of %s", table);
	sqlite_done(d, stmt, e);
	return e->status;
}

static void
restore_extras(struct sqlite *d, const char *table, const struct buf *sql)
{
	for (size_t at = 0; at < sql->len; at += strlen(sql->ptr + at) + 1)
		if (sqlite3_exec(d->db, sql->ptr + at, NULL, NULL, NULL) != SQLITE_OK)
			log_line(AB_WARN, "table %s in %s: could not make again \"%s\": %s", table,
			    d->path, sql->ptr + at, sqlite3_errmsg(d->db));
}

ab_status
sqlite_table_replace(struct sqlite *d, const char *from, const char *to, struct error *e)
{
	struct buf extras;

	buf_init(&extras, (size_t)16 << 20);
	if (collect_extras(d, to, &extras, e) == AB_OK &&
	    sqlite_run(d, e, "DROP TABLE IF EXISTS \"%w\"; ALTER TABLE \"%w\" RENAME TO \"%w\"", to,
		from, to) == AB_OK)
		restore_extras(d, to, &extras);
	buf_fini(&extras);
	return e->status;
}

static int
becomes_text(const struct shape_column *c)
{
	return c->type == SHAPE_TEXT &&
	    (c->made == SHAPE_INTEGER || c->made == SHAPE_NUMBER || c->made == SHAPE_BOOLEAN);
}

static void
add_copied(const struct shape_column *c, sqlite3_str *sql)
{
	if (c->made == SHAPE_UNMADE)
		sqlite3_str_appendall(sql, "NULL");
	else if (!becomes_text(c))
		sqlite3_str_appendf(sql, "\"%w\"", c->name);
	else if (c->made == SHAPE_BOOLEAN)
		sqlite3_str_appendf(
		    sql, "CASE \"%w\" WHEN 1 THEN 'true' WHEN 0 THEN 'false' END", c->name);
	else
		sqlite3_str_appendf(sql, "abhost_text(\"%w\")", c->name);
}

/* The table that is to take target's place.  Somebody else's columns stay what they were declared to be. */
static ab_status
create_anew(struct sqlite_stream *s, enum sqlite_key key, struct error *e)
{
	struct error why = ERROR_INIT;
	int failed = 0;
	char *old;
	sqlite3_stmt *stmt = sqlite_query(s->d, e,
	    "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = %Q COLLATE NOCASE",
	    s->target);

	old = stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW ? sqlite_run_text(stmt, 0, &failed)
							       : NULL;
	if (sqlite_done(s->d, stmt, e) == AB_OK && failed)
		error_set(e, AB_ENOMEM, "no memory to write %s anew", s->target);
	if (e->status == AB_OK && create(s, REBUILD, key, old, &why) != AB_OK) {
		log_line(AB_WARN,
		    "table %s in %s is written anew, and columns that somebody has added to it lose what was declared of them: %s",
		    s->target, s->d->path, why.text);
		create(s, REBUILD, key, NULL, e);
	}
	free(old);
	return e->status;
}

static int
is_generated(struct sqlite_stream *s, const struct shape_column *c, struct error *e)
{
	return c->role == SHAPE_FOREIGN &&
	    sqlite_number(s->d, 0, e,
		"SELECT hidden FROM pragma_table_xinfo(%Q) WHERE name = %Q COLLATE NOCASE", REBUILD,
		c->name) != 0;
}

/* Copies the rows of target, as the shape's types have them; what is generated is not copied. */
static ab_status
copy_rows(struct sqlite_stream *s, struct error *e)
{
	sqlite3_str *into = sqlite3_str_new(s->d->db), *from = sqlite3_str_new(s->d->db);
	const char *between = "";
	char *names, *values;

	for (uint32_t i = 0; i < s->shape.ncols; i++) {
		if (is_generated(s, &s->shape.cols[i], e))
			continue;
		sqlite3_str_appendf(into, "%s\"%w\"", between, s->shape.cols[i].name);
		sqlite3_str_appendall(from, between);
		add_copied(&s->shape.cols[i], from);
		between = ", ";
	}
	names = sqlite3_str_finish(into);
	values = sqlite3_str_finish(from);
	if (names == NULL || values == NULL)
		error_set(e, AB_ENOMEM, "no memory for SQL");
	else if (e->status == AB_OK)
		sqlite_run(s->d, e, "INSERT INTO \"" REBUILD "\" (%s) SELECT %s FROM \"%w\"", names,
		    values, s->target);
	sqlite3_free(names);
	sqlite3_free(values);
	return e->status;
}

/* Writes the table anew, with the shape's types and another kind of key. */
static ab_status
rebuild(struct sqlite_stream *s, enum sqlite_key key, struct error *e)
{
	if (sqlite_verify_rebuild(s, e) != AB_OK || create_anew(s, key, e) != AB_OK ||
	    copy_rows(s, e) != AB_OK || sqlite_table_replace(s->d, REBUILD, s->target, e) != AB_OK)
		return e->status;
	s->altered = 0;
	return key == SQLITE_KEY_UNIQUE ? sqlite_key_make_index(s, e) : AB_OK;
}

static char *
create_text(const struct sqlite_stream *s, int made)
{
	sqlite3_str *sql = sqlite3_str_new(s->d->db);

	add_create(s, sql, s->target, s->key, made, NULL);
	return sqlite3_str_finish(sql);
}

/* Puts the declared types right by editing the schema's text, as SQLite's documentation of ALTER TABLE
 * describes for changes that leave the stored rows alone.  A text that is not as we wrote it stays: there may
 * be a constraint in it that somebody added, and the types are for people only. */
static ab_status
redeclare(struct sqlite_stream *s, struct error *e)
{
	char *before = create_text(s, 1), *after = create_text(s, 0);
	int64_t version = sqlite_number(s->d, 0, e, "PRAGMA schema_version");

	if (before == NULL || after == NULL)
		error_set(e, AB_ENOMEM, "no memory for SQL");
	else if (e->status == AB_OK)
		sqlite_run(s->d, e,
		    "PRAGMA writable_schema=1;"
		    "UPDATE sqlite_schema SET sql = %Q WHERE type = 'table' AND name = %Q AND sql = %Q;"
		    "PRAGMA schema_version=%lld; PRAGMA writable_schema=RESET",
		    after, s->target, before, (long long)version + 1);
	sqlite3_free(before);
	sqlite3_free(after);
	return e->status;
}

static ab_status
add_columns(struct sqlite_stream *s, int *retyped, struct error *e)
{
	for (uint32_t i = 0; i < s->shape.ncols; i++) {
		const struct shape_column *c = &s->shape.cols[i];

		if (c->made != SHAPE_UNMADE)
			*retyped |= c->made != c->type;
		else if (sqlite_run(s->d, e, "ALTER TABLE \"%w\" ADD COLUMN \"%w\"%s", s->target,
			     c->name, declared_type((enum shape_type)c->type)) != AB_OK)
			return e->status;
	}
	return AB_OK;
}

static ab_status
alter(struct sqlite_stream *s, enum sqlite_key key, int same_key, struct error *e)
{
	int retyped = 0, rewrite = key != s->key || !same_key;

	for (uint32_t i = 0; i < s->shape.ncols; i++) {
		const struct shape_column *c = &s->shape.cols[i];

		rewrite |= becomes_text(c);
		s->stats.widened += c->made != SHAPE_UNMADE && c->made != c->type;
	}
	/* Of rows that had no key, or another one, the older go first; the key may be a column that is new. */
	if (rewrite && key != SQLITE_KEY_NONE && !same_key &&
	    (add_columns(s, &retyped, e) != AB_OK || sqlite_key_dedup(s, e) != AB_OK))
		return e->status;
	if (rewrite)
		return rebuild(s, key, e);
	if (add_columns(s, &retyped, e) != AB_OK || !retyped || s->altered)
		return e->status;
	return redeclare(s, e);
}

ab_status
sqlite_table_apply(struct sqlite_stream *s, struct error *e)
{
	int same_key = sqlite_key_is_same(s);
	enum sqlite_key key;

	free(s->key_json);
	s->key_json = sqlite_key_json(&s->spec);
	if (s->spec.mode == DEST_APPEND_DEDUP && s->key_json == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the key of %s", s->table);
	if (shape_add_system(&s->shape, e) != AB_OK)
		return e->status;
	if (s->spec.is_foreign && shape_add_received(&s->shape, SQLITE_MAX_COLUMNS) != 0)
		return error_set(e, AB_ENOMEM, "no memory for another column");
	key = sqlite_key_wanted(s);
	if (s->exists)
		alter(s, key, same_key, e);
	else if (create(s, s->target, key, NULL, e) == AB_OK && key == SQLITE_KEY_UNIQUE)
		sqlite_key_make_index(s, e);
	if (e->status != AB_OK)
		return e->status;
	s->exists = 1;
	s->key = key;
	if (key != SQLITE_KEY_ROWID)
		s->shape.key = SHAPE_NOWHERE;
	for (uint32_t i = 0; i < s->shape.ncols; i++)
		s->shape.cols[i].made = s->shape.cols[i].type;
	return sqlite_state_save(s, e);
}

/* A user may have added a column or dropped one: the one is left alone, the other made again. */
static ab_status
verify_column(struct sqlite_stream *s, const char *name, uint32_t place, char *seen, uint32_t known,
    struct error *e)
{
	uint32_t col = name == NULL ? SHAPE_NOWHERE : shape_find_name(&s->shape, name);

	s->altered |= col != place;
	if (col == SHAPE_NOWHERE)
		col = shape_add_foreign(&s->shape, name ? name : "");
	if (col == SHAPE_NOWHERE)
		return error_set(e, AB_ENOMEM, "no memory for the columns of %s", s->target);
	if (col < known)
		seen[col] = 1;
	return AB_OK;
}

ab_status
sqlite_table_verify(struct sqlite_stream *s, struct error *e)
{
	uint32_t known = s->shape.ncols, place = 0;
	char *seen = calloc(known + 1, 1);
	sqlite3_stmt *stmt = sqlite_query(
	    s->d, e, "SELECT name FROM pragma_table_xinfo(%Q) ORDER BY cid", s->target);

	if (seen == NULL)
		error_set(e, AB_ENOMEM, "no memory for the columns of %s", s->target);
	while (stmt != NULL && e->status == AB_OK && sqlite3_step(stmt) == SQLITE_ROW)
		verify_column(
		    s, (const char *)sqlite3_column_text(stmt, 0), place++, seen, known, e);
	for (uint32_t i = 0; i < known && e->status == AB_OK; i++) {
		if (seen[i])
			continue;
		s->shape.cols[i].made = SHAPE_UNMADE;
		s->altered = 1;
	}
	free(seen);
	sqlite_done(s->d, stmt, e);
	return e->status;
}
