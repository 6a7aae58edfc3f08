/* test.c - abhost test: the acceptance kit, as TAP or as JSON lines. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "accept/accept.h"
#include "base/log.h"
#include "base/redact.h"
#include "cli/cli.h"
#include "data/jsontext.h"

#define DOCS	     "docs/connector-tests.md"
#define PAGE_CAP     (64u << 20)
#define CALL_SECONDS 60
#define PAGES_READ   10000

enum { CONFIG, RECORD, REPLAY, STREAM, PAGES, IN_PROCESS, JSON };

/* A member of a failure's block; what has several lines is indented below its name. */
static void
print_member(const char *name, char *text)
{
	const char *end;

	cli_clean(redact_text(text));
	if (strchr(text, '\n') == NULL) {
		printf("  %s: %s\n", name, text);
		return;
	}
	printf("  %s: |\n", name);
	for (; *text != '\0'; text += end - text + (*end == '\n')) {
		end = text + strcspn(text, "\n");
		printf("    %.*s\n", (int)(end - text), text);
	}
}

static void
print_copy(const char *name, const char *text)
{
	char *copy = strdup(text);

	if (copy != NULL)
		print_member(name, copy);
	free(copy);
}

/* Behind `before`, on the line that it stands on: a connector's words must not look like a line of TAP. */
static void
print_rest(const char *before, const char *text)
{
	char *copy = strdup(text);

	if (copy != NULL) {
		cli_clean(redact_text(copy));
		for (char *p = copy; (p = strchr(p, '\n')) != NULL;)
			*p = ' ';
	}
	printf("%s%s", before, copy != NULL ? copy : "");
	free(copy);
}

static void
print_tap(void *ctx, const struct accept_result *r)
{
	(void)ctx;
	if (r->number == 1)
		printf("TAP version 13\n1..%u\n", accept_count());
	printf("%s %u - %s: %s", r->verdict == ACCEPT_FAILED ? "not ok" : "ok", r->number,
	    r->family, r->title);
	if (r->verdict == ACCEPT_SKIPPED)
		print_rest(" # SKIP ", r->reason);
	putchar('\n');
	if (r->verdict == ACCEPT_FAILED) {
		printf("  ---\n");
		print_copy("check", r->name);
		print_copy("expected", r->expected);
		print_copy("seen", r->seen);
		print_copy("why", r->why);
		printf("  docs: %s#%s\n  ...\n", DOCS, r->name);
	} else if (*r->note != '\0') {
		print_rest("# ", r->note);
		putchar('\n');
	}
	fflush(stdout);
}

static void
print_json(void *ctx, const struct accept_result *r)
{
	static const char *const words[] = {"ok", "failed", "skipped"};
	char docs[160], *text;
	json_t *v;

	(void)ctx;
	snprintf(docs, sizeof(docs), "%s#%s", DOCS, r->name);
	v = json_pack("{s:s, s:s, s:s, s:s}", "family", r->family, "name", r->name, "title",
	    r->title, "result", words[r->verdict]);
	if (r->verdict == ACCEPT_FAILED)
		json_object_update_new(v,
		    json_pack("{s:s, s:s, s:s, s:s}", "expected", r->expected, "seen", r->seen,
			"why", r->why, "docs", docs));
	if (r->verdict == ACCEPT_SKIPPED)
		json_object_set_new(v, "reason", json_string(r->reason));
	if (*r->note != '\0')
		json_object_set_new(v, "note", json_string(r->note));
	text = jsontext_make(v, JSON_COMPACT);
	if (text != NULL)
		puts(redact_text(text));
	free(text);
	json_decref(v);
	fflush(stdout);
}

static int
finish(const struct accept_counts *counts, ab_status rc, const struct error *e)
{
	if (counts->signal != 0)
		return 128 + counts->signal;
	if (rc != AB_OK) {
		cli_fail(e);
		return CLI_USAGE;
	}
	return counts->failed > 0 ? CLI_FAILED : CLI_DONE;
}

/* The recording, and *folder, where the tests find it; NULL: there is none. */
static ab_status
record(struct accept_options o, const char *into, char **folder, struct accept_counts *counts,
    struct error *e)
{
	struct cli_source s = {.file.fd = -1};
	struct cli_recording made = {0};

