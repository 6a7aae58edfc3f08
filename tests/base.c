/* Laws of host/base: buffers keep their maximum, arenas their addresses, secrets do not get out. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/redact.h"

START_TEST(a_file_is_written_whole_or_told)
{
	char longer[PATH_MAX + 8];
	int full = open("/dev/full", O_WRONLY | O_CLOEXEC), fds[2];
	char got[8] = "";

	ck_assert_int_eq(file_write(full, "x", 1), -1);
	ck_assert_int_eq(errno, ENOSPC);
	close(full);
	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(file_write(fds[1], "whole", 5), 0);
	ck_assert_int_eq(read(fds[0], got, sizeof(got)), 5);
	ck_assert_str_eq(got, "whole");
	close(fds[0]);
	close(fds[1]);
	ck_assert_int_eq(file_sync_folder("a-name-alone"), 0);
	ck_assert_int_eq(file_sync_folder("/tmp/a-name"), 0);
	ck_assert_int_eq(file_sync_folder("/tmp/no-such-folder/a-name"), -1);
	ck_assert_int_eq(errno, ENOENT);
	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 2] = '/';
	longer[sizeof(longer) - 1] = '\0';
	ck_assert_int_eq(file_sync_folder(longer), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

START_TEST(buf_never_passes_its_maximum)
{
	struct buf b;

	buf_init(&b, 10);
	ck_assert_int_eq(buf_adds(&b, "0123456789"), 0);
	ck_assert_int_eq(buf_addc(&b, 'x'), -1);
	ck_assert_int_eq(b.failed, 1);
	ck_assert_str_eq(buf_str(&b), "0123456789");
	buf_reset(&b);
	ck_assert_int_eq(buf_addf(&b, "%d-%s", 42, "abcdefgh"), -1);
	ck_assert_str_eq(buf_str(&b), "");
	buf_fini(&b);
}
END_TEST

START_TEST(json_string_is_valid_whatever_the_bytes)
{
	struct buf b;

	buf_init(&b, 1000);
	buf_add_json_string(&b, "a\"\\\n\x01\xc3\xa9\xff\xed\xa0\x80", 11);
	ck_assert_str_eq(buf_str(&b),
	    "\"a\\\"\\\\\\n\\u0001\xc3\xa9\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_fini(&b);
}
END_TEST

START_TEST(arena_addresses_stay_until_reset)
{
	struct arena a;
	char *first;

	arena_init(&a, 1 << 20);
	first = arena_dup(&a, "first", 5);
	for (int i = 0; i < 5000; i++)
		ck_assert_ptr_nonnull(arena_alloc(&a, 100));
	ck_assert_str_eq(first, "first");
	ck_assert_ptr_null(arena_alloc(&a, 1 << 20));
	arena_reset(&a);
	ck_assert_ptr_nonnull(arena_alloc(&a, 100));
	arena_fini(&a);
}
END_TEST

START_TEST(first_error_wins)
{
	struct error e = ERROR_INIT;

	ck_assert_int_eq(error_set(&e, AB_EDATA, "first"), AB_EDATA);
	error_set(&e, AB_EBUG, "second");
	ck_assert_int_eq(error_wrap(&e, "page %d", 3), AB_EDATA);
	ck_assert_str_eq(e.text, "page 3: first");
}
END_TEST

START_TEST(times_go_there_and_back)
{
	static const struct {
		const char *text, *same;
	} cases[] = {
	    {"2024-02-29T12:30:45.123456Z", "2024-02-29T12:30:45.123456Z"},
	    {"2024-01-01T00:30:00+02:00", "2023-12-31T22:30:00.000000Z"},
	    {"2024-01-01 00:30:00.5", "2024-01-01T00:30:00.500000Z"},
	    {"1969-12-31T23:59:59.9Z", "1969-12-31T23:59:59.900000Z"},
	    {"2024-01-01", "2024-01-01T00:00:00.000000Z"},
	    {"2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000000Z"},
	};
	static const char *const wrong[] = {"", "2023-02-29", "2024-1-01", "2024-01-01T",
	    "2024-01-01T25:00:00Z", "2024-01-01T00:00:00.Z", "2024-01-01T00:00:00+2", "2024-01-01x",
	    "20240101"};
	char text[CLOCK_TEXT];
	int64_t us;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(clock_parse(cases[i].text, strlen(cases[i].text), &us), 0);
		ck_assert_str_eq(clock_format(us, text), cases[i].same);
	}
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		ck_assert_msg(
		    clock_parse(wrong[i], strlen(wrong[i]), &us) == -1, "accepted: %s", wrong[i]);
}
END_TEST

START_TEST(times_beyond_microseconds_are_compared)
{
	static const struct {
		const char *less, *more;
	} cases[] = {{"2024-01-01T00:00:00.1234567Z", "2024-01-01T00:00:00.1234568Z"},
	    {"2024-01-01T00:00:00.123456Z", "2024-01-01T00:00:00.12345600001+05:30"}};
	static const char *const same[][2] = {
	    {"2024-01-01T05:30:00.12+05:30", "2024-01-01T00:00:00.12Z"},
	    {"2024-01-01T05:45:00.5+05:45", "2024-01-01T00:00:00.500000Z"},
	    {"2024-01-01T01:00:00.1234+01:00", "2024-01-01T00:00:00.12340000000Z"}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *a = cases[i].less, *b = cases[i].more;

		ck_assert_int_eq(clock_compare_rest(a, strlen(a), b, strlen(b)), -1);
		ck_assert_int_eq(clock_compare_rest(b, strlen(b), a, strlen(a)), 1);
	}
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		ck_assert_int_eq(clock_compare_rest(same[i][0], strlen(same[i][0]), same[i][1],
				     strlen(same[i][1])),
		    0);
}
END_TEST

START_TEST(secrets_are_removed_in_every_form)
{
	char text[] = "key=s3cr3t/key+1 enc=s3cr3t%2Fkey%2B1 b64=czNjcjN0L2tleSsx short=ab";

	ck_assert_int_eq(redact_add("s3cr3t/key+1", 12), 0);
	ck_assert_int_eq(redact_add("ab", 2), 0);
	ck_assert_str_eq(redact_text(text), "key=**** enc=**** b64=**** short=ab");
	redact_fini();
}
END_TEST

/* What is printed as JSON, by us or by any program, and JSON inside of JSON. */
START_TEST(secrets_are_removed_from_json)
{
	static const char secret[] = "p\"a\\s/w\303\266rd&\360\237\230\200";
	static const char *const spelled[] = {secret, "p\\\"a\\\\s/w\303\266rd&\360\237\230\200",
	    "p\\\"a\\\\s\\/w\303\266rd&\360\237\230\200", "p\\\"a\\\\s/w\\u00f6rd&\\ud83d\\ude00",
	    "p\\\"a\\\\s\\/w\\u00f6rd&\\ud83d\\ude00",
	    "p\\\"a\\\\s/w\303\266rd\\u0026\360\237\230\200",
	    "p\\\\\\\"a\\\\\\\\s/w\\\\u00f6rd&\\\\ud83d\\\\ude00"};
	char text[200];

	ck_assert_int_eq(redact_add(secret, sizeof(secret) - 1), 0);
	for (size_t i = 0; i < sizeof(spelled) / sizeof(spelled[0]); i++) {
		snprintf(text, sizeof(text), "{\"key\": \"%s\"}", spelled[i]);
		ck_assert_msg(strcmp(redact_text(text), "{\"key\": \"****\"}") == 0, "%s", text);
	}
	redact_fini();
}
END_TEST

