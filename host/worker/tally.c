/* tally.c - see tally.h. */
#include "config.h"

#include "worker/tally.h"

#include <dirent.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TRIES	       200 /* for threads to end, 10 ms apart */
#define PATH_MAX_SHOWN 200

static void
take_fds(struct tally *t)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *d;
	long fd;

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		fd = strtol(d->d_name, NULL, 10);
		if (d->d_name[0] != '.' && fd >= 0 && fd < TALLY_FDS && fd != dirfd(dir))
			t->fds[fd / 8] |= (unsigned char)(1u << fd % 8);
	}
	if (dir != NULL)
		closedir(dir);
}

static unsigned
count_threads(void)
{
	DIR *dir = opendir("/proc/self/task");
	const struct dirent *d;
	unsigned n = 0;

	while (dir != NULL && (d = readdir(dir)) != NULL)
		n += d->d_name[0] != '.';
	if (dir != NULL)
		closedir(dir);
	return n;
}

void
tally_take(struct tally *t)
{
	memset(t, 0, sizeof(*t));
	take_fds(t);
	t->threads = count_threads();
	t->is_taken = 1;
}

static int
has(const struct tally *t, int fd)
{
	return t->fds[fd / 8] >> fd % 8 & 1;
}

/* "12 (/tmp/x)" */
static void
add_fd(struct buf *out, int fd, int *count)
{
	char path[64], to[PATH_MAX_SHOWN], text[PATH_MAX_SHOWN + 32];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, to, sizeof(to) - 1);
	to[n > 0 ? n : 0] = '\0';
	snprintf(text, sizeof(text), "%d (%s)", fd, to);
	buf_adds(out, (*count)++ > 0 ? ", " : "");
	buf_add_json_string(out, text, strlen(text));
}

static void
add_fds(struct buf *out, const struct tally *before, const struct tally *now)
{
	int count = 0;

	buf_adds(out, "{\"left_open\": [");
	for (int fd = 0; fd < TALLY_FDS; fd++)
		if (has(now, fd) && !has(before, fd))
			add_fd(out, fd, &count);
	buf_adds(out, "], \"closed\": [");
	count = 0;
	for (int fd = 0; fd < TALLY_FDS; fd++)
		if (has(before, fd) && !has(now, fd))
			buf_addf(out, "%s%d", count++ > 0 ? ", " : "", fd);
}

int
tally_compare(const struct tally *before, struct buf *out)
{
	struct tally now;

	tally_take(&now);
	for (int i = 0; i < TRIES && now.threads > before->threads; i++) {
		usleep(10000);
		tally_take(&now);
	}
	add_fds(out, before, &now);
	buf_addf(out, "], \"threads\": %d}", (int)now.threads - (int)before->threads);
	return out->failed ? -1 : 0;
}

size_t
tally_allocated(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

size_t
tally_resident(void)
{
	FILE *f = fopen("/proc/self/statm", "re");
	unsigned long size = 0, resident = 0;

	if (f != NULL && fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	if (f != NULL)
		fclose(f);
	return (size_t)resident * (size_t)sysconf(_SC_PAGESIZE);
}
