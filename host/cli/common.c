/* common.c - how commands fail, end, and get at a connector with its configuration. */
#include <config.h> /* asprintf */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/nocore.h"
#include "base/redact.h"
#include "cli/cli.h"
#include "data/config.h"

#define DEFAULT_PAGE_CAP     (64u << 20)
#define DEFAULT_CALL_TIMEOUT 300

char *
cli_clean(char *text)
{
	for (char *p = text; *p != '\0'; p++)
		if (((unsigned char)*p < 0x20 && *p != '\n') || *p == 0x7f)
			*p = ' ';
	return text;
}

int
cli_fail(const struct error *e)
{
	struct error copy = *e;

	fprintf(stderr, "abhost: %s\n", cli_clean(redact_text(copy.text)));
	return error_must_change(e->status) ? CLI_CONFIG : CLI_FAILED;
}

/* `abhost ... | head`: whoever read has seen enough. */
static int
reader_is_gone(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

	return poll(&p, 1, 0) == 1 && (p.revents & (POLLERR | POLLHUP)) != 0;
}

int
cli_finish(int code)
{
	int failed = fflush(stdout) != 0 ? errno : ferror(stdout) ? EIO : 0;

	if (failed == 0 || reader_is_gone())
		return code;
	fprintf(stderr, "abhost: cannot write to standard output: %s\n", strerror(failed));
	return code != CLI_DONE ? code : CLI_FAILED;
}

static ab_status
read_environment(struct sync_options *o, struct error *e)
{
	const char *text = getenv("ABHOST_CALL_TIMEOUT");
	uint64_t seconds = DEFAULT_CALL_TIMEOUT;

	if (text != NULL && cli_number(text, 1, 86400, &seconds) != 0)
		return error_set(e, AB_ECONFIG,
		    "ABHOST_CALL_TIMEOUT must be a number of seconds from 1 to 86400");
	o->call_timeout_s = (int)seconds;
	o->page_cap = DEFAULT_PAGE_CAP;
	return AB_OK;
}

/* config: taken in the place of what the file has; NULL: it is that file. */
static ab_status
take_config(
    struct cli_source *s, const char *path, const json_t *config, int literal, struct error *e)
{
	ab_status rc = AB_OK;

	if (nocore_set() != 0)
		return error_set(
		    e, AB_EUNSUPPORTED, "cannot keep this process out of core files: %m");
	if (config == NULL)
		rc = config_read(path, &s->config, e);
	else if ((s->config = json_deep_copy(config)) == NULL)
		rc = error_set(e, AB_ENOMEM, "no memory for the configuration");
	if (rc != AB_OK)
		return rc;
	s->sync.config = s->config;
	if (!literal)
		rc = config_expand(s->config, e);
	if (rc == AB_OK)
		rc = config_redact(s->spec, s->config, e);
	if (rc == AB_OK)
		rc = config_check(s->spec, s->config, e);
	if (rc == AB_OK)
		rc = config_redact(s->spec, s->config, e); /* defaults may be secrets too */
	return rc == AB_OK ? AB_OK
			   : error_wrap(e, "%s%s", strcmp(path, "-") == 0 ? "standard input" : path,
				 config != NULL ? ", its config" : "");
}

ab_status
cli_source_config(struct cli_source *s, const char *path, int literal, struct error *e)
{
	return take_config(s, path, NULL, literal, e);
}

ab_status
cli_source_init(struct cli_source *s, const char *connector, const char *config, struct error *e)
{
	return cli_source_init_with(s, connector, config, NULL, e);
}

ab_status
cli_source_init_with(struct cli_source *s, const char *connector, const char *config,
    const json_t *inline_config, struct error *e)
{
	ab_status rc;

	*s = (struct cli_source){.file.fd = -1};
	rc = read_environment(&s->sync, e);
	if (rc == AB_OK)
		rc = loader_find(connector, &s->file, e);
	if (rc == AB_OK &&
	    config_parse(s->file.spec, strlen(s->file.spec), "its spec", AB_EBUG, &s->spec, e) !=
		AB_OK)
		rc = error_wrap(
		    e, "connector %s %s (%s)", s->file.id, s->file.version, s->file.path);
	if (rc == AB_OK && config != NULL)
		rc = take_config(s, config, inline_config, 0, e);
	s->sync.connector = &s->file;
	return rc;
}

