/* sqlite_journal.c - a VFS of SQLite's that writes a rollback journal in large pieces; see sqlite.h.
 *
 * For each page that a transaction changes SQLite writes its number, its old bytes and a checksum, one call each; an
 * upsert at random keys changes tens of thousands.  Here they are put together and written at once.  Everything else is
 * the default VFS's own: the database itself never passes through here.
 *
 * What is put together is written before the journal is synced, read or measured, and SQLite writes no page of the
 * database before the sync, so a process that is killed loses no more than one whose journal had not reached the disk.
 * After a write or a sync that failed everything fails until the journal is closed or cut to nothing: a journal with a hole
 * must not be played back, and behind a sync that failed it may read as it was before.  SQLite would take that for an empty
 * one, and the pages that the transaction had changed in its cache for the database's. */
#include "dest/sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define VFS_NAME    "abhost"
#define PIECE_BYTES ((size_t)127 << 10) /* of 128 KiB SQLite's VFS for Unix writes nothing */

/* What SQLite holds as the file; the default VFS's file lies behind it. */
struct journal {
	sqlite3_file base;
	char *piece; /* len bytes for offset `at` */
	size_t len;
	sqlite3_int64 at;
	int failed; /* SQLITE_OK, or what became of an earlier write or sync */
};

static _Thread_local int write_errno;

static sqlite3_file *
real(sqlite3_file *file)
{
	return (sqlite3_file *)((struct journal *)file + 1);
}

static int
write_out(sqlite3_file *file, const void *bytes, size_t n, sqlite3_int64 at)
{
	struct journal *j = (struct journal *)file;
	sqlite3_file *to = real(file);

	if (j->failed != SQLITE_OK)
		return j->failed;
	j->failed = to->pMethods->xWrite(to, bytes, (int)n, at);
	write_errno = j->failed == SQLITE_OK ? 0 : errno;
	return j->failed;
}

static int
flush(sqlite3_file *file)
{
	struct journal *j = (struct journal *)file;
	size_t n = j->len;

	j->len = 0;
	return n == 0 ? j->failed : write_out(file, j->piece, n, j->at);
}

static int
journal_close(sqlite3_file *file)
{
	sqlite3_file *to = real(file);
	int rc = flush(file), closed = to->pMethods->xClose(to);

	free(((struct journal *)file)->piece);
	return rc != SQLITE_OK ? rc : closed;
}

static int
journal_read(sqlite3_file *file, void *out, int n, sqlite3_int64 at)
{
	sqlite3_file *to = real(file);
	int rc = flush(file);

	return rc != SQLITE_OK ? rc : to->pMethods->xRead(to, out, n, at);
}

static int
journal_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
	struct journal *j = (struct journal *)file;
	size_t size = (size_t)n;

	if (at != j->at + (sqlite3_int64)j->len || size > PIECE_BYTES - j->len)
		flush(file);
	if (j->failed != SQLITE_OK || size > PIECE_BYTES)
		return write_out(file, bytes, size, at);
	if (j->len == 0)
		j->at = at;
	memcpy(j->piece + j->len, bytes, size);
	j->len += size;
	return SQLITE_OK;
}

static int
journal_truncate(sqlite3_file *file, sqlite3_int64 size)
{
	struct journal *j = (struct journal *)file;
	sqlite3_file *to = real(file);
	int rc = size == 0 ? SQLITE_OK : flush(file);

	if (rc == SQLITE_OK)
		rc = to->pMethods->xTruncate(to, size);
	if (size == 0) {
		j->len = 0;
		j->failed = rc;
	}
	return rc;
}

static int
journal_sync(sqlite3_file *file, int flags)
{
	struct journal *j = (struct journal *)file;
	sqlite3_file *to = real(file);

	if (flush(file) == SQLITE_OK)
		j->failed = to->pMethods->xSync(to, flags);
	return j->failed;
}

static int
journal_size(sqlite3_file *file, sqlite3_int64 *size)
{
	sqlite3_file *to = real(file);
	int rc = flush(file);

	return rc != SQLITE_OK ? rc : to->pMethods->xFileSize(to, size);
}

static int
journal_lock(sqlite3_file *file, int lock)
{
	return real(file)->pMethods->xLock(real(file), lock);
}

static int
journal_unlock(sqlite3_file *file, int lock)
{
	return real(file)->pMethods->xUnlock(real(file), lock);
}

static int
journal_is_reserved(sqlite3_file *file, int *out)
{
	return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int
journal_control(sqlite3_file *file, int op, void *arg)
{
	int rc = flush(file);

	return rc != SQLITE_OK ? rc : real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int
journal_sector(sqlite3_file *file)
{
	return real(file)->pMethods->xSectorSize(real(file));
}

static int
journal_traits(sqlite3_file *file)
{
	return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = journal_close,
    .xRead = journal_read,
    .xWrite = journal_write,
    .xTruncate = journal_truncate,
    .xSync = journal_sync,
    .xFileSize = journal_size,
    .xLock = journal_lock,
    .xUnlock = journal_unlock,
    .xCheckReservedLock = journal_is_reserved,
    .xFileControl = journal_control,
    .xSectorSize = journal_sector,
    .xDeviceCharacteristics = journal_traits,
};

static sqlite3_vfs vfs, *plain;

static int
open_file(sqlite3_vfs *ours, const char *name, sqlite3_file *file, int flags, int *got)
{
	struct journal *j = (struct journal *)file;
	int rc;

	(void)ours;
	if (!(flags & SQLITE_OPEN_MAIN_JOURNAL))
		return plain->xOpen(plain, name, file, flags, got);
	*j = (struct journal){.piece = malloc(PIECE_BYTES)};
	if (j->piece == NULL)
		return SQLITE_NOMEM;
	rc = plain->xOpen(plain, name, real(file), flags, got);
	/* a file without methods is one that needs no closing */
	if (rc == SQLITE_OK)
		j->base.pMethods = &methods;
	else
		free(j->piece);
	return rc;
}

static void
make_vfs(void)
{
	plain = sqlite3_vfs_find(NULL);
	if (plain == NULL)
		return;
	vfs = *plain;
	vfs.zName = VFS_NAME;
	vfs.szOsFile = plain->szOsFile + (int)sizeof(struct journal);
	vfs.xOpen = open_file;
	vfs.pNext = NULL;
	if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
		plain = NULL;
}

const char *
sqlite_journal_vfs(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_vfs);
	return plain == NULL ? NULL : VFS_NAME;
}

int
sqlite_journal_errno(void)
{
	return write_errno;
}
