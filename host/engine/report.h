/* report.h - keeps the sync's figures and tells them to whoever asked: on the reader's thread only. */
#ifndef ABHOST_REPORT_H
#define ABHOST_REPORT_H
#include "engine/plan.h"
#include "engine/sync.h"
#include "engine/writer.h"

#define REPORT_NONE SIZE_MAX /* no stream */

struct report {
	const struct sync_options *options;
	struct sync_report *out;
	struct writer *writer; /* NULL: before there is one */
	struct writer_stream *streams;
	/* private */
	int64_t commits;
	struct report_mark {
		int64_t us, records;
	} * marks; /* since when, and from what, each stream's rate is measured */
};

void report_fini(struct report *r); /* what it told stays */
void report_init(struct report *r, const struct sync_options *o, struct sync_report *out);
/* The streams are known. AB_ENOMEM. */
ab_status report_plan(struct report *r, const struct plan *p, struct error *e);
void report_event(struct report *r, enum sync_event ev, size_t stream, const char *text);
/* The source waits until then (us); host may be NULL. */
void report_wait(struct report *r, size_t stream, const struct source_event *ev);
/* What a SOURCE_WAIT event says. */
void report_take_wait(const struct source_event *ev, struct sync_wait *out);
/* A page was taken. */
void report_page(struct report *r, size_t stream, size_t records, size_t bytes);
/* It, or its tables, are more than its share of --memory: said once of each stream. */
void report_large_page(struct report *r, size_t stream, size_t bytes, size_t tables);
/* Progress, and the checkpoints since the last time; `ctx` is a struct report. */
void report_tick(void *ctx);
/* A stream that had to begin again is not told of a second time. */
void report_begin(struct report *r, size_t stream, int resumed);
void report_end(struct report *r, size_t stream, const struct error *e);
/* The writer has ended: where its time went, and the reader's, which waited for so long. */
void report_times(struct report *r, int64_t waited_us);
#endif
