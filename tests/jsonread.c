/* Laws of host/data/jsonread and canonical: where any call of malloc fails, the text is read whole or not at all, and nothing
 * aborts.  Linked with --wrap=malloc. */
#include "suite.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "data/canonical.h"
#include "data/jsonread.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

/* of malloc; the calls that fail */
static _Thread_local long calls, failing_from, failing_to;

void *
__wrap_malloc(size_t size)
{
	calls++;
	return calls >= failing_from && calls < failing_to ? NULL : __real_malloc(size);
}

/* From now on: the n-th call fails, and so do all (or one) after it. */
static void
fail_at(long n, int all)
{
	calls = 0;
	failing_from = n;
	failing_to = n == 0 ? 0 : all ? 1000000000 : n + 1;
}

static const char text[] =
    " {\"kind\": \"create\", \"a long name for a key, longer than any small "
    "buffer that a reader begins with\": [1, 2.5, true, null, \"caf\\u00e9 and a "
    "text that is long enough to make a buffer grow more than once, and once "
    "more, until it is more than a hundred bytes\"],\"x\":{\"y\":{\"z\":[]}}} ";

START_TEST(what_is_read_is_whole)
{
	json_t *truth, *v;
	json_error_t where;
	long n = 0, lacked = 0;

	fail_at(0, 0);
	truth = jsonread_string(text, 0, NULL);
	ck_assert(json_is_object(truth));
	do {
		memset(&where, 0, sizeof(where));
		fail_at(++n, _i);
		v = jsonread_string(text, 0, &where);
		fail_at(0, 0);
		ck_assert_msg(v == NULL ? jsonread_lacked(&where) : json_equal(v, truth),
		    "call %ld: \"%s\"", n, where.text);
		lacked += v == NULL;
		json_decref(v);
	} while (v == NULL);
	ck_assert_int_gt(lacked, 20);
	json_decref(truth);
}
END_TEST

/* Larger than any reserve: of small values, nested, of one text, of one text behind many others. */
static char *
make_large(int kind)
{
	size_t n = (size_t)640 << 10, at = 0;
	char *out = __real_malloc(n + 64);
	static const char *const pieces[] = {
	    "[[],7],", "[[[[{\"a\":[{}]},\"b\"]]]],", "", "\"text\","};
	size_t len = strlen(pieces[kind]);

	out[at++] = '[';
	for (; kind != 2 && at < n / 2; at += len)
		memcpy(out + at, pieces[kind], len);
	if (kind >= 2) {
		out[at++] = '"';
		memset(out + at, 'x', n - at);
		at = n;
		out[at++] = '"';
	} else {
		out[at++] = '0';
	}
	memcpy(out + at, "]", 2);
	return out;
}

START_TEST(what_is_large_is_whole_or_not_there)
{
	char *large = make_large(_i / 2);
	json_t *v;
	json_error_t where;
	long n = 0, lacked = 0, most;

	fail_at(0, 0);
	v = jsonread_string(large, 0, NULL);
	most = calls;
	ck_assert(json_is_array(v));
	json_decref(v);
	do {
		n += n < 30 ? 1 : 1 + most / 10;
		fail_at(n, _i % 2);
		v = jsonread_string(large, 0, &where);
		fail_at(0, 0);
		ck_assert(v == NULL ? jsonread_lacked(&where) : json_is_array(v));
		lacked += v == NULL;
		json_decref(v);
	} while (n <= most);
	ck_assert_int_gt(lacked, 10);
	free(large);
}
END_TEST

static void *
read_often(void *wrong)
{
	json_error_t where;

	for (int i = 0; i < 5000 && *(int *)wrong == 0; i++) {
		json_t *v;

		fail_at(1 + i % 60, 1);
		v = jsonread_string(text, 0, &where);
		fail_at(0, 0);
		*(int *)wrong = v == NULL ? !jsonread_lacked(&where) : !json_is_object(v);
		json_decref(v);
	}
	return NULL;
}

START_TEST(one_at_a_time_lives_on_what_is_put_aside)
{
	pthread_t threads[4];
	int wrong[4] = {0};

	fail_at(0, 0);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_often, &wrong[i]), 0);
	for (size_t i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ck_assert_int_eq(wrong[i], 0);
	}
}
END_TEST

START_TEST(one_spelling_or_none)
{
	static const char *const texts[] = {
	    "{\"kind\": \"create\"}", "{\"b\": 1, \"a\": [ 2 ]}", "[1e999]"};
	static const char *const one[] = {
	    "{\"kind\":\"create\"}", "{\"a\":[2],\"b\":1}", "[1e999]"};
	const char *given = texts[_i / 2];
	char *made;
	long n = 0, lacked = 0;

	do {
		fail_at(++n, _i % 2);
		made = canonical_json(given, strlen(given));
		fail_at(0, 0);
		if (made != NULL)
			ck_assert_str_eq(made, one[_i / 2]);
		lacked += made == NULL;
		free(made);
	} while (made == NULL);
	ck_assert_int_gt(lacked, 0);
}
END_TEST

START_TEST(what_is_not_json_is_told)
{
	json_error_t where;

	fail_at(0, 0);
	ck_assert_ptr_null(jsonread_string("{\"a\": }", 0, &where));
	ck_assert(!jsonread_lacked(&where));
	ck_assert_int_eq(where.line, 1);
	ck_assert_ptr_null(jsonread_string(NULL, 0, &where));
	ck_assert_ptr_null(jsonread_file("/nonexistent", 0, &where));
	ck_assert(!jsonread_lacked(&where));
}
END_TEST

static Suite *
jsonread_suite(void)
{
	Suite *s = suite_create("jsonread");
	TCase *t = tcase_create("jsonread");

	tcase_add_loop_test(t, what_is_read_is_whole, 0, 2);
	tcase_add_loop_test(t, what_is_large_is_whole_or_not_there, 0, 8);
	tcase_add_test(t, one_at_a_time_lives_on_what_is_put_aside);
	tcase_add_loop_test(t, one_spelling_or_none, 0, 6);
	tcase_add_test(t, what_is_not_json_is_told);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(jsonread_suite())
