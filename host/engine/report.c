/* report.c - see report.h. */
#include "engine/report.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/memory.h"

#define RATE_US 500000 /* the rate is measured over at least this long */

void
report_init(struct report *r, const struct sync_options *o, struct sync_report *out)
{
	memset(r, 0, sizeof(*r));
	memset(out, 0, sizeof(*out));
	r->options = o;
	r->out = out;
	out->started_us = clock_steady_us();
	out->outcome = SYNC_FAILED;
}

ab_status
report_plan(struct report *r, const struct plan *p, struct error *e)
{
	r->out->streams = calloc(p->n + 1, sizeof(*r->out->streams));
	r->marks = calloc(p->n + 1, sizeof(*r->marks));
	if (r->out->streams == NULL || r->marks == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the report");
	for (size_t i = 0; i < p->n; i++) {
		struct sync_stream_report *s = &r->out->streams[i];

		s->generation_id = p->streams[i].has_generation ? p->streams[i].generation_id : -1;
		s->sync_id = p->streams[i].has_generation ? p->streams[i].sync_id : -1;
		s->sync_mode = plan_sync_word(p->streams[i].sync_mode);
		s->destination_sync_mode = plan_dest_word(p->streams[i].mode);
		s->name = strdup(p->streams[i].name);
		s->namespace_ = strdup(p->streams[i].namespace_);
		r->out->nstreams = i + 1;
		if (s->name == NULL || s->namespace_ == NULL)
			return error_set(e, AB_ENOMEM, "no memory for the report");
	}
	return AB_OK;
}

void
report_event(struct report *r, enum sync_event ev, size_t stream, const char *text)
{
	if (r->options->on_event != NULL)
		r->options->on_event(r->options->ctx, ev, r->out, stream, text);
}

void
report_take_wait(const struct source_event *ev, struct sync_wait *out)
{
	const char *host = ev->token.ptr, *why = ev->text.ptr;

	*out = (struct sync_wait){.until_us = ev->num, .done = ev->done, .limited = ev->limited};
	snprintf(out->host, sizeof(out->host), "%s", host != NULL ? host : "");
	snprintf(out->why, sizeof(out->why), "%s", why != NULL ? why : "");
}

const char *
sync_wait_text(const struct sync_wait *w, char out[SYNC_WAIT_TEXT])
{
	time_t until = (time_t)(w->until_us / 1000000);
	char at[16] = "?", done[48] = "";
	struct tm tm;

	if (localtime_r(&until, &tm) != NULL)
		strftime(at, sizeof(at), "%H:%M:%S", &tm);
	if (w->limited)
		snprintf(done, sizeof(done), ", %" PRIu64 " request%s done", w->done,
		    w->done == 1 ? "" : "s");
	snprintf(out, SYNC_WAIT_TEXT, "%s%s%s until %s%s%s%s",
	    w->limited ? "rate limited" : "waiting",
	    w->host[0] == '\0' ? ""
		: w->limited   ? " by "
			       : " for ",
	    w->host, at, done, w->why[0] == '\0' ? "" : ": ", w->why);
	return out;
}

void
report_wait(struct report *r, size_t stream, const struct source_event *ev)
{
	struct sync_stream_report *s = &r->out->streams[stream];

	report_take_wait(ev, &s->wait);
	report_event(r, SYNC_EVENT_WAIT, stream, s->wait.why);
}

void
report_page(struct report *r, size_t stream, size_t records, size_t bytes)
{
	struct sync_stream_report *s = &r->out->streams[stream];

	s->pages++;
	s->records += (int64_t)records;
	s->bytes += (int64_t)bytes;
	r->out->records += (int64_t)records;
	r->out->bytes += (int64_t)bytes;
}

#define MIB(bytes) ((double)(bytes) / (1 << 20))

void
report_large_page(struct report *r, size_t stream, size_t bytes, size_t tables)
{
	struct sync_stream_report *s = &r->out->streams[stream];
	int is_first = s->large_page == 0, has_dedup = 0;

	if ((int64_t)bytes > s->large_page)
		s->large_page = (int64_t)bytes;
	if (!is_first)
		return;
	for (size_t i = 0; i < r->out->nstreams && !has_dedup; i++)
		has_dedup = r->streams[i].spec.mode == DEST_APPEND_DEDUP;
	log_line(AB_WARN,
	    "stream \"%s\": a page of %.1f MiB, with %.1f MiB of tables to find its records, is larger than the %.1f MiB that "
	    "--memory has for pages: it is taken alone, and the run takes more than --memory says; --memory %zuM has room for "
	    "it, or let the connector ask for smaller pages",
	    s->name, MIB(bytes), MIB(tables), MIB(r->writer->queue.budget),
	    memory_for_page(bytes, tables, has_dedup) >> 20);
}

static void
measure_rate(struct report_mark *mark, struct sync_stream_report *s)
{
	int64_t now = clock_mono_us();

	if (now - mark->us < RATE_US)
		return;
	s->rate = (double)(s->records - mark->records) * 1e6 / (double)(now - mark->us);
	mark->us = now;
	mark->records = s->records;
}

void
report_tick(void *ctx)
{
	struct report *r = ctx;
	int64_t commits = r->writer == NULL ? 0 : atomic_load(&r->writer->commits);
	size_t first = REPORT_NONE;

	for (size_t i = 0; i < r->out->nstreams; i++) {
		struct sync_stream_report *s = &r->out->streams[i];

		if (s->started_us == 0 || s->ended_us != 0)
			continue;
		first = first == REPORT_NONE ? i : first;
		s->written = atomic_load(&r->streams[i].written);
		measure_rate(&r->marks[i], s);
		if (commits != r->commits)
			report_event(r, SYNC_EVENT_CHECKPOINT, i, NULL);
	}
	r->commits = commits;
	if (first != REPORT_NONE)
		report_event(r, SYNC_EVENT_PROGRESS, first, NULL);
}

void
report_begin(struct report *r, size_t stream, int resumed)
{
	struct sync_stream_report *s = &r->out->streams[stream];

	if (s->started_us != 0)
		return;
	r->marks[stream].us = clock_mono_us();
	s->started_us = clock_steady_us();
	s->resumed = resumed;
	report_event(r, SYNC_EVENT_STREAM_BEGIN, stream, NULL);
}

void
report_end(struct report *r, size_t stream, const struct error *e)
{
	struct sync_stream_report *s = &r->out->streams[stream];
	int64_t now = clock_steady_us();

	if (s->started_us == 0)
		s->started_us = now;
	s->ended_us = now;
	if (r->streams != NULL) {
		s->written = atomic_load(&r->streams[stream].written);
		writer_stats(r->writer, stream, &s->stats);
		if (r->streams[stream].where[0] != '\0' && s->where == NULL)
			s->where = strdup(r->streams[stream].where);
	}
	if (s->ended_us > s->started_us)
		s->rate = (double)s->records * 1e6 / (double)(s->ended_us - s->started_us);
	s->stopped = e->status == AB_ECANCELLED;
	s->failed = e->status != AB_OK && !s->stopped;
	s->status = e->status;
	snprintf(s->error, sizeof(s->error), "%s", e->text);
	report_event(r, SYNC_EVENT_STREAM_END, stream, NULL);
}

void
report_times(struct report *r, int64_t waited_us)
{
	struct sync_times *all = &r->out->times;

	if (r->writer == NULL || r->streams == NULL)
		return; /* it failed before it had begun */
	for (size_t i = 0; i < r->out->nstreams; i++) {
		struct sync_times *t = &r->out->streams[i].times;

		t->write_us = r->streams[i].busy_us;
		t->commit_us = r->streams[i].commit_us;
		all->scan_us += t->scan_us;
		all->write_us += t->write_us;
	}
	all->fetch_us = waited_us;
	all->commit_us = r->writer->commit_us;
	r->out->checkpoints = atomic_load(&r->writer->commits);
}

void
report_fini(struct report *r)
{
	free(r->marks);
	r->marks = NULL;
}

void
sync_report_fini(struct sync_report *r)
{
	for (size_t i = 0; i < r->nstreams; i++) {
		free((char *)(uintptr_t)r->streams[i].name);
		free((char *)(uintptr_t)r->streams[i].namespace_);
		free((char *)(uintptr_t)r->streams[i].where);
	}
	free(r->streams);
	memset(r, 0, sizeof(*r));
}
