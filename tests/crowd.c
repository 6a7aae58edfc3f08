/* Laws of many at once: several streams, several partitions of each, in any order of turns (world.h), whatever fails and
 * whenever.  Each stream ends with exactly the records that the source has, each once; and one that has ended well is
 * complete at once, whatever became of the others.  Series of random cases: TEST_SEED=N begins another one, CROWD_CASES
 * says how long it is. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "laws_help.h"

#define CASES 400

static char name[300];

/* A world by chance, empty of rows. */
static struct variant
begin_case(unsigned number)
{
	static const char *const modes[] = {"things=incremental:append",
	    "things=incremental:append_dedup", "things=full_refresh:overwrite",
	    "things=full_refresh:append"};
	struct variant v = {0};
	unsigned kind;

	dice = number_of("TEST_SEED", 1) * 7919 + number;
	kind = roll(4);
	v.mode = modes[kind];
	v.key = kind == 1;
	v.parts = roll(3) > 0 ? 1 + (int)roll(5) : 0;
	v.sorted = (int)roll(2);
	v.resumable = (int)roll(2);
	v.own_state = roll(4) == 0;
	v.shuffled = !v.sorted && roll(2);
	begin_variant(&v);
	world_source.pauses = roll(2) == 0;
	world_source.page_size = 1 + (int)roll(6);
	world_source.streams = 1 + (int)roll(WORLD_STREAMS);
	world_source.seed = 1 + roll(30000);
	world_source.shared_state = roll(3) == 0;
	options.lanes = 1 + (int)roll(WORLD_LANES);
	options.one_thread = roll(3) == 0;
	snprintf(name, sizeof(name),
	    "case %u: %s, %d streams, %d parts, %d lanes, page %d%s%s%s%s%s%s%s", number, v.mode,
	    world_source.streams, v.parts, options.lanes, world_source.page_size,
	    v.sorted ? ", sorted" : "", v.resumable ? ", resumable" : "",
	    v.own_state ? ", own state" : "", v.shuffled ? ", shuffled" : "",
	    world_source.shared_state ? ", shared" : "", world_source.pauses ? ", pauses" : "",
	    options.one_thread ? ", one thread" : "");
	return v;
}

static void
assert_all(const struct variant *v, const char *when)
{
	char what[400];

	snprintf(what, sizeof(what), "%s, %s", name, when);
	for (size_t i = 0; i < (size_t)world_source.streams; i++)
		assert_truth_of(i, what, v->key);
}

static void
run_well(const struct variant *v, const char *when)
{
	ck_assert_msg(run() == AB_OK, "%s, %s: %s", name, when, err.text);
	ck_assert_int_eq(report.outcome, SYNC_DONE);
	assert_all(v, when);
}

/* Other kinds of read would add a generation. */
static int
is_repeatable(const struct variant *v)
{
	return strcmp(v->mode, "things=full_refresh:append") != 0;
}

static void
run_again(const struct variant *v)
{
	if (!is_repeatable(v))
		return;
	grow(v->key);
	run_well(v, "with more records");
	run_well(v, "with nothing new");
}

/* Streams of which the run said that all is well hold what they should; and it has a word for what is not. */
static void
assert_ended(const struct variant *v)
{
	char what[400];

	ck_assert_msg(report.outcome == SYNC_DONE || err.status != AB_OK, "%s: no error", name);
	snprintf(what, sizeof(what), "%s, right after the failure", name);
	for (size_t i = 0; i < report.nstreams; i++) {
		const struct sync_stream_report *s = &report.streams[i];

		if (s->ended_us != 0 && !s->failed && !s->stopped)
			assert_truth_of(i, what, v->key);
	}
}

static void
forget_faults(void)
{
	world_source.fail_at = world_source.dies = world_source.is_stale = world_source.raise_at =
	    0;
	world_dest.fail_at = 0;
	world_dest.wrong = AB_OK;
	world_dest.refuses = 0;
}

START_TEST(every_stream_arrives_once)
{
	for (unsigned i = 0; i < number_of("CROWD_CASES", CASES); i++) {
		struct variant v = begin_case(i);

		run_well(&v, "clean");
		run_again(&v);
	}
}
END_TEST

START_TEST(as_many_are_open_as_there_are_lanes)
{
	const struct variant v = {"things=incremental:append", 0, 5, 0, 0, 0, 0};

	begin_variant(&v);
	world_source.streams = 2;
	world_source.seed = 7;
	options.lanes = 4;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(world_most_open(), 4);
	options.lanes = 0;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(world_most_open(), 1);
}
END_TEST

/* Some runs in which something fails by chance, then one without. */
static void
fail_and_recover(unsigned number, void (*fault)(const struct variant *v))
{
	struct variant v = begin_case(number);

	/* a stream that had ended would be read once more, into another generation */
	if (!is_repeatable(&v))
		world_source.streams = 1;
	for (unsigned runs = 1 + roll(4); runs > 0; runs--) {
		fault(&v);
		world_source.seed = 1 + roll(30000);
		options.lanes = 1 + (int)roll(WORLD_LANES);
		run();
		assert_ended(&v);
		forget_faults();
		if (report.outcome == SYNC_DONE && !is_repeatable(&v))
			return;
	}
	world_source.is_stale = v.resumable && !world_dest.keeps_rows && roll(3) == 0;
	run_well(&v, "after all");
	run_again(&v);
}

