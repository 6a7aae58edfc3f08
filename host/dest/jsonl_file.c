/* jsonl_file.c - see jsonl.h: one output file.  Must never leave half a line in front of a committed length. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "dest/jsonl.h"

#define BUFFER_BYTES 65536     /* larger writes to a pipe are slower */
#define PIPE_BYTES   (1 << 20) /* so that its two ends take turns less often; any is fine */

ab_status
jsonl_fail(const char *verb, const char *path, const char *elsewhere, struct error *e)
{
	switch (errno) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return error_set(e, AB_ETRANSIENT,
		    "cannot %s %s: %m; make room and run the same command again, what is committed is kept",
		    verb, path);
	case EPIPE:
		return error_set(
		    e, AB_ETRANSIENT, "cannot %s %s: whoever read it has gone", verb, path);
	case EACCES:
	case EPERM:
	case EROFS:
	case ENOENT:
	case ENOTDIR:
	case EISDIR:
		return error_set(e, AB_ECONFIG,
		    "cannot %s %s: %m; change its permissions or name another place%s", verb, path,
		    elsewhere);
	default:
		return error_set(e, AB_ETRANSIENT, "cannot %s %s: %m", verb, path);
	}
}

static ab_status
check_length(struct jsonl_file *f, int64_t committed, struct error *e)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0)
		return jsonl_fail("open", f->path, f->elsewhere, e);
	f->is_regular = S_ISREG(st.st_mode) && committed != JSONL_UNCUT;
	if (S_ISFIFO(st.st_mode))
		(void)fcntl(f->fd, F_SETPIPE_SZ, PIPE_BYTES);
	if (!f->is_regular)
		return AB_OK;
	if (committed < 0 && st.st_size > 0)
		return error_set(e, AB_ECONFIG,
		    "%s holds data that abhost has not written: remove it, or name another place%s",
		    f->path, f->elsewhere);
	if (st.st_size < committed)
		return error_set(e, AB_ECONFIG,
		    "%s has %lld bytes, but %lld were committed: something has cut it; put it back, or remove it and its "
		    "state file to begin again",
		    f->path, (long long)st.st_size, (long long)committed);
	return jsonl_file_cut(f, committed < 0 ? 0 : committed, e);
}

ab_status
jsonl_file_open(struct jsonl_file *f, const char *path, int fd, int64_t committed,
    const char *elsewhere, struct error *e)
{
	*f = (struct jsonl_file){
	    .fd = -1, .path = strdup(path), .elsewhere = elsewhere, .buffer = malloc(BUFFER_BYTES)};
	if (f->path == NULL || f->buffer == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the buffer of %s", path);
	f->fd = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3)
			: open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
	if (f->fd < 0)
		return jsonl_fail("open", path, elsewhere, e);
	return check_length(f, committed, e);
}

void
jsonl_file_close(struct jsonl_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->buffer);
	*f = (struct jsonl_file){.fd = -1};
}

static ab_status
write_all(struct jsonl_file *f, const char *bytes, size_t len, struct error *e)
{
	while (len > 0) {
		ssize_t n = write(f->fd, bytes, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return jsonl_fail("write", f->path, f->elsewhere, e);
		f->written += n;
		f->in_line = bytes[n - 1] != '\n';
		bytes += n;
		len -= (size_t)n;
	}
	return AB_OK;
}

ab_status
jsonl_file_flush(struct jsonl_file *f, int durable, struct error *e)
{
	size_t used = f->used;

	f->used = 0;
	if (write_all(f, f->buffer, used, e) != AB_OK)
		return e->status;
	if (durable && f->is_regular && fdatasync(f->fd) != 0)
		return jsonl_fail("write", f->path, f->elsewhere, e);
	return AB_OK;
}

ab_status
jsonl_file_add(struct jsonl_file *f, const char *bytes, size_t len, struct error *e)
{
	if (len > BUFFER_BYTES - f->used && jsonl_file_flush(f, 0, e) != AB_OK)
		return e->status;
	if (len > BUFFER_BYTES)
		return write_all(f, bytes, len, e);
	memcpy(f->buffer + f->used, bytes, len);
	f->used += len;
	return AB_OK;
}

ab_status
jsonl_file_add_parts(struct jsonl_file *f, const struct ab_str part[3], struct error *e)
{
	size_t len = part[0].len + part[1].len + part[2].len;

	/* so that what is handed over are whole lines */
	if (len > BUFFER_BYTES - f->used && jsonl_file_flush(f, 0, e) != AB_OK)
		return e->status;
	for (int i = 0; i < 3; i++) {
		if (part[i].len == 0)
			continue;
		if (len > BUFFER_BYTES) {
			if (jsonl_file_add(f, part[i].ptr, part[i].len, e) != AB_OK)
				return e->status;
			continue;
		}
		memcpy(f->buffer + f->used, part[i].ptr, part[i].len);
		f->used += part[i].len;
	}
	return AB_OK;
}

ab_status
jsonl_file_add_line(struct jsonl_file *f, const char *bytes, size_t len, struct error *e)
{
	size_t n;

	for (; len > 0; bytes += n, len -= n) {
		char *at;

		n = len > BUFFER_BYTES ? BUFFER_BYTES : len;
		if (n > BUFFER_BYTES - f->used && jsonl_file_flush(f, 0, e) != AB_OK)
			return e->status;
		at = f->buffer + f->used;
		for (size_t i = 0; i < n; i++)
			at[i] = bytes[i] == '\n' || bytes[i] == '\r' ? ' ' : bytes[i];
		f->used += n;
	}
	return AB_OK;
}

/* What the reader has the beginning of stays, up to its line's end. */
static void
keep_line(struct jsonl_file *f)
{
	const char *end = f->in_line ? memchr(f->buffer, '\n', f->used) : NULL;

	f->used = end == NULL ? 0 : (size_t)(end - f->buffer) + 1;
}

ab_status
jsonl_file_cut(struct jsonl_file *f, int64_t length, struct error *e)
{
	if (!f->is_regular) {
		keep_line(f);
		return AB_OK;
	}
	f->used = 0;
	if (ftruncate(f->fd, length) != 0 || lseek(f->fd, length, SEEK_SET) < 0)
		return jsonl_fail("write", f->path, f->elsewhere, e);
	f->written = length;
	return AB_OK;
}

ab_status
jsonl_sync_folder(const char *path, const char *elsewhere, struct error *e)
{
	return file_sync_folder(path) == 0 ? AB_OK
					   : jsonl_fail("write the folder of", path, elsewhere, e);
}
