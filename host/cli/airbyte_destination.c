/* airbyte_destination.c - abhost airbyte-destination: a destination that speaks Airbyte's protocol.
 *
 * Messages come on standard input; standard output has nothing but messages, one a line.  Exit codes are Airbyte's: 0, also
 * for a check that says no; 1 with a TRACE ERROR; 2 for a wrong command line. */
#include <config.h> /* asprintf */

#include <errno.h>
#include <libgen.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "cli/airbyte.h"
#include "cli/cli.h"
#include "data/config.h"
#include "engine/intake.h"

#define ID	"airbyte-destination" /* whose place it is */
#define IDLE_MS 1000

enum { OPT_CONFIG, OPT_CATALOG, OPT_MAX_LINE, OPT_DEBUG };

#define LEAST_LINE 1024
#define MOST_LINE  (1u << 30)

struct kind {
	const char *name, *what, *example;
};

static const struct kind kinds[] = {
    {"sqlite", "The file, e.g. /data/my.db; it is made where it is not there.", "/data/my.db"},
    {"jsonl", "A folder, for a file per stream, or a file for all of them.", "/data/my-data/"}};

struct call {
	const struct kind *kind;
	struct airbyte_out *out;
	const char *config, *catalog; /* files */
	size_t max_line;
	json_t *spec;
	char *to;
	int told; /* a stream's error was */
};

static json_t *
make_spec(const struct kind *k)
{
	return json_pack("{s:s, s:s, s:s, s:[s], s:b, s:{s:{s:s, s:s, s:s, s:[s], s:i, s:i}}}",
	    "$schema", "http://json-schema.org/draft-07/schema#", "title", k->name, "type",
	    "object", "required", "destination_path", "additionalProperties", 1, "properties",
	    "destination_path", "type", "string", "title", "Path", "description", k->what,
	    "examples", k->example, "minLength", 1, "order", 0);
}

static int
fail(struct call *c, const struct error *e)
{
	if (!c->told)
		airbyte_error(c->out, NULL, NULL, e);
	return CLI_FAILED;
}

static int
do_spec(struct call *c)
{
	airbyte_send(c->out, "SPEC", "spec",
	    json_pack("{s:s, s:O, s:b, s:[s, s, s], s:b, s:b}", "protocol_version", "0.2.0",
		"connectionSpecification", c->spec, "supportsIncremental", 1,
		"supported_destination_sync_modes", "overwrite", "append", "append_dedup",
		"supportsNormalization", 0, "supportsDBT", 0));
	return CLI_DONE;
}

/* What Airbyte's own destination for SQLite knows as /local/my.db is a path like any other here. */
static ab_status
read_config(struct call *c, struct error *e)
{
	json_t *config = NULL;
	const char *path;

	if (config_read(c->config, &config, e) != AB_OK)
		return e->status;
	if (config_check(c->spec, config, e) == AB_OK) {
		path = config_string(config, "destination_path");
		if (strcmp(path, "-") == 0)
			error_set(e, AB_ECONFIG,
			    "/destination_path: standard output is the protocol's; name a folder or a file");
		else if (asprintf(&c->to, "%s:%s", c->kind->name, path) < 0)
			c->to = NULL;
	}
	json_decref(config);
	if (e->status == AB_OK && c->to == NULL)
		error_set(e, AB_ENOMEM, "no memory");
	else if (e->status == AB_OK)
		dest_check(c->to, NULL, e);
	return e->status == AB_OK ? AB_OK : error_wrap(e, "%s", c->config);
}

/* A place that is not there yet is not made by a check. */
static ab_status
try_place(const struct call *c, struct error *e)
{
	char *place = dest_place(c->to, NULL), *folder = place == NULL ? NULL : strdup(place);
	struct dest *d = NULL;
	struct stat st;

	if (folder == NULL)
		error_set(e, AB_ENOMEM, "no memory");
	else if (stat(place, &st) == 0 && (!S_ISREG(st.st_mode) || st.st_size > 0))
		dest_open(c->to, ID, NULL, 0, &d, e);
	else if (file_try_folder(dirname(folder)) != 0)
		error_set(e, AB_ECONFIG, "%s cannot be made: %s", place, strerror(errno));
	if (d != NULL)
		d->ops->close(d);
	free(place);
	free(folder);
	return e->status;
}

