/* shim.c - an LD_PRELOAD library that makes the disk or the memory of one program fail at a chosen call.
 *
 * Files below $SHIM_UNDER are watched.  $SHIM_FAULT is KIND@N[,SEED]; the N-th call of its class fails:
 *
 *   kill    SIGKILL before the N-th change (write, truncate, sync, unlink, rename); half a write is done first
 *           where SEED is odd
 *   power   the same as a power cut: of each watched file, what was written since its last sync is kept, lost or
 *           kept sector by sector, as SEED says; its size is either of the two, and what it grew by may be zeros.  Of the
 *           names that were made, removed or moved since their folder was last synced the latest are lost, as many as
 *           SEED says
 *   full    the N-th write and all later ones find no space; where SEED is odd, the N-th for its second half
 *   write   the N-th write fails with EIO; sync: the N-th sync, syncs: it and all later ones, and at the end the power
 *           goes where SEED is odd; read: the N-th read
 *   lie     the N-th sync fails, and what it was to write is lost although later syncs succeed: read as it was before at
 *           once, when the program has ended, or when the power goes soon after, as SEED says
 *   malloc  the N-th allocation of the program fails; nomem: the N-th and the 20 behind it
 *
 * $SHIM_COUNT is a file that holds the counts, five longs: changes, writes, syncs, reads, allocations.  Several programs
 * that are told the same count together, so that one call of all of them fails.
 * The worker's environment does not hold LD_PRELOAD, so that this is about the engine alone, or, where a script starts the
 * worker with it, about the worker. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include "shim.h"

#define NOMEM_RUN 20
#define SHIM_API  __attribute__((visibility("default")))

enum fault { NONE, KILL, POWER, FULL, WRITE, SYNC, SYNCS, LIE, READ, MALLOC, NOMEM };

static enum fault fault;
static long fault_at;
static unsigned seed;
static struct counts {
	_Atomic long changes, writes, syncs, reads, allocations;
} own, *counts = &own;
static _Atomic int is_armed;
static long cut_at; /* the change at which the power goes, behind a sync that has lied; 0: none */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *p, size_t n);

void *
shim_real(const char *name)
{
	void *found = dlsym(RTLD_NEXT, name);

	if (found == NULL)
		abort();
	return found;
}

static void
share_counts(void)
{
	const char *path = getenv("SHIM_COUNT");
	int fd = path == NULL ? -1 : REAL(open)(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *shared = MAP_FAILED;

	if (fd >= 0 && REAL(ftruncate)(fd, sizeof(own)) == 0)
		shared = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared != MAP_FAILED)
		counts = shared;
	if (fd >= 0)
		REAL(close)(fd);
}

static void __attribute__((constructor)) shim_init(void)
{
	static const char *const words[] = {"none", "kill", "power", "full", "write", "sync",
	    "syncs", "lie", "read", "malloc", "nomem"};
	const char *say = getenv("SHIM_FAULT"), *dir = getenv("SHIM_UNDER");
	const char *at = say != NULL ? strchr(say, '@') : NULL;
	char *end;

	snprintf(shim_under, sizeof(shim_under), "%s", dir != NULL ? dir : "");
	for (int i = 0; at != NULL && i <= NOMEM; i++)
		if (strncmp(say, words[i], (size_t)(at - say)) == 0 && words[i][at - say] == '\0')
			fault = (enum fault)i;
	if (at != NULL) {
		fault_at = strtol(at + 1, &end, 10);
		seed = *end == ',' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
	}
	share_counts();
	is_armed = 1;
}

static void __attribute__((destructor)) shim_fini(void)
{
	is_armed = 0;
	if (fault == SYNCS && counts->syncs >= fault_at && seed % 2 == 1)
		shim_cut(&seed);
	if (fault == LIE)
		shim_forsake();
}

/* Memory */

