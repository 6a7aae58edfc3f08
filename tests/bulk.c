/* Laws of bodies as a connector sees them: JSON Lines, streams that outlive a call, what reads as null, what is no JSON. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "drive.h"
#include "wire.h"

#define LINES 50000
#define LINE  40

static char lines[LINES * LINE + 1];
static struct wire *wire;
static struct drive drive;

static void
set_up(void)
{
	char line[80];

	for (int i = 0; i < LINES; i++) {
		snprintf(line, sizeof(line), "{\"id\": %6d, \"nam\": \"a line %6d\"}%c\n", i, i,
		    i % 7 == 0 ? ' ' : '\n');
		memcpy(lines + i * LINE, line, LINE);
	}
}

static void
tear_down(void)
{
	drive_close(&drive);
	if (wire != NULL)
		wire_stop(wire);
}

static ab_status
open_connector(const char *name, const struct wire_step *steps, size_t count, const char *more)
{
	char config[256];

	wire = wire_start(steps, count);
	snprintf(config, sizeof(config),
	    "{\"url\": \"http://127.0.0.1:%u/\", \"key\": \"topsecret\"%s}", wire_port(wire), more);
	return drive_open(&drive, name, config, 60);
}

START_TEST(one_body_fills_many_pages)
{
	const struct wire_step steps[] = {{.head = "200 OK\r\n", .body = lines}};

	ck_assert_int_eq(open_connector("bulk.so", steps, 1, ", \"page_bytes\": 20000"), AB_OK);
	ck_assert_msg(drive_read(&drive, "export", NULL) == AB_OK, "%s", drive.error.text);
	ck_assert_int_gt(drive.npages, 1);
	ck_assert_int_eq(drive_count(&drive.pages, "\"id\":"), LINES);
	ck_assert_int_eq(drive_count(&drive.pages, "\"id\":  49999,"), 1);
	ck_assert_uint_eq(wire_requests(wire), 1);
	/* the next read begins anew */
	ck_assert_int_eq(drive_read(&drive, "export", NULL), AB_OK);
	ck_assert_int_eq(drive_count(&drive.pages, "\"id\":"), LINES);
	ck_assert_uint_eq(wire_requests(wire), 2);
}
END_TEST

START_TEST(a_read_that_goes_on_passes_over_what_was_there)
{
	const struct wire_step steps[] = {{.head = "200 OK\r\n", .body = lines}};

	ck_assert_int_eq(open_connector("bulk.so", steps, 1, ", \"page_bytes\": 20000"), AB_OK);
	ck_assert_msg(
	    drive_read(&drive, "export",
		"[{\"partition\": null, \"state\": null, \"token\": \"40000\"}]") == AB_OK,
	    "%s", drive.error.text);
	ck_assert_int_eq(drive_count(&drive.pages, "\"id\":"), LINES - 1000);
	ck_assert_int_eq(drive_count(&drive.pages, "\"id\":   1000,"), 1);
}
END_TEST

START_TEST(a_stream_that_nobody_ends_ends_with_the_source)
{
	const struct wire_step steps[] = {{.head = "200 OK\r\n", .body = lines}};

	ck_assert_int_eq(
	    open_connector("bulk.so", steps, 1, ", \"page_bytes\": 20000, \"do\": \"leave\""),
	    AB_OK);
	ck_assert_msg(drive_read(&drive, "export", NULL) == AB_OK, "%s", drive.error.text);
}
END_TEST

START_TEST(misuse_of_a_stream_is_told)
{
	static const struct {
		const char *what, *says;
	} cases[] = {{"json",
			 "/export (200): http_json cannot be used with {\"stream\": true}; "
			 "http_read gives the body"},
	    {"body", "/export (200): http_body cannot be used with {\"stream\": true}"},
	    {"forget",
		"48 answers to requests with {\"stream\": true} are open; http_done lets "
		"one go"}};
	const struct wire_step steps[] = {{.head = "200 OK\r\n", .body = lines}};
	char more[64];

	snprintf(more, sizeof(more), ", \"do\": \"%s\"", cases[_i].what);
	ck_assert_int_eq(open_connector("bulk.so", steps, 1, more), AB_OK);
	ck_assert_int_eq(drive_read(&drive, "export", NULL), AB_EBUG);
	ck_assert_msg(strstr(drive.error.text, cases[_i].says) != NULL, "%s", drive.error.text);
}
END_TEST

