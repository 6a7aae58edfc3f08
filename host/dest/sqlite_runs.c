/* sqlite_runs.c - the rows of _abhost_runs: one for each run, written when it begins and with each of its commits.
 *
 * An attempt is a run that goes on where one before did not come to its end: attempts count from 1 behind each run that
 * succeeded. */
#include "dest/sqlite.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

char *
sqlite_run_text(sqlite3_stmt *stmt, int col, int *failed)
{
	const char *text = (const char *)sqlite3_column_text(stmt, col);
	char *copy = text == NULL ? NULL : strdup(text);

	*failed |= text != NULL && copy == NULL;
	return copy;
}

int64_t
sqlite_run_time(sqlite3_stmt *stmt, int col)
{
	const char *text = (const char *)sqlite3_column_text(stmt, col);
	int64_t us = 0;

	if (text == NULL || clock_parse(text, strlen(text), &us) != 0)
		return 0;
	return us;
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
sqlite_run_begin(struct dest *base, struct dest_run *run, struct error *e)
{
	struct sqlite *d = (struct sqlite *)base;
	char host[256] = "";
	sqlite3_stmt *stmt;

	/* We hold the lock, so a run that never ended was killed. */
	if (sqlite_begin(d, e) != AB_OK ||
	    sqlite_run(d, e,
		"UPDATE _abhost_runs SET outcome = 'killed' WHERE outcome = 'running'") != AB_OK)
		return e->status;
	stmt = sqlite_query(d, e,
	    "INSERT INTO _abhost_runs (connector, version, started_at, outcome, records, bytes,"
	    " \"rows\", host, pid, attempt) VALUES (?,?,?,'running',0,0,0,?,?, ifnull((SELECT"
	    " iif(outcome = 'succeeded', 0, ifnull(attempt, 1)) FROM _abhost_runs ORDER BY id DESC"
	    " LIMIT 1), 0) + 1)");
	if (stmt == NULL)
		return e->status;
	gethostname(host, sizeof(host) - 1);
	bind_text(stmt, 1, run->connector);
	bind_text(stmt, 2, run->version);
	bind_time(stmt, 3, run->started_us);
	bind_text(stmt, 4, host);
	sqlite3_bind_int64(stmt, 5, getpid());
	if (sqlite_step_done(d, stmt, e) != AB_OK)
		return e->status;
	run->id = sqlite3_last_insert_rowid(d->db);
	return sqlite_run(d, e, "COMMIT");
}

static void
bind_run(sqlite3_stmt *stmt, const struct dest_run *run)
{
	bind_time(stmt, 1, run->ended_us);
	bind_text(stmt, 2, run->outcome);
	bind_text(stmt, 3, run->error);
	sqlite3_bind_int64(stmt, 4, run->records);
	sqlite3_bind_int64(stmt, 5, run->bytes);
	bind_text(stmt, 6, run->failure_type);
	if (run->ended_us != 0)
		sqlite3_bind_double(stmt, 7, (double)(run->ended_us - run->started_us) / 1e6);
}

ab_status
sqlite_run_update(struct sqlite *d, const struct dest_run *run, struct error *e)
{
	sqlite3_stmt *stmt = sqlite_query(d, e,
	    "UPDATE _abhost_runs SET ended_at = ?, outcome = ?, error = ?, records = ?, bytes = ?,"
	    " failure_type = ?, seconds = ?, changes = ?, \"rows\" = ? WHERE id = ?");
	struct dest_stats sum = d->rested;
	struct buf changes;
	ab_status rc;

	if (stmt == NULL)
		return e->status;
	for (const struct sqlite_stream *s = d->live; s != NULL; s = s->next_live)
		dest_stats_sum(&sum, &s->stats);
	buf_init(&changes, 1024);
	buf_addc(&changes, '{');
	dest_stats_add(&sum, &changes);
	buf_addc(&changes, '}');
	bind_run(stmt, run);
	bind_text(stmt, 8, changes.len > 2 ? buf_str(&changes) : NULL);
	sqlite3_bind_int64(stmt, 9, sum.rows);
	sqlite3_bind_int64(stmt, 10, run->id);
	rc = sqlite_step_done(d, stmt, e);
	buf_fini(&changes);
	return rc;
}

static int64_t
column_count(sqlite3_stmt *stmt, int col)
{
	return sqlite3_column_type(stmt, col) == SQLITE_NULL ? -1 : sqlite3_column_int64(stmt, col);
}

static int
read_past(sqlite3_stmt *stmt, struct dest_past *run)
{
	int failed = 0;

	*run = (struct dest_past){
	    .id = sqlite3_column_int64(stmt, 0),
	    .connector = sqlite_run_text(stmt, 1, &failed),
	    .version = sqlite_run_text(stmt, 2, &failed),
	    .started_us = sqlite_run_time(stmt, 3),
	    .ended_us = sqlite_run_time(stmt, 4),
	    .outcome = sqlite_run_text(stmt, 5, &failed),
	    .error = sqlite_run_text(stmt, 6, &failed),
	    .records = column_count(stmt, 7),
	    .bytes = column_count(stmt, 8),
	    .host = sqlite_run_text(stmt, 9, &failed),
	    .pid = column_count(stmt, 10),
	    .changes = sqlite_run_text(stmt, 11, &failed),
	    .attempt = column_count(stmt, 12),
	    .rows = column_count(stmt, 13),
	    .failure_type = sqlite_run_text(stmt, 14, &failed),
	};
	return failed ? -1 : 0;
}

/* Columns of a later format than the file's are not there; nothing is changed where it is only read. */
static sqlite3_stmt *
query_runs(struct sqlite *d, struct error *e)
{
	int64_t format =
	    sqlite_number(d, 1, e, "SELECT value FROM _abhost_meta WHERE name = 'format'");
	const char *changes = format >= 2 ? "changes" : "NULL";
	const char *rest = format >= 3 ? "attempt, \"rows\", failure_type" : "NULL, NULL, NULL";

	if (e->status != AB_OK)
		return NULL;
	return sqlite_query(d, e,
	    "SELECT id, connector, version, started_at, ended_at, outcome, error, records, bytes,"
	    " host, pid, %s, %s FROM _abhost_runs ORDER BY id DESC",
	    changes, rest);
}

ab_status
sqlite_run_list(struct dest *base, struct dest_past **out, size_t *n, struct error *e)
{
	struct sqlite *d = (struct sqlite *)base;
	sqlite3_stmt *stmt = query_runs(d, e);
	struct dest_past *runs = NULL, *more;
	size_t count = 0, cap = 0;

	while (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW) {
		if (count == cap) {
			cap = cap * 2 + 16;
			more = realloc(runs, cap * sizeof(*runs));
			if (more == NULL)
				break;
			runs = more;
		}
		if (read_past(stmt, &runs[count++]) != 0)
			break;
	}
	if (stmt != NULL && sqlite3_stmt_busy(stmt))
		error_set(e, AB_ENOMEM, "no memory for the runs in %s", d->path);
	if (sqlite_done(d, stmt, e) != AB_OK || e->status != AB_OK) {
		dest_pasts_free(runs, count);
		return e->status;
	}
	*out = runs;
	*n = count;
	return AB_OK;
}
