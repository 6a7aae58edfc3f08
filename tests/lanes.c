/* lanes.c - laws of a source that reads several partitions and streams at once. */
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "watch.h"
#include "wire.h"

#ifndef DRIVE_IN_PROCESS
void lanes_bad_tests(TCase *t);
#endif

static int64_t
time_read(int lanes)
{
	struct watch w;
	int64_t begun;

	watch_open(
	    &w, "{\"parts\": 8, \"pages\": 5, \"delay_ms\": 100, \"list\": 8}", lanes, 0, 60);
	begun = clock_mono_us();
	watch_read(&w, 0, NULL);
	watch_until(&w, SOURCE_DONE, 0);
	begun = clock_mono_us() - begun;
	ck_assert_int_eq(w.pages[0], 40);
	ck_assert_int_le(w.most, lanes + 1);
	watch_close(&w);
	return begun;
}

START_TEST(eight_lanes_wait_at_the_same_time)
{
	double ratio = 0;

	/* What else the machine does may spoil one attempt. */
	for (int i = 0; i < 3 && ratio < 6; i++)
		ratio = (double)time_read(1) / (double)time_read(8);
	printf("# eight lanes are %.2f times as fast as one\n", ratio);
	ck_assert_double_ge(ratio, 6);
}
END_TEST

START_TEST(partitions_are_numbered_as_they_begin)
{
	struct watch w;
	uint32_t begun[2] = {0, 0}, pages[2][64] = {{0}};
	int name[2][64];

	watch_open(&w, "{\"parts\": 50, \"pages\": 4}", 4, 0, 60);
	watch_read(&w, 0, NULL);
	watch_read(&w, 1, NULL);
	while (watch_count(&w, SOURCE_DONE, SOURCE_ALL, "") < 2) {
		const struct watch_event *e = watch_next(&w, 10000);
		uint32_t s = e->stream;

		ck_assert_ptr_nonnull(e);
		ck_assert_int_ne(e->type, SOURCE_FAILED);
		if (e->type == SOURCE_PARTITION) {
			ck_assert_uint_eq(e->part, begun[s]++);
			name[s][e->part] = watch_int(e, "\"p");
		}
		if (e->type == SOURCE_PAGE) {
			/* The record says the same as the event: each page came to its partition. */
			ck_assert_int_eq(e->num, ++pages[s][e->part]);
			ck_assert_int_eq(watch_int(e, "page"), e->num);
			ck_assert_int_eq(watch_int(e, "\"p"), name[s][e->part]);
		}
	}
	ck_assert(begun[0] == 50 && begun[1] == 50);
	ck_assert_int_le(w.most, 4 + 2);
	ck_assert_int_eq(w.open, 0);
	watch_close(&w);
}
END_TEST

/* A connector may keep what it needs for the next page: a partition stays with its source. */
START_TEST(a_partition_is_read_by_one_source)
{
	struct watch w;
	int source[64];

	memset(source, -1, sizeof(source));
	watch_open(&w, "{\"parts\": 40, \"pages\": 5, \"delay_ms\": 2}", 4, 0, 60);
	watch_read(&w, 0, NULL);
	watch_until(&w, SOURCE_DONE, 0);
	for (size_t i = 0; i < w.n; i++) {
		const struct watch_event *e = &w.event[i];

		if (e->type != SOURCE_PAGE)
			continue;
		if (source[e->part] < 0)
			source[e->part] = watch_int(e, "source");
		ck_assert_int_eq(watch_int(e, "source"), source[e->part]);
	}
	ck_assert_int_eq(watch_count(&w, SOURCE_LOG, SOURCE_ALL, "opened "), 3); /* further ones */
	watch_close(&w);
}
END_TEST

START_TEST(a_source_is_opened_when_there_is_work_for_it)
{
	struct watch w;

	watch_open(&w, "{\"parts\": 1, \"pages\": 20}", 8, 0, 60);
	watch_read(&w, 0, NULL);
	watch_until(&w, SOURCE_DONE, 0);
	watch_read(&w, 1, NULL);
	watch_until(&w, SOURCE_DONE, 1);
	ck_assert_int_eq(watch_count(&w, SOURCE_LOG, SOURCE_ALL, "opened "), 0);
	ck_assert_int_eq(drive_count(&w.drive.lines, "opened "), 1); /* as it was opened */
	watch_close(&w);
}
END_TEST

START_TEST(what_cannot_be_opened_is_done_without)
{
	struct watch w;

	watch_open(&w, "{\"parts\": 20, \"pages\": 3, \"delay_ms\": 5, \"opens\": 2}", 8, 0, 60);
	watch_read(&w, 0, NULL);
	watch_until(&w, SOURCE_DONE, 0);
	ck_assert_int_eq(w.pages[0], 60);
	ck_assert_int_eq(watch_count(&w, SOURCE_LOG, SOURCE_ALL, "opened "), 1);
	ck_assert_int_ge(watch_count(&w, SOURCE_LOG, SOURCE_ALL,
			     "a further source could not be opened: the server takes no more "
			     "connections; reading goes on with"),
	    1);
	watch_close(&w);
}
END_TEST

