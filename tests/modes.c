/* The laws of docs/modes.md, a test for each cell of its tables, in the world of world.h: what becomes of old rows, of the state,
 * and of a read that was interrupted, in each pair of modes and with Airbyte's generations. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "laws_help.h"
#include "suite.h"

static json_t *catalog;

/* The stream "things" as a platform configures it; minimum below 0: without generations. */
static void
configure(const char *sync_mode, const char *destination, int generation, int minimum)
{
	json_decref(catalog);
	catalog = json_pack("{s:[{s:{s:s}, s:s, s:s}]}", "streams", "stream", "name", "things",
	    "sync_mode", sync_mode, "destination_sync_mode", destination);
	if (minimum >= 0)
		json_object_update_new(json_array_get(json_object_get(catalog, "streams"), 0),
		    json_pack("{s:i, s:i, s:i}", "generation_id", generation,
			"minimum_generation_id", minimum, "sync_id", 7));
	options.catalog = catalog;
	mode = NULL;
}

static void
begin(int has_key)
{
	world_reset();
	world_source.page_size = 3;
	world_source.pauses = 1;
	world_source.has_key = has_key;
	fill(0);
}

static size_t
rows_of(int generation)
{
	const struct world_table *t = world_table(0);
	size_t n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->rows[i].generation_id == generation;
	return n;
}

static const char *
state_of(void)
{
	size_t n;
	const struct dest_state *rows = world_states(&n);

	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(rows[0].started_us, 0);
	ck_assert_ptr_null(rows[0].token);
	return rows[0].state == NULL ? "{}" : rows[0].state;
}

static void
interrupt(void)
{
	world_source.fail_at = 2;
	ck_assert_int_eq(run(), AB_ETRANSIENT);
	world_source.fail_at = 0;
}

/* full_refresh, overwrite */

START_TEST(overwrite_replaces_all_at_the_end)
{
	begin(1);
	configure("full_refresh", "overwrite", 0, -1);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_str_eq(state_of(), "{}");
	world_source.n = 6; /* half of it is gone at the source */
	interrupt();
	ck_assert_uint_eq(world_table(0)->n, 12);
	ck_assert_uint_eq(rows_of(1), 12);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 0);
	assert_truth("replaced", 0);
	ck_assert_uint_eq(rows_of(1), 0);
}
END_TEST

START_TEST(overwrite_goes_on_where_tokens_outlive_a_run)
{
	begin(1);
	world_source.resumable = 1;
	configure("full_refresh", "overwrite", 0, -1);
	interrupt();
	ck_assert_uint_eq(world_table(0)->n, 0);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 1);
	ck_assert_int_lt(world_pages_served(), 4);
	assert_truth("went on", 0);
}
END_TEST

/* full_refresh, append */

START_TEST(a_full_append_keeps_every_copy)
{
	begin(1);
	configure("full_refresh", "append", 0, -1);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_str_eq(state_of(), "{}");
	ck_assert_uint_eq(rows_of(1), 12);
	ck_assert_uint_eq(rows_of(2), 12);
	interrupt();
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_uint_eq(rows_of(1), 12);
	ck_assert_uint_eq(rows_of(2), 12);
	ck_assert_uint_eq(world_table(0)->n, 36);
}
END_TEST

/* full_refresh, append_dedup */

START_TEST(a_full_dedup_updates_and_deletes_nothing)
{
	begin(1);
	configure("full_refresh", "append_dedup", 0, -1);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_str_eq(state_of(), "{}");
	world_source.n = 6;
	interrupt();
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_uint_eq(rows_of(1), 6);
	ck_assert_uint_eq(world_table(0)->n, 12);
}
END_TEST

/* incremental, overwrite */

START_TEST(incremental_overwrite_is_refused)
{
	begin(1);
	configure("incremental", "overwrite", 0, -1);
	ck_assert_int_eq(run(), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "would keep nothing but the newest records"));
}
END_TEST

/* incremental, append and append_dedup; tests/laws.c has every kind of source, and every moment */

static void
check_incremental(const char *destination, int dedup)
{
	begin(dedup);
	configure("incremental", destination, 0, -1);
	interrupt();
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("after an interruption", dedup);
	ck_assert_str_eq(state_of(), "{\"at\":7}");
	grow(dedup);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_str_eq(state_of(), "{\"at\":9}");
	assert_truth("only what is new", dedup);
}

START_TEST(incremental_adds_what_is_new)
{
	check_incremental("append", 0);
	check_incremental("append_dedup", 1);
}
END_TEST

/* Generations. */

