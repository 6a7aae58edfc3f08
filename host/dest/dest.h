/* dest.h - what every destination does, and the rows that it gets.
 *
 * Pages go in, rows become durable at dest_commit, together with the state that covers them; whatever was not
 * committed is as if it had never been sent, also after a crash.  One thread at a time calls a destination (the
 * writer, once it runs).  Nothing here knows a connector, a process or the terminal. */
#ifndef ABHOST_DEST_H
#define ABHOST_DEST_H
#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "data/beside.h"
#include "data/scan.h"

/* Rows of partitions that are read at once can be told apart by their time: that of a row in lane 7 ends in 07
 * microseconds. */
#define DEST_LANES   100
#define DEST_NO_LANE (-1)

enum dest_mode { DEST_APPEND, DEST_OVERWRITE, DEST_APPEND_DEDUP };

/* What becomes of a field that is new, or of a value that does not fit its column. */
enum dest_contract {
	DEST_EVOLVE,	   /* the table follows: a new column, a wider type */
	DEST_FREEZE,	   /* the stream fails */
	DEST_DISCARD_ROW,  /* the record is not written */
	DEST_DISCARD_VALUE /* the value is not written */
};

/* What becomes, in DEST_APPEND_DEDUP, of a record that its deleted_field calls deleted. */
enum dest_deleted {
	DEST_KEEP,  /* nothing: a record like any other */
	DEST_MARK,  /* its row says when, in _ab_cdc_deleted_at */
	DEST_REMOVE /* the same, and the row goes when the stream has ended */
};

/* One stream as the plan has it; borrowed until dest_close. */
struct dest_stream_spec {
	const char *name, *namespace_; /* namespace_ may be NULL */
	const json_t *schema;	       /* JSON Schema, or NULL: types are inferred */
	enum dest_mode mode;
	const char *const *const
	    *primary_key;	   /* NULL-terminated list of NULL-terminated paths; NULL: none */
	const char *const *cursor; /* path, or NULL */
	int64_t generation_id;
	int64_t
	    minimum_generation_id; /* DEST_APPEND_DEDUP, a refresh: rows of older generations go at dest_finish; 0: none */
	int is_refresh; /* a full refresh: with DEST_OVERWRITE rows go beside the table and replace it at dest_finish */
	int fresh; /* nothing of this generation is kept: what an earlier run left beside the table goes first (in
	                   DEST_APPEND: rows of this generation) */
	enum dest_contract contract;
	const char *const
	    *columns; /* NULL-terminated: the fields that are written, those of the key and
				       the cursor among them; NULL: all */
	const char *deleted_field; /* its value marks a record as deleted; or NULL */
	enum dest_deleted deleted;
	int is_foreign; /* its pages have a `beside` */
	int verify;	/* keep what `verify` needs */
};

/* One page of one stream. */
struct dest_page {
	const char *bytes;		  /* padded as scan.h demands */
	const struct scan *scan;	  /* its records */
	const char *about;		  /* {"constants": {...}} of the page, or NULL */
	const struct beside_list *beside; /* of each record of the scan, or NULL */
	int64_t
	    extracted_us; /* when the page was received; each of a stream is later than the one before */
	size_t first;	/* records before this one are not written (already counted out) */
	int64_t number; /* of the page in its read, for errors; 0: not known */
};

/* One row of the state store: what is committed about one partition of one stream. */
struct dest_state {
	char *stream, *namespace_; /* namespace_ "" for none */
	char *partition;	   /* JSON, "" for the only one */
	char *state;		   /* JSON, or NULL */
	char *token;		   /* the next page's token, or NULL: begin from the state */
	int64_t pages;		   /* pages behind token, for people */
	int64_t generation_id;
	int64_t
	    started_us; /* when the unfinished read of this partition began, 0: none is unfinished */
	int is_refresh; /* the unfinished read is a full refresh */
	int done;	/* this partition has ended in the unfinished read */
	char *
	    notes; /* the engine's own JSON about this row (engine/state.h), kept as it is; or NULL */
};

