/* kit-times.c - the REST kit: moments and durations, as APIs write them. */
#include <abhost/rest.h>
#include <stdlib.h>
#include <time.h>

#include "kit.h"
#include "suite.h"

#define MOMENT INT64_C(1767323096123456) /* 2026-01-02T03:04:56.123456Z */

START_TEST(formats_are_written_and_read_again)
{
	static const struct {
		const char *format, *text;
		int64_t lost; /* microseconds that the format cannot hold */
	} t[] = {
	    {"%Y-%m-%dT%H:%M:%S.%fZ", "2026-01-02T03:04:56.123456Z", 0},
	    {"%Y-%m-%d", "2026-01-02", 11096123456},
	    {"%Y-%m-%dT%H:%M:%SZ", "2026-01-02T03:04:56Z", 123456},
	    {"%Y-%m-%d %H:%M:%S", "2026-01-02 03:04:56", 123456},
	    {"%Y-%m-%dT%H:%M:%S.%f%z", "2026-01-02T03:04:56.123456+0000", 0},
	    {"%Y-%m-%dT%H:%M:%S%z", "2026-01-02T03:04:56+0000", 123456},
	    {"%Y-%m-%dT%H:%M:%S+00:00", "2026-01-02T03:04:56+00:00", 123456},
	    {"%Y-%m-%dT%H:%M:%S.%_msZ", "2026-01-02T03:04:56.123Z", 456},
	    {"%Y%m%d", "20260102", 11096123456},
	    {"%s", "1767323096", 123456},
	    {"%ms", "1767323096123", 456},
	    {"%epoch_microseconds", "1767323096123456", 0},
	    {"%s_as_float", "1767323096.123456", 0},
	    {"modified_on:gt:%Y-%m-%d..%%", "modified_on:gt:2026-01-02..%", 11096123456},
	    {"%d %b %y, %B", "02 Jan 26, January", 11096123456},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct text out = {0};
		int64_t back = 0;

		ck_assert_msg(when_is_format(t[i].format), "%s", t[i].format);
		when_format(MOMENT, t[i].format, &out);
		ck_assert_str_eq(out.ptr, t[i].text);
		ck_assert_msg(when_parse(out.ptr, t[i].format, &back) == 0, "%s", t[i].format);
		ck_assert_int_eq(back, MOMENT - t[i].lost);
		text_fini(&out);
	}
	ck_assert(!when_is_format("%Y-%q"));
	ck_assert(!when_is_format("%"));
}
END_TEST

START_TEST(iso_8601_is_read_in_all_its_forms)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} t[] = {
	    {"2026-01-02", 1767312000},
	    {"2026-01", 1767225600},
	    {"2026-01-02T03:04:56Z", 1767323096},
	    {"2026-01-02 03:04:56", 1767323096},
	    {"2026-01-02T03:04", 1767323040},
	    {"2026-01-02T05:04:56+02:00", 1767323096},
	    {"2026-01-01T22:34:56-0430", 1767323096},
	    {"2026-01-02T04:04:56.000+01", 1767323096},
	    {"2026-01-02 03:04:56 UTC", 1767323096},
	    {"2016-12-31T23:59:60Z", 1483228800},
	    {"0001-01-01", -62135596800},
	    {"9999-12-31T23:59:59Z", 253402300799},
	};
	static const char *const wrong[] = {"", "2026", "2026-13-01", "2026-02-29", "2026-1-2",
	    "2026-01-02T", "2026-01-02T24:00:00", "2026-01-02x", "tomorrow",
	    "2026-01-02T03:04:56+2", "1767323096", "0000-01-01", "2026-01-02T03:04:56Z "};
	int64_t us;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ck_assert_msg(when_parse(t[i].text, NULL, &us) == 0, "%s", t[i].text);
		ck_assert_msg(us == t[i].seconds * 1000000, "%s: %lld", t[i].text, (long long)us);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(when_parse(wrong[i], NULL, &us) == -1, "%s", wrong[i]);
	ck_assert_int_eq(when_parse("99999999999999999999", "%ms", &us), -1);
}
END_TEST