static int
is_refused(void)
{
	long n;

	if (!is_armed)
		return 0;
	n = atomic_fetch_add(&counts->allocations, 1) + 1;
	return (fault == MALLOC && n == fault_at) ||
	    (fault == NOMEM && n >= fault_at && n <= fault_at + NOMEM_RUN);
}

SHIM_API void *
malloc(size_t n)
{
	if (!is_refused())
		return __libc_malloc(n);
	errno = ENOMEM;
	return NULL;
}

SHIM_API void *
calloc(size_t n, size_t size)
{
	if (!is_refused())
		return __libc_calloc(n, size);
	errno = ENOMEM;
	return NULL;
}

SHIM_API void *
realloc(void *p, size_t n)
{
	if (!is_refused())
		return __libc_realloc(p, n);
	errno = ENOMEM;
	return NULL;
}

/* Files */

/* A change is about to happen to the file (NULL: to its name). Under lock. */
static void
count_change(int fd, const void *bytes, size_t len, off_t at)
{
	long n = atomic_fetch_add(&counts->changes, 1) + 1;

	if (n != cut_at && (n != fault_at || (fault != KILL && fault != POWER)))
		return;
	if (fault == KILL && bytes != NULL && seed % 2 == 1)
		(void)!(at < 0 ? REAL(write)(fd, bytes, len / 2)
			       : REAL(pwrite)(fd, bytes, len / 2, at));
	if (fault != KILL)
		shim_cut(&seed);
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* 0, or the errno with which the write fails; *len may become less. at -1: at the descriptor's own place. */
static int
before_write(int fd, const void *bytes, size_t *len, off_t at)
{
	struct shim_file *w = shim_file_of(fd);
	off_t place = at;
	long n;

	if (w == NULL)
		return 0;
	pthread_mutex_lock(&lock);
	if (place < 0) {
		struct stat st;

		place = (fcntl(fd, F_GETFL) & O_APPEND) != 0 && fstat(fd, &st) == 0
		    ? st.st_size
		    : lseek(fd, 0, SEEK_CUR);
	}
	count_change(fd, bytes, *len, at);
	shim_keep(w, place, (off_t)*len);
	pthread_mutex_unlock(&lock);
	n = atomic_fetch_add(&counts->writes, 1) + 1;
	if (fault == FULL && n == fault_at && seed % 2 == 1 && *len > 1)
		*len /= 2;
	else if (fault == FULL && n >= fault_at)
		return ENOSPC;
	return fault == WRITE && n == fault_at ? EIO : 0;
}

SHIM_API ssize_t
write(int fd, const void *bytes, size_t len)
{
	int failed = before_write(fd, bytes, &len, -1);

	if (failed == 0)
		return REAL(write)(fd, bytes, len);
	errno = failed;
	return -1;
}

SHIM_API ssize_t
pwrite(int fd, const void *bytes, size_t len, off_t at)
{
	int failed = before_write(fd, bytes, &len, at);

	if (failed == 0)
		return REAL(pwrite)(fd, bytes, len, at);
	errno = failed;
	return -1;
}

SHIM_API ssize_t
pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
	return pwrite(fd, bytes, len, at);
}

static int
before_read(int fd)
{
	if (shim_file_of(fd) == NULL)
		return 0;
	return atomic_fetch_add(&counts->reads, 1) + 1 == fault_at && fault == READ;
}

SHIM_API ssize_t
read(int fd, void *bytes, size_t len)
{
	if (!before_read(fd))
		return REAL(read)(fd, bytes, len);
	errno = EIO;
	return -1;
}

SHIM_API ssize_t
pread(int fd, void *bytes, size_t len, off_t at)
{
	if (!before_read(fd))
		return REAL(pread)(fd, bytes, len, at);
	errno = EIO;
	return -1;
}

SHIM_API ssize_t
pread64(int fd, void *bytes, size_t len, off64_t at)
{
	return pread(fd, bytes, len, at);
}