static void
source_fails(const struct variant *v)
{
	(void)v;
	world_source.fail_at = 1 + (int)roll(40);
	world_source.dies = roll(3) == 0;
	world_source.is_stale = !world_dest.keeps_rows && roll(4) == 0;
}

START_TEST(a_failing_source_takes_nothing_of_the_others)
{
	for (unsigned i = 0; i < number_of("CROWD_CASES", CASES); i++)
		fail_and_recover(i, source_fails);
}
END_TEST

static void
dest_fails(const struct variant *v)
{
	(void)v;
	world_dest.fail_at = 1 + (int)roll(60);
	if (roll(2))
		world_source.fail_at = 1 + (int)roll(40);
}

START_TEST(a_crash_at_any_call_loses_and_doubles_nothing)
{
	for (unsigned i = 0; i < number_of("CROWD_CASES", CASES); i++)
		fail_and_recover(i, dest_fails);
}
END_TEST

static void
stream_is_wrong(const struct variant *v)
{
	(void)v;
	if (roll(2))
		world_dest.refuses = 1;
	else
		world_dest.wrong = AB_EDATA;
}

START_TEST(a_refused_stream_takes_nothing_of_the_others)
{
	for (unsigned i = 0; i < number_of("CROWD_CASES", CASES); i++)
		fail_and_recover(i, stream_is_wrong);
}
END_TEST

static void
signal_comes(const struct variant *v)
{
	(void)v;
	world_source.raise_at = 1 + (int)roll(40);
}

START_TEST(a_signal_keeps_what_was_read)
{
	for (unsigned i = 0; i < number_of("CROWD_CASES", CASES); i++)
		fail_and_recover(i, signal_comes);
}
END_TEST

static void
anything(const struct variant *v)
{
	void (*const faults[])(const struct variant *) = {
	    source_fails, dest_fails, stream_is_wrong, signal_comes};

	faults[roll(4)](v);
	faults[roll(4)](v);
}

START_TEST(faults_together)
{
	for (unsigned i = 0; i < number_of("CROWD_CASES", CASES); i++)
		fail_and_recover(i, anything);
}
END_TEST

/* What is written can be cut off, but not be picked out: partitions that are open must end before a checkpoint. */
static void
keeps_rows(const struct variant *v)
{
	world_dest.keeps_rows = 1;
	anything(v);
	world_source.is_stale = 0;
}

START_TEST(a_destination_that_takes_nothing_back_gets_nothing_twice)
{
	for (unsigned i = 0; i < number_of("CROWD_CASES", CASES); i++)
		fail_and_recover(i, keeps_rows);
}
END_TEST

/* Each stream's last page is long after the first's; the others do not wait for it. */
START_TEST(a_failed_stream_is_the_only_one)
{
	const struct variant v = {"things=incremental:append", 0, 3, 0, 0, 0, 0};

	for (int at = 1; at < 30; at++)
		for (int dies = 0; dies < 2; dies++) {
			int failed = 0;

			begin_variant(&v);
			snprintf(name, sizeof(name), "failure at %d, dies %d", at, dies);
			world_source.streams = 3;
			world_source.seed = (unsigned)at;
			world_source.fail_at = at;
			world_source.dies = dies;
			options.lanes = 4;
			run();
			for (size_t i = 0; i < 3; i++)
				failed += report.streams[i].failed;
			for (size_t i = 0; i < 3; i++)
				ck_assert_msg(report.streams[i].ended_us != 0,
				    "%s: %s was never read to its end", name, world_stream_name(i));
			/* one that dies may meet its page again, when all are read alone, or not */
			if (!dies) {
				ck_assert_msg(failed == 1, "%s: %d", name, failed);
				ck_assert_int_eq(report.outcome, SYNC_SOME_FAILED);
			}
			assert_ended(&v);
		}
}
END_TEST

static Suite *
crowd_suite(void)
{
	Suite *s = suite_create("crowd");
	TCase *t = tcase_create("crowd");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, every_stream_arrives_once);
	tcase_add_test(t, as_many_are_open_as_there_are_lanes);
	tcase_add_test(t, a_failing_source_takes_nothing_of_the_others);
	tcase_add_test(t, a_crash_at_any_call_loses_and_doubles_nothing);
	tcase_add_test(t, a_refused_stream_takes_nothing_of_the_others);
	tcase_add_test(t, a_signal_keeps_what_was_read);
	tcase_add_test(t, faults_together);
	tcase_add_test(t, a_destination_that_takes_nothing_back_gets_nothing_twice);
	tcase_add_test(t, a_failed_stream_is_the_only_one);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(crowd_suite())