/* What was done to a stream's records since the destination was opened, also where it was rolled back. */
struct dest_stats {
	int64_t rows;		   /* records written */
	int64_t widened;	   /* columns that got a wider type */
	int64_t nulled, truncated; /* values that _airbyte_meta tells of */
	int64_t discarded_rows;	   /* records that the contract kept out */
	int64_t discarded_values;  /* values that had no column, and by contract got none */
	int64_t duplicate_keys;	   /* keys that a record held before: the last one counts */
	int64_t deleted;	   /* records that said that they are deleted */
};

/* One run, for _abhost_runs and `abhost history`. */
struct dest_run {
	int64_t id; /* given by dest_run_begin */
	const char *connector, *version;
	int64_t started_us, ended_us; /* 0: running */
	const char *outcome;	      /* "running", "succeeded", "failed", "partial", "cancelled" */
	const char *error;	      /* or NULL; */
	const char *failure_type;     /* of what class it is, in Airbyte's words, or NULL */
	int64_t records, bytes;
};

/* One run as the history has it; of a run of an older abhost some are not known: NULL, or below 0. */
struct dest_past {
	int64_t id;
	int64_t
	    attempt; /* 1, or one more than that of the run before, where that did not succeed */
	char *connector, *version;
	int64_t started_us, ended_us; /* 0: it has not */
	char *outcome;		      /* as above, or "killed" */
	char *error, *failure_type;
	int64_t records, rows, bytes; /* read; written; read */
	char *changes;		      /* JSON: what was not written as it came */
	char *host;
	int64_t pid;
};

struct dest;
struct dest_stream;

struct dest_target {
	const char *path; /* what stands behind "scheme:" */
	const char *
	    connector; /* id, stored with the state; a place that another one filled is AB_ECONFIG. NULL: any */
	const char *state_file; /* or NULL; for destinations that have no place for state */
	int read_only; /* for `state`: the place must be there, nothing in it changes, no lock is taken */
	struct dest_held *held; /* filled where the place is another run's; may be NULL */
};

/* Who has the place, when it cannot be opened. */
struct dest_held {
	int is_held;
	char who[300]; /* "process 12 on host, since ...", or "" */
};

/* What to do where the place is another run's. */
struct dest_waiter {
	int (*again)(void *ctx, const char *to, const char *who); /* 0: try again, else give up */
	void *ctx;
};

