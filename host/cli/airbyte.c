/* airbyte.c - abhost airbyte: a connector that speaks Airbyte's protocol, for the programs that drive such.
 *
 * Standard output has nothing but messages, one a line; log lines are messages too.  Exit codes are Airbyte's: 0, also
 * for a check that says no; 1 with a TRACE ERROR; 2 for a wrong command line. */
#include "cli/airbyte.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/infer.h"

#define INFER_RECORDS 1000

enum {
	OPT_CONFIG,
	OPT_CATALOG,
	OPT_STATE,
	OPT_DEBUG,
	OPT_SECRETS,
	OPT_CONCURRENCY,
	OPT_IN_PROCESS
};

int
airbyte_fail(struct airbyte_call *call, const struct error *e)
{
	airbyte_error(call->out, NULL, NULL, e);
	return CLI_FAILED;
}

void
airbyte_die(int sig)
{
	sigset_t set;

	signal(sig, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, sig);
	raise(sig);
	pthread_sigmask(SIG_UNBLOCK, &set, NULL);
	_exit(128 + sig);
}

static void
log_message(void *ctx, int level, const char *line)
{
	airbyte_log(ctx, level, line);
}

int
airbyte_is_debug(const char *option)
{
	const char *level = getenv("LOG_LEVEL");

	return option != NULL || (level != NULL && strcasecmp(level, "debug") == 0);
}

/* What Airbyte's users expect beside the schema. */
static int
call_spec(struct airbyte_call *call)
{
	json_t *v = json_pack("{s:s, s:O, s:b, s:[s, s, s], s:b, s:b}", "protocol_version", "0.2.0",
	    "connectionSpecification", call->source.spec, "supportsIncremental", 1,
	    "supported_destination_sync_modes", "overwrite", "append", "append_dedup",
	    "supportsNormalization", 0, "supportsDBT", 0);

	airbyte_send(call->out, "SPEC", "spec", v);
	return CLI_DONE;
}

static void
send_check(struct airbyte_call *call, const struct error *e)
{
	struct error copy = *e;
	json_t *v = json_pack("{s:s}", "status", e->status == AB_OK ? "SUCCEEDED" : "FAILED");

	if (e->status != AB_OK)
		json_object_set_new(v, "message", airbyte_text(copy.text));
	airbyte_send(call->out, "CONNECTION_STATUS", "connectionStatus", v);
}

/* A configuration that does not work is an answer; a connector that does not is an error. */
static int
is_answer(ab_status status)
{
	return status == AB_OK || status == AB_ECONFIG || status == AB_ETRANSIENT ||
	    status == AB_EDATA;
}

static int
call_check(struct airbyte_call *call)
{
	struct error e = ERROR_INIT;

	sync_check(&call->source.sync, &e);
	if (call->source.signal != 0)
		airbyte_die(call->source.signal);
	send_check(call, &e);
	return is_answer(e.status) ? CLI_DONE : airbyte_fail(call, &e);
}

static int
infer_each(void *ctx, const char *record, size_t len)
{
	return infer_record(ctx, record, len);
}

/* Clients make columns of the schema and drop what it does not name, so a stream whose connector gives none is looked
 * into.  One that cannot be read is left as it is. */
static ab_status
complete_stream(struct airbyte_call *call, json_t *stream, struct error *e)
{
	const char *name = json_string_value(json_object_get(stream, "name"));
	json_t *schema = json_object_get(stream, "json_schema"), *properties;
	struct error why = ERROR_INIT;
	struct infer infer;

	if (json_object_size(json_object_get(schema, "properties")) > 0)
		return AB_OK;
	if (infer_init(&infer) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a schema");
	sync_peek(&call->source.sync, name, INFER_RECORDS, infer_each, &infer, &why);
	if (call->source.signal != 0)
		airbyte_die(call->source.signal);
	if (why.status != AB_OK)
		log_line(AB_WARN, "stream \"%s\" has no schema, and none can be inferred: %s", name,
		    why.text);
	properties = infer_properties(&infer);
	infer_fini(&infer);
	return json_object_set_new(schema, "properties", properties) == 0
	    ? AB_OK
	    : error_set(e, AB_ENOMEM, "no memory for a schema");
}

static ab_status
complete_catalog(struct airbyte_call *call, json_t *catalog, struct error *e)
{
	json_t *stream;
	size_t i;

	json_array_foreach (json_object_get(catalog, "streams"), i, stream)
		if (complete_stream(call, stream, e) != AB_OK)
			break;
	return e->status;
}

static int
call_discover(struct airbyte_call *call)
{
	struct error e = ERROR_INIT;
	json_t *catalog = NULL;

	sync_discover(&call->source.sync, &catalog, &e);
	if (call->source.signal != 0)
		airbyte_die(call->source.signal);
	if (e.status != AB_OK)
		return airbyte_fail(call, &e);
	if (complete_catalog(call, catalog, &e) != AB_OK) {
		json_decref(catalog);
		return airbyte_fail(call, &e);
	}
	airbyte_send(call->out, "CATALOG", "catalog", catalog);
	return CLI_DONE;
}

struct command {
	const char *name;
	int (*run)(struct airbyte_call *call);
	int has_config, has_catalog;
};

static const struct command commands[] = {{"spec", call_spec, 0, 0}, {"check", call_check, 1, 0},
    {"discover", call_discover, 1, 0}, {"read", airbyte_read, 1, 1}};

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	return NULL;
}

