/* Laws of host/net/retry, one case a line, and of host/net/ratelimit. */
#include "suite.h"

#include <string.h>

#include "net/ratelimit.h"
#include "net/retry.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW	 INT64_C(1700000000000000) /* Tue, 14 Nov 2023 22:13:20 GMT */
#define HALF	 0x80000000u
#define ALL	 UINT32_MAX

static const struct row {
	struct retry_case in; /* zero: attempts 6, total_ms 600000, now_us NOW, as below */
	enum retry_verdict verdict;
	uint32_t wait_ms;
	int asked, capped;
} rows[] = {
    /* what passes: statuses and broken connections; what does not */
    {{.status = 408, .attempt = 1, .idempotent = 1, .random = ALL}, RETRY_AGAIN, 500},
    {{.status = 425, .attempt = 1, .idempotent = 1, .random = ALL}, RETRY_AGAIN, 500},
    {{.status = 429, .attempt = 1, .idempotent = 1, .random = ALL}, RETRY_AGAIN, 500},
    {{.status = 500, .attempt = 1, .idempotent = 1, .random = ALL}, RETRY_AGAIN, 500},
    {{.status = 503, .attempt = 1, .idempotent = 1, .random = ALL}, RETRY_AGAIN, 500},
    {{.status = 599, .attempt = 1, .idempotent = 1, .random = ALL}, RETRY_AGAIN, 500},
    {{.status = 501, .attempt = 1, .idempotent = 1}, RETRY_FINAL},
    {{.status = 400, .attempt = 1, .idempotent = 1}, RETRY_FINAL},
    {{.status = 401, .attempt = 1, .idempotent = 1}, RETRY_FINAL},
    {{.status = 404, .attempt = 1, .idempotent = 1, .retry_after = "5"}, RETRY_FINAL, 5000, 1},
    {{.outcome = RETRY_BROKEN, .status = 200, .attempt = 1, .idempotent = 1, .random = ALL},
	RETRY_AGAIN, 500},
    {{.outcome = RETRY_UNREACHABLE, .attempt = 1, .idempotent = 1, .random = ALL}, RETRY_AGAIN,
	500},
    /* the back-off doubles up to a minute, and jitter takes any part of it */
    {{.status = 500, .attempt = 2, .idempotent = 1, .random = ALL}, RETRY_AGAIN, 1000},
    {{.status = 500, .attempt = 5, .idempotent = 1, .random = ALL}, RETRY_AGAIN, 8000},
    {{.status = 500, .attempt = 5, .idempotent = 1, .random = HALF}, RETRY_AGAIN, 4000},
    {{.status = 500, .attempt = 5, .idempotent = 1, .random = 0}, RETRY_AGAIN, 0},
    {{.status = 500, .attempt = 7, .attempts = 99, .idempotent = 1, .random = ALL}, RETRY_AGAIN,
	32000},
    {{.status = 500, .attempt = 8, .attempts = 99, .idempotent = 1, .random = ALL}, RETRY_AGAIN,
	60000},
    {{.status = 500, .attempt = 98, .attempts = 99, .idempotent = 1, .random = ALL}, RETRY_AGAIN,
	60000},
    /* Retry-After: seconds, a date by the server's own clock, a date by ours, the past, rubbish, too much */
    {{.status = 429, .attempt = 1, .idempotent = 1, .retry_after = "7"}, RETRY_AGAIN, 7000, 1},
    {{.status = 500, .attempt = 1, .idempotent = 1, .retry_after = "3600"}, RETRY_AGAIN, 3600000,
	1},
    {{.status = 429, .attempt = 1, .idempotent = 1, .retry_after = "3601"}, RETRY_AGAIN, 3600000, 1,
	1},
    {{.status = 429, .attempt = 1, .idempotent = 1, .retry_after = "99999999999999999999"},
	RETRY_AGAIN, 3600000, 1, 1},
    {{.status = 503, .attempt = 1, .idempotent = 1, .retry_after = "Tue, 14 Nov 2023 22:13:50 GMT"},
	RETRY_AGAIN, 30000, 1},
    {{.status = 503,
	 .attempt = 1,
	 .idempotent = 1,
	 .retry_after = "Sat, 01 Jan 2000 00:00:30 GMT",
	 .date = "Sat, 01 Jan 2000 00:00:00 GMT"},
	RETRY_AGAIN, 30000, 1},
    {{.status = 503, .attempt = 1, .idempotent = 1, .retry_after = "Thu, 14 Nov 2024 22:13:50 GMT"},
	RETRY_AGAIN, 3600000, 1, 1},
    {{.status = 503,
	 .attempt = 1,
	 .idempotent = 1,
	 .random = ALL,
	 .retry_after = "Mon, 14 Nov 2022 22:13:50 GMT"},
	RETRY_AGAIN, 500},
    {{.status = 503, .attempt = 1, .idempotent = 1, .random = ALL, .retry_after = "0"}, RETRY_AGAIN,
	500},
    {{.status = 503, .attempt = 1, .idempotent = 1, .random = ALL, .retry_after = "soon"},
	RETRY_AGAIN, 500},
    {{.status = 503, .attempt = 1, .idempotent = 1, .random = ALL, .retry_after = ""}, RETRY_AGAIN,
	500},
    {{.status = 503, .attempt = 1, .idempotent = 1, .random = ALL, .retry_after = "-5"},
	RETRY_AGAIN, 500},
    {{.status = 503,
	 .attempt = 1,
	 .idempotent = 1,
	 .random = ALL,
	 .retry_after = "Tue, 14 Foo 2023 22:13:50 GMT"},
	RETRY_AGAIN, 500},
    {{.status = 503,
	 .attempt = 1,
	 .idempotent = 1,
	 .random = ALL,
	 .retry_after = "Tue, 34 Nov 2023 22:13:50 GMT"},
	RETRY_AGAIN, 500},
    {{.outcome = RETRY_BROKEN, .attempt = 1, .idempotent = 1, .random = ALL, .retry_after = "7"},
	RETRY_AGAIN, 500},
    /* what must not happen twice is repeated only when it has not happened */
    {{.status = 500, .attempt = 1, .random = ALL}, RETRY_UNSAFE, 500},
    {{.outcome = RETRY_BROKEN, .attempt = 1, .random = ALL}, RETRY_UNSAFE, 500},
    {{.status = 429, .attempt = 1, .random = ALL}, RETRY_UNSAFE, 500},
    {{.status = 500, .attempt = 1, .retry_after = "2"}, RETRY_UNSAFE, 2000, 1},
    {{.outcome = RETRY_UNREACHABLE, .attempt = 1, .random = ALL}, RETRY_AGAIN, 500},
    {{.status = 429, .attempt = 1, .retry_after = "2"}, RETRY_AGAIN, 2000, 1},
    {{.status = 503, .attempt = 1, .retry_after = "2"}, RETRY_AGAIN, 2000, 1},
    {{.status = 400, .attempt = 1}, RETRY_FINAL},
    /* enough is enough; waits that the server asks for cost no time of ours */
    {{.status = 500, .attempt = 6, .idempotent = 1}, RETRY_ATTEMPTS},
    {{.status = 429, .attempt = 6, .idempotent = 1, .retry_after = "1"}, RETRY_ATTEMPTS, 1000, 1},
    {{.status = 500, .attempt = 1, .idempotent = 1, .spent_ms = 599501, .random = ALL},
	RETRY_BUDGET, 500},
    {{.status = 500, .attempt = 1, .idempotent = 1, .spent_ms = 599500, .random = ALL}, RETRY_AGAIN,
	500},
    {{.status = 429, .attempt = 1, .idempotent = 1, .spent_ms = 600000, .retry_after = "900"},
	RETRY_AGAIN, 900000, 1},
    {{.status = 429, .attempt = 1, .idempotent = 1, .spent_ms = 600001, .retry_after = "900"},
	RETRY_BUDGET, 900000, 1},
};

