/* flow.c - see flow.h: which streams are read, which event is whose, and what a failure takes with it. */
#include "engine/flow.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/checkpoint.h"
#include "engine/state.h"

static struct read *
find_read(const struct flow *f, uint32_t stream)
{
	struct read *r = f->reads;

	while (r != NULL && (r->index != stream || r->phase == READ_ENDED))
		r = r->next;
	return r;
}

static const struct read *
find_named(const struct flow *f, struct ab_str name)
{
	const struct read *r = f->reads;

	while (r != NULL &&
	    (r->phase == READ_ENDED || name.ptr == NULL || strcmp(r->plan->name, name.ptr) != 0))
		r = r->next;
	return r;
}

/* What a client of Airbyte's protocol has of a full refresh, nobody takes back from it: its next read begins at the
 * beginning, this one ends. */
static int
may_begin_again(const struct flow *f, const struct read *r)
{
	return !f->session->o->airbyte || !checkpoint_would_repeat(r);
}

/* The source is gone, with all reads.  The one that it was at work for has failed; where that is not known, none.  It says so
 * as often as it is asked. */
static void
on_death(struct flow *f, const struct error *why, const struct read *guilty)
{
	int is_only = f->running == 1, again = 0;

	for (struct read *r = f->reads, *next; r != NULL; r = next) {
		next = r->next;
		if (r->phase == READ_ENDED)
			continue;
		if (r->error.status == AB_OK && !is_only && r != guilty && may_begin_again(f, r))
			r->begins_again = again = 1;
		read_end(r, why);
	}
	if (!again)
		return;
	f->is_alone = 1;
	f->session->lanes = 1;
	log_line(AB_WARN,
	    "%s; the streams that were being read with it go on, from here on one at a time",
	    why->text);
}

/* 1: something has ended, and the rest of the flow is to be looked at. */
static int
on_end(struct flow *f, struct source_event *ev)
{
	struct source *s = f->session->reader.source;
	struct error none = ERROR_INIT;
	struct read *r = find_read(f, ev->stream);

	if (ev->type == SOURCE_FAILED && source_dead(s))
		on_death(f, &ev->error, find_named(f, ev->text));
	else if (r != NULL)
		read_end(r, ev->type == SOURCE_FAILED ? &ev->error : &none);
	return 1;
}

static void
on_wait(struct flow *f, const struct source_event *ev)
{
	const struct read *r = find_read(f, ev->stream);

	/* a wait of nobody in particular is everybody's */
	for (const struct read *one = f->reads; one != NULL; one = one->next)
		if (r == NULL ? one->phase == READ_RUNS : one == r)
			report_wait(f->report, one->index, ev);
	checkpoint_wait(f);
}

static void
on_read_event(struct flow *f, struct source_event *ev)
{
	struct read *r = find_read(f, ev->stream);

	if (r != NULL && r->phase == READ_RUNS)
		read_event(r, ev);
	else if (ev->type == SOURCE_PAGE)
		reader_drop_page(&f->session->reader, ev);
}

static int
on_event(void *ctx, struct source_event *ev)
{
	struct flow *f = ctx;

	joint_take(&f->joint, ev);
	switch (ev->type) {
	case SOURCE_DONE:
	case SOURCE_FAILED:
		return on_end(f, ev);
	case SOURCE_LOG:
		log_text((int)ev->num, f->session->o->connector->id, ev->text.ptr);
		break;
	case SOURCE_WAIT:
		on_wait(f, ev);
		break;
	case SOURCE_HELD:
		break;
	default:
		on_read_event(f, ev);
		break;
	}
	return !f->is_undone && (atomic_load(&f->writer->failed) || joint_is_lost(&f->joint));
}

/* The rows of the state store as they are now; only while the writer is idle. */
static ab_status
load_rows(struct flow *f, struct error *e)
{
	dest_states_free(f->rows, f->nrows);
	f->rows = NULL;
	f->nrows = 0;
	f->is_stale = 0;
	if (f->dest->ops->states(f->dest, &f->rows, &f->nrows, e) == AB_OK)
		state_rows_sort(f->rows, f->nrows);
	return e->status;
}

