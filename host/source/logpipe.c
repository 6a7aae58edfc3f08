/* logpipe.c - see logpipe.h.  A connector that prints for ever must neither block nor drown the rest. */
#include "source/logpipe.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

#define LINES_A_SECOND 50
#define READS_AT_ONCE  32
#define REST_LINES     64

void
logpipe_init(struct logpipe *l, int fd)
{
	*l = (struct logpipe){.fd = fd};
}

/* Reads more; 0: nothing came. */
static int
fill(struct logpipe *l)
{
	ssize_t n = -1;

	if (l->fd >= 0 && l->len < sizeof(l->buf) - 1)
		n = read(l->fd, l->buf + l->len, sizeof(l->buf) - 1 - l->len);
	if (n == 0)
		l->fd = -1;
	if (n > 0)
		l->len += (size_t)n;
	return n > 0;
}

/* Moves a line from buf to line. 0: there is none. */
static int
take(struct logpipe *l, const char *who, int last)
{
	char *end = memchr(l->buf, '\n', l->len);
	size_t n = end != NULL ? (size_t)(end - l->buf) : l->len;

	if (end == NULL && !(l->len == sizeof(l->buf) - 1 || (last && l->len > 0)))
		return 0;
	snprintf(l->line, sizeof(l->line), "%s printed: %.*s", who, (int)n, l->buf);
	n += end != NULL;
	l->len -= n;
	memmove(l->buf, l->buf + n, l->len);
	return 1;
}

static const char *
tell_dropped(struct logpipe *l, const char *who)
{
	snprintf(l->line, sizeof(l->line), "%s printed %u more lines", who, l->dropped);
	l->dropped = 0;
	return l->line;
}

static int
within_rate(struct logpipe *l)
{
	if (l->lines++ < LINES_A_SECOND)
		return 1;
	l->dropped++;
	return 0;
}

const char *
logpipe_line(struct logpipe *l, const char *who, int last)
{
	int64_t second = clock_mono_us() / 1000000;

	if (second != l->second) {
		l->second = second;
		l->lines = 0;
		if (l->dropped > 0)
			return tell_dropped(l, who);
	}
	for (int reads = 0; reads < READS_AT_ONCE; reads++) {
		while (take(l, who, 0))
			if (within_rate(l))
				return l->line;
		if (fill(l))
			continue;
		if (last && take(l, who, 1) && within_rate(l))
			return l->line;
		return last && l->dropped > 0 ? tell_dropped(l, who) : NULL;
	}
	return NULL;
}

void
logpipe_rest(
    struct logpipe *l, const char *who, void (*each)(void *ctx, const char *line), void *ctx)
{
	char valid[sizeof(l->line)];
	const char *line;

	for (int n = 0; n < REST_LINES && (line = logpipe_line(l, who, 1)) != NULL; n++)
		each(ctx, utf8_copy(valid, sizeof(valid), line));
}
