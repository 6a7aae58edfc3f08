/* sqlite.h - what the files of the SQLite destination share; nobody else includes it.
 *
 *   sqlite.c        opens, locks, commits, closes: the struct dest_ops
 *   sqlite_error.c  SQLite's codes as sentences for people, and the ways to run SQL
 *   sqlite_rows.c   the virtual table that shows a page's records to INSERT ... SELECT
 *   sqlite_stream.c one stream: where its rows go, how they get there, overwrite's swap
 *   sqlite_batch.c  records of append_dedup, collected and put into the order of their keys
 *   sqlite_table.c  tables follow their shapes: create, add, widen, rebuild
 *   sqlite_declared.c  columns that others have added, as they declared them
 *   sqlite_key.c    primary keys and cursors: which row wins in append_dedup
 *   sqlite_order.c  which of two cursor values is the newer one
 *   sqlite_format.c the _abhost_* tables: made, migrated, checked
 *   sqlite_state.c  their rows: state, the streams' columns
 *   sqlite_runs.c   their rows: runs
 *   sqlite_verify.c, sqlite_verify_read.c  --verify
 *   sqlite_place.c  what a user writes behind "sqlite:"
 *   sqlite_temp.c   what is sorted, and its temporary files
 *   sqlite_lock.c   one run at a time
 *   sqlite_journal.c  writes the rollback journal in large pieces */
#ifndef ABHOST_SQLITE_H
#define ABHOST_SQLITE_H
#include <sqlite3.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "dest/dest.h"
#include "dest/shape.h"

#define SQLITE_DEST_FORMAT 3		  /* of the _abhost_* tables; a greater one is refused */
#define SQLITE_DEST_ID	   0x6162686f	  /* application_id: "abho" */
#define SQLITE_STAGING	   "_abhost_new_" /* before the name of a table that loads beside another */
#define SQLITE_KEY_INDEX   "_abhost_key_" /* before the name of a table that has a unique index */
#define SQLITE_GONE_INDEX  "_abhost_gone_" /* the same, of the rows that go at the end */

#define SQLITE_MAX_COLUMNS 2000 /* of every common build */

/* When a page was received. */
struct sqlite_stamp {
	int64_t us;
	char text[CLOCK_TEXT];
};

/* What the virtual table shows: one page at a time. */
struct sqlite_rows {
	const struct shape *shape;
	struct shape_fit fit;
	struct shape_row row;
	struct arena text;	   /* unescaped strings of one row */
	struct buf rest, meta;	   /* what one row has in the columns that are put together */
	struct buf names;	   /* an object whose names were spelt anew */
	struct beside_clock clock; /* the text of when the row was emitted */
	const struct sqlite_stamp *const
	    *stamps;			  /* per record, when its page was received; or NULL: */
	const struct sqlite_stamp *stamp; /* of them all */
	int marks_deleted;		  /* the column of SHAPE_DELETED_AT is filled */
	int64_t ndeleted;		  /* rows so far that said that they are deleted */
};

struct sqlite_stream;
struct sqlite_entry;
struct sqlite_verify;

/* Records of one stream that wait to be upserted in the order of their keys. */
struct sqlite_batch {
	struct buf bytes; /* as they came */
	struct sqlite_entry *entries;
	struct beside_list beside; /* by place; or empty */
	struct sqlite_stamp *stamps;
	size_t nentries, cap_entries, nstamps, cap_stamps;
};

/* What all batches are written with, and their budget. */
struct sqlite_batches {
	size_t most;			  /* bytes that they may hold together */
	size_t held;			  /* bytes that they hold, their records' places included */
	struct buf chunk;		  /* records that are written together */
	struct beside_list beside;	  /* of each of them */
	const struct sqlite_stamp **rows; /* their stamps */
	size_t cap_rows;
	struct scan scan;
};

