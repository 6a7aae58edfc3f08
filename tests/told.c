/* Laws of host/net/told and host/net/when: every spelling of "come back later", and of what is none. */
#include "suite.h"

#include <string.h>

#include "net/told.h"
#include "net/when.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define NOW	 INT64_C(1700000000000000) /* Tue, 14 Nov 2023 22:13:20 GMT */

static const struct {
	const char *headers;
	int64_t wait_ms, remaining, limit, reset_ms;
} rows[] = {
    {"", -1, -1, -1, -1},
    {"Retry-After: 7", 7000, -1, -1, -1},
    {"retry-after: Tue, 14 Nov 2023 22:13:21 GMT", 1000, -1, -1, -1},
    {"Retry-After: 2023-11-14T22:13:21.5Z", 1500, -1, -1, -1},
    {"Retry-After-Ms: 250\nRetry-After: 1", 250, -1, -1, -1},
    {"X-Ms-Retry-After-Ms: 90", 90, -1, -1, -1},
    /* X-RateLimit: a delta, epoch seconds, epoch ms, a date; by the server's own clock where it shows it */
    {"X-RateLimit-Limit: 60\nX-RateLimit-Remaining: 5\nX-RateLimit-Reset: 30", -1, 5, 60, 30000},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1700000030", -1, 0, -1, 30000},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1700000030.5", -1, 0, -1, 30500},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1700000030250", -1, 0, -1, 30250},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1700000030250000", -1, 0, -1, 30250},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 2023-11-14T22:13:25Z", -1, 0, -1, 5000},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: Tue, 14 Nov 2023 22:13:25 GMT", -1, 0, -1, 5000},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 946684805\nDate: Sat, 01 Jan 2000 00:00:00 GMT",
	-1, 0, -1, 946684805000}, /* below 1,000,000,000 it is a delta */
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1699999000", -1, 0, -1, 0},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1500000005\nDate: Fri, 14 Jul 2017 02:40:00 GMT",
	-1, 0, -1, 5000},
    /* the vendors' */
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: 1700000009\nX-RateLimit-Reset-After: 0.25", -1,
	0, -1, 250},
    {"X-Rate-Limit-Limit: 900\nX-Rate-Limit-Remaining: 899\nX-Rate-Limit-Reset: 1700000900", -1,
	899, 900, 900000},
    {"X-RateLimit-Remaining-Requests: 59\nX-RateLimit-Reset-Requests: 6m0s", -1, 59, -1, 360000},
    {"X-RateLimit-Remaining-Requests: 59\nX-RateLimit-Reset-Requests: 20ms", -1, 59, -1, 20},
    {"Anthropic-RateLimit-Requests-Remaining: 0\nAnthropic-RateLimit-Requests-Reset: "
     "2023-11-14T22:14:20Z",
	-1, 0, -1, 60000},
    {"X-HubSpot-RateLimit-Max: 100\nX-HubSpot-RateLimit-Remaining: 99\n"
     "X-HubSpot-RateLimit-Interval-Milliseconds: 10000",
	-1, 99, 100, 10000},
    /* the drafts of RateLimit */
    {"RateLimit-Limit: 100, 100;w=60\nRateLimit-Remaining: 0\nRateLimit-Reset: 50", -1, 0, 100,
	50000},
    {"RateLimit: limit=100, remaining=1, reset=5", -1, 1, 100, 5000},
    {"RateLimit: \"default\";r=0;t=5\nRateLimit-Policy: \"default\";q=100;w=60", -1, 0, 100, 5000},
    {"RateLimit: \"a,b;c\\\";r=9\";r=3;t=7", -1, 3, -1, 7000},
    {"RateLimit: \"s\";r=9;t=1, \"d\";r=2;t=900", -1, 2, -1, 900000},
    {"RateLimit: \"s\";r=0;t=1, \"d\";r=0;t=900, \"x\";r=1;t=9000", -1, 0, -1, 900000},
    {"RateLimit: \"p\"; r=4 ; pk=:dGVzdA==: ; t=6", -1, 4, -1, 6000},
    {"RateLimit: \"p\";r=4", -1, -1, -1, -1},
    /* rubbish */
    {"Retry-After: -1", -1, -1, -1, -1},
    {"Retry-After: 5 apples", -1, -1, -1, -1},
    {"Retry-After: NaN", -1, -1, -1, -1},
    {"Retry-After: 0x10", -1, -1, -1, -1},
    {"X-RateLimit-Remaining: many\nX-RateLimit-Reset: 3", -1, -1, -1, 3000},
    {"X-RateLimit-Remaining: 0\nX-RateLimit-Reset: tomorrow", -1, 0, -1, -1},
    {"RateLimit: \"\nRateLimit-Policy: ;q=", -1, -1, -1, -1},
    {"RateLimit: \"unfinished\\", -1, -1, -1, -1},
    {"RateLimit: ;;;,,=,=5,r=,t==", -1, -1, -1, -1},
};