struct dest_ops {
	const char *scheme; /* "sqlite" */
	int can_discard;
	/* Opens or creates; takes the lock that keeps a second run out. */
	ab_status (*open)(const struct dest_target *target, struct dest **out, struct error *e);
	void (*close)(struct dest *d); /* rolls back what was not committed */
	/* All rows of the state store; *out is a malloc'ed array for dest_states_free. */
	ab_status (*states)(struct dest *d, struct dest_state **out, size_t *n, struct error *e);
	ab_status (*run_begin)(
	    struct dest *d, struct dest_run *run, struct error *e); /* committed at once */
	/* The runs that the place remembers, newest first; *out is for dest_pasts_free. */
	ab_status (*runs)(struct dest *d, struct dest_past **out, size_t *n, struct error *e);
	/* A stream begins; its handle lives until close. The same stream may begin again, with `fresh` or after a
	 * rollback. A begin that is not a refresh drops what an unfinished refresh left beside the table. After an error
	 * nothing of it remains, and what others have written since the last commit does. */
	ab_status (*begin)(struct dest *d, const struct dest_stream_spec *spec,
	    struct dest_stream **out, struct error *e);
	ab_status (*write)(struct dest_stream *s, const struct dest_page *page, struct error *e);
	/* Rows of this stream with _airbyte_extracted_at >= since_us go, of all lanes (DEST_NO_LANE) or of one: what a
	 * read had written that nothing covers.  DEST_APPEND_DEDUP: of them those that have no key; the others replace themselves.
	 * AB_EUNSUPPORTED where the destination cannot. */
	ab_status (*discard)(struct dest_stream *s, int64_t since_us, int lane, struct error *e);
	/* The stream ended well: an overwrite's rows replace the table (with the next commit). */
	ab_status (*finish)(struct dest_stream *s, struct error *e);
	/* Everything since the last commit becomes durable, these state rows (insert or replace by stream, namespace,
	 * partition; `state_delete` first removes all rows of a stream) with it, and the run's counts. One transaction. */
	ab_status (*commit)(struct dest *d, const struct dest_state *const *rows, size_t n,
	    const struct dest_run *run, struct error *e);
	void (*rollback)(
	    struct dest *d); /* drops what was not committed; streams must begin again */
	/* Removes the stream's rows from the state store, with the next commit. */
	ab_status (*state_delete)(
	    struct dest *d, const char *stream, const char *namespace_, struct error *e);
	/* Whether the place holds what this run has committed of the stream, content and all; *rows: how many rows were
	 * compared.  Of a stream that was begun with spec.verify and has ended; nothing is uncommitted.  AB_EDATA: it does
	 * not, with column and counts.  NULL: the place cannot be read back. */
	ab_status (*verify)(struct dest_stream *s, int64_t *rows, struct error *e);
	int (*can_read_back)(
	    const char *path); /* with `verify`: whether this place can; NULL: each can */
	void (*stats)(const struct dest_stream *s, struct dest_stats *out);
	const char *(*where)(
	    const struct dest_stream *s);	 /* for people: the table's or file's name */
	int (*is_durable)(const struct dest *d); /* 0: a pipe, at least once */
	/* Before the first begin: what append_dedup may use, in bytes, of page cache and for records that are put in
	 * order.  May be NULL. */
	void (*set_memory)(struct dest *d, size_t cache, size_t batch);
};

struct dest {
	const struct dest_ops *ops;
	int is_forgetful; /* it keeps no state: every run reads everything */
};

/* What a person may do about a place that does not do, in the words of the command that runs: behind "name another file"
 * (" with --to") and behind "wait for it" (" (--wait does)"); "" unless the CLI says so, once. */
void dest_advise(const char *elsewhere, const char *wait);
const char *dest_elsewhere(void);
/* Whether `to` names a destination at all, before anything is opened; what it says holds no password that stands in one of
 * other kinds ("postgres://user:password@host"). */
ab_status dest_check(const char *to, const char *state_file, struct error *e);
/* Whether --verify can read it back; before anything is opened. */
ab_status dest_check_verify(const char *to, struct error *e);
/* "sqlite:FILE", "FILE.db", "jsonl:FILE", "jsonl:-", ... to a destination that is open. state_file: for destinations
 * that have no place of their own for it ("jsonl:-"), or NULL. Unknown schemes: AB_ECONFIG with the known ones. */
ab_status dest_open(const char *to, const char *connector, const char *state_file, int read_only,
    struct dest **out, struct error *e);
/* The same; while another run has the place, waiter->again says whether it is tried again (NULL: never), and sleeps before it
 * does.  Then the error says who has it. */
ab_status dest_open_or_wait(const char *to, const char *connector, const char *state_file,
    const struct dest_waiter *waiter, struct dest **out, struct error *e);
/* What is not nothing but `rows`, as members of a JSON object: "values_nulled":3,"rows_discarded":1 */
void dest_stats_add(const struct dest_stats *stats, struct buf *out);
/* sum += stats */
void dest_stats_sum(struct dest_stats *sum, const struct dest_stats *stats);
/* The path of the file or folder that holds the data (or else the state): what belongs to them lies beside it.  malloc'ed;
 * NULL: there is none, or no memory. */
char *dest_place(const char *to, const char *state_file);
void dest_states_free(struct dest_state *rows, size_t n);
void dest_pasts_free(struct dest_past *runs, size_t n);
extern const struct dest_ops dest_sqlite, dest_jsonl;
#endif
