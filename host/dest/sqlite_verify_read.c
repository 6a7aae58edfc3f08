/* sqlite_verify_read.c - what the table holds of what a run gave; see sqlite_verify.h. */
#include "dest/sqlite_verify.h"

#include <stdlib.h>
#include <string.h>

/* How the rows of one stream came out. */
struct outcome {
	int64_t rows, keys, differ;
	const char *
	    column; /* of the first row that differs: borrowed; "": a row is missing, or one too many */
};

/* "a", "b", ... all columns but those of others, and those that the table is still to get, in the shape's order. */
static void
add_columns(const struct sqlite_stream *s, sqlite3_str *sql)
{
	for (uint32_t i = 0; i < s->shape.ncols; i++)
		if (s->shape.cols[i].role == SHAPE_FOREIGN || s->shape.cols[i].made == SHAPE_UNMADE)
			sqlite3_str_appendall(sql, i == 0 ? "NULL" : ",NULL");
		else
			sqlite3_str_appendf(
			    sql, "%s\"%w\"", i == 0 ? "" : ",", s->shape.cols[i].name);
}

static int
read_cell(
    struct verify_row *r, const struct shape_column *c, sqlite3_stmt *stmt, int i, uint64_t *out)
{
	int type = sqlite3_column_type(stmt, i);
	const char *text;

	*out = 0;
	if (type == SQLITE_NULL)
		return 0;
	if (c->role == SHAPE_DELETED_AT) {
		*out = 1;
		return 0;
	}
	if (type == SQLITE_INTEGER) {
		*out = c->type == SHAPE_BOOLEAN ? verify_bool(sqlite3_column_int(stmt, i))
						: verify_int(sqlite3_column_int64(stmt, i));
		return 0;
	}
	if (type == SQLITE_FLOAT) {
		*out = verify_real(sqlite3_column_double(stmt, i));
		return 0;
	}
	text = (const char *)sqlite3_column_text(stmt, i);
	if (text == NULL)
		return -1;
	if (c->role == SHAPE_REST)
		return verify_rest(r, text, (size_t)sqlite3_column_bytes(stmt, i), out);
	*out = verify_text(text, (size_t)sqlite3_column_bytes(stmt, i));
	return 0;
}

static ab_status
read_row(struct sqlite_stream *s, sqlite3_stmt *stmt, struct error *e)
{
	struct verify_row *r = &s->verify->row;
	int failed = verify_row_begin(r, &s->shape);

	for (uint32_t i = 0; i < s->shape.ncols && !failed; i++)
		failed = read_cell(r, &s->shape.cols[i], stmt, (int)i, &r->hashes[i]);
	return failed ? error_set(e, AB_ENOMEM, "no memory to verify") : AB_OK;
}

ab_status
sqlite_verify_sum(struct sqlite_stream *s, const char *condition, struct verify_sum *sum, int sign,
    struct error *e)
{
	const char *rowid = sqlite_key_rowid(s, e);
	sqlite3_str *sql;
	sqlite3_stmt *stmt;
	char *text;

	if (rowid == NULL)
		return e->status;
	sql = sqlite3_str_new(s->d->db);
	sqlite3_str_appendall(sql, "SELECT ");
	add_columns(s, sql);
	sqlite3_str_appendf(
	    sql, " FROM \"%w\" WHERE %s > %lld", s->target, rowid, (long long)s->verify->base);
	if (s->key != SQLITE_KEY_NONE) {
		sqlite3_str_appendall(sql, " AND ");
		sqlite_key_nulls(s, sql);
	}
	if (condition != NULL)
		sqlite3_str_appendf(sql, " AND (%s)", condition);
	text = sqlite3_str_finish(sql);
	if (text == NULL)
		return error_set(e, AB_ENOMEM, "no memory for SQL");
	stmt = sqlite_query(s->d, e, "%s", text);
	sqlite3_free(text);
	while (stmt != NULL && e->status == AB_OK && sqlite3_step(stmt) == SQLITE_ROW)
		if (read_row(s, stmt, e) == AB_OK &&
		    verify_sum_add(sum, &s->verify->row, &s->shape, sign) != 0)
			error_set(e, AB_ENOMEM, "no memory to verify");
	sqlite_done(s->d, stmt, e);
	return e->status;
}

