/* Laws of engine/state and engine/state_row: a row comes back as it was written, byte for byte, and what is told to the
 * connector is JSON whatever was stored.  What follows from rows for a whole run is in laws.c. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "engine/state_edit.h"
#include "engine/state_row.h"

static const char *const at[] = {"at", NULL};
static struct plan_stream stream;
static struct state_read reading;
static struct error err;

static void
setup(void)
{
	memset(&stream, 0, sizeof(stream));
	memset(&reading, 0, sizeof(reading));
	error_clear(&err);
	stream.name = "a \"quoted\" name";
	stream.namespace_ = "";
	stream.sync_mode = PLAN_INCREMENTAL;
	stream.mode = DEST_APPEND;
	stream.cursor = at;
}

static void
teardown(void)
{
	state_close(&reading);
}

static void
open_with(const struct dest_state *rows, size_t n, int from_start)
{
	state_close(&reading);
	ck_assert_int_eq(state_open(&reading, &stream, from_start, rows, n, &err), AB_OK);
}

static void
set(char **text, const char *to)
{
	ck_assert_int_eq(state_set(text, to, strlen(to)), 0);
}

/* A partition in the middle of a read, with all there can be. */
static struct state_part *
fill(const char *partition)
{
	struct state_part *p = state_take_part(&reading, partition);

	p->is_open = 1;
	set(&p->base.json, "{\"at\":18446744073709551616}");
	set(&p->base.cursor, "18446744073709551616");
	set(&p->token, "a\"b\\\n\xc3\xa9");
	set(&p->run.json, "{\"at\":1.10}");
	set(&p->run.cursor, "1.10");
	p->base.edge = calloc(2, sizeof(uint64_t));
	p->base.edge[0] = UINT64_MAX;
	p->base.edge[1] = 7;
	p->base.nedge = 2;
	p->pages = 5;
	p->started_us = 1234567890123456;
	p->lane = 42;
	p->dirty = 1;
	return p;
}

static void
free_rows(struct state_rows *rows)
{
	dest_states_free(rows->rows, rows->n);
}

START_TEST(a_row_comes_back_as_it_was)
{
	struct state_rows rows;
	struct state_part *p;

	open_with(NULL, 0, 0);
	reading.until_us = 1234567890123499;
	fill("{\"p\":1}");
	ck_assert_int_eq(state_rows(&reading, &rows, &err), AB_OK);
	ck_assert_int_eq(rows.n, 1);
	ck_assert_int_eq(rows.replace, 0);
	ck_assert_str_eq(rows.rows[0].stream, stream.name);
	ck_assert_int_eq(rows.rows[0].generation_id, 1);
	open_with(rows.rows, rows.n, 0);
	free_rows(&rows);
	ck_assert_int_eq(reading.resumed, 1);
	ck_assert_int_eq(reading.until_us, 1234567890123499);
	p = reading.parts;
	ck_assert_ptr_null(p->next);
	ck_assert_str_eq(p->partition, "{\"p\":1}");
	ck_assert_str_eq(p->base.json, "{\"at\":18446744073709551616}");
	ck_assert_str_eq(p->base.cursor, "18446744073709551616");
	ck_assert_str_eq(p->token, "a\"b\\\n\xc3\xa9");
	ck_assert_str_eq(p->run.json, "{\"at\":1.10}");
	ck_assert_str_eq(p->run.cursor, "1.10");
	ck_assert_int_eq(p->base.nedge, 2);
	ck_assert(p->base.edge[0] == UINT64_MAX && p->base.edge[1] == 7);
	ck_assert_int_eq(p->run.nedge, 0);
	ck_assert_int_eq(p->started_us, 1234567890123456);
	ck_assert_int_eq(p->pages, 5);
	ck_assert_int_eq(p->lane, 42);
}
END_TEST

