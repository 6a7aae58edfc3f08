/* chan.c - laws of the channel: what is sent arrives whole, and what a hostile end sends does no harm. */
#include "suite.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/verify.h"
#include "worker/chan.h"

#define LANES 3

struct ends {
	struct chan engine, worker;
};

static void
ends_init(struct ends *x, size_t slot_bytes)
{
	struct error e = ERROR_INIT;
	int fd;

	ck_assert_int_eq(chan_create(&x->engine, LANES, slot_bytes, &fd, &e), AB_OK);
	ck_assert_int_eq(chan_attach(&x->worker, fd, dup(x->engine.mem_fd), &e), AB_OK);
}

static void
ends_fini(struct ends *x)
{
	chan_fini(&x->engine);
	chan_fini(&x->worker);
}

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static char *
make_text(size_t len, unsigned seed)
{
	char *text = malloc(len + 1);

	ck_assert_ptr_nonnull(text);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)('a' + next_random(&seed) % 26);
	text[len] = '\0';
	return text;
}

struct send_args {
	struct chan *chan;
	const struct chan_msg *m;
	ab_status rc;
};

static void *
send_thread(void *p)
{
	struct send_args *a = p;

	a->rc = chan_send(a->chan, a->m, NULL);
	return NULL;
}

static void
check_round_trip(struct ends *x, const size_t len[CHAN_TEXTS])
{
	struct chan_msg m = {CHAN_PAGE, 1, -3, 7, 9, 1, 1u << 31, INT64_MIN, {{NULL, 0}}}, got;
	struct send_args a = {&x->worker, &m, AB_EBUG};
	pthread_t thread;

	for (int i = 0; i < CHAN_TEXTS; i++)
		m.text[i] = (struct ab_str){make_text(len[i], (unsigned)i + 1), len[i]};
	ck_assert_int_eq(pthread_create(&thread, NULL, send_thread, &a), 0);
	ck_assert_int_eq(chan_recv(&x->engine, &got, 1, NULL), AB_OK);
	pthread_join(thread, NULL);
	ck_assert_int_eq(a.rc, AB_OK);
	ck_assert(got.type == m.type && got.flags == m.flags && got.status == m.status &&
	    got.stream == m.stream && got.part == m.part && got.slot == m.slot &&
	    got.bytes == m.bytes && got.num == m.num);
	for (int i = 0; i < CHAN_TEXTS; i++) {
		ck_assert_uint_eq(got.text[i].len, len[i]);
		ck_assert_mem_eq(got.text[i].ptr, m.text[i].ptr, len[i] + 1);
		free((void *)(uintptr_t)m.text[i].ptr);
	}
}

START_TEST(messages_of_every_size_arrive_whole)
{
	static const size_t sizes[] = {0, 1, 2, CHAN_PART_BYTES - 1, CHAN_PART_BYTES,
	    CHAN_PART_BYTES + 1, 2 * CHAN_PART_BYTES, 3 * CHAN_PART_BYTES + 17};
	struct ends x;
	size_t n = sizeof(sizes) / sizeof(sizes[0]);

	ends_init(&x, 4096);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			check_round_trip(&x, (const size_t[]){sizes[i], sizes[k], 0, 0});
			check_round_trip(&x, (const size_t[]){0, sizes[i], 5, sizes[k]});
		}
	check_round_trip(&x, (const size_t[]){CHAN_MAX_TEXT, 0, 0, 0});
	check_round_trip(&x, (const size_t[]){CHAN_MAX_TEXT - 3, 1, 1, 1});
	ends_fini(&x);
}
END_TEST

START_TEST(a_message_above_the_cap_is_not_sent)
{
	struct chan_msg m = {.type = CHAN_STREAM};
	struct chan_msg got;
	struct ends x;
	char *text = make_text(CHAN_MAX_TEXT, 1);

	ends_init(&x, 4096);
	m.text[0] = (struct ab_str){text, CHAN_MAX_TEXT};
	m.text[1] = (struct ab_str){text, 1};
	ck_assert_int_eq(chan_send(&x.worker, &m, NULL), AB_EDATA);
	ck_assert_int_eq(chan_recv(&x.engine, &got, 0, NULL), CHAN_AGAIN);
	ends_fini(&x);
	free(text);
}
END_TEST

