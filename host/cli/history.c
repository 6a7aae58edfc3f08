/* history.c - abhost history: the runs that filled a SQLite file, newest first. */
#include "cli/cli.h"
#include "cli/sql.h"

/* A file of an older format has no "changes". */
#define RUNS(changes) \
	"SELECT id AS run, connector, version, started_at," \
	" round((julianday(ended_at) - julianday(started_at)) * 86400, 2) AS seconds," \
	" outcome, records, bytes, " changes "error FROM _abhost_runs ORDER BY id DESC"

static int
has_column(sqlite3 *db, const char *name)
{
	return sqlite3_table_column_metadata(
		   db, NULL, "_abhost_runs", name, NULL, NULL, NULL, NULL, NULL) == SQLITE_OK;
}

static int
history_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	sqlite3 *db;

	if (sql_open(a->word[0], &db, &e) == AB_OK && !has_column(db, "id"))
		error_set(&e, AB_ECONFIG, "%s has no runs of abhost", a->word[0]);
	if (e.status == AB_OK)
		sql_print(db, has_column(db, "changes") ? RUNS("changes, ") : RUNS(""),
		    a->value[0] != NULL ? SQL_JSON : SQL_TABLE, stdout, &e);
	fflush(stdout);
	sqlite3_close(db);
	if (e.status == AB_OK)
		return CLI_DONE;
	cli_fail(&e);
	return CLI_FAILED;
}

static const struct cli_option options[] = {
    {"json", NULL, "one JSON object a run, instead of a table", 0}, {.name = NULL}};
const struct cli_command cmd_history = {.name = "history",
    .words = "DB",
    .summary = "List the runs that filled a SQLite file, newest first",
    .least = 1,
    .most = 1,
    .options = options,
    .run = history_run};