static size_t
next_stream(struct flow *f)
{
	while (f->next < f->plan->n && f->begun[f->next])
		f->next++;
	return f->next;
}

static int
may_begin(struct flow *f)
{
	if (f->session->reader.signal != 0 || f->is_fatal || f->is_undone ||
	    atomic_load(&f->writer->failed) || next_stream(f) == f->plan->n)
		return 0;
	if (f->is_stale)
		return f->running == 0 && f->reads == NULL && writer_is_idle(f->writer);
	return f->running < (f->is_alone ? 1 : f->most) &&
	    (!session_is_dead(f->session) || f->running == 0);
}

/* Who failed first is chance, and the run's exit code must not be. */
static void
take_reason(struct flow *f, size_t stream, const struct error *why, struct error *e)
{
	int must = error_must_change(why->status), other = error_must_change(e->status);

	if (e->status != AB_OK && (must != other ? other : f->reason < stream))
		return;
	f->reason = stream;
	*e = *why;
}

static void
end_stream(struct flow *f, size_t stream, const struct error *why, struct error *e)
{
	if (why->status != AB_OK) {
		f->failed++;
		take_reason(f, stream, why, e);
	}
	f->ended++;
	report_end(f->report, stream, why);
}

static void
begin_streams(struct flow *f, struct error *e)
{
	while (may_begin(f)) {
		size_t i = next_stream(f);
		struct error failed = ERROR_INIT;

		f->begun[i] = 1;
		if (f->is_stale && load_rows(f, &failed) != AB_OK) {
			f->is_fatal = 1;
		} else if (session_is_dead(f->session)) {
			f->is_held = 0;
			session_restart(f->session, &failed);
		}
		if (failed.status == AB_OK && read_begin(f, i) == NULL)
			error_set(&failed, AB_ENOMEM, "no memory for a stream's read");
		if (failed.status == AB_OK)
			continue;
		joint_lose(&f->joint, i, &failed);
		end_stream(f, i, &failed, e);
	}
}

/* What the writer had to say of single streams. */
static void
look_at_refusals(struct flow *f)
{
	for (struct read *r = f->reads; r != NULL; r = r->next) {
		struct writer_stream *s = &f->writer->streams[r->index];

		if (r->is_refused || !atomic_load(&s->refused))
			continue;
		r->is_refused = 1;
		r->begins_again = 0;
		error_clear(&r->error);
		read_stop(r, &s->error);
	}
}

static void
look_at_writer(struct flow *f)
{
	struct read *r = f->reads;

	look_at_refusals(f);
	if (f->is_undone || !atomic_load(&f->writer->failed))
		return;
	while (r != NULL && r->index != f->writer->failed_stream)
		r = r->next;
	if (r != NULL && !f->writer->is_fatal) {
		/* the destination's reason is the cause, and the source's end its consequence */
		error_clear(&r->error);
		r->begins_again = 0;
		read_stop(r, &f->writer->error);
	}
	checkpoint_undo(f);
}

static void
look_at_joint(struct flow *f)
{
	if (joint_is_lost(&f->joint) && f->reads != NULL)
		checkpoint_undo(f);
}

/* A source that does not end what it was asked to end is given up. */
static void
look_at_source(struct flow *f)
{
	struct reader *reader = &f->session->reader;
	const struct read *guilty = NULL;
	struct error why = ERROR_INIT;

	for (const struct read *r = f->reads; r != NULL; r = r->next)
		if (r->phase == READ_STOPS && clock_mono_us() >= r->stop_us)
			guilty = r;
	reader->is_lost |= guilty != NULL;
	if (f->running == 0 || !reader_is_late(reader))
		return;
	error_set(&why, reader->signal != 0 ? AB_ECANCELLED : AB_EBUG,
	    "the source did not stop when it was asked to");
	on_death(f, &why, guilty);
}