/* What lacked memory to be taken back: the rows of a transaction must not become durable then. */
enum sqlite_undo {
	SQLITE_UNDO_NOTHING,
	SQLITE_UNDO_AGAIN, /* a rollback, which is tried again before anything else is written */
	SQLITE_UNDO_BEGIN /* half of a beginning, among other streams' rows: only a rollback helps */
};

struct sqlite {
	struct dest base;
	sqlite3 *db;
	char *path, *connector;
	int lock_fd, read_only;
	enum sqlite_undo undo;
	struct sqlite_stream *streams, *live; /* all; those that a commit or a rollback is about */
	void *by_name;			      /* all, as tsearch has them */
	struct dest_stats rested;	      /* of those that are not live */
	struct sqlite_rows rows;
	struct sqlite_batches batches;
	size_t dedup_cache;   /* bytes of page cache, from the first append_dedup stream on */
	int comes_back;	      /* what was written is read again: let_go() does nothing */
	int may_shrink_pages; /* a new file, and nobody has said how large its pages are to be */
	int64_t cached_end;   /* behind it, and durable: not in the kernel's memory */
};

enum sqlite_key {
	SQLITE_KEY_NONE,
	SQLITE_KEY_ROWID, /* one integer: INTEGER PRIMARY KEY */
	SQLITE_KEY_UNIQUE /* a unique index; rows with a NULL in the key are never equal */
};

/* What the statements differ in that write a page: together a number. */
enum {
	SQLITE_READS_META = 1, /* it has changes; else each row's _airbyte_meta is {} */
	SQLITE_READS_STAMPS =
	    2, /* its records came at different times; else there is one for all */
	SQLITE_INSERTS = 4
};

enum sqlite_cursor { SQLITE_CURSOR_UNSEEN, SQLITE_CURSOR_NUMBER, SQLITE_CURSOR_TEXT };

struct sqlite_stream {
	struct sqlite_stream *next, *next_live;
	int is_live, is_finished;
	struct sqlite *d;
	struct dest_stream_spec spec;
	char *table, *target; /* its table; the table that rows go to now */
	int staging;	      /* target loads beside table */
	int exists;	      /* target is there */
	int altered; /* somebody changed its columns: it is not as the shape would make it */
	enum sqlite_key key;	   /* what target has */
	enum sqlite_cursor cursor; /* what the first value that came was: the others are like it */
	char *key_json;		   /* the paths that target's key is made of, or NULL */
	struct shape shape, names;
	sqlite3_stmt *insert[SQLITE_INSERTS];
	struct sqlite_verify *verify; /* NULL: nobody asked for it */
	struct sqlite_batch batch;
	uint64_t top; /* the greatest key that went in without waiting, see sqlite_batch.c */
	struct dest_stats stats;
};

/* sqlite_error.c */
/* The connection's last error as a sentence. */
ab_status sqlite_fail(struct sqlite *d, struct error *e);
/* Runs SQL made with sqlite3_mprintf's formats (%Q, %w, %lld). */
ab_status sqlite_run(struct sqlite *d, struct error *e, const char *fmt, ...);
/* Runs what was built, and frees it. */
ab_status sqlite_run_built(struct sqlite *d, sqlite3_str *sql, struct error *e);
/* Prepares SQL made the same way; NULL and e where it cannot. */
sqlite3_stmt *sqlite_query(struct sqlite *d, struct error *e, const char *fmt, ...);
/* Finalizes; AB_OK or the sentence of what went wrong while it ran. */
ab_status sqlite_done(struct sqlite *d, sqlite3_stmt *stmt, struct error *e);
/* Steps a statement that yields nothing, and finalizes it. */
ab_status sqlite_step_done(struct sqlite *d, sqlite3_stmt *stmt, struct error *e);
/* The first column of the first row as an integer; `fallback` where there is none, or where e is set. */
int64_t sqlite_number(struct sqlite *d, int64_t fallback, struct error *e, const char *fmt, ...);
/* Begins the transaction, where none is open. */
ab_status sqlite_begin(struct sqlite *d, struct error *e);
/* Drops what was not committed. */
void sqlite_undo(struct sqlite *d);

