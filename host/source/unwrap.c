/* unwrap.c - the connector inside a file that `abhost wrap` made; see loader.h. */
#define _GNU_SOURCE /* memfd_create */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "source/loader.h"
#include "source/loader_internal.h"

#define HEAD  128
#define SHELL "#!/bin/sh\n"

#define MARK SHELL "# abhost-wrap 1 "

/* 1: it is such a file. */
static int
read_head(int fd, long long *offset, long long *len)
{
	char head[HEAD + 1], *end;
	ssize_t n = pread(fd, head, HEAD, 0);

	if (n < (ssize_t)sizeof(MARK) || memcmp(head, MARK, sizeof(MARK) - 1) != 0)
		return 0;
	head[n] = '\0';
	*offset = strtoll(head + sizeof(MARK) - 1, &end, 10);
	*len = strtoll(end, &end, 10);
	return 1;
}

static int
copy_to(int to, int from, off_t offset, off_t len)
{
	char block[65536];

	while (len > 0) {
		size_t want = len < (off_t)sizeof(block) ? (size_t)len : sizeof(block);
		ssize_t n = pread(from, block, want, offset);

		if (n <= 0 || write(to, block, (size_t)n) != n)
			return -1;
		offset += n;
		len -= n;
	}
	return 0;
}

ab_status
loader_unwrap(int *fd, long long size, struct error *e)
{
	long long offset, len;
	int mem;

	if (!read_head(*fd, &offset, &len))
		return AB_OK;
	if (offset <= 0 || len <= 0 || offset > size || len != size - offset)
		return error_set(
		    e, AB_ECONFIG, "it was made by `abhost wrap`, and is not whole: make it again");
	mem = memfd_create("abhost-wrapped", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (mem < 0 || copy_to(mem, *fd, (off_t)offset, (off_t)len) != 0) {
		error_set(e, AB_ETRANSIENT, "the connector in it cannot be taken out: %s",
		    strerror(errno));
		if (mem >= 0)
			close(mem);
		return e->status;
	}
	/* what was looked at is what will be loaded */
	(void)fcntl(mem, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	close(*fd);
	*fd = mem;
	return AB_OK;
}
