/* sync.c - see sync.h: the conductor.  It decides nothing about records or states: plan.c says what is read, read.c
 * reads a stream, writer.c writes it. */
#include "engine/sync.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/compare.h"
#include "engine/flow.h"
#include "engine/memory.h"
#include "engine/session.h"
#include "engine/wait.h"

struct sync {
	const struct sync_options *o;
	struct session session;
	struct report report;
	struct plan plan;
	struct dest *dest;
	struct dest_state *rows;
	size_t nrows;
	struct dest_run run;
	struct writer writer;
	size_t page_bytes; /* for the writer's queue */
	int upserts;
	int has_run, has_writer;
	struct writer_stream *streams;
	struct flow flow;
};

static ab_status
open_destination(struct sync *s, struct error *e)
{
	const struct sync_options *o = s->o;

	if (s->dest == NULL &&
	    dest_open(o->to, o->connector->id, o->state_file, 0, &s->dest, e) != AB_OK)
		return e->status;
	s->report.out->is_forgetful = s->dest->is_forgetful;
	s->run.connector = o->connector->id;
	s->run.version = o->connector->version;
	s->run.started_us = s->report.out->started_us;
	s->run.outcome = "running";
	if (s->dest->ops->run_begin(s->dest, &s->run, e) != AB_OK)
		return e->status;
	s->has_run = 1;
	return s->dest->ops->states(s->dest, &s->rows, &s->nrows, e);
}

static ab_status
make_plan(struct sync *s, struct error *e)
{
	const struct plan_options o = {
	    .streams = s->o->streams,
	    .configured = s->o->catalog,
	    .configured_from = s->o->catalog_from,
	    .airbyte = s->o->airbyte,
	    .modes = s->o->modes,
	    .contracts = s->o->contracts,
	    .columns = s->o->columns,
	    .deleted = s->o->deleted,
	    .full_refresh = s->o->full_refresh,
	    .has_update_state = s->o->connector->has_update_state,
	    .is_covered = s->o->connector->program != NULL,
	};

	if (session_discover(&s->session, e) != AB_OK)
		return e->status;
	if (plan_make(&s->plan, &s->session.catalog, &o, e) != AB_OK)
		return error_wrap(e, "connector %s", s->o->connector->id);
	return report_plan(&s->report, &s->plan, e);
}

static void
divide_memory(struct sync *s)
{
	struct memory m;
	int has_dedup = 0;

	for (size_t i = 0; i < s->plan.n; i++)
		has_dedup |= s->plan.streams[i].mode == DEST_APPEND_DEDUP;
	memory_divide(&m, s->o->memory, has_dedup);
	s->page_bytes = m.pages;
	if (s->dest->ops->set_memory != NULL)
		s->dest->ops->set_memory(s->dest, m.cache, m.batch);
	s->upserts = has_dedup && s->dest->ops->set_memory != NULL;
}

