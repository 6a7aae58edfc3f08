/* Laws of host/engine/joint: of streams that share one state, all have stored the same one after every run, whatever failed
 * and whenever; and the next runs end with every record once.  The source is that of world_program.c.  Series of random
 * cases: TEST_SEED=N begins another one, JOINT_CASES says how long it is. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/joint.h"
#include "engine/writer.h"
#include "laws_help.h"

#define CASES 600

static char name[300];

/* Three streams of twelve records at 1 to 7, a state behind each value. */
static void
begin(const char *of_all)
{
	world_reset();
	world_source.page_size = 3;
	world_source.streams = 3;
	world_source.state_every = 1;
	world_source.own_state = world_source.pauses = 1;
	world_source.has_key = strstr(of_all, "dedup") != NULL;
	mode = of_all;
	fill(0);
}

/* Where the stream goes on, 0: at the beginning. */
static int
stored_at(size_t stream)
{
	size_t n;
	const struct dest_state *rows = world_states(&n);

	for (size_t i = 0; i < n; i++) {
		const char *state = rows[i].token != NULL ? rows[i].token : rows[i].state;
		const char *at = strchr(state == NULL ? "" : state, ':');

		if (strcmp(rows[i].stream, world_stream_name(stream)) == 0 && at != NULL)
			return (int)strtol(at + 1, NULL, 10);
	}
	return 0;
}

static void
assert_same_state(void)
{
	for (size_t i = 1; i < (size_t)world_source.streams; i++)
		ck_assert_msg(stored_at(i) == stored_at(0), "%s: %s is at %d, %s at %d", name,
		    world_stream_name(0), stored_at(0), world_stream_name(i), stored_at(i));
}

static void
run_well(void)
{
	ck_assert_msg(run() == AB_OK, "%s: %s", name, err.text);
	ck_assert_int_eq(report.outcome, SYNC_DONE);
	for (size_t i = 0; i < (size_t)world_source.streams; i++)
		assert_truth_of(i, name, world_source.has_key);
}

static void
forget_faults(void)
{
	memset(world_source.fails, 0, sizeof(world_source.fails));
	world_source.fail_at = world_source.raise_at = world_source.garbage_at = 0;
	world_source.ends_at = 0;
	world_dest.fail_at = world_dest.refuses = world_dest.wrong_after = 0;
	world_dest.wrong = AB_OK;
}

START_TEST(nothing_is_committed_between_parts_or_without_a_stream)
{
	const struct source_event page = {.type = SOURCE_PAGE},
				  part = {.type = SOURCE_PAGE, .joint = 1, .joined = 1},
				  last = {.type = SOURCE_PAGE, .joint = 1};
	struct error why = {AB_EDATA, "a value is wrong"}, e = ERROR_INIT;
	struct joint j = {0};

	joint_take(&j, &page);
	ck_assert_int_eq(joint_may_commit(&j), 1);
	joint_take(&j, &part);
	ck_assert_int_eq(joint_may_commit(&j), 0);
	joint_take(&j, &last);
	ck_assert_int_eq(joint_may_commit(&j), 1);
	j = (struct joint){0};
	joint_lose(&j, 1, &why);
	joint_take(&j, &page); /* it may be that each has its own */
	ck_assert_int_eq(joint_may_commit(&j), 1);
	joint_take(&j, &last);
	ck_assert_int_eq(joint_may_commit(&j), 0);
	why.status = AB_ECONFIG;
	joint_lose(&j, 2, &why);
	ck_assert_uint_eq(j.stream, 1);
	joint_tell(&j, "others", &e);
	ck_assert_int_eq(e.status, AB_EDATA);
}
END_TEST

/* Whoever sends a commit does not know yet what the writer has refused. */
START_TEST(a_joint_commit_is_none_where_a_stream_is_refused)
{
	for (int is_joint = 0; is_joint < 2; is_joint++) {
		struct writer_stream streams[2] = {
		    {.spec = {.name = "things", .mode = DEST_APPEND}},
		    {.spec = {.name = "others", .mode = DEST_APPEND}}};
		struct dest_run about = {.connector = "world"};
		struct error e = ERROR_INIT;
		struct dest *d;
		struct writer w;
		size_t n;

		world_reset();
		world_dest.refuses = 1;
		ck_assert_int_eq(dest_open("", "world", NULL, 0, &d, &e), AB_OK);
		ck_assert_int_eq(writer_init(&w, d, &about, streams, 2, 1, &e), AB_OK);
		for (size_t i = 0; i < 2; i++) {
			const struct queue_item item = {.type = QUEUE_BEGIN, .stream = i};

			writer_send(&w, &item);
		}
		ck_assert_int_eq(streams[0].refused, 1);
		ck_assert_int_eq(w.failed, 0);
		{
			struct writer_commit *c = calloc(1, sizeof(*c));
			const struct queue_item item = {.type = QUEUE_COMMIT, .commit = c};

			c->groups = calloc(2, sizeof(*c->groups));
			c->n = 2;
			c->is_joint = is_joint;
			for (size_t i = 0; i < 2; i++) {
				struct writer_group *g = &c->groups[i];

				g->stream = i;
				g->n = 1;
				g->rows = calloc(1, sizeof(*g->rows));
				g->rows->stream = strdup(world_stream_name(i));
				g->rows->partition = strdup("");
			}
			writer_send(&w, &item);
		}
		world_states(&n);
		ck_assert_int_eq(w.failed, is_joint);
		ck_assert_int_eq(w.commits, !is_joint);
		ck_assert_int_eq(n, !is_joint);
		if (is_joint) {
			ck_assert_int_eq(w.failed_stream, 0);
			ck_assert_int_eq(w.is_fatal, 0);
			ck_assert_ptr_nonnull(strstr(w.error.text, "not mine"));
		}
		writer_fini(&w);
		d->ops->close(d);
	}
}
END_TEST