static int
do_check(struct call *c)
{
	struct error e = ERROR_INIT;
	json_t *v;

	if (read_config(c, &e) == AB_OK)
		try_place(c, &e);
	v = json_pack("{s:s}", "status", e.status == AB_OK ? "SUCCEEDED" : "FAILED");
	if (e.status != AB_OK)
		json_object_set_new(v, "message", airbyte_text(e.text));
	airbyte_send(c->out, "CONNECTION_STATUS", "connectionStatus", v);
	return CLI_DONE;
}

static int
on_durable(void *ctx, const char *line, size_t len)
{
	struct airbyte_out *out = ((struct call *)ctx)->out;

	if (airbyte_send_line(out, line, len) != 0)
		airbyte_out_lack(out);
	return airbyte_out_failed(out) != 0 ? -1 : 0;
}

static void
on_failure(void *ctx, const char *stream, const char *ns, const struct error *e)
{
	struct call *c = ctx;

	airbyte_error(c->out, stream, ns, e);
	c->told = 1;
}

/* More of the input.  1: that is its end. */
static int
feed(struct intake *in, struct lines *lines, struct error *e)
{
	struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
	size_t room;
	char *to = lines_room(lines, &room);
	ssize_t n;

	if (to == NULL) {
		error_set(e, AB_ENOMEM, "no memory for a line of the input");
		return 0;
	}
	while (poll(&p, 1, IDLE_MS) == 0)
		if (intake_idle(in, e) != AB_OK)
			return 0;
	while ((n = read(STDIN_FILENO, to, room)) < 0 && errno == EINTR)
		;
	if (n < 0)
		error_set(e, AB_ETRANSIENT, "standard input cannot be read: %m");
	else if (n > 0)
		lines_fed(lines, (size_t)n);
	else
		lines_end(lines);
	return n == 0;
}

static ab_status
take_lines(const struct call *c, struct intake *in, struct lines *lines, struct error *e)
{
	struct line line;
	int code;

	for (lines_next(lines, &line); line.type != LINE_NONE; lines_next(lines, &line))
		if (intake_line(in, &line, e) != AB_OK)
			return e->status;
	if ((code = airbyte_out_failed(c->out)) != 0)
		error_set(
		    e, AB_EUNSUPPORTED, "standard output cannot be written: %s", strerror(code));
	return e->status;
}

static ab_status
take_all(struct call *c, struct dest *d, const json_t *catalog, struct error *e)
{
	const struct intake_options o = {
	    d, ID, PACKAGE_VERSION, catalog, on_durable, on_failure, c};
	struct intake *in = NULL;
	struct lines lines;
	int ended = 0;

	lines_init(&lines, c->max_line);
	intake_open(&o, &in, e);
	while (e->status == AB_OK && !ended) {
		ended = feed(in, &lines, e);
		if (e->status == AB_OK)
			take_lines(c, in, &lines, e);
	}
	if (e->status == AB_OK)
		intake_end(in, e);
	intake_close(in, e);
	lines_fini(&lines);
	return e->status;
}

static int
do_write(struct call *c)
{
	struct error e = ERROR_INIT;
	json_t *catalog = NULL;
	struct dest *d = NULL;

	if (read_config(c, &e) == AB_OK && config_read(c->catalog, &catalog, &e) == AB_OK &&
	    dest_open(c->to, ID, NULL, 0, &d, &e) == AB_OK)
		take_all(c, d, catalog, &e);
	if (d != NULL)
		d->ops->close(d);
	json_decref(catalog);
	return e.status == AB_OK ? CLI_DONE : fail(c, &e);
}

