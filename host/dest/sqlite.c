/* sqlite.c - the SQLite destination: opens, locks, commits, closes; see sqlite.h for its other files.
 *
 * Records, the streams' columns, state and run history change in one transaction.  Settings as measured:
 * big pages (smaller ones where rows change), a truncated rollback journal (new pages need no undo), full sync, the
 * small default cache. */
#include "dest/sqlite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"

#define PAGE_SIZE 32768
#define DEDUP_PAGE \
	16384 /* a changed row costs the page that it is in: read, kept in the journal, written */
#define BUSY_MS 10000
#define DEDUP_CACHE \
	((size_t)4 << 20) /* an upsert comes back to pages that an append never sees again */
#define KEPT_BYTES  ((int64_t)256 << 20)
#define LET_GO_STEP ((int64_t)32 << 20)

static ab_status
pragma_text(struct sqlite *d, const char *name, char out[32], struct error *e)
{
	sqlite3_stmt *stmt = sqlite_query(d, e, "PRAGMA %s", name);

	out[0] = '\0';
	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		snprintf(out, 32, "%s", (const char *)sqlite3_column_text(stmt, 0));
	return sqlite_done(d, stmt, e);
}

/* A file in WAL mode stays so until somebody says otherwise: whoever chose it has readers in mind. */
static ab_status
set_journal(struct sqlite *d, enum sqlite_journal wanted, struct error *e)
{
	char mode[32];
	int was_wal;

	if (pragma_text(d, "journal_mode", mode, e) != AB_OK)
		return e->status;
	if (wanted == SQLITE_JOURNAL_KEEP && strcmp(mode, "wal") == 0)
		return AB_OK;
	was_wal = strcmp(mode, "wal") == 0;
	if (pragma_text(d,
		wanted == SQLITE_JOURNAL_WAL ? "journal_mode=WAL" : "journal_mode=TRUNCATE", mode,
		e) != AB_OK) {
		/* not waited for: who has the file open need not have a transaction */
		if (!was_wal || sqlite3_errcode(d->db) != SQLITE_BUSY)
			return e->status;
		error_clear(e);
		return error_set(e, AB_ETRANSIENT,
		    "%s is open in another program, and keeps its write-ahead log so long: close it there, or leave out "
		    "journal=truncate",
		    d->path);
	}
	if (wanted == SQLITE_JOURNAL_WAL && strcmp(mode, "wal") != 0)
		return error_set(e, AB_ECONFIG,
		    "%s cannot have a write-ahead log where it is: leave out journal=wal", d->path);
	return AB_OK;
}

/* Its pages have one size, chosen when the file is made. */
static void
check_page_size(struct sqlite *d, int wanted)
{
	struct error ignored = ERROR_INIT;
	int64_t size = sqlite_number(d, wanted, &ignored, "PRAGMA page_size");

	if (wanted != 0 && size != wanted)
		log_line(AB_WARN,
		    "%s has pages of %lld bytes and keeps them: page_size counts for a new file only",
		    d->path, (long long)size);
}

