/* A stream's state as a message carries it: what is written is read back without loss, and says what it is. */
#include <string.h>

#include "engine/infer.h"
#include "engine/state_airbyte.h"
#include "engine/state_row.h"
#include "suite.h"

static struct dest_state
row(const char *partition, const char *state, const char *token, const char *notes)
{
	return (struct dest_state){.stream = (char *)(uintptr_t) "s",
	    .namespace_ = (char *)(uintptr_t) "n",
	    .partition = (char *)(uintptr_t)partition,
	    .state = (char *)(uintptr_t)state,
	    .token = (char *)(uintptr_t)token,
	    .notes = (char *)(uintptr_t)notes,
	    .generation_id = 7,
	    .started_us = token == NULL ? 0 : 12345,
	    .pages = token == NULL ? 0 : 3};
}

/* The message's state of these rows. */
static void
write_state(const struct dest_state *rows, size_t n, struct buf *out)
{
	buf_init(out, 1 << 20);
	ck_assert_int_eq(state_stream(rows, n, out), 0);
}

static void
read_back(const char *state, struct dest_state **rows, size_t *n)
{
	struct error e = ERROR_INIT;
	struct buf file;

	buf_init(&file, 1 << 20);
	buf_addf(&file,
	    "[{\"type\":\"STREAM\",\"stream\":{\"stream_descriptor\":{\"name\":\"s\",\"namespace\":\"n\"},"
	    "\"stream_state\":%s}}]",
	    state);
	ck_assert_msg(
	    state_load(buf_str(&file), file.len, "f", rows, n, &e) == AB_OK, "%s", e.text);
	buf_fini(&file);
}

/* Written, read and written again is the same, in as many rows. */
static void
must_last(const struct dest_state *rows, size_t n, const char *wanted)
{
	struct dest_state *back;
	struct buf one, two;
	size_t nback;

	write_state(rows, n, &one);
	if (wanted != NULL)
		ck_assert_str_eq(buf_str(&one), wanted);
	read_back(buf_str(&one), &back, &nback);
	ck_assert_uint_eq(nback, n);
	write_state(back, nback, &two);
	ck_assert_str_eq(buf_str(&two), buf_str(&one));
	for (size_t i = 0; i < nback; i++) {
		ck_assert_str_eq(back[i].stream, "s");
		ck_assert_str_eq(back[i].namespace_, "n");
		ck_assert_int_eq(back[i].generation_id, 7);
	}
	dest_states_free(back, nback);
	buf_fini(&one);
	buf_fini(&two);
}

START_TEST(one_partition_is_what_a_person_expects)
{
	struct dest_state r = row("", "{\"at\":12345678901234567890.50}", NULL,
	    "{\"sync_mode\":\"incremental\",\"mode\":\"append\",\"until\":99,\"cursor\":12345678901234567890.50,"
	    "\"edge\":[\"00000000000000ff\"]}");

	must_last(&r, 1,
	    "{\"at\":12345678901234567890.50,\"_abhost\":{\"v\":1,\"generation\":7,\"until\":99,\"sync_mode\":"
	    "\"incremental\",\"mode\":\"append\",\"cursor\":12345678901234567890.50,\"edge\":"
	    "[\"00000000000000ff\"]}}");
}
END_TEST

START_TEST(an_unfinished_read_goes_on)
{
	struct dest_state r = row("", "{\"at\":1}", "next \"page\"",
	    "{\"sync_mode\":\"incremental\",\"mode\":\"append\",\"until\":99,\"cursor\":1,\"running\":{\"state\":{\"at\":5},"
	    "\"cursor\":5,\"edge\":[\"0000000000000001\"]}}");
	struct dest_state *back;
	struct buf b;
	size_t n;

	must_last(&r, 1, NULL);
	write_state(&r, 1, &b);
	read_back(buf_str(&b), &back, &n);
	ck_assert_str_eq(back[0].token, "next \"page\"");
	ck_assert_int_eq(back[0].started_us, 12345);
	ck_assert_int_eq(back[0].pages, 3);
	dest_states_free(back, n);
	buf_fini(&b);
}
END_TEST

START_TEST(partitions_are_a_list)
{
	struct dest_state r[] = {
	    row("{\"org\":\"a\"}", "{\"at\":1}", NULL,
		"{\"sync_mode\":\"incremental\",\"mode\":\"append\",\"until\":9}"),
	    row("{\"org\":\"b\"}", NULL, "t",
		"{\"sync_mode\":\"incremental\",\"mode\":\"append\",\"until\":9}"),
	    row("\"c\"", "{\"at\":2}", NULL, NULL)};
	struct buf b;

	must_last(r, 3, NULL);
	write_state(r, 3, &b);
	ck_assert_ptr_nonnull(strstr(
	    buf_str(&b), "{\"states\":[{\"partition\":{\"org\":\"a\"},\"cursor\":{\"at\":1}"));
	buf_fini(&b);
}
END_TEST