struct command {
	const char *name;
	int (*run)(struct call *c);
	int has_config, has_catalog;
};

static const struct command commands[] = {
    {"spec", do_spec, 0, 0}, {"check", do_check, 1, 0}, {"write", do_write, 1, 1}};

/* An exit code, or -1: go on. */
static int
read_words(const struct cli_args *a, struct call *out, const struct command **command)
{
	const char *most = a->value[OPT_MAX_LINE];
	uint64_t max_line = LINES_MAX_LINE;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, a->word[0]) == 0)
			out->kind = &kinds[i];
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, a->word[1]) == 0)
			*command = &commands[i];
	if (out->kind == NULL)
		return cli_misuse(&cmd_airbyte_destination,
		    "\"%s\" is no destination: sqlite or jsonl", a->word[0]);
	if (*command == NULL)
		return cli_misuse(&cmd_airbyte_destination,
		    "\"%s\" is no command of a destination: spec, check or write", a->word[1]);
	if ((*command)->has_config && a->value[OPT_CONFIG] == NULL)
		return cli_misuse(
		    &cmd_airbyte_destination, "%s needs --config FILE", (*command)->name);
	if ((*command)->has_catalog && a->value[OPT_CATALOG] == NULL)
		return cli_misuse(
		    &cmd_airbyte_destination, "%s needs --catalog FILE", (*command)->name);
	if (most != NULL && cli_number(most, LEAST_LINE, MOST_LINE, &max_line) != 0)
		return cli_misuse(&cmd_airbyte_destination,
		    "--max-line must be a number of bytes from 1K to 1024M, as in 64M");
	out->max_line = (size_t)max_line;
	out->config = a->value[OPT_CONFIG];
	out->catalog = a->value[OPT_CATALOG];
	return -1;
}

static void
log_message(void *ctx, int level, const char *line)
{
	airbyte_log(ctx, level, line);
}

static int
destination_run(const struct cli_args *a)
{
	const struct command *command = NULL;
	struct call c = {0};
	int code = read_words(a, &c, &command);

	if (code >= 0)
		return code;
	if ((c.out = airbyte_stdout()) == NULL)
		return CLI_FAILED;
	log_to(log_message, c.out);
	log_level(airbyte_is_debug(a->value[OPT_DEBUG]) ? AB_DEBUG : AB_INFO);
	dest_advise(" in destination_path", "");
	c.spec = make_spec(c.kind);
	code = CLI_FAILED;
	if (c.spec == NULL)
		airbyte_out_lack(c.out);
	else
		code = command->run(&c);
	log_to(NULL, NULL);
	code = airbyte_finish(c.out, code);
	json_decref(c.spec);
	free(c.to);
	airbyte_out_free(c.out);
	return code;
}

static const struct cli_option options[] = {
    [OPT_CONFIG] = {"config", "FILE",
	"{\"destination_path\": ...}: a file (sqlite, jsonl) or a folder (jsonl)", 0},
    [OPT_CATALOG] = {"catalog", "FILE", "write: a ConfiguredAirbyteCatalog", 0},
    [OPT_MAX_LINE] = {"max-line", "SIZE", "write: the longest message (default: 64M)", 0},
    [OPT_DEBUG] = {"debug", NULL, "log more (as LOG_LEVEL=debug does)", 0},
    {.name = NULL}};
const struct cli_command cmd_airbyte_destination = {.name = "airbyte-destination",
    .words = "KIND COMMAND",
    .summary = "Speak Airbyte's protocol for a destination: spec, check or write",
    .more =
	"KIND is sqlite or jsonl. `write` reads messages on standard input, and prints each STATE once the\n"
	"records that it covers are durable, in one transaction with it. `abhost wrap --destination KIND` makes\n"
	"a program of it. Exit codes are the protocol's: 0 (also for a check that says no), 1 with a TRACE\n"
	"ERROR, 2 wrong command line.",
    .least = 2,
    .most = 2,
    .options = options,
    .run = destination_run};
