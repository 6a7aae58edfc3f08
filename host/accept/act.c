/* act.c - see act.h. */
#include "accept/act.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "data/jsontext.h"
#include "data/scan.h"

#define GRACE_MS 2000
#define LOOK_MS	 200 /* a signal may have come between two looks */

static const char not_there[] = "is not in the recording: ";

/* A line of the connector's log, or one that it printed: the first of those is kept. */
static void
take_line(struct kit *k, int is_printed, int level, const char *text)
{
	if (is_printed && k->printed[0] == '\0')
		snprintf(k->printed, sizeof(k->printed), "%s", text);
	else if (k->o->log != NULL)
		k->o->log(k->o->ctx, level, text);
}

static void
on_late(void *ctx, const char *line)
{
	struct act *a = ctx;

	if (a->look != NULL)
		a->look(a->look_ctx, "what it printed", line, strlen(line));
	take_line(a->k, 1, AB_WARN, line);
}

static void
on_trace(void *ctx, const struct source_trace *t)
{
	struct act *a = ctx;

	a->requests++;
	a->broken += t->status >= 400 || t->error[0] != '\0';
	if (a->missing[0] == '\0' && strncmp(t->error, not_there, sizeof(not_there) - 1) == 0)
		snprintf(a->missing, sizeof(a->missing), "%s", t->error + sizeof(not_there) - 1);
}

static char *
choices_of(const struct kit *k, const struct act_options *o)
{
	const char *record = k->o->record;
	json_t *v = record != NULL
	    ? json_pack("{s:s}", "record", record)
	    : json_pack("{s:s, s:b, s:s*, s:b, s:b}", "replay", k->fixtures, "again", 1, "bend",
		  o->bend, "strict", o->strict, "measure", o->measures);
	char *text;

	if (o->fault != NULL)
		json_object_set_new(v, "fault",
		    json_pack("{s:s, s:I}", "kind", o->fault, "exchange", (json_int_t)o->fault_at));
	text = jsontext_make(v, JSON_COMPACT);
	json_decref(v);
	return text;
}

/* Waits for the one command that runs. */
static ab_status
finish(struct act *a, void (*each)(void *ctx, struct ab_str text), void *ctx)
{
	while (act_next(a, -1)) {
		switch (a->ev.type) {
		case SOURCE_DONE:
			return AB_OK;
		case SOURCE_FAILED:
			return a->error.status;
		case SOURCE_TALLY:
			free(a->tally);
			a->tally = strdup(a->ev.text.ptr);
			break;
		case SOURCE_STREAM:
			if (each != NULL)
				each(ctx, a->ev.text);
			break;
		default:
			break;
		}
	}
	return a->error.status;
}

ab_status
act_open(struct act *a, struct kit *k, const struct act_options *o)
{
	const struct loader_file *file = &k->file;
	char *choices;
	struct source_options s = {.path = file->path,
	    .fd = file->fd < 0 ? -1 : fcntl(file->fd, F_DUPFD_CLOEXEC, 0),
	    .id = file->id,
	    .version = file->version,
	    .config = k->config_text,
	    .secrets = k->o->secrets,
	    .page_cap = k->o->page_cap,
	    .call_timeout_s = k->o->call_timeout_s,
	    .lanes = o->lanes,
	    .in_process = k->o->in_process,
	    .trace = on_trace,
	    .trace_ctx = a,
	    .late = on_late,
	    .late_ctx = a};

	*a = (struct act){.k = k, .look = o->look, .look_ctx = o->ctx};
	choices = choices_of(k, o);
	s.choices = choices;
	if (choices == NULL && s.fd >= 0)
		close(s.fd);
	if (choices == NULL)
		error_set(&a->error, AB_ENOMEM,
		    "no memory for a worker, or a name of a folder that is not UTF-8");
	else
		source_start(&s, &a->source, &a->error);
	free(choices);
	return a->error.status == AB_OK ? finish(a, NULL, NULL) : a->error.status;
}

ab_status
act_check(struct act *a)
{
	error_clear(&a->error);
	return source_check(a->source, &a->error) == AB_OK ? finish(a, NULL, NULL)
							   : a->error.status;
}

ab_status
act_streams(struct act *a, void (*each)(void *ctx, struct ab_str text), void *ctx)
{
	error_clear(&a->error);
	return source_streams(a->source, &a->error) == AB_OK ? finish(a, each, ctx)
							     : a->error.status;
}

ab_status
act_read(struct act *a, uint32_t stream, const char *configured, const char *committed)
{
	error_clear(&a->error);
	return source_read(a->source, stream, configured, committed, 0, &a->error);
}

ab_status
act_finish(struct act *a)
{
	error_clear(&a->error);
	return source_finish(a->source, &a->error) == AB_OK ? finish(a, NULL, NULL)
							    : a->error.status;
}

