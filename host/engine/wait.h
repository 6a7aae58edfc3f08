/* wait.h - opening a destination that another run may have: says who has it, and waits for its end.
 *
 * Before anything else of a sync: nothing is fetched, and no connector runs, while it waits.  A run that dies lets go of its
 * lock at once.  On the main thread. */
#ifndef ABHOST_WAIT_H
#define ABHOST_WAIT_H
#include "engine/sync.h"

/* AB_ETRANSIENT: it is still another's after o->wait_s seconds.  AB_ECANCELLED: SIGINT, SIGTERM or SIGHUP came, and stands in
 * *signal (SIGHUP as SIGTERM). */
ab_status wait_open(const struct sync_options *o, struct dest **out, int *signal, struct error *e);
#endif
