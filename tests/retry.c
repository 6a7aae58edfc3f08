/* Laws of host/net/retry: what an outcome, an attempt, the answer's headers and the clock come to, one case a line. */
#include "suite.h"

#include <string.h>

#include "net/retry.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW	 INT64_C(1700000000000000) /* Tue, 14 Nov 2023 22:13:20 GMT */
#define HALF	 0x80000000u
#define ALL	 UINT32_MAX
#define SAFE	 .idempotent = 1
#define FIRST	 SAFE, .attempt = 1, .random = ALL

static const struct row {
	struct retry_case in;
	const char *headers; /* of the answer, a line each; NULL: none */
	enum retry_verdict verdict;
	uint32_t wait_ms;
	int64_t asked_ms;
	int limited, for_all;
} rows[] = {
    /* what passes: statuses and broken connections; what does not */
    {{.status = 408, FIRST}, NULL, RETRY_AGAIN, 500},
    {{.status = 425, FIRST}, NULL, RETRY_AGAIN, 500},
    {{.status = 429, FIRST}, NULL, RETRY_AGAIN, 500, 0, 1},
    {{.status = 500, FIRST}, NULL, RETRY_AGAIN, 500},
    {{.status = 502, FIRST}, NULL, RETRY_AGAIN, 500},
    {{.status = 503, FIRST}, NULL, RETRY_AGAIN, 500},
    {{.status = 504, FIRST}, NULL, RETRY_AGAIN, 500},
    {{.status = 599, FIRST}, NULL, RETRY_AGAIN, 500},
    {{.status = 501, FIRST}, NULL, RETRY_FINAL, 500},
    {{.status = 400, FIRST}, NULL, RETRY_FINAL, 500},
    {{.status = 401, FIRST}, NULL, RETRY_FINAL, 500},
    {{.status = 403, FIRST}, NULL, RETRY_FINAL, 500},
    {{.status = 404, FIRST}, "Retry-After: 5", RETRY_FINAL, 5000, 5000},
    {{.outcome = RETRY_BROKEN, .status = 200, FIRST}, NULL, RETRY_AGAIN, 500},
    {{.outcome = RETRY_UNREACHABLE, FIRST}, NULL, RETRY_AGAIN, 500},
    /* the back-off doubles up to a minute, and jitter takes any part of it */
    {{.status = 500, SAFE, .attempt = 2, .random = ALL}, NULL, RETRY_AGAIN, 1000},
    {{.status = 500, SAFE, .attempt = 5, .random = ALL}, NULL, RETRY_AGAIN, 8000},
    {{.status = 500, SAFE, .attempt = 5, .random = HALF}, NULL, RETRY_AGAIN, 4000},
    {{.status = 500, SAFE, .attempt = 5, .random = 0}, NULL, RETRY_AGAIN, 0},
    /* Retry-After: seconds, a date by the server's own clock, a date by ours, the past, rubbish, too much */
    {{.status = 429, FIRST}, "Retry-After: 7", RETRY_AGAIN, 7000, 7000, 1, 1},
    {{.status = 429, FIRST}, "Retry-After: 1.5", RETRY_AGAIN, 1500, 1500, 1, 1},
    {{.status = 500, FIRST}, "Retry-After: 3600", RETRY_AGAIN, 3600000, 3600000},
    {{.status = 429, FIRST}, "Retry-After: 3601", RETRY_AGAIN, 3600000, 3601000, 1, 1},
    {{.status = 429, FIRST}, "Retry-After: 31536000", RETRY_AGAIN, 3600000, 31536000000, 1, 1},
    {{.status = 503, FIRST}, "Retry-After: Tue, 14 Nov 2023 22:13:50 GMT", RETRY_AGAIN, 30000,
	30000, 0, 1},
    {{.status = 503, FIRST},
	"Retry-After: Sat, 01 Jan 2000 00:00:30 GMT\nDate: Sat, 01 Jan 2000 00:00:00 GMT",
	RETRY_AGAIN, 30000, 30000, 0, 1},
    {{.status = 503, FIRST}, "Retry-After: Thu, 14 Nov 2024 22:13:50 GMT", RETRY_AGAIN, 3600000,
	31622430000, 0, 1},
    {{.status = 503, FIRST}, "Retry-After: Mon, 14 Nov 2022 22:13:50 GMT", RETRY_AGAIN, 500},
    {{.status = 503, FIRST}, "Retry-After: 0", RETRY_AGAIN, 500},
    {{.status = 503, FIRST}, "Retry-After: soon", RETRY_AGAIN, 500},
    {{.status = 503, FIRST}, "Retry-After: -5", RETRY_AGAIN, 500},
    {{.status = 503, FIRST}, "Retry-After: Tue, 14 Foo 2023 22:13:50 GMT", RETRY_AGAIN, 500},
    {{.status = 503, FIRST}, "Retry-After: Tue, 34 Nov 2023 22:13:50 GMT", RETRY_AGAIN, 500},
    {{.outcome = RETRY_BROKEN, FIRST}, "Retry-After: 7", RETRY_AGAIN, 500},
    /* the end of the window counts where nothing is left of it */
    {{.status = 429, FIRST}, "X-RateLimit-Reset: 1700000009", RETRY_AGAIN, 9000, 9000, 1, 1},
    {{.status = 429, FIRST}, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 4", RETRY_AGAIN, 4000,
	4000, 1, 1},
    {{.status = 429, FIRST}, "X-RateLimit-Remaining: 3\nX-RateLimit-Reset: 4", RETRY_AGAIN, 500, 0,
	1},
    {{.status = 500, FIRST}, "X-RateLimit-Reset: 4", RETRY_AGAIN, 500},
    {{.status = 503, FIRST}, "RateLimit: \"a\";r=0;t=4", RETRY_AGAIN, 4000, 4000, 0, 1},
    {{.status = 429, FIRST}, "Retry-After: 2\nX-RateLimit-Remaining: 0\nX-RateLimit-Reset: 4",
	RETRY_AGAIN, 2000, 2000, 1, 1},
    /* a 403 that says when to come back is a rate limit */
    {{.status = 403, FIRST}, "X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 4", RETRY_AGAIN, 4000,
	4000, 1, 1},
    {{.status = 403, FIRST}, "Retry-After: 60", RETRY_AGAIN, 60000, 60000, 1, 1},
    {{.status = 403, FIRST}, "X-RateLimit-Remaining: 9\nX-RateLimit-Reset: 4", RETRY_FINAL, 500},
    /* what a description wants again, whatever it is; the server's own word comes first */
    {{.status = 200, FIRST, .wanted = 1, .wanted_ms = -1}, NULL, RETRY_AGAIN, 500},
    {{.status = 400, FIRST, .wanted = 1, .wanted_ms = 30000}, NULL, RETRY_AGAIN, 30000},
    {{.status = 400, FIRST, .wanted = 1, .wanted_ms = 30000}, "Retry-After: 2", RETRY_AGAIN, 2000,
	2000},
    {{.status = 200, .attempt = 1, .wanted = 1, .wanted_ms = 1}, NULL, RETRY_AGAIN, 1},
    {{.status = 200, SAFE, .attempt = 6, .wanted = 1, .wanted_ms = 1}, NULL, RETRY_ATTEMPTS, 1},
    /* what must not happen twice is repeated only when it has not happened */
    {{.status = 500, .attempt = 1, .random = ALL}, NULL, RETRY_UNSAFE, 500},
    {{.outcome = RETRY_BROKEN, .attempt = 1, .random = ALL}, NULL, RETRY_UNSAFE, 500},
    {{.status = 429, .attempt = 1, .random = ALL}, NULL, RETRY_UNSAFE, 500, 0, 1},
    {{.status = 500, .attempt = 1}, "Retry-After: 2", RETRY_UNSAFE, 2000, 2000},
    {{.outcome = RETRY_UNREACHABLE, .attempt = 1, .random = ALL}, NULL, RETRY_AGAIN, 500},
    {{.status = 429, .attempt = 1}, "Retry-After: 2", RETRY_AGAIN, 2000, 2000, 1, 1},
    {{.status = 503, .attempt = 1}, "Retry-After: 2", RETRY_AGAIN, 2000, 2000, 0, 1},
    {{.status = 400, .attempt = 1}, NULL, RETRY_FINAL, 0},
    /* enough is enough; waits that the server asks for cost no time of ours, but they do of the sync's */
    {{.status = 500, SAFE, .attempt = 6}, NULL, RETRY_ATTEMPTS, 0},
    {{.status = 429, SAFE, .attempt = 6}, "Retry-After: 1", RETRY_ATTEMPTS, 1000, 1000, 1, 1},
    {{.status = 500, FIRST, .spent_ms = 599501}, NULL, RETRY_BUDGET, 500},
    {{.status = 500, FIRST, .spent_ms = 599500}, NULL, RETRY_AGAIN, 500},
    {{.status = 429, FIRST, .spent_ms = 600000}, "Retry-After: 900", RETRY_AGAIN, 900000, 900000, 1,
	1},
    {{.status = 429, FIRST, .spent_ms = 600001}, "Retry-After: 900", RETRY_BUDGET, 900000, 900000,
	1, 1},
    {{.status = 500, FIRST, .lost_ms = 86399500}, NULL, RETRY_AGAIN, 500},
    {{.status = 500, FIRST, .lost_ms = 86399501}, NULL, RETRY_SYNC, 500},
    {{.status = 429, FIRST, .lost_ms = 86399001}, "Retry-After: 1", RETRY_SYNC, 1000, 1000, 1, 1},
};