/* Each has all lanes' attention, whoever came first and whoever is slow. */
START_TEST(a_slow_stream_does_not_stall_the_others)
{
	struct watch w;

	watch_open(&w, "{\"parts\": 8, \"pages\": 40, \"delay_ms\": 50}", 2, 0, 60);
	watch_read(&w, 0, NULL);
	while (w.open < 2)
		ck_assert_ptr_nonnull(watch_next(&w, 10000));
	watch_read(&w, 1, NULL);
	/* It does not wait for the end of one of the slow partitions, which takes two seconds. */
	watch_until(&w, SOURCE_PAGE, 1);
	ck_assert_int_eq(watch_count(&w, SOURCE_PARTITION_END, 0, ""), 0);
	watch_until(&w, SOURCE_DONE, 1);
	ck_assert_int_eq(w.pages[1], 320);
	ck_assert_int_lt(watch_count(&w, SOURCE_PARTITION_END, 0, ""), 8);
	ck_assert_int_eq(watch_count(&w, SOURCE_DONE, 0, ""), 0);
	source_cancel(w.drive.source);
	watch_until(&w, SOURCE_FAILED, 0);
	watch_close(&w);
}
END_TEST

START_TEST(one_lane_reads_a_page_of_each_in_turn)
{
	struct watch w;
	int min, max;

	watch_open(&w, "{\"streams\": 3, \"parts\": 1, \"pages\": 50, \"delay_ms\": 1}", 1, 0, 60);
	for (uint32_t i = 0; i < 3; i++)
		watch_read(&w, i, NULL);
	while (w.open < 3)
		ck_assert_ptr_nonnull(watch_next(&w, 10000));
	while (watch_count(&w, SOURCE_DONE, SOURCE_ALL, "") == 0) {
		min = max = w.pages[0];
		for (int i = 1; i < 3; i++) {
			min = w.pages[i] < min ? w.pages[i] : min;
			max = w.pages[i] > max ? w.pages[i] : max;
		}
		ck_assert_int_le(max - min, 4);
		ck_assert_ptr_nonnull(watch_next(&w, 10000));
	}
	watch_close(&w);
}
END_TEST

START_TEST(nothing_begins_while_it_is_held)
{
	struct watch w;
	int begun;

	watch_open(&w, "{\"parts\": 30, \"pages\": 3, \"delay_ms\": 5}", 3, 0, 60);
	watch_read(&w, 0, NULL);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 9; i++)
			watch_until(&w, SOURCE_PAGE, 0);
		source_hold(w.drive.source, 1);
		watch_until(&w, SOURCE_HELD, SOURCE_ALL);
		begun = watch_count(&w, SOURCE_PARTITION, 0, "");
		while (w.open > 0)
			watch_until(&w, SOURCE_PARTITION_END, 0);
		ck_assert_ptr_null(watch_next(&w, 50));
		ck_assert_int_eq(watch_count(&w, SOURCE_PARTITION, 0, ""), begun);
		/* What is asked for last counts, however quickly it is asked. */
		source_hold(w.drive.source, 0);
		source_hold(w.drive.source, 1);
		source_hold(w.drive.source, 0);
		ck_assert_int_eq(watch_until(&w, SOURCE_HELD, SOURCE_ALL)->num, 0);
	}
	watch_until(&w, SOURCE_DONE, 0);
	ck_assert_int_eq(w.pages[0], 90);
	/* A read that begins under a hold has to wait, and can be cancelled there. */
	source_hold(w.drive.source, 1);
	watch_until(&w, SOURCE_HELD, SOURCE_ALL);
	watch_read(&w, 1, NULL);
	ck_assert_ptr_null(watch_next(&w, 50));
	source_cancel_read(w.drive.source, 1);
	ck_assert_int_eq(watch_until(&w, SOURCE_FAILED, 1)->status, AB_ECANCELLED);
	watch_close(&w);
}
END_TEST