START_TEST(each_case_has_its_plan)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct retry_case in = rows[i].in;
		struct retry_plan plan;

		in.attempts = in.attempts == 0 ? 6 : in.attempts;
		in.total_ms = 600000;
		in.now_us = NOW;
		plan = retry_decide(&in);
		ck_assert_msg(
		    plan.verdict == rows[i].verdict, "row %zu: verdict %d", i, plan.verdict);
		if (rows[i].wait_ms > 0 || plan.verdict == RETRY_AGAIN)
			ck_assert_msg(
			    plan.wait_ms + 1 >= rows[i].wait_ms && plan.wait_ms <= rows[i].wait_ms,
			    "row %zu: %u ms", i, plan.wait_ms);
		ck_assert_msg(
		    plan.asked == rows[i].asked && plan.capped == rows[i].capped, "row %zu", i);
	}
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

/* A clock that only the waits move, each a little too long, as sleeping is. */
START_TEST(a_rate_is_kept_and_used)
{
	struct ratelimit r;
	int64_t now = NOW;

	ratelimit_init(&r, 50);
	for (int i = 0; i < 1000; i++) {
		uint32_t ms = ratelimit_take(&r, now);

		now += (int64_t)ms * 1000 + (i % 7) * 100;
	}
	ck_assert_int_ge(now - NOW, 19500000);
	ck_assert_int_le(now - NOW, 20400000);
}
END_TEST

START_TEST(a_clock_that_jumps_costs_one_interval)
{
	struct ratelimit r;

	ratelimit_init(&r, 1);
	ratelimit_take(&r, NOW);
	ck_assert_uint_le(ratelimit_take(&r, NOW - INT64_C(3600000000)), 1000);
	ck_assert_uint_eq(ratelimit_take(&r, NOW + INT64_C(3600000000)), 0);
	ratelimit_init(&r, 0);
	ck_assert_uint_eq(ratelimit_take(&r, NOW), 0);
	ck_assert_uint_eq(ratelimit_take(&r, NOW), 0);
}
END_TEST

static Suite *
retry_suite(void)
{
	Suite *s = suite_create("retry");
	TCase *t = tcase_create("retry");

	tcase_add_test(t, each_case_has_its_plan);
	tcase_add_test(t, methods_are_idempotent_as_the_rfc_says);
	tcase_add_test(t, a_rate_is_kept_and_used);
	tcase_add_test(t, a_clock_that_jumps_costs_one_interval);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(retry_suite())
