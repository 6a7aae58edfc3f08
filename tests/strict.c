/* strict.c - the strict host: what a connector does with what is not its any more, or not its thread's, is told; and what it
 * leaves behind is counted. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "drive.h"
#include "worker/guard.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif
#define SAFE "; what was committed before is safe"

static ab_status
start(struct drive *d, const char *what, const char *more)
{
	const char *top = getenv("top_srcdir");
	char config[256], choices[4096];

	snprintf(config, sizeof(config),
	    "{\"do\": \"%s\", \"url\": \"https://api.zoo.test/v1/\", \"token\": \"secret-secret\"}",
	    what);
	snprintf(choices, sizeof(choices), "{\"replay\": \"%s/tests/zoo/kit/fixtures\"%s}",
	    top != NULL ? top : ".", more);
	return drive_open_with(d, "misuse.so",
	    (struct source_options){.id = "zoo",
		.version = "1.0.0",
		.config = config,
		.choices = choices,
		.page_cap = DRIVE_PAGE_CAP,
		.call_timeout_s = 60});
}

/* Opens, reads and closes; "": all went well. */
static const char *
run(struct drive *d, const char *what)
{
	ab_status rc = start(d, what, ", \"strict\": true");

	if (rc == AB_OK)
		rc = drive_streams(d);
	if (rc == AB_OK)
		rc = drive_read(d, strstr(what, "chunk") != NULL ? "tags" : "items", NULL);
	if (rc == AB_OK)
		rc = drive_finish(d);
	return rc == AB_OK ? "" : d->error.text;
}

START_TEST(a_good_one_is_as_ever)
{
	struct drive d;
	static const char *const fine[] = {"nothing", "read_chunks", "leak_memory"};

	for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
		ck_assert_str_eq(run(&d, fine[i]), "");
		ck_assert_int_eq(drive_count(&d.lines,
				     "tally {\"left_open\": [], \"closed\": [], \"threads\": 0}\n"),
		    1);
		drive_close(&d);
	}
}
END_TEST

START_TEST(what_was_lent_is_gone_after_the_call)
{
	static const char *const kinds[] = {
	    "keep_view", "keep_body", "keep_name", "keep_read", "keep_string", "keep_header"};
	struct drive d;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		const char *text = run(&d, kinds[i]);

		ck_assert_msg(
		    strcmp(text,
			"zoo 1.0.0 died of SIGSEGV in read_page of stream items, page 2: it "
			"used what the host had lent to read_page of stream items, page 1, "
			"after that call had ended" SAFE) == 0,
		    "%s: %s", kinds[i], text);
		drive_close(&d);
	}
}
END_TEST

START_TEST(a_chunk_is_gone_after_the_next_one)
{
	struct drive d;

	ck_assert_str_eq(run(&d, "keep_chunk"),
	    "zoo 1.0.0 died of SIGSEGV in read_page of stream tags, page 1: it used the bytes that "
	    "http_read had lent, after the next http_read" SAFE);
	drive_close(&d);
}
END_TEST

START_TEST(the_configuration_is_gone_after_close)
{
	struct drive d;

	ck_assert_str_eq(run(&d, "keep_config"),
	    "zoo 1.0.0 died of SIGSEGV after close: it used what the host lends until close, after "
	    "close" SAFE);
	drive_close(&d);
}
END_TEST

START_TEST(the_table_is_not_to_be_written)
{
	struct drive d;

	ck_assert_str_eq(run(&d, "write_table"),
	    "zoo 1.0.0 died of SIGSEGV in open: it wrote to the host's table, which can only be "
	    "read" SAFE);
	drive_close(&d);
}
END_TEST

START_TEST(functions_are_for_their_callers_thread)
{
	static const char *const kinds[][2] = {
	    {"thread_looks", "json_len"}, {"thread_emits", "next"}};
	struct drive d;
	char wanted[512];

	for (size_t i = 0; i < 2; i++) {
		snprintf(wanted, sizeof(wanted),
		    "zoo 1.0.0, read_page of stream items, page 1: %s was called on a thread of the "
		    "connector's own while read_page of stream items, page 1 ran: it is marked "
		    "[source], so it may be called on the thread of that call only",
		    kinds[i][1]);
		ck_assert_str_eq(run(&d, kinds[i][0]), wanted);
		drive_close(&d);
	}
}
END_TEST

START_TEST(open_asks_nothing)
{
	struct drive d;

	ck_assert_str_eq(run(&d, "open_asks"),
	    "zoo 1.0.0, open: http was called in open, which must make no request yet: check has the "
	    "first one");
	drive_close(&d);
}
END_TEST

START_TEST(close_asks_nothing)
{
	struct drive d;
	const char *text = run(&d, "close_asks");

	ck_assert_msg(
	    strstr(text, "http was called in close, which must make no request any more") != NULL,
	    "%s", text);
	drive_close(&d);
}
END_TEST

