/* body.h - the bytes of one body: memory that grows in place and is used again.
 *
 * Pages come from mmap and grow with mremap, so a large body is never copied and never held twice,
 * and what was reserved but not written costs nothing. */
#ifndef ABHOST_BODY_H
#define ABHOST_BODY_H
#include <stddef.h>

#define BODY_PADDING 64 /* readable bytes behind the last one; body_close zeroes them */

struct body {
	char *ptr;
	size_t len, cap, max; /* cap without the padding */
};

/* An empty body that never holds more than `max` bytes; maps nothing. */
void body_init(struct body *b, size_t max);
void body_fini(struct body *b);
/* Room for `n` bytes behind len; -1: past max, or no memory. */
int body_reserve(struct body *b, size_t n);
int body_add(struct body *b, const char *bytes, size_t n);
/* Zeroes the padding; -1: no memory. */
int body_close(struct body *b);
#endif
