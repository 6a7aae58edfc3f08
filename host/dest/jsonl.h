/* jsonl.h - what the files of the JSON Lines destination share; nobody else includes it.
 *
 *   jsonl.c        the struct dest_ops: opens, commits, closes
 *   jsonl_stream.c one stream: its lines, its file, overwrite's second file
 *   jsonl_rule.c   contracts and selected fields
 *   jsonl_file.c   one output file: buffered, cut back to what is committed
 *   jsonl_state.c  the state file: state rows, committed lengths; replaced atomically
 *   jsonl_runs.c   the runs in it
 *   jsonl_verify.c --verify
 *
 * Three forms of place:
 *   a folder   one file per stream, a bare record per line; an overwrite is written beside and renamed
 *   a file     a log: one line {"stream": ..., "data": ...} per record of any stream, only ever longer
 *   a pipe     standard output or whatever else cannot be cut back: a log, at least once */
#ifndef ABHOST_JSONL_H
#define ABHOST_JSONL_H
#include <jansson.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "dest/dest.h"
#include "dest/shape.h"

#define JSONL_FORMAT   1 /* of the state file; a greater one is refused */
#define JSONL_MAX_RUNS 100
#define JSONL_FOREIGN  (-1) /* no length is committed: the file must be empty or absent */
#define JSONL_UNCUT    (-2) /* a pipe, or what must be treated like one */

/* One output file. */
struct jsonl_file {
	char *path;
	const char *
	    elsewhere; /* as dest_elsewhere() has it, or for a state file with an option of its own */
	int fd;
	int is_regular;
	int in_line;	 /* the kernel has the beginning of a line */
	int64_t written; /* bytes handed to the kernel */
	size_t used;	 /* bytes in the buffer behind them */
	char *buffer;
};

/* Opens (made where it is missing); a regular file is cut to `committed` bytes, or JSONL_*. A file that is shorter was changed
 * by somebody: AB_ECONFIG. fd >= 0: that descriptor, e.g. standard output. */
ab_status jsonl_file_open(struct jsonl_file *f, const char *path, int fd, int64_t committed,
    const char *elsewhere, struct error *e);
void jsonl_file_close(struct jsonl_file *f); /* what is buffered is lost */
ab_status jsonl_file_add(struct jsonl_file *f, const char *bytes, size_t len, struct error *e);
/* A line of three parts, each of which may be empty. */
ab_status jsonl_file_add_parts(struct jsonl_file *f, const struct ab_str part[3], struct error *e);
/* As jsonl_file_add, each CR and LF as a blank. */
ab_status jsonl_file_add_line(struct jsonl_file *f, const char *bytes, size_t len, struct error *e);
/* Hands the buffer to the kernel; durable: and waits for the disk. */
ab_status jsonl_file_flush(struct jsonl_file *f, int durable, struct error *e);
/* Cuts a regular file back; of another only whole lines that are still in the buffer can be dropped. */
ab_status jsonl_file_cut(struct jsonl_file *f, int64_t length, struct error *e);
/* The names in the folder of this file reach the disk. */
ab_status jsonl_sync_folder(const char *path, const char *elsewhere, struct error *e);
/* AB_ECONFIG or AB_ETRANSIENT by errno, with the path and what to do; verb: "write", "open". */
ab_status jsonl_fail(const char *verb, const char *path, const char *elsewhere, struct error *e);

/* What the state file says; plain jansson containers, whose members are replaced, never changed. */
struct jsonl_doc {
	json_t *rows;  /* key: namespace, stream and partition; value: one state row */
	json_t *files; /* name: committed bytes */
	json_t *runs;  /* array, oldest first */
	json_t
	    *renames; /* name: the file that takes its place as soon as this document is durable */
};

struct jsonl_state {
	char *path; /* NULL: nothing is kept */
	const char *elsewhere;
	char *connector;
	struct jsonl_doc now, committed;
	int must_undo; /* now lacked the memory to become committed again: nothing is saved any more */
	int is_unsure; /* committed stands, or the document before it: no file may be cut, removed or renamed any more */
};

/* Reads the file where there is one. connector NULL: any. */
ab_status jsonl_state_open(struct jsonl_state *s, const char *path, const char *elsewhere,
    const char *connector, struct error *e);
void jsonl_state_close(struct jsonl_state *s);
/* `now` becomes durable and committed. */
ab_status jsonl_state_save(struct jsonl_state *s, struct error *e);
/* From here on the file is ours, with nothing in it that counts: durable at once, whatever becomes of `now`.  Before the
 * first byte is written, so that what a killed run leaves is not taken for somebody else's. */
ab_status jsonl_state_adopt(struct jsonl_state *s, const char *name, struct error *e);
/* `now` is as it was committed. */
ab_status jsonl_state_rollback(struct jsonl_state *s, struct error *e);
ab_status jsonl_state_put(struct jsonl_state *s, const struct dest_state *row, struct error *e);
void jsonl_state_delete(struct jsonl_state *s, const char *stream, const char *namespace_);
ab_status
jsonl_state_list(const struct jsonl_state *s, struct dest_state **out, size_t *n, struct error *e);
/* Committed length of a file in `now`; -1: none. */
int64_t jsonl_state_length(const struct jsonl_state *s, const char *name);
ab_status
jsonl_state_set_length(struct jsonl_state *s, const char *name, int64_t length, struct error *e);

