/* source.c - laws of a source, driven through source.h against connectors that make their own records. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/scan.h"
#include "drive.h"
#include "wire.h"

/* All pages as one, scanned; returns the number of records. */
static size_t
count_records(struct drive *d)
{
	struct scan scan;
	struct error e = ERROR_INIT;
	size_t n;
	char *page = calloc(1, d->pages.len + SCAN_PADDING);

	ck_assert_ptr_nonnull(page);
	memcpy(page, buf_str(&d->pages), d->pages.len);
	scan_init(&scan);
	ck_assert_msg(scan_page(&scan, page, d->pages.len, &e) == AB_OK, "%s", e.text);
	n = scan.nrecords;
	scan_fini(&scan);
	free(page);
	return n;
}

START_TEST(pages_come_in_order_and_whole)
{
	struct drive d;

	ck_assert_int_eq(drive_open(&d, "gen.so", "{\"records\": 250}", 60), AB_OK);
	ck_assert_int_eq(drive_check(&d), AB_OK);
	ck_assert_int_eq(drive_streams(&d), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "stream {\"name\": \"s0\""), 1);
	ck_assert_int_eq(drive_read(&d, "s0", NULL), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "partition 0 \npage 1 ("), 1);
	ck_assert_int_eq(drive_count(&d.lines, ") token=100 state= about=\npage 2 ("), 1);
	ck_assert_int_eq(drive_count(&d.lines, ") token=none state= about=\nend 0\ndone\n"), 1);
	ck_assert_uint_eq(count_records(&d), 250);
	ck_assert_int_eq(drive_count(&d.pages, "\"id\":249,"), 1);
	drive_close(&d);
}
END_TEST

START_TEST(a_resumed_read_begins_at_its_token)
{
	struct drive d;

	ck_assert_int_eq(drive_open(&d, "gen-state.so", "{\"records\": 250}", 60), AB_OK);
	ck_assert_int_eq(drive_read(&d, "s0",
			     "[{\"partition\": null, \"state\": {\"seq\": 10}, \"token\": \"200\", "
			     "\"running\": {\"seq\": 209, \"pages\": 2}, \"done\": false}]"),
	    AB_OK);
	ck_assert_int_eq(
	    drive_count(&d.lines, "token=none state={\"seq\": 249, \"pages\": 3} about="), 1);
	ck_assert_uint_eq(count_records(&d), 40);
	drive_close(&d);
}
END_TEST

START_TEST(a_stale_token_restarts_from_the_committed_state)
{
	struct drive d;

	ck_assert_int_eq(
	    drive_open(&d, "gen-state.so", "{\"records\": 250, \"stale\": 1}", 60), AB_OK);
	ck_assert_int_eq(drive_read(&d, "s0",
			     "[{\"partition\": null, \"state\": {\"seq\": 10, \"pages\": 7}, "
			     "\"token\": \"200\", \"running\": {\"seq\": 209}}]"),
	    AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "partition 0 \nrestart\npage 1 ("), 1);
	ck_assert_int_eq(drive_count(&d.lines, "state={\"seq\": 249, \"pages\": 10}"), 1);
	ck_assert_uint_eq(count_records(&d), 240);
	drive_close(&d);
}
END_TEST

/* A restart would double what the read has sent already. */
START_TEST(a_token_that_goes_stale_in_a_read_fails_it)
{
	struct drive d;

	ck_assert_int_eq(
	    drive_open(&d, "gen-state.so", "{\"records\": 900, \"stale_page\": 5}", 60), AB_OK);
	ck_assert_int_eq(
	    drive_read(&d, "s0", "[{\"partition\": null, \"state\": null, \"token\": \"200\"}]"),
	    AB_EDATA);
	ck_assert_int_eq(drive_count(&d.lines, "restart"), 0);
	ck_assert_int_eq(d.npages, 2);
	ck_assert_ptr_nonnull(strstr(d.error.text, "this token is too old"));
	drive_close(&d);
}
END_TEST

