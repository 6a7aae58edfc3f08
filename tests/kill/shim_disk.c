/* shim_disk.c - see shim.h: what of a watched file is on the disk, and what only in the kernel's memory. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "shim.h"

#define FDS    256
#define SECTOR 512
#define PAGE   4096 /* what the kernel writes as a whole, when a byte of it has changed */

/* What the disk has in the place of what the file holds. */
struct sector {
	struct sector *next;
	off_t at;
	size_t len; /* behind the old end there was nothing */
	char bytes[SECTOR];
};

struct shim_file {
	ino_t inode;
	int fd; /* of our own; -1: a folder */
	off_t synced_size;
	int is_pending;
	struct sector *sectors; /* written since the last sync */
	struct sector *lost;	/* a sync of them has failed: no later one writes them */
};

static int fds[FDS]; /* index into files, plus 1 */
static struct shim_file files[FDS];
static int nfiles;
static const char zeros[SECTOR];

extern void *__libc_calloc(size_t n, size_t size);

struct shim_file *
shim_file_of(int fd)
{
	return fd >= 0 && fd < FDS && fds[fd] > 0 ? &files[fds[fd] - 1] : NULL;
}

int
shim_path_of(int fd, char path[4096])
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, 4095);
	path[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : -1;
}

static int
is_under(int fd)
{
	char path[4096];

	return *shim_under != '\0' && shim_path_of(fd, path) == 0 &&
	    strncmp(path, shim_under, strlen(shim_under)) == 0;
}

void
shim_watch(int fd)
{
	struct stat st;
	int i;

	if (fd < 0 || fd >= FDS || fstat(fd, &st) != 0 || !is_under(fd) ||
	    (!S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode)))
		return;
	for (i = 0; i < nfiles && files[i].inode != st.st_ino; i++)
		;
	if (i == nfiles && nfiles < FDS) {
		char link[64];

		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		files[i] = (struct shim_file){.inode = st.st_ino, .synced_size = st.st_size};
		files[i].fd = S_ISREG(st.st_mode) ? REAL(open)(link, O_RDWR | O_CLOEXEC) : -1;
		nfiles++;
	}
	fds[fd] = i < nfiles ? i + 1 : 0;
}

void
shim_unwatch(int fd)
{
	if (fd >= 0 && fd < FDS)
		fds[fd] = 0;
}

int
shim_is_folder(const struct shim_file *w)
{
	return w->fd < 0;
}

/* What a write has touched will be written after all: until then the disk has what it had. */
static void
regain(struct shim_file *w, off_t from, off_t to)
{
	struct sector **p = &w->lost, *s;

	while ((s = *p) != NULL)
		if (s->at < from || s->at >= to)
			p = &s->next;
		else {
			*p = s->next;
			s->next = w->sectors;
			w->sectors = s;
		}
}

static struct sector *
find(struct sector *s, off_t at)
{
	while (s != NULL && s->at != at)
		s = s->next;
	return s;
}

void
shim_keep(struct shim_file *w, off_t at, off_t len)
{
	struct stat st;
	struct sector *s;

	if (w->fd < 0 || fstat(w->fd, &st) != 0)
		return;
	if (!w->is_pending)
		w->synced_size = st.st_size;
	w->is_pending = 1;
	if (len > 0)
		regain(w, at - at % PAGE, (at + len + PAGE - 1) / PAGE * PAGE);
	for (off_t from = at - at % SECTOR; from < at + len && from < w->synced_size;
	     from += SECTOR) {
		if (find(w->sectors, from) != NULL || (s = __libc_calloc(1, sizeof(*s))) == NULL)
			continue;
		s->at = from;
		s->len = (size_t)(w->synced_size - from < SECTOR ? w->synced_size - from : SECTOR);
		(void)!REAL(pread)(w->fd, s->bytes, s->len, from);
		s->next = w->sectors;
		w->sectors = s;
	}
}

void
shim_settle(struct shim_file *w)
{
	struct sector *s;

	while ((s = w->sectors) != NULL) {
		w->sectors = s->next;
		free(s);
	}
	w->is_pending = 0;
}

/* To be lost: a sector that the file had, or one that it has grown by. */
static void
lose(struct shim_file *w, struct sector *s)
{
	if (s == NULL)
		return;
	s->len = SECTOR;
	s->next = w->lost;
	w->lost = s;
}

void
shim_lose(struct shim_file *w)
{
	struct sector *s;
	struct stat st;

	if (w->fd < 0 || !w->is_pending || fstat(w->fd, &st) != 0)
		return;
	while ((s = w->sectors) != NULL) {
		w->sectors = s->next;
		lose(w, s);
	}
	for (off_t at = (w->synced_size + SECTOR - 1) / SECTOR * SECTOR; at < st.st_size;
	     at += SECTOR)
		if (find(w->lost, at) == NULL && (s = __libc_calloc(1, sizeof(*s))) != NULL) {
			s->at = at;
			lose(w, s);
		}
	w->is_pending = 0;
}

void
shim_forsake(void)
{
	struct sector *s;
	struct stat st;

	for (struct shim_file *w = files; w < files + nfiles; w++)
		while ((s = w->lost) != NULL) {
			w->lost = s->next;
			if (fstat(w->fd, &st) == 0 && s->at < st.st_size)
				(void)!REAL(pwrite)(w->fd, s->bytes,
				    (size_t)(st.st_size - s->at < SECTOR ? st.st_size - s->at
									 : SECTOR),
				    s->at);
			free(s);
		}
}

/* What a disk without power makes of the file.  What a truncation cut off comes back with the old size, or not at all. */
static void
cut_power(struct shim_file *w, unsigned *seed)
{
	int way = rand_r(seed) % 3; /* all kept, all lost, each sector its own way */
	int old_size = way == 1 || rand_r(seed) % 2 == 0;
	struct sector *s;
	struct stat st;

	if (!w->is_pending || w->fd < 0 || way == 0 || fstat(w->fd, &st) != 0)
		return;
	if (old_size)
		(void)!REAL(ftruncate)(w->fd, w->synced_size);
	for (s = w->sectors; s != NULL; s = s->next)
		if (s->at >= st.st_size ? old_size : way == 1 || rand_r(seed) % 2 == 0)
			(void)!REAL(pwrite)(w->fd, s->bytes, s->len, s->at);
	for (off_t at = w->synced_size; !old_size && at < st.st_size; at += SECTOR)
		if (rand_r(seed) % 2 == 0)
			(void)!REAL(pwrite)(w->fd, zeros,
			    (size_t)(st.st_size - at < SECTOR ? st.st_size - at : SECTOR), at);
}

void
shim_cut(unsigned *seed)
{
	for (int i = 0; i < nfiles; i++)
		cut_power(&files[i], seed);
	shim_forsake();
	shim_cut_names(seed);
}
