/* What happens between and beside the records of a sync, in the world of world.h: resumption, other streams, signals, a mode
 * that changes from one run to the next, the state as it is told. */
#include "suite.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "engine/state_row.h"
#include "laws_help.h"

START_TEST(a_resumed_read_begins_at_the_next_page)
{
	const struct variant v = {"things=full_refresh:overwrite", 0, 0, 0, 1, 0, 0};

	begin_variant(&v);
	world_source.fail_at = 4;
	run();
	ck_assert_int_eq(world_table(0)->n, 0);
	world_source.fail_at = 0;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 1);
	ck_assert_int_eq(world_pages_served(), 1);
	ck_assert_int_eq(world_table(0)->rows[0].generation_id, 1);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 0);
	ck_assert_int_eq(world_table(0)->rows[0].generation_id, 2);
}
END_TEST

START_TEST(a_failed_stream_leaves_the_others)
{
	world_source.second_stream = 1;
	fill(0);
	for (int dies = 0; dies < 2; dies++) {
		ck_assert_int_eq(run(), AB_ETRANSIENT);
		ck_assert_int_eq(report.outcome, SYNC_SOME_FAILED);
		ck_assert_int_eq(report.streams[0].failed, 0);
		ck_assert_int_eq(report.streams[1].failed, 1);
		ck_assert_int_eq(world_table(0)->n, 12);
		world_reset();
		world_source.page_size = 3;
		world_source.second_stream = 1;
		fill(0);
	}
	/* the first dies, and the second gets a worker of its own */
	world_source.fail_at = 1;
	world_source.dies = 1;
	ck_assert_int_eq(run(), AB_ETRANSIENT);
	ck_assert_int_eq(report.outcome, SYNC_FAILED);
	ck_assert_str_eq(report.streams[1].error, "the source fails");
}
END_TEST

/* The reason of a run whose streams fail with these, whoever comes first. */
static void
fail_with(ab_status first, ab_status second, ab_status third, const char *reason)
{
	for (unsigned seed = 0; seed < 40; seed++) {
		world_reset();
		world_source.page_size = 3;
		world_source.streams = 3;
		world_source.seed = seed;
		world_source.fails[0] = first;
		world_source.fails[1] = second;
		world_source.fails[2] = third;
		options.lanes = 3;
		fill(0);
		ck_assert_int_ne(run(), AB_OK);
		ck_assert_str_eq(err.text, reason);
	}
}

START_TEST(who_fails_first_does_not_matter)
{
	fail_with(AB_ETRANSIENT, AB_EDATA, AB_ETRANSIENT, "things");
	fail_with(AB_OK, AB_EDATA, AB_ETRANSIENT, "others");
	/* trouble that does not pass is the reason before such that may */
	fail_with(AB_ETRANSIENT, AB_ECONFIG, AB_EDATA, "others");
	fail_with(AB_ETRANSIENT, AB_EUNSUPPORTED, AB_ECONFIG, "others");
	fail_with(AB_EBUG, AB_OK, AB_ECONFIG, "third");
	ck_assert_int_eq(err.status, AB_ECONFIG);
	ck_assert_int_eq(report.outcome, SYNC_SOME_FAILED);
}
END_TEST

/* Two streams; what becomes of the second when the destination refuses the first. */
static enum sync_outcome
refuse_first(int begin, ab_status wrong)
{
	world_reset();
	world_source.page_size = 3;
	world_source.second_stream = world_source.second_is_good = 1;
	world_dest.refuses = begin;
	world_dest.wrong = wrong;
	fill(0);
	ck_assert_int_ne(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].failed, 1);
	ck_assert_ptr_nonnull(strstr(report.streams[0].error, begin ? "not mine" : "is wrong"));
	ck_assert_int_eq(world_table(0)->n, 0);
	return report.outcome;
}