/* As a stream without partitions has it, in a connector where others have some. */
START_TEST(a_partition_may_be_null)
{
	struct drive d;

	ck_assert_int_eq(drive_open(&d, "zoo-parts.so", "{\"do\": \"null_partition\"}", 60), AB_OK);
	ck_assert_int_eq(drive_read(&d, "s", ""), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "partition 0 \npage 1 ("), 1);
	ck_assert_int_eq(drive_read(&d, "s", "[{\"partition\": null, \"done\": true}]"), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "partition "), 0);
	drive_close(&d);
}
END_TEST

START_TEST(partitions_that_are_done_are_passed_over)
{
	struct drive d;

	ck_assert_int_eq(drive_open(&d, "gen-parts.so",
			     "{\"records\": 30, \"page_size\": 20, \"partitions\": 5}", 60),
	    AB_OK);
	ck_assert_int_eq(drive_read(&d, "s0",
			     "[{\"partition\": {\"part\":1}, \"state\": null, \"done\": true}, "
			     "{\"partition\": {\"part\": 2}, \"state\": {\"seq\": 85}}]"),
	    AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "partition "), 4);
	ck_assert_int_eq(drive_count(&d.lines, "partition 1 {\"part\": 2}\n"), 1);
	ck_assert_int_eq(drive_count(&d.lines, "partition 3 {\"part\": 4}\n"), 1);
	ck_assert_uint_eq(count_records(&d), 3 * 30 + 5);
	drive_close(&d);
}
END_TEST

START_TEST(a_failed_page_is_told_with_its_place)
{
	struct drive d;

	ck_assert_int_eq(drive_open(&d, "gen.so", "{\"fail_page\": 3}", 60), AB_OK);
	ck_assert_int_eq(drive_read(&d, "s0", NULL), AB_ETRANSIENT);
	ck_assert_str_eq(
	    d.error.text, "zoo 1.0.0, read_page of stream s0, page 3: this page always fails");
	ck_assert_int_eq(d.npages, 2);
	/* The source is not dead: it takes another command. */
	ck_assert_int_eq(drive_check(&d), AB_OK);
	drive_close(&d);
}
END_TEST

START_TEST(a_slow_engine_loses_nothing)
{
	struct drive d;

	ck_assert_int_eq(
	    drive_open(&d, "gen.so", "{\"records\": 400, \"page_size\": 20}", 1), AB_OK);
	d.take_ms = 5;
	ck_assert_int_eq(drive_read(&d, "s0", NULL), AB_OK);
	ck_assert_uint_eq(count_records(&d), 400);
	for (int id = 0; id < 400; id++) {
		char text[32];

		snprintf(text, sizeof(text), "{\"id\":%d,", id);
		ck_assert_int_eq(drive_count(&d.pages, text), 1);
	}
	drive_close(&d);
}
END_TEST

static struct wire *
start_server(char *config, size_t size)
{
	static const struct wire_step steps[] = {
	    {"200 OK\r\nContent-Type: application/json\r\n",
		"{\"data\": [{\"id\": 1}, {\"id\": 2}], \"next\": \"two\"}", 0, WIRE_KEEP},
	    {"404 Not Found\r\n", "nothing here", 0, WIRE_KEEP},
	    {"200 OK\r\n", "{\"data\": [{\"id\": 3}], \"next\": null}", 0, WIRE_KEEP},
	    {"404 Not Found\r\n", "nothing here", 0, WIRE_KEEP}};
	struct wire *w = wire_start(steps, 4);

	snprintf(config, size,
	    "{\"url\": \"http://127.0.0.1:%u/\", \"key\": \"topsecret-topsecret\"}", wire_port(w));
	return w;
}

