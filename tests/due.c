/* How much is written before it is committed. */
#include "suite.h"

#include "engine/due.h"

#define MIB    (INT64_C(1) << 20)
#define SECOND INT64_C(1000000)

START_TEST(records_bytes_or_time)
{
	ck_assert(!due_is(0, 99999, 64 * MIB - 1, 10 * SECOND - 1));
	ck_assert(due_is(0, 100000, 0, 0));
	ck_assert(due_is(0, 0, 64 * MIB, 0));
	ck_assert(due_is(0, 0, 0, 10 * SECOND));
}
END_TEST

START_TEST(where_rows_are_replaced_more_is_written_while_that_is_fast)
{
	ck_assert(!due_is(1, 399999, 256 * MIB - 1, 2 * SECOND - 1));
	ck_assert(due_is(1, 400000, 0, 0));
	ck_assert(due_is(1, 0, 256 * MIB, 0));
	ck_assert(due_is(1, 100000, 0, 2 * SECOND));
	ck_assert(due_is(1, 0, 64 * MIB, 2 * SECOND));
	ck_assert(!due_is(1, 99999, 64 * MIB - 1, 10 * SECOND - 1));
	ck_assert(due_is(1, 0, 0, 10 * SECOND));
}
END_TEST

static Suite *
due_suite(void)
{
	Suite *s = suite_create("due");
	TCase *t = tcase_create("due");

	tcase_add_test(t, records_bytes_or_time);
	tcase_add_test(t, where_rows_are_replaced_more_is_written_while_that_is_fast);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(due_suite())
