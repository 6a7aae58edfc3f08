/* checkpoint.h - when rows become durable, and the state that goes with them.
 *
 * One checkpoint covers all streams, for their rows are in one transaction.  It may be sent when every open partition can
 * be cut: when a restart would neither lose nor double what the partition has written.  A partition is cut
 * - at its token, where page tokens outlive a run: {the state as its read began, token};
 * - at its state, where the cursor never descends: {the state so far};
 * - anywhere, where rows that are written again do no harm: an overwrite that begins afresh, a pipe; and append_dedup, where
 *   those that have no key are void as below (a destination takes no others back then);
 * - else by declaring the rows since its last cut void: the next read takes them back before it goes on.  The rows of one
 *   partition are told from those of the others by their time, which ends in the number of its lane (dest.h).
 * A destination that cannot take rows back allows only the first three (the first two in streams without partitions).
 * A partition that cannot be cut then blocks the checkpoint; when one is due, no new partition begins (source_hold) until
 * those that are open have ended.  Holding may cost no more than a fifth of the time.
 * At the end of a partition its final state stands, at the end of a stream all of it; a failed stream's open partitions go
 * back to their last cuts.  A checkpoint that would cover nothing but void rows is not sent.
 * The next run passes over partitions that are done: the others come first.  But where a run has failed and brought none to
 * its end, the one after it reads them all, each from its state.  So does one of a stream without partitions, unless a refresh
 * has read it to its end, or it keeps no state. */
#ifndef ABHOST_CHECKPOINT_H
#define ABHOST_CHECKPOINT_H
#include "engine/read.h"

void checkpoint_reset(struct flow *f);
/* A page of the partition was sent. */
void checkpoint_page(struct read *r, struct read_part *p, size_t records, size_t bytes);
/* The source waits, perhaps for long: what may be committed is. */
void checkpoint_wait(struct flow *f);
/* The partition has ended: its final state stands, and is committed when it is worth it.  It is closed. */
ab_status checkpoint_part(struct read *r, struct read_part *p, struct error *e);
/* The read has ended, well or not: it is committed as soon as may be.  What nothing covers of one that failed is taken
 * back. */
void checkpoint_end(struct read *r);
/* Commits what is due, or holds the source. */
void checkpoint_try(struct flow *f);
/* Whether the read, if it began again, would write records of a full refresh a second time. */
int checkpoint_would_repeat(const struct read *r);
/* Everything since the last checkpoint is gone. */
void checkpoint_undo(struct flow *f);
#endif