static ab_status
check_sum(struct sqlite_stream *s, struct outcome *out, struct error *e)
{
	struct verify_sum held;
	const char *column;

	verify_sum_init(&held);
	if (sqlite_verify_sum(s, NULL, &held, 1, e) == AB_OK) {
		column = verify_sum_differs(&s->verify->given, &held, &s->shape);
		if (column != NULL)
			error_set(e, AB_EDATA,
			    "stream %s: table %s in %s does not hold what the source gave: %s%s%s (%lld rows were given, %lld are "
			    "there); somebody else has changed it meanwhile, or this is a bug of abhost",
			    s->spec.name, s->target, s->d->path,
			    column[0] != '\0' ? "column \"" : "values stand in the wrong rows",
			    column, column[0] != '\0' ? "\" differs" : "",
			    (long long)s->verify->given.rows, (long long)held.rows);
		out->rows += held.rows;
	}
	verify_sum_fini(&held);
	return e->status;
}

/* Binds the parts of a key, as sqlite_verify.c wrote them, from ?1 on. */
static void
bind_key(const struct sqlite_stream *s, sqlite3_stmt *stmt, const char *key)
{
	const char *const *const *path = s->spec.primary_key;
	uint32_t len, col;
	double real;

	for (int i = 0; path[i] != NULL; i++, key += len) {
		char kind = *key++;

		memcpy(&len, key, sizeof(len));
		key += sizeof(len);
		col = shape_find(&s->shape, path[i][0], strlen(path[i][0]));
		if (kind == 'r') {
			memcpy(&real, key, sizeof(real));
			sqlite3_bind_double(stmt, i + 1, real);
		} else if (kind == 'b') {
			sqlite3_bind_blob(stmt, i + 1, key, (int)len, SQLITE_STATIC);
		} else if (kind == 'i') {
			sqlite3_bind_int64(stmt, i + 1, strtoll(key, NULL, 10));
		} else if (path[i][1] == NULL && s->shape.cols[col].type == SHAPE_BOOLEAN) {
			sqlite3_bind_int(stmt, i + 1, len == 1 ? *key == '1' : len == 4);
		} else {
			/* a column of numbers takes it for the number */
			sqlite3_bind_text(stmt, i + 1, key, (int)len, SQLITE_STATIC);
		}
	}
}

static sqlite3_stmt *
prepare_look(struct sqlite_stream *s, struct error *e)
{
	sqlite3_str *sql = sqlite3_str_new(s->d->db);
	sqlite3_stmt *stmt;
	char *text;

	sqlite3_str_appendall(sql, "SELECT ");
	add_columns(s, sql);
	sqlite3_str_appendf(sql, " FROM \"%w\" WHERE ", s->target);
	sqlite_key_where(s, "", sql);
	text = sqlite3_str_finish(sql);
	stmt = text == NULL ? NULL : sqlite_query(s->d, e, "%s", text);
	sqlite3_free(text);
	if (text == NULL)
		error_set(e, AB_ENOMEM, "no memory for SQL");
	return stmt;
}

/* Finds the key's row where it is of an earlier run, and newer than what this one gave.  NULL without an error: without a
 * cursor what comes later is the newer one. */
