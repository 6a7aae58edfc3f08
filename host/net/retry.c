/* retry.c - see retry.h. */
#include "net/retry.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

int
retry_is_idempotent(const char *method)
{
	static const char *const names[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(method, names[i]) == 0)
			return 1;
	return 0;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the only form that RFC 9110 lets a server send. */
static int
parse_http_date(const char *text, int64_t *us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char iso[32], name[4] = "";
	const char *at;

	if (strlen(text) != 29 || strcmp(text + 25, " GMT") != 0 || text[3] != ',')
		return -1;
	memcpy(name, text + 8, 3);
	at = strstr(months, name);
	if (at == NULL || (at - months) % 3 != 0)
		return -1;
	snprintf(iso, sizeof(iso), "%.4s-%02d-%.2sT%.8sZ", text + 12, (int)((at - months) / 3 + 1),
	    text + 5, text + 17);
	return clock_parse(iso, strlen(iso), us);
}

/* Seconds that the server asks for, RETRY_AFTER_MAX + 1 for any longer time; -1: it does not ask, or not in a
 * form that means something.  Both clocks are the server's where it sends its own. */
static int64_t
asked_seconds(const struct retry_case *c)
{
	const char *p = c->retry_after;
	int64_t n = 0, until, now;

	if (p == NULL)
		return -1;
	while (*p >= '0' && *p <= '9' && n <= RETRY_AFTER_MAX)
		n = n * 10 + (*p++ - '0');
	if (p > c->retry_after && (*p == '\0' || n > RETRY_AFTER_MAX))
		return n > RETRY_AFTER_MAX ? RETRY_AFTER_MAX + 1 : n;
	if (parse_http_date(c->retry_after, &until) != 0)
		return -1;
	if (c->date == NULL || parse_http_date(c->date, &now) != 0)
		now = c->now_us;
	n = until <= now ? 0 : (until - now + 999999) / 1000000;
	return n > RETRY_AFTER_MAX ? RETRY_AFTER_MAX + 1 : n;
}

static int
is_passing(const struct retry_case *c)
{
	return c->outcome != RETRY_ANSWERED || c->status == 408 || c->status == 425 ||
	    c->status == 429 || (c->status >= 500 && c->status != 501);
}

static int
is_safe(const struct retry_case *c, int64_t asked)
{
	return c->idempotent || c->outcome == RETRY_UNREACHABLE ||
	    (c->outcome == RETRY_ANSWERED && asked >= 0 && (c->status == 429 || c->status == 503));
}

static uint32_t
backoff_ms(const struct retry_case *c)
{
	uint32_t most = RETRY_MAX_MS;

	if (c->attempt <= 7) /* 500 ms doubled seven times passes the maximum */
		most = RETRY_BASE_MS << (c->attempt - 1);
	return (uint32_t)((uint64_t)most * c->random / UINT32_MAX);
}

struct retry_plan
retry_decide(const struct retry_case *c)
{
	int64_t asked = c->outcome == RETRY_ANSWERED ? asked_seconds(c) : -1;
	struct retry_plan plan = {.verdict = RETRY_AGAIN, .asked = asked > 0};

	plan.capped = asked > RETRY_AFTER_MAX;
	if (plan.capped)
		plan.wait_ms = RETRY_AFTER_MAX * 1000u;
	else
		plan.wait_ms = plan.asked ? (uint32_t)asked * 1000u : backoff_ms(c);
	if (!is_passing(c))
		plan.verdict = RETRY_FINAL;
	else if (!is_safe(c, asked))
		plan.verdict = RETRY_UNSAFE;
	else if (c->attempt >= c->attempts)
		plan.verdict = RETRY_ATTEMPTS;
	else if (c->spent_ms + (plan.asked ? 0 : plan.wait_ms) > c->total_ms)
		plan.verdict = RETRY_BUDGET;
	return plan;
}
