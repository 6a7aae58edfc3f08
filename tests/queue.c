/* Laws of engine/queue: buffers are few, padded and used again; nothing is lost or reordered between two threads. */
#include "suite.h"

#include <poll.h>
#include <string.h>

#include "engine/queue.h"

static struct queue queue;

static void
setup(void)
{
	ck_assert_int_eq(queue_init(&queue), 0);
}

static void
teardown(void)
{
	queue_fini(&queue);
}

static int
is_readable(void)
{
	struct pollfd fd = {.fd = queue_fd(&queue), .events = POLLIN};

	return poll(&fd, 1, 0) == 1;
}

START_TEST(two_buffers_for_large_pages_three_for_small)
{
	struct queue_page *p[4];
	int failed;

	p[0] = queue_take_page(&queue, QUEUE_SMALL + 1, &failed);
	p[1] = queue_take_page(&queue, QUEUE_SMALL + 1, &failed);
	ck_assert(p[0] != NULL && p[1] != NULL && p[0] != p[1]);
	ck_assert_ptr_null(queue_take_page(&queue, QUEUE_SMALL + 1, &failed));
	ck_assert_int_eq(failed, 0);
	p[2] = queue_take_page(&queue, QUEUE_SMALL, &failed);
	ck_assert_ptr_nonnull(p[2]);
	ck_assert_int_eq(queue_has_room(&queue), 0);
	ck_assert_ptr_null(queue_take_page(&queue, 1, &failed));
	queue_clear(&queue);
	ck_assert_int_eq(is_readable(), 0);
	queue_release_page(&queue, p[0]);
	ck_assert_int_eq(is_readable(), 1);
	ck_assert_ptr_eq(queue_take_page(&queue, 1, &failed), p[0]);
}
END_TEST

START_TEST(a_buffer_is_padded_and_kept)
{
	struct queue_page *p;
	const char *bytes;
	int failed;

	p = queue_take_page(&queue, 100000, &failed);
	memset(p->bytes, 'x', p->cap);
	bytes = p->bytes;
	buf_adds(&p->about, "{}");
	queue_release_page(&queue, p);
	p = queue_take_page(&queue, 10, &failed);
	ck_assert_ptr_eq(p->bytes, bytes);
	ck_assert_int_eq(p->len, 10);
	ck_assert_int_eq(p->about.len, 0);
	for (int i = 0; i < SCAN_PADDING; i++)
		ck_assert_int_eq(p->bytes[10 + i], 0);
	queue_release_page(&queue, p);
	ck_assert_ptr_null(queue_take_page(&queue, SIZE_MAX, &failed));
	ck_assert_int_eq(failed, 1);
}
END_TEST

/* Where records are short, what finds them is larger than they are, and counts. */
START_TEST(the_tables_of_short_records_count)
{
	enum { LEN = 100000 };
	struct queue_page *one, *two;
	struct error e = ERROR_INIT;
	size_t tables;
	int failed;

	queue.budget = 10 * LEN;
	one = queue_take_page(&queue, LEN, &failed);
	for (int i = 0; i < LEN; i += 10)
		memcpy(one->bytes + i, "{\"a\":123}\n", 10);
	ck_assert_int_eq(scan_page(&one->scan, one->bytes, LEN, &e), AB_OK);
	ck_assert_int_eq(queue_measure_page(&queue, one, &tables), 0);
	ck_assert_uint_gt(tables, 3 * LEN);
	ck_assert_uint_gt(scan_table_bytes(&one->scan), tables - 1);
	two = queue_take_page(&queue, LEN, &failed);
	ck_assert_ptr_nonnull(two);
	queue_release_page(&queue, two);
	queue.budget = 6 * LEN;
	ck_assert_ptr_null(queue_take_page(&queue, LEN, &failed));
	ck_assert_int_eq(failed, 0);
	queue_release_page(&queue, one);
	ck_assert_ptr_nonnull(queue_take_page(&queue, LEN, &failed));
	queue.budget = 2 * LEN;
	ck_assert_int_eq(queue_measure_page(&queue, one, &tables), 1);
}
END_TEST

/* Takes everything, checks the order of what is numbered, and lets the pages go. */
static void *
take_all(void *arg)
{
	int64_t *next = arg;
	struct queue_item item;

	for (;;) {
		queue_pop(&queue, &item);
		if (item.page != NULL)
			queue_release_page(&queue, item.page);
		if (item.type != QUEUE_STOP && item.since_us == *next)
			++*next;
		queue_done(&queue);
		if (item.type == QUEUE_STOP)
			return NULL;
	}
}

START_TEST(items_arrive_in_order)
{
	const struct queue_item stop = {.type = QUEUE_STOP};
	struct pollfd fd = {.fd = queue_fd(&queue), .events = POLLIN};
	pthread_t thread;
	int64_t next = 0;

	ck_assert_int_eq(pthread_create(&thread, NULL, take_all, &next), 0);
	for (int64_t i = 0; i < 20000; i++) {
		struct queue_item item = {.type = QUEUE_PAGE, .since_us = i};
		int failed;

		/* every third item carries no page, and may have to wait for room */
		while (i % 3 != 0 && (item.page = queue_take_page(&queue, 8, &failed)) == NULL)
			if (poll(&fd, 1, -1) > 0)
				queue_clear(&queue);
		queue_push(&queue, &item);
	}
	queue_push(&queue, &stop);
	pthread_join(thread, NULL);
	ck_assert_int_eq(next, 20000);
	ck_assert_int_eq(queue_is_idle(&queue), 1);
}
END_TEST

static Suite *
queue_suite(void)
{
	Suite *s = suite_create("queue");
	TCase *t = tcase_create("queue");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, two_buffers_for_large_pages_three_for_small);
	tcase_add_test(t, a_buffer_is_padded_and_kept);
	tcase_add_test(t, the_tables_of_short_records_count);
	tcase_add_test(t, items_arrive_in_order);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(queue_suite())