static void
add_lines(struct headers *h, const char *lines)
{
	const char *colon;
	size_t n;

	for (; *lines != '\0'; lines += n + (lines[n] == '\n')) {
		n = strcspn(lines, "\n");
		colon = strchr(lines, ':');
		ck_assert_int_eq(headers_join(h, lines, (size_t)(colon - lines), colon + 2,
				     n - (size_t)(colon + 2 - lines)),
		    0);
	}
}

static struct told
read_lines(const char *lines, const char *body, const struct told_rule *rule)
{
	struct headers h;
	struct told told;

	headers_init(&h);
	add_lines(&h, lines);
	told_read(&h, (struct ab_str){body, strlen(body)}, rule, NOW, &told);
	headers_fini(&h);
	return told;
}

START_TEST(every_spelling_is_read)
{
	struct told told = read_lines(rows[_i].headers, "", NULL);

	ck_assert_int_eq(told.wait_ms, rows[_i].wait_ms);
	ck_assert_int_eq(told.remaining, rows[_i].remaining);
	ck_assert_int_eq(told.limit, rows[_i].limit);
	ck_assert_int_eq(told.reset_ms, rows[_i].reset_ms);
}
END_TEST

START_TEST(a_description_names_its_own)
{
	char path[] = "error.retry_after_ms", wait[] = "X-Wait", left[] = "X-Left",
	     until[] = "X-Until";
	struct told_rule in_body = {.body = path, .unit = TOLD_MS};
	struct told_rule in_header = {
	    .header = wait, .remaining = left, .reset = until, .unit = TOLD_SECONDS};
	struct told told =
	    read_lines("Retry-After: 9", "{\"error\":{\"retry_after_ms\":2941}}", &in_body);

	ck_assert_int_eq(told.wait_ms, 2941);
	ck_assert_str_eq(told.wait_from, "error.retry_after_ms");
	ck_assert_int_eq(
	    read_lines("", "{\"error\":{\"retry_after_ms\":\"17\"}}", &in_body).wait_ms, 17);
	ck_assert_int_eq(read_lines("Retry-After: 9", "{\"error\":{}}", &in_body).wait_ms, 9000);
	ck_assert_int_eq(read_lines("Retry-After: 9", "<html>", &in_body).wait_ms, 9000);
	ck_assert_int_eq(
	    read_lines("", "{\"error\":{\"retry_after_ms\":-4}}", &in_body).wait_ms, -1);
	ck_assert_int_eq(read_lines("", "{\"error\":{\"retry_after_ms\":1e300}}", &in_body).wait_ms,
	    INT64_MAX / 16);
	told = read_lines("X-Wait: please wait 12 seconds\nX-Left: 0\nX-Until: 3", "", &in_header);
	ck_assert_int_eq(told.wait_ms, 12000);
	ck_assert_int_eq(told.remaining, 0);
	ck_assert_int_eq(told.reset_ms, 3000);
	ck_assert_str_eq(told.reset_from, "X-Until");
	ck_assert_int_eq(read_lines("X-Wait: -3", "", &in_header).wait_ms, -1);
}
END_TEST

START_TEST(numbers_and_durations_saturate)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {{"0", 0}, {"30", 30000}, {"0.5", 500}, {"0.0001", 1}, {"1h2m3.5s", 3723500},
	    {"999999999", 999999999000}, {"1000000000", -1}, {"2d", 172800000}, {"5x", -1},
	    {"5m5", -1}, {"", -1}, {"m", -1}, {"1.", -1}, {".5", -1}, {"1e3", -1},
	    {"99999999999999999999h", INT64_MAX / 16}};

	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_msg(when_duration(cases[i].text) == cases[i].ms, "%s: %lld",
		    cases[i].text, (long long)when_duration(cases[i].text));
	ck_assert_int_eq(when_number("99999999999999999999", 1000), INT64_MAX / 16);
	ck_assert_int_eq(told_wait_ms("99999999999999999999999", TOLD_AUTO, NOW) > 0, 1);
	ck_assert_int_eq(
	    told_wait_ms("99999999999999999999999", TOLD_SECONDS, NOW), INT64_MAX / 16);
}
END_TEST

static Suite *
told_suite(void)
{
	Suite *s = suite_create("told");
	TCase *t = tcase_create("told");

	tcase_add_loop_test(t, every_spelling_is_read, 0, COUNT(rows));
	tcase_add_test(t, a_description_names_its_own);
	tcase_add_test(t, numbers_and_durations_saturate);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(told_suite())
