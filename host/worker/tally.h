/* tally.h - what a process holds: descriptors and threads, to be compared before a source is opened and after it was
 * closed. */
#ifndef ABHOST_TALLY_H
#define ABHOST_TALLY_H
#include <stddef.h>

#include "base/buf.h"

#define TALLY_FDS 4096

struct tally {
	unsigned char fds[TALLY_FDS / 8]; /* a bit for each that is open */
	unsigned threads;
	int is_taken;
};

void tally_take(struct tally *t);
/* Appends what has changed since, as the JSON object of CHAN_TALLY.  Threads that are ending get a moment for it.  -1: no
 * memory. */
int tally_compare(const struct tally *before, struct buf *out);
/* Bytes that malloc has given out and not got back; and of the process in memory. */
size_t tally_allocated(void);
size_t tally_resident(void);
#endif