START_TEST(of_many_streams_rows_each_finds_its_own)
{
	char a[] = "a", b[] = "b", c[] = "c", n_[] = "n", none[] = "", one[] = "1", two[] = "2";
	struct dest_state rows[] = {
	    {.stream = b, .namespace_ = none, .partition = two},
	    {.stream = c, .namespace_ = none, .partition = none},
	    {.stream = b, .namespace_ = n_, .partition = none},
	    {.stream = a, .namespace_ = none, .partition = none},
	    {.stream = b, .namespace_ = none, .partition = one},
	};
	const char *const streams[] = {"a", "b", "c", "b", "0", "bb", "d"};
	const char *const spaces[] = {"", "", "", "n", "", "", ""};
	const size_t found[] = {1, 2, 1, 1, 0, 0, 0};

	state_rows_sort(rows, 5);
	state_rows_sort(NULL, 0);
	for (size_t i = 0; i < 7; i++) {
		size_t n = 5;
		const struct dest_state *of = state_rows_of(rows, &n, streams[i], spaces[i]);

		ck_assert_uint_eq(n, found[i]);
		ck_assert_int_eq(of == NULL, n == 0);
		for (size_t k = 0; k < n; k++) {
			ck_assert_str_eq(of[k].stream, streams[i]);
			ck_assert_str_eq(of[k].namespace_, spaces[i]);
			ck_assert_int_eq(of[k].partition[0], n == 2 ? (int)('1' + k) : 0);
		}
		n = 0;
		ck_assert_ptr_null(state_rows_of(NULL, &n, streams[i], spaces[i]));
	}
}
END_TEST

/* Rows of partitions that are read at once are told apart by lanes, of which there are so many. */
START_TEST(the_unfinished_leave_lanes_for_those_that_begin)
{
	struct state_part *p;
	char name[16];
	int kept = 0;

	open_with(NULL, 0, 0);
	for (int i = 0; i < DEST_LANES; i++) {
		snprintf(name, sizeof(name), "%d", i);
		p = fill(name);
		p->lane = DEST_NO_LANE;
		p->is_open = i < 3;
		ck_assert_int_eq(state_give_lane(&reading, p), 0);
	}
	p = state_take_part(&reading, "\"one more\"");
	ck_assert_int_eq(state_give_lane(&reading, p), -1);
	state_drop_part(&reading, p);
	while ((p = state_in_the_way(&reading, 8)) != NULL) {
		ck_assert(!p->is_open && p->token != NULL && p->lane != DEST_NO_LANE);
		state_drop_part(&reading, p);
	}
	for (p = reading.parts; p != NULL; p = p->next)
		kept++;
	ck_assert_int_eq(kept, DEST_LANES - 8);
}
END_TEST

START_TEST(only_what_changed_is_written)
{
	struct state_rows rows;

	open_with(NULL, 0, 0);
	fill("1");
	fill("2")->dirty = 0;
	ck_assert_int_eq(state_rows(&reading, &rows, &err), AB_OK);
	ck_assert_int_eq(rows.n, 1);
	free_rows(&rows);
	ck_assert_int_eq(state_rows(&reading, &rows, &err), AB_OK);
	ck_assert_int_eq(rows.n, 0);
	free_rows(&rows);
	ck_assert_int_eq(state_end(&reading, &rows, &err), AB_OK);
	ck_assert_int_eq(rows.n, 2);
	ck_assert_int_eq(rows.replace, 1);
	ck_assert_ptr_null(rows.rows[0].token);
	ck_assert_int_eq(rows.rows[0].started_us, 0);
	ck_assert_str_eq(rows.rows[0].state, "{\"at\":18446744073709551616}");
	free_rows(&rows);
}
END_TEST

