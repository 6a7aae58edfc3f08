/* history.c - abhost history: the runs that filled a destination, newest first. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "cli/text.h"

enum { OPT_STATE, OPT_JSON };

static const char *const names[] = {"run", "attempt", "connector", "version", "started_at",
    "seconds", "outcome", "failure_type", "records", "rows", "bytes", "changes", "host", "pid",
    "error"};
#define NNAMES (sizeof(names) / sizeof(names[0]))

/* The cells of one run; what is not known is absent. `room`: for the numbers. */
static void
fill_cells(const struct dest_past *r, const char *cells[NNAMES], char room[NNAMES][CLOCK_TEXT])
{
	const int64_t counts[] = {r->id, r->attempt, r->records, r->rows, r->bytes, r->pid};
	static const size_t places[] = {0, 1, 8, 9, 10, 13};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(room[places[i]], CLOCK_TEXT, "%" PRId64, counts[i]);
		cells[places[i]] = counts[i] < 0 ? NULL : room[places[i]];
	}
	cells[2] = r->connector;
	cells[3] = r->version;
	cells[4] = r->started_us == 0 ? NULL : clock_format(r->started_us, room[4]);
	snprintf(room[5], CLOCK_TEXT, "%.2f", (double)(r->ended_us - r->started_us) / 1e6);
	cells[5] = r->started_us == 0 || r->ended_us == 0 ? NULL : room[5];
	cells[6] = r->outcome;
	cells[7] = r->failure_type;
	cells[11] = r->changes;
	cells[12] = r->host;
	cells[14] = r->error;
}

static int
print_table(const struct dest_past *runs, size_t n)
{
	char room[NNAMES][CLOCK_TEXT];
	const char *cells[NNAMES];
	struct table t;
	int bad = table_init(&t, stdout, table_form_for(stdout), names, NNAMES);

	for (size_t i = 0; i < n && !bad; i++) {
		fill_cells(&runs[i], cells, room);
		bad = table_row(&t, cells);
	}
	return table_fini(&t) != 0 || bad ? -1 : 0;
}

static int
is_number(size_t column)
{
	return column < 2 || column == 5 || (column >= 8 && column <= 10) || column == 13;
}

static int
print_json(const struct dest_past *run)
{
	char room[NNAMES][CLOCK_TEXT];
	const char *cells[NNAMES];
	struct buf line;
	int failed;

	fill_cells(run, cells, room);
	buf_init(&line, 1u << 24);
	for (size_t i = 0; i < NNAMES; i++) {
		buf_addf(&line, "%c\"%s\":", i == 0 ? '{' : ',', names[i]);
		if (cells[i] == NULL)
			buf_adds(&line, "null");
		else if (is_number(i) || i == 11)
			buf_adds(&line, cells[i]);
		else
			buf_add_json_string(&line, cells[i], strlen(cells[i]));
	}
	buf_adds(&line, "}\n");
	failed = line.failed;
	if (!failed)
		fputs(buf_str(&line), stdout);
	buf_fini(&line);
	return failed ? -1 : 0;
}

static ab_status
print_runs(struct dest *d, int as_json, struct error *e)
{
	struct dest_past *runs = NULL;
	size_t n = 0;
	int bad = 0;

	if (d->ops->runs(d, &runs, &n, e) != AB_OK)
		return e->status;
	if (!as_json)
		bad = print_table(runs, n);
	for (size_t i = 0; i < n && as_json && !bad; i++)
		bad = print_json(&runs[i]);
	dest_pasts_free(runs, n);
	return bad ? error_set(e, AB_ENOMEM, "no memory") : AB_OK;
}

static int
history_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	struct dest *d = NULL;

	if (cli_open_data(a->word[0], a->value[OPT_STATE], &d, &e) == AB_OK)
		print_runs(d, a->value[OPT_JSON] != NULL, &e);
	if (d != NULL)
		d->ops->close(d);
	if (e.status == AB_OK)
		return CLI_DONE;
	cli_fail(&e);
	return CLI_FAILED;
}

static const struct cli_option options[] = {[OPT_STATE] = CLI_STATE,
    [OPT_JSON] = {"json", NULL, "one JSON object a run, instead of a table", 0},
    {.name = NULL}};
const struct cli_command cmd_history = {.name = "history",
    .words = "DEST",
    .summary = "List the runs that filled a destination, newest first",
    .more =
	"DEST is what --to named: my-api.db, sqlite:FILE, jsonl:FOLDER. An attempt is a run that goes on where one\n"
	"before did not come to its end; failure_type is one of Airbyte's: config_error, transient_error,\n"
	"system_error, manual_cancellation. records and bytes were read, rows written.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = history_run};
