/* ratelimit.c - see ratelimit.h. */
#include "net/ratelimit.h"

#include <stdlib.h>

/* A request that left late lets the next ones catch up, so that sleeping too long does not lower the rate: by one
 * interval, within these bounds. */
#define SLACK_LEAST_NS INT64_C(5000000)
#define SLACK_MOST_NS  INT64_C(50000000)
#define STEP_MOST_US   INT64_C(10000000)

int
ratelimit_init(struct ratelimit *r, const struct ratelimit_rule *rule)
{
	*r = (struct ratelimit){.rule = *rule, .due_ns = INT64_MIN, .closed_us = INT64_MIN};
	if (rule->per_second > 0)
		r->interval_ns = (int64_t)(1e9 / rule->per_second);
	if (rule->requests == 0)
		return 0;
	r->left_us = malloc(rule->requests * sizeof(*r->left_us));
	for (uint32_t i = 0; r->left_us != NULL && i < rule->requests; i++)
		r->left_us[i] = INT64_MIN;
	return r->left_us == NULL ? -1 : 0;
}

void
ratelimit_fini(struct ratelimit *r)
{
	free(r->left_us);
	*r = (struct ratelimit){0};
}

static int64_t
burst_ns(const struct ratelimit *r)
{
	return r->rule.burst > 1 ? (r->rule.burst - 1) * r->interval_ns : 0;
}

static int64_t
slack_ns(const struct ratelimit *r)
{
	int64_t burst = burst_ns(r);
	int64_t slack = r->interval_ns < SLACK_LEAST_NS ? SLACK_LEAST_NS
	    : r->interval_ns > SLACK_MOST_NS		? SLACK_MOST_NS
							: r->interval_ns;

	return slack > burst ? slack : burst;
}

static void
later(int64_t *when, const char **why, int64_t at, const char *reason)
{
	if (at <= *when)
		return;
	*when = at;
	*why = reason;
}

int64_t
ratelimit_when(const struct ratelimit *r, int64_t now_us, const char **why)
{
	int64_t when = now_us, oldest = r->left_us == NULL ? INT64_MIN : r->left_us[r->at];

	*why = "";
	if (r->interval_ns > 0 && r->due_ns != INT64_MIN)
		later(&when, why, (r->due_ns + 999) / 1000, "the limit in its description");
	if (oldest != INT64_MIN)
		later(&when, why, oldest + (int64_t)(r->rule.per_seconds * 1e6),
		    "the limit in its description");
	if (now_us < r->pace_until_us)
		later(&when, why, r->last_us + r->pace_us, "few requests are left");
	later(&when, why, r->closed_us, "no requests are left");
	return when;
}

void
ratelimit_take(struct ratelimit *r, int64_t now_us)
{
	if (r->interval_ns > 0) {
		if (r->due_ns == INT64_MIN)
			r->due_ns = now_us * 1000 - burst_ns(r);
		else if (r->due_ns < now_us * 1000 - slack_ns(r))
			r->due_ns = now_us * 1000 - slack_ns(r);
		r->due_ns += r->interval_ns;
	}
	if (r->left_us != NULL) {
		r->left_us[r->at] = now_us;
		r->at = (r->at + 1) % r->rule.requests;
	}
	r->last_us = now_us;
}

/* Of a hundred, ten; of ten, one; of nobody knows how many, three. */
static int
is_little(const struct told *told)
{
	int64_t tenth = told->limit < 0 ? 3 : told->limit / 10;

	return told->remaining <= (tenth < 1 ? 1 : tenth);
}

void
ratelimit_told(struct ratelimit *r, const struct told *told, int64_t now_us, int64_t longest_us)
{
	int64_t reset_us;

	if (told->remaining < 0 || told->reset_ms < 0)
		return;
	reset_us = told->reset_ms > longest_us / 1000 ? longest_us : told->reset_ms * 1000;
	r->pace_us = 0;
	if (told->remaining == 0) {
		ratelimit_close(r, now_us + reset_us);
	} else if (is_little(told)) {
		r->pace_us = reset_us / (told->remaining + 1);
		if (r->pace_us > STEP_MOST_US)
			r->pace_us = STEP_MOST_US;
		r->pace_until_us = now_us + reset_us;
	}
}

void
ratelimit_close(struct ratelimit *r, int64_t until_us)
{
	if (until_us > r->closed_us)
		r->closed_us = until_us;
}
