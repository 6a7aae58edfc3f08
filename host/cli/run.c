/* run.c - abhost run: a connector's streams into a destination. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/report.h"
#include "cli/summary.h"
#include "cli/syncfile.h"
#include "cli/ui.h"
#include "data/config.h"
#include "dest/dest.h"
#include "engine/memory.h"

enum {
	OPT_TO,
	OPT_STREAMS,
	OPT_MODE,
	OPT_CONTRACT,
	OPT_COLUMNS,
	OPT_DELETED,
	OPT_CATALOG,
	OPT_STATE,
	OPT_FULL_REFRESH,
	OPT_VERIFY,
	OPT_WAIT,
	OPT_REPORT,
	OPT_JSON,
	OPT_QUIET,
	OPT_PAGE_CAP,
	OPT_CONCURRENCY,
	OPT_MEMORY,
	OPT_RECORD,
	OPT_REPLAY,
	OPT_ONE_THREAD,
	OPT_SECRETS,
	OPT_IN_PROCESS,
	OPT_TRACE,
	OPT_PYTHON
};

#define LEAST_PAGE_CAP 4096
#define MOST_PAGE_CAP  (1u << 30)
#define MOST_WAIT      (366u * 86400)
#define MOST_MEMORY    (1ull << 40)

struct run {
	const char *file; /* the SYNC.json, or NULL */
	struct cli_source source;
	json_t *catalog;
	const char *lists[4][CLI_MAX_REPEATS + 1]; /* --mode, --contract, --columns, --deleted */
	char *to;
	int to_stdout; /* the destination is standard output: people read standard error */
};

