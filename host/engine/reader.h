/* reader.h - the loop that owns the source's descriptors, the signals and the clocks.
 *
 * Either one command of the source, of which reader_run takes the events until it ended, or reads, any number of them
 * together, of which reader_step takes what there is.  The first SIGINT, SIGTERM or SIGHUP asks the source to stop, and
 * what it still sends counts; the second, or READER_STOP_MS of waiting, ends the command.  Signals are
 * blocked in every thread from reader_init on, and read here only. */
#ifndef ABHOST_READER_H
#define ABHOST_READER_H
#include <signal.h>

#include "engine/writer.h"
#include "source/source.h"

#define READER_STOP_MS 10000 /* what a source may take to stop */

struct reader {
	struct source *source; /* borrowed; changes between commands only */
	struct queue *queue;   /* where pages go; NULL: the command has none */
	struct writer *writer; /* its failure ends the command; NULL: none */
	/* About ten times a second, and before reader_run returns; may be NULL. */
	void (*tick)(void *ctx);
	void *ctx;
	int signal;	   /* the first one that came; SIGHUP counts as SIGTERM */
	int is_lost;	   /* the source did not stop in time: close it without grace */
	int64_t waited_us; /* so far, for nothing but the source */
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
/* Hands events of reads to fn while there are any and room for a page, then waits once for anything to happen; returns at
 * once where fn returns 1. */
void reader_step(struct reader *r, int (*fn)(void *ctx, struct source_event *ev), void *ctx);
/* Asks all that runs to end, within READER_STOP_MS. */
void reader_stop(struct reader *r);
/* It was asked to, and did not, or a second signal came: the source is to be given up. */
int reader_is_late(struct reader *r);
/* It has ended: what runs next has not been asked to. */
void reader_stopped(struct reader *r);
/* Lets a page go that nobody wants: the source waits for its slot. */
void reader_drop_page(struct reader *r, const struct source_event *ev);
/* The page of a SOURCE_PAGE event in a buffer of the queue's, waiting for one; its slot is free again. NULL: error. */
struct queue_page *reader_page(struct reader *r, const struct source_event *ev, struct error *e);
/* Waits until the writer has done everything. */
void reader_wait_idle(struct reader *r);
#endif
