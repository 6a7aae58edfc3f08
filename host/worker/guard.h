/* guard.h - memory whose use after its end is a crash that can be explained: for the strict host.
 *
 * Every piece has pages of its own.  What is dropped cannot be read or written any more, and is not given out again before
 * many others were; a fault in it is told with the phrase that stood when it was dropped.  Slow, and for tests only. */
#ifndef ABHOST_GUARD_H
#define ABHOST_GUARD_H
#include "base/arena.h"

#define GUARD_PHRASE 320

/* For an arena, or by itself.  Any thread. */
extern const struct arena_memory guard_memory;
/* Of what this thread drops from now on: "it used what ..." */
void guard_say(const char *phrase);
/* This piece can only be read from now on; whoever writes to it is told so.  -1: it cannot be done. */
int guard_seal(void *piece, size_t bytes, const char *phrase);
/* What is wrong with using this address; NULL: it is nothing of ours.  May be called in a signal handler. */
const char *guard_find(const void *address);
#endif