static ab_status
choose_destination(struct run *run, const char *to, struct error *e)
{
	size_t n = strlen(run->source.file.id) + sizeof(".db");

	run->to = to != NULL ? strdup(to) : malloc(n);
	if (run->to == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	if (to == NULL)
		snprintf(run->to, n, "%s.db", run->source.file.id);
	run->to_stdout = strcmp(run->to, "jsonl:-") == 0;
	return AB_OK;
}

static ab_status
choose_secrets(struct run *run, const struct cli_args *a, struct error *e)
{
	char *data = dest_place(run->to, a->value[OPT_STATE]);
	ab_status rc = cli_secrets(&run->source, a->value[OPT_SECRETS], a->word[1], data, e);

	free(data);
	return rc;
}

/* What the numbers among the options say; 0: that option is not there. */
struct sizes {
	uint64_t page_cap, memory, lanes, wait;
};

/* The option that is wrong, and what it must be; -1: none. */
static int
read_sizes(const struct cli_args *a, struct sizes *out, const char **must)
{
	const char *cap = a->value[OPT_PAGE_CAP], *memory = a->value[OPT_MEMORY];
	const char *lanes = a->value[OPT_CONCURRENCY], *wait = a->value[OPT_WAIT];
	int one = a->value[OPT_ONE_THREAD] != NULL;

	*out = (struct sizes){.lanes = one ? 1 : CLI_LANES};
	*must = "must be a number of bytes from 4K to 1024M, as in 64M";
	if (cap != NULL && cli_number(cap, LEAST_PAGE_CAP, MOST_PAGE_CAP, &out->page_cap) != 0)
		return OPT_PAGE_CAP;
	*must = "must be a number of bytes from 24M to 1048576M, as in 80M";
	if (memory != NULL && cli_number(memory, MEMORY_LEAST, MOST_MEMORY, &out->memory) != 0)
		return OPT_MEMORY;
	*must = "must be a number from 1 to 64";
	if (lanes != NULL && cli_number(lanes, 1, SOURCE_MAX_LANES, &out->lanes) != 0)
		return OPT_CONCURRENCY;
	*must = "must be a number of seconds from 1 to 31622400";
	if (wait != NULL && *wait != '\0' && cli_number(wait, 1, MOST_WAIT, &out->wait) != 0)
		return OPT_WAIT;
	*must = "reads one partition at a time: leave --concurrency out";
	return one && out->lanes > 1 ? OPT_ONE_THREAD : -1;
}

/* An option that was not given comes from the SYNC.json, where it is a key. */
static int
refuse_size(const char *file, const struct cli_args *given, int option, const char *must)
{
	struct error e = ERROR_INIT;
	char key[32];

	if (file == NULL || given->value[option] != NULL)
		return cli_misuse(&cmd_run, "--%s %s", cmd_run.options[option].name, must);
	snprintf(key, sizeof(key), "%s", cmd_run.options[option].name);
	for (char *p = key; *p != '\0'; p++)
		*p = *p == '-' ? '_' : *p;
	error_set(&e, AB_ECONFIG, "%s, /%s: %s", file, key, must);
	return cli_fail(&e);
}

static ab_status
run_init(struct run *run, const struct cli_args *a, const json_t *config, struct error *e)
{
	struct sync_options *o = &run->source.sync;
	char *connector = NULL;
	ab_status rc = cli_python(a->word[0], a->value[OPT_PYTHON], &connector, e);
	struct sizes sizes;
	const char *must;

	run->source.file.fd = -1;
	if (rc == AB_OK)
		rc = cli_source_init_with(&run->source, connector, a->word[1], config, e);
	free(connector);
	if (rc == AB_OK && a->value[OPT_IN_PROCESS] != NULL)
		rc = cli_own(&run->source, "--in-process", e);
	if (rc == AB_OK)
		rc = cli_record(&run->source, a->value[OPT_RECORD], a->value[OPT_REPLAY], e);
	if (rc == AB_OK)
		rc = choose_destination(run, a->value[OPT_TO], e);
	if (rc == AB_OK)
		rc = dest_check(run->to, a->value[OPT_STATE], e);
	if (rc == AB_OK)
		rc = choose_secrets(run, a, e);
	if (rc == AB_OK && a->value[OPT_CATALOG] != NULL)
		rc = config_read(a->value[OPT_CATALOG], &run->catalog, e);
	if (rc != AB_OK)
		return rc;
	o->to = run->to;
	o->state_file = a->value[OPT_STATE];
	o->streams = a->value[OPT_STREAMS];
	o->catalog = run->catalog;
	o->catalog_from = a->value[OPT_CATALOG] != NULL ? NULL : run->file;
	o->modes = cli_repeated(a, OPT_MODE, run->lists[0]);
	o->contracts = cli_repeated(a, OPT_CONTRACT, run->lists[1]);
	o->columns = cli_repeated(a, OPT_COLUMNS, run->lists[2]);
	o->deleted = cli_repeated(a, OPT_DELETED, run->lists[3]);
	o->full_refresh = a->value[OPT_FULL_REFRESH];
	o->verify = a->value[OPT_VERIFY] != NULL;
	o->one_thread = a->value[OPT_ONE_THREAD] != NULL;
	o->in_process = a->value[OPT_IN_PROCESS] != NULL;
	read_sizes(a, &sizes, &must);
	if (sizes.page_cap != 0)
		o->page_cap = (size_t)sizes.page_cap;
	o->lanes = (int)sizes.lanes;
	o->memory = (size_t)sizes.memory;
	o->wait_s = sizes.wait == 0 && a->value[OPT_WAIT] != NULL ? -1 : (int64_t)sizes.wait;
	return AB_OK;
}

static void
run_fini(struct run *run)
{
	cli_source_fini(&run->source);
	json_decref(run->catalog);
	free(run->to);
}

static int
exit_code(const struct sync_report *r, const struct error *e)
{
	switch (r->outcome) {
	case SYNC_DONE:
		return CLI_DONE;
	case SYNC_SOME_FAILED:
		return CLI_SOME_FAILED;
	case SYNC_CANCELLED:
		return 128 + (r->signal != 0 ? r->signal : SIGINT);
	default:
		return error_must_change(e->status) ? CLI_CONFIG : CLI_FAILED;
	}
}

/* What was asked for and cannot be written is a failure, too. */
static int
report(const struct run *run, const struct cli_args *a, const struct sync_report *r,
    const struct error *failed, int code)
{
	const struct report_run about = {
	    run->source.file.id, run->source.file.version, run->to, code};
	struct error e = ERROR_INIT;

	if (a->value[OPT_REPORT] == NULL ||
	    report_write(a->value[OPT_REPORT], &about, r, failed, &e) == AB_OK)
		return code;
	cli_fail(&e);
	return code != CLI_DONE ? code : CLI_FAILED;
}

static int
run_sync(struct run *run, const struct cli_args *a)
{
	struct sync_options *o = &run->source.sync;
	FILE *people = run->to_stdout ? stderr : stdout;
	enum ui_form form = a->value[OPT_JSON] != NULL ? UI_JSON
	    : a->value[OPT_QUIET] != NULL	       ? UI_QUIET
						       : ui_form_for(people);
	struct ui ui = {
	    .id = run->source.file.id, .version = run->source.file.version, .where = run->to};
	struct sync_report told = {0};
	struct error e = ERROR_INIT;
	int code;

	dest_advise(" with --to", " (--wait does)");
	ui_begin(&ui, form, people);
	o->on_event = ui_event;
	o->ctx = &ui;
	o->on_trace = a->value[OPT_TRACE] != NULL ? ui_trace : NULL;
	o->trace_ctx = &ui;
	sync_run(o, &told, &e);
	ui_end(&ui);
	if (told.nstreams > 0 && (form == UI_LIVE || form == UI_LINES))
		summary_print(people, &told, run->to);
	fflush(people);
	code = exit_code(&told, &e);
	if (code != CLI_DONE && summary_trouble(&told, run->to) == 0)
		cli_fail(&e);
	code = report(run, a, &told, &e, code);
	sync_report_fini(&told);
	return code;
}

/* config, catalog: of a SYNC.json, whose name is `file`; or NULL.  given: the command line, a: that and what the file says. */
static int
run_words(const struct cli_args *given, const struct cli_args *a, const json_t *config,
    json_t *catalog, const char *file)
{
	struct run run = {.file = file};
	const struct sync_report none = {.outcome = SYNC_FAILED};
	struct error e = ERROR_INIT;
	struct sizes sizes;
	const char *must;
	int code, wrong = read_sizes(a, &sizes, &must);

	if (wrong >= 0)
		return refuse_size(file, given, wrong, must);
	if (a->value[OPT_JSON] != NULL && a->value[OPT_QUIET] != NULL)
		return cli_misuse(&cmd_run, "--json and --quiet exclude each other");
	if (a->value[OPT_RECORD] != NULL && a->value[OPT_REPLAY] != NULL)
		return cli_misuse(&cmd_run, "--record and --replay exclude each other");
	if (a->value[OPT_REPORT] != NULL && report_check(a->value[OPT_REPORT], &e) != AB_OK)
		return cli_misuse(&cmd_run, "%s", e.text);
	if (a->value[OPT_VERIFY] != NULL && a->value[OPT_TO] != NULL &&
	    dest_check_verify(a->value[OPT_TO], &e) != AB_OK)
		return cli_misuse(&cmd_run, "%s", e.text);
	if (a->value[OPT_IN_PROCESS] != NULL && !cli_is_in_process())
		return cli_exec_in_process(a->argv);
	run.catalog = json_incref(catalog);
	if (run_init(&run, a, config, &e) == AB_OK)
		code = run_sync(&run, a);
	else
		code = report(&run, a, &none, &e, cli_fail(&e));
	run_fini(&run);
	return code;
}

static int
run_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	struct syncfile s;
	int code;

	if (a->nwords == 2)
		return run_words(a, a, NULL, NULL, NULL);
	if (!syncfile_is(a))
		return cli_misuse(&cmd_run, "CONFIG is missing: abhost run CONNECTOR CONFIG");
	code = syncfile_read(&s, &cmd_run, a, &e) == AB_OK
	    ? run_words(a, &s.args, s.config, s.catalog, s.path)
	    : cli_fail(&e);
	syncfile_fini(&s);
	return code;
}

