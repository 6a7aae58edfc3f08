/* worker.c - laws of the worker's modules that need no process. */
#include "suite.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "source/logpipe.h"
#include "source/native.h"
#include "worker/committed.h"
#include "worker/describe.h"
#include "worker/hosted.h"
#include "worker/load.h"

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

static long until_lack; /* calls of malloc up to the one that fails; 0: none does */

void *
__wrap_malloc(size_t size)
{
	return until_lack > 0 && --until_lack == 0 ? NULL : __real_malloc(size);
}

static ab_status
never(void *self)
{
	(void)self;
	return AB_EBUG;
}

static struct ab_connector
good(void)
{
	return (struct ab_connector){.magic = AB_MAGIC,
	    .size = sizeof(struct ab_connector),
	    .abi = AB_ABI,
	    .min_host = AB_ABI,
	    .id = "x",
	    .version = "1",
	    .spec = "{}",
	    .open = (ab_status(*)(struct ab_host *, void **))(void *)never,
	    .close = (void (*)(void *))(void *)never,
	    .check = never,
	    .streams = (ab_status(*)(void *, struct ab_catalog *))(void *)never,
	    .read_page =
		(ab_status(*)(void *, const struct ab_read *, struct ab_page *))(void *)never};
}

START_TEST(a_table_is_checked_before_it_is_used)
{
	struct {
		struct ab_connector known;
		void *newer[4];
	} table = {good(), {NULL}};
	struct ab_connector out;
	struct error e = ERROR_INIT;

	ck_assert_int_eq(load_table(&table, "x.so", &out, &e), AB_OK);
	/* A newer table has a tail, which min_host says we need not know. */
	table.known.size = sizeof(table);
	table.known.abi = AB_VERSION(1, 9);
	table.newer[2] = &out;
	ck_assert_int_eq(load_table(&table, "x.so", &out, &e), AB_OK);
	ck_assert_ptr_eq(out.extension, NULL);
	/* Members are pointers: it does not end inside of one. */
	table.known.size = sizeof(table) - 4;
	ck_assert_int_eq(load_table(&table, "x.so", &out, &e), AB_EUNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(e.text, "ends in the middle of a pointer"));
	error_clear(&e);
	table.known.size = sizeof(table);
	table.known.min_host = AB_VERSION(1, 9);
	ck_assert_int_eq(load_table(&table, "x.so", &out, &e), AB_EUNSUPPORTED);
	error_clear(&e);
	ck_assert_int_eq(
	    load_table((const uint32_t[]){LOAD_DRAFT_MAGIC, 16, AB_ABI, AB_ABI}, "x.so", &out, &e),
	    AB_EUNSUPPORTED);
	ck_assert_ptr_nonnull(
	    strstr(e.text, "built before connector ABI 1.0 was frozen; build it again"));
	/* The head alone decides: nothing behind it is read. */
	ck_assert_int_eq(
	    load_table((const uint32_t[]){AB_MAGIC, 16, AB_ABI, AB_ABI}, "x.so", &out, NULL),
	    AB_EUNSUPPORTED);
	table.known = good();
	table.known.close = NULL;
	error_clear(&e);
	ck_assert_int_eq(load_table(&table, "x.so", &out, &e), AB_EUNSUPPORTED);
	ck_assert_ptr_nonnull(strstr(e.text, "has no close"));
}
END_TEST

START_TEST(argument_structs_grow_both_ways)
{
	struct {
		uint32_t size, flags;
		uint64_t a, b, c;
	} in = {sizeof(in), 0, 1, 2, 0}, out;
	struct error e = ERROR_INIT;

	ck_assert_int_eq(services_take(&out, 24, &in, "it", &e), AB_OK);
	ck_assert_uint_eq(out.b, 2);
	in.c = 3;
	ck_assert_int_eq(services_take(&out, 24, &in, "it", NULL), AB_EUNSUPPORTED);
	in.size = 16;
	memset(&out, 7, sizeof(out));
	ck_assert_int_eq(services_take(&out, sizeof(out), &in, "it", &e), AB_OK);
	ck_assert(out.a == 1 && out.b == 0 && out.c == 0);
	in.flags = 1;
	ck_assert_int_eq(services_take(&out, 24, &in, "it", NULL), AB_EUNSUPPORTED);
	in.size = 4;
	ck_assert_int_eq(services_take(&out, 24, &in, "it", NULL), AB_EBUG);
	in.flags = 0;
	in.size = 20; /* half of b */
	ck_assert_int_eq(services_take(&out, 24, &in, "it", NULL), AB_EBUG);
	ck_assert_int_eq(services_take(&out, 24, NULL, "it", NULL), AB_EBUG);
}
END_TEST

