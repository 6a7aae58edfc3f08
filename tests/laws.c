/* Laws of the whole engine, against a source and a destination in memory (world.h): whatever fails, and whenever, the next
 * runs end with exactly the records that the source has, each once. */
#include "suite.h"

#include <string.h>

#include "laws_help.h"

static const char *
name_of(const struct variant *v, const char *kind, int at)
{
	static char text[200];

	snprintf(text, sizeof(text),
	    "%s, key %d, parts %d, sorted %d, resumable %d, own state %d, shuffled %d, %s at %d",
	    v->mode, v->key, v->parts, v->sorted, v->resumable, v->own_state, v->shuffled, kind,
	    at);
	return text;
}

/* Calls `each` for every variant of a stream in the modes that need no full history. */
static void
for_each_variant(void (*each)(const struct variant *v))
{
	static const char *const modes[] = {"things=incremental:append",
	    "things=incremental:append_dedup", "things=full_refresh:overwrite",
	    "things=full_refresh:append"};

	for (int bits = 0; bits < 4 * 32; bits++) {
		struct variant v = {.mode = modes[bits & 3],
		    .key = (bits & 3) == 1,
		    .parts = bits & 4 ? 3 : 0,
		    .sorted = (bits & 8) != 0,
		    .resumable = (bits & 16) != 0,
		    .own_state = (bits & 32) != 0,
		    .shuffled = (bits & 64) != 0};

		each(&v);
	}
}

/* It says that it is sorted, and is not. What it loses before that shows cannot be known: the state may be past it. */
static int
is_lying(const struct variant *v)
{
	return v->sorted && v->shuffled && strncmp(v->mode, "things=incr", 11) == 0;
}

/* A connector that keeps its own state gives the greatest value; so an append meets the edge again. */
static void
second_run(const struct variant *v, const char *what)
{
	int dedup = v->key, refresh = strncmp(v->mode, "things=full", 11) == 0;

	if (refresh && strstr(v->mode, ":append") != NULL)
		return;
	grow(dedup);
	ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
	assert_truth(what, dedup);
	ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
	assert_truth(what, dedup);
}

static void
clean(const struct variant *v)
{
	begin_variant(v);
	ck_assert_msg(run() == AB_OK, "%s: %s", name_of(v, "clean", 0), err.text);
	assert_truth(name_of(v, "clean", 0), v->key);
	second_run(v, name_of(v, "second run", 0));
}

START_TEST(every_record_arrives_once)
{
	for_each_variant(clean);
}
END_TEST

/* The source fails at page `at`; dies: with its process; stale: the token of that run is no longer good. */
static void
with_failure(const struct variant *v, int dies, int stale)
{
	int pages = v->parts == 0 ? 4 : 4 * v->parts;

	for (int at = 1; at <= pages && !is_lying(v); at++) {
		const char *what = name_of(v, stale ? "stale after failure" : "failure", at);

		begin_variant(v);
		world_source.fail_at = at;
		world_source.dies = dies;
		ck_assert_int_eq(run(), AB_ETRANSIENT);
		ck_assert_int_eq(report.outcome, SYNC_FAILED);
		world_source.is_stale = stale;
		world_source.fail_at = at % 3;
		if (run() != AB_OK) {
			world_source.fail_at = 0;
			ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		}
		world_source.fail_at = 0;
		assert_truth(what, v->key);
		second_run(v, what);
	}
}

/* The second run fails, which meets the records at the edge again and one more that is like them. */
static void
second_failure(const struct variant *v)
{
	int refresh = strncmp(v->mode, "things=full", 11) == 0, ended = refresh || is_lying(v);

	for (int at = 1; !ended; at++) {
		const char *what = name_of(v, "failure of the second run", at);

		begin_variant(v);
		ck_assert_int_eq(run(), AB_OK);
		grow(v->key);
		world_source.fail_at = at;
		ended = run() == AB_OK;
		world_source.fail_at = 0;
		ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		assert_truth(what, v->key);
		ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		assert_truth(what, v->key);
	}
}

static void
failure(const struct variant *v)
{
	with_failure(v, 0, 0);
}

static void
death(const struct variant *v)
{
	with_failure(v, 1, 0);
}

static void
staleness(const struct variant *v)
{
	with_failure(v, 0, 1);
}

START_TEST(a_failing_source_loses_and_doubles_nothing)
{
	for_each_variant(failure);
	for_each_variant(second_failure);
}
END_TEST

START_TEST(a_dying_source_loses_and_doubles_nothing)
{
	for_each_variant(death);
}
END_TEST

START_TEST(a_stale_token_loses_and_doubles_nothing)
{
	for_each_variant(staleness);
}
END_TEST

/* The destination breaks at its call `at`, whichever that is. */
static void
crash(const struct variant *v)
{
	int ended = 0;

	for (int at = 1; !ended && !is_lying(v); at++) {
		const char *what = name_of(v, "crash", at);

		begin_variant(v);
		world_dest.fail_at = at;
		ended = run() == AB_OK;
		/* and once more, elsewhere */
		world_dest.fail_at = ended ? 0 : at % 4 + 1;
		if (!ended && run() != AB_OK) {
			world_dest.fail_at = 0;
			ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		}
		world_dest.fail_at = 0;
		assert_truth(what, v->key);
		second_run(v, what);
	}
}

