/* airbyte_out.c - see airbyte_out.h. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include "dest/airbyte_out.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER_BYTES ((size_t)256 << 10)
#define PIPE_BYTES   (1 << 20)

struct airbyte_out {
	int fd;
	_Atomic int failed;
	_Atomic int64_t written;
	pthread_mutex_t io;	 /* whoever has it may write */
	size_t used;		 /* of the buffer; its owner's */
	pthread_mutex_t waiting; /* of what is below */
	struct buf lines;
	char buffer[BUFFER_BYTES];
};

struct airbyte_out *
airbyte_out_new(int fd)
{
	struct airbyte_out *o = malloc(sizeof(*o));

	if (o == NULL)
		return NULL;
	o->fd = fd;
	o->failed = 0;
	o->written = 0;
	o->used = 0;
	pthread_mutex_init(&o->io, NULL);
	pthread_mutex_init(&o->waiting, NULL);
	buf_init(&o->lines, AIRBYTE_MAX_MESSAGE);
	/* a larger pipe means fewer turns of the two processes; any is fine */
	(void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
	return o;
}

void
airbyte_out_free(struct airbyte_out *o)
{
	if (o == NULL)
		return;
	buf_fini(&o->lines);
	pthread_mutex_destroy(&o->io);
	pthread_mutex_destroy(&o->waiting);
	free(o);
}

int
airbyte_out_failed(const struct airbyte_out *o)
{
	return o->failed;
}

int64_t
airbyte_out_written(const struct airbyte_out *o)
{
	return o->written;
}

static void
write_all(struct airbyte_out *o, const char *bytes, size_t len)
{
	while (len > 0 && !o->failed) {
		ssize_t n = write(o->fd, bytes, len);

		if (n < 0 && errno != EINTR)
			o->failed = errno;
		o->written += n > 0 ? n : 0;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
}

static void
flush(struct airbyte_out *o)
{
	write_all(o, o->buffer, o->used);
	o->used = 0;
}

void
airbyte_out_add(struct airbyte_out *o, const char *bytes, size_t len)
{
	if (len > BUFFER_BYTES - o->used)
		flush(o);
	if (len > BUFFER_BYTES) {
		write_all(o, bytes, len);
		return;
	}
	memcpy(o->buffer + o->used, bytes, len);
	o->used += len;
}

void
airbyte_out_add_line(struct airbyte_out *o, const char *bytes, size_t len)
{
	for (size_t n; len > 0; bytes += n, len -= n) {
		char *at;

		if (o->used == BUFFER_BYTES)
			flush(o);
		n = len > BUFFER_BYTES - o->used ? BUFFER_BYTES - o->used : len;
		at = o->buffer + o->used;
		for (size_t i = 0; i < n; i++)
			at[i] = bytes[i] == '\n' || bytes[i] == '\r' ? ' ' : bytes[i];
		o->used += n;
	}
}

/* Puts the lines that wait behind what is in the buffer; only who has the descriptor. */
static void
take_lines(struct airbyte_out *o)
{
	struct buf lines;

	pthread_mutex_lock(&o->waiting);
	lines = o->lines;
	buf_init(&o->lines, AIRBYTE_MAX_MESSAGE);
	pthread_mutex_unlock(&o->waiting);
	airbyte_out_add(o, buf_str(&lines), lines.len);
	buf_fini(&lines);
}

static int
has_lines(struct airbyte_out *o)
{
	int has;

	pthread_mutex_lock(&o->waiting);
	has = o->lines.len > 0;
	pthread_mutex_unlock(&o->waiting);
	return has;
}

/* Writes what waits, unless another thread has the descriptor: it looks again when it gives it back. */
static void
write_lines(struct airbyte_out *o)
{
	while (has_lines(o) && pthread_mutex_trylock(&o->io) == 0) {
		take_lines(o);
		flush(o);
		pthread_mutex_unlock(&o->io);
	}
}

void
airbyte_out_begin(struct airbyte_out *o)
{
	pthread_mutex_lock(&o->io);
	take_lines(o);
}

void
airbyte_out_end(struct airbyte_out *o)
{
	flush(o);
	pthread_mutex_unlock(&o->io);
	write_lines(o);
}

void
airbyte_out_lack(struct airbyte_out *o)
{
	int none = 0;

	atomic_compare_exchange_strong(&o->failed, &none, ENOMEM);
}

int
airbyte_send_line(struct airbyte_out *o, const char *text, size_t len)
{
	size_t before;
	int rc = 0;

	pthread_mutex_lock(&o->waiting);
	before = o->lines.len;
	buf_add(&o->lines, text, len);
	if (buf_addc(&o->lines, '\n') != 0 || o->lines.failed) {
		o->lines.len = before; /* a message that does not fit is dropped whole */
		rc = -1;
	}
	o->lines.failed = 0;
	pthread_mutex_unlock(&o->waiting);
	write_lines(o);
	return rc;
}
