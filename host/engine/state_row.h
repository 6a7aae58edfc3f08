/* state_row.h - state rows, to and fro: their notes, and the form that Airbyte's users know.  Pure. */
#ifndef ABHOST_STATE_ROW_H
#define ABHOST_STATE_ROW_H
#include "engine/state.h"

struct state_notes {
	int has_mode;
	enum plan_sync_mode sync_mode;
	enum dest_mode mode;
	int64_t until_us;
};

/* Reads a row into a partition (zeroed by the caller) and its notes; notes that make no sense count as none. -1: no
 * memory. */
int state_row_read(const struct dest_state *row, struct state_part *p, struct state_notes *notes);
void state_part_fini(struct state_part *p);
/* Fills a zeroed row with copies. -1: no memory. */
int state_row_write(const struct state_read *r, const struct state_part *p, struct dest_state *row);
/* All rows as Airbyte's state messages: [{"type": "STREAM", "stream": {"stream_descriptor": {"name": ...},
 * "stream_state": {...}}}, ...]; a stream with partitions has {"states": [{"partition": ..., "cursor": ...}]}. -1: too large
 * or no memory. */
int state_export(const struct dest_state *rows, size_t n, struct buf *out);
#endif
