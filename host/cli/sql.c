/* sql.c - see sql.h. */
#include <config.h> /* asprintf */

#include "cli/sql.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/text.h"

#define BUSY_MS	    5000
#define MAX_ROW	    (1u << 30)
#define MAX_COLUMNS TABLE_MAX_COLUMNS

static ab_status
fail(sqlite3 *db, const char *what, struct error *e)
{
	switch (sqlite3_errcode(db)) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(e, AB_ETRANSIENT,
		    "%s: the database is being written just now; try again in a moment", what);
	case SQLITE_NOTADB:
		return error_set(e, AB_ECONFIG, "%s is not a SQLite database", what);
	case SQLITE_NOMEM:
		return error_set(e, AB_ENOMEM, "no memory");
	default:
		return error_set(e, AB_ECONFIG, "%s: %s", what, sqlite3_errmsg(db));
	}
}

static ab_status
open_path(const char *path, sqlite3 **out, struct error *e)
{
	sqlite3 *db = NULL;
	int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL);

	*out = NULL;
	if (rc == SQLITE_OK) {
		sqlite3_busy_timeout(db, BUSY_MS);
		rc = sqlite3_exec(db, "PRAGMA query_only=1; SELECT count(*) FROM sqlite_schema",
		    NULL, NULL, NULL);
	}
	if (rc == SQLITE_OK) {
		*out = db;
		return AB_OK;
	}
	if (db == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	if (sqlite3_errcode(db) == SQLITE_CANTOPEN)
		error_set(
		    e, AB_ECONFIG, "cannot open %s: no such file, or it may not be read", path);
	else
		fail(db, path, e);
	sqlite3_close(db);
	return e->status;
}

/* A file, or what --to named: its options are cut off, and "file:x" is a file's name there. */
static ab_status
sql_open(const char *name, sqlite3 **out, struct error *e)
{
	int is_place = strncmp(name, "sqlite:", 7) == 0;
	const char *path = is_place ? name + 7 : name;
	char *file;

	*out = NULL;
	if (asprintf(&file, "%s%.*s", strncmp(path, "file:", 5) == 0 ? "./" : "",
		(int)(is_place ? strcspn(path, "?") : strlen(path)), path) < 0)
		return error_set(e, AB_ENOMEM, "no memory");
	open_path(file, out, e);
	free(file);
	return e->status;
}

/* A value that is not text or NULL, as text. */
static const char *
cell_text(sqlite3_stmt *stmt, int i, struct buf *b)
{
	char number[TEXT_NUMBER];
	const unsigned char *blob;

	switch (sqlite3_column_type(stmt, i)) {
	case SQLITE_FLOAT:
		buf_adds(b, text_real(sqlite3_column_double(stmt, i), number));
		break;
	case SQLITE_BLOB:
		blob = sqlite3_column_blob(stmt, i);
		buf_adds(b, "x'");
		for (int k = 0, n = sqlite3_column_bytes(stmt, i); k < n; k++)
			buf_addf(b, "%02x", blob[k]);
		buf_addc(b, '\'');
		break;
	default:
		buf_addf(b, "%" PRId64, (int64_t)sqlite3_column_int64(stmt, i));
	}
	return buf_str(b);
}

static int
put_table_row(struct table *t, sqlite3_stmt *stmt, int n, const char **cells, struct buf *room)
{
	int rc;

	for (int i = 0; i < n; i++) {
		int type = sqlite3_column_type(stmt, i);

		buf_init(&room[i], MAX_ROW);
		cells[i] = type == SQLITE_NULL ? NULL
		    : type == SQLITE_TEXT      ? (const char *)sqlite3_column_text(stmt, i)
					       : cell_text(stmt, i, &room[i]);
	}
	rc = table_row(t, cells);
	for (int i = 0; i < n; i++)
		buf_fini(&room[i]);
	return rc;
}

