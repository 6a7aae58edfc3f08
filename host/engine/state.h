/* state.h - where a stream's read stands: between the destination's state rows and the connector's words for them.
 *
 * A state_read is one stream's read; state_part.h and shelf.h have its partitions.  state_open
 * decides from what is stored whether the read goes on or begins, with what, and into which generation:
 *
 * - Where a configured catalog has generation ids, they are the rows': a stream that the table has of an older generation is
 *   read from the beginning, and then older rows go or stay as minimum_generation_id says.  Else generations are counted here.
 * - A refresh (full_refresh; or an incremental stream that is read from the beginning on demand, or whose table was filled
 *   by a full refresh before) goes on where the last run stopped, if that run was the same kind of refresh into the
 *   same mode and left a page token or a finished partition.  Else it begins a new generation.
 * - It does not touch the stream's state before it has ended.  So a user who gives a refresh up and goes back to
 *   incremental has lost nothing: the old state and the old rows are there.
 * - An incremental append that has no state although the table was filled by a full refresh would double every record.
 *   It is read as a refresh that replaces the table.
 *
 * Column "notes" of a row: {"sync_mode", "mode": of the unfinished read, "cursor_field", "cursor_is_time": where abhost keeps the
 * state, "until": time of the stream's newest row (us),
 * "void", "lane": see state_part.h, "cursor": greatest value of the state, "edge": ["<hash>", ...] of the records at it
 * (track.h), "met": those of them that have come again before the token, "running": {"state", "cursor", "edge"} as of the token;
 * of all partitions where they share a state, and then with "own": true (state_adopt)}.
 * Where a stream has more than STATE_MAX_ROWS partitions, those that are not being read share rows, STATE_BUNDLE of them
 * one: its partition is {"_abhost_bundle": N}, its notes hold "bundle" (state_row.h).  A row of a partition's own is newer.
 * Texts of any origin are kept as bytes; numbers in them never pass through a double.  Not thread-safe. */
#ifndef ABHOST_STATE_H
#define ABHOST_STATE_H
#include "base/buf.h"
#include "dest/dest.h"
#include "engine/plan.h"
#include "engine/shelf.h"

#define STATE_MAX_BYTES (16u << 20) /* of what is said to be committed, in one message */
#define STATE_MAX_ROWS	10000
#define STATE_BUNDLE	1000

struct state_read {
	const char *stream, *namespace_;
	enum plan_sync_mode sync_mode;
	enum dest_mode mode; /* may differ from the plan's: a refresh that replaces */
	int64_t generation_id,
	    minimum_generation_id; /* of the rows; of those that stay, in append_dedup */
	int is_refresh, fresh, resumed;
	int gave_up; /* a refresh that was interrupted: what it had left beside the table goes, */
	int64_t left_us; /* or in it, since then: all of it comes again; 0: nothing */
	int is_shared;	 /* the state of the unnamed partition is that of all; see state_end */
	int is_own; /* its partitions that are done have states of their own: see state_adopt */
	int64_t until_us;	  /* the newest row's time */
	int64_t begun_us;	  /* what is done since then is of this run */
	struct state_part *parts; /* a list: those that are open, or were left unfinished */
	struct shelf shelf;	  /* all others */
	/* private */
	int64_t old_generation_id; /* of the rows that a refresh has not replaced, */
	int has_ended;		   /* until it has */
	int has_passed_over;	   /* at its end */
	char *cursor_field;	   /* "a.b", where abhost keeps the state of the stream; or NULL */
	int cursor_is_time;
	size_t n_at_end;       /* on the shelf, when the stream ended */
	size_t nrows;	       /* of their own, in the store */
	int is_bundled;	       /* there are shared ones, too, */
	int is_stale;	       /* of a refresh that was given up */
	int lanes[DEST_LANES]; /* 1: taken by an unfinished part */
};

/* The destination's rows by stream, so that with thousands of streams each finds its own: *n of all in, of its own out; NULL:
 * none. */
void state_rows_sort(struct dest_state *rows, size_t n);
const struct dest_state *
state_rows_of(const struct dest_state *rows, size_t *n, const char *stream, const char *namespace_);
/* rows: the stream's, others' are passed over. from_start: read from the beginning whatever is stored. */
ab_status state_open(struct state_read *r, const struct plan_stream *p, int from_start,
    const struct dest_state *rows, size_t nrows, struct error *e);
void state_close(struct state_read *r);
/* The partition, added where it is new, is_open from now on; NULL: no memory.  Valid until state_put_part.  One that is
 * open already, or done, is given back as it is. */
struct state_part *state_take_part(struct state_read *r, const char *partition);
/* It is no longer being read.  -1: no memory; the stream's state is of no use then. */
int state_put_part(struct state_read *r, struct state_part *p);
/* It is no longer known. */
void state_drop_part(struct state_read *r, struct state_part *p);
/* Partitions that an earlier run had done are no longer so: the next one reads what is new in them.  Not in a refresh: their
 * rows would come twice.  -1: no memory. */
int state_forget_done(struct state_read *r);
/* Where one state is that of all: partitions that were done before each had a state of its own (no "own" in its notes) get what
 * the row of all has of their read, which counted for them.  -1: no memory. */
int state_adopt(struct state_read *r, struct state_part *whole);
/* The time to stamp the next page with: later than all before, and in the part's lane. */
int64_t state_stamp(struct state_read *r, const struct state_part *p, int64_t now_us);
/* A part whose unfinished read has to give its lane up, so that n partitions can be given one each; NULL: they can.  To be
 * asked before the source is told what is committed: its rows since started_us go, and it begins again. */
struct state_part *state_in_the_way(const struct state_read *r, int n);
/* Gives the part a lane of its own.  -1: all are taken. */
int state_give_lane(struct state_read *r, struct state_part *p);
void state_free_lane(struct state_read *r, struct state_part *p);
/* What the connector is told is committed (chan.h, CHAN_READ): of everything; of the unnamed partition only; of the first
 * of these partitions (a JSON array), as many as fit, at least one (CHAN_COMMITTED). -1: too large or no memory. */
int state_committed(const struct state_read *r, struct buf *out);
int state_committed_whole(const struct state_read *r, struct buf *out);
int state_committed_some(const struct state_read *r, struct ab_str partitions, struct buf *out);

/* Rows to commit. */
struct state_rows {
	struct dest_state *rows; /* dest_states_free's */
	size_t n;
	int replace; /* the stream's other rows go */
};
/* Those that are dirty, and no longer are. */
ab_status state_rows(struct state_read *r, struct state_rows *out, struct error *e);
/* All of them, at the stream's end; nothing but state_close may follow.  Where one state is that of all partitions, it moves to
 * the greatest value of all, and theirs go, if this read has seen each of them.  If it has passed over some that an
 * earlier run had done, records may have come to them since that stand below that value: then the state stays where it
 * was, and each partition keeps its own until a read has seen them all. */
ab_status state_end(struct state_read *r, struct state_rows *out, struct error *e);
#endif