/* Clients cannot add options: the environment says it for them.  -1: it is no such number. */
static int
read_lanes(const struct cli_args *a, int *out)
{
	const char *text = a->value[OPT_CONCURRENCY];
	uint64_t lanes = CLI_LANES;

	if (text == NULL)
		text = getenv("ABHOST_CONCURRENCY");
	if (text != NULL && cli_number(text, 1, SOURCE_MAX_LANES, &lanes) != 0)
		return -1;
	*out = (int)lanes;
	return 0;
}

/* An exit code, or -1: go on. */
static int
check_usage(const struct command *c, const struct cli_args *a, int *lanes)
{
	if (c == NULL)
		return cli_misuse(&cmd_airbyte,
		    "\"%s\" is no command of the protocol: spec, check, discover or read",
		    a->word[1]);
	if (c->has_config && a->value[OPT_CONFIG] == NULL)
		return cli_misuse(&cmd_airbyte, "%s needs --config FILE", c->name);
	if (c->has_catalog && a->value[OPT_CATALOG] == NULL)
		return cli_misuse(&cmd_airbyte, "%s needs --catalog FILE", c->name);
	if (read_lanes(a, lanes) != 0)
		return cli_misuse(&cmd_airbyte,
		    "--concurrency and ABHOST_CONCURRENCY must be a number from 1 to %d",
		    SOURCE_MAX_LANES);
	if (a->value[OPT_IN_PROCESS] != NULL && !cli_is_in_process())
		return cli_exec_in_process(a->argv);
	return -1;
}

/* Finds the connector and reads its configuration. */
static int
open_source(struct airbyte_call *call, const struct command *c, const struct cli_args *a)
{
	const char *secrets = a->value[OPT_SECRETS];
	struct cli_source *s = &call->source;
	struct error e = ERROR_INIT;

	if (secrets == NULL)
		secrets = getenv("ABHOST_SECRETS");
	if (cli_source_init(s, a->word[0], NULL, &e) != AB_OK || cli_own(s, NULL, &e) != AB_OK)
		return airbyte_fail(call, &e);
	if (!c->has_config)
		return -1;
	/* never beside the configuration: clients give a new temporary file each time */
	s->secrets = secrets == NULL ? NULL : strdup(secrets);
	s->sync.secrets = s->secrets;
	s->sync.in_process = a->value[OPT_IN_PROCESS] != NULL;
	s->sync.signal = &s->signal;
	s->sync.on_replaced = airbyte_replaced;
	s->sync.replaced_ctx = call;
	if (cli_source_config(s, a->value[OPT_CONFIG], 1, &e) == AB_OK)
		return -1;
	if (c->run != call_check)
		return airbyte_fail(call, &e);
	send_check(call, &e);
	return CLI_DONE;
}

struct airbyte_out *
airbyte_stdout(void)
{
	struct airbyte_out *out = airbyte_out_new(STDOUT_FILENO);

	if (out == NULL)
		fputs("abhost: no memory for what is to be said\n", stderr);
	return out;
}

int
airbyte_finish(struct airbyte_out *out, int code)
{
	int failed = airbyte_out_failed(out);

	if (failed == 0)
		return code;
	if (failed != EPIPE) /* a client may have heard enough */
		fprintf(stderr, "abhost: cannot write to standard output: %s\n", strerror(failed));
	return code != CLI_DONE ? code : CLI_FAILED;
}

static int
airbyte_run(const struct cli_args *a)
{
	const struct command *c = find_command(a->word[1]);
	struct airbyte_call call = {.catalog = a->value[OPT_CATALOG], .state = a->value[OPT_STATE]};
	int lanes = 1, code = check_usage(c, a, &lanes);

	if (code >= 0)
		return code;
	if ((call.out = airbyte_stdout()) == NULL)
		return CLI_FAILED;
	log_to(log_message, call.out);
	log_level(airbyte_is_debug(a->value[OPT_DEBUG]) ? AB_DEBUG : AB_INFO);
	code = open_source(&call, c, a);
	if (c->run == airbyte_read)
		call.source.sync.lanes = lanes;
	if (code < 0)
		code = c->run(&call);
	log_to(NULL, NULL);
	code = airbyte_finish(call.out, code);
	json_decref(call.told);
	cli_source_fini(&call.source);
	airbyte_out_free(call.out);
	return code;
}

static const struct cli_option options[] = {
    [OPT_CONFIG] = {"config", "FILE", "the configuration (JSON), as it is: no ${NAME}", 0},
    [OPT_CATALOG] = {"catalog", "FILE", "read: a ConfiguredAirbyteCatalog", 0},
    [OPT_STATE] = {"state", "FILE", "read: state messages of an earlier read, [] for none", 0},
    [OPT_DEBUG] = {"debug", NULL, "log more (as LOG_LEVEL=debug does)", 0},
    [OPT_SECRETS] = {"secrets", "FILE",
	"keep new refresh tokens here (or ABHOST_SECRETS; default: nowhere)", 0},
    [OPT_CONCURRENCY] = {"concurrency", "N",
	"read: streams and partitions at once, 1 to 64 (or ABHOST_CONCURRENCY; default: 8)", 0},
    [OPT_IN_PROCESS] = CLI_IN_PROCESS,
    {.name = NULL}};
const struct cli_command cmd_airbyte = {.name = "airbyte",
    .words = "CONNECTOR COMMAND",
    .summary = "Speak Airbyte's protocol for a connector: spec, check, discover or read",
    .more =
	"Prints Airbyte messages and nothing else. `abhost wrap` makes a program of a connector that takes\n"
	"exactly the protocol's arguments. Exit codes are the protocol's: 0 (also for a check that says\n"
	"no), 1 with a TRACE ERROR, 2 wrong command line.",
    .least = 2,
    .most = 2,
    .options = options,
    .run = airbyte_run};