START_TEST(a_refused_stream_leaves_the_others_a_broken_destination_does_not)
{
	ck_assert_int_eq(refuse_first(1, AB_OK), SYNC_SOME_FAILED);
	ck_assert_int_eq(world_table(1)->n, 12);
	ck_assert_int_eq(refuse_first(0, AB_EDATA), SYNC_SOME_FAILED);
	ck_assert_int_eq(world_table(1)->n, 12);
	ck_assert_int_eq(refuse_first(0, AB_ETRANSIENT), SYNC_FAILED);
	ck_assert_int_eq(world_table(1)->n, 0);
}
END_TEST

START_TEST(a_second_signal_waits_for_nobody)
{
	fill(0);
	world_source.raise_at = 2;
	world_source.is_deaf = 1;
	ck_assert_int_eq(run(), AB_ECANCELLED);
	ck_assert_int_eq(report.outcome, SYNC_CANCELLED);
	world_source.raise_at = 0;
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("after two signals", 0);
}
END_TEST

START_TEST(a_page_that_is_not_json_is_named)
{
	fill(0);
	world_source.garbage_at = 2;
	ck_assert_int_eq(run(), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(err.text, "world 1, read_page of stream things, page 2: "));
}
END_TEST

START_TEST(a_signal_keeps_what_was_read)
{
	const struct variant v = {"things=incremental:append", 0, 0, 1, 0, 0, 0};

	begin_variant(&v);
	world_source.raise_at = 3;
	ck_assert_int_eq(run(), AB_ECANCELLED);
	ck_assert_int_eq(report.outcome, SYNC_CANCELLED);
	ck_assert_int_eq(report.signal, SIGINT);
	ck_assert_int_ge(world_table(0)->n, 6);
	world_source.raise_at = 0;
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("after a signal", 0);
}
END_TEST

/* Some pages are followed by a token that can be kept, some are not: where both move the read on, what goes when the
 * token is refused must not be what the state covers, and what it covers must not come again. */
START_TEST(tokens_and_states_in_turns_lose_and_double_nothing)
{
	for (int broken = 0; broken < 2; broken++)
		for (int parts = 0; parts < 2; parts++)
			for (int at = 1; at < 4; at++) {
				const struct variant v = {
				    "things=incremental:append", 0, parts, 1, 1, 0, 0};

				begin_variant(&v);
				world_source.empty_token_at = at;
				if (broken)
					world_source.records[8].at = 1;
				world_source.fail_at = 4;
				ck_assert_int_eq(run(), AB_ETRANSIENT);
				world_source.fail_at = 0;
				world_source.is_stale = !broken;
				ck_assert_msg(run() == AB_OK, "%s", err.text);
				assert_truth(broken ? "not sorted" : "a token is refused", 0);
			}
}
END_TEST

/* What a user may do between two runs. */
static void
change_mode(const char *first, const char *second, int fail_at, int expect_resumed)
{
	const struct variant v = {first, 1, 0, 0, 1, 0, 0};

	begin_variant(&v);
	world_source.fail_at = fail_at;
	run();
	world_source.fail_at = 0;
	mode = second;
	ck_assert_msg(run() == AB_OK, "%s", err.text);
	ck_assert_int_eq(report.streams[0].resumed, expect_resumed);
}

START_TEST(a_full_refresh_then_incremental_doubles_nothing)
{
	change_mode("things=full_refresh:overwrite", "things=incremental:append", 0, 0);
	assert_truth("full refresh, then append", 0);
	change_mode("things=full_refresh:overwrite", "things=incremental:append", 3, 0);
	assert_truth("interrupted full refresh, then append", 0);
	change_mode("things=full_refresh:overwrite", "things=incremental:append_dedup", 3, 0);
	assert_truth("interrupted full refresh, then dedup", 1);
	change_mode("things=incremental:append", "things=full_refresh:overwrite", 3, 0);
	assert_truth("interrupted append, then full refresh", 0);
	change_mode("things=incremental:append", "things=incremental:append_dedup", 3, 1);
	assert_truth("interrupted append, then dedup", 1);
	/* and where another refresh was begun, and given up, in between */
	for (int i = 0; i < 3; i++) {
		static const char *const between[] = {"things=full_refresh:append_dedup",
		    "things=full_refresh:append", "things=full_refresh:overwrite"};

		change_mode("things=full_refresh:overwrite", "things=full_refresh:overwrite", 0, 0);
		mode = between[i];
		world_source.fail_at = 3;
		ck_assert_int_eq(run(), AB_ETRANSIENT);
		world_source.fail_at = 0;
		mode = "things=incremental:append";
		ck_assert_msg(run() == AB_OK, "%s", err.text);
		assert_truth("full refresh, one that was given up, then append", 0);
	}
}
END_TEST

