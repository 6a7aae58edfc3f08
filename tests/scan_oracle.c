/* Law: the scanner accepts exactly what jansson accepts, and its table says what jansson's tree says. */
#include "suite.h"

#include <string.h>

#include "json_help.h"

#define ROUNDS 40000

static void
check_page(struct scan *s, const struct buf *text, size_t counts[3])
{
	struct error e = ERROR_INIT;
	json_t *records = NULL;
	enum oracle_verdict verdict = oracle_page(text->ptr, text->len, &records);
	const char *page = wall_copy(text->ptr, text->len, SCAN_PADDING), *wrong;
	ab_status rc = scan_page(s, page, text->len, &e);

	counts[verdict]++;
	if (verdict == ORACLE_YES) {
		ck_assert_msg(rc == AB_OK, "refused: %s\n%s", buf_str(text), e.text);
		wrong = oracle_compare(s, page, records);
		ck_assert_msg(wrong == NULL, "%s differs: %s", wrong, buf_str(text));
	} else if (verdict == ORACLE_NO) {
		ck_assert_msg(rc == AB_EDATA, "accepted: %s", buf_str(text));
		ck_assert_uint_eq(s->nrecords + s->nfields, 0);
		ck_assert_int_eq(e.status, AB_EDATA);
	}
	json_decref(records);
}

START_TEST(generated_pages_are_read_alike)
{
	uint64_t state = 1;
	size_t counts[3] = {0};
	struct buf text;
	struct scan s;

	buf_init(&text, 1 << 20);
	scan_init(&s);
	for (int i = 0; i < ROUNDS / 8; i++) {
		text_generate(&text, &state);
		check_page(&s, &text, counts);
	}
	ck_assert_uint_eq(counts[ORACLE_NO], 0);
	ck_assert_uint_gt(counts[ORACLE_YES], ROUNDS / 10);
	scan_fini(&s);
	buf_fini(&text);
}
END_TEST

START_TEST(mutated_pages_are_judged_alike)
{
	uint64_t state = 2;
	size_t counts[3] = {0};
	struct buf text;
	struct scan s;

	buf_init(&text, 1 << 20);
	scan_init(&s);
	for (int i = 0; i < ROUNDS; i++) {
		text_generate(&text, &state);
		text_mutate(&text, &state);
		check_page(&s, &text, counts);
	}
	/* Both verdicts must be common, or the test would say little. */
	ck_assert_uint_gt(counts[ORACLE_NO], ROUNDS / 4);
	ck_assert_uint_gt(counts[ORACLE_YES], ROUNDS / 10);
	ck_assert_uint_lt(counts[ORACLE_UNSURE], ROUNDS / 20);
	scan_fini(&s);
	buf_fini(&text);
}
END_TEST

START_TEST(single_values_are_judged_alike)
{
	uint64_t state = 3;
	struct buf text;
	size_t used;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < ROUNDS / 4; i++) {
		struct error e = ERROR_INIT;
		enum oracle_verdict verdict;
		ab_status rc;

		text_generate(&text, &state);
		text_mutate(&text, &state);
		verdict = oracle_value(text.ptr, text.len, NULL);
		rc = scan_value(wall_copy(text.ptr, text.len, 0), text.len, &used, &e);
		if (verdict != ORACLE_UNSURE)
			ck_assert_msg((rc == AB_OK && used == text.len) == (verdict == ORACLE_YES),
			    "%d %zu: %s", rc, used, buf_str(&text));
	}
	buf_fini(&text);
}
END_TEST

static Suite *
oracle_suite(void)
{
	Suite *s = suite_create("scan_oracle");
	TCase *t = tcase_create("scan_oracle");

	tcase_add_test(t, generated_pages_are_read_alike);
	tcase_add_test(t, mutated_pages_are_judged_alike);
	tcase_add_test(t, single_values_are_judged_alike);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(oracle_suite())
