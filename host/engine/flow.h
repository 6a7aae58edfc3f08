/* flow.h - all streams of a run on their way into one destination: several at once, each in several partitions.
 *
 * The source mixes their events, the destination has one transaction for all of them.  So:
 * - A checkpoint (checkpoint.h) covers every stream that is being read; it never waits for the end of a stream.
 * - A stream that fails takes its own rows back, those that nothing covers, and the others go on.  Where that cannot be
 *   done (the destination takes no rows back; a write failed in the middle), the transaction is rolled back and the
 *   others are read again from what is committed: nothing is lost or doubled, some of it is fetched twice.
 * - Where one state of the source covers several streams, none goes on without the others: joint.h.
 * - A source that dies takes all reads with it.  Of those, what may be committed is; then they are read one by one, with
 *   one lane, so that the stream that kills it is the only one that fails.
 * - Nobody waits for anybody: pages are taken in the order in which they come, and the source shares its lanes out.
 * Runs on the reader's thread. */
#ifndef ABHOST_FLOW_H
#define ABHOST_FLOW_H
#include "engine/joint.h"
#include "engine/report.h"
#include "engine/session.h"

struct read;

struct flow {
	struct session *session;
	struct writer *writer;
	struct report *report;
	const struct plan *plan;
	struct dest *dest; /* the writer's, but while it is idle */
	struct dest_state *
	    rows; /* of the state store, as the next stream to begin finds them, by stream; the flow's */
	size_t nrows;
	size_t most; /* streams at once */
	int upserts; /* rows are replaced, in a place where that costs more than adding them */
	/* out */
	size_t ended, failed; /* streams */
	int is_fatal;	      /* the destination is broken */
	size_t reason;	      /* of those that failed, the one whose error is the run's */
	/* private: who reads */
	struct read *reads;
	size_t running; /* of them are not yet ended by the source */
	char *begun;	/* per stream of the plan, */
	size_t next;	/* and of those that have not, none is before this one */
	int is_stale;	/* rows were committed since `rows` were read */
	int is_undone;	/* what is not committed is gone: the reads that run begin again */
	int is_alone;	/* the source has died: one by one */
	struct joint joint;
	/* private: the next checkpoint */
	int64_t records, bytes, since_us; /* since the last one */
	int has_progress;		  /* something that is worth one */
	int64_t commits;		  /* sent */
	int is_held;			  /* no partition begins until the next one */
	int64_t held_us, hold_after_us;
};

/* Reads all streams of the plan and waits until they are durable.  Of several that failed the error is the first one's
 * in the plan, but before all others that of one for which somebody must change something; the report has each
 * stream's.  AB_OK also where a signal stopped it: see `ended`. */
ab_status flow_run(struct flow *f, struct error *e);
void flow_fini(struct flow *f);
#endif
