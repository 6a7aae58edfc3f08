/* query.c - abhost query: SQL against a SQLite file that a sync has filled. */
#include "cli/cli.h"
#include "cli/sql.h"

static int
query_run(const struct cli_args *a)
{
	return sql_show(a->word[0], a->word[1], a->value[0] != NULL ? SQL_JSON : SQL_TABLE);
}

static const struct cli_option options[] = {
    {"json", NULL, "one JSON object a row, instead of a table", 0}, {.name = NULL}};
const struct cli_command cmd_query = {.name = "query",
    .words = "DB SQL",
    .summary = "Query a SQLite file; nothing in it can be changed",
    .more =
	"On a terminal the columns are aligned, and long values cut. Elsewhere they are separated by\n"
	"tabs: \\t \\n \\r \\\\ stand for these characters, \\N for NULL.",
    .least = 2,
    .most = 2,
    .options = options,
    .run = query_run};