START_TEST(a_refresh_that_is_given_up_leaves_the_state)
{
	const struct variant v = {"things=incremental:append", 0, 0, 0, 1, 0, 0};

	begin_variant(&v);
	ck_assert_int_eq(run(), AB_OK);
	mode = "things=full_refresh:overwrite";
	world_source.fail_at = 3;
	run();
	world_source.fail_at = 0;
	mode = "things=incremental:append";
	grow(0);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(world_pages_served(), 2);
	assert_truth("refresh given up", 0);
}
END_TEST

START_TEST(reading_from_the_start_replaces_an_append)
{
	const struct variant v = {"things=incremental:append", 0, 0, 0, 1, 0, 0};

	begin_variant(&v);
	ck_assert_int_eq(run(), AB_OK);
	options.full_refresh = "";
	world_source.fail_at = 2;
	ck_assert_int_eq(run(), AB_ETRANSIENT);
	assert_truth("the old table stands while it is replaced", 0);
	world_source.fail_at = 0;
	options.full_refresh = NULL;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 1);
	assert_truth("replaced", 0);
	ck_assert_int_eq(world_table(0)->rows[0].generation_id, 2);
	grow(0);
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("and goes on", 0);
}
END_TEST

START_TEST(of_many_only_those_that_are_named_are_read_from_the_start)
{
	const struct variant v = {"things=incremental:append", 0, 0, 0, 0, 0, 0};

	begin_variant(&v);
	world_source.second_stream = world_source.second_is_good = 1;
	ck_assert_int_eq(run(), AB_OK);
	options.full_refresh = "others";
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(world_table(0)->rows[0].generation_id, 1);
	ck_assert_int_eq(world_table(1)->rows[0].generation_id, 2);
	assert_truth("not named", 0);
	assert_truth_of(1, "named", 0);
	options.full_refresh = "things,nobody";
	ck_assert_int_eq(run(), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "--full-refresh names the stream \"nobody\""));
	options.full_refresh = "others";
	options.streams = "things";
	ck_assert_int_eq(run(), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "not among those that this run reads"));
	options.streams = NULL;
	options.full_refresh = NULL;
}
END_TEST

static const char *
exported(void)
{
	static struct buf b;
	size_t n;
	const struct dest_state *rows = world_states(&n);

	buf_fini(&b);
	buf_init(&b, 1 << 20);
	ck_assert_int_eq(state_export(rows, n, &b), 0);
	return buf_str(&b);
}

START_TEST(the_state_is_told_in_airbytes_form)
{
	ck_assert_str_eq(exported(), "[]");
	mode = "things=incremental:append";
	fill(0);
	run();
	ck_assert_str_eq(exported(),
	    "[{\"type\": \"STREAM\", \"stream\": {\"stream_descriptor\": "
	    "{\"name\": \"things\"}, \"stream_state\": {\"at\":7}}}]");
	mode = "things=full_refresh";
	run();
	ck_assert_str_eq(exported(),
	    "[{\"type\": \"STREAM\", \"stream\": {\"stream_descriptor\": "
	    "{\"name\": \"things\"}, \"stream_state\": {}}}]");
	world_reset();
	world_source.page_size = 3;
	world_source.parts = 2;
	mode = "things=incremental:append";
	fill(0);
	run();
	ck_assert_str_eq(exported(),
	    "[{\"type\": \"STREAM\", \"stream\": {\"stream_descriptor\": "
	    "{\"name\": \"things\"}, \"stream_state\": {\"states\": "
	    "[{\"partition\": {\"p\":1}, \"cursor\": {\"at\":7}}, "
	    "{\"partition\": {\"p\":2}, \"cursor\": {\"at\":7}}]}}}]");
}
END_TEST

