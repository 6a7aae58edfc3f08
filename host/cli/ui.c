/* ui.c - see ui.h: which form gets what, and the plain lines. */
#include "cli/ui.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/redact.h"
#include "cli/cli.h"
#include "cli/text.h"

#define LIVE_EVERY_US	 100000
#define LINES_EVERY_US	 5000000
#define WORTH_TELLING_US 10000000 /* a wait in a pipe or log */
#define MAX_SCREEN	 (1u << 20)
#define WIDEST_NAME	 24

enum ui_form
ui_form_for(FILE *to)
{
	const char *term = getenv("TERM");

	return isatty(fileno(to)) && term != NULL && strcmp(term, "dumb") != 0 ? UI_LIVE : UI_LINES;
}

size_t
ui_name_width(const struct ui *ui)
{
	size_t most = ui->form == UI_LIVE ? WIDEST_NAME : SIZE_MAX, widest = 6, w;

	for (size_t i = 0; i < ui->report->nstreams; i++) {
		w = text_width(ui->report->streams[i].name);
		if (w > widest)
			widest = w;
	}
	return widest < most ? widest : most;
}

void
ui_numbers(struct buf *out, const struct sync_stream_report *s, int64_t now_us)
{
	int64_t us = (s->ended_us != 0 ? s->ended_us : now_us) - s->started_us;
	char records[TEXT_NUMBER], rate[TEXT_NUMBER], bytes[TEXT_NUMBER], time[TEXT_NUMBER];

	buf_addf(out, "  %11s records  %9s/s  %8s  %8s", text_count(s->records, records),
	    text_count((int64_t)s->rate, rate), text_bytes(s->bytes, bytes),
	    text_duration(us, time));
}

void
ui_waiting(struct buf *out, const struct sync_stream_report *s, int64_t least_us)
{
	int64_t left = s->wait.until_us - clock_now_us();
	char text[SYNC_WAIT_TEXT];

	if (left >= least_us && left > 0) {
		sync_wait_text(&s->wait, text);
		buf_addf(out, "  %s", cli_clean(redact_text(text)));
	}
}

static void
put_line(struct ui *ui, const char *text)
{
	fprintf(ui->to, "%s\n", text);
	fflush(ui->to);
}

static void
put_stream(struct ui *ui, const struct sync_stream_report *s, const char *note)
{
	struct buf line;

	buf_init(&line, 4096);
	text_fit(&line, s->name, ui_name_width(ui), 0);
	ui_numbers(&line, s, clock_steady_us());
	buf_adds(&line, note);
	put_line(ui, buf_str(&line));
	buf_fini(&line);
}

static const char *
end_note(const struct sync_stream_report *s)
{
	if (s->failed || s->stopped)
		return s->failed ? "  failed" : "  stopped";
	return s->resumed ? "  done (went on where it had stopped)" : "  done";
}

static void
put_head(struct ui *ui)
{
	fprintf(ui->to, "%s %s -> %s\n", ui->id, ui->version, ui->where);
	fflush(ui->to);
}

static void
lines_event(struct ui *ui, enum sync_event ev, size_t stream)
{
	const struct sync_report *r = ui->report;
	int64_t now = clock_mono_us();
	struct buf line;

	switch (ev) {
	case SYNC_EVENT_BEGIN:
		put_head(ui);
		ui->drawn_us = now;
		break;
	case SYNC_EVENT_PROGRESS:
		if (now - ui->drawn_us < LINES_EVERY_US)
			break;
		ui->drawn_us = now;
		for (size_t i = 0; i < r->nstreams; i++)
			if (r->streams[i].started_us != 0 && r->streams[i].ended_us == 0)
				put_stream(ui, &r->streams[i], "");
		break;
	case SYNC_EVENT_WAIT:
		buf_init(&line, 4096);
		ui_waiting(&line, &r->streams[stream], WORTH_TELLING_US);
		if (line.len > 0)
			put_stream(ui, &r->streams[stream], buf_str(&line));
		buf_fini(&line);
		break;
	case SYNC_EVENT_STREAM_END:
		put_stream(ui, &r->streams[stream], end_note(&r->streams[stream]));
		break;
	default:
		break;
	}
}

static void
live_event(struct ui *ui, enum sync_event ev, size_t stream)
{
	int64_t now = clock_mono_us();

	switch (ev) {
	case SYNC_EVENT_BEGIN:
		put_head(ui);
		break;
	case SYNC_EVENT_STREAM_END:
		ui_live_clear(ui);
		put_stream(
		    ui, &ui->report->streams[stream], end_note(&ui->report->streams[stream]));
		break;
	case SYNC_EVENT_END:
		ui_live_clear(ui);
		return;
	default:
		break;
	}
	if (now - ui->drawn_us < LIVE_EVERY_US)
		return;
	ui->drawn_us = now;
	ui_live_draw(ui);
}

void
ui_event(
    void *ctx, enum sync_event ev, const struct sync_report *r, size_t stream, const char *text)
{
	char why[256] = "";
	struct ui *ui = ctx;

	if (text != NULL)
		snprintf(why, sizeof(why), "%s", text);
	cli_clean(redact_text(why));
	pthread_mutex_lock(&ui->lock);
	ui->report = r;
	if (ui->form == UI_LIVE)
		live_event(ui, ev, stream);
	else if (ui->form == UI_LINES)
		lines_event(ui, ev, stream);
	else if (ui->form == UI_JSON)
		ui_json_event(ui, ev, stream, why);
	pthread_mutex_unlock(&ui->lock);
}

void
ui_trace(void *ctx, const struct source_trace *t)
{
	struct ui *ui = ctx;

	pthread_mutex_lock(&ui->lock);
	if (ui->form == UI_LIVE)
		ui_live_clear(ui);
	if (ui->form == UI_JSON)
		ui_json_trace(ui, t);
	else
		cli_trace(t);
	pthread_mutex_unlock(&ui->lock);
}

static void
log_line_to(void *ctx, int level, const char *line)
{
	struct ui *ui = ctx;

	pthread_mutex_lock(&ui->lock);
	if (ui->form == UI_LIVE)
		ui_live_clear(ui);
	if (ui->form == UI_JSON)
		ui_json_log(ui, level, line);
	else if (ui->form != UI_QUIET || level >= AB_WARN)
		fprintf(stderr, "abhost: %s: %s\n", log_word(level), line);
	pthread_mutex_unlock(&ui->lock);
}

void
ui_begin(struct ui *ui, enum ui_form form, FILE *to)
{
	const char *no_color = getenv("NO_COLOR");

	ui->form = form;
	ui->to = to;
	ui->colors = form == UI_LIVE && (no_color == NULL || *no_color == '\0');
	pthread_mutex_init(&ui->lock, NULL);
	buf_init(&ui->out, MAX_SCREEN);
	log_to(log_line_to, ui);
	if (form == UI_LIVE)
		ui_live_begin(ui);
}

void
ui_end(struct ui *ui)
{
	log_to(NULL, NULL);
	if (ui->form == UI_LIVE) {
		ui_live_clear(ui);
		ui_live_end();
	}
	fflush(ui->to);
	buf_fini(&ui->out);
	pthread_mutex_destroy(&ui->lock);
}
