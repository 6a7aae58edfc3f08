/* sqlite_lock.c - one run at a time per database: flock on the file itself, held for the whole run.
 *
 * SQLite's own locks come and go with each transaction; ours says "a run is at work here".  flock and
 * SQLite's fcntl locks do not meet.  Never closes a descriptor of a file that SQLite has open. */
#include "dest/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define WHO_MS 500 /* it may be committing */

/* Who is at work, as far as its last commit tells. */
static ab_status
fail_held(const char *path, struct dest_held *held, struct error *e)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	const char *sql =
	    "SELECT pid, host, started_at FROM _abhost_runs WHERE outcome = 'running'"
	    " AND host IS NOT NULL AND started_at IS NOT NULL ORDER BY id DESC LIMIT 1";

	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
	    sqlite3_busy_timeout(db, WHO_MS) == SQLITE_OK &&
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) == SQLITE_OK &&
	    sqlite3_step(stmt) == SQLITE_ROW)
		snprintf(held->who, sizeof(held->who), "process %lld on %.200s, since %.40s",
		    (long long)sqlite3_column_int64(stmt, 0),
		    (const char *)sqlite3_column_text(stmt, 1),
		    (const char *)sqlite3_column_text(stmt, 2));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	held->is_held = 1;
	return error_set(e, AB_ETRANSIENT, "%s is in use by another run", path);
}

static ab_status
fail_open(const char *path, int number, struct error *e)
{
	switch (number) {
	case ENOENT:
	case ENOTDIR:
		return error_set(
		    e, AB_ECONFIG, "cannot create %s: its folder does not exist", path);
	case EISDIR:
		return error_set(e, AB_ECONFIG, "%s is a folder: name a file in it", path);
	case ELOOP:
	case ENAMETOOLONG:
		return error_set(e, AB_ECONFIG, "cannot open %s: %s", path, strerror(number));
	case EACCES:
	case EPERM:
	case EROFS:
		return error_set(e, AB_ECONFIG,
		    "cannot write %s (%s): change its permissions or name another file%s", path,
		    strerror(number), dest_elsewhere());
	default:
		return error_set(e, AB_ETRANSIENT, "cannot open %s: %s", path, strerror(number));
	}
}

int
sqlite_lock(const char *path, struct dest_held *held, struct error *e)
{
	struct stat st;
	int fd;

	/* Looked at first: opening a pipe for a database would wait for ever. */
	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)) {
		error_set(e, AB_ECONFIG, "%s is not a regular file: name another%s", path,
		    dest_elsewhere());
		return -1;
	}
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd == -1) {
		fail_open(path, errno, e);
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	if (errno == EWOULDBLOCK)
		fail_held(path, held, e);
	else
		error_set(e, AB_ETRANSIENT, "cannot lock %s: %s", path, strerror(errno));
	close(fd);
	return -1;
}

ab_status
sqlite_lock_check(const char *path, int fd, struct error *e)
{
	struct stat ours, now;

	if (fstat(fd, &ours) != 0)
		return error_set(e, AB_ETRANSIENT, "cannot look at %s: %s", path, strerror(errno));
	if (stat(path, &now) == 0 && now.st_dev == ours.st_dev && now.st_ino == ours.st_ino)
		return AB_OK;
	return error_set(e, AB_ETRANSIENT,
	    "%s was removed or replaced while this run was at work, and what it wrote has gone with the old file: run "
	    "again, and leave the file alone meanwhile",
	    path);
}
