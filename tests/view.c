/* Laws of host/data/view: what it says of valid JSON is what jansson says; hostile bytes break nothing; loops are
 * linear; null and absent read alike; a wrong type is told once. */
#include "suite.h"

#include <string.h>

#include "data/view.h"
#include "data/view_skip.h"
#include "json_help.h"
#include "view_help.h"

static struct view_root root;

static const struct ab_json *
parse(const char *text)
{
	const size_t len = strlen(text);

	view_root_reset(&root);
	return view_parse(&root, wall_copy(text, len, 0), len, "the answer");
}

START_TEST(members_and_elements_are_found)
{
	const struct ab_json *v = parse(
	    "\xef\xbb\xbf {\"a\": 1, \"b\":[true,\"x\\u00e9\",-2.5, {}],\"n\\\"\":null, \"a\":{\"c\":\"d\"}} ");
	const struct ab_json *b = view_get(v, "b");

	ck_assert_ptr_nonnull(v);
	ck_assert_int_eq(view_type(v), AB_OBJECT);
	ck_assert_uint_eq(view_len(v), 4);
	ck_assert_str_eq(view_key(v, 2).ptr, "n\"");
	ck_assert_uint_eq(view_key(v, 2).len, 2);
	ck_assert_str_eq(view_key(v, 0).ptr, "a");
	ck_assert_int_eq(view_int(view_at(v, 0)), 1);
	ck_assert_str_eq(view_str(view_get(view_get(v, "a"), "c")).ptr, "d");
	ck_assert_uint_eq(view_len(b), 4);
	ck_assert_int_eq(view_type(view_at(b, 0)), AB_BOOL);
	ck_assert_int_eq(view_int(view_at(b, 0)), 1);
	ck_assert_str_eq(view_str(view_at(b, 1)).ptr, "x\xc3\xa9");
	ck_assert_int_eq(view_type(view_at(b, 2)), AB_REAL);
	ck_assert(view_real(view_at(b, 2)) == -2.5);
	ck_assert_str_eq(view_text(view_at(b, 2)).ptr, "-2.5");
	ck_assert_uint_eq(view_span(b).len, strlen("[true,\"x\\u00e9\",-2.5, {}]"));
	ck_assert_int_eq(view_type(view_get(v, "n\"")), AB_NULL);
	ck_assert_ptr_null(view_get(v, "absent"));
	ck_assert_ptr_null(view_at(b, 4));
	ck_assert_int_eq(root.error.status, AB_OK);
}
END_TEST

START_TEST(any_value_may_stand_alone)
{
	ck_assert_int_eq(view_int(parse(" 42 ")), 42);
	ck_assert_str_eq(view_str(parse("\"\"")).ptr, "");
	ck_assert_int_eq(view_type(parse("null")), AB_NULL);
	ck_assert_int_eq(view_int(parse("false")), 0);
	ck_assert_uint_eq(view_len(parse("[ ]")), 0);
	ck_assert_uint_eq(view_len(parse("{ }")), 0);
	ck_assert_int_eq(root.error.status, AB_OK);
}
END_TEST

START_TEST(null_and_absent_read_alike)
{
	const struct ab_json *v = parse("[null]"), *both[] = {NULL, view_at(v, 0)};

	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(view_type(both[i]), AB_NULL);
		ck_assert_int_eq(view_int(both[i]), 0);
		ck_assert(view_real(both[i]) == 0);
		ck_assert_str_eq(view_str(both[i]).ptr, "");
		ck_assert_str_eq(view_text(both[i]).ptr, "null");
		ck_assert_uint_eq(view_span(both[i]).len, 4);
		ck_assert_uint_eq(view_len(both[i]), 0);
		ck_assert_ptr_null(view_get(both[i], "x"));
		ck_assert_ptr_null(view_at(both[i], 0));
		ck_assert_str_eq(view_key(both[i], 0).ptr, "");
	}
	ck_assert_int_eq(root.error.status, AB_OK);
}
END_TEST

