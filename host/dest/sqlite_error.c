/* sqlite_error.c - SQLite's codes as sentences that say what to do, and the ways to run SQL; see sqlite.h. */
#include "dest/sqlite.h"

#include <errno.h>
#include <string.h>

static ab_status
fail_access(struct sqlite *d, const char *why, struct error *e)
{
	return error_set(e, AB_ECONFIG,
	    "cannot write %s (%s): the file, its folder and %s-journal, if there is one, must be writable",
	    d->path, why, d->path);
}

/* What is sorted may lie elsewhere, and which of the two was full SQLite does not say. */
static ab_status
fail_space(struct sqlite *d, const char *why, struct error *e)
{
	const char *temp = sqlite_temp_chosen();

	return error_set(e, AB_ETRANSIENT,
	    "no space left for %s%s%s%s%s%s: free some and run again; what was committed is kept",
	    d->path, temp != NULL ? ", or in " : "", temp != NULL ? temp : "",
	    why != NULL ? " (" : "", why != NULL ? why : "", why != NULL ? ")" : "");
}

static ab_status
fail_io(struct sqlite *d, struct error *e)
{
	int last = errno, number;

	number = sqlite_journal_errno() != 0 ? sqlite_journal_errno() : sqlite3_system_errno(d->db);
	/* a write that failed in a commit: nothing that fails comes after it */
	if (number == 0 && sqlite3_extended_errcode(d->db) == SQLITE_IOERR_WRITE)
		number = last;
	if (number == ENOSPC || number == EDQUOT || number == EFBIG)
		return fail_space(d, strerror(number), e);
	/* SQLite opens a journal that it may only read, and finds out when it writes. */
	if (number == EBADF || number == EACCES || number == EPERM || number == EROFS)
		return fail_access(d, strerror(number == EBADF ? EACCES : number), e);
	return error_set(e, AB_ETRANSIENT,
	    "reading or writing %s failed (%s): look at the disk and run again; "
	    "what was committed is kept",
	    d->path, number != 0 ? strerror(number) : sqlite3_errmsg(d->db));
}

ab_status
sqlite_fail(struct sqlite *d, struct error *e)
{
	const char *text = sqlite3_errmsg(d->db);

	switch (sqlite3_errcode(d->db)) {
	case SQLITE_NOMEM:
		return error_set(e, AB_ENOMEM, "no memory while writing %s", d->path);
	case SQLITE_FULL:
		return fail_space(d, NULL, e);
	case SQLITE_IOERR:
		return fail_io(d, e);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(e, AB_ETRANSIENT,
		    "another program has kept %s busy for 10 seconds: close it (a shell or viewer "
		    "with a transaction open) and run again",
		    d->path);
	case SQLITE_READONLY:
		if (sqlite3_extended_errcode(d->db) == SQLITE_READONLY_DBMOVED &&
		    sqlite_lock_check(d->path, d->lock_fd, e) != AB_OK)
			return e->status;
		return fail_access(d, text, e);
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return fail_access(d, text, e);
	case SQLITE_NOTADB:
		return error_set(e, AB_ECONFIG, "%s is not an SQLite database: name another file%s",
		    d->path, dest_elsewhere());
	case SQLITE_CORRUPT:
		return error_set(e, AB_ECONFIG,
		    "the database %s is damaged (%s): restore it or name another file%s", d->path,
		    text, dest_elsewhere());
	case SQLITE_CONSTRAINT:
		return error_set(e, AB_ECONFIG,
		    "%s does not take what a stream has (%s): drop the index, the constraint or the trigger that somebody has "
		    "put on its table, or the rows that are in the way",
		    d->path, text);
	case SQLITE_TOOBIG:
		return error_set(
		    e, AB_EDATA, "a value is larger than SQLite can hold in %s", d->path);
	default:
		if (strncmp(text, "no such table: _abhost_", 23) == 0)
			return error_set(e, AB_ECONFIG,
			    "%s has lost its table %s: somebody has dropped it, or cut the file short; put the file back from a "
			    "copy, or begin in another%s",
			    d->path, text + 15, dest_elsewhere());
		return error_set(e, AB_EBUG, "SQLite said about %s: %s", d->path, text);
	}
}

ab_status
sqlite_run(struct sqlite *d, struct error *e, const char *fmt, ...)
{
	va_list ap;
	char *sql;
	int rc;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	if (sql == NULL)
		return error_set(e, AB_ENOMEM, "no memory for SQL");
	rc = sqlite3_exec(d->db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	return rc == SQLITE_OK ? AB_OK : sqlite_fail(d, e);
}

ab_status
sqlite_run_built(struct sqlite *d, sqlite3_str *built, struct error *e)
{
	char *sql = sqlite3_str_finish(built);
	int rc;

	if (sql == NULL)
		return error_set(e, AB_ENOMEM, "no memory for SQL");
	rc = sqlite3_exec(d->db, sql, NULL, NULL, NULL);
	sqlite3_free(sql);
	return rc == SQLITE_OK ? AB_OK : sqlite_fail(d, e);
}

static sqlite3_stmt *
query(struct sqlite *d, struct error *e, const char *fmt, va_list ap)
{
	char *sql = sqlite3_vmprintf(fmt, ap);
	sqlite3_stmt *stmt = NULL;

	if (sql == NULL)
		error_set(e, AB_ENOMEM, "no memory for SQL");
	else if (sqlite3_prepare_v2(d->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		sqlite_fail(d, e);
	sqlite3_free(sql);
	return stmt;
}

sqlite3_stmt *
sqlite_query(struct sqlite *d, struct error *e, const char *fmt, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;

	va_start(ap, fmt);
	stmt = query(d, e, fmt, ap);
	va_end(ap);
	return stmt;
}

ab_status
sqlite_done(struct sqlite *d, sqlite3_stmt *stmt, struct error *e)
{
	if (stmt == NULL)
		return e->status;
	return sqlite3_finalize(stmt) == SQLITE_OK ? AB_OK : sqlite_fail(d, e);
}

ab_status
sqlite_step_done(struct sqlite *d, sqlite3_stmt *stmt, struct error *e)
{
	if (stmt != NULL)
		sqlite3_step(stmt);
	return sqlite_done(d, stmt, e);
}

int64_t
sqlite_number(struct sqlite *d, int64_t fallback, struct error *e, const char *fmt, ...)
{
	sqlite3_stmt *stmt;
	va_list ap;

	va_start(ap, fmt);
	stmt = query(d, e, fmt, ap);
	va_end(ap);
	if (stmt != NULL && sqlite3_step(stmt) == SQLITE_ROW)
		fallback = sqlite3_column_int64(stmt, 0);
	sqlite_done(d, stmt, e);
	return fallback;
}

void
sqlite_undo(struct sqlite *d)
{
	if (!sqlite3_get_autocommit(d->db))
		sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	d->undo = sqlite3_get_autocommit(d->db) ? SQLITE_UNDO_NOTHING : SQLITE_UNDO_AGAIN;
}

ab_status
sqlite_begin(struct sqlite *d, struct error *e)
{
	if (d->undo == SQLITE_UNDO_AGAIN)
		sqlite_undo(d);
	if (d->undo != SQLITE_UNDO_NOTHING)
		return error_set(e, AB_ENOMEM, "no memory to take back what was not committed");
	return sqlite3_get_autocommit(d->db) ? sqlite_run(d, e, "BEGIN IMMEDIATE") : AB_OK;
}