void
cli_source_fini(struct cli_source *s)
{
	loader_file_fini(&s->file);
	free(s->secrets);
	json_decref(s->spec);
	json_decref(s->config);
	free(s->choices);
	cli_record_end(&s->recording, 1);
	*s = (struct cli_source){.file.fd = -1};
}

ab_status
cli_own(const struct cli_source *s, const char *option, struct error *e)
{
	if (s->file.program == NULL)
		return AB_OK;
	return error_set(e, AB_ECONFIG,
	    "%s is an Airbyte source already, a program of its own: %s is for abhost's connectors",
	    s->file.id, option != NULL ? option : "this command");
}

int
cli_print_json(const json_t *v)
{
	if (json_dumpf(v, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(17)) == 0 &&
	    putchar('\n') != EOF)
		return CLI_DONE;
	return CLI_FAILED;
}

void
cli_trace(const struct source_trace *t)
{
	char line[4096], status[32] = "no answer";

	if (t->status != 0)
		snprintf(status, sizeof(status), "%d", t->status);
	snprintf(line, sizeof(line),
	    "%.32s %.2000s %s, %" PRIu64 " bytes, %" PRId64 " ms, attempt %u%s%.1000s", t->method,
	    t->url, status, t->bytes, t->ms, t->attempt, t->error[0] == '\0' ? "" : ": ", t->error);
	fprintf(stderr, "%s\n", cli_clean(redact_text(line)));
}

static void
trace_look(void *ctx, const struct source_trace *t)
{
	(void)ctx;
	cli_trace(t);
}

int
cli_look_init(struct cli_source *s, const struct cli_command *cmd, const struct cli_args *a,
    const json_t *config, int first)
{
	const char *secrets = a->value[first], *in_process = a->value[first + 1],
		   *trace = a->value[first + 2];
	char *connector = NULL;
	struct error e = ERROR_INIT;
	ab_status rc;

	if (a->value[first + 3] != NULL && a->value[first + 4] != NULL)
		return cli_misuse(cmd, "--record and --replay exclude each other");
	if (in_process != NULL && !cli_is_in_process())
		return cli_exec_in_process(a->argv);
	log_level(AB_WARN);
	*s = (struct cli_source){.file.fd = -1};
	rc = cli_python(a->word[0], a->value[first + 5], &connector, &e);
	if (rc == AB_OK)
		rc = cli_source_init_with(s, connector, a->word[1], config, &e);
	free(connector);
	if (rc != AB_OK || cli_secrets(s, secrets, a->word[1], NULL, &e) != AB_OK ||
	    (in_process != NULL && cli_own(s, "--in-process", &e) != AB_OK) ||
	    cli_record(s, a->value[first + 3], a->value[first + 4], &e) != AB_OK) {
		cli_source_fini(s);
		return cli_fail(&e);
	}
	s->sync.in_process = in_process != NULL;
	s->sync.on_trace = trace != NULL ? trace_look : NULL;
	s->sync.signal = &s->signal;
	return -1;
}

int
cli_look_fail(const struct cli_source *s, const struct error *e)
{
	return s->signal != 0 ? 128 + s->signal : cli_fail(e);
}

static ab_status
open_data(const char *to, const char *connector, const char *state_file, int read_only,
    struct dest **out, struct error *e)
{
	char *place = dest_place(to, state_file), *file = NULL;
	ab_status rc;

	/* a file that says in its name neither what it is nor what it might be */
	if (place == NULL && strchr(to, ':') == NULL && asprintf(&file, "sqlite:%s", to) < 0)
		file = NULL;
	rc = dest_open(file != NULL ? file : to, connector, state_file, read_only, out, e);
	free(place);
	free(file);
	return rc;
}

ab_status
cli_open_data(const char *to, const char *state_file, struct dest **out, struct error *e)
{
	return open_data(to, NULL, state_file, 1, out, e);
}

ab_status
cli_open_data_of(const char *to, const char *connector, const char *state_file, struct dest **out,
    struct error *e)
{
	return open_data(to, connector, state_file, 0, out, e);
}