/* From here on the destination belongs to the writer. */
static ab_status
start_writer(struct sync *s, struct error *e)
{
	if (s->o->verify && compare_can(s->dest, e) != AB_OK)
		return e->status;
	s->streams = calloc(s->plan.n + 1, sizeof(*s->streams));
	if (s->streams == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the streams");
	for (size_t i = 0; i < s->plan.n; i++) {
		s->streams[i].spec = plan_dest_spec(&s->plan.streams[i]);
		s->streams[i].spec.is_foreign = s->o->connector->program != NULL;
		s->streams[i].spec.verify = s->o->verify;
	}
	s->has_writer = 1;
	divide_memory(s);
	return writer_init(
	    &s->writer, s->dest, &s->run, s->streams, s->plan.n, s->o->one_thread, e);
}

static void
on_tick(void *ctx)
{
	struct sync *s = ctx;

	s->report.out->signal = s->session.reader.signal;
	report_tick(&s->report);
}

/* Microseconds since then; then is now. */
static int64_t
lap(int64_t *since)
{
	int64_t now = clock_mono_us(), us = now - *since;

	*since = now;
	return us;
}

static ab_status
prepare(struct sync *s, struct error *e)
{
	struct sync_times *t = &s->report.out->times;
	int64_t since = clock_mono_us();
	ab_status status;

	if (s->o->wait_s != 0) {
		status = wait_open(s->o, &s->dest, &s->session.reader.signal, e);
		t->wait_us = lap(&since);
		if (status != AB_OK)
			return status;
	}
	/* the worker loads its libraries while the database is opened */
	if ((status = session_start(&s->session, s->o, e)) == AB_OK &&
	    (status = open_destination(s, e)) == AB_OK)
		status = session_open(&s->session, e);
	t->start_us = lap(&since);
	if (status == AB_OK)
		status = make_plan(s, e);
	t->discover_us = lap(&since);
	if (status != AB_OK || (status = start_writer(s, e)) != AB_OK)
		return status;
	s->report.writer = &s->writer;
	s->report.streams = s->streams;
	s->session.reader.writer = &s->writer;
	s->session.reader.queue = &s->writer.queue;
	s->writer.queue.budget = s->page_bytes;
	s->session.reader.tick = on_tick;
	s->session.reader.ctx = s;
	return AB_OK;
}

/* A failed stream does not stop the others; a signal and a broken destination do. */
static ab_status
run_streams(struct sync *s, struct error *e)
{
	ab_status status;

	s->flow = (struct flow){.session = &s->session,
	    .writer = &s->writer,
	    .report = &s->report,
	    .plan = &s->plan,
	    .dest = s->dest,
	    .rows = s->rows,
	    .nrows = s->nrows,
	    .upserts = s->upserts,
	    .most = s->o->lanes > 1 ? (size_t)s->o->lanes : 1};
	if (s->o->connector->program != NULL) /* one process reads them all */
		s->flow.most = s->plan.n;
	s->rows = NULL;
	s->nrows = 0;
	status = flow_run(&s->flow, e);
	flow_fini(&s->flow);
	return status;
}

const char *
sync_outcome_word(enum sync_outcome outcome)
{
	static const char *const words[] = {
	    [SYNC_DONE] = "succeeded",
	    [SYNC_FAILED] = "failed",
	    [SYNC_SOME_FAILED] = "partial",
	    [SYNC_CANCELLED] = "cancelled",
	};

	return words[outcome];
}

const char *
sync_failure_type(ab_status status)
{
	switch (status) {
	case AB_OK:
		return NULL;
	case AB_ECONFIG:
	case AB_EUNSUPPORTED:
		return "config_error";
	case AB_ETRANSIENT:
		return "transient_error";
	case AB_ECANCELLED:
		return "manual_cancellation";
	default:
		return "system_error";
	}
}

static const char *
signal_word(int sig)
{
	return sig == SIGINT ? "SIGINT" : "SIGTERM";
}

static enum sync_outcome
judge(const struct sync *s, ab_status status)
{
	if (status == AB_OK && s->flow.ended == s->plan.n)
		return SYNC_DONE; /* also where a signal came too late */
	if (s->session.reader.signal != 0)
		return SYNC_CANCELLED;
	return s->flow.failed > 0 && s->flow.failed < s->plan.n && !s->flow.is_fatal
	    ? SYNC_SOME_FAILED
	    : SYNC_FAILED;
}

/* The run's last row; a destination that is broken has already said so. */
static void
end_run(struct sync *s, const struct error *e)
{
	struct error ignored = ERROR_INIT;

	if (s->run.ended_us != 0 && s->report.out->outcome == SYNC_DONE)
		return; /* its last stream's checkpoint has said so */
	s->run.ended_us = s->report.out->ended_us;
	s->run.outcome = sync_outcome_word(s->report.out->outcome);
	s->run.error = e->status == AB_OK ? NULL : e->text;
	s->run.failure_type = sync_failure_type(e->status);
	s->run.records = s->report.out->records;
	s->run.bytes = s->report.out->bytes;
	if (s->dest->ops->commit(s->dest, NULL, 0, &s->run, &ignored) != AB_OK &&
	    e->status == AB_OK)
		log_line(AB_WARN, "the end of the run is not in its history: %s", ignored.text);
}

static void
finish(struct sync *s, ab_status status, struct error *e)
{
	struct sync_report *out = s->report.out;
	int64_t since;

	out->outcome = judge(s, status);
	out->signal = out->outcome == SYNC_CANCELLED ? s->session.reader.signal : 0;
	if (out->outcome == SYNC_CANCELLED) {
		error_clear(e);
		error_set(e, AB_ECANCELLED,
		    "stopped by %s; what was committed is kept, and the same command %s",
		    signal_word(out->signal),
		    out->is_forgetful ? "begins again" : "goes on from there");
	}
	if (s->has_writer) {
		writer_fini(&s->writer);
		report_times(&s->report, s->session.reader.waited_us);
	}
	since = clock_mono_us();
	if (s->o->verify && (out->outcome == SYNC_DONE || out->outcome == SYNC_SOME_FAILED) &&
	    compare_streams(s->dest, s->streams, out, e) != AB_OK)
		out->outcome = SYNC_FAILED;
	out->times.verify_us = s->o->verify ? lap(&since) : 0;
	out->ended_us = clock_steady_us();
	if (s->has_run)
		end_run(s, e);
	report_event(&s->report, SYNC_EVENT_END, REPORT_NONE, e->text);
}

static void
release(struct sync *s)
{
	session_close(&s->session);
	dest_states_free(s->rows, s->nrows);
	if (s->dest != NULL && s->dest != s->o->dest)
		s->dest->ops->close(s->dest);
	plan_fini(&s->plan);
	report_fini(&s->report);
	free(s->streams);
}

ab_status
sync_run(const struct sync_options *o, struct sync_report *out, struct error *e)
{
	struct sync s = {.o = o, .dest = o->dest};
	ab_status status;

	report_init(&s.report, o, out);
	report_event(&s.report, SYNC_EVENT_BEGIN, REPORT_NONE, NULL);
	if ((status = prepare(&s, e)) == AB_OK)
		status = run_streams(&s, e);
	finish(&s, status, e);
	release(&s);
	return e->status;
}