/* sqlite_rows.c */
int sqlite_rows_init(struct sqlite *d);
void sqlite_rows_fini(struct sqlite *d);
/* The virtual table that has at least so many columns, c0, c1, ...; NULL beyond SQLite's limit. */
const char *sqlite_rows_table(uint32_t ncols);

/* sqlite_stream.c: ops */
ab_status sqlite_stream_begin(
    struct dest *d, const struct dest_stream_spec *spec, struct dest_stream **out, struct error *e);
ab_status sqlite_stream_write(struct dest_stream *s, const struct dest_page *page, struct error *e);
ab_status sqlite_stream_discard(struct dest_stream *s, int64_t since_us, int lane, struct error *e);
ab_status sqlite_stream_finish(struct dest_stream *s, struct error *e);
void sqlite_stream_stats(const struct dest_stream *s, struct dest_stats *out);
const char *sqlite_stream_where(const struct dest_stream *s);
/* A condition: "the row was received at that time, or later (or: before it)"; table: "" or "name.".  For sqlite3_free. */
char *sqlite_stream_since(const struct sqlite_stream *s, const char *table, int before, int64_t us);
/* Finalizes what would keep a transaction open; the streams must begin again. */
void sqlite_streams_reset(struct sqlite *d);
/* What was finished is durable, and no business of later commits. */
void sqlite_streams_rest(struct sqlite *d);
void sqlite_streams_free(struct sqlite *d);

/* Writes what d->rows shows into the stream's table. */
ab_status sqlite_stream_insert(struct sqlite_stream *s, struct error *e);

/* sqlite_batch.c */
void sqlite_batches_init(struct sqlite *d);
void sqlite_batches_fini(struct sqlite *d); /* those of streams that are gone */
/* Forgets the stream's records, and gives their memory back. */
void sqlite_batch_drop(struct sqlite_stream *s);
/* Whether the page's records are better collected than written at once. */
int sqlite_batch_takes(const struct sqlite_stream *s, const struct dest_page *page);
/* Makes room for the page in the stream's batch: the largest ones are written. d->rows shows something else then. */
ab_status
sqlite_batch_make_room(struct sqlite_stream *s, const struct dest_page *page, struct error *e);
/* Copies the records of a page that d->rows.fit holds, and for which there is room.  *in_order: it did not, nothing
 * waits and their keys ascend: write them. */
ab_status sqlite_batch_add(
    struct sqlite_stream *s, const struct dest_page *page, int *in_order, struct error *e);
/* Writes what is collected of the stream; d->rows shows something else then. */
ab_status sqlite_batch_flush(struct sqlite_stream *s, struct error *e);
/* The same of all streams. */
ab_status sqlite_batch_flush_all(struct sqlite *d, struct error *e);

/* sqlite_table.c */
/* Makes s->target what s->shape and s->spec ask for. */
ab_status sqlite_table_apply(struct sqlite_stream *s, struct error *e);
/* `from` takes the place and name of `to`, with the indexes and triggers that others put on it. */
ab_status sqlite_table_replace(struct sqlite *d, const char *from, const char *to, struct error *e);
/* Compares the shape that was loaded with the table's real columns. */
ab_status sqlite_table_verify(struct sqlite_stream *s, struct error *e);
/* A table, or a view; a view or an index. */
int sqlite_table_exists(struct sqlite *d, const char *name, struct error *e);
int sqlite_table_is_other(struct sqlite *d, const char *name, struct error *e);

/* sqlite_declared.c */
/* What the text of a table says of the column: its name and what is declared of it; NULL: nothing. */
const char *sqlite_declared(const char *sql, const char *name, size_t *len);

/* sqlite_order.c */
/* How cursors compare; 0: a text that reads as a number is one. */
enum sqlite_order {
	SQLITE_ORDER_TIMES = 1, /* texts as times, where they are times */
	SQLITE_ORDER_TEXTS = 2	/* a text is a text, whatever it reads as */
};
#define SQLITE_COLLATION "abhost_cursor_" /* and the enum's bits as a digit: compares two texts */
/* Registers the SQL functions and collations that compare cursor values. */
int sqlite_order_functions(sqlite3 *db);