/* In one thread the refusal is there before the parts of the state come, and nobody has looked for it when they are
 * committed. */
START_TEST(all_end_with_the_stream_that_the_destination_refuses)
{
	for (int bits = 0; bits < 8; bits++)
		for (int at = 0; at < 8; at++) {
			begin(bits & 1 ? "things=incremental:append_dedup"
				       : "things=incremental:append");
			options.one_thread = (bits & 2) != 0;
			world_dest.keeps_rows = (bits & 4) != 0;
			snprintf(name, sizeof(name), "bits %d, write %d", bits, at);
			world_dest.wrong = AB_EDATA;
			world_dest.wrong_after = at;
			ck_assert_int_eq(run(), AB_EDATA);
			ck_assert_int_eq(report.outcome, SYNC_FAILED);
			ck_assert_str_eq(report.streams[0].error, "a value is wrong");
			for (int i = 1; i < 3; i++)
				ck_assert_str_eq(report.streams[i].error,
				    "it ends with stream \"things\", since a state of this source covers both; "
				    "that failed: a value is wrong");
			assert_same_state();
			/* in dedup some rows take the place of others */
			for (size_t i = 0; i < 3 && !world_source.has_key; i++)
				ck_assert_uint_eq(report.streams[i].written, world_table(i)->n);
			forget_faults();
			run_well();
		}
}
END_TEST

/* A catalog that tells generations: of the second stream this one. */
static void
run_generation(int number, ab_status expected)
{
	json_t *catalog = json_array();

	for (int i = 0; i < 2; i++)
		json_array_append_new(catalog,
		    json_pack("{s:{s:s}, s:s, s:s, s:i, s:i}", "stream", "name",
			world_stream_name(i), "sync_mode", "incremental", "destination_sync_mode",
			"append", "generation_id", i == 1 ? number : 5, "minimum_generation_id",
			0));
	options.catalog = json_pack("{s:o}", "streams", catalog);
	mode = NULL;
	ck_assert_int_eq(run(), expected);
	json_decref((json_t *)(uintptr_t)options.catalog);
	options.catalog = NULL;
}

START_TEST(all_end_with_the_stream_that_cannot_begin)
{
	begin("things=incremental:append");
	world_source.streams = 2;
	world_source.ends_at = 4;
	snprintf(name, sizeof(name), "a generation goes back");
	run_generation(5, AB_OK);
	world_source.ends_at = 0;
	run_generation(4, AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(report.streams[0].error, "it ends with stream \"others\""));
	ck_assert_int_eq(stored_at(0), 4);
	assert_same_state();
	mode = "things=incremental:append";
	run_well();
}
END_TEST

/* Where it goes on nothing is written a second time. */
START_TEST(a_refresh_goes_on_at_a_state_and_takes_back_what_came_behind_it)
{
	for (int at = 1; at < 24; at++) {
		begin("things=incremental:append");
		snprintf(name, sizeof(name), "a refresh is broken at page %d", at);
		run_well();
		options.full_refresh = "";
		world_source.state_every = 2;
		world_source.fail_at = at;
		ck_assert_int_eq(run(), AB_ETRANSIENT);
		options.full_refresh = NULL;
		world_source.fail_at = 0;
		run_well();
	}
}
END_TEST

/* It cannot take the rows back by themselves; in a first run the others are read again without it, and only then come
 * states. */