START_TEST(what_was_sent_before_the_end_is_received)
{
	struct chan_msg m = {.type = CHAN_DONE};
	struct chan_msg got;
	struct ends x;

	ends_init(&x, 4096);
	ck_assert_int_eq(chan_send(&x.engine, &m, NULL), AB_OK); /* never read: makes a reset */
	ck_assert_int_eq(chan_send(&x.worker, &m, NULL), AB_OK);
	chan_fini(&x.worker);
	ck_assert_int_eq(chan_recv(&x.engine, &got, 0, NULL), AB_OK);
	ck_assert_int_eq(chan_recv(&x.engine, &got, 0, NULL), AB_ECANCELLED);
	ck_assert_int_eq(chan_send(&x.engine, &m, NULL), AB_ECANCELLED);
	chan_fini(&x.engine);
}
END_TEST

START_TEST(a_receiver_that_does_not_read_is_given_up)
{
	struct chan_msg m = {.type = CHAN_FREE};
	struct ends x;
	ab_status rc = AB_OK;

	ends_init(&x, 4096);
	x.engine.send_ms = 10;
	for (int i = 0; i < 1000000 && rc == AB_OK; i++)
		rc = chan_send(&x.engine, &m, NULL);
	ck_assert_int_eq(rc, AB_ETRANSIENT);
	ends_fini(&x);
}
END_TEST

START_TEST(slots_cannot_be_resized_or_left)
{
	char bytes[64] = "page";
	struct ends x;

	ends_init(&x, 5000);
	ck_assert_uint_eq(x.engine.slot_bytes, 8192);
	ck_assert_uint_eq(x.worker.slot_bytes, 8192);
	ck_assert_int_ne(ftruncate(x.worker.mem_fd, 1 << 20), 0);
	ck_assert_int_ne(ftruncate(x.worker.mem_fd, 0), 0);
	ck_assert_int_eq(chan_slot_write(&x.worker, 1, 8188, "tail", 4, NULL), AB_OK);
	ck_assert_int_eq(chan_slot_write(&x.worker, 1, 8189, "tail", 4, NULL), AB_EDATA);
	ck_assert_int_eq(chan_slot_write(&x.worker, LANES + 1, 0, "t", 1, NULL), AB_EDATA);
	ck_assert_int_eq(chan_slot_write(&x.worker, 0, SIZE_MAX, "t", 1, NULL), AB_EDATA);
	ck_assert_int_eq(chan_slot_write(&x.worker, 0, 1, bytes, SIZE_MAX, NULL), AB_EDATA);
	ck_assert_int_eq(chan_slot_read(&x.engine, 0, bytes, 8193, NULL), AB_EDATA);
	ck_assert_int_eq(chan_slot_write(&x.worker, 0, 0, "first", 5, NULL), AB_OK);
	ck_assert_int_eq(chan_slot_read(&x.engine, 0, bytes, 5, NULL), AB_OK);
	ck_assert_mem_eq(bytes, "first", 5);
	chan_slot_drop(&x.engine, 0, 8192);
	ck_assert_int_eq(chan_slot_read(&x.engine, 0, bytes, 5, NULL), AB_OK);
	ck_assert_mem_eq(bytes, "\0\0\0\0\0", 5);
	ends_fini(&x);
}
END_TEST

/* Real packets, as a hostile end would take them to change them. */
struct packets {
	char bytes[8][CHAN_PART_BYTES + 256];
	size_t len[8];
	int n;
};

static void
record(struct packets *p, const struct chan_msg *m)
{
	struct chan c;
	int pair[2];
	ssize_t n;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(chan_init(&c, pair[0], NULL), AB_OK);
	ck_assert_int_eq(chan_send(&c, m, NULL), AB_OK);
	while (
	    p->n < 8 && (n = recv(pair[1], p->bytes[p->n], sizeof(p->bytes[0]), MSG_DONTWAIT)) > 0)
		p->len[p->n++] = (size_t)n;
	chan_fini(&c);
	close(pair[1]);
}

/* Sends these packets to a fresh channel; the last status, never a hang. */
static ab_status
play(const struct packets *p)
{
	struct chan c;
	struct chan_msg m;
	int pair[2];
	ab_status rc = CHAN_AGAIN;

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(chan_init(&c, pair[0], NULL), AB_OK);
	for (int i = 0; i < p->n && (rc == AB_OK || rc == CHAN_AGAIN); i++) {
		ck_assert_int_eq(send(pair[1], p->bytes[i], p->len[i], 0), (ssize_t)p->len[i]);
		while ((rc = chan_recv(&c, &m, 0, NULL)) == AB_OK) {
			size_t total = 0;

			for (int k = 0; k < CHAN_TEXTS; k++) {
				ck_assert_int_eq(m.text[k].ptr[m.text[k].len], '\0');
				total += m.text[k].len;
			}
			ck_assert_uint_le(total, CHAN_MAX_TEXT);
		}
	}
	/* What was claimed and did not come has cost nothing. */
	ck_assert_uint_le(c.in.cap, 8 * (CHAN_PART_BYTES + 256));
	chan_fini(&c);
	close(pair[1]);
	return rc;
}

