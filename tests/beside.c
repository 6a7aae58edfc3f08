/* Laws of data/beside: what a source says beside a record's data counts where it makes sense, as it came. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "data/beside.h"
#include "data/lines.h"

static struct beside_list list;
static struct lines lines;

static void
setup(void)
{
	beside_init(&list);
	lines_init(&lines, LINES_MAX_LINE);
}

static void
teardown(void)
{
	beside_fini(&list);
	lines_fini(&lines);
}

/* more: members of the record, each with a comma in front. */
static void
take(const char *more)
{
	char text[512];
	struct line line;
	size_t room,
	    n = (size_t)snprintf(text, sizeof(text),
		"{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":{}%s}}\n", more);
	char *to = lines_room(&lines, &room);

	memcpy(to, text, n);
	lines_fed(&lines, n);
	lines_next(&lines, &line);
	ck_assert_int_eq(line.type, LINE_RECORD);
	ck_assert_int_eq(beside_add_record(&list, line.emitted_ms, line.meta), 0);
	lines_next(&lines, &line);
	ck_assert_int_eq(line.type, LINE_NONE);
}

START_TEST(a_moment_is_one_or_it_is_not_said)
{
	static const struct {
		const char *said;
		int64_t ms;
	} cases[] = {
	    {"", BESIDE_NEVER},
	    {",\"emitted_at\":null", BESIDE_NEVER},
	    {",\"emitted_at\":-1", BESIDE_NEVER},
	    {",\"emitted_at\":-0.5", BESIDE_NEVER},
	    {",\"emitted_at\":1e400", BESIDE_NEVER},
	    {",\"emitted_at\":-1e400", BESIDE_NEVER},
	    {",\"emitted_at\":\"1700000000000\"", BESIDE_NEVER},
	    {",\"emitted_at\":[1]", BESIDE_NEVER},
	    {",\"emitted_at\":true", BESIDE_NEVER},
	    {",\"emitted_at\":9223372036854775807", BESIDE_NEVER},
	    {",\"emitted_at\":9223372036854775808", BESIDE_NEVER},
	    {",\"emitted_at\":253402300800000", BESIDE_NEVER},
	    {",\"emitted_at\":253402300799999", 253402300799999},
	    {",\"emitted_at\":0", 0},
	    {",\"emitted_at\":1700000000123", 1700000000123},
	    {",\"emitted_at\":1700000000123.9", 1700000000123},
	    {",\"emitted_at\":1.7e12", 1700000000000},
	    {",\"emitted_at\":1,\"emitted_at\":2", 2},
	    {",\"emitted_at\":999999999", 999999999},
	    {",\"emitted_at\":1700000000.25", 1700000000000},
	    {",\"emitted_at\":99999999999", 99999999999000},
	    {",\"emitted_at\":100000000000", 100000000000},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		take(cases[i].said);
		ck_assert_uint_eq(list.n, i + 1);
		ck_assert_msg(list.of[i].emitted_ms == cases[i].ms, "%s: %lld", cases[i].said,
		    (long long)list.of[i].emitted_ms);
	}
}
END_TEST

START_TEST(changes_are_a_list_or_there_are_none)
{
	static const struct {
		const char *said, *changes;
	} cases[] = {
	    {"", ""},
	    {",\"meta\":null", ""},
	    {",\"meta\":[{\"changes\":[1]}]", ""},
	    {",\"meta\":\"changes\"", ""},
	    {",\"meta\":{}", ""},
	    {",\"meta\":{\"changes\":null}", ""},
	    {",\"meta\":{\"changes\":{\"field\":\"a\"}}", ""},
	    {",\"meta\":{\"changes\":[ \t]}", ""},
	    {",\"meta\":{\"x\":7,\"changes\":[{\"field\":\"a\",\"change\":\"NULLED\",\"reason\":\"SOURCE_X\"}]}",
		"{\"field\":\"a\",\"change\":\"NULLED\",\"reason\":\"SOURCE_X\"}"},
	    {",\"meta\":{\"changes\":[ {\"field\" : 1.50} ,\"]\", null ]}",
		"{\"field\" : 1.50} ,\"]\", null"},
	    {",\"meta\":{\"changes\":[1],\"changes\":[2]}", "2"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct ab_str changes;

		take(cases[i].said);
		changes = beside_changes(&list, i);
		ck_assert_msg(changes.len == strlen(cases[i].changes) &&
			memcmp(changes.ptr, cases[i].changes, changes.len) == 0,
		    "%s: %.*s", cases[i].said, (int)changes.len, changes.ptr);
	}
}
END_TEST

/* Record i was emitted at i, and every third has i as its change. */
static void
fill(struct beside_list *l, int from, int to)
{
	char text[16];

	for (int i = from; i < to; i++) {
		size_t len = i % 3 == 0 ? (size_t)snprintf(text, sizeof(text), "%d", i) : 0;

		ck_assert_int_eq(beside_add(l, i, (struct ab_str){text, len}), 0);
	}
}

static void
assert_filled(const struct beside_list *l, int from, int to)
{
	char text[16];

	ck_assert_uint_eq(l->n, (size_t)(to - from));
	for (int i = from; i < to; i++) {
		size_t at = (size_t)(i - from);
		struct ab_str changes = beside_changes(l, at);

		ck_assert_int_eq(l->of[at].emitted_ms, i);
		ck_assert_uint_eq(
		    changes.len, i % 3 == 0 ? (size_t)snprintf(text, sizeof(text), "%d", i) : 0);
		ck_assert(memcmp(changes.ptr, text, changes.len) == 0);
	}
}

START_TEST(the_first_go_and_the_others_stay)
{
	struct beside_list copy;

	beside_init(&copy);
	fill(&list, 0, 1000);
	for (int n = 0; n <= 1000; n += n < 10 ? 1 : 99) {
		ck_assert_int_eq(beside_copy(&copy, &list, (size_t)n), 0);
		assert_filled(&copy, 0, n);
	}
	ck_assert_int_eq(beside_copy(&copy, &list, list.n), 0);
	for (int n = 0, gone = 0; gone + n <= 1000; gone += n++) {
		beside_drop(&copy, (size_t)n);
		assert_filled(&copy, gone + n, 1000);
	}
	beside_drop(&list, 400);
	fill(&list, 1000, 1200);
	assert_filled(&list, 400, 1200);
	beside_drop(&list, list.n);
	ck_assert_uint_eq(list.n + beside_bytes(&list), 0);
	beside_fini(&copy);
}
END_TEST

START_TEST(a_moment_has_one_text)
{
	static const int64_t moments[] = {0, 0, 999, 1000, 1001, 1700000000123, 1700000000999,
	    1700000001000, 1699999999999, 253402300799999, 7};
	struct beside_clock clock = {0};
	char text[CLOCK_TEXT];

	for (size_t i = 0; i < sizeof(moments) / sizeof(*moments); i++)
		ck_assert_str_eq(
		    beside_time(&clock, moments[i]), clock_format(moments[i] * 1000, text));
}
END_TEST

static Suite *
beside_suite(void)
{
	Suite *s = suite_create("beside");
	TCase *t = tcase_create("beside");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_moment_is_one_or_it_is_not_said);
	tcase_add_test(t, changes_are_a_list_or_there_are_none);
	tcase_add_test(t, the_first_go_and_the_others_stay);
	tcase_add_test(t, a_moment_has_one_text);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(beside_suite())