static void
add_lines(struct headers *h, const char *lines)
{
	const char *colon;
	size_t n;

	for (; lines != NULL && *lines != '\0'; lines += n + (lines[n] == '\n')) {
		n = strcspn(lines, "\n");
		colon = strchr(lines, ':');
		ck_assert_int_eq(headers_join(h, lines, (size_t)(colon - lines), colon + 2,
				     n - (size_t)(colon + 2 - lines)),
		    0);
	}
}

START_TEST(each_case_has_its_plan)
{
	const struct row *row = &rows[_i];
	const struct retry_rule rule = RETRY_RULE_DEFAULT;
	struct retry_case in = row->in;
	struct retry_plan plan;
	struct headers h;

	headers_init(&h);
	add_lines(&h, row->headers);
	told_read(&h, (struct ab_str){"", 0}, NULL, NOW, &in.told);
	plan = retry_decide(&in, &rule);
	ck_assert_int_eq(plan.verdict, row->verdict);
	ck_assert_uint_le(plan.wait_ms, row->wait_ms);
	ck_assert_uint_ge(plan.wait_ms + 1, row->wait_ms);
	ck_assert_int_eq(plan.asked_ms, row->asked_ms);
	ck_assert_int_eq(plan.limited, row->limited);
	ck_assert_int_eq(plan.for_all, row->for_all);
	ck_assert_int_eq(plan.from[0] != '\0', in.outcome == RETRY_ANSWERED && plan.asked_ms > 0);
	headers_fini(&h);
}
END_TEST