/* sqlite_key.c */
/* Registers the SQL functions that the keys and the rebuilding use. */
int sqlite_key_functions(sqlite3 *db);
/* Makes columns for the paths of key and cursor, and says whether the key can be served. */
ab_status sqlite_key_columns(struct sqlite_stream *s, struct error *e);
/* The kind of key that target should have now. */
enum sqlite_key sqlite_key_wanted(const struct sqlite_stream *s);
/* Whether target's key is made of the paths that the stream wants. */
int sqlite_key_is_same(const struct sqlite_stream *s);
/* Sees what key target has. */
ab_status sqlite_key_load(struct sqlite_stream *s, struct error *e);
/* The key's paths as JSON, malloc'ed; NULL: none, or no memory. */
char *sqlite_key_json(const struct dest_stream_spec *spec);
/* A name for the row's number that no column has taken; NULL and e: there is none. */
const char *sqlite_key_rowid(const struct sqlite_stream *s, struct error *e);
/* Of the rows with the same key the newest stays: for a table that had no key, or another one. */
ab_status sqlite_key_dedup(struct sqlite_stream *s, struct error *e);
ab_status sqlite_key_make_index(struct sqlite_stream *s, struct error *e);
/* An index that an earlier abhost made of what stands inside objects is made anew. */
ab_status sqlite_key_renew_index(struct sqlite_stream *s, struct error *e);
/* The column for deleted records and, where they go, the index that finds them. */
ab_status sqlite_key_deleted(struct sqlite_stream *s, struct error *e);
/* The stream has ended: rows of generations before the least one that counts go. */
ab_status sqlite_key_remove_older(struct sqlite_stream *s, struct error *e);
/* The stream has ended: rows that are marked as deleted go, where that was asked for. */
ab_status sqlite_key_remove_deleted(struct sqlite_stream *s, struct error *e);
/* "ON CONFLICT ..." behind an INSERT. */
void sqlite_key_conflict(const struct sqlite_stream *s, sqlite3_str *sql);
/* "key1 = ?1 AND ..."; table: "" or the name in front. */
void sqlite_key_where(const struct sqlite_stream *s, const char *table, sqlite3_str *sql);
/* Whether a version with the cursor ?at, deleted ?at+1, takes the place of the row `old`. */
void sqlite_key_rule(const struct sqlite_stream *s, int at, sqlite3_str *sql);
/* How the stream's cursors compare: enum sqlite_order's bits. */
int sqlite_key_order(const struct sqlite_stream *s);
/* Learns from the page in d->rows.fit what the cursor's values are, until a value has said it; *learnt: it did. */
ab_status sqlite_key_see_cursor(
    struct sqlite_stream *s, const struct dest_page *page, int *learnt, struct error *e);
/* Whether a record is deleted, by the hashes of its columns (see verify.h). */
int sqlite_key_is_gone(const struct sqlite_stream *s, const uint64_t *hashes);
/* "key IS NULL OR ...": rows that no upsert will ever meet again. */
void sqlite_key_nulls(const struct sqlite_stream *s, sqlite3_str *sql);

/* sqlite_runs.c */
ab_status sqlite_run_begin(struct dest *d, struct dest_run *run, struct error *e);
ab_status sqlite_run_update(struct sqlite *d, const struct dest_run *run, struct error *e);
ab_status sqlite_run_list(struct dest *d, struct dest_past **out, size_t *n, struct error *e);
/* Of a column: a copy, *failed where there is no memory; a time, 0 for none. */
char *sqlite_run_text(sqlite3_stmt *stmt, int col, int *failed);
int64_t sqlite_run_time(sqlite3_stmt *stmt, int col);

