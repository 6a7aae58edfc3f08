/* Laws of engine/cursor and engine/track: the greatest value is exact, whatever it is written as; what stands at the edge is
 * not taken twice. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "engine/track.h"

static const char *const at[] = {"at", NULL};
static const char *const nested[] = {"meta", "at", NULL};

static const char *const id[] = {"id", NULL};
static const char *const of[] = {"of", "id", NULL};
static const char *const *const keys[] = {id, of, NULL};

static struct track track;
static struct ab_str about;
static struct scan records;
static char page[8192];

static void
setup(void)
{
	about = (struct ab_str){"", 0};
	scan_init(&records);
}

static void
teardown(void)
{
	track_fini(&track);
	scan_fini(&records);
}

static void
see(const char *text)
{
	struct error e = ERROR_INIT;

	memset(page, 0, sizeof(page));
	memcpy(page, text, strlen(text));
	ck_assert_msg(scan_page(&records, page, strlen(text), &e) == AB_OK, "%s", e.text);
	ck_assert_int_eq(track_page(&track, page, &records, NULL, about), 0);
}

static void
assert_value(const char *expected)
{
	struct ab_str v = track_value(&track);

	ck_assert_msg(v.len == strlen(expected) && memcmp(v.ptr, expected, v.len) == 0,
	    "expected %s, got %.*s", expected, (int)v.len, v.ptr);
}

START_TEST(the_greater_value_wins_whatever_the_order)
{
	static const struct {
		int is_time;
		const char *less, *more;
	} cases[] = {
	    {0, "1", "2"},
	    {0, "-5", "0"},
	    {0, "9", "10"},
	    {0, "9223372036854775806", "9223372036854775807"},
	    {0, "-9223372036854775808", "-9223372036854775807"},
	    {0, "9007199254740992", "9007199254740993"},
	    {0, "9007199254740993.0", "9007199254740993"}, /* the double is ...992 */
	    {0, "1", "1.5"},
	    {0, "-1.5", "-1"},
	    {0, "1.25e2", "126"},
	    {0, "9223372036854775807", "9223372036854775808"},
	    {0, "18446744073709551615", "18446744073709551616"},
	    {0, "-9223372036854775809", "-9223372036854775808"},
	    {0, "-9223372036854775810", "-9223372036854775809"},
	    {0, "-18446744073709551616", "-18446744073709551615"},
	    {0, "9223372036854775807", "1e300"},
	    {0, "-1e300", "-9223372036854775808"},
	    {0, "18446744073709551615", "1e20"},
	    {0, "7", "\"1\""}, /* numbers are below texts */
	    {0, "\"10\"", "\"9\""},
	    {0, "\"\"", "\"a\""},
	    {0, "\"a\"", "\"ab\""},
	    {0, "\"a\"", "\"\\u0062\""},
	    {0, "\"\\u0061\"", "\"b\""},
	    {0, "\"z\"", "\"\xc3\xa9\""},
	    {0, "\"2024-01-01T01:00:00+02:00\"", "\"2024-01-01T02:00:00+05:00\""},
	    {1, "\"2024-01-01T02:00:00+05:00\"", "\"2024-01-01T01:00:00+02:00\""},
	    {1, "\"2024-01-01T00:00:00Z\"", "\"2024-01-01T00:00:00.5Z\""},
	    {1, "\"2024-01-01T00:00:00.123456788Z\"", "\"2024-01-01T00:00:00.123456789Z\""},
	    {1, "\"2024-01-01\"", "\"2024-01-01 00:00:01\""},
	    {1, "\"zzzz\"", "\"1970-01-01T00:00:00Z\""},
	    {1, "1704067200", "\"1970-01-01T00:00:00Z\""},
	};
	char text[256];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int swap = 0; swap < 2; swap++) {
			track_init(&track, at, cases[i].is_time, NULL);
			ck_assert_int_eq(track_begin(&track, "", NULL, 0, 0), 0);
			snprintf(text, sizeof(text), "{\"at\":%s}\n{\"id\":1,\"at\":%s}",
			    swap ? cases[i].more : cases[i].less,
			    swap ? cases[i].less : cases[i].more);
			see(text);
			assert_value(cases[i].more);
			ck_assert_int_eq(track.cursor.descended, swap);
			track_fini(&track);
		}
	}
	track_init(&track, at, 0, NULL);
}
END_TEST