static void
record_long(struct packets *p)
{
	struct chan_msg m = {.type = CHAN_PAGE, .num = 1};
	char *text = make_text(2 * CHAN_PART_BYTES + 100, 3);

	*p = (struct packets){.n = 0};
	m.text[0] = (struct ab_str){text, 5};
	m.text[1] = (struct ab_str){text, 2 * CHAN_PART_BYTES + 90};
	record(p, &m);
	free(text);
	ck_assert_int_eq(p->n, 3);
}

START_TEST(packets_that_do_not_fit_are_rubbish)
{
	static struct packets whole, p;
	size_t first;

	record_long(&whole);
	first = whole.len[0];
	ck_assert_int_eq(play(&whole), CHAN_AGAIN);
	/* without its beginning; beginning twice; a part too short, too long, too many */
	p = whole;
	memcpy(p.bytes[0], p.bytes[1], p.len[1]);
	ck_assert_int_eq(play(&p), AB_EDATA);
	p = whole;
	memcpy(p.bytes[1], p.bytes[0], first);
	ck_assert_int_eq(play(&p), AB_EDATA);
	for (int i = 0; i < 3; i++) {
		p = whole;
		p.len[i]--;
		ck_assert_int_eq(play(&p), AB_EDATA);
		p = whole;
		p.len[i]++;
		ck_assert_int_eq(play(&p), AB_EDATA);
		p.len[i] = 3;
		ck_assert_int_eq(play(&p), AB_EDATA);
	}
	p = whole;
	memcpy(p.bytes[3], p.bytes[2], p.len[2]);
	p.len[p.n++] = whole.len[2];
	ck_assert_int_eq(play(&p), AB_EDATA);
}
END_TEST

START_TEST(no_change_of_a_packet_does_harm)
{
	static struct packets whole, p;
	unsigned seed = 1;

	record_long(&whole);
	for (int round = 0; round < 3000; round++) {
		int i = (int)(next_random(&seed) % 3);
		size_t head = 80 < whole.len[i] ? 80 : whole.len[i];

		p = whole;
		for (unsigned n = 1 + next_random(&seed) % 4; n > 0; n--)
			p.bytes[i][next_random(&seed) % head] = (char)next_random(&seed);
		if (next_random(&seed) % 4 == 0)
			p.len[i] = 1 + next_random(&seed) % sizeof(p.bytes[0]);
		play(&p);
	}
}
END_TEST

static ab_status
say(struct verify *v, struct chan_msg m)
{
	for (int i = 0; i < CHAN_TEXTS; i++)
		if (m.text[i].ptr == NULL)
			m.text[i].ptr = "";
	return verify_message(v, &m, NULL);
}

#define SAY(v, ...) say(v, (struct chan_msg){__VA_ARGS__})

static struct verify
idle(void)
{
	struct chan c = {.lanes = LANES, .slots = LANES + 1};
	struct verify v;

	verify_init(&v, &c, 1000);
	return v;
}

static struct verify
reading(void)
{
	struct verify v = idle();

	ck_assert_int_eq(verify_command(&v, CHAN_READ, 4, NULL), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION, .stream = 4), AB_OK);
	return v;
}

START_TEST(a_worker_speaks_only_when_asked)
{
	struct verify v = idle();

	ck_assert_int_eq(SAY(&v, .type = CHAN_DONE, .stream = CHAN_ALL), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_DONE), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_STREAM), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION_END), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PAGE, .num = 1), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_RESTART), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_HELD), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_OPEN), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = 0), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_LOG, .status = 4), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_LOG, .status = AB_WARN), AB_OK);
	ck_assert_int_eq(verify_command(&v, CHAN_CHECK, CHAN_ALL, NULL), AB_OK);
	ck_assert_int_eq(verify_command(&v, CHAN_CHECK, CHAN_ALL, NULL), AB_EBUG);
	ck_assert_int_eq(verify_command(&v, CHAN_READ, 1, NULL), AB_EBUG);
	ck_assert_int_eq(SAY(&v, .type = CHAN_FAIL, .stream = CHAN_ALL), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_FAIL, .stream = CHAN_ALL, .status = -9), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_FAIL, .stream = 1, .status = AB_ESTALE), AB_EDATA);
	ck_assert_int_eq(
	    SAY(&v, .type = CHAN_FAIL, .stream = CHAN_ALL, .status = AB_ESTALE), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_DONE, .stream = CHAN_ALL), AB_EDATA);
	ck_assert(!verify_busy(&v));
}
END_TEST