START_TEST(committed_partitions_are_equal_as_json)
{
	static const char text[] =
	    "[{\"partition\": {\"b\": 1, \"a\": [2]}, \"state\": {\"n\": 18446744073709551616}, "
	    "\"token\": \"t\\u00e9\", \"running\": null, \"done\": false},"
	    "{\"partition\": null, \"state\": null, \"token\": null, \"done\": true}]";
	static const char same[] = "{ \"a\":[2],\"b\":1 }", other[] = "{\"a\": [2], \"b\": 2}";
	const struct committed_entry *x;
	struct committed c;
	struct error e = ERROR_INIT;

	ck_assert_int_eq(committed_init(&c, (struct ab_str){text, strlen(text)}, &e), AB_OK);
	ck_assert_int_eq(committed_find(&c, (struct ab_str){same, strlen(same)}, &x, &e), AB_OK);
	ck_assert_ptr_nonnull(x);
	/* The state goes on byte by byte, whatever its numbers. */
	ck_assert_uint_eq(x->state.len, strlen("{\"n\": 18446744073709551616}"));
	ck_assert_mem_eq(x->state.ptr, "{\"n\": 18446744073709551616}", x->state.len);
	ck_assert_str_eq(x->token, "t\xc3\xa9");
	ck_assert_ptr_null(x->running.ptr);
	ck_assert_int_eq(committed_find(&c, (struct ab_str){other, strlen(other)}, &x, &e), AB_OK);
	ck_assert_ptr_null(x);
	ck_assert_int_eq(committed_find(&c, (struct ab_str){NULL, 0}, &x, &e), AB_OK);
	ck_assert(x != NULL && x->done && x->token == NULL && x->state.ptr == NULL);
	committed_fini(&c);
}
END_TEST

/* One that would be taken for new is read from the beginning: its records would be there twice. */
START_TEST(without_memory_no_partition_is_new)
{
	static const char text[] =
	    "[{\"partition\": {\"kind\": \"a text\"}, \"state\": {\"n\": 1}}]",
			  same[] = "{\"kind\":\"a text\"}";
	const struct committed_entry *x = NULL;
	struct committed c;
	struct error e = ERROR_INIT;
	long n = 0, lacked = -1;

	ck_assert_int_eq(committed_init(&c, (struct ab_str){text, strlen(text)}, &e), AB_OK);
	do {
		error_clear(&e);
		until_lack = ++n;
		committed_find(&c, (struct ab_str){same, strlen(same)}, &x, &e);
		until_lack = 0;
		ck_assert_int_eq(e.status, x == NULL ? AB_ENOMEM : AB_OK);
		lacked++;
	} while (x == NULL);
	ck_assert_int_gt(lacked, 3);
	committed_fini(&c);
}
END_TEST

START_TEST(streams_are_checked_key_by_key)
{
	static const char *const good[] = {"{\"name\": \"a\"}",
	    "{\"name\": \"a\", \"namespace\": null, \"json_schema\": {\"maximum\": "
	    "18446744073709551616}, \"is_resumable\": null, \"sorted\": false, \"partition_state\": \"shared\"}",
	    "{\"name\": \"a\", \"supported_sync_modes\": [\"full_refresh\", \"incremental\"], "
	    "\"source_defined_primary_key\": [[\"a\"], [\"b\", \"c\"]], "
	    "\"default_cursor_field\": [\"x\"], \"vendor\": {}}"};
	static const char *const bad[] = {"", "[]", "{\"name\": \"\"}", "{\"name\": 1}",
	    "{\"name\": \"a\", \"name\": \"b\"}", "{\"name\": \"a\"} x",
	    "{\"name\": \"a\", \"sorted\": null}",
	    "{\"name\": \"a\", \"partition_state\": \"one\"}",
	    "{\"name\": \"a\", \"primary_key\": [[\"id\"]]}",
	    "{\"name\": \"a\", \"cursor_field\": [\"id\"]}", "{\"name\": \"a\", \"sortd\": true}",
	    "{\"name\": \"a\", \"supported_sync_modes\": []}",
	    "{\"name\": \"a\", \"supported_sync_modes\": [\"full-refresh\"]}",
	    "{\"name\": \"a\", \"source_defined_primary_key\": [\"id\"]}",
	    "{\"name\": \"a\", \"source_defined_primary_key\": [[]]}",
	    "{\"name\": \"a\", \"default_cursor_field\": \"x\"}"};
	struct error e = ERROR_INIT;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		ck_assert_msg(describe_stream(good[i], strlen(good[i]), &e) == AB_OK, "%s: %s",
		    good[i], e.text);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error_clear(&e);
		ck_assert_msg(describe_stream(bad[i], strlen(bad[i]), &e) == AB_EBUG, "%s", bad[i]);
	}
	ck_assert_int_eq(describe_about("{\"total\": 9, \"constants\": {}}", 29, &e), AB_OK);
	ck_assert_int_eq(describe_about("{\"total\": -1}", 13, NULL), AB_EBUG);
	ck_assert_int_eq(describe_about("{\"total\": 1.5}", 14, NULL), AB_EBUG);
	ck_assert_int_eq(describe_about("{\"other\": 1}", 12, NULL), AB_EBUG);
}
END_TEST