SHIM_API int
ftruncate(int fd, off_t size)
{
	struct shim_file *w = shim_file_of(fd);
	struct stat st;

	if (w != NULL) {
		pthread_mutex_lock(&lock);
		count_change(fd, NULL, 0, 0);
		if (fstat(fd, &st) == 0)
			shim_keep(w, size, st.st_size > size ? st.st_size - size : 0);
		pthread_mutex_unlock(&lock);
	}
	return REAL(ftruncate)(fd, size);
}

SHIM_API int
ftruncate64(int fd, off64_t size)
{
	return ftruncate(fd, size);
}

/* Linux after an error of the disk: what could not be written is taken for written, later syncs succeed.  Under lock. */
static void
lie(struct shim_file *w)
{
	shim_lose(w);
	if (seed % 3 == 0)
		shim_forsake();
	if (seed % 3 == 1)
		cut_at = counts->changes + 1 + rand_r(&seed) % 12;
}

/* 1: this sync fails. */
static int
before_sync(int fd)
{
	struct shim_file *w = shim_file_of(fd);
	char folder[4096];
	int fails;
	long n;

	if (w == NULL)
		return 0;
	n = atomic_fetch_add(&counts->syncs, 1) + 1;
	fails =
	    ((fault == SYNC || fault == LIE) && n == fault_at) || (fault == SYNCS && n >= fault_at);
	pthread_mutex_lock(&lock);
	count_change(fd, NULL, 0, 0);
	if (!fails)
		shim_settle(w);
	else if (fault == LIE)
		lie(w);
	if (!fails && shim_is_folder(w) && shim_path_of(fd, folder) == 0)
		shim_settle_names(folder);
	pthread_mutex_unlock(&lock);
	return fails;
}

SHIM_API int
fsync(int fd)
{
	if (!before_sync(fd))
		return REAL(fsync)(fd);
	errno = EIO;
	return -1;
}

SHIM_API int
fdatasync(int fd)
{
	if (!before_sync(fd))
		return REAL(fdatasync)(fd);
	errno = EIO;
	return -1;
}

static void
before_name(enum shim_change what, const char *path, const char *to)
{
	char *from = shim_name_of(path);

	if (from == NULL)
		return;
	pthread_mutex_lock(&lock);
	count_change(-1, NULL, 0, 0);
	if (fault == POWER || fault == SYNCS)
		shim_note_name(what, from, to == NULL ? NULL : shim_name_of(to));
	else
		free(from);
	pthread_mutex_unlock(&lock);
}

SHIM_API int
unlink(const char *path)
{
	before_name(SHIM_GONE, path, NULL);
	return REAL(unlink)(path);
}

SHIM_API int
rename(const char *from, const char *to)
{
	before_name(SHIM_MOVED, from, to);
	return REAL(rename)(from, to);
}

static int
watch(int fd)
{
	pthread_mutex_lock(&lock);
	shim_watch(fd);
	pthread_mutex_unlock(&lock);
	return fd;
}

/* A file that an open has made. */
static void
made(int flags, const char *path, int was_there)
{
	if ((flags & O_CREAT) == 0 || was_there || (fault != POWER && fault != SYNCS))
		return;
	pthread_mutex_lock(&lock);
	shim_note_name(SHIM_MADE, shim_name_of(path), NULL);
	pthread_mutex_unlock(&lock);
}

SHIM_API int
open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;
	int was_there, fd;

	va_start(args, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	was_there = access(path, F_OK) == 0;
	if ((fd = watch(REAL(open)(path, flags, mode))) >= 0)
		made(flags, path, was_there);
	return fd;
}

SHIM_API int
open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;
	int was_there, fd;

	va_start(args, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	was_there = access(path, F_OK) == 0;
	if ((fd = watch(REAL(open)(path, flags, mode))) >= 0)
		made(flags, path, was_there);
	return fd;
}

SHIM_API int
openat(int dir, const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(args, mode_t) : 0;
	va_end(args);
	return watch(REAL(openat)(dir, path, flags, mode));
}

SHIM_API int
close(int fd)
{
	shim_unwatch(fd);
	return REAL(close)(fd);
}