static int
is_durable(const struct flow *f, const struct read *r)
{
	return r->commit != 0 && atomic_load(&f->writer->commits) >= r->commit;
}

/* The read is over: it is told of, or its stream begins again. */
static void
settle(struct flow *f, struct read *r, struct error *e)
{
	struct error why = r->error;
	size_t index = r->index;
	int again = r->begins_again;

	if (again && f->session->reader.signal != 0) {
		error_clear(&why);
		error_set(&why, AB_ECANCELLED, "stopped");
		again = 0;
	}
	read_free(r);
	if (again) {
		f->begun[index] = 0;
		f->next = index < f->next ? index : f->next;
		f->is_stale = 1;
	} else {
		end_stream(f, index, &why, e);
	}
}

/* All reads have ended and what they have not committed is gone. */
static void
settle_undone(struct flow *f, struct error *e)
{
	struct error why = ERROR_INIT;

	if (f->running > 0 || !writer_is_idle(f->writer))
		return;
	writer_take_error(f->writer, &why);
	f->is_fatal |= why.status != AB_OK && f->writer->is_fatal;
	for (const struct read *r = f->reads; r != NULL; r = r->next)
		if (r->error.status != AB_OK && !r->begins_again)
			joint_lose(&f->joint, r->index, &r->error);
	while (f->reads != NULL) {
		struct read *r = f->reads;

		if (is_durable(f, r) && r->begins_again && r->error.status == AB_OK)
			r->begins_again = 0;
		else if (f->is_fatal && why.status != AB_OK) {
			r->begins_again = 0;
			r->error = why;
		} else if (joint_is_lost(&f->joint) && r->begins_again) {
			r->begins_again = 0;
			error_clear(&r->error);
			joint_tell(&f->joint, f->plan->streams[f->joint.stream].name, &r->error);
		}
		settle(f, r, e);
	}
	f->commits = atomic_load(&f->writer->commits);
	f->is_undone = 0;
	f->is_stale = 1;
	if (f->is_held && !session_is_dead(f->session))
		source_hold(f->session->reader.source, 0);
	f->is_held = 0;
	checkpoint_reset(f);
}

static void
settle_all(struct flow *f, struct error *e)
{
	if (f->is_undone) {
		settle_undone(f, e);
		return;
	}
	for (struct read *r = f->reads, *next; r != NULL; r = next) {
		int done = r->phase == READ_ENDED && (r->is_refused || is_durable(f, r));

		next = r->next;
		if (!done)
			continue;
		/* a refusal is told before the checkpoint that it had no part in */
		look_at_refusals(f);
		settle(f, r, e);
	}
}

/* The checkpoint that covers the last read is durable a moment before the writer is idle, and what begins again waits for
 * that. */
static int
is_over(struct flow *f)
{
	if (f->reads != NULL)
		return 0;
	reader_wait_idle(&f->session->reader);
	return !may_begin(f);
}

ab_status
flow_run(struct flow *f, struct error *e)
{
	struct reader *reader = &f->session->reader;

	if ((f->begun = calloc(f->plan->n + 1, 1)) == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the streams");
	state_rows_sort(f->rows, f->nrows);
	checkpoint_reset(f);
	reader_stopped(reader);
	for (;;) {
		begin_streams(f, e);
		if (next_stream(f) == f->plan->n) {
			dest_states_free(f->rows, f->nrows);
			f->rows = NULL;
			f->nrows = 0;
			f->is_stale = 1;
		}
		look_at_writer(f);
		look_at_joint(f);
		look_at_source(f);
		checkpoint_try(f);
		settle_all(f, e);
		if (is_over(f))
			break;
		if (f->reads != NULL)
			reader_step(reader, on_event, f);
	}
	if (reader->tick != NULL)
		reader->tick(reader->ctx);
	return e->status;
}

void
flow_fini(struct flow *f)
{
	while (f->reads != NULL)
		read_free(f->reads);
	dest_states_free(f->rows, f->nrows);
	free(f->begun);
}
