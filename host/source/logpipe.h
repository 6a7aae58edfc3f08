/* logpipe.h - what a worker prints, line by line, at a bounded rate. */
#ifndef ABHOST_LOGPIPE_H
#define ABHOST_LOGPIPE_H
#include <stddef.h>
#include <stdint.h>

struct logpipe {
	int fd;		/* borrowed; does not block; -1: there is nothing more */
	char buf[2048]; /* bytes that have not made a line yet */
	size_t len;
	char line[2304]; /* the last line given out */
	int64_t second;	 /* since when `lines` counts */
	unsigned lines, dropped;
};

void logpipe_init(struct logpipe *l, int fd);
/* The next line, valid until the next call, or NULL: none now.  last: the writer is gone, an unfinished line counts. */
const char *logpipe_line(struct logpipe *l, const char *who, int last);
/* The writer is gone: all that is left, as valid UTF-8.  Bounded: a process of its may print for ever. */
void logpipe_rest(
    struct logpipe *l, const char *who, void (*each)(void *ctx, const char *line), void *ctx);
#endif
