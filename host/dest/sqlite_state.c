/* sqlite_state.c - the rows of the _abhost_* tables: what is committed, what the streams' tables look like.
 *
 * They change only inside the transaction that the records are in.  Times are RFC 3339 texts with
 * microseconds, for people; they are read back exactly. */
#include "dest/sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

#define MAX_SHAPE_TEXT ((size_t)64 << 20)

static int
read_row(sqlite3_stmt *stmt, struct dest_state *row)
{
	int failed = 0;

	*row = (struct dest_state){
	    .stream = sqlite_run_text(stmt, 0, &failed),
	    .namespace_ = sqlite_run_text(stmt, 1, &failed),
	    .partition = sqlite_run_text(stmt, 2, &failed),
	    .state = sqlite_run_text(stmt, 3, &failed),
	    .token = sqlite_run_text(stmt, 4, &failed),
	    .pages = sqlite3_column_int64(stmt, 5),
	    .generation_id = sqlite3_column_int64(stmt, 6),
	    .started_us = sqlite_run_time(stmt, 7),
	    .is_refresh = sqlite3_column_int(stmt, 8),
	    .done = sqlite3_column_int(stmt, 9),
	    .notes = sqlite_run_text(stmt, 10, &failed),
	};
	return failed ? -1 : 0;
}

/* Of each stream once. */
static void
tell_gone(const struct sqlite *d, sqlite3_stmt *stmt, const struct dest_state *rows, size_t count)
{
	const struct dest_state *row = &rows[count - 1];

	if (d->read_only || !sqlite3_column_int(stmt, 11) ||
	    (count > 1 && strcmp(row[-1].stream, row->stream) == 0 &&
		strcmp(row[-1].namespace_, row->namespace_) == 0))
		return;
	log_line(AB_WARN,
	    "stream \"%s\": its table is no longer in %s, so its state counts for nothing: all of it is read again",
	    row->stream, d->path);
}

/* A stream that has a table, and no state, for somebody has deleted it: all of it is read again, but in the knowledge that
 * there are rows. */
static ab_status
add_orphans(struct sqlite *d, struct dest_state **rows, size_t *count, struct error *e)
{
	sqlite3_stmt *stmt = sqlite_query(d, e,
	    "SELECT stream, namespace, table_name FROM _abhost_streams AS s WHERE staging = 0 AND columns <> '[]'"
	    " AND NOT EXISTS (SELECT 1 FROM _abhost_state AS a WHERE a.stream = s.stream AND a.namespace = s.namespace)"
	    " AND table_name COLLATE NOCASE IN (SELECT name FROM sqlite_schema WHERE type = 'table')");
	struct dest_state *more;
	int failed = 0;

	while (stmt != NULL && e->status == AB_OK && sqlite3_step(stmt) == SQLITE_ROW) {
		more = realloc(*rows, (*count + 1) * sizeof(*more));
		if (more == NULL) {
			failed = 1;
			break;
		}
		*rows = more;
		more += (*count)++;
		*more = (struct dest_state){.stream = sqlite_run_text(stmt, 0, &failed),
		    .namespace_ = sqlite_run_text(stmt, 1, &failed),
		    .partition = strdup(""),
		    .generation_id = sqlite_number(d, 1, e,
			"SELECT coalesce(max(\"_airbyte_generation_id\"), 1) FROM \"%w\"",
			(const char *)sqlite3_column_text(stmt, 2))};
		failed |= more->partition == NULL;
	}
	sqlite_done(d, stmt, e);
	return failed ? error_set(e, AB_ENOMEM, "no memory for the states in %s", d->path)
		      : e->status;
}