/* Into the table itself: then its rows go, for all of them come again. */
START_TEST(a_refresh_that_is_given_up_leaves_no_row)
{
	for (int bits = 0; bits < 16; bits++) {
		int dedup = bits & 1;
		const struct variant v = {
		    dedup ? "things=full_refresh:append_dedup" : "things=full_refresh:append",
		    dedup, bits & 2 ? 3 : 0, 0, (bits & 4) != 0, 0, 0};

		begin_variant(&v);
		options.lanes = bits & 8 ? 3 : 1;
		world_source.fail_at = 4;
		ck_assert_int_eq(run(), AB_ETRANSIENT);
		world_source.fail_at = 0;
		mode = dedup ? "things=incremental:append_dedup" : "things=incremental:append";
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(run(), AB_OK);
			assert_truth(dedup ? "dedup" : "append", dedup);
		}
	}
}
END_TEST

/* A run after one that has failed goes on with the others first; but then it is their turn again. */
START_TEST(a_partition_that_always_fails_starves_no_other)
{
	static const char *const modes[] = {
	    "things=incremental:append", "things=incremental:append_dedup"};

	for (int bits = 0; bits < 16; bits++) {
		const struct variant v = {
		    modes[bits & 1], bits & 1, 4, (bits & 2) != 0, (bits & 4) != 0, 0, 0};
		size_t before;

		begin_variant(&v);
		options.lanes = bits & 8 ? 3 : 1;
		world_source.fail_part = 3;
		ck_assert_int_eq(run(), AB_ETRANSIENT);
		before = world_table(0)->n;
		ck_assert_int_ge(before, 24);
		grow(0);
		for (int i = 0; i < 4; i++)
			ck_assert_int_eq(run(), AB_ETRANSIENT);
		ck_assert_msg(world_table(0)->n >= before + 6, "bits %d: %zu rows after %zu", bits,
		    world_table(0)->n, before);
		world_source.fail_part = 0;
		for (int i = 0; i < 2; i++) {
			ck_assert_int_eq(run(), AB_OK);
			assert_truth("after all", v.key);
		}
	}
}
END_TEST

static int
count_of(int id)
{
	const struct world_table *t = world_table(0);
	int n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->rows[i].id == id;
	return n;
}

/* Of a stream whose partitions share a state, they are left with states of their own. */
static void
leave_partition_states(void)
{
	world_source.fail_part = world_source.parts;
	ck_assert_int_eq(run(), AB_ETRANSIENT);
	world_source.fail_part = 0;
	ck_assert_int_eq(run(), AB_OK);
}

/* What is committed of one. */
static struct dest_state *
row_of(const char *partition)
{
	size_t n;
	struct dest_state *rows = (struct dest_state *)world_states(&n);

	while (n > 0 && strcmp(rows->partition, partition) != 0) {
		rows++;
		n--;
	}
	ck_assert_int_ne(n, 0);
	return rows;
}

/* As after `abhost state set`, or an import from elsewhere. */
static void
take_notes(struct dest_state *row)
{
	free(row->notes);
	row->notes = NULL;
}

/* As it was before each partition had a state of its own. */
static void
share_state(void)
{
	struct dest_state *done = row_of("{\"p\":1}");
	char *mark = strstr(row_of("")->notes, ",\"own\":true");

	take_notes(done);
	free(done->state);
	done->state = NULL;
	ck_assert_ptr_nonnull(mark);
	memmove(mark, mark + 11, strlen(mark + 11) + 1);
}

/* It had a state, and a refresh that had to be gone on with replaces its rows. */
START_TEST(a_refresh_keeps_no_state_of_a_partition_that_is_gone)
{
	const struct variant v = {"things=incremental:append", 0, 3, 0, 0, 0, 0};
	size_t n;

	begin_variant(&v);
	world_source.shared_state = 1;
	leave_partition_states();
	world_source.parts = 2;
	ck_assert_int_ne(*row_of("{\"p\":3}")->state, '\0');
	options.full_refresh = "";
	world_source.fail_part = 2;
	ck_assert_int_eq(run(), AB_ETRANSIENT);
	world_source.fail_part = 0;
	ck_assert_int_eq(run(), AB_OK);
	for (const struct dest_state *row = world_states(&n), *end = row + n; row < end; row++)
		ck_assert_ptr_null(strstr(row->partition, "3"));
}
END_TEST

