/* state_row.h - state rows, to and fro: their notes, and the form that Airbyte's users know.  Pure. */
#ifndef ABHOST_STATE_ROW_H
#define ABHOST_STATE_ROW_H
#include "data/view.h"
#include "engine/state.h"

struct state_notes {
	int has_mode;
	enum plan_sync_mode sync_mode;
	enum dest_mode mode;
	int64_t until_us;
};

/* Takes over what *p holds. 0, or -1: no memory. */
typedef int state_row_each(void *ctx, struct state_part *p);
/* Calls `each` for every partition that the row speaks of (one, or a bundle's); *notes is filled before.  Notes that make no
 * sense count as none. -1: no memory, or what `each` said. */
int state_row_read(
    const struct dest_state *row, struct state_notes *notes, state_row_each *each, void *ctx);
int state_row_is_bundle(const struct dest_state *row);
/* ,"cursor":...,"edge":[...]: of a state's records, as notes have it. */
void state_row_add_point(struct buf *b, const struct state_point *p);
/* ,"met":[...]: of a part that has a token; else nothing. */
void state_row_add_met(struct buf *b, const struct state_part *p);
/* An "edge" or "met"; what is none adds nothing to *n. -1: no memory. */
int state_row_hashes(const struct ab_json *list, uint64_t **hashes, size_t *n);
/* Fills a zeroed row with copies. -1: no memory. */
int state_row_write(const struct state_read *r, const struct state_part *p, struct dest_state *row);
/* Fills a zeroed row with up to STATE_BUNDLE partitions of the shelf, from *at on, which moves: 1; 0: there are no more; -1:
 * no memory. */
int state_row_bundle(const struct state_read *r, size_t *at, size_t number, struct dest_state *row);
/* All rows as Airbyte's state messages: [{"type": "STREAM", "stream": {"stream_descriptor": {"name": ...},
 * "stream_state": {...}}}, ...]; a stream with partitions has {"states": [{"partition": ..., "cursor": ...}]}. -1: too large
 * or no memory. */
int state_export(const struct dest_state *rows, size_t n, struct buf *out);
#endif
