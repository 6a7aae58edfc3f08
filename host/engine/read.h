/* read.h - reading one stream: the source's events become work for the writer, and points at which it can be cut.
 *
 * Each open partition has a context of its own: what its cursor has seen, the next page's token, the connector's state.
 * Runs on the reader's thread. */
#ifndef ABHOST_READ_H
#define ABHOST_READ_H
#include "engine/flow.h"
#include "engine/state.h"

/* A partition that is being read. */
struct read_part {
	struct read_part *next;
	uint32_t number; /* as its events have it */
	struct state_part *row;
	struct track track;
	int64_t page, pages_before;
	struct state_point before; /* where it began; kept for a sorted stream */
	int moved_base;		   /* the row has left that point */
	int64_t since_us;	   /* the first row that no cut covers, 0: there is none */
	int64_t cut_page;	   /* the last cut was behind this one */
	/* behind the last page */
	int is_torn;	/* it has moved behind a page that was not sent */
	int is_covered; /* its state covers all of it */
	int has_token;
	struct buf token;
	int has_state; /* the connector keeps its own, */
	struct buf own_state;
};

enum read_phase {
	READ_RUNS,
	READ_STOPS, /* the source was asked to end it; what it still says of it is dropped */
	READ_ENDED  /* waits for a checkpoint, and for it to be durable */
};

struct read {
	struct read *next;
	struct flow *flow;
	const struct plan_stream *plan;
	size_t index;	   /* of the stream in plan, report and writer */
	int64_t waited_us; /* the reader's, when this stream last had a page */
	struct state_read state;
	struct state_part *whole; /* a state that its partitions share, or NULL */
	struct track shared;	  /* what they have seen together */
	struct read_part *parts;
	enum read_phase phase;
	int64_t stop_us;   /* READ_STOPS: until then */
	int partitioned;   /* it has more than the one partition without a name */
	int broke_promise; /* it turned out not to be sorted */
	int overflowed;	   /* see track.h */
	int is_refused;	   /* by the destination, when it began: nothing of it is to be committed */
	int begins_again;  /* it is not the one that failed */
	size_t done;	   /* partitions that this run has brought to their end */
	int has_finish;	   /* the writer knows that it ended well */
	int64_t commit; /* READ_ENDED: the number of the checkpoint that covers it, 0: none yet */
	struct error error; /* AB_OK: it goes well */
};

/* Tells destination and source what is read, and from where.  NULL: no memory.  Whatever fails beyond that is in the
 * read's error, and it is ended then. */
struct read *read_begin(struct flow *f, size_t index);
void read_free(struct read *r);
/* An event of its own, while it runs, but the end. */
void read_event(struct read *r, struct source_event *ev);
/* It is not to go on: the first error counts.  Ends with the source's answer. */
void read_stop(struct read *r, const struct error *e);
/* The source has said its last word of it; e: its error, or AB_OK. */
void read_end(struct read *r, const struct error *e);
/* The partition is no longer open. -1: no memory. */
int read_close_part(struct read *r, struct read_part *p);
#endif
