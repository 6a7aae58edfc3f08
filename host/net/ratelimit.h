/* ratelimit.h - so many requests a second, evenly: when the next one may leave.  Pure. */
#ifndef ABHOST_RATELIMIT_H
#define ABHOST_RATELIMIT_H
#include <stdint.h>

struct ratelimit { /* all zero: no limit */
	int64_t interval_us, due_us;
};

void ratelimit_init(struct ratelimit *r, double per_second);
/* Books the next request and returns how many milliseconds it must wait.  A clock that steps costs at most one
 * interval. */
uint32_t ratelimit_take(struct ratelimit *r, int64_t now_us);
#endif