static int
print_table(sqlite3_stmt *stmt, FILE *to)
{
	int n = sqlite3_column_count(stmt), rc = SQLITE_ROW, bad;
	const char **cells = calloc((size_t)n, sizeof(*cells));
	struct buf *room = calloc((size_t)n, sizeof(*room));
	struct table t = {0};

	bad = cells == NULL || room == NULL;
	for (int i = 0; !bad && i < n; i++)
		cells[i] = sqlite3_column_name(stmt, i);
	bad = bad || table_init(&t, to, table_form_for(to), cells, (size_t)n) != 0;
	while (!bad && !ferror(to) && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
		bad = put_table_row(&t, stmt, n, cells, room) != 0;
	if (table_fini(&t) != 0 || bad)
		rc = SQLITE_NOMEM;
	free(cells);
	free(room);
	return rc;
}

static void
add_json_value(struct buf *b, sqlite3_stmt *stmt, int i)
{
	char number[TEXT_NUMBER];
	struct buf blob;

	switch (sqlite3_column_type(stmt, i)) {
	case SQLITE_NULL:
		buf_adds(b, "null");
		break;
	case SQLITE_INTEGER:
		buf_addf(b, "%" PRId64, (int64_t)sqlite3_column_int64(stmt, i));
		break;
	case SQLITE_FLOAT:
		text_real(sqlite3_column_double(stmt, i), number);
		buf_adds(b, number[0] != '\0' ? number : "null");
		break;
	case SQLITE_BLOB:
		buf_init(&blob, MAX_ROW);
		cell_text(stmt, i, &blob);
		buf_add_json_string(b, buf_str(&blob), blob.len);
		buf_fini(&blob);
		break;
	default:
		buf_add_json_string(b, (const char *)sqlite3_column_text(stmt, i),
		    (size_t)sqlite3_column_bytes(stmt, i));
	}
}

static int
print_json(sqlite3_stmt *stmt, FILE *to)
{
	int n = sqlite3_column_count(stmt), rc = SQLITE_DONE;
	struct buf line;

	buf_init(&line, MAX_ROW);
	while (!ferror(to) && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
		buf_reset(&line);
		for (int i = 0; i < n; i++) {
			const char *name = sqlite3_column_name(stmt, i);

			buf_addc(&line, i == 0 ? '{' : ',');
			buf_add_json_string(&line, name, strlen(name));
			buf_addc(&line, ':');
			add_json_value(&line, stmt, i);
		}
		buf_adds(&line, "}\n");
		if (line.failed) {
			rc = SQLITE_NOMEM;
			break;
		}
		fwrite(line.ptr, 1, line.len, to);
	}
	buf_fini(&line);
	return rc;
}

static ab_status
print_statement(sqlite3 *db, sqlite3_stmt *stmt, enum sql_form form, FILE *to, struct error *e)
{
	int rc;

	if (!sqlite3_stmt_readonly(stmt))
		return error_set(e, AB_ECONFIG,
		    "only statements that read are run here, not: %.100s", sqlite3_sql(stmt));
	if (sqlite3_column_count(stmt) == 0)
		rc = sqlite3_step(stmt);
	else if (sqlite3_column_count(stmt) > MAX_COLUMNS)
		return error_set(
		    e, AB_ECONFIG, "more than %d columns cannot be shown", MAX_COLUMNS);
	else
		rc = form == SQL_TABLE ? print_table(stmt, to) : print_json(stmt, to);
	if (rc == SQLITE_NOMEM)
		return error_set(e, AB_ENOMEM, "no memory");
	/* a row that was not printed: nobody reads any more, which cli_finish tells */
	return rc == SQLITE_DONE || rc == SQLITE_ROW ? AB_OK : fail(db, "the query failed", e);
}

static ab_status
sql_print(sqlite3 *db, const char *text, enum sql_form form, FILE *to, struct error *e)
{
	sqlite3_stmt *stmt;
	int statements = 0, results = 0;

	while (*text != '\0' && e->status == AB_OK) {
		if (sqlite3_prepare_v2(db, text, -1, &stmt, &text) != SQLITE_OK)
			return fail(db, "the query is wrong", e);
		if (stmt == NULL)
			continue;
		statements++;
		if (sqlite3_column_count(stmt) > 0 && results++ > 0 && form == SQL_TABLE)
			fputc('\n', to);
		print_statement(db, stmt, form, to, e);
		sqlite3_finalize(stmt);
	}
	if (statements == 0 && e->status == AB_OK)
		error_set(e, AB_ECONFIG, "the query is empty");
	return e->status;
}

int
sql_show(const char *name, const char *text, enum sql_form form)
{
	struct error e = ERROR_INIT;
	sqlite3 *db;

	if (sql_open(name, &db, &e) == AB_OK)
		sql_print(db, text, form, stdout, &e);
	fflush(stdout);
	sqlite3_close(db);
	if (e.status == AB_OK)
		return CLI_DONE;
	cli_fail(&e);
	return CLI_FAILED;
}