START_TEST(a_description_changes_the_rule)
{
	const struct retry_rule rule = {3, 10, 100, 250, 5, 20};
	struct retry_case c = {.status = 500, FIRST, .told = TOLD_NOTHING};

	ck_assert_uint_eq(retry_decide(&c, &rule).wait_ms, 100);
	c.attempt = 2;
	ck_assert_uint_eq(retry_decide(&c, &rule).wait_ms, 200);
	c.attempt = 3;
	ck_assert_uint_eq(retry_decide(&c, &rule).wait_ms, 250);
	ck_assert_int_eq(retry_decide(&c, &rule).verdict, RETRY_ATTEMPTS);
	c.attempt = 1;
	c.told.wait_ms = 6000;
	ck_assert_uint_eq(retry_decide(&c, &rule).wait_ms, 5000);
	c.lost_ms = 15001;
	ck_assert_int_eq(retry_decide(&c, &rule).verdict, RETRY_SYNC);
}
END_TEST

/* However many attempts there may be. */
START_TEST(the_back_off_does_not_overflow)
{
	const struct retry_rule rule = {UINT32_MAX, 86400, 3600000, 3600000, 3600, 86400};
	struct retry_case c = {
	    .status = 500, SAFE, .random = ALL, .attempt = 4000000000, .told = TOLD_NOTHING};

	ck_assert_uint_eq(retry_decide(&c, &rule).wait_ms, 3600000);
}
END_TEST

START_TEST(methods_are_idempotent_as_the_rfc_says)
{
	static const char *const yes[] = {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"};
	static const char *const no[] = {"POST", "PATCH", "QUUX", "get"};

	for (size_t i = 0; i < COUNT(yes); i++)
		ck_assert_int_eq(retry_is_idempotent(yes[i]), 1);
	for (size_t i = 0; i < COUNT(no); i++)
		ck_assert_int_eq(retry_is_idempotent(no[i]), 0);
}
END_TEST

START_TEST(lanes_that_wait_together_lose_the_time_once)
{
	struct retry_lost lost = {0, 0};

	retry_lose(&lost, 100, 200);
	retry_lose(&lost, 100, 200);
	retry_lose(&lost, 150, 300);
	retry_lose(&lost, 120, 130);
	ck_assert_uint_eq(lost.lost_us, 200);
	retry_lose(&lost, 1000, 1001);
	retry_lose(&lost, 1002, 1001);
	ck_assert_uint_eq(lost.lost_us, 201);
}
END_TEST

static Suite *
retry_suite(void)
{
	Suite *s = suite_create("retry");
	TCase *t = tcase_create("retry");

	tcase_add_loop_test(t, each_case_has_its_plan, 0, COUNT(rows));
	tcase_add_test(t, a_description_changes_the_rule);
	tcase_add_test(t, the_back_off_does_not_overflow);
	tcase_add_test(t, methods_are_idempotent_as_the_rfc_says);
	tcase_add_test(t, lanes_that_wait_together_lose_the_time_once);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(retry_suite())