START_TEST(a_mistake_far_inside_is_shown_on_one_line)
{
	char text[400];
	struct error e = ERROR_INIT;

	snprintf(
	    text, sizeof(text), "{\"name\": \"%0100d\",\n\"sorted\": \"\xc3\xa9t\xc3\xa9\"}", 0);
	ck_assert_int_eq(describe_stream(text, strlen(text), &e), AB_EBUG);
	ck_assert_str_eq(e.text,
	    "the stream: /sorted must be true or false, at: 000000000000000000000\", "
	    "\"sorted\": \"\xc3\xa9t\xc3\xa9\"}");
}
END_TEST

/* A hosted over a channel, to fill pages without a connector. */
struct bench {
	struct chan engine;
	struct uplink up;
	struct hosted s;
	struct crumbs crumbs;
	struct view_root root;
};

static void
bench_init(struct bench *b, size_t cap)
{
	int fd;

	ck_assert_int_eq(chan_create(&b->engine, 1, cap, &fd, NULL), AB_OK);
	ck_assert_int_eq(uplink_init(&b->up, fd, dup(b->engine.mem_fd), NULL), AB_OK);
	ck_assert_int_eq(crumb_map(&b->crumbs, &b->up.chan), 0);
	ck_assert_int_eq(hosted_init(&b->s, &b->up, crumb_of(&b->crumbs, 0), NULL), AB_OK);
	b->s.page.cap = cap;
	view_root_init(&b->root, 1u << 20);
}

static void
bench_fini(struct bench *b)
{
	hosted_fini(&b->s);
	crumb_unmap(&b->crumbs);
	uplink_fini(&b->up);
	chan_fini(&b->engine);
	view_root_fini(&b->root);
}

static ab_status
add(struct bench *b, const char *text, int stable)
{
	return page_add(&b->s.page, view_parse(&b->root, text, strlen(text), "it"), stable, NULL);
}

static const char *
slot_text(struct bench *b, char *out)
{
	ck_assert_int_eq(page_flush(&b->s.page, NULL), AB_OK);
	ck_assert_int_eq(
	    chan_slot_read(&b->engine, b->s.page.slot, out, b->s.page.bytes, NULL), AB_OK);
	out[b->s.page.bytes] = '\0';
	return out;
}

static const char *
records_text(struct bench *b)
{
	return view_text(page_records(&b->s.page, &b->root)).ptr;
}

START_TEST(what_is_emitted_is_sent_and_kept_in_order)
{
	struct bench b;
	char out[256];

	bench_init(&b, 4096);
	page_begin(&b.s.page, PAGE_SEND_KEEP);
	ck_assert_str_eq(records_text(&b), "[]");
	ck_assert_int_eq(add(&b, "[{\"a\": 1}, {}]", 1), AB_OK);
	ck_assert_str_eq(records_text(&b), "[{\"a\": 1}, {}]");
	ck_assert_int_eq(add(&b, "[ \n ]", 0), AB_OK);
	ck_assert_int_eq(add(&b, "{\"b\": 2}", 0), AB_OK);
	ck_assert_int_eq(add(&b, " [{\"c\":3}] ", 1), AB_OK);
	ck_assert_str_eq(slot_text(&b, out), "[{\"a\": 1}, {}] [ \n ] {\"b\": 2} [{\"c\":3}] ");
	ck_assert_str_eq(records_text(&b), "[{\"a\": 1}, {},{\"b\": 2},{\"c\":3}]");
	page_begin(&b.s.page, PAGE_SEND);
	ck_assert_uint_eq(b.s.page.bytes, 0);
	ck_assert_int_eq(add(&b, "{}", 0), AB_OK);
	ck_assert_str_eq(slot_text(&b, out), "{} ");
	bench_fini(&b);
}
END_TEST