static const struct cli_option options[] = {
    [OPT_TO] = {"to", "DEST",
	"where to: sqlite:FILE, FILE.db, jsonl:FOLDER, jsonl:- (default: ./ID.db)", 0},
    [OPT_STREAMS] = {"streams", "A,B", "only these streams", 0},
    [OPT_MODE] = {"mode", "STREAM=MODE", "a sync mode, e.g. users=full_refresh:append (repeatable)",
	1},
    [OPT_CONTRACT] = {"contract", "[STREAM=]MODE",
	"for what is new or does not fit: evolve (default), freeze, discard_row, discard_value", 1},
    [OPT_COLUMNS] = {"columns", "STREAM=A,B", "only these fields (repeatable)", 1},
    [OPT_DELETED] = {"deleted", "[STREAM=]HOW",
	"what becomes of deleted records: mark[:FIELD] (default), remove[:FIELD], keep", 1},
    [OPT_CATALOG] = {"catalog", "FILE", "streams and modes from a ConfiguredAirbyteCatalog", 0},
    [OPT_STATE] = {"state", "FILE", "keep the state here, for a destination that cannot (jsonl:-)",
	0},
    [OPT_FULL_REFRESH] = {"full-refresh", "=A,B",
	"read all streams, or these, from the beginning, whatever was read before", 0},
    [OPT_VERIFY] = {"verify", NULL,
	"at the end, compare what the tables hold with what the source gave", 0},
    [OPT_WAIT] = {"wait", "=SECONDS",
	"wait while another run has the destination, so long or until it ends", 0},
    [OPT_REPORT] = {"report", "FILE", "write how it went, as JSON (schema/report.json)", 0},
    [OPT_JSON] = {"json", NULL, "events as JSON objects, one a line", 0},
    [OPT_QUIET] = {"quiet", NULL, "say nothing but warnings and errors", 0},
    [OPT_PAGE_CAP] = {"page-cap", "SIZE",
	"largest page that a connector may hand over (default: 64M)", 0},
    [OPT_CONCURRENCY] = {"concurrency", "N",
	"streams and partitions that are read at once, 1 to 64 (default: 8)", 0},
    [OPT_MEMORY] = {"memory", "SIZE",
	"what both processes may take (default: 32M, with append_dedup 80M)", 0},
    [OPT_RECORD] = CLI_RECORD,
    [OPT_REPLAY] = CLI_REPLAY,
    [OPT_ONE_THREAD] = {"one-thread", NULL,
	"one partition at a time; read, convert and write in one thread", 0},
    [OPT_SECRETS] = CLI_SECRETS,
    [OPT_IN_PROCESS] = CLI_IN_PROCESS,
    [OPT_TRACE] = CLI_TRACE,
    [OPT_PYTHON] = CLI_PYTHON,
    {.name = NULL}};
const struct cli_command cmd_run = {.name = "run",
    .words = "CONNECTOR CONFIG",
    .summary = "Sync a connector's streams into a database",
    .more =
	"Records and state are committed together: stopped or killed at any moment, the same command\n"
	"goes on where it stopped, and nothing is lost or doubled. MODE is SYNC:DESTINATION with SYNC one\n"
	"of full_refresh, incremental and DESTINATION one of overwrite, append, append_dedup.\n\n"
	"CONNECTOR may be a program that speaks Airbyte's protocol: airbyte:NAME (on PATH, or installed by\n"
	"--python) or airbyte:./FILE.\n\n"
	"abhost run SYNC.json: connector, config, destination, streams and options in one file, for cron; its\n"
	"schema is schema/sync.json, and options of the command line win.\n\n"
	"Exit codes: 0 done, 1 failed, 2 wrong command line, 3 the configuration must change,\n"
	"4 some streams failed, 130 and 143 stopped by SIGINT and SIGTERM.",
    .least = 1,
    .most = 2,
    .options = options,
    .run = run_run};
