/* airbyte_read.c - abhost airbyte CONNECTOR read: the engine's sync into a destination that prints messages. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/airbyte.h"
#include "data/config.h"
#include "engine/catalog.h"
#include "engine/state_airbyte.h"

#define MAX_STATE_FILE ((size_t)256 << 20)
#define PATIENCE_US    500000 /* after a signal, for a reader that takes nothing */

struct reading {
	struct airbyte_call *call;
	int told;	   /* streams that failed, each of which has its error */
	int64_t signal_us; /* since when it is being stopped, or was last seen to write */
	int64_t written;
};

/* A whole file, NUL-terminated; NULL: error. */
static char *
read_file(const char *path, size_t *len, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	ssize_t n = 0;
	struct buf b;
	char *at, *text = NULL;

	buf_init(&b, MAX_STATE_FILE);
	while (fd >= 0 && (at = buf_reserve(&b, 65536)) != NULL && (n = read(fd, at, 65536)) > 0)
		b.len += (size_t)n;
	*len = b.len;
	if (fd < 0 || n < 0)
		error_set(e, AB_ECONFIG, "%s: %m", path);
	else if (b.failed || buf_addc(&b, '\0') != 0 || (text = buf_steal(&b)) == NULL)
		error_set(e, AB_ECONFIG, "%s is larger than %zu bytes", path, MAX_STATE_FILE);
	buf_fini(&b);
	if (fd >= 0)
		close(fd);
	return text;
}

static ab_status
read_state(const char *path, struct dest_state **rows, size_t *n, struct error *e)
{
	size_t len;
	char *text = path == NULL ? NULL : read_file(path, &len, e);

	*rows = NULL;
	*n = 0;
	if (text != NULL && text[strspn(text, " \t\r\n")] != '\0')
		state_load(text, len, path, rows, n, e);
	free(text);
	return e->status;
}

static void
tell_end(struct reading *r, const struct sync_stream_report *s)
{
	struct airbyte_out *out = r->call->out;
	struct error e = ERROR_INIT;

	if (s->failed) {
		error_set(&e, s->status, "%s", s->error);
		airbyte_error(out, s->name, s->namespace_, &e);
		r->told++;
	}
	airbyte_status(
	    out, s->name, s->namespace_, s->failed || s->stopped ? "INCOMPLETE" : "COMPLETE", 0);
}

/* Nobody reads, so the writer cannot end: the signal ends it. */
static void
look_at_signal(struct reading *r, int sig)
{
	if (sig == 0)
		return;
	if (r->signal_us == 0 || r->written != airbyte_out_written(r->call->out)) {
		r->signal_us = clock_mono_us();
		r->written = airbyte_out_written(r->call->out);
	} else if (clock_mono_us() - r->signal_us > PATIENCE_US) {
		airbyte_die(sig);
	}
}

static void
tell_wait(struct reading *r, const struct sync_stream_report *s)
{
	char text[SYNC_WAIT_TEXT];

	airbyte_log(r->call->out, AB_INFO, sync_wait_text(&s->wait, text));
	if (s->wait.limited)
		airbyte_status(r->call->out, s->name, s->namespace_, "RUNNING", s->wait.until_us);
}

static void
on_event(void *ctx, enum sync_event ev, const struct sync_report *report, size_t stream,
    const char *text)
{
	struct reading *r = ctx;
	const struct sync_stream_report *s =
	    stream < report->nstreams ? &report->streams[stream] : NULL;

	(void)text;
	look_at_signal(r, report->signal);
	if (s == NULL)
		return;
	if (ev == SYNC_EVENT_STREAM_BEGIN)
		airbyte_status(r->call->out, s->name, s->namespace_, "STARTED", 0);
	else if (ev == SYNC_EVENT_STREAM_END)
		tell_end(r, s);
	else if (ev == SYNC_EVENT_WAIT)
		tell_wait(r, s);
}

static int
is_read(const struct sync_report *report, const char *name, const char *ns)
{
	for (size_t i = 0; i < report->nstreams; i++) {
		const struct sync_stream_report *s = &report->streams[i];

		if (strcmp(s->name, name) == 0 && (*ns == '\0' || strcmp(s->namespace_, ns) == 0))
			return 1;
	}
	return 0;
}

/* Streams of the catalog that the connector does not have; how many. */
static int
tell_unknown(struct reading *r, const struct sync_report *report)
{
	const json_t *streams = json_object_get(r->call->source.sync.catalog, "streams"), *entry;
	int n = 0;
	size_t i;

	json_array_foreach (streams, i, entry) {
		const json_t *stream = json_object_get(entry, "stream");
		const char *name = json_string_value(json_object_get(stream, "name"));
		const char *ns = catalog_namespace(stream);
		struct error e = ERROR_INIT;

		if (name == NULL || is_read(report, name, ns))
			continue;
		n++;
		error_set(&e, AB_ECONFIG,
		    "the catalog names the stream \"%.200s\"%s%.200s, which the connector does not have: discover it "
		    "again",
		    name, *ns == '\0' ? "" : " in namespace ", ns);
		airbyte_error(r->call->out, name, ns, &e);
		airbyte_status(r->call->out, name, ns, "INCOMPLETE", 0);
	}
	return n;
}

static int
run_sync(struct airbyte_call *call)
{
	struct reading r = {.call = call};
	struct sync_options *o = &call->source.sync;
	struct sync_report report = {0};
	struct error e = ERROR_INIT;
	int code, unknown = 0, sig;

	o->on_event = on_event;
	o->ctx = &r;
	sync_run(o, &report, &e);
	/* streams are known as soon as there is a plan */
	if (report.nstreams > 0 || report.outcome == SYNC_DONE)
		unknown = tell_unknown(&r, &report);
	code = report.outcome == SYNC_DONE && unknown == 0 ? 0 : 1;
	sig = report.outcome == SYNC_CANCELLED ? report.signal : 0;
	if (report.outcome != SYNC_DONE && r.told == 0 && sig == 0)
		airbyte_error(call->out, NULL, NULL, &e);
	sync_report_fini(&report);
	if (sig != 0)
		airbyte_die(sig);
	return code;
}

int
airbyte_read(struct airbyte_call *call)
{
	struct sync_options *o = &call->source.sync;
	struct dest_state *rows = NULL;
	struct error e = ERROR_INIT;
	json_t *catalog = NULL;
	int code;
	size_t n = 0;

	if (config_read(call->catalog, &catalog, &e) == AB_OK &&
	    read_state(call->state, &rows, &n, &e) == AB_OK) {
		const struct airbyte_options options = {call->out, rows, n, state_stream};

		airbyte_open(&options, &o->dest, &e);
	}
	dest_states_free(rows, n);
	o->catalog = catalog;
	o->airbyte = 1;
	code = e.status == AB_OK ? run_sync(call) : airbyte_fail(call, &e);
	if (o->dest != NULL)
		o->dest->ops->close(o->dest);
	json_decref(catalog);
	return code;
}