/* The engine asks at any moment; the verifier fails what begins behind the answer. */
START_TEST(a_hold_is_kept_whenever_it_comes)
{
	struct watch w;
	const struct watch_event *e;
	int on = 0, is_done = 0;

	watch_open(&w, "{\"parts\": 20000, \"pages\": 1, \"list\": 100}", 4, 0, 60);
	watch_read(&w, 0, NULL);
	for (int i = 0; i < 600 && !is_done; i++) {
		on = !on;
		source_hold(w.drive.source, on);
		do {
			e = watch_next(&w, 10000);
			ck_assert_ptr_nonnull(e);
			ck_assert_msg(e->type != SOURCE_FAILED, "%s", e->text);
			is_done |= e->type == SOURCE_DONE;
		} while (e->type != SOURCE_HELD || e->num != on);
	}
	source_hold(w.drive.source, 0);
	if (!is_done)
		watch_until(&w, SOURCE_DONE, 0);
	ck_assert_int_eq(w.pages[0], 20000);
	watch_close(&w);
}
END_TEST

START_TEST(one_read_is_cancelled_and_the_others_go_on)
{
	struct watch w;
	int64_t at;

	watch_open(
	    &w, "{\"parts\": 4, \"pages\": 100, \"delay_ms\": 30000, \"others_ms\": 2}", 4, 0, 60);
	watch_read(&w, 1, NULL);
	watch_until(&w, SOURCE_PAGE, 1);
	watch_read(&w, 0, NULL);
	watch_until(&w, SOURCE_PARTITION, 0);
	for (int i = 0; i < 30; i++) /* it sleeps by now */
		watch_until(&w, SOURCE_PAGE, 1);
	at = clock_mono_us();
	source_cancel_read(w.drive.source, 0);
	ck_assert_int_eq(watch_until(&w, SOURCE_FAILED, 0)->status, AB_ECANCELLED);
	ck_assert_int_lt(clock_mono_us() - at, 15000000); /* not when its page has come */
	watch_until(&w, SOURCE_DONE, 1);
	ck_assert_int_eq(w.pages[1], 400);
	ck_assert_int_eq(w.pages[0], 0);
	/* and it may be read again; then all are cancelled */
	watch_read(&w, 1, NULL);
	watch_until(&w, SOURCE_PAGE, 1);
	watch_read(&w, 0, NULL);
	source_cancel(w.drive.source);
	for (int i = 0; i < 2; i++) {
		const struct watch_event *e;

		while ((e = watch_next(&w, 10000)) != NULL && e->type != SOURCE_FAILED)
			continue;
		ck_assert(e != NULL && e->status == AB_ECANCELLED);
	}
	ck_assert_int_eq(drive_check(&w.drive), AB_OK);
	watch_close(&w);
}
END_TEST

START_TEST(a_partition_that_fails_fails_its_read_only)
{
	struct watch w;
	const struct watch_event *e, *failed = NULL;

	watch_open(
	    &w, "{\"parts\": 6, \"pages\": 30, \"bad_part\": 1, \"others_ms\": 3}", 4, 0, 60);
	watch_read(&w, 0, NULL);
	watch_read(&w, 1, NULL);
	/* The other partitions of s0 wait a minute; its end does not wait for them. */
	while (failed == NULL || watch_count(&w, SOURCE_DONE, 1, "") == 0) {
		e = watch_next(&w, 10000);
		ck_assert_ptr_nonnull(e);
		failed = e->type == SOURCE_FAILED ? e : failed;
	}
	ck_assert_uint_eq(failed->stream, 0);
	ck_assert_int_eq(failed->status, AB_ETRANSIENT);
	ck_assert_str_eq(
	    failed->text, "lanes 1.0.0, read_page of stream s0, page 2: this one always fails");
	ck_assert_int_eq(w.pages[1], 180);
	ck_assert_int_eq(drive_check(&w.drive), AB_OK);
	watch_close(&w);
}
END_TEST

START_TEST(talk_is_told_with_its_stream)
{
	struct watch w;

	watch_open(&w, "{\"parts\": 2, \"shared\": 1}", 2, 0, 60);
	watch_read(&w, 1, "[{\"partition\": null, \"state\": {\"at\": \"shared\"}}]");
	watch_until(&w, SOURCE_DONE, 1);
	/* what partitions() logs is the state that it was given */
	ck_assert_int_eq(watch_count(&w, SOURCE_LOG, 1, "{\"at\": \"shared\"}"), 1);
	watch_close(&w);
}
END_TEST

/* But those that an interrupted run has given one of their own. */
START_TEST(all_partitions_get_the_shared_state)
{
	static const char committed[] =
	    "[{\"partition\": null, \"state\": {\"at\": \"shared\"}}, "
	    "{\"partition\": {\"p\": 1}, \"state\": {\"at\": 7}, \"token\": \"3\"}, "
	    "{\"partition\": {\"p\":2}, \"done\": true}]";
	struct watch w;
	int seen[4] = {0, 0, 0, 0};

	watch_open(&w, "{\"parts\": 4, \"shared\": 1}", 2, 0, 60);
	watch_read(&w, 0, committed);
	watch_until(&w, SOURCE_DONE, 0);
	for (size_t i = 0; i < w.n; i++) {
		if (w.event[i].type != SOURCE_PAGE)
			continue;
		ck_assert_ptr_nonnull(strstr(w.event[i].text,
		    watch_int(&w.event[i], "\"p") == 1 ? "\"state\": {\"at\": 7}"
						       : "\"state\": {\"at\": \"shared\"}"));
		seen[watch_int(&w.event[i], "\"p")]++;
	}
	ck_assert(seen[0] == 3 && seen[1] == 1 && seen[2] == 0 && seen[3] == 3);
	watch_close(&w);
}
END_TEST