START_TEST(what_is_no_value_is_passed_over)
{
	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	see("[{\"at\":null},{\"at\":true},{\"at\":[9]},{\"at\":{\"a\":1}},{},{\"x\":5}]");
	assert_value("");
	see("{\"at\":3}{\"at\":null}");
	assert_value("3");
	ck_assert_int_eq(track.cursor.descended, 1);
}
END_TEST

START_TEST(the_bytes_stay_as_they_came)
{
	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	see("{\"at\":1.50}{\"at\":0.1e1}");
	assert_value("1.50");
	see("{\"at\":\"\\u0041\\n\"}");
	assert_value("\"\\u0041\\n\"");
}
END_TEST

START_TEST(a_path_leads_into_objects)
{
	track_init(&track, nested, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	see("{\"meta\":{\"x\":{\"at\":9},\"at\":4}}{\"at\":7}{\"meta\":5}{\"meta\":{}}{\"meta\":{\"at\": 6 }}");
	assert_value("6");
}
END_TEST

START_TEST(an_escaped_key_is_the_same_key)
{
	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	see("{\"\\u0061t\":4}{\"at\":3}");
	assert_value("4");
}
END_TEST

START_TEST(a_read_never_falls_below_where_it_began)
{
	track_init(&track, at, 0, NULL);
	track_begin(&track, "50", NULL, 0, 0);
	see("{\"at\":40}{\"at\":45}");
	assert_value("50");
	ck_assert_int_eq(track.cursor.descended, 0);
	see("{\"at\":51}");
	assert_value("51");
}
END_TEST

/* Reads a page from the state that another track left; returns how many records it kept. */
static size_t
read_on(struct track *from, const char *text, int at_token)
{
	char value[64];
	struct ab_str v = track_value(from);

	snprintf(value, sizeof(value), "%.*s", (int)v.len, v.ptr);
	track_init(&track, at, 0, NULL);
	ck_assert_int_eq(track_begin(&track, value, from->edge.hashes, from->edge.n, at_token), 0);
	see(text);
	return records.nrecords;
}

START_TEST(records_at_the_edge_are_taken_once)
{
	struct track first;

	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	see("{\"id\":1,\"at\":1}{\"id\":2,\"at\":2}{\"id\":3,\"at\":2}");
	see("{\"id\":4,\"at\":2}");
	ck_assert_int_eq(track.edge.n, 3);
	first = track;
	/* the second run meets them again, and one that is new at the same value */
	ck_assert_int_eq(
	    read_on(&first,
		"{\"id\":2,\"at\":2}{\"id\":3,\"at\":2}{\"id\":4,\"at\":2}{\"id\":5,\"at\":2}", 0),
	    1);
	ck_assert_int_eq(memcmp(page + records.records[0].off, "{\"id\":5", 7), 0);
	ck_assert_int_eq(track.edge.n, 4);
	track_fini(&track);
	/* the same bytes at another value are another record; behind a token nothing is met twice */
	ck_assert_int_eq(
	    read_on(&first, "{\"id\":1,\"at\":1}{\"id\":2,\"at\":2}{\"id\":9,\"at\":3}", 0), 2);
	ck_assert_int_eq(track.edge.n, 1);
	track_fini(&track);
	ck_assert_int_eq(read_on(&first, "{\"id\":2,\"at\":2}", 1), 1);
	track_fini(&first);
}
END_TEST

/* Records that are alike to the last byte are records each: only as many are stored already as were. */
START_TEST(of_like_records_as_many_are_known_as_are_stored)
{
	static const char like[] = "{\"sum\":5,\"at\":2}";
	char two[64], three[96];
	struct track first;

	snprintf(two, sizeof(two), "%s%s", like, like);
	snprintf(three, sizeof(three), "%s%s", two, like);
	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	see(two);
	ck_assert_int_eq(records.nrecords, 2);
	first = track;
	ck_assert_int_eq(read_on(&first, three, 0), 1);
	ck_assert_int_eq(track.edge.n, 3);
	see(like);
	ck_assert_int_eq(records.nrecords, 1);
	track_fini(&track);
	/* two pages of one read */
	ck_assert_int_eq(read_on(&first, like, 0), 0);
	see(two);
	ck_assert_int_eq(records.nrecords, 1);
	track_fini(&first);
}
END_TEST

/* Two partitions of one state: what both have begun with counts once, what each has seen counts. */
START_TEST(a_merge_counts_like_records)
{
	static const uint64_t hashes[] = {7, 7, 3};
	struct track to, from;

	for (int at_value = 2; at_value <= 3; at_value++) {
		char text[64];

		track_init(&to, at, 0, NULL);
		ck_assert_int_eq(track_begin(&to, "2", hashes, 3, 0), 0);
		for (int i = 0; i < 2; i++) {
			track_init(&track, at, 0, NULL);
			ck_assert_int_eq(track_begin(&track, "2", hashes, 3, 0), 0);
			snprintf(text, sizeof(text), "{\"at\":%d}{\"at\":%d}", at_value, at_value);
			see(text);
			from = track;
			ck_assert_int_eq(track_merge(&to, &from), 0);
			track_fini(&from);
		}
		ck_assert_int_eq(to.edge.n, at_value == 2 ? 3 + 4 : 4);
		track_fini(&to);
	}
	track_init(&track, at, 0, NULL);
}
END_TEST

/* A partition that is read again has a state of its own, and may know more at the old value than what all share. */
START_TEST(a_merge_takes_what_only_one_has_begun_with)
{
	static const uint64_t old[] = {7, 7}, own[] = {7, 7, 7, 3};
	struct track to;

	track_init(&to, at, 0, NULL);
	ck_assert_int_eq(track_begin(&to, "2", old, 2, 0), 0);
	track_init(&track, at, 0, NULL);
	ck_assert_int_eq(track_begin(&track, "2", own, 4, 0), 0);
	ck_assert_int_eq(track_merge(&to, &track), 0);
	ck_assert_int_eq(to.edge.n, 4);
	track_fini(&to);
}
END_TEST

/* The first page of a read says of what its records' key is made. */
START_TEST(a_key_may_be_a_constant_of_the_first_page)
{
	static const char constants[] = "{\"constants\":{\"id\":1}}";

	track_init(&track, at, 0, keys);
	track_begin(&track, "5", NULL, 0, 0);
	track.knows_older = 1;
	about = (struct ab_str){constants, strlen(constants)};
	see("{\"of\":{\"id\":1},\"at\":2}");
	ck_assert_int_eq(records.nrecords, 1);
	about = (struct ab_str){"", 0};
	see("{\"of\":{\"id\":1},\"at\":2}");
	ck_assert_int_eq(records.nrecords, 0);
}
END_TEST

/* Two accounts have nothing to tell of the same day: the bytes are the same, the constants are not. */
START_TEST(what_a_page_says_of_its_records_tells_them_apart)
{
	static const char one[] = "{\"constants\":{\"account\":1},\"total\":1}";
	static const char again[] = "{\"total\":2, \"constants\": {\"account\":1}}";
	static const char other[] = "{\"constants\":{\"account\":2}}";
	struct track first;

	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	about = (struct ab_str){one, strlen(one)};
	see("{\"clicks\":0,\"at\":2}");
	first = track;
	about = (struct ab_str){other, strlen(other)};
	ck_assert_int_eq(read_on(&first, "{\"clicks\":0,\"at\":2}", 0), 1);
	track_fini(&track);
	about = (struct ab_str){"", 0};
	ck_assert_int_eq(read_on(&first, "{\"clicks\":0,\"at\":2}", 0), 1);
	track_fini(&track);
	about = (struct ab_str){again, strlen(again)};
	ck_assert_int_eq(read_on(&first, "{\"clicks\":0,\"at\":2}", 0), 0);
	track_fini(&first);
}
END_TEST

START_TEST(a_removed_record_predicts_no_keys)
{
	struct track first;

	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	see("{\"at\":2,\"id\":1}");
	first = track;
	ck_assert_int_eq(
	    read_on(&first, "{\"x\":1,\"y\":2}{\"at\":2,\"id\":1}{\"at\":2,\"id\":2}", 0), 2);
	for (uint32_t i = 0; i < records.records[1].count; i++)
		ck_assert_int_eq(
		    records.fields[records.records[1].field + i].flags & SCAN_SAME_KEY, 0);
	track_fini(&first);
}
END_TEST

START_TEST(a_removed_record_takes_with_it_what_is_said_beside_it)
{
	static const char stored[] = "{\"at\":1}\n";
	static const char text[] =
	    "{\"at\":2,\"n\":0} {\"at\":1} {\"at\":2,\"n\":2} {\"at\":1,\"n\":3}";
	struct beside_list beside;
	struct error e = ERROR_INIT;
	uint64_t hash;

	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	see(stored);
	ck_assert_uint_eq(track.edge.n, 1);
	hash = track.edge.hashes[0];
	ck_assert_int_eq(track_begin(&track, "1", &hash, 1, 0), 0);
	beside_init(&beside);
	for (int i = 0; i < 4; i++)
		beside_add(&beside, i, (struct ab_str){"[]", i == 2 ? 2 : 0});
	memcpy(page, text, sizeof(text));
	ck_assert_int_eq(scan_page(&records, page, strlen(text), &e), AB_OK);
	ck_assert_int_eq(track_page(&track, page, &records, &beside, about), 0);
	ck_assert_uint_eq(records.nrecords, 3);
	ck_assert_int_eq(beside.of[0].emitted_ms, 0);
	ck_assert_int_eq(beside.of[1].emitted_ms, 2);
	ck_assert_uint_eq(beside_changes(&beside, 1).len, 2);
	ck_assert_int_eq(beside.of[2].emitted_ms, 3);
	beside_fini(&beside);
}
END_TEST

START_TEST(the_edge_is_bounded)
{
	track_init(&track, at, 0, NULL);
	track_begin(&track, "", NULL, 0, 0);
	for (int i = 0; i < TRACK_MAX_EDGE / 2 + 1; i++)
		see("{\"at\":2}{\"at\":2}");
	ck_assert_int_eq(track.edge.n, TRACK_MAX_EDGE);
	ck_assert_int_eq(track.overflowed, 1);
	see("{\"at\":3}");
	ck_assert_int_eq(track.edge.n, 1);
	ck_assert_int_eq(track.overflowed, 0);
}
END_TEST

START_TEST(of_records_with_a_key_none_is_at_the_edge)
{
	static const struct {
		const char *record, *about;
		size_t kept;
	} cases[] = {
	    {"{\"at\":1,\"id\":1,\"of\":{\"id\":2}}", "", 0},
	    {"{\"at\":1,\"id\":null,\"of\":{\"id\":2}}", "", 1},
	    {"{\"at\":1,\"of\":{\"id\":2}}", "", 1},
	    {"{\"at\":1,\"id\":1,\"of\":{\"id\":null}}", "", 1},
	    {"{\"at\":1,\"id\":1,\"of\":{}}", "", 1},
	    {"{\"at\":1,\"id\":1,\"of\":7}", "", 1},
	    {"{\"at\":1,\"id\":1}", "", 1},
	    {"{\"at\":1,\"id\":1,\"id\":null,\"of\":{\"id\":2}}", "", 1},
	    {"{\"at\":1,\"id\":null,\"\\u0069d\":false,\"of\":{\"id\":2}}", "", 0},
	    {"{\"at\":1,\"id\":1}", "{\"constants\":{\"of\":{\"id\":2}}}", 0},
	    {"{\"at\":1,\"id\":null}", "{\"constants\":{\"id\":1,\"of\":{\"id\":2}}}", 1},
	    {"{\"at\":1,\"of\":{\"id\":2}}", "{\"constants\":{\"id\":null}}", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		about = (struct ab_str){cases[i].about, strlen(cases[i].about)};
		track_init(&track, at, 0, keys);
		track_begin(&track, "", NULL, 0, 0);
		see(cases[i].record);
		ck_assert_msg(track.edge.n == cases[i].kept, "%s, %s: %zu", cases[i].record,
		    cases[i].about, track.edge.n);
		track_fini(&track);
	}
	track_init(&track, at, 0, NULL);
}
END_TEST

static Suite *
cursor_suite(void)
{
	Suite *s = suite_create("cursor");
	TCase *t = tcase_create("cursor");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_greater_value_wins_whatever_the_order);
	tcase_add_test(t, what_is_no_value_is_passed_over);
	tcase_add_test(t, the_bytes_stay_as_they_came);
	tcase_add_test(t, a_path_leads_into_objects);
	tcase_add_test(t, an_escaped_key_is_the_same_key);
	tcase_add_test(t, a_read_never_falls_below_where_it_began);
	tcase_add_test(t, records_at_the_edge_are_taken_once);
	tcase_add_test(t, of_like_records_as_many_are_known_as_are_stored);
	tcase_add_test(t, a_merge_counts_like_records);
	tcase_add_test(t, a_merge_takes_what_only_one_has_begun_with);
	tcase_add_test(t, a_key_may_be_a_constant_of_the_first_page);
	tcase_add_test(t, what_a_page_says_of_its_records_tells_them_apart);
	tcase_add_test(t, a_removed_record_predicts_no_keys);
	tcase_add_test(t, a_removed_record_takes_with_it_what_is_said_beside_it);
	tcase_add_test(t, the_edge_is_bounded);
	tcase_add_test(t, of_records_with_a_key_none_is_at_the_edge);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(cursor_suite())
