/* read_internal.h - what read.c (events) and checkpoint.c (when, and with what, rows become durable) share. */
#ifndef ABHOST_READ_INTERNAL_H
#define ABHOST_READ_INTERNAL_H
#include "engine/read.h"

/* One stream's read. */
struct read {
	const struct read_options *o;
	struct state_read state;
	struct track track;
	/* the partition that is being read */
	struct state_part *part; /* NULL: none */
	int64_t part_index, part_page, pages_before;
	int partitioned;	   /* the stream has more than the one without a name */
	struct state_point before; /* where it began; kept for a sorted stream */
	int moved_base;		   /* the partition's row has left that point */
	int broke_promise;	   /* the stream turned out not to be sorted */
	/* behind the last page */
	int is_torn; /* it has moved behind a page that was not sent: nothing of it may be committed */
	int has_token;
	struct buf token;
	int has_state; /* the connector keeps its own, */
	struct buf own_state;
	/* since the last checkpoint */
	int64_t records, bytes, since_us;
};

void checkpoint_reset(struct read *r);
/* A page was sent: notes its figures, and commits where it is due and allowed. */
ab_status checkpoint_page(struct read *r, size_t records, size_t bytes, struct error *e);
/* The source waits, perhaps for long: what may be committed is. */
ab_status checkpoint_wait(struct read *r, struct error *e);
/* The partition has ended: its final state stands, and is committed when it is worth it. */
ab_status checkpoint_partition(struct read *r, struct error *e);
/* The stream has ended well. After an error the caller rolls back. */
ab_status checkpoint_end(struct read *r, struct error *e);
/* The stream has stopped early: commits what can be, else rolls back. */
void checkpoint_stop(struct read *r);
#endif