START_TEST(a_stream_that_breaks_fails_its_page)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"id\": 1}\n{\"id\":",
		.then = WIRE_CLOSE}};

	ck_assert_int_eq(open_connector("bulk.so", steps, 1, ""), AB_OK);
	ck_assert_int_eq(drive_read(&drive, "export", NULL), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(
	    strstr(drive.error.text, "zoo 1.0.0, read_page of stream export, page 1: GET "));
	ck_assert_ptr_nonnull(strstr(drive.error.text, "behind the first 16 bytes"));
	ck_assert_int_eq(drive.npages, 0);
}
END_TEST

START_TEST(what_is_no_json_is_told_with_where_and_what)
{
	static const struct {
		const char *head, *body, *says;
		size_t len;
	} cases[] = {
	    {"200 OK\r\nContent-Type: text/html; charset=utf-8\r\n",
		"<!DOCTYPE html><title>Log in, topsecret</title>",
		"/items (200, text/html; charset=utf-8) is not JSON: it begins with \"<!DOCTYPE html><title>Log in, ****",
		0},
	    {"200 OK\r\n", "\xff\xfe{\0}\0",
		" (200) is UTF-16 or UTF-32 text; JSON is read in UTF-8 only", 6},
	    {"200 OK\r\n", "{\0\"\0}\0",
		" (200) is UTF-16 or UTF-32 text; JSON is read in UTF-8 only", 6},
	    {"200 OK\r\n", "\0{\0}", " (200) is UTF-16 or UTF-32 text; JSON is read in UTF-8 only",
		4},
	    {"200 OK\r\nContent-Type: text/csv\r\n", "id,name\n1,x\n",
		" (200, text/csv) is not JSON: it begins with \"id,name", 0},
	    {"200 OK\r\nContent-Encoding: gzip\r\n", "{\"data\": []}",
		": the body is said to be gzip and is not: it begins with \"{\"data\": []}\"", 0},
	    {"200 OK\r\n", "{\"data\": [{\"id\": 1}], \"next\": \"a",
		" (200) is not valid JSON: it ends at byte 32, where a closing bracket was expected",
		0},
	    {"200 OK\r\n", "\n", " (200) is empty, where JSON was expected", 0}};
	const struct wire_step steps[] = {
	    {.head = cases[_i].head, .body = cases[_i].body, .len = cases[_i].len}};

	ck_assert_int_eq(open_connector("web.so", steps, 1, ""), AB_OK);
	ck_assert_int_eq(drive_read(&drive, "items", NULL), AB_EDATA);
	ck_assert_msg(strstr(drive.error.text, cases[_i].says) != NULL, "%s", drive.error.text);
}
END_TEST

START_TEST(a_mark_of_utf_8_says_nothing)
{
	static const struct wire_step steps[] = {
	    {.head = "200 OK\r\n", .body = "\xef\xbb\xbf{\"id\": 1}\n{\"id\": 2}"}};

	ck_assert_int_eq(open_connector("bulk.so", steps, 1, ""), AB_OK);
	ck_assert_msg(drive_read(&drive, "export", NULL) == AB_OK, "%s", drive.error.text);
	ck_assert_str_eq(buf_str(&drive.pages), "{\"id\": 1} {\"id\": 2} ");
}
END_TEST

static Suite *
bulk_suite(void)
{
	Suite *s = suite_create("bulk");
	TCase *t = tcase_create("bulk");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, one_body_fills_many_pages);
	tcase_add_test(t, a_read_that_goes_on_passes_over_what_was_there);
	tcase_add_test(t, a_stream_that_nobody_ends_ends_with_the_source);
	tcase_add_loop_test(t, misuse_of_a_stream_is_told, 0, 3);
	tcase_add_test(t, a_stream_that_breaks_fails_its_page);
	tcase_add_loop_test(t, what_is_no_json_is_told_with_where_and_what, 0, 8);
	tcase_add_test(t, a_mark_of_utf_8_says_nothing);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(bulk_suite())