START_TEST(a_string_that_is_asked_for_again_costs_nothing)
{
	struct view_root r;
	const struct ab_json *v;
	struct ab_str first;

	view_root_init(&r, 1u << 16);
	v = view_get(view_parse(&r, "{\"a\": \"h\\u00e9\"}", 16, "t"), "a");
	first = view_str(v);
	ck_assert_str_eq(first.ptr, "h\xc3\xa9");
	for (int i = 0; i < 100000; i++)
		ck_assert_ptr_eq(view_str(v).ptr, first.ptr);
	ck_assert_int_eq(r.error.status, AB_OK);
	view_root_fini(&r);
}
END_TEST

START_TEST(integers_saturate)
{
	const struct ab_json *v =
	    parse("[9223372036854775808,-9223372036854775809,1e300,-1e300,12.0,1.2e1,-0]");
	static const int64_t want[] = {INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN, 12, 12, 0};

	for (size_t i = 0; i < 7; i++)
		ck_assert_int_eq(view_int(view_at(v, i)), want[i]);
	ck_assert_int_eq(root.error.status, AB_OK);
}
END_TEST

static void
check_wrong(const char *sentence)
{
	ck_assert_int_eq(root.error.status, AB_EDATA);
	ck_assert_msg(strstr(root.error.text, sentence) != NULL, "%s", root.error.text);
	error_clear(&root.error);
}

START_TEST(a_wrong_type_is_told)
{
	const struct ab_json *v = parse("{\"s\":\"12\",\"n\":1.5,\"o\":{},\"b\":true}");

	ck_assert_int_eq(view_int(view_get(v, "s")), 0);
	check_wrong("the answer: \"s\" is \"12\" and was read as an integer, at byte 5");
	ck_assert_int_eq(view_int(view_get(v, "n")), 1);
	check_wrong("was read as an integer");
	ck_assert_str_eq(view_str(view_get(v, "n")).ptr, "");
	check_wrong("was read as a string");
	ck_assert(view_real(view_get(v, "b")) == 0);
	check_wrong("was read as a number");
	ck_assert_ptr_null(view_get(view_get(v, "s"), "x"));
	check_wrong("was read as an object");
	ck_assert_uint_eq(view_len(view_get(v, "b")), 0);
	check_wrong("was read as an array or object");
	ck_assert_ptr_null(view_at(view_get(v, "n"), 0));
	check_wrong("was read as an array or object");
	v = parse("[1]");
	ck_assert_ptr_null(view_get(v, "x"));
	check_wrong("was read as an object");
}
END_TEST