START_TEST(pages_come_in_order_from_slots_that_are_the_workers)
{
	struct verify v = reading();
	struct verify w = v;

	ck_assert_int_eq(SAY(&w, .type = CHAN_PAGE, .stream = 4, .num = 2), AB_EDATA);
	ck_assert_int_eq(SAY(&w, .type = CHAN_PAGE, .stream = 5, .num = 1), AB_EDATA);
	ck_assert_int_eq(SAY(&w, .type = CHAN_PAGE, .stream = 4, .part = 1, .num = 1), AB_EDATA);
	ck_assert_int_eq(
	    SAY(&w, .type = CHAN_PAGE, .stream = 4, .num = 1, .bytes = 1001), AB_EDATA);
	ck_assert_int_eq(
	    SAY(&w, .type = CHAN_PAGE, .stream = 4, .num = 1, .bytes = 1, .slot = LANES + 1),
	    AB_EDATA);
	ck_assert_int_eq(
	    SAY(&w, .type = CHAN_PAGE, .stream = 4, .num = 1, .text = {{"token", 5}}), AB_EDATA);
	ck_assert_int_eq(SAY(&w, .type = CHAN_DONE, .stream = 4), AB_EDATA);
	ck_assert_int_eq(
	    SAY(&v, .type = CHAN_PAGE, .stream = 4, .num = 1, .bytes = 1000, .slot = LANES), AB_OK);
	ck_assert_int_eq(
	    SAY(&v, .type = CHAN_PAGE, .stream = 4, .num = 2, .bytes = 9, .slot = LANES), AB_EDATA);
	v = reading();
	ck_assert_int_eq(SAY(&v, .type = CHAN_RESTART, .stream = 4), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_RESTART, .stream = 4), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PAGE, .stream = 4, .num = 1), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_RESTART, .stream = 4), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION_END, .stream = 4, .part = 1), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION_END, .stream = 4), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION_END, .stream = 4), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION, .stream = 4, .part = 0), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION, .stream = 4, .part = 1), AB_OK);
}
END_TEST

START_TEST(each_partition_has_its_own_order)
{
	struct verify v = reading(), w;

	ck_assert_int_eq(verify_command(&v, CHAN_READ, 4, NULL), AB_EBUG);
	ck_assert_int_eq(verify_command(&v, CHAN_STREAMS, CHAN_ALL, NULL), AB_EBUG);
	ck_assert_int_eq(verify_command(&v, CHAN_READ, 5, NULL), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION, .stream = 4, .part = 1), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION, .stream = 5), AB_OK);
	/* As many as there are lanes, one more where a lane has two, and not one more. */
	w = v;
	for (uint32_t i = 1; i <= LANES; i++)
		ck_assert_int_eq(SAY(&w, .type = CHAN_PARTITION, .stream = 5, .part = i), AB_OK);
	ck_assert_int_eq(SAY(&w, .type = CHAN_PARTITION, .stream = 5, .part = LANES + 1), AB_EDATA);
	for (int i = 1; i <= 3; i++) {
		ck_assert_int_eq(
		    SAY(&v, .type = CHAN_PAGE, .stream = 4, .part = 1, .num = i), AB_OK);
		ck_assert_int_eq(SAY(&v, .type = CHAN_PAGE, .stream = 5, .num = i), AB_OK);
	}
	/* Ends come in any order, and an end makes room. */
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION_END, .stream = 4, .part = 1), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION, .stream = 4, .part = 2), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_RESTART, .stream = 4, .part = 2), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PAGE, .stream = 4, .num = 1), AB_OK);
	/* A read that fails takes its partitions with it, and no other's. */
	ck_assert_int_eq(SAY(&v, .type = CHAN_FAIL, .stream = 4, .status = AB_EDATA), AB_OK);
	w = v;
	ck_assert_int_eq(SAY(&w, .type = CHAN_PAGE, .stream = 4, .num = 2), AB_EDATA);
	ck_assert_int_eq(SAY(&w, .type = CHAN_FAIL, .stream = 4, .status = AB_EDATA), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PAGE, .stream = 5, .num = 4), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_DONE, .stream = 5), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION_END, .stream = 5), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_DONE, .stream = 5), AB_OK);
	ck_assert(!verify_busy(&v));
}
END_TEST