/* A key in PEM is often shown a line at a time. */
START_TEST(lines_of_secrets_are_removed)
{
	char text[] = "-----BEGIN KEY-----|c2VjcmV0IG9uZQ/|c2VjcmV0IHR3bw/|x";

	ck_assert_int_eq(
	    redact_add("-----BEGIN KEY-----\r\nc2VjcmV0IG9uZQ/\nc2VjcmV0IHR3bw/\nx\n", 55), 0);
	ck_assert_str_eq(redact_text(text), "****|****|****|x");
	redact_fini();
}
END_TEST

static void
keep(void *ctx, int level, const char *line)
{
	(void)level;
	snprintf(ctx, 5000, "%s", line);
}

/* A line is cut behind 4 KiB, and a secret may stand there. */
START_TEST(no_half_of_a_secret_is_logged)
{
	char text[6000], line[5000] = "";

	ck_assert_int_eq(redact_add("s3cr3t-key", 10), 0);
	log_to(keep, line);
	for (size_t at = 4060; at < 4100; at++) {
		memset(text, 'x', sizeof(text) - 1);
		text[sizeof(text) - 1] = '\0';
		memcpy(text + at, "s3cr3t-key", 10);
		log_line(AB_WARN, "%s", text);
		ck_assert_uint_eq(strlen(line), 4095);
		ck_assert_msg(strstr(line, "s3") == NULL, "%s", line + 4050);
	}
	log_to(NULL, NULL);
	redact_fini();
}
END_TEST

static Suite *
base_suite(void)
{
	Suite *s = suite_create("base");
	TCase *t = tcase_create("base");

	tcase_add_test(t, buf_never_passes_its_maximum);
	tcase_add_test(t, json_string_is_valid_whatever_the_bytes);
	tcase_add_test(t, arena_addresses_stay_until_reset);
	tcase_add_test(t, first_error_wins);
	tcase_add_test(t, times_go_there_and_back);
	tcase_add_test(t, times_beyond_microseconds_are_compared);
	tcase_add_test(t, secrets_are_removed_in_every_form);
	tcase_add_test(t, secrets_are_removed_from_json);
	tcase_add_test(t, lines_of_secrets_are_removed);
	tcase_add_test(t, no_half_of_a_secret_is_logged);
	tcase_add_test(t, a_file_is_written_whole_or_told);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(base_suite())