/* jsonl_runs.c */
/* Adds the run; its id is given. */
ab_status jsonl_run_begin(struct jsonl_state *s, struct dest_run *run, struct error *e);
ab_status jsonl_run_update(struct jsonl_state *s, const struct dest_run *run,
    const struct dest_stats *sum, struct error *e);
ab_status
jsonl_run_list(const struct jsonl_state *s, struct dest_past **out, size_t *n, struct error *e);
/* Who is at work, by the state file of that path, or "". */
void jsonl_run_who(const char *path, char *out, size_t cap);

/* jsonl_verify.c: of one stream; where nobody asked for it, nothing is kept. */
struct jsonl_sum {
	int64_t base; /* where its lines of this run begin in the file */
	int64_t lines;
	uint64_t hash;
};
struct jsonl_verify {
	int is_asked, has_base;
	struct jsonl_sum now, committed; /* what was given */
	struct buf line;
};
void jsonl_verify_init(struct jsonl_verify *v);
void jsonl_verify_fini(struct jsonl_verify *v);
/* The stream begins (again); its file is so long. */
void
jsonl_verify_begin(struct jsonl_verify *v, const struct dest_stream_spec *spec, int64_t length);
/* A line was given, without what a log puts around it; constants (may be NULL or empty): its first members, but for the brace. */
ab_status jsonl_verify_line(struct jsonl_verify *v, const struct buf *constants, const char *bytes,
    size_t len, struct error *e);
void jsonl_verify_end(struct jsonl_verify *v, int is_committed);
ab_status jsonl_verify_file(const struct jsonl_verify *v, const char *stream, const char *path,
    const char *prefix, int64_t *rows, struct error *e);

enum jsonl_form { JSONL_FOLDER, JSONL_LOG, JSONL_PIPE };

#define JSONL_MAX_PATH 4096

struct jsonl_stream;

struct jsonl {
	struct dest base;
	enum jsonl_form form;
	char *path;
	int lock_fd, is_open;
	struct jsonl_file log; /* of a log or pipe */
	struct jsonl_state state;
	struct jsonl_stream *streams;
	int64_t log_base; /* the log's length before the run */
	int said_append;  /* that rows are only ever added, once */
	int is_apart;	  /* the state is kept elsewhere */
};

/* "FOLDER/NAMESUFFIX" */
ab_status jsonl_path(const struct jsonl *d, const char *name, const char *suffix,
    char out[JSONL_MAX_PATH], struct error *e);
ab_status jsonl_rollback(struct dest *d, struct error *e);

/* jsonl_rule.c: what of a stream's records is written; nothing is looked at where they are not there. */
struct jsonl_rules {
	int are_there;
	struct shape shape;
	struct shape_fit fit;
	/* private */
	const uint32_t *columns; /* of the last record that has its own */
	struct buf line;
};
void jsonl_rules_init(struct jsonl_rules *r);
void jsonl_rules_fini(struct jsonl_rules *r);
ab_status
jsonl_rules_begin(struct jsonl_rules *r, const struct dest_stream_spec *spec, struct error *e);
/* Writes a page; AB_EDATA: the contract does not allow it. */
ab_status jsonl_rules_write(struct jsonl_rules *r, struct jsonl_file *f, const char *prefix,
    const struct dest_page *page, struct dest_stats *stats, struct jsonl_verify *v,
    struct error *e);

/* jsonl_stream.c: ops */
ab_status jsonl_stream_begin(
    struct dest *d, const struct dest_stream_spec *spec, struct dest_stream **out, struct error *e);
ab_status jsonl_stream_write(struct dest_stream *s, const struct dest_page *page, struct error *e);
ab_status jsonl_stream_discard(struct dest_stream *s, int64_t since_us, int lane, struct error *e);
ab_status jsonl_stream_finish(struct dest_stream *s, struct error *e);
void jsonl_stream_stats(const struct dest_stream *s, struct dest_stats *out);
const char *jsonl_stream_where(const struct dest_stream *s);
/* In a folder: every file's bytes reach the disk, their numbers and the renames that are due the state. */
ab_status jsonl_streams_flush(struct jsonl *d, struct error *e);
/* The state is durable: what it no longer names may go. */
void jsonl_streams_committed(struct jsonl *d);
/* Every file is as it was committed. */
ab_status jsonl_streams_cut(struct jsonl *d, struct error *e);
/* For --verify: what was given is committed, or rolled back. */
void jsonl_streams_settle(struct jsonl *d, int is_committed);
ab_status jsonl_stream_verify(struct dest_stream *s, int64_t *rows, struct error *e);
void jsonl_streams_free(struct jsonl *d);
/* What was done to the records of all streams. */
void jsonl_streams_sum(const struct jsonl *d, struct dest_stats *out);
#endif
