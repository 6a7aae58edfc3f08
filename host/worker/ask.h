/* ask.h - what is committed of a stream with many partitions, asked of the engine when it is wanted: nobody holds a hundred
 * thousand states twice. */
#ifndef ABHOST_ASK_H
#define ABHOST_ASK_H
#include "worker/reading.h"
#include "worker/uplink.h"

/* Of all in the list: those that are done are taken off and freed, the others get what they begin with. *n: how many are
 * left.  Waits for the engine; AB_ECANCELLED. */
ab_status ask_committed(
    struct uplink_lane *l, struct reading *r, struct waiting **first, size_t *n, struct error *e);
#endif