ab_status
sqlite_state_list(struct dest *base, struct dest_state **out, size_t *n, struct error *e)
{
	struct sqlite *d = (struct sqlite *)base;
	struct dest_state *rows = NULL, *more;
	size_t count = 0, cap = 0;
	/* A table that was dropped by hand takes with it what is known of its content: of a refresh that had begun to load
	 * it the read, of a stream everything. */
	sqlite3_stmt *stmt = sqlite_query(d, e,
	    "WITH missing AS (SELECT stream, namespace, staging FROM _abhost_streams WHERE columns <> '[]'"
	    " AND table_name COLLATE NOCASE NOT IN (SELECT name FROM sqlite_schema WHERE type = 'table')), t AS (SELECT s.*, is_refresh AND (stream, namespace, 1) IN missing AS lost,"
	    " (stream, namespace, 0) IN missing AS gone FROM _abhost_state AS s)"
	    " SELECT stream, namespace, partition, iif(gone, NULL, state), iif(lost OR gone, NULL, token),"
	    " pages, generation_id, iif(gone, NULL, started_at), is_refresh AND NOT gone, done AND NOT"
	    " (lost OR gone), iif(gone, NULL, notes), gone FROM t ORDER BY stream, namespace, partition");

	while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
		if (count == cap) {
			cap = cap * 2 + 16;
			more = realloc(rows, cap * sizeof(*rows));
			if (more == NULL)
				break;
			rows = more;
		}
		if (sqlite_format_check_state(d, stmt, e) != AB_OK ||
		    read_row(stmt, &rows[count++]) != 0)
			break;
		tell_gone(d, stmt, rows, count);
	}
	if (stmt != NULL && sqlite3_stmt_busy(stmt))
		error_set(e, AB_ENOMEM, "no memory for the states in %s", d->path);
	if (sqlite_done(d, stmt, e) != AB_OK || e->status != AB_OK ||
	    add_orphans(d, &rows, &count, e) != AB_OK) {
		dest_states_free(rows, count);
		return e->status;
	}
	*out = rows;
	*n = count;
	return AB_OK;
}

static void
bind_text(sqlite3_stmt *stmt, int at, const char *text)
{
	sqlite3_bind_text(stmt, at, text, -1, SQLITE_STATIC);
}

/* 0 is no time. */
static void
bind_time(sqlite3_stmt *stmt, int at, int64_t us)
{
	char text[CLOCK_TEXT];

	if (us != 0)
		sqlite3_bind_text(stmt, at, clock_format(us, text), -1, SQLITE_TRANSIENT);
}

ab_status
sqlite_state_put(struct sqlite *d, const struct dest_state *row, struct error *e)
{
	sqlite3_stmt *stmt = sqlite_query(d, e,
	    "INSERT OR REPLACE INTO _abhost_state (stream, namespace, partition, state, token,"
	    " pages, generation_id, started_at, is_refresh, done, notes, updated_at)"
	    " VALUES (?,?,?,?,?,?,?,?,?,?,?,?)");

	if (stmt == NULL)
		return e->status;
	bind_text(stmt, 1, row->stream);
	bind_text(stmt, 2, row->namespace_ ? row->namespace_ : "");
	bind_text(stmt, 3, row->partition ? row->partition : "");
	bind_text(stmt, 4, row->state);
	bind_text(stmt, 5, row->token);
	sqlite3_bind_int64(stmt, 6, row->pages);
	sqlite3_bind_int64(stmt, 7, row->generation_id);
	bind_time(stmt, 8, row->started_us);
	sqlite3_bind_int(stmt, 9, row->is_refresh);
	sqlite3_bind_int(stmt, 10, row->done);
	bind_text(stmt, 11, row->notes);
	bind_time(stmt, 12, clock_now_us());
	return sqlite_step_done(d, stmt, e);
}

ab_status
sqlite_state_delete(struct dest *base, const char *stream, const char *namespace_, struct error *e)
{
	struct sqlite *d = (struct sqlite *)base;

	if (sqlite_begin(d, e) != AB_OK)
		return e->status;
	return sqlite_run(d, e, "DELETE FROM _abhost_state WHERE stream = %Q AND namespace = %Q",
	    stream, namespace_ ? namespace_ : "");
}

static const char *
namespace_of(const struct sqlite_stream *s)
{
	return s->spec.namespace_ ? s->spec.namespace_ : "";
}

static const char *
mode_word(enum dest_mode mode)
{
	return mode == DEST_APPEND   ? "append"
	    : mode == DEST_OVERWRITE ? "overwrite"
				     : "append_dedup";
}

