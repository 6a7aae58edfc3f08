/* near.h - "did you mean ...?": which known word a mistyped one stands for.  Pure. */
#ifndef ABHOST_NEAR_H
#define ABHOST_NEAR_H
#include <stddef.h>

/* 1 where b may be a slip for a: one change (a letter changed, added, dropped, or two neighbours swapped), two from six
 * letters on; upper and lower case, - and _ are the same. Words of 63 bytes at most. */
int near_word(const char *a, const char *b);
#endif