/* The connector gives each response back before update_state looks at its records. */
START_TEST(records_go_from_the_answer_to_the_page_and_to_update_state)
{
	char config[128];
	struct wire *w = start_server(config, sizeof(config));
	struct drive d;

	ck_assert_int_eq(drive_open(&d, "web.so", config, 60), AB_OK);
	ck_assert_int_eq(drive_read(&d, "items", NULL), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "token=two state={\"sum\": 3} about="), 1);
	ck_assert_int_eq(drive_count(&d.lines, "token=none state={\"sum\": 6} about="), 1);
	ck_assert_uint_eq(count_records(&d), 3);
	ck_assert_ptr_nonnull(
	    strstr(wire_request(w, 0), "Authorization: Bearer topsecret-topsecret"));
	ck_assert_ptr_nonnull(strstr(wire_request(w, 2), "token=two"));
	/* An answer that the connector takes for none, with its body in pieces. */
	ck_assert_int_eq(drive_check(&d), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 404: nothing here, and no more\n"), 1);
	/* An answer that is an error: no reason but the host's. */
	ck_assert_int_eq(drive_read(&d, "items", NULL), AB_EDATA);
	ck_assert_ptr_nonnull(
	    strstr(d.error.text, "zoo 1.0.0, read_page of stream items, page 1: "));
	ck_assert_ptr_nonnull(strstr(d.error.text, "404"));
	drive_close(&d);
	wire_stop(w);
}
END_TEST

/* What does not fit the channel is never sent: it must not be waited for either. */
START_TEST(a_command_that_is_too_large_is_refused_at_once)
{
	size_t n = (size_t)17 << 20;
	char *committed = malloc(n + 1);
	struct drive d;

	ck_assert_ptr_nonnull(committed);
	memset(committed, ' ', n);
	committed[n] = '\0';
	committed[0] = '[';
	committed[n - 1] = ']';
	ck_assert_int_eq(drive_open(&d, "gen.so", "{}", 60), AB_OK);
	ck_assert_int_eq(drive_read(&d, "s0", committed), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(d.error.text, "does not fit the channel"));
	/* and the next one is none the worse */
	ck_assert_int_eq(drive_check(&d), AB_OK);
	drive_close(&d);
	ck_assert_int_eq(drive_open(&d, "gen.so", committed, 60), AB_EDATA);
	drive_close(&d);
	free(committed);
}
END_TEST

START_TEST(cancelling_ends_a_read_at_once)
{
	struct drive d;

	ck_assert_int_eq(
	    drive_open(&d, "gen.so", "{\"records\": 1000000, \"delay_ms\": 20}", 60), AB_OK);
	d.cancel_after = 2;
	ck_assert_int_eq(drive_read(&d, "s0", NULL), AB_ECANCELLED);
	ck_assert_int_lt(d.npages, 10);
	d.cancel_after = 0;
	ck_assert_int_eq(
	    drive_read(&d, "s0", "[{\"partition\": null, \"state\": {\"seq\": 999990}}]"), AB_OK);
	drive_close(&d);
}
END_TEST

START_TEST(closing_does_not_wait_for_a_busy_source)
{
	struct drive d;

	ck_assert_int_eq(
	    drive_open(&d, "gen.so", "{\"records\": 1000000, \"delay_ms\": 600000}", 60), AB_OK);
	ck_assert_int_eq(
	    source_read(d.source, 0, "{\"stream\": {\"name\": \"s0\"}}", "[]", 0, NULL), AB_OK);
	drive_close(&d);
}
END_TEST

static Suite *
source_suite(void)
{
	Suite *s = suite_create("source");
	TCase *t = tcase_create("read");

	tcase_add_test(t, pages_come_in_order_and_whole);
	tcase_add_test(t, a_resumed_read_begins_at_its_token);
	tcase_add_test(t, a_stale_token_restarts_from_the_committed_state);
	tcase_add_test(t, a_token_that_goes_stale_in_a_read_fails_it);
	tcase_add_test(t, a_partition_may_be_null);
	tcase_add_test(t, partitions_that_are_done_are_passed_over);
	tcase_add_test(t, a_failed_page_is_told_with_its_place);
	tcase_add_test(t, a_slow_engine_loses_nothing);
	tcase_add_test(t, records_go_from_the_answer_to_the_page_and_to_update_state);
	tcase_add_test(t, a_command_that_is_too_large_is_refused_at_once);
	tcase_add_test(t, cancelling_ends_a_read_at_once);
	tcase_add_test(t, closing_does_not_wait_for_a_busy_source);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(source_suite())
