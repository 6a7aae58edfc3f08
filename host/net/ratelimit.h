/* ratelimit.h - when the next request may leave: so many a second, so many in a window, and what the server says it has left.
 *
 * Pure but for its memory; not locked (gate.h).  Its clock is one that never steps. */
#ifndef ABHOST_RATELIMIT_H
#define ABHOST_RATELIMIT_H
#include "net/told.h"

#define RATELIMIT_MAX_WINDOW 100000u /* requests of a window */

struct ratelimit_rule {	    /* all zero: no limit */
	double per_second;  /* evenly spaced, */
	uint32_t burst;	    /* but for so many that may leave at once after a pause (0: 1) */
	uint32_t requests;  /* and never more than so many */
	double per_seconds; /* in any so many seconds */
};

struct ratelimit {
	struct ratelimit_rule rule;
	int64_t interval_ns, due_ns; /* of the even spacing */
	int64_t *left_us;	     /* when the last `rule.requests` requests left: a ring */
	uint32_t at;
	int64_t closed_us; /* the server wants nothing before */
	int64_t pace_us, pace_until_us,
	    last_us; /* few are left: so far apart, until there are more */
};

/* AB_ENOMEM -> -1. */
int ratelimit_init(struct ratelimit *r, const struct ratelimit_rule *rule);
void ratelimit_fini(struct ratelimit *r);
/* When the next request may leave; not after now: at once.  *why: what holds it back, as words. */
int64_t ratelimit_when(const struct ratelimit *r, int64_t now_us, const char **why);
/* It leaves. */
void ratelimit_take(struct ratelimit *r, int64_t now_us);
/* What an answer said of what is left: nothing, then the next one leaves when there is more; little, then the rest is spread
 * over the time until there is more, in steps of ten seconds at most. `longest_us`: the most that is waited for. */
void
ratelimit_told(struct ratelimit *r, const struct told *told, int64_t now_us, int64_t longest_us);
/* Nothing leaves before. */
void ratelimit_close(struct ratelimit *r, int64_t until_us);
#endif
