/* ui.h - what a person, or a program, sees of a sync while it runs.
 *
 * Four forms: live lines that are redrawn (a terminal), plain lines (a pipe), a JSON object per event, or nothing but
 * warnings.  Events come from the sync's reader thread, log lines from any thread; a lock keeps them apart.
 * Escape codes only ever go to a terminal; the cursor is visible again when ui_end returns. */
#ifndef ABHOST_UI_H
#define ABHOST_UI_H
#include <pthread.h>
#include <stdio.h>

#include "base/buf.h"
#include "engine/sync.h"

enum ui_form { UI_LIVE, UI_LINES, UI_JSON, UI_QUIET };

struct ui {
	enum ui_form form;
	FILE *to;
	const char *id, *version, *where; /* the connector, the destination */
	/* private */
	pthread_mutex_t lock;
	const struct sync_report *report; /* of the last event, valid until the next */
	int64_t drawn_us;		  /* when progress was last shown */
	int lines;			  /* on the screen that will be drawn over */
	int cursor_hidden, colors;
	struct buf out;
};

/* Becomes log's sink until ui_end. `to` is borrowed. */
void ui_begin(struct ui *ui, enum ui_form form, FILE *to);
void ui_event(
    void *ctx, enum sync_event ev, const struct sync_report *r, size_t stream, const char *text);
/* A line on standard error, or an event. */
void ui_trace(void *ctx, const struct source_trace *t);
void ui_end(struct ui *ui);
/* UI_LIVE where `to` is a terminal that can be drawn on. */
enum ui_form ui_form_for(FILE *to);

/* ui_live.c */
void ui_live_begin(struct ui *ui); /* SIGQUIT, too, leaves the cursor visible, */
void ui_live_end(void);		   /* until here */
/* Called with the lock held. */
void ui_live_draw(struct ui *ui);  /* the lines of the running streams, over the old ones */
void ui_live_clear(struct ui *ui); /* takes them away, so that a line can be printed */
/* ui_json.c */
void ui_json_event(struct ui *ui, enum sync_event ev, size_t stream, const char *text);
void ui_json_log(struct ui *ui, int level, const char *line);
void ui_json_trace(struct ui *ui, const struct source_trace *t);
/* Columns for the streams' names, so that their numbers stand below each other. */
size_t ui_name_width(const struct ui *ui);
/* "  rate limited by ...", or nothing where it does not wait for `least_us` more. */
void ui_waiting(struct buf *out, const struct sync_stream_report *s, int64_t least_us);
/* One stream's numbers as a person reads them: "1,234 records  500/s  1.2 MB  3.4 s" */
void ui_numbers(struct buf *out, const struct sync_stream_report *s, int64_t now_us);
#endif