/* A run of an older abhost has failed, and one partition was done. */
START_TEST(partitions_that_an_older_run_had_done_are_not_read_again)
{
	const struct variant v = {"things=incremental:append", 0, 2, 0, 0, 0, 0};

	for (int is_first = 0; is_first < 2; is_first++)
		for (int is_refresh = 0; is_refresh < 2; is_refresh++) {
			begin_variant(&v);
			world_source.shared_state = 1;
			options.full_refresh = is_refresh ? "" : NULL;
			if (!is_first)
				ck_assert_int_eq(run(), AB_OK);
			grow(0);
			world_source.fail_part = 2;
			ck_assert_int_eq(run(), AB_ETRANSIENT);
			share_state();
			world_source.fail_part = 0;
			ck_assert_int_eq(run(), AB_OK);
			options.full_refresh = NULL;
			ck_assert_int_eq(run(), AB_OK);
			ck_assert_int_eq(run(), AB_OK);
			assert_truth("after an older run", 0);
		}
}
END_TEST

/* Behind the token stands what is below all that came before it. */
START_TEST(a_partition_with_a_state_without_notes_is_read_on_newest_first)
{
	const struct variant v = {"things=incremental:append", 0, 2, 0, 1, 0, 0};

	begin_variant(&v);
	world_source.shared_state = 1;
	world_source.n = 0;
	for (int part = 1; part <= 2; part++)
		world_source.records[world_source.n++] = (struct world_record){100 * part, 1, part};
	leave_partition_states();
	take_notes(row_of("{\"p\":1}"));
	for (int at = 20; at > 10; at--)
		world_source.records[world_source.n++] = (struct world_record){100 + at, at, 1};
	world_source.fail_at = 3;
	ck_assert_int_eq(run(), AB_ETRANSIENT);
	world_source.fail_at = 0;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 1);
	for (size_t i = 0; i < world_source.n; i++)
		if (world_source.records[i].at > 1)
			ck_assert_int_eq(count_of(world_source.records[i].id), 1);
}
END_TEST

static Suite *
turns_suite(void)
{
	Suite *s = suite_create("turns");
	TCase *t = tcase_create("turns");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, a_resumed_read_begins_at_the_next_page);
	tcase_add_test(t, a_failed_stream_leaves_the_others);
	tcase_add_test(t, who_fails_first_does_not_matter);
	tcase_add_test(t, a_refused_stream_leaves_the_others_a_broken_destination_does_not);
	tcase_add_test(t, a_second_signal_waits_for_nobody);
	tcase_add_test(t, a_page_that_is_not_json_is_named);
	tcase_add_test(t, a_signal_keeps_what_was_read);
	tcase_add_test(t, tokens_and_states_in_turns_lose_and_double_nothing);
	tcase_add_test(t, a_full_refresh_then_incremental_doubles_nothing);
	tcase_add_test(t, a_refresh_that_is_given_up_leaves_the_state);
	tcase_add_test(t, reading_from_the_start_replaces_an_append);
	tcase_add_test(t, of_many_only_those_that_are_named_are_read_from_the_start);
	tcase_add_test(t, the_state_is_told_in_airbytes_form);
	tcase_add_test(t, a_partition_that_always_fails_starves_no_other);
	tcase_add_test(t, a_refresh_that_is_given_up_leaves_no_row);
	tcase_add_test(t, a_partition_with_a_state_without_notes_is_read_on_newest_first);
	tcase_add_test(t, partitions_that_an_older_run_had_done_are_not_read_again);
	tcase_add_test(t, a_refresh_keeps_no_state_of_a_partition_that_is_gone);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(turns_suite())
