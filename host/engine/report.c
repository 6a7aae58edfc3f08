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
	r->current = REPORT_NONE;
	out->started_us = clock_now_us();
	out->outcome = SYNC_FAILED;
}

ab_status
report_plan(struct report *r, const struct plan *p, struct error *e)
{
	r->out->streams = calloc(p->n + 1, sizeof(*r->out->streams));
	if (r->out->streams == NULL)
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
	report_event(r, SYNC_EVENT_WAIT, stream, why);
}

void
report_page(struct report *r, size_t records, size_t bytes)
{
	struct sync_stream_report *s = &r->out->streams[r->current];

	s->pages++;
	s->records += (int64_t)records;
	s->bytes += (int64_t)bytes;
	r->out->records += (int64_t)records;
	r->out->bytes += (int64_t)bytes;
}

static void
measure_rate(struct report *r, struct sync_stream_report *s)
{
	int64_t now = clock_mono_us();

	if (now - r->mark_us < RATE_US)
		return;
	s->rate = (double)(s->records - r->mark_records) * 1e6 / (double)(now - r->mark_us);
	r->mark_us = now;
	r->mark_records = s->records;
}

void
report_tick(void *ctx)
{
	struct report *r = ctx;
	int64_t commits = r->writer == NULL ? 0 : atomic_load(&r->writer->commits);

	if (r->current == REPORT_NONE)
		return;
	r->out->streams[r->current].written = atomic_load(&r->streams[r->current].written);
	measure_rate(r, &r->out->streams[r->current]);
	if (commits != r->commits) {
		r->commits = commits;
		report_event(r, SYNC_EVENT_CHECKPOINT, r->current, NULL);
	}
	report_event(r, SYNC_EVENT_PROGRESS, r->current, NULL);
}

void
report_begin(struct report *r, size_t stream, int resumed)
{
	struct sync_stream_report *s = &r->out->streams[stream];

	r->current = stream;
	r->mark_us = clock_mono_us();
	r->mark_records = 0;
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
	r->current = REPORT_NONE;
	report_event(r, SYNC_EVENT_STREAM_END, stream, NULL);
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