START_TEST(what_is_committed_is_told_as_json)
{
	struct state_part *p;
	struct buf b;

	open_with(NULL, 0, 0);
	buf_init(&b, 10000);
	ck_assert_int_eq(state_committed(&reading, &b), 0);
	ck_assert_str_eq(buf_str(&b), "[]");
	p = fill("{\"p\":1}");
	p->done = 1;
	set(&p->token, "");
	ck_assert_int_eq(state_put_part(&reading, p), 0);
	fill("");
	buf_reset(&b);
	ck_assert_int_eq(state_committed(&reading, &b), 0);
	ck_assert_str_eq(buf_str(&b),
	    "[{\"partition\":null,\"state\":{\"at\":18446744073709551616},"
	    "\"token\":\"a\\\"b\\\\\\n\xc3\xa9\",\"running\":{\"at\":1.10},\"done\":false},"
	    "{\"partition\":{\"p\":1},\"state\":{\"at\":18446744073709551616},\"token\":null,"
	    "\"running\":null,\"done\":true}]");
	/* a refresh begins without a state, and keeps it all the same */
	reading.is_refresh = 1;
	buf_reset(&b);
	ck_assert_int_eq(state_committed(&reading, &b), 0);
	ck_assert_ptr_null(strstr(buf_str(&b), "18446744073709551616"));
	buf_fini(&b);
	buf_init(&b, 20);
	ck_assert_int_eq(state_committed(&reading, &b), -1);
	buf_fini(&b);
}
END_TEST

START_TEST(notes_that_make_no_sense_count_as_none)
{
	static const char *const notes[] = {NULL, "", "{", "[]", "7",
	    "{\"edge\":7,\"cursor\":[],\"running\":\"x\"}",
	    "{\"edge\":[1,null,{}],\"until\":\"x\",\"mode\":5,\"void\":\"yes\"}"};
	char name[32], empty[] = "", state[] = "{\"at\":3}", text[100];
	struct dest_state row = {.stream = name,
	    .namespace_ = empty,
	    .partition = empty,
	    .state = state,
	    .generation_id = 4};

	snprintf(name, sizeof(name), "%s", stream.name);
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		snprintf(text, sizeof(text), "%s", notes[i] == NULL ? "" : notes[i]);
		row.notes = notes[i] == NULL ? NULL : text;
		open_with(&row, 1, 0);
		ck_assert_str_eq(state_take_part(&reading, "")->base.json, "{\"at\":3}");
		ck_assert_int_eq(reading.generation_id, 4);
		ck_assert_int_eq(reading.is_refresh, 0);
	}
}
END_TEST

START_TEST(a_refresh_is_a_new_generation)
{
	char name[32], empty[] = "", state[] = "{\"at\":3}";
	struct dest_state row = {.stream = name,
	    .namespace_ = empty,
	    .partition = empty,
	    .state = state,
	    .generation_id = 4};

	snprintf(name, sizeof(name), "%s", stream.name);
	open_with(&row, 1, 1);
	ck_assert_int_eq(reading.generation_id, 5);
	ck_assert_int_eq(reading.is_refresh, 1);
	ck_assert_int_eq(reading.fresh, 1);
	ck_assert_int_eq(reading.mode, DEST_OVERWRITE);
	stream.mode = DEST_APPEND_DEDUP;
	open_with(&row, 1, 1);
	ck_assert_int_eq(reading.mode, DEST_APPEND_DEDUP);
	open_with(&row, 1, 0);
	ck_assert_int_eq(reading.is_refresh, 0);
	ck_assert_int_eq(reading.resumed, 0);
	/* another stream's rows are none of ours */
	snprintf(name, sizeof(name), "%s", "another");
	open_with(&row, 1, 0);
	ck_assert_int_eq(reading.shelf.n, 0);
	ck_assert_int_eq(reading.generation_id, 1);
}
END_TEST

/* A run of a stream with so many partitions that they share rows, all of them done; its rows. */
static void
bundle(struct state_rows *rows)
{
	static const uint64_t edge[] = {1, UINT64_MAX};

	open_with(NULL, 0, 0);
	for (int i = 0; i <= STATE_MAX_ROWS; i++) {
		struct state_part *p;
		char name[32];

		snprintf(name, sizeof(name), "{\"p\":%d}", i);
		p = state_take_part(&reading, name);
		set(reading.is_refresh ? &p->run.json : &p->base.json, "{\"at\":5}");
		set(reading.is_refresh ? &p->run.cursor : &p->base.cursor, "5");
		ck_assert_int_eq(state_set_edge(&p->base, edge, 2), 0);
		p->started_us = 7;
		p->done = p->dirty = 1;
		ck_assert_int_eq(state_put_part(&reading, p), 0);
	}
	ck_assert_int_eq(state_rows(&reading, rows, &err), AB_OK);
	ck_assert_int_lt(rows->n, STATE_MAX_ROWS / 100);
	ck_assert_int_eq(rows->replace, 1);
}