/* The C library's calendar is another one's work. */
START_TEST(the_calendar_is_that_of_the_c_library)
{
	uint64_t random = 1;

	for (int i = 0; i < 20000; i++) {
		struct text out = {0};
		char want[40];
		int64_t us, back;
		time_t s;
		struct tm tm;

		random = random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		s = (time_t)((int64_t)(random >> 12) % INT64_C(315537897600) -
		    INT64_C(62135596800));
		us = (int64_t)s * 1000000;
		strftime(want, sizeof(want), "-%m-%dT%H:%M:%SZ", gmtime_r(&s, &tm));
		when_format_iso(us, &out);
		ck_assert_int_eq(strtol(out.ptr, NULL, 10), tm.tm_year + 1900);
		ck_assert_str_eq(out.ptr + 4, want);
		ck_assert_int_eq(when_parse(out.ptr, NULL, &back), 0);
		ck_assert_int_eq(back, us);
		text_fini(&out);
	}
}
END_TEST

START_TEST(durations_are_added)
{
	static const struct {
		const char *from, *duration, *later, *earlier;
	} t[] = {
	    {"2024-01-31", "P1M", "2024-02-29T00:00:00Z", "2023-12-31T00:00:00Z"},
	    {"2023-03-31", "P1M", "2023-04-30T00:00:00Z", "2023-02-28T00:00:00Z"},
	    {"2024-02-29", "P1Y", "2025-02-28T00:00:00Z", "2023-02-28T00:00:00Z"},
	    {"2024-01-01", "P30D", "2024-01-31T00:00:00Z", "2023-12-02T00:00:00Z"},
	    {"2024-01-01", "P1W", "2024-01-08T00:00:00Z", "2023-12-25T00:00:00Z"},
	    {"2024-01-01", "PT1S", "2024-01-01T00:00:01Z", "2023-12-31T23:59:59Z"},
	    {"2024-01-01", "PT0.001S", "2024-01-01T00:00:00.001000Z",
		"2023-12-31T23:59:59.999000Z"},
	    {"2024-01-01", "P1DT2H3M", "2024-01-02T02:03:00Z", "2023-12-30T21:57:00Z"},
	    {"2024-01-01", "P180DT1S", "2024-06-29T00:00:01Z", "2023-07-04T23:59:59Z"},
	    {"2024-01-01", "PT0S", "2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"},
	    {"2024-01-01", "PT31536000S", "2024-12-31T00:00:00Z", "2023-01-01T00:00:00Z"},
	};
	static const char *const wrong[] = {"", "P", "PT", "1D", "P1", "P1H", "PT1D", "P-1D",
	    "P1D ", "p1d", "P99999999999999Y", "PT999999999999999999S"};
	struct duration d;

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct text out = {0};
		int64_t us;

		ck_assert_int_eq(when_parse(t[i].from, NULL, &us), 0);
		ck_assert_msg(duration_parse(t[i].duration, &d) == 0, "%s", t[i].duration);
		when_format_iso(when_add(us, &d, 1), &out);
		ck_assert_str_eq(out.ptr, t[i].later);
		out.len = 0;
		when_format_iso(when_add(us, &d, -1), &out);
		ck_assert_str_eq(out.ptr, t[i].earlier);
		text_fini(&out);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(duration_parse(wrong[i], &d) == -1, "%s", wrong[i]);
}
END_TEST

static Suite *
times_suite(void)
{
	Suite *suite = suite_create("kit-times");
	TCase *tc = tcase_create("times");

	tcase_add_test(tc, formats_are_written_and_read_again);
	tcase_add_test(tc, iso_8601_is_read_in_all_its_forms);
	tcase_add_test(tc, the_calendar_is_that_of_the_c_library);
	tcase_add_test(tc, durations_are_added);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(times_suite())
