/* writer.h - the only one who talks to the destination while a sync runs.
 *
 * The reader sends work in order; it is done on the writer's thread, or at once on the caller's (one thread).  All streams
 * share one transaction.  A stream that the destination refuses, when it begins or for a value in it, is dropped by itself: its
 * rows since the last commit go, and so does the state that would cover them.  After any other error the transaction is rolled back, and everything is dropped unread until the reader has taken
 * the error, so that nothing of a broken stream becomes durable. */
#ifndef ABHOST_WRITER_H
#define ABHOST_WRITER_H
#include <stdatomic.h>

#include "dest/dest.h"
#include "engine/queue.h"

/* The state of one stream. */
struct writer_group {
	size_t stream;
	struct dest_state *rows; /* as dest_states_free wants them */
	size_t n;
	int replace; /* rows of this stream that are not among them go */
};

/* What becomes durable together with all rows since the last commit.  The writer frees it. */
struct writer_commit {
	struct writer_group *groups;
	size_t n;
	int is_joint; /* states of all streams together (joint.h): where one is refused, it fails */
	int ends_run; /* the run succeeded with this */
	int64_t records, bytes; /* of the run so far */
};

struct writer_stream {
	struct dest_stream_spec spec; /* filled by the reader before QUEUE_BEGIN is sent */
	struct dest_stream *handle;   /* the writer's */
	char where[512];	      /* for whoever saw a later commit, or the writer idle */
	_Atomic int64_t written;      /* records */
	struct dest_stats stats;      /* the writer's; see writer_stats */
	_Atomic int
	    refused; /* the destination does not take it, and it is dropped: error says why */
	struct error error;
	int64_t busy_us, commit_us; /* the writer's, as sync_times has them; once it has ended */
	/* private */
	int64_t since_us; /* its first row after this many commits: */
	int64_t since_commits;
	int64_t since_written; /* records before that row */
	int64_t destroyed;     /* so many commits, and one, when something of it was destroyed */
};

struct writer {
	struct queue queue;
	struct dest *dest; /* borrowed */
	struct dest_run *run;
	struct writer_stream *streams; /* borrowed */
	size_t nstreams;
	_Atomic int failed; /* error is set */
	_Atomic int64_t commits;
	struct error error;   /* for whoever saw failed and then the writer idle; */
	size_t failed_stream; /* at work for this one; */
	int64_t commit_us;    /* spent so far; once it has ended */
	int is_fatal;	      /* the destination itself is broken, not just that stream */
	/* private */
	const struct writer_stream *refused; /* the first that was, or NULL */
	int threaded, running;
	pthread_t thread;
	pthread_mutex_t lock; /* of the streams' stats */
};

/* Starts the thread unless one_thread.  The thread inherits the caller's blocked signals. */
ab_status writer_init(struct writer *w, struct dest *d, struct dest_run *run,
    struct writer_stream *streams, size_t nstreams, int one_thread, struct error *e);
/* Ends the thread after what was sent before. */
void writer_fini(struct writer *w);
/* Hands over an item, the page and commit in it included. Ask writer_has_room first. */
void writer_send(struct writer *w, const struct queue_item *item);
int writer_has_room(struct writer *w);
/* What the destination has done to the stream's records so far; any thread. */
void writer_stats(struct writer *w, size_t stream, struct dest_stats *out);
int writer_is_idle(struct writer *w);
/* The writer is idle: takes the error, so that streams can begin again. AB_OK: there was none. */
ab_status writer_take_error(struct writer *w, struct error *e);
void writer_commit_free(struct writer_commit *c);
#endif