START_TEST(a_page_never_passes_its_cap)
{
	struct bench b;
	struct error e = ERROR_INIT;
	size_t cap = 300000, n = 0;
	char *text = malloc(100001);

	ck_assert_ptr_nonnull(text);
	memset(text, ' ', 100000);
	text[100000] = '\0';
	bench_init(&b, cap);
	page_begin(&b.s.page, PAGE_SEND_KEEP);
	/* Pieces on both sides of what is gathered. */
	for (size_t len = 2; add(&b, text, 0) != AB_EDATA || len == 2; len = len * 7 % 99991 + 2) {
		text[0] = '{';
		for (size_t i = 1; i < 100000; i++)
			text[i] = ' ';
		text[len - 1] = '}';
		n = b.s.page.bytes;
		ck_assert_uint_le(n, cap);
	}
	ck_assert_uint_gt(n, cap / 2);
	ck_assert_int_eq(page_flush(&b.s.page, &e), AB_OK);
	ck_assert_uint_eq(b.s.page.flushed, b.s.page.bytes);
	bench_fini(&b);
	free(text);
}
END_TEST

START_TEST(printed_lines_are_whole_and_bounded)
{
	struct logpipe l;
	const char *line;
	int fds[2], n = 0;

	ck_assert_int_eq(pipe(fds), 0);
	logpipe_init(&l, fds[0]);
	ck_assert_int_eq(write(fds[1], "one\ntw", 6), 6);
	ck_assert_str_eq(logpipe_line(&l, "x", 0), "x printed: one");
	ck_assert_int_eq(write(fds[1], "o\nthree", 7), 7);
	ck_assert_str_eq(logpipe_line(&l, "x", 0), "x printed: two");
	close(fds[1]);
	ck_assert_str_eq(logpipe_line(&l, "x", 1), "x printed: three");
	ck_assert_ptr_null(logpipe_line(&l, "x", 1));
	close(fds[0]);
	ck_assert_int_eq(pipe(fds), 0);
	logpipe_init(&l, fds[0]);
	for (int i = 0; i < 2000; i++)
		ck_assert_int_eq(write(fds[1], "many lines\n", 11), 11);
	close(fds[1]);
	while ((line = logpipe_line(&l, "x", 1)) != NULL)
		n++;
	ck_assert_int_ge(n, 50);
	ck_assert_int_lt(n, 1000); /* so many only where this test takes many seconds */
	close(fds[0]);
}
END_TEST

/* Calls may come one behind the other for long and say nothing: those that list partitions and find none. */
START_TEST(a_worker_between_two_calls_is_not_silent)
{
	struct native s = {.child = {.pid_fd = -1, .log_fd = -1}, .timeout_s = 60, .who = "x"};
	struct crumbs crumbs;
	int fd;

	ck_assert_int_eq(chan_create(&s.chan, 2, 4096, &fd, NULL), AB_OK);
	ck_assert_int_eq(crumb_map(&crumbs, &s.chan), 0);
	s.active_us = clock_mono_us() - 100000000;
	crumb_enter(crumb_of(&crumbs, 1), "partitions", "s", 7);
	crumb_leave(crumb_of(&crumbs, 1));
	obituary_watch(&s, clock_mono_us());
	ck_assert_msg(!s.dead, "%s", s.error.text);
	s.watch_us = 0;
	obituary_watch(&s, clock_mono_us() + 61000000);
	ck_assert_int_eq(s.dead, 1);
	ck_assert_ptr_nonnull(strstr(s.error.text, "x was stopped: its worker did not return"));
	crumb_unmap(&crumbs);
	chan_fini(&s.chan);
	close(fd);
}
END_TEST

static Suite *
worker_suite(void)
{
	Suite *s = suite_create("worker");
	TCase *t = tcase_create("worker");

	tcase_add_test(t, a_table_is_checked_before_it_is_used);
	tcase_add_test(t, argument_structs_grow_both_ways);
	tcase_add_test(t, committed_partitions_are_equal_as_json);
	tcase_add_test(t, without_memory_no_partition_is_new);
	tcase_add_test(t, streams_are_checked_key_by_key);
	tcase_add_test(t, a_mistake_far_inside_is_shown_on_one_line);
	tcase_add_test(t, what_is_emitted_is_sent_and_kept_in_order);
	tcase_add_test(t, a_page_never_passes_its_cap);
	tcase_add_test(t, printed_lines_are_whole_and_bounded);
	tcase_add_test(t, a_worker_between_two_calls_is_not_silent);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(worker_suite())
