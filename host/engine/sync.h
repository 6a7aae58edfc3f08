/* sync.h - the conductor: one connector's streams into one destination.
 *
 *     connector -> page -> channel -> scan -> rows -> destination -> commit (records + state, one transaction)
 *
 * Several streams, and several partitions of each, are on their way at once (flow.h).
 * Two threads and one queue: the reader owns sockets, children, timers and signals, takes a page, copies and scans
 * it; the writer converts, writes, commits.  With `one_thread` the same functions run in turn. */
#ifndef ABHOST_SYNC_H
#define ABHOST_SYNC_H
#include <jansson.h>
#include <stdint.h>

#include "base/error.h"
#include "dest/dest.h"
#include "source/loader.h"
#include "source/source.h"

enum sync_outcome { SYNC_DONE, SYNC_FAILED, SYNC_SOME_FAILED, SYNC_CANCELLED };

/* A source waits, for its API or for itself. */
struct sync_wait {
	int64_t until_us;
	char host[256]; /* for whom, or "" */
	char why[256];	/* "429 Too Many Requests, Retry-After" */
	uint64_t done;	/* requests that the host has answered so far */
	int limited;	/* it is a rate limit */
};

#define SYNC_WAIT_TEXT 700
/* "rate limited by api.example.com until 14:05:10, 212 requests done: ...", in local time; returns out. */
const char *sync_wait_text(const struct sync_wait *w, char out[SYNC_WAIT_TEXT]);

/* Where the time went.  Fetching, scanning and writing overlap: the engine reads and writes in threads of their own. */
struct sync_times {
	int64_t wait_us;     /* for another run on the destination */
	int64_t start_us;    /* the worker and the destination, until the connector was open */
	int64_t discover_us; /* its streams */
	int64_t
	    fetch_us; /* the engine had nothing to do but wait for the source; of a stream, since its last page */
	int64_t scan_us;   /* checking pages, following the cursor */
	int64_t write_us;  /* converting, and handing rows to the destination */
	int64_t commit_us; /* of a stream: of the checkpoints that it had a part in */
	int64_t verify_us;
};

/* What a stream has done so far; told to the CLI, numbers only grow. */
struct sync_stream_report {
	const char *name, *namespace_, *where;	       /* namespace_ "" for none */
	const char *sync_mode, *destination_sync_mode; /* Airbyte's words */
	int64_t records, bytes, pages, written;
	int64_t
	    large_page; /* bytes of the largest that was more than its share of --memory; 0: none */
	struct dest_stats stats;	/* once it has ended */
	struct sync_times times;	/* once the run has */
	int64_t generation_id, sync_id; /* of the catalog, below 0: not said */
	int64_t started_us, ended_us;	/* 0: not yet */
	double rate;			/* records a second, of late */
	struct sync_wait wait;		/* of the last SYNC_EVENT_WAIT */
	int resumed;			/* went on where an earlier run had stopped */
	int failed;
	int stopped;	  /* by a signal, before its end */
	ab_status status; /* of the error */
	char error[2048];
};

struct sync_report {
	struct sync_stream_report *streams;
	size_t nstreams;
	int64_t started_us, ended_us;
	int64_t records, bytes;
	struct sync_times times;
	int64_t checkpoints;
	int64_t verified; /* rows that were compared with what the source gave */
	enum sync_outcome outcome;
	int signal;	  /* that ends it, or 0 */
	int is_forgetful; /* the next run reads everything: the destination keeps no state */
};

enum sync_event {
	SYNC_EVENT_BEGIN,
	SYNC_EVENT_STREAM_BEGIN,
	SYNC_EVENT_PROGRESS,
	SYNC_EVENT_CHECKPOINT,
	SYNC_EVENT_WAIT,
	SYNC_EVENT_STREAM_END,
	SYNC_EVENT_END
};

struct sync_options {
	struct loader_file *connector; /* borrowed; its fd is handed to the worker */
	const json_t *config;	       /* checked and expanded */
	const char *to, *state_file;
	struct dest *dest;     /* instead of `to`: open already, and borrowed; or NULL */
	int airbyte;	       /* `catalog` is Airbyte's: see plan_options */
	const char *secrets;   /* the file for refresh tokens that the server replaces, or NULL */
	const char *streams;   /* "a,b", or NULL: all (or those of the catalog) */
	const json_t *catalog; /* ConfiguredAirbyteCatalog, or NULL */
	const char *catalog_from; /* the file that has it, for errors; or NULL */
	const char *const *modes; /* "events=incremental:append", NULL-terminated; or NULL */
	/* each NULL-terminated, or NULL; as plan_options has them */
	const char *const *contracts, *const *columns, *const *deleted;
	int verify; /* compare what the destination holds with what the source gave */
	int64_t
	    wait_s; /* where another run has the destination: wait so many seconds; -1: until it ends; 0: do not */
	const char *
	    full_refresh; /* "a,b": read these from the beginning (or go on with such a read that was
			     interrupted); an incremental append table is then replaced when its stream has ended, an
			     append_dedup table updated.  "": all that are selected; NULL: none */
	const char *choices; /* for the worker, as source_options has them; NULL: none */
	size_t page_cap;
	int call_timeout_s;
	int in_process, one_thread;
	int lanes;     /* partitions, and streams, that are read at once; 0: one */
	size_t memory; /* bytes, see memory.h; 0: the default */
	int *signal; /* check, discover and read put here which one ended them, or 0; may be NULL */
	/* Called on the reader thread: on events, and PROGRESS about ten times a second. text: for WAIT, why
	 * (a second or more; the stream's `wait` is set). */
	void (*on_event)(void *ctx, enum sync_event ev, const struct sync_report *r, size_t stream,
	    const char *text);
	void *ctx;
	/* Called on the reader thread for each HTTP exchange of the connector's; NULL: nobody wants to know. */
	void (*on_trace)(void *ctx, const struct source_trace *t);
	void *trace_ctx;
	/* Called on the reader thread where a token server has replaced the refresh token at `key` ("a.b": in an object) of the
	 * config, before the new one is used; whoever sets it keeps it. NULL: nobody does. */
	void (*on_replaced)(void *ctx, const char *key, const char *refresh);
	void *replaced_ctx;
};

/* Runs the sync. *out is filled also on failure (sync_report_fini). AB_OK only where every stream ended well; AB_ECANCELLED
 * after a signal; of several streams' errors it is the one that flow.h says. */
ab_status sync_run(const struct sync_options *o, struct sync_report *out, struct error *e);
void sync_report_fini(struct sync_report *r);
/* Airbyte's words for the class of an error ("config_error") and for how a run ended ("succeeded"). NULL: there is no error. */
const char *sync_failure_type(ab_status status);
const char *sync_outcome_word(enum sync_outcome outcome);

/* check, discover and read for the CLI: a source without a destination.  Of o->catalog check sees whether it can be. */
ab_status sync_check(const struct sync_options *o, struct error *e);
/* *out: {"streams": [AirbyteStream...]}, each checked against sdk/schema/stream.json and completed (json_schema,
 * supported_sync_modes). */
ab_status sync_discover(const struct sync_options *o, json_t **out, struct error *e);
/* The first `limit` records of one stream, each handed to `each` as bytes; touches no state. */
ab_status sync_peek(const struct sync_options *o, const char *stream, uint64_t limit,
    int (*each)(void *ctx, const char *record, size_t len), void *ctx, struct error *e);
#endif