/* sqlite_journal.c */
/* The VFS that SQLite is to open a database with; NULL: the default one. */
const char *sqlite_journal_vfs(void);
/* errno of this thread's last write to a journal; 0: it did not fail.  sqlite3_system_errno does not know of what fails
 * in a commit, where most of a journal is written. */
int sqlite_journal_errno(void);

/* sqlite_place.c */
enum sqlite_journal { SQLITE_JOURNAL_KEEP, SQLITE_JOURNAL_TRUNCATE, SQLITE_JOURNAL_WAL };
struct sqlite_place {
	char *path;    /* the caller's to free */
	int page_size; /* 0: not said */
	enum sqlite_journal journal;
};
/* AB_ECONFIG: an option that there is not; nothing is to be freed then. */
ab_status sqlite_place_read(const char *target, struct sqlite_place *out, struct error *e);

/* sqlite_temp.c */
/* How SQLite uses memory when it sorts; before anything else of SQLite's. */
void sqlite_temp_init(void);
/* Its temporary files lie beside the database, unless the environment names a folder. -1: no memory. */
int sqlite_temp_place(struct sqlite *d);
/* The folder that the environment names for them; NULL: none. */
const char *sqlite_temp_chosen(void);

/* sqlite_format.c */
/* Makes the _abhost_* tables, or brings those that are there to this program's format. AB_ECONFIG: they are not ours to
 * use. */
ab_status sqlite_format_init(struct sqlite *d, struct error *e);
/* A row of _abhost_state, its columns in struct dest_state's order, as somebody may have edited it. */
ab_status sqlite_format_check_state(struct sqlite *d, sqlite3_stmt *stmt, struct error *e);

/* sqlite_state.c */
ab_status sqlite_state_list(struct dest *d, struct dest_state **out, size_t *n, struct error *e);
ab_status sqlite_state_put(struct sqlite *d, const struct dest_state *row, struct error *e);
ab_status
sqlite_state_delete(struct dest *d, const char *stream, const char *namespace_, struct error *e);
/* The streams' columns: finds or gives the table's name; loads; saves. */
ab_status sqlite_state_name(struct sqlite_stream *s, struct error *e);
ab_status
sqlite_state_load(struct sqlite_stream *s, int staging, struct shape *shape, struct error *e);
ab_status sqlite_state_save(struct sqlite_stream *s, struct error *e);

/* sqlite_verify.c, sqlite_verify_read.c: for streams whose spec says `verify`; else they do nothing */
ab_status sqlite_verify_begin(struct sqlite_stream *s, struct error *e);
/* The records of a page that d->rows.fit holds were given. */
ab_status
sqlite_verify_page(struct sqlite_stream *s, const struct dest_page *page, struct error *e);
/* Rows for which the condition holds are about to go. */
ab_status sqlite_verify_discard(struct sqlite_stream *s, const char *condition, struct error *e);
/* They are gone: what comes next may get their numbers. */
ab_status sqlite_verify_discarded(struct sqlite_stream *s, struct error *e);
/* Rows that are marked as deleted are about to go. */
ab_status sqlite_verify_removing(struct sqlite_stream *s, struct error *e);
/* The table is about to be written anew. */
ab_status sqlite_verify_rebuild(struct sqlite_stream *s, struct error *e);
void sqlite_verify_committed(struct sqlite *d);
void sqlite_verify_rolled_back(struct sqlite *d);
void sqlite_verify_free(struct sqlite_verify *v);
ab_status sqlite_verify_stream(struct dest_stream *s, int64_t *rows, struct error *e);

/* sqlite_lock.c */
/* Opens or makes the file and takes its lock; -1 and e, and *held where another run has it. The descriptor must outlive the connection: closing
 * it would drop the locks that SQLite holds on the same file. */
int sqlite_lock(const char *path, struct dest_held *held, struct error *e);
/* Is it still the file that has that name?  What is written to one that was replaced would be lost with it. */
ab_status sqlite_lock_check(const char *path, int fd, struct error *e);
#endif
