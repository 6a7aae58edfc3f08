/* file.c - see file.h. */
#define _GNU_SOURCE /* mkostemp */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
file_write(int fd, const void *bytes, size_t n)
{
	const char *at = bytes;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno != EINTR)
			return -1;
		at += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return 0;
}

int
file_try_folder(const char *path)
{
	char name[PATH_MAX], bytes[4096] = "";
	int n = snprintf(name, sizeof(name), "%s/.abhost-try-XXXXXX", path), fd, rc, why;

	if (n < 0 || n >= (int)sizeof(name)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if ((fd = mkostemp(name, O_CLOEXEC)) < 0)
		return -1;
	rc = file_write(fd, bytes, sizeof(bytes));
	why = errno;
	if (close(fd) != 0 && rc == 0) {
		rc = -1;
		why = errno;
	}
	unlink(name);
	errno = why;
	return rc;
}

int
file_open_folder(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t len = slash == NULL ? 1 : (size_t)(slash - path) + 1;
	char folder[PATH_MAX];

	if (len >= sizeof(folder)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(folder, slash == NULL ? "." : path, len);
	folder[len] = '\0';
	return open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

int
file_sync_folder(const char *path)
{
	int fd = file_open_folder(path), rc, why;

	if (fd < 0)
		return -1;
	rc = fsync(fd);
	why = errno;
	close(fd);
	errno = why;
	return rc;
}