static void
look(const struct act *a, const char *what, const char *text, size_t n)
{
	if (a->look != NULL && n > 0)
		a->look(a->look_ctx, what, text, n);
}

/* What the host made of it is whole: it masks what it knows. */
static void
look_at_event(const struct act *a)
{
	const struct source_event *ev = &a->ev;

	switch (ev->type) {
	case SOURCE_LOG:
		look(a, ev->is_printed ? "what it printed" : "a log line", ev->text.ptr,
		    ev->text.len);
		break;
	case SOURCE_STREAM:
		look(a, "the description of a stream", ev->text.ptr, ev->text.len);
		break;
	case SOURCE_PARTITION:
		look(a, "a partition", ev->text.ptr, ev->text.len);
		break;
	case SOURCE_PAGE:
		look(a, "a page token", ev->token.ptr, ev->token.len);
		look(a, "a state", ev->state.ptr, ev->state.len);
		look(a, "what is said of a page", ev->about.ptr, ev->about.len);
		break;
	case SOURCE_FAILED:
		look(a, "the sentence of a failure", ev->error.text, strlen(ev->error.text));
		break;
	default:
		break;
	}
}

/* 1: it is for the caller. */
static int
take_event(struct act *a)
{
	switch (a->ev.type) {
	case SOURCE_NOTHING:
	case SOURCE_WAIT:
	case SOURCE_HELD:
		return 0;
	case SOURCE_LOG:
		if (!a->ev.is_printed && a->ev.num == AB_WARN && a->warned[0] == '\0')
			snprintf(a->warned, sizeof(a->warned), "%s", a->ev.text.ptr);
		take_line(a->k, a->ev.is_printed, (int)a->ev.num, a->ev.text.ptr);
		return 0;
	case SOURCE_ASK:
		source_committed(a->source, a->ev.stream, a->ev.num, (struct ab_str){"[null]", 6});
		return 0;
	case SOURCE_FAILED:
		error_set(&a->error, a->ev.error.status, "%s", a->ev.error.text);
		return 1;
	default:
		return 1;
	}
}

static void
wait_for_some(struct act *a, int ms)
{
	struct pollfd fds[SOURCE_FDS];
	int n = source_fds(a->source, fds), own = source_timeout_ms(a->source);

	if (ms < 0 || ms > LOOK_MS)
		ms = LOOK_MS;
	if (own >= 0 && own < ms)
		ms = own;
	(void)poll(fds, (nfds_t)n, ms);
}

int
act_next(struct act *a, int ms)
{
	int64_t until = clock_mono_us() + (int64_t)ms * 1000, left = -1;

	for (;;) {
		if (accept_stopped() != 0) {
			error_set(&a->error, AB_ECANCELLED, "stopped by a signal");
			return 0;
		}
		source_next(a->source, &a->ev);
		look_at_event(a);
		if (take_event(a))
			return 1;
		if (ms >= 0 && (left = (until - clock_mono_us() + 999) / 1000) <= 0)
			return 0;
		if (a->ev.type == SOURCE_NOTHING)
			wait_for_some(a, (int)left);
	}
}

const char *
act_page(struct act *a)
{
	size_t need = a->ev.bytes + SCAN_PADDING;
	char *grown;

	if (need > a->room) {
		grown = realloc(a->page, need);
		if (grown == NULL) {
			error_set(
			    &a->error, AB_ENOMEM, "no memory for a page of %zu bytes", a->ev.bytes);
			return NULL;
		}
		a->page = grown;
		a->room = need;
	}
	if (source_page(a->source, &a->ev, a->page, &a->error) != AB_OK)
		return NULL;
	memset(a->page + a->ev.bytes, 0, SCAN_PADDING);
	look(a, "a record", a->page, a->ev.bytes);
	return a->page;
}

void
act_close(struct act *a)
{
	/* what was printed before the end is still on its way */
	while (a->source != NULL && !source_dead(a->source)) {
		source_next(a->source, &a->ev);
		if (a->ev.type == SOURCE_NOTHING)
			break;
		if (a->ev.type == SOURCE_LOG)
			take_line(a->k, a->ev.is_printed, (int)a->ev.num, a->ev.text.ptr);
	}
	source_close(a->source, accept_stopped() != 0 ? 0 : GRACE_MS);
	a->source = NULL;
	free(a->page);
	free(a->tally);
	a->page = a->tally = NULL;
	a->room = 0;
}

enum accept_verdict
act_failed(const struct act *a, struct finding *f, const char *expected)
{
	if (a->missing[0] != '\0')
		return finding_skip(f,
		    "not in fixtures: %s; record again with `abhost test %s --config FILE --record DIR`",
		    a->missing, a->k->o->connector);
	return finding_fail(
	    f, expected, "%s (class %s)", a->error.text, error_word(a->error.status));
}