/* The first name that no other stream has. */
static ab_status
give_name(struct sqlite_stream *s, struct error *e)
{
	struct sqlite *d = s->d;
	struct buf name;
	size_t len;

	buf_init(&name, 2 * SHAPE_MAX_NAME + 4096);
	if (shape_table_name(&name, s->spec.namespace_, s->spec.name) != 0)
		error_set(e, AB_EDATA, "the name of stream %.100s is too long", s->spec.name);
	len = name.len;
	for (unsigned n = 2; e->status == AB_OK &&
	     sqlite_number(d, 0, e, "SELECT count(*) FROM _abhost_streams WHERE table_name = %Q",
		 buf_str(&name)) != 0;
	     n++) {
		name.len = len;
		buf_addf(&name, "_%u", n);
	}
	if (e->status == AB_OK)
		s->table = buf_steal(&name);
	buf_fini(&name);
	if (e->status == AB_OK && s->table == NULL)
		error_set(e, AB_ENOMEM, "no memory for a table's name");
	return e->status;
}

ab_status
sqlite_state_name(struct sqlite_stream *s, struct error *e)
{
	struct sqlite *d = s->d;
	char now[CLOCK_TEXT];
	int failed = 0;
	sqlite3_stmt *stmt = sqlite_query(d, e,
	    "SELECT table_name FROM _abhost_streams WHERE stream = %Q AND namespace = %Q"
	    " AND staging = 0",
	    s->spec.name, namespace_of(s));

	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		s->table = sqlite_run_text(stmt, 0, &failed);
	if (failed)
		error_set(e, AB_ENOMEM, "no memory for a table's name");
	if (sqlite_done(d, stmt, e) != AB_OK || s->table != NULL || give_name(s, e) != AB_OK)
		return e->status;
	return sqlite_run(d, e,
	    "INSERT INTO _abhost_streams (stream, namespace, staging, table_name, connector,"
	    " columns, created_at) VALUES (%Q, %Q, 0, %Q, %Q, '[]', %Q)",
	    s->spec.name, namespace_of(s), s->table, d->connector,
	    clock_format(clock_now_us(), now));
}

ab_status
sqlite_state_load(struct sqlite_stream *s, int staging, struct shape *shape, struct error *e)
{
	struct sqlite *d = s->d;
	const char *columns = NULL;
	int failed = 0;
	sqlite3_stmt *stmt = sqlite_query(d, e,
	    "SELECT columns, \"key\" FROM _abhost_streams WHERE stream = %Q AND namespace = %Q"
	    " AND staging = %d",
	    s->spec.name, namespace_of(s), staging);

	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
		columns = (const char *)sqlite3_column_text(stmt, 0);
		if (columns == NULL || shape_load(shape, columns, e) != AB_OK)
			error_wrap(e, "%s, table %s", d->path, s->table);
		if (shape == &s->shape) {
			free(s->key_json);
			s->key_json = sqlite_run_text(stmt, 1, &failed);
		}
	}
	if (failed)
		error_set(e, AB_ENOMEM, "no memory for a table's key");
	sqlite_done(d, stmt, e);
	return e->status;
}

ab_status
sqlite_state_save(struct sqlite_stream *s, struct error *e)
{
	struct buf columns;
	char now[CLOCK_TEXT];
	ab_status rc;

	buf_init(&columns, MAX_SHAPE_TEXT);
	if (shape_save(&s->shape, &columns) != 0)
		rc = error_set(e, AB_ENOMEM, "no memory for the columns of %s", s->table);
	else
		rc = sqlite_run(s->d, e,
		    "INSERT INTO _abhost_streams (stream, namespace, staging, table_name, connector,"
		    " columns, \"key\", mode, created_at) VALUES (%Q, %Q, %d, %Q, %Q, %Q, %Q, %Q, %Q)"
		    " ON CONFLICT (stream, namespace, staging) DO UPDATE SET columns = excluded.columns,"
		    " \"key\" = excluded.\"key\", mode = excluded.mode",
		    s->spec.name, namespace_of(s), s->staging, s->target, s->d->connector,
		    buf_str(&columns), s->key_json, mode_word(s->spec.mode),
		    clock_format(clock_now_us(), now));
	buf_fini(&columns);
	return rc;
}