	*folder = NULL;
	if (cli_record_begin(&made, into, e) == AB_OK &&
	    cli_secrets(&s, NULL, o.config, NULL, e) == AB_OK) {
		o.record = made.path;
		o.secrets = s.secrets;
		accept_record(&o, counts, e);
		if ((*folder = strdup(made.path)) == NULL)
			error_set(e, AB_ENOMEM, "no memory");
	}
	if (!cli_record_end(&made, e->status == AB_OK && counts->signal == 0)) {
		free(*folder);
		*folder = NULL;
	}
	cli_source_fini(&s);
	return e->status;
}

static int
run_once(const struct accept_options *o)
{
	struct error e = ERROR_INIT;

	return accept_once(o, &e) == AB_OK ? CLI_DONE : cli_fail(&e);
}

static int
test_run(const struct cli_args *a)
{
	const char *seconds = getenv("ABHOST_CALL_TIMEOUT");
	uint64_t timeout = CALL_SECONDS, pages = PAGES_READ;
	char inprocess[4096];
	struct accept_options o = {.connector = a->word[0],
	    .config = a->value[CONFIG],
	    .fixtures = a->value[REPLAY],
	    .stream = a->value[STREAM],
	    .page_cap = PAGE_CAP,
	    .each = a->value[JSON] != NULL ? print_json : print_tap};
	struct accept_counts counts = {0};
	const char *into = a->value[RECORD];
	struct error e = ERROR_INIT;
	char *folder = NULL;
	ab_status rc = AB_OK;

	if (into != NULL && (o.fixtures != NULL || o.config == NULL))
		return cli_misuse(&cmd_test,
		    o.fixtures != NULL
			? "--record and --replay exclude each other"
			: "--record needs --config FILE, with the credentials of the real API");
	if (seconds != NULL && cli_number(seconds, 1, 86400, &timeout) != 0)
		return cli_misuse(
		    &cmd_test, "ABHOST_CALL_TIMEOUT must be a number of seconds from 1 to 86400");
	if (a->value[PAGES] != NULL && cli_number(a->value[PAGES], 1, 100000000, &pages) != 0)
		return cli_misuse(&cmd_test, "--pages must be a number from 1 to 100000000");
	if (a->value[IN_PROCESS] != NULL && !cli_is_in_process())
		return cli_exec_in_process(a->argv);
	o.call_timeout_s = (int)timeout;
	o.pages = (size_t)pages;
	o.in_process = a->value[IN_PROCESS] != NULL;
	if (o.in_process)
		return run_once(&o);
	if (cli_find_in_process(inprocess, sizeof(inprocess)) == 0)
		o.inprocess = inprocess;
	log_level(AB_ERROR);
	if (into != NULL) {
		rc = record(o, into, &folder, &counts, &e);
		o.fixtures = folder;
	}
	if (rc == AB_OK)
		rc = accept_run(&o, &counts, &e);
	if (rc != AB_OK && a->value[JSON] == NULL &&
	    counts.ok + counts.failed + counts.skipped > 0) {
		print_rest("Bail out! ", e.text);
		putchar('\n');
	}
	if (rc == AB_OK && a->value[JSON] == NULL)
		printf(
		    "# %u ok, %u failed, %u skipped\n", counts.ok, counts.failed, counts.skipped);
	free(folder);
	return finish(&counts, rc, &e);
}

static const struct cli_option options[] = {
    {"config", "FILE", "the configuration (default: config.json or config.example.json beside it)",
	0},
    {"record", "DIR", "ask the API all that the checks ask and record it, then test", 0},
    {"replay", "DIR", "the fixtures (default: fixtures/ beside the connector)", 0},
    {"stream", "NAME", "read this stream only", 0},
    {"pages", "N", "read so many pages to see whether memory grows (default 10000)", 0},
    {"in-process", NULL, "no checks: run it once in this process, for gdb and valgrind", 0},
    {"json", NULL, "one JSON object a check, in place of TAP", 0}, {.name = NULL}};
const struct cli_command cmd_test = {.name = "test",
    .words = "CONNECTOR",
    .summary = "Check a connector against all that a host expects of it, for its author",
    .more =
	"The answers of its API come from fixtures, a recording of it: no connection is opened,\n"
	"but by --record.\n"
	"A failed check says what was expected, what was seen, and why it matters;\n"
	"docs/connector-tests.md has a paragraph for each.\n"
	"Exit codes: 0 all ok, 1 some failed, 2 it could not be tested.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = test_run};