static ab_status
configure(struct sqlite *d, const struct sqlite_place *place, struct error *e)
{
	/* A quoted name that is no column must be an error, not a text. */
	sqlite3_db_config(d->db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	if (sqlite_run(d, e, "PRAGMA page_size=%d",
		place->page_size != 0 ? place->page_size : PAGE_SIZE) != AB_OK ||
	    set_journal(d, place->journal, e) != AB_OK)
		return e->status;
	check_page_size(d, place->page_size);
	/* legacy_alter_table: a view on a table that is being replaced must not stop the rename. */
	return sqlite_run(d, e,
	    "PRAGMA synchronous=FULL; PRAGMA secure_delete=0; PRAGMA foreign_keys=0;"
	    "PRAGMA temp_store=FILE; PRAGMA legacy_alter_table=1; PRAGMA recursive_triggers=0");
}

static ab_status
open_connection(struct sqlite *d, int flags, struct error *e)
{
	if (sqlite3_open_v2(d->path, &d->db, flags | SQLITE_OPEN_NOMUTEX, sqlite_journal_vfs()) ==
	    SQLITE_OK) {
		sqlite3_busy_timeout(d->db, BUSY_MS);
		return AB_OK;
	}
	return d->db == NULL ? error_set(e, AB_ENOMEM, "no memory to open %s", d->path)
			     : sqlite_fail(d, e);
}

/* A run that was killed may have left a journal, which a read-only connection cannot roll back: the data
 * as committed come only after a writer, that writes nothing else, has done so. */
static ab_status
open_to_read(struct sqlite *d, struct error *e)
{
	struct stat st;
	int rc;

	if (stat(d->path, &st) != 0)
		return error_set(e, AB_ECONFIG, "no such database: %s", d->path);
	if (S_ISDIR(st.st_mode))
		return error_set(e, AB_ECONFIG, "%s is a folder: one of JSON Lines is jsonl:%s",
		    d->path, d->path);
	if (open_connection(d, SQLITE_OPEN_READONLY, e) != AB_OK)
		return e->status;
	rc = sqlite3_exec(d->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
	if (rc != SQLITE_OK && sqlite3_extended_errcode(d->db) != SQLITE_READONLY_ROLLBACK)
		return sqlite_fail(d, e);
	if (rc != SQLITE_OK) {
		sqlite3_close(d->db);
		d->db = NULL;
		if (open_connection(d, SQLITE_OPEN_READWRITE, e) != AB_OK ||
		    sqlite_run(d, e, "SELECT count(*) FROM sqlite_schema; PRAGMA query_only=1") !=
			AB_OK)
			return e->status;
	}
	return sqlite_format_init(d, e);
}

/* SQLite sees that pages are missing, but not that the last one is there in part: it would read zeros for the rest, and
 * write them.  A WAL holds what the file does not have yet. */
static ab_status
check_size(struct sqlite *d, struct error *e)
{
	struct stat st;
	int64_t wanted, in_wal;

	/* in one transaction, so that no journal is waiting and nobody writes */
	if (sqlite_run(d, e, "BEGIN") != AB_OK)
		return e->status;
	wanted = sqlite_number(d, 0, e, "PRAGMA page_count") *
	    sqlite_number(d, 0, e, "PRAGMA page_size");
	in_wal = sqlite_number(d, 0, e, "SELECT journal_mode = 'wal' FROM pragma_journal_mode");
	if (e->status == AB_OK && !in_wal && fstat(d->lock_fd, &st) == 0 && st.st_size < wanted)
		error_set(e, AB_ECONFIG,
		    "the database %s is damaged (it is cut short: %lld of %lld bytes are there): restore it or name another "
		    "file%s",
		    d->path, (long long)st.st_size, (long long)wanted, dest_elsewhere());
	return e->status == AB_OK ? sqlite_run(d, e, "COMMIT") : e->status;
}

static ab_status
open_to_write(
    struct sqlite *d, const struct sqlite_place *place, struct dest_held *held, struct error *e)
{
	struct stat st;

	d->lock_fd = sqlite_lock(d->path, held, e);
	if (d->lock_fd == -1)
		return e->status;
	if (fstat(d->lock_fd, &st) != 0)
		st.st_size = 1;
	d->cached_end = KEPT_BYTES + st.st_size;
	d->may_shrink_pages =
	    st.st_size == 0 && place->page_size == 0 && place->journal != SQLITE_JOURNAL_WAL;
	if (open_connection(d, SQLITE_OPEN_READWRITE, e) != AB_OK ||
	    configure(d, place, e) != AB_OK || check_size(d, e) != AB_OK)
		return e->status;
	if (sqlite_temp_place(d) != 0 || sqlite_rows_init(d) != 0 ||
	    sqlite_key_functions(d->db) != 0)
		return error_set(e, AB_ENOMEM, "no memory to open %s", d->path);
	return sqlite_format_init(d, e);
}

static void
sqlite_close(struct dest *base)
{
	struct sqlite *d = (struct sqlite *)base;

	sqlite_streams_free(d);
	if (d->db != NULL && sqlite3_close(d->db) != SQLITE_OK)
		log_line(AB_WARN, "closing %s: %s", d->path, sqlite3_errmsg(d->db));
	sqlite_rows_fini(d);
	sqlite_batches_fini(d);
	if (d->lock_fd != -1)
		close(d->lock_fd);
	free(d->path);
	free(d->connector);
	free(d);
}

static ab_status
sqlite_open(const struct dest_target *target, struct dest **out, struct error *e)
{
	struct sqlite *d = calloc(1, sizeof(*d));
	struct sqlite_place place;
	struct dest_held ignored;

	sqlite_temp_init();
	if (d == NULL)
		return error_set(e, AB_ENOMEM, "no memory to open %s", target->path);
	d->base.ops = &dest_sqlite;
	d->lock_fd = -1;
	sqlite_batches_init(d);
	d->dedup_cache = DEDUP_CACHE;
	d->read_only = target->read_only;
	if (target->connector != NULL && (d->connector = strdup(target->connector)) == NULL)
		error_set(e, AB_ENOMEM, "no memory to open %s", target->path);
	else if (sqlite_place_read(target->path, &place, e) == AB_OK) {
		d->path = place.path;
		d->read_only
		    ? open_to_read(d, e)
		    : open_to_write(d, &place, target->held != NULL ? target->held : &ignored, e);
	}
	if (e->status != AB_OK) {
		sqlite_close(&d->base);
		return e->status;
	}
	*out = &d->base;
	return AB_OK;
}

/* Nobody here reads again what an append has written.  Left to itself the kernel keeps it all, page for page in memory
 * that was not used before: other programs' files go for it, and a virtual machine has to be given each page by its
 * host, which takes longer than filling it.  So what a run adds beyond KEPT_BYTES is let go as soon as it is durable,
 * and the same memory serves for all of it.  A hint: what cannot be let go stays. */
static void
let_go(struct sqlite *d)
{
	struct stat st;

	if (d->comes_back || fstat(d->lock_fd, &st) != 0 ||
	    st.st_size < d->cached_end + LET_GO_STEP)
		return;
	posix_fadvise(d->lock_fd, d->cached_end, st.st_size - d->cached_end, POSIX_FADV_DONTNEED);
	d->cached_end = st.st_size;
}

static ab_status
sqlite_commit(struct dest *base, const struct dest_state *const *rows, size_t n,
    const struct dest_run *run, struct error *e)
{
	struct sqlite *d = (struct sqlite *)base;
	ab_status rc = sqlite_begin(d, e);

	if (rc == AB_OK)
		rc = sqlite_batch_flush_all(d, e);
	for (size_t i = 0; i < n && rc == AB_OK; i++)
		rc = sqlite_state_put(d, rows[i], e);
	if (rc == AB_OK && run != NULL)
		rc = sqlite_run_update(d, run, e);
	if (rc == AB_OK)
		rc = sqlite_lock_check(d->path, d->lock_fd, e);
	if (rc == AB_OK)
		rc = sqlite_run(d, e, "COMMIT");
	if (rc == AB_OK) {
		sqlite_verify_committed(d);
		sqlite_streams_rest(d);
		let_go(d);
	}
	return rc;
}

static void
sqlite_rollback(struct dest *base)
{
	struct sqlite *d = (struct sqlite *)base;

	sqlite_streams_reset(d);
	sqlite_undo(d);
	sqlite_verify_rolled_back(d);
}

static void
sqlite_set_memory(struct dest *base, size_t cache, size_t batch)
{
	struct sqlite *d = (struct sqlite *)base;
	struct error ignored = ERROR_INIT;

	d->dedup_cache = cache;
	d->batches.most = batch;
	/* The file was made before anybody knew the streams; nothing but our empty tables is in it.  Without smaller
	 * pages it does its work more slowly, so a failure is none. */
	if (batch > 0 && d->may_shrink_pages)
		sqlite_run(d, &ignored, "PRAGMA page_size=%d; VACUUM", DEDUP_PAGE);
	d->may_shrink_pages = 0;
}

static int
sqlite_is_durable(const struct dest *d)
{
	(void)d;
	return 1;
}

const struct dest_ops dest_sqlite = {
    .scheme = "sqlite",
    .can_discard = 1,
    .open = sqlite_open,
    .close = sqlite_close,
    .states = sqlite_state_list,
    .run_begin = sqlite_run_begin,
    .runs = sqlite_run_list,
    .begin = sqlite_stream_begin,
    .write = sqlite_stream_write,
    .discard = sqlite_stream_discard,
    .finish = sqlite_stream_finish,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .state_delete = sqlite_state_delete,
    .verify = sqlite_verify_stream,
    .stats = sqlite_stream_stats,
    .where = sqlite_stream_where,
    .is_durable = sqlite_is_durable,
    .set_memory = sqlite_set_memory,
};