static sqlite3_stmt *
prepare_outdone(struct sqlite_stream *s, const char *condition, struct error *e)
{
	sqlite3_str *sql;
	char *text, *since;
	sqlite3_stmt *stmt;
	int n = 0, has_since;

	if (s->spec.cursor == NULL)
		return NULL;
	since = sqlite_stream_since(s, "old.", 1, s->verify->since_us);
	while (s->spec.primary_key[n] != NULL)
		n++;
	sql = sqlite3_str_new(s->d->db);
	sqlite3_str_appendf(sql, "SELECT 1 FROM \"%w\" AS old WHERE ", s->target);
	sqlite_key_where(s, "old", sql);
	sqlite3_str_appendf(sql, " AND %s%s AND NOT coalesce(", since, condition);
	has_since = since != NULL;
	sqlite3_free(since);
	sqlite_key_rule(s, n + 1, sql);
	sqlite3_str_appendall(sql, ", 0)");
	text = sqlite3_str_finish(sql);
	stmt = text == NULL || !has_since ? NULL : sqlite_query(s->d, e, "%s", text);
	if (text == NULL || !has_since)
		error_set(e, AB_ENOMEM, "no memory for SQL");
	sqlite3_free(text);
	return stmt;
}

/* Whether rows of earlier runs are marked as deleted. */
static int
has_marked(struct sqlite_stream *s, struct error *e)
{
	char *since = sqlite_stream_since(s, "", 1, s->verify->since_us);
	int has = since != NULL &&
	    sqlite_number(s->d, 0, e,
		"SELECT count(*) FROM \"%w\" WHERE \"_ab_cdc_deleted_at\" IS NOT NULL AND %s",
		s->target, since) != 0;

	if (since == NULL)
		error_set(e, AB_ENOMEM, "no memory for SQL");
	sqlite3_free(since);
	return has;
}

static int
is_outdone(struct sqlite_stream *s, sqlite3_stmt *outdone, sqlite3_stmt *seen, struct error *e)
{
	int n = 0, yes;

	if (outdone == NULL)
		return 0;
	while (s->spec.primary_key[n] != NULL)
		n++;
	bind_key(s, outdone, sqlite3_column_blob(seen, 0));
	sqlite3_bind_value(outdone, n + 1, sqlite3_column_value(seen, 1));
	sqlite3_bind_int(outdone, n + 2, sqlite3_column_int(seen, 2));
	yes = sqlite3_step(outdone) == SQLITE_ROW;
	if (sqlite3_reset(outdone) != SQLITE_OK)
		sqlite_fail(s->d, e);
	return yes;
}

