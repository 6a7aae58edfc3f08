/* ratelimit.c - see ratelimit.h. */
#include "net/ratelimit.h"

/* A request that left late lets the next ones catch up, so that sleeping too long does not lower the rate. */
#define SLACK_US 100000

void
ratelimit_init(struct ratelimit *r, double per_second)
{
	*r = (struct ratelimit){.interval_us = per_second > 0 ? (int64_t)(1e6 / per_second) : 0};
}

uint32_t
ratelimit_take(struct ratelimit *r, int64_t now_us)
{
	int64_t wait_us;

	if (r->interval_us == 0)
		return 0;
	if (r->due_us > now_us + r->interval_us)
		r->due_us = now_us + r->interval_us;
	if (r->due_us < now_us - SLACK_US)
		r->due_us = now_us - SLACK_US;
	wait_us = r->due_us > now_us ? r->due_us - now_us : 0;
	r->due_us += r->interval_us;
	return (uint32_t)((wait_us + 999) / 1000);
}