START_TEST(a_state_that_all_share_stands_beside_them)
{
	struct dest_state r[] = {
	    row("", "{\"at\":4}", NULL,
		"{\"sync_mode\":\"incremental\",\"mode\":\"append\",\"until\":9}"),
	    row("{\"day\":1}", NULL, "t",
		"{\"sync_mode\":\"incremental\",\"mode\":\"append\",\"until\":9}")};
	struct buf b;

	must_last(r, 2, NULL);
	write_state(r, 2, &b);
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "],\"state\":{\"at\":4},\"_abhost\""));
	buf_fini(&b);
}
END_TEST

START_TEST(what_looks_like_ours_is_not_mistaken)
{
	static const char *const states[] = {"{\"states\":[1]}", "{\"state\":{}}",
	    "{\"_abhost\":1}", "7", "\"x\"", "[1,2]", "{\"a\":{\"states\":[]}}"};

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct dest_state r = row("", states[i], NULL, "{\"until\":1}"), *back;
		struct buf b;
		size_t n;

		write_state(&r, 1, &b);
		read_back(buf_str(&b), &back, &n);
		ck_assert_uint_eq(n, 1);
		ck_assert_str_eq(back[0].state, states[i]);
		dest_states_free(back, n);
		buf_fini(&b);
	}
}
END_TEST

START_TEST(nothing_is_nothing)
{
	struct dest_state full = row(
	    "", "{}", NULL, "{\"sync_mode\":\"full_refresh\",\"mode\":\"overwrite\",\"until\":9}");
	struct dest_state none =
	    row("", NULL, NULL, "{\"sync_mode\":\"incremental\",\"mode\":\"append\",\"until\":9}");
	struct dest_state *back;
	struct buf b;
	size_t n;

	write_state(&full, 1, &b);
	ck_assert_str_eq(buf_str(&b), "{\"__ab_no_cursor_state_message\":true}");
	read_back(buf_str(&b), &back, &n);
	ck_assert_uint_eq(n, 0);
	dest_states_free(back, n);
	buf_fini(&b);
	write_state(&none, 1, &b);
	ck_assert_str_eq(buf_str(&b), "{}");
	buf_fini(&b);
}
END_TEST

START_TEST(a_changed_cursor_is_without_its_records)
{
	struct dest_state *back;
	size_t n;

	read_back("{\"at\":5,\"_abhost\":{\"v\":1,\"cursor\":9,\"edge\":[\"0000000000000001\"]}}",
	    &back, &n);
	ck_assert_str_eq(back[0].state, "{\"at\":5}");
	ck_assert_ptr_null(strstr(back[0].notes, "edge"));
	dest_states_free(back, n);
}
END_TEST

START_TEST(a_schema_says_as_little_as_it_can)
{
	static const char *const records[] = {
	    "{\"i\":1,\"r\":1,\"s\":\"x\",\"b\":true,\"o\":{},\"a\":[],\"n\":null,\"m\":1,\"c\":[]}",
	    "{\"i\":null,\"r\":1.5,\"m\":\"x\",\"c\":{},\"late\":2}", "[1]"};
	struct infer f;
	json_t *got, *wanted;

	ck_assert_int_eq(infer_init(&f), 0);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(infer_record(&f, records[i], strlen(records[i])), 0);
	got = infer_properties(&f);
	wanted = json_pack(
	    "{s:{s:[ss]},s:{s:[ss]},s:{s:[ss]},s:{s:[ss]},s:{s:[ss]},s:{s:[ss]},s:{s:[ss]},s:{s:[ss]},"
	    "s:{s:[ss]},s:{s:[ss]}}",
	    "i", "type", "null", "integer", "r", "type", "null", "number", "s", "type", "null",
	    "string", "b", "type", "null", "boolean", "o", "type", "null", "object", "a", "type",
	    "null", "array", "n", "type", "null", "string", "m", "type", "null", "string", "c",
	    "type", "null", "object", "late", "type", "null", "integer");
	ck_assert(json_equal(got, wanted));
	json_decref(got);
	json_decref(wanted);
	infer_fini(&f);
}
END_TEST

static Suite *
suite(void)
{
	Suite *s = suite_create("state-airbyte");
	TCase *c = tcase_create("forms");

	tcase_add_test(c, one_partition_is_what_a_person_expects);
	tcase_add_test(c, an_unfinished_read_goes_on);
	tcase_add_test(c, partitions_are_a_list);
	tcase_add_test(c, a_state_that_all_share_stands_beside_them);
	tcase_add_test(c, what_looks_like_ours_is_not_mistaken);
	tcase_add_test(c, nothing_is_nothing);
	tcase_add_test(c, a_changed_cursor_is_without_its_records);
	tcase_add_test(c, a_schema_says_as_little_as_it_can);
	suite_add_tcase(s, c);
	return s;
}

SUITE_MAIN(suite())