START_TEST(all_end_also_where_it_failed_before_the_first_state)
{
	for (int bits = 0; bits < 4; bits++) {
		int streams = bits & 1 ? 2 : 3, is_first = (bits & 2) != 0;

		begin("things=incremental:append");
		world_source.streams = streams;
		world_source.ends_at = 2;
		if (!is_first)
			ck_assert_int_eq(run(), AB_OK);
		world_source.ends_at = 0;
		world_source.state_every = 7;
		world_dest.keeps_rows = 1;
		world_dest.wrong = AB_EDATA;
		snprintf(name, sizeof(name), "%d streams, %d", streams, is_first);
		ck_assert_int_eq(run(), AB_EDATA);
		ck_assert_int_eq(report.outcome, SYNC_FAILED);
		/* who knows it already ends at once */
		ck_assert_int_eq(report.streams[1].pages > 8, is_first);
		ck_assert_ptr_nonnull(
		    strstr(report.streams[1].error, "it ends with stream \"things\""));
		assert_same_state();
		forget_faults();
		run_well();
	}
}
END_TEST

/* What it says of one of them is its own business; but not where the rows of the others go with those of that one. */
START_TEST(what_the_program_calls_failed_has_the_state_of_all)
{
	for (int keeps_rows = 0; keeps_rows < 2; keeps_rows++) {
		begin("things=incremental:append");
		world_dest.keeps_rows = keeps_rows;
		world_source.fails[1] = AB_EBUG;
		world_source.ends_at = 4;
		snprintf(name, sizeof(name), "it fails, rows are kept: %d", keeps_rows);
		ck_assert_int_eq(run(), AB_EBUG);
		ck_assert_int_eq(report.streams[1].failed, 1);
		ck_assert_int_eq(report.streams[2].failed, keeps_rows);
		assert_same_state();
		ck_assert_int_eq(stored_at(0), 4);
		forget_faults();
		run_well();
	}
}
END_TEST

static void
begin_case(unsigned number)
{
	static const char *const modes[] = {"things=incremental:append",
	    "things=incremental:append_dedup", "things=full_refresh:overwrite"};

	dice = number_of("TEST_SEED", 1) * 7919 + number;
	begin(modes[roll(3)]);
	world_source.page_size = 1 + (int)roll(6);
	world_source.streams = 1 + (int)roll(WORLD_STREAMS);
	world_source.state_every = 1 + (int)roll(4);
	world_source.pauses = roll(4) > 0;
	/* a full refresh that goes on beside one that begins is for the program to tell apart */
	world_source.resumable = strstr(mode, "full") == NULL && roll(2);
	world_source.seed = 1 + roll(30000);
	world_dest.keeps_rows = roll(3) == 0;
	options.one_thread = roll(2) == 0;
	snprintf(name, sizeof(name), "case %u: %s, %d streams, a state every %d%s%s%s", number,
	    mode, world_source.streams, world_source.state_every,
	    world_source.pauses ? ", pauses" : "", world_dest.keeps_rows ? ", keeps rows" : "",
	    options.one_thread ? ", one thread" : "");
}

static void
roll_fault(void)
{
	switch (roll(7)) {
	case 0:
		world_source.fail_at = 1 + (int)roll(40);
		break;
	case 1:
		world_source.fails[roll(WORLD_STREAMS)] = AB_EBUG;
		world_source.ends_at = (int)roll(8);
		break;
	case 2:
		world_source.raise_at = 1 + (int)roll(40);
		break;
	case 3:
		world_source.garbage_at = 1 + (int)roll(40);
		break;
	case 4:
		world_dest.fail_at = 1 + (int)roll(60);
		break;
	case 5:
		world_dest.refuses = 1;
		break;
	default:
		world_dest.wrong = AB_EDATA;
		world_dest.wrong_after = (int)roll(12);
	}
}

START_TEST(whatever_fails_all_have_the_same_state)
{
	for (unsigned i = 0; i < number_of("JOINT_CASES", CASES); i++) {
		begin_case(i);
		for (unsigned runs = 1 + roll(4); runs > 0; runs--) {
			for (unsigned faults = roll(3); faults > 0; faults--)
				roll_fault();
			world_source.seed = 1 + roll(30000);
			run();
			assert_same_state();
			forget_faults();
		}
		run_well();
		world_source.records[world_source.n++] = (struct world_record){50, 9, 0};
		run_well();
	}
}
END_TEST

static Suite *
joint_suite(void)
{
	Suite *s = suite_create("joint");
	TCase *t = tcase_create("joint");

	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, nothing_is_committed_between_parts_or_without_a_stream);
	tcase_add_test(t, a_joint_commit_is_none_where_a_stream_is_refused);
	tcase_add_test(t, all_end_with_the_stream_that_the_destination_refuses);
	tcase_add_test(t, all_end_with_the_stream_that_cannot_begin);
	tcase_add_test(t, a_refresh_goes_on_at_a_state_and_takes_back_what_came_behind_it);
	tcase_add_test(t, all_end_also_where_it_failed_before_the_first_state);
	tcase_add_test(t, what_the_program_calls_failed_has_the_state_of_all);
	tcase_add_test(t, whatever_fails_all_have_the_same_state);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(joint_suite())