START_TEST(what_is_not_json_is_named)
{
	static const struct {
		const char *text, *sentence;
	} cases[] = {
	    {"<!DOCTYPE html><html><head><title>Sign in</title>",
		"the answer is not JSON: it begins with \"<!DOCTYPE html><html><head><title>Sign i...\""},
	    {"", "the answer is empty, where JSON was expected"}, {" \n", "is empty"},
	    {"not found", "begins with \"not found\""}, {"tru", "begins with"},
	    {"-", "begins with"}, {"01", "begins with"}, {"}", "begins with \"}\""},
	    {"\x1f\x8b\x08", "begins with \".?.\""}, {"{\"a\":[1,2", "it ends at byte 9"},
	    {"{\"a\":\"x}", "it ends at byte 8"}, {"\"abc", "a closing quote"},
	    {"{} x", "at byte 3: expected nothing more"}, {"[1] [2]", "nothing more"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(parse(cases[i].text) == NULL, "%s", cases[i].text);
		check_wrong(cases[i].sentence);
	}
}
END_TEST

START_TEST(mistakes_are_met_on_the_way)
{
	static const struct {
		const char *text, *expected;
	} cases[] = {{"[1,]", "a value"}, {"[,1]", "a value"}, {"[1 2]", "',' or ']'"},
	    {"[1}", "']'"}, {"[tru]", "a value"}, {"[01]", "a value"}, {"{\"a\" 1}", "':'"},
	    {"{a:1}", "a key"}, {"{\"a\":1,}", "a key"}, {"{\"a\":1 \"b\":2}", "',' or '}'"},
	    {"{\"a\":1]", "'}'"}, {"{\"a\":}", "a value"}, {"{\"a\"}", "':'"},
	    {"{\"\\x\":1}", "after a backslash"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_uint_eq(view_len(parse(cases[i].text)), 0);
		check_wrong(cases[i].expected);
	}
	ck_assert_str_eq(view_str(view_at(parse("[\"\x01\"]"), 0)).ptr, "");
	check_wrong("control characters");
	ck_assert_str_eq(view_str(view_at(parse("[\"\xff\"]"), 0)).ptr, "");
	check_wrong("UTF-8");
	ck_assert_str_eq(view_key(parse("{\"\xff\":1}"), 0).ptr, "");
	check_wrong("UTF-8");
}
END_TEST

START_TEST(large_objects_are_hashed)
{
	struct buf text;
	char key[32];
	const struct ab_json *v;

	buf_init(&text, 1 << 22);
	for (int i = 0; i < 50000; i++)
		buf_addf(&text, "%c\"key %d\":%d", i == 0 ? '{' : ',', i, i);
	buf_adds(&text, ",\"key 7\":-7}");
	v = view_parse(&root, text.ptr, text.len, "big");
	for (int i = 0; i < 50000; i++) {
		snprintf(key, sizeof(key), "key %d", i);
		ck_assert_int_eq(view_int(view_get(v, key)), i == 7 ? -7 : i);
	}
	ck_assert_ptr_null(view_get(v, "key 50000"));
	ck_assert_uint_eq(view_len(v), 50001);
	buf_fini(&text);
	view_root_reset(&root);
}
END_TEST

START_TEST(depth_costs_nothing)
{
	const size_t n = 1000000;
	struct buf text;
	const struct ab_json *v;

	buf_init(&text, 2 * n);
	for (size_t i = 0; i < n; i++)
		buf_addc(&text, '[');
	ck_assert_ptr_null(view_parse(&root, text.ptr, text.len, "deep"));
	view_root_reset(&root);
	for (size_t i = 0; i < n; i++)
		buf_addc(&text, ']');
	v = view_parse(&root, text.ptr, text.len, "deep");
	for (int i = 0; i < 10; i++)
		v = view_at(v, 0);
	ck_assert_uint_eq(view_span(v).len, 2 * n - 20);
	ck_assert_int_eq(root.error.status, AB_OK);
	buf_fini(&text);
	view_root_reset(&root);
}
END_TEST

START_TEST(the_arena_is_the_bound)
{
	struct view_root small;
	struct buf text;
	const struct ab_json *v;

	view_root_init(&small, 10000);
	buf_init(&text, 1 << 20);
	buf_adds(&text, "[0");
	for (int i = 0; i < 5000; i++)
		buf_adds(&text, ",0");
	buf_adds(&text, "]");
	v = view_parse(&small, text.ptr, text.len, "many");
	ck_assert_ptr_nonnull(v);
	ck_assert_uint_eq(view_len(v), 0);
	ck_assert_int_eq(small.error.status, AB_ENOMEM);
	buf_fini(&text);
	view_root_fini(&small);
}
END_TEST

START_TEST(mutated_texts_agree_with_jansson_or_break_cleanly)
{
	uint64_t state = 21;
	size_t valid = 0, broken = 0;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 40000; i++) {
		json_t *want = NULL;
		const struct ab_json *v;

		text_generate(&text, &state);
		if (i % 4 != 0)
			text_mutate(&text, &state);
		view_root_reset(&root);
		v = view_parse(&root, wall_copy(text.ptr, text.len, 0), text.len, "mutant");
		if (oracle_value(text.ptr, text.len, &want) == ORACLE_YES) {
			ck_assert_msg(view_is(v, want), "%s", buf_str(&text));
			ck_assert_msg(root.error.status == AB_OK, "%s", root.error.text);
			valid++;
		} else {
			view_walk(v, 0);
			broken += root.error.status == AB_EDATA;
		}
		json_decref(want);
	}
	ck_assert_uint_gt(valid, 5000);
	ck_assert_uint_gt(broken, 5000);
	buf_fini(&text);
}
END_TEST

START_TEST(open_strings_end_at_the_wall)
{
	char text[80] = "\"";

	memset(text + 1, 'x', sizeof(text) - 1);
	for (size_t len = 1; len < sizeof(text); len++) {
		text[len - 1] = len % 2 == 0 ? '\\' : 'x';
		text[0] = '"';
		view_root_reset(&root);
		ck_assert_ptr_null(view_parse(&root, wall_copy(text, len, 0), len, "open"));
		text[len - 1] = 'x';
	}
}
END_TEST

START_TEST(skipping_sees_strings_across_blocks)
{
	char text[400];
	size_t len;
	const struct ab_json *v;

	/* A string of backslashes and quotes that begins and ends at every place of a block. */
	for (size_t pad = 0; pad < 140; pad++) {
		for (size_t n = 0; n < 70; n++) {
			len = 0;
			text[len++] = '[';
			memset(text + len, ' ', pad);
			len += pad;
			text[len++] = '"';
			for (size_t i = 0; i < n; i++) {
				text[len++] = '\\';
				text[len++] = i % 3 == 0 ? '\\' : '"';
			}
			memcpy(text + len, "]}[{\",1]", 8);
			len += 8;
			view_root_reset(&root);
			v = view_parse(&root, wall_copy(text, len, 0), len, "blocks");
			ck_assert_ptr_nonnull(v);
			ck_assert_uint_eq(view_len(v), 2);
			ck_assert_uint_eq(view_str(view_at(v, 0)).len, n + 4);
			ck_assert_ptr_null(
			    view_parse(&root, wall_copy(text, len - 1, 0), len - 1, "cut"));
		}
	}
}
END_TEST

static size_t
longest_container(const char *text, size_t len)
{
	const struct ab_json *object;
	size_t longest = 0;

	view_root_reset(&root);
	object = view_parse(&root, text, len, "object");
	for (size_t i = 0; i < view_len(object); i++) {
		const struct ab_json *kid = view_at(object, i);

		if (strchr("{[", *view_span(kid).ptr) != NULL && view_span(kid).len > longest)
			longest = view_span(kid).len;
	}
	return longest;
}

/* Whatever it is that was passed over: what is kept of it is what passing over it again would find. */
START_TEST(the_longest_member_is_kept)
{
	uint64_t state = 22;
	size_t kept = 0, valid = 0;
	struct skipped most;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 40000; i++) {
		const char *p, *end, *behind;
		json_t *want = NULL;

		text_generate(&text, &state);
		if (i % 2 != 0)
			text_mutate(&text, &state);
		if (text.len == 0 || text.ptr[0] != '{')
			continue;
		p = wall_copy(text.ptr, text.len, 0);
		end = p + text.len;
		behind = skip_object(p, end, &most);
		ck_assert_ptr_eq(behind, skip_nested(p, end));
		if (behind != NULL && most.from != NULL) {
			ck_assert_ptr_eq(skip_nested(most.from, behind), most.from + most.len);
			kept++;
		}
		if (oracle_value(text.ptr, text.len, &want) == ORACLE_YES && behind == end) {
			ck_assert_uint_eq(longest_container(p, text.len), most.len);
			valid++;
		}
		json_decref(want);
	}
	ck_assert_uint_gt(kept, 500);
	ck_assert_uint_gt(valid, 500);
	buf_fini(&text);
}
END_TEST

static Suite *
view_suite(void)
{
	Suite *s = suite_create("view");
	TCase *t = tcase_create("view");

	view_root_init(&root, 64 << 20);
	tcase_add_test(t, a_string_that_is_asked_for_again_costs_nothing);
	tcase_add_test(t, members_and_elements_are_found);
	tcase_add_test(t, any_value_may_stand_alone);
	tcase_add_test(t, null_and_absent_read_alike);
	tcase_add_test(t, integers_saturate);
	tcase_add_test(t, a_wrong_type_is_told);
	tcase_add_test(t, what_is_not_json_is_named);
	tcase_add_test(t, mistakes_are_met_on_the_way);
	tcase_add_test(t, large_objects_are_hashed);
	tcase_add_test(t, depth_costs_nothing);
	tcase_add_test(t, the_arena_is_the_bound);
	tcase_add_test(t, mutated_texts_agree_with_jansson_or_break_cleanly);
	tcase_add_test(t, open_strings_end_at_the_wall);
	tcase_add_test(t, skipping_sees_strings_across_blocks);
	tcase_add_test(t, the_longest_member_is_kept);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(view_suite())