START_TEST(nothing_begins_while_it_is_held)
{
	struct verify v = reading(), w;

	verify_hold(&v, 1);
	/* The worker may not have heard it yet. */
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION, .stream = 4, .part = 1), AB_OK);
	w = v;
	ck_assert_int_eq(SAY(&w, .type = CHAN_HELD, .num = 0), AB_EDATA);
	w = v;
	ck_assert_int_eq(SAY(&w, .type = CHAN_HELD, .num = 2), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_HELD, .num = 1), AB_OK);
	w = v;
	ck_assert_int_eq(SAY(&w, .type = CHAN_PARTITION, .stream = 4, .part = 2), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PAGE, .stream = 4, .part = 1, .num = 1), AB_OK);
	verify_hold(&v, 0);
	verify_hold(&v, 1);
	ck_assert_int_eq(SAY(&v, .type = CHAN_HELD, .num = 1), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_HELD, .num = 1), AB_OK);
	verify_hold(&v, 0);
	ck_assert_int_eq(SAY(&v, .type = CHAN_HELD, .num = 0), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_PARTITION, .stream = 4, .part = 2), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_HELD, .num = 0), AB_EDATA);
}
END_TEST

/* Whatever a hostile worker says, what is let through adds up. */
START_TEST(no_talk_breaks_the_books)
{
	unsigned seed = 5, ok = 0;

	for (int round = 0; round < 300; round++) {
		struct verify v = idle();

		for (int i = 0; i < 500; i++) {
			uint32_t type = CHAN_DONE + next_random(&seed) % 12, open = 0;
			uint32_t stream =
			    next_random(&seed) % 8 == 0 ? CHAN_ALL : next_random(&seed) % 3;

			if (next_random(&seed) % 8 == 0)
				(void)verify_command(&v, CHAN_READ, stream % 3, NULL);
			if (next_random(&seed) % 64 == 0)
				verify_hold(&v, next_random(&seed) % 2);
			ok += SAY(&v, .type = type, .stream = stream,
				  .part = next_random(&seed) % 3, .num = next_random(&seed) % 3,
				  .slot = next_random(&seed) % 6, .bytes = next_random(&seed) % 2,
				  .status = -(int)(next_random(&seed) % 9)) == AB_OK;
			for (uint32_t r = 0; r < v.nreads; r++)
				open += v.reads[r].open;
			ck_assert_uint_eq(open, v.nparts);
			ck_assert_uint_le(v.nparts, v.nreads * (LANES + 1));
		}
	}
	ck_assert_uint_gt(ok, 1000);
}
END_TEST

START_TEST(texts_are_utf8_without_nul)
{
	struct verify v = idle();

	ck_assert_int_eq(SAY(&v, .type = CHAN_LOG, .text = {{"h\xc3\xa9", 3}}), AB_OK);
	ck_assert_int_eq(SAY(&v, .type = CHAN_LOG, .text = {{"h\xc3", 2}}), AB_EDATA);
	ck_assert_int_eq(SAY(&v, .type = CHAN_LOG, .text = {{"", 0}, {"a\0b", 3}}), AB_EDATA);
}
END_TEST

static Suite *
chan_suite(void)
{
	Suite *s = suite_create("chan");
	TCase *t = tcase_create("chan");

	tcase_add_test(t, messages_of_every_size_arrive_whole);
	tcase_add_test(t, a_message_above_the_cap_is_not_sent);
	tcase_add_test(t, what_was_sent_before_the_end_is_received);
	tcase_add_test(t, a_receiver_that_does_not_read_is_given_up);
	tcase_add_test(t, slots_cannot_be_resized_or_left);
	tcase_add_test(t, packets_that_do_not_fit_are_rubbish);
	tcase_add_test(t, no_change_of_a_packet_does_harm);
	tcase_add_test(t, a_worker_speaks_only_when_asked);
	tcase_add_test(t, pages_come_in_order_from_slots_that_are_the_workers);
	tcase_add_test(t, each_partition_has_its_own_order);
	tcase_add_test(t, nothing_begins_while_it_is_held);
	tcase_add_test(t, no_talk_breaks_the_books);
	tcase_add_test(t, texts_are_utf8_without_nul);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(chan_suite())