/* Else the records at the edge would come twice. */
START_TEST(what_is_set_as_it_was_keeps_what_is_known_of_it)
{
	static const char text[] = "{\"states\":[{\"partition\":{\"p\":17},\"cursor\":{\"at\":5}},"
				   "{\"partition\":{\"p\":18},\"cursor\":{\"at\":4}}]}";
	struct state_rows rows, set_to;
	struct state_part *p;

	bundle(&rows);
	ck_assert_int_eq(
	    state_edit_set(rows.rows, rows.n, stream.name, "", text, strlen(text), &set_to, &err),
	    AB_OK);
	ck_assert_uint_eq(set_to.n, 2);
	open_with(set_to.rows, set_to.n, 0);
	p = state_take_part(&reading, "{\"p\":17}");
	ck_assert_uint_eq(p->base.nedge, 2);
	ck_assert_uint_eq(p->base.edge[1], UINT64_MAX);
	ck_assert_str_eq(p->base.cursor, "5");
	ck_assert_int_eq(p->done, 1);
	p = state_take_part(&reading, "{\"p\":18}");
	ck_assert_uint_eq(p->base.nedge, 0);
	ck_assert_int_eq(p->done, 0);
	dest_states_free(set_to.rows, set_to.n);
	dest_states_free(rows.rows, rows.n);
}
END_TEST

/* A run that reads some other partition after it leaves no row that speaks of the refresh. */
START_TEST(of_a_refresh_that_is_given_up_no_shared_row_stays)
{
	struct state_rows rows, next;
	struct state_part *p;

	stream.mode = DEST_APPEND_DEDUP;
	stream.sync_mode = PLAN_FULL_REFRESH;
	bundle(&rows);
	ck_assert_int_eq(reading.is_refresh, 1);
	stream.sync_mode = PLAN_INCREMENTAL;
	open_with(rows.rows, rows.n, 0);
	ck_assert_int_eq(reading.is_refresh, 0);
	/* all but a few are no longer there */
	for (int i = 10; i <= STATE_MAX_ROWS; i++) {
		char name[32];

		snprintf(name, sizeof(name), "{\"p\":%d}", i);
		state_drop_part(&reading, state_take_part(&reading, name));
	}
	p = state_take_part(&reading, "{\"p\":3}");
	p->dirty = 1;
	ck_assert_int_eq(state_put_part(&reading, p), 0);
	ck_assert_int_eq(state_rows(&reading, &next, &err), AB_OK);
	ck_assert_int_eq(next.replace, 1);
	for (size_t i = 0; i < next.n; i++)
		ck_assert_msg(!next.rows[i].is_refresh, "%s", next.rows[i].partition);
	dest_states_free(next.rows, next.n);
	dest_states_free(rows.rows, rows.n);
}
END_TEST

static Suite *
state_suite(void)
{
	Suite *s = suite_create("state");
	TCase *t = tcase_create("state");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_row_comes_back_as_it_was);
	tcase_add_test(t, of_many_streams_rows_each_finds_its_own);
	tcase_add_test(t, the_unfinished_leave_lanes_for_those_that_begin);
	tcase_add_test(t, only_what_changed_is_written);
	tcase_add_test(t, what_is_committed_is_told_as_json);
	tcase_add_test(t, notes_that_make_no_sense_count_as_none);
	tcase_add_test(t, a_refresh_is_a_new_generation);
	tcase_add_test(t, what_is_set_as_it_was_keeps_what_is_known_of_it);
	tcase_add_test(t, of_a_refresh_that_is_given_up_no_shared_row_stays);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(state_suite())
