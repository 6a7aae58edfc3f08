/* reader.h - the loop that owns the source's descriptors, the signals and the clocks.
 *
 * One command of the source at a time: reader_run takes events until it ended.  The first SIGINT, SIGTERM or SIGHUP asks
 * the source to stop, and what it still sends counts; the second, or STOP_MS of waiting, ends the loop.  Signals are
 * blocked in every thread from reader_init on, and read here only. */
#ifndef ABHOST_READER_H
#define ABHOST_READER_H
#include <signal.h>

#include "engine/writer.h"
#include "source/source.h"

struct reader {
	struct source *source; /* borrowed; changes between commands only */
	struct queue *queue;   /* where pages go; NULL: the command has none */
	struct writer *writer; /* its failure ends the command; NULL: none */
	/* About ten times a second, and before reader_run returns; may be NULL. */
	void (*tick)(void *ctx);
	void *ctx;
	int signal;  /* the first one that came; SIGHUP counts as SIGTERM */
	int is_lost; /* the source did not stop in time: close it without grace */
	/* private */
	int is_ready, signal_fd;
	sigset_t mask;
	int64_t next_tick, deadline;
	int stopping;
};

/* What to do with an event; an error stops the command. */
typedef ab_status reader_event(void *ctx, struct source_event *ev, struct error *e);

ab_status reader_init(struct reader *r, struct error *e);
void reader_fini(struct reader *r);
/* AB_OK: the command ended well, and no event was refused. AB_ECANCELLED with r->signal set: a signal ended it. */
ab_status reader_run(struct reader *r, reader_event *fn, void *ctx, struct error *e);
/* The page of a SOURCE_PAGE event in a buffer of the queue's, waiting for one; its slot is free again. NULL: error. */
struct queue_page *reader_page(struct reader *r, const struct source_event *ev, struct error *e);
/* Waits until the writer has done everything. */
void reader_wait_idle(struct reader *r);
#endif