START_TEST(rows_carry_the_generation_of_the_catalog)
{
	static const char *const modes[][2] = {{"full_refresh", "overwrite"},
	    {"full_refresh", "append"}, {"full_refresh", "append_dedup"}, {"incremental", "append"},
	    {"incremental", "append_dedup"}};

	for (size_t i = 0; i < 5; i++) {
		begin(1);
		configure(modes[i][0], modes[i][1], 42, i == 0 ? 42 : 0);
		ck_assert_int_eq(run(), AB_OK);
		ck_assert_uint_eq(rows_of(42), 12);
		assert_truth(modes[i][1], 1);
	}
}
END_TEST

/* The same generation again is no refresh: an incremental read goes on, a full append adds. */
START_TEST(the_same_generation_goes_on)
{
	begin(0);
	configure("incremental", "append", 5, 5);
	ck_assert_int_eq(run(), AB_OK);
	grow(0);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(world_pages_served(), 2);
	assert_truth("incremental", 0);
	begin(1);
	configure("full_refresh", "append", 5, 0);
	ck_assert_int_eq(run(), AB_OK);
	interrupt();
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_uint_eq(rows_of(5), 24);
}
END_TEST

/* A minimum that is the generation: older rows go, when the stream has ended well and not before. */
START_TEST(a_minimum_replaces_what_is_older)
{
	static const char *const modes[][2] = {{"incremental", "append"},
	    {"incremental", "append_dedup"}, {"full_refresh", "append"},
	    {"full_refresh", "append_dedup"}, {"full_refresh", "overwrite"}};

	for (size_t i = 0; i < 5; i++) {
		begin(1);
		configure(modes[i][0], modes[i][1], 5, 5);
		ck_assert_int_eq(run(), AB_OK);
		world_source.n = 6;
		configure(modes[i][0], modes[i][1], 6, 6);
		interrupt();
		ck_assert_uint_eq(world_table(0)->n, 12);
		ck_assert_int_eq(run(), AB_OK);
		assert_truth(modes[i][1], 1);
		ck_assert_uint_eq(rows_of(6), 6);
	}
}
END_TEST

/* Minimum 0: all is read again, and older rows stay. */
START_TEST(a_new_generation_without_a_minimum_merges)
{
	static const char *const modes[][2] = {{"incremental", "append"},
	    {"full_refresh", "append"}, {"full_refresh", "overwrite"},
	    {"incremental", "append_dedup"}, {"full_refresh", "append_dedup"}};

	for (size_t i = 0; i < 5; i++) {
		begin(1);
		configure(modes[i][0], modes[i][1], 5, 0);
		ck_assert_int_eq(run(), AB_OK);
		configure(modes[i][0], modes[i][1], 6, 0);
		interrupt();
		ck_assert_int_eq(run(), AB_OK);
		ck_assert_uint_eq(rows_of(6), 12);
		ck_assert_uint_eq(rows_of(5), i < 3 ? 12 : 0);
		if (i != 0)
			continue;
		grow(0);
		ck_assert_int_eq(run(), AB_OK);
		ck_assert_int_eq(world_pages_served(), 2);
		ck_assert_uint_eq(rows_of(6), world_source.n);
	}
}
END_TEST

START_TEST(generations_that_make_no_sense_are_refused)
{
	begin(0);
	configure("incremental", "append", 5, 0);
	ck_assert_int_eq(run(), AB_OK);
	configure("incremental", "append", 4, 0);
	ck_assert_int_eq(run(), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "must never go back"));
	configure("incremental", "append", 6, 3);
	ck_assert_int_eq(run(), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(err.text, "minimum_generation_id must be 0"));
	assert_truth("and nothing is done", 0);
	/* without them the numbers go on where the catalog's had ended */
	configure("full_refresh", "append", 0, -1);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_uint_eq(rows_of(6), 12);
}
END_TEST

static void
teardown(void)
{
	json_decref(catalog);
	catalog = NULL;
	sync_report_fini(&report);
}

static Suite *
modes_suite(void)
{
	Suite *s = suite_create("modes");
	TCase *t = tcase_create("modes");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, overwrite_replaces_all_at_the_end);
	tcase_add_test(t, overwrite_goes_on_where_tokens_outlive_a_run);
	tcase_add_test(t, a_full_append_keeps_every_copy);
	tcase_add_test(t, a_full_dedup_updates_and_deletes_nothing);
	tcase_add_test(t, incremental_overwrite_is_refused);
	tcase_add_test(t, incremental_adds_what_is_new);
	tcase_add_test(t, rows_carry_the_generation_of_the_catalog);
	tcase_add_test(t, the_same_generation_goes_on);
	tcase_add_test(t, a_minimum_replaces_what_is_older);
	tcase_add_test(t, a_new_generation_without_a_minimum_merges);
	tcase_add_test(t, generations_that_make_no_sense_are_refused);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(modes_suite())
