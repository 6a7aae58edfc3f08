/* crash.h - which lane ended the process: a note that outlives it, for the engine's sentence.
 *
 * A fatal signal, abort() or exit() leaves in the head of the memfd the lane on whose thread it came; then it goes its way
 * as if nothing had been there.  Only in abhost-worker, never in a process that is somebody else's. */
#ifndef ABHOST_CRASH_H
#define ABHOST_CRASH_H
#include "worker/chan.h"

/* This process is a worker's own. */
void crash_enable(void);
/* From now on, if enabled; head stays mapped for as long as lanes run. */
void crash_watch(struct chan_head *head);
/* This thread is this lane's, from 0; it gets a stack on which an overflow of its own can be noted.  Returns what
 * crash_forget takes; NULL is fine. */
void *crash_lane(uint32_t lane);
void crash_forget(void *stack);
#endif
