/* strict.h - a source whose connector is watched: what abi.h forbids, and an ordinary host cannot see, fails the call.
 *
 * What was lent to a call is poisoned when it ends (guard.h), its arguments and answers included, and the configuration
 * behind close; the host's table is read-only.  A function that is marked [source] is refused to a thread that runs no
 * call of this source, a view to another source's call, a request to open.  For tests: it costs time. */
#ifndef ABHOST_STRICT_H
#define ABHOST_STRICT_H
#include "worker/hosted.h"

/* Before open.  AB_ENOMEM. */
ab_status strict_init(struct hosted *s, struct error *e);
/* A call begins, and ends: *broken is what was wrong, unless something was before. */
void strict_begin(struct hosted *s);
void strict_end(struct hosted *s, struct error *broken);
/* close has returned: nothing that was ever lent is there any more. */
void strict_closed(struct hosted *s);
/* What was wrong and is no call's; AB_OK: nothing. */
ab_status strict_rest(struct error *e);
#endif
