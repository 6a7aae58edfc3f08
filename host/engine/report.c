/* report.c - see report.h. */
#include "engine/report.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

#define RATE_US 500000 /* the rate is measured over at least this long */

void
report_init(struct report *r, const struct sync_options *o, struct sync_report *out)
{
	memset(r, 0, sizeof(*r));
	memset(out, 0, sizeof(*out));
	r->options = o;
	r->out = out;
	out->started_us = clock_now_us();
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

		s->sync_mode = plan_sync_word(p->streams[i].sync_mode);
		s->destination_sync_mode = plan_dest_word(p->streams[i].mode);
		if ((s->name = strdup(p->streams[i].name)) == NULL)
			return error_set(e, AB_ENOMEM, "no memory for the report");
		r->out->nstreams = i + 1;
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
report_wait(struct report *r, size_t stream, int64_t until_us, const char *host, const char *why)
{
	struct sync_stream_report *s = &r->out->streams[stream];

	s->wait_until_us = until_us;
	snprintf(s->wait_host, sizeof(s->wait_host), "%s", host != NULL ? host : "");
	snprintf(s->wait_why, sizeof(s->wait_why), "%s", why != NULL ? why : "");
	report_event(r, SYNC_EVENT_WAIT, stream, why);
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
	s->started_us = clock_now_us();
	s->resumed = resumed;
	report_event(r, SYNC_EVENT_STREAM_BEGIN, stream, NULL);
}

void
report_end(struct report *r, size_t stream, const struct error *e)
{
	struct sync_stream_report *s = &r->out->streams[stream];
	int64_t now = clock_now_us();

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
	snprintf(s->error, sizeof(s->error), "%s", e->text);
	report_event(r, SYNC_EVENT_STREAM_END, stream, NULL);
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
		free((char *)(uintptr_t)r->streams[i].where);
	}
	free(r->streams);
	memset(r, 0, sizeof(*r));
}
