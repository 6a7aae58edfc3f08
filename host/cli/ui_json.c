/* ui_json.c - a sync as JSON objects, one a line, for programs: {"event": "stream_end", "time": "...", ...}. */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/redact.h"
#include "cli/ui.h"

static const char *const event_names[] = {
    [SYNC_EVENT_BEGIN] = "begin",
    [SYNC_EVENT_STREAM_BEGIN] = "stream_begin",
    [SYNC_EVENT_PROGRESS] = "progress",
    [SYNC_EVENT_CHECKPOINT] = "checkpoint",
    [SYNC_EVENT_WAIT] = "wait",
    [SYNC_EVENT_STREAM_END] = "stream_end",
    [SYNC_EVENT_END] = "end",
};

static const char *const outcome_names[] = {
    [SYNC_DONE] = "succeeded",
    [SYNC_FAILED] = "failed",
    [SYNC_SOME_FAILED] = "partial",
    [SYNC_CANCELLED] = "cancelled",
};

#define PROGRESS_EVERY_US 1000000

static void
add_text(struct buf *b, const char *key, const char *text)
{
	buf_addf(b, ",\"%s\":", key);
	buf_add_json_string(b, text, strlen(text));
}

static void
add_number(struct buf *b, const char *key, int64_t n)
{
	buf_addf(b, ",\"%s\":%" PRId64, key, n);
}

static void
open_object(struct ui *ui, const char *event)
{
	char time[CLOCK_TEXT];

	buf_reset(&ui->out);
	buf_addf(&ui->out, "{\"event\":\"%s\",\"time\":\"%s\"", event,
	    clock_format(clock_now_us(), time));
}

static void
close_object(struct ui *ui)
{
	buf_adds(&ui->out, "}\n");
	if (!ui->out.failed)
		fputs(redact_text(ui->out.ptr), ui->to);
	fflush(ui->to);
	buf_reset(&ui->out);
}

static void
add_stream(struct buf *b, const struct sync_stream_report *s, int is_begin)
{
	add_text(b, "stream", s->name);
	if (is_begin) {
		add_text(b, "sync_mode", s->sync_mode);
		add_text(b, "destination_sync_mode", s->destination_sync_mode);
		buf_addf(b, ",\"resumed\":%s", s->resumed ? "true" : "false");
		return;
	}
	add_number(b, "records", s->records);
	add_number(b, "written", s->written);
	add_number(b, "bytes", s->bytes);
	add_number(b, "pages", s->pages);
}

static void
add_stats(struct buf *b, const struct dest_stats *s)
{
	size_t len = b->len;

	buf_addc(b, ',');
	dest_stats_add(s, b);
	if (!b->failed && b->len == len + 1)
		b->ptr[b->len = len] = '\0';
}

static void
add_end(struct ui *ui, const struct sync_report *r)
{
	add_text(&ui->out, "outcome", outcome_names[r->outcome]);
	add_number(&ui->out, "records", r->records);
	add_number(&ui->out, "bytes", r->bytes);
	add_number(&ui->out, "duration_us", r->ended_us - r->started_us);
	if (r->verified > 0)
		add_number(&ui->out, "verified", r->verified);
	if (r->signal != 0)
		add_number(&ui->out, "signal", r->signal);
}

static void
emit_stream(struct ui *ui, enum sync_event ev, size_t stream, const char *text)
{
	const struct sync_stream_report *s = &ui->report->streams[stream];
	char time[CLOCK_TEXT];

	open_object(ui, event_names[ev]);
	add_stream(&ui->out, s, ev == SYNC_EVENT_STREAM_BEGIN);
	if (ev == SYNC_EVENT_WAIT) {
		add_text(&ui->out, "until", clock_format(s->wait.until_us, time));
		add_text(&ui->out, "host", s->wait.host);
		add_text(&ui->out, "reason", text);
		add_number(&ui->out, "requests", (int64_t)s->wait.done);
		buf_addf(&ui->out, ",\"rate_limited\":%s", s->wait.limited ? "true" : "false");
	}
	if (ev == SYNC_EVENT_STREAM_END) {
		add_text(&ui->out, "outcome",
		    s->failed	     ? "failed"
			: s->stopped ? "cancelled"
				     : "succeeded");
		add_text(&ui->out, "where", s->where != NULL ? s->where : "");
		add_stats(&ui->out, &s->stats);
		if (s->failed)
			add_text(&ui->out, "error", s->error);
	}
	close_object(ui);
}

/* Progress is told about once a second, for each stream that runs. */
static void
emit_progress(struct ui *ui)
{
	const struct sync_report *r = ui->report;
	int64_t now = clock_mono_us();

	if (now - ui->drawn_us < PROGRESS_EVERY_US)
		return;
	ui->drawn_us = now;
	for (size_t i = 0; i < r->nstreams; i++)
		if (r->streams[i].started_us != 0 && r->streams[i].ended_us == 0)
			emit_stream(ui, SYNC_EVENT_PROGRESS, i, "");
}

void
ui_json_event(struct ui *ui, enum sync_event ev, size_t stream, const char *text)
{
	if (ev == SYNC_EVENT_PROGRESS) {
		emit_progress(ui);
	} else if (ev == SYNC_EVENT_BEGIN || ev == SYNC_EVENT_END ||
	    stream >= ui->report->nstreams) {
		open_object(ui, event_names[ev]);
		if (ev == SYNC_EVENT_BEGIN) {
			add_text(&ui->out, "connector", ui->id);
			add_text(&ui->out, "version", ui->version);
			add_text(&ui->out, "destination", ui->where);
		} else {
			add_end(ui, ui->report);
			if (*text != '\0')
				add_text(&ui->out, "error", text);
		}
		close_object(ui);
	} else {
		emit_stream(ui, ev, stream, text);
	}
}

void
ui_json_log(struct ui *ui, int level, const char *line)
{
	open_object(ui, "log");
	add_text(&ui->out, "level", log_word(level));
	add_text(&ui->out, "message", line);
	close_object(ui);
}

void
ui_json_trace(struct ui *ui, const struct source_trace *t)
{
	open_object(ui, "request");
	if (ui->report != NULL && t->stream < ui->report->nstreams)
		add_text(&ui->out, "stream", ui->report->streams[t->stream].name);
	add_text(&ui->out, "method", t->method);
	add_text(&ui->out, "url", t->url);
	add_number(&ui->out, "status", t->status);
	add_number(&ui->out, "bytes", (int64_t)t->bytes);
	add_number(&ui->out, "ms", t->ms);
	add_number(&ui->out, "attempt", t->attempt);
	if (t->error[0] != '\0')
		add_text(&ui->out, "error", t->error);
	close_object(ui);
}