#define BODY ((size_t)100 << 10)

START_TEST(bodies_together_stay_below_their_memory)
{
	char *body = malloc(BODY + 1), config[256];
	struct wire_step step = {.head = "200 OK\r\n", .body = body};
	struct wire *wire;
	struct watch w;

	ck_assert_ptr_nonnull(body);
	memset(body, 'x', BODY);
	body[BODY] = '\0';
	wire = wire_start(&step, 1);
	snprintf(config, sizeof(config),
	    "{\"parts\": 8, \"pages\": 6, \"list\": 8, \"hold_ms\": 20, \"url\": \"http://127.0.0.1:%u/\"}",
	    wire_port(wire));
	/* Room for three and a half: three. */
	watch_open(&w, config, 8, BODY * 7 / 2, 60);
	watch_read(&w, 0, NULL);
	watch_until(&w, SOURCE_DONE, 0);
	ck_assert_int_eq(w.pages[0], 48);
	ck_assert_int_eq(drive_check(&w.drive), AB_OK);
	ck_assert_msg(drive_count(&w.drive.lines, "held 3\n") == 1, "%s", w.drive.lines.ptr);
	watch_close(&w);
	/* One always goes on, even where a single one is too much. */
	watch_open(&w, config, 8, 1000, 60);
	watch_read(&w, 0, NULL);
	watch_until(&w, SOURCE_DONE, 0);
	ck_assert_int_eq(drive_check(&w.drive), AB_OK);
	ck_assert_int_ge(drive_count(&w.drive.lines, "held "), 1);
	watch_close(&w);
	wire_stop(wire);
	free(body);
}
END_TEST

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SLACK_KIB (512 << 10) /* they keep what was freed */
#else
#define SLACK_KIB (4 << 10)
#endif

START_TEST(many_partitions_cost_no_memory)
{
	const char *at;
	struct watch w;
	int kilobytes[2];

	for (int i = 0; i < 2; i++) {
		watch_open(&w,
		    i == 0 ? "{\"parts\": 100, \"list\": 50, \"pages\": 1}"
			   : "{\"parts\": 30000, \"list\": 50, \"pages\": 1}",
		    8, 0, 60);
		watch_read(&w, 0, NULL);
		watch_until(&w, SOURCE_DONE, 0);
		ck_assert_int_eq(w.pages[0], i == 0 ? 100 : 30000);
		ck_assert_int_eq(drive_check(&w.drive), AB_OK);
		at = strstr(w.drive.lines.ptr, "VmHWM:");
		ck_assert_ptr_nonnull(at);
		kilobytes[i] = (int)strtol(at + 6, NULL, 10);
		watch_close(&w);
	}
	printf("# the worker took %d KiB for 100 partitions, %d for 30,000\n", kilobytes[0],
	    kilobytes[1]);
	ck_assert_int_lt(kilobytes[1] - kilobytes[0], SLACK_KIB);
}
END_TEST

static Suite *
lanes_suite(void)
{
	Suite *s = suite_create("lanes");
	TCase *t = tcase_create("lanes");

	tcase_add_test(t, eight_lanes_wait_at_the_same_time);
	tcase_add_test(t, partitions_are_numbered_as_they_begin);
	tcase_add_test(t, a_partition_is_read_by_one_source);
	tcase_add_test(t, a_source_is_opened_when_there_is_work_for_it);
	tcase_add_test(t, what_cannot_be_opened_is_done_without);
	tcase_add_test(t, a_slow_stream_does_not_stall_the_others);
	tcase_add_test(t, one_lane_reads_a_page_of_each_in_turn);
	tcase_add_test(t, nothing_begins_while_it_is_held);
	tcase_add_test(t, a_hold_is_kept_whenever_it_comes);
	tcase_add_test(t, one_read_is_cancelled_and_the_others_go_on);
	tcase_add_test(t, a_partition_that_fails_fails_its_read_only);
	tcase_add_test(t, talk_is_told_with_its_stream);
	tcase_add_test(t, all_partitions_get_the_shared_state);
	tcase_add_test(t, bodies_together_stay_below_their_memory);
	tcase_add_test(t, many_partitions_cost_no_memory);
#ifndef DRIVE_IN_PROCESS
	lanes_bad_tests(t);
#endif
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(lanes_suite())