START_TEST(a_crash_at_any_call_loses_and_doubles_nothing)
{
	for_each_variant(crash);
}
END_TEST

/* The destination breaks, and before the next run new records come.  Of a refresh, or of partitions, that has been read to its
 * end they may come with the run after it. */
static void
news(const struct variant *v)
{
	int ended = v->parts != 0 || strncmp(v->mode, "things=incr", 11) != 0 || is_lying(v);

	for (int at = 1; !ended; at++) {
		const char *what = name_of(v, "news behind a crash", at);

		begin_variant(v);
		world_dest.fail_at = at;
		ended = run() == AB_OK;
		world_dest.fail_at = 0;
		grow(v->key);
		ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		assert_truth(what, v->key);
	}
}

START_TEST(what_is_new_comes_with_the_run_behind_a_crash)
{
	for_each_variant(news);
}
END_TEST

/* The cursor goes back in the fourth page of two records. */
static void
lie(const struct variant *v)
{
	int ended = 0;

	for (int at = 1; !ended && is_lying(v) && v->parts == 0; at++) {
		const char *what = name_of(v, "crash", at);

		begin_variant(v);
		world_source.page_size = 2;
		world_dest.fail_at = at;
		ended = run() == AB_OK;
		if (!ended && world_pages_served() < 5)
			continue;
		world_dest.fail_at = 0;
		ck_assert_msg(ended || run() == AB_OK, "%s: %s", what, err.text);
		assert_truth(what, v->key);
		second_run(v, what);
	}
}

START_TEST(a_broken_promise_costs_nothing_once_it_shows)
{
	options.one_thread = 1;
	for_each_variant(lie);
}
END_TEST

START_TEST(one_thread_does_the_same)
{
	options.one_thread = 1;
	for_each_variant(clean);
	for_each_variant(failure);
	for_each_variant(crash);
}
END_TEST

/* Its records and its token were looked at before the page was refused: they must not count. */
static void
bad_about(const struct variant *v)
{
	for (int at = 1; at <= 4 && !is_lying(v); at++) {
		const char *what = name_of(v, "bad about", at);

		begin_variant(v);
		world_source.bad_about_at = at;
		ck_assert_int_eq(run(), AB_EDATA);
		world_source.bad_about_at = 0;
		ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		assert_truth(what, v->key);
		second_run(v, what);
	}
}

START_TEST(a_refused_page_does_not_count)
{
	for_each_variant(bad_about);
}
END_TEST

START_TEST(a_partition_is_the_same_however_it_is_written)
{
	const struct variant v = {"things=incremental:append", 0, 3, 0, 0, 0, 0};

	begin_variant(&v);
	ck_assert_int_eq(run(), AB_OK);
	for (int i = 0; i < 3; i++) {
		world_source.respells = !world_source.respells;
		ck_assert_int_eq(run(), AB_OK);
		assert_truth("respelt", 0);
	}
}
END_TEST

/* Databases put them first or last; a later read asks for none of them.  What a read that fails before the first one has
 * shown loses cannot be known: that stream is not sorted. */
START_TEST(records_without_a_cursor_are_neither_lost_nor_doubled)
{
	const struct variant v = {"things=incremental:append", 0, 0, 1, 0, 0, 0};

	for (int bits = 0; bits < 4 * 5; bits++) {
		size_t from = bits & 1 ? 0 : 7;

		begin_variant(&v);
		world_source.own_state = (bits & 2) != 0;
		for (size_t i = from; i < from + 5; i++)
			world_source.records[i].at = -1;
		for (size_t i = 7; from == 0 && i < 12; i++)
			world_source.records[i].at = (int)i;
		world_source.fail_at = from > 0 && bits / 4 < 4 ? 0 : bits / 4;
		run();
		world_source.fail_at = 0;
		ck_assert_msg(run() == AB_OK, "%s", err.text);
		assert_truth(bits & 1 ? "nulls first" : "nulls last", 0);
	}
}
END_TEST

START_TEST(a_connector_that_keeps_no_state_doubles_nothing)
{
	const struct variant v = {"things=incremental:append", 0, 0, 0, 0, 1, 0};

	begin_variant(&v);
	world_source.null_state = 1;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("no state", 0);
}
END_TEST

static Suite *
laws_suite(void)
{
	Suite *s = suite_create("laws");
	TCase *t = tcase_create("laws");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, every_record_arrives_once);
	tcase_add_test(t, a_failing_source_loses_and_doubles_nothing);
	tcase_add_test(t, a_dying_source_loses_and_doubles_nothing);
	tcase_add_test(t, a_stale_token_loses_and_doubles_nothing);
	tcase_add_test(t, a_crash_at_any_call_loses_and_doubles_nothing);
	tcase_add_test(t, what_is_new_comes_with_the_run_behind_a_crash);
	tcase_add_test(t, a_broken_promise_costs_nothing_once_it_shows);
	tcase_add_test(t, one_thread_does_the_same);
	tcase_add_test(t, a_refused_page_does_not_count);
	tcase_add_test(t, a_partition_is_the_same_however_it_is_written);
	tcase_add_test(t, records_without_a_cursor_are_neither_lost_nor_doubled);
	tcase_add_test(t, a_connector_that_keeps_no_state_doubles_nothing);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(laws_suite())
