/* retry.c - see retry.h. */
#include "net/retry.h"

#include <string.h>

int
retry_is_idempotent(const char *method)
{
	static const char *const names[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(method, names[i]) == 0)
			return 1;
	return 0;
}

int
retry_is_passing(int status)
{
	return status == 408 || status == 425 || status == 429 || (status >= 500 && status != 501);
}

/* What some APIs send in place of a 429. */
static int
is_limit(const struct retry_case *c)
{
	return c->status == 403 &&
	    (c->told.wait_ms > 0 || (c->told.remaining == 0 && c->told.reset_ms > 0));
}

static int
is_passing(const struct retry_case *c)
{
	return c->outcome != RETRY_ANSWERED || c->wanted || retry_is_passing(c->status) ||
	    is_limit(c);
}

/* Milliseconds that the server asks for; -1: it does not ask. */
static int64_t
asked_ms(const struct retry_case *c, const char **from)
{
	*from = "";
	if (c->outcome != RETRY_ANSWERED)
		return -1;
	if (c->told.wait_ms >= 0) {
		*from = c->told.wait_from;
		return c->told.wait_ms;
	}
	/* The end of a window is a reason to wait only where nothing is left of it. */
	if (c->told.reset_ms < 0 || c->told.remaining > 0 ||
	    (c->status != 429 && c->told.remaining != 0))
		return -1;
	*from = c->told.reset_from;
	return c->told.reset_ms;
}

/* Sent again where it cannot do harm: doing it twice is the same as once, or it has not been done. */
static int
is_safe(const struct retry_case *c, int64_t asked)
{
	return c->idempotent || c->wanted || c->outcome == RETRY_UNREACHABLE ||
	    (asked >= 0 && (c->status == 429 || c->status == 503 || is_limit(c)));
}

static uint32_t
backoff_ms(const struct retry_case *c, const struct retry_rule *rule)
{
	uint64_t most = rule->base_ms;

	for (uint32_t i = 1; i < c->attempt && most < rule->most_ms; i++)
		most *= 2;
	if (most > rule->most_ms)
		most = rule->most_ms;
	return (uint32_t)(most * c->random / UINT32_MAX);
}

static enum retry_verdict
judge(const struct retry_case *c, const struct retry_rule *rule, int64_t asked, uint32_t own_ms,
    uint32_t wait_ms)
{
	if (!is_passing(c))
		return RETRY_FINAL;
	if (!is_safe(c, asked))
		return RETRY_UNSAFE;
	if (c->attempt >= rule->attempts)
		return RETRY_ATTEMPTS;
	if (c->spent_ms + own_ms > (uint64_t)rule->total_s * 1000)
		return RETRY_BUDGET;
	return c->lost_ms + wait_ms > (uint64_t)rule->sync_s * 1000 ? RETRY_SYNC : RETRY_AGAIN;
}

struct retry_plan
retry_decide(const struct retry_case *c, const struct retry_rule *rule)
{
	const int64_t longest = (int64_t)rule->longest_s * 1000;
	struct retry_plan plan = {.from = ""};
	int64_t asked = asked_ms(c, &plan.from);

	plan.asked_ms = asked > 0 ? asked : 0;
	plan.from = asked > 0 ? plan.from : "";
	plan.limited = c->outcome == RETRY_ANSWERED && (c->status == 429 || is_limit(c));
	plan.for_all = asked > 0 && (plan.limited || c->status == 503);
	if (asked > 0)
		plan.wait_ms = (uint32_t)(asked > longest ? longest : asked);
	else if (c->wanted && c->wanted_ms >= 0)
		plan.wait_ms = (uint32_t)c->wanted_ms;
	else
		plan.wait_ms = backoff_ms(c, rule);
	plan.verdict = judge(c, rule, asked, asked > 0 ? 0 : plan.wait_ms, plan.wait_ms);
	return plan;
}

void
retry_lose(struct retry_lost *l, int64_t from_us, int64_t to_us)
{
	if (from_us < l->until_us)
		from_us = l->until_us;
	if (to_us <= from_us)
		return;
	l->lost_us += (uint64_t)(to_us - from_us);
	l->until_us = to_us;
}