START_TEST(what_is_left_is_counted)
{
	static const char *const kinds[][2] = {
	    {"leave_open", "(/dev/null)\"], \"closed\": [], \"threads\": 0}"},
	    {"close_stdin", "tally {\"left_open\": [], \"closed\": [0], \"threads\": 0}"},
	    {"leave_thread", "tally {\"left_open\": [], \"closed\": [], \"threads\": 1}"}};
	struct drive d;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		ck_assert_str_eq(run(&d, kinds[i][0]), "");
		ck_assert_msg(drive_count(&d.lines, kinds[i][1]) == 1, "%s: %s", kinds[i][0],
		    buf_str(&d.lines));
		drive_close(&d);
	}
}
END_TEST

START_TEST(an_answer_can_be_replaced)
{
	struct drive d;

	ck_assert_int_eq(
	    start(&d, "nothing", ", \"fault\": {\"exchange\": 3, \"kind\": \"500\"}"), AB_OK);
	ck_assert_int_eq(drive_read(&d, "tags", NULL), AB_OK);
	ck_assert_int_eq(drive_read(&d, "items", NULL), AB_ETRANSIENT);
	ck_assert_int_eq(d.npages, 1);
	ck_assert_ptr_nonnull(
	    strstr(d.error.text, "read_page of stream items, page 2: GET https://"));
	ck_assert_ptr_nonnull(strstr(d.error.text, "500 Internal Server Error"));
	ck_assert_ptr_null(strstr(d.error.text, "secret-secret"));
	drive_close(&d);
	ck_assert_int_eq(
	    start(&d, "nothing", ", \"fault\": {\"exchange\": 3, \"kind\": \"x\"}"), AB_EBUG);
	drive_close(&d);
}
END_TEST

START_TEST(what_is_sealed_stays_however_much_is_dropped)
{
	char *sealed = guard_memory.get(64), *piece;

	ck_assert_ptr_nonnull(sealed);
	memcpy(sealed, "mine", 5);
	ck_assert_int_eq(guard_seal(sealed, 64, "it wrote"), 0);
	guard_say("it read");
	for (int i = 0; i < 10000; i++) {
		piece = guard_memory.get(64);
		ck_assert_ptr_nonnull(piece);
		guard_memory.drop(piece, 64);
	}
	ck_assert_ptr_nonnull(guard_find(sealed));
	ck_assert_str_eq(guard_find(sealed), "it wrote");
	ck_assert_str_eq(sealed, "mine");
	guard_memory.drop(sealed, 64);
	ck_assert_str_eq(guard_find(sealed), "it read");
}
END_TEST

/* A piece that cannot be closed is given back, and what comes to stand there is not called dropped. */
START_TEST(what_cannot_be_guarded_is_forgotten)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *piece = guard_memory.get(2 * page);

	ck_assert_ptr_nonnull(piece);
	ck_assert_int_eq(guard_seal(piece, 2 * page, "it wrote"), 0);
	ck_assert_int_eq(munmap(piece + page, page), 0);
	guard_memory.drop(piece, 2 * page);
	ck_assert_ptr_null(guard_find(piece));
	ck_assert_ptr_null(guard_find(piece + page));
}
END_TEST

START_TEST(memory_is_measured_where_it_is_wanted)
{
	struct drive d;

	ck_assert_int_eq(start(&d, "nothing", ""), AB_OK);
	ck_assert_int_eq(drive_read(&d, "items", NULL), AB_OK);
	ck_assert_uint_eq(d.allocated, 0);
	drive_close(&d);
	ck_assert_int_eq(start(&d, "nothing", ", \"measure\": true"), AB_OK);
	ck_assert_int_eq(drive_read(&d, "items", NULL), AB_OK);
	if (!SANITIZED) /* whose malloc does not count */
		ck_assert_uint_gt(d.allocated, 10000);
	drive_close(&d);
}
END_TEST

static Suite *
strict_suite(void)
{
	Suite *s = suite_create("strict");
	TCase *t = tcase_create("strict");

	tcase_add_test(t, a_good_one_is_as_ever);
	tcase_add_test(t, what_was_lent_is_gone_after_the_call);
	tcase_add_test(t, a_chunk_is_gone_after_the_next_one);
	tcase_add_test(t, the_configuration_is_gone_after_close);
	tcase_add_test(t, the_table_is_not_to_be_written);
	tcase_add_test(t, functions_are_for_their_callers_thread);
	tcase_add_test(t, open_asks_nothing);
	tcase_add_test(t, close_asks_nothing);
	tcase_add_test(t, what_is_left_is_counted);
	tcase_add_test(t, an_answer_can_be_replaced);
	tcase_add_test(t, what_cannot_be_guarded_is_forgotten);
	tcase_add_test(t, what_is_sealed_stays_however_much_is_dropped);
	tcase_add_test(t, memory_is_measured_where_it_is_wanted);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(strict_suite())
