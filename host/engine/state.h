/* state.h - where a stream's read stands: between the destination's state rows and the connector's words for them.
 *
 * A state_read is one stream's read, a state_part one partition of it, as it is (or will be) committed.  state_open
 * decides from what is stored whether the read goes on or begins, with what, and into which generation:
 *
 * - A refresh (full_refresh; or an incremental stream that is read from the beginning on demand, or whose table was filled
 *   by a full refresh before) goes on where the last run stopped, if that run was the same kind of refresh into the
 *   same mode and left a page token or a finished partition.  Else it begins a new generation.
 * - It does not touch the stream's state before it has ended.  So a user who gives a refresh up and goes back to
 *   incremental has lost nothing: the old state and the old rows are there.
 * - An incremental append that has no state although the table was filled by a full refresh would double every record.
 *   It is read as a refresh that replaces the table.
 *
 * Column "notes" of a row: {"sync_mode", "mode": of the unfinished read, "until": time of the stream's newest row (us),
 * "void": see state_part, "cursor": greatest value of the state, "edge": ["<hash>", ...] of the records at it (track.h),
 * "running": {"state", "cursor", "edge"} as of the token}.
 * Texts of any origin are kept as bytes; numbers in them never pass through a double.  Not thread-safe. */
#ifndef ABHOST_STATE_H
#define ABHOST_STATE_H
#include "base/buf.h"
#include "engine/plan.h"
#include "engine/track.h"

#define STATE_MAX_BYTES (16u << 20) /* of one stream's committed states together */

/* A state, and the records that stand at it. */
struct state_point {
	char *json;	/* what the connector gets; NULL: none */
	char *cursor;	/* the greatest value as JSON, or NULL */
	uint64_t *edge; /* hashes of the records at it */
	size_t nedge;
};

struct state_part {
	char *partition;	 /* JSON, "" for the only one */
	struct state_point base; /* where a read begins */
	struct state_point
	    run;     /* as of token; in a refresh also the final one of a partition that is done */
	char *token; /* the next page, or NULL */
	int64_t pages, started_us; /* started_us 0: no unfinished read */
	int done;
	int is_void; /* rows since started_us go before the next read: it begins again at base */
	int dirty;   /* differs from its row */
	/* private */
	int refreshed;
};

struct state_read {
	const char *stream, *namespace_;
	enum plan_sync_mode sync_mode;
	enum dest_mode mode; /* may differ from the plan's: a refresh that replaces */
	int64_t generation_id;
	int is_refresh, fresh, resumed;
	int64_t until_us;      /* the newest row's time */
	int64_t void_since_us; /* rows since then go first; 0: none */
	struct state_part *parts;
	size_t n;
	/* private */
	size_t cap, last;
};

/* rows: all of the destination's. from_start: read from the beginning whatever is stored. */
ab_status state_open(struct state_read *r, const struct plan_stream *p, int from_start,
    const struct dest_state *rows, size_t nrows, struct error *e);
void state_close(struct state_read *r);
/* The partition, added where it is new; NULL: no memory. Valid until the next call. */
struct state_part *state_part(struct state_read *r, const char *partition);
/* Replaces *text by a copy; len 0: by NULL. -1: no memory. */
int state_set(char **text, const char *bytes, size_t len);
/* Replaces the point by copies; track may be NULL. -1: no memory. */
int state_set_point(struct state_point *p, const char *json, size_t len, const struct track *t);
int state_copy_point(struct state_point *to, const struct state_point *from);
void state_point_fini(struct state_point *p);
/* What the connector is told is committed (chan.h, CHAN_READ). -1: too large or no memory. */
int state_committed(const struct state_read *r, struct buf *out);
/* The rows to commit: those that are dirty (and no longer are), or all of them at the stream's end. *rows is
 * dest_states_free's. */
ab_status state_rows(struct state_read *r, struct dest_state **rows, size_t *n, struct error *e);
ab_status state_end(struct state_read *r, struct dest_state **rows, size_t *n, struct error *e);
#endif