/* An interrupted run may have left rows that are marked, and newer than what this one gave of their keys. */
ab_status
sqlite_verify_removing(struct sqlite_stream *s, struct error *e)
{
	static const char condition[] = " AND old.\"_ab_cdc_deleted_at\" IS NOT NULL";
	struct sqlite_verify *v = s->verify;
	sqlite3_stmt *outdone, *seen = NULL, *mark = NULL;
	int rc;

	if (v == NULL || v->keys == NULL || v->since_us == 0 || !s->exists || !has_marked(s, e) ||
	    (outdone = prepare_outdone(s, condition, e)) == NULL)
		return e->status;
	rc = sqlite3_prepare_v2(v->keys, "SELECT key, cursor, gone FROM seen", -1, &seen, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_prepare_v2(
		    v->keys, "UPDATE seen SET gone = 1 WHERE key = ?1", -1, &mark, NULL);
	while (rc == SQLITE_OK && e->status == AB_OK && sqlite3_step(seen) == SQLITE_ROW) {
		if (!is_outdone(s, outdone, seen, e))
			continue;
		sqlite3_bind_value(mark, 1, sqlite3_column_value(seen, 0));
		sqlite3_step(mark);
		rc = sqlite3_reset(mark);
	}
	sqlite3_finalize(mark);
	if (sqlite3_finalize(seen) != SQLITE_OK || rc != SQLITE_OK)
		sqlite_verify_fail(v, e);
	sqlite3_finalize(outdone);
	return e->status;
}

/* The first column in which the row that was read differs from what was given. */
static const char *
find_difference(const struct sqlite_stream *s, sqlite3_stmt *seen)
{
	const struct verify_row *r = &s->verify->row;
	const char *given = sqlite3_column_blob(seen, 4);
	uint32_t n = (uint32_t)((size_t)sqlite3_column_bytes(seen, 4) / sizeof(uint64_t));
	uint64_t hash;

	for (uint32_t i = 0; i < r->ncols; i++) {
		hash = 0;
		if (i < n)
			memcpy(&hash, given + i * sizeof(hash), sizeof(hash));
		if (hash != r->hashes[i])
			return s->shape.cols[i].name;
	}
	return "";
}

/* One key that this run gave a version of. */
static ab_status
check_key(struct sqlite_stream *s, sqlite3_stmt *look, sqlite3_stmt *outdone, sqlite3_stmt *seen,
    struct outcome *out, struct error *e)
{
	const char *key = sqlite3_column_blob(seen, 0), *column = "";
	int goes = sqlite3_column_int(seen, 2) && s->spec.deleted == DEST_REMOVE, found, same = 0;

	bind_key(s, look, key);
	found = sqlite3_step(look) == SQLITE_ROW;
	if (found && read_row(s, look, e) == AB_OK) {
		same = !goes &&
		    (uint64_t)sqlite3_column_int64(seen, 3) ==
			verify_row_hash(&s->verify->row, &s->shape);
		if (!same && !(same = is_outdone(s, outdone, seen, e)))
			column = find_difference(s, seen);
	}
	if (sqlite3_reset(look) != SQLITE_OK)
		return sqlite_fail(s->d, e);
	out->keys++;
	if (same || (!found && goes))
		return e->status;
	if (out->differ++ == 0)
		out->column = column;
	return e->status;
}

static ab_status
check_keys(struct sqlite_stream *s, struct outcome *out, struct error *e)
{
	struct sqlite_verify *v = s->verify;
	sqlite3_stmt *look = prepare_look(s, e), *seen = NULL;
	sqlite3_stmt *outdone = look == NULL ? NULL : prepare_outdone(s, "", e);
	int rc;

	if (e->status != AB_OK) {
		sqlite3_finalize(look);
		return e->status;
	}
	rc = sqlite3_prepare_v2(
	    v->keys, "SELECT key, cursor, gone, whole, hashes FROM seen", -1, &seen, NULL);
	while (rc == SQLITE_OK && e->status == AB_OK && sqlite3_step(seen) == SQLITE_ROW)
		check_key(s, look, outdone, seen, out, e);
	if (sqlite3_finalize(seen) != SQLITE_OK || rc != SQLITE_OK)
		sqlite_verify_fail(v, e);
	sqlite3_finalize(outdone);
	sqlite3_finalize(look);
	if (e->status == AB_OK && out->differ > 0)
		error_set(e, AB_EDATA,
		    "stream %s: table %s in %s does not hold what the source gave: of %lld keys %lld differ, the first one in "
		    "%s%s%s; somebody else has changed it meanwhile, or this is a bug of abhost",
		    s->spec.name, s->target, s->d->path, (long long)out->keys,
		    (long long)out->differ,
		    out->column[0] != '\0' ? "column \"" : "that it is there", out->column,
		    out->column[0] != '\0' ? "\"" : "");
	return e->status;
}

ab_status
sqlite_verify_stream(struct dest_stream *base, int64_t *rows, struct error *e)
{
	struct sqlite_stream *s = (struct sqlite_stream *)base;
	struct outcome out = {0};
	struct error ignored = ERROR_INIT;

	*rows = 0;
	if (s->verify == NULL || s->verify->since_us == 0 || !s->exists)
		return AB_OK;
	if (s->verify->given.rows < 0)
		return error_set(e, AB_ENOMEM, "no memory to verify");
	/* one transaction: else every look would take the locks anew */
	if (sqlite_run(s->d, e, "BEGIN") == AB_OK)
		check_sum(s, &out, e);
	if (e->status == AB_OK && s->verify->keys != NULL)
		check_keys(s, &out, e);
	sqlite_run(s->d, &ignored, "COMMIT");
	*rows = out.rows + out.keys;
	return e->status;
}
