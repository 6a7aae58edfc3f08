/* sched.c - laws of the scheduler, one decision after the other, without a thread. */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "worker/sched.h"

#define LANES 3

struct bench {
	struct uplink up;
	struct chan engine;
	struct sched sched;
	struct uplink_lane lane[LANES];
	unsigned started, may_start;
};

static int
start(void *ctx)
{
	struct bench *b = ctx;

	if (b->started == b->may_start)
		return -1;
	sched_add_lane(&b->sched, &b->lane[b->started++]);
	return 0;
}

static void
bench_init(struct bench *b)
{
	int pair[2];

	*b = (struct bench){.may_start = LANES};
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	ck_assert_int_eq(chan_init(&b->up.chan, pair[0], NULL), AB_OK);
	ck_assert_int_eq(chan_init(&b->engine, pair[1], NULL), AB_OK);
	pthread_mutex_init(&b->up.lock, NULL);
	pthread_cond_init(&b->up.changed, NULL);
	sched_init(&b->sched, &b->up, LANES, start, b);
	for (int i = 0; i < LANES; i++)
		ck_assert_int_eq(uplink_lane_init(&b->lane[i], &b->up, NULL), AB_OK);
	start(b);
}

static void
bench_fini(struct bench *b)
{
	sched_fini(&b->sched);
	for (int i = 0; i < LANES; i++)
		uplink_lane_fini(&b->lane[i]);
	uplink_fini(&b->up);
	chan_fini(&b->engine);
}

/* A message of the engine's, as the receiving thread would bring it. */
static int
tell(struct bench *b, uint32_t type, uint32_t stream, int64_t num)
{
	struct chan_msg m = {.type = type, .stream = stream, .num = num};
	int rc;

	ck_assert_int_eq(chan_send(&b->engine, &m, NULL), AB_OK);
	ck_assert_int_eq(chan_recv(&b->up.chan, &m, 1, NULL), AB_OK);
	pthread_mutex_lock(&b->up.lock);
	rc = sched_message(&b->sched, &m);
	pthread_mutex_unlock(&b->up.lock);
	return rc;
}

static struct chan_msg
heard(struct bench *b)
{
	struct chan_msg m;

	ck_assert_int_eq(chan_recv(&b->engine, &m, 0, NULL), AB_OK);
	return m;
}

static struct task
next(struct bench *b, int lane, struct reading *own)
{
	struct task t;

	ck_assert_int_eq(sched_next(&b->sched, &b->lane[lane], own, lane == 0, &t), 0);
	return t;
}

static struct waiting *
partition(void)
{
	struct waiting *w = calloc(1, sizeof(*w) + 1);

	ck_assert_ptr_nonnull(w);
	w->is_only = 1;
	return w;
}

/* Begins the read on lane 0, with so many partitions. */
static struct reading *
begin(struct bench *b, uint32_t stream, int n)
{
	const struct error none = ERROR_INIT;
	struct task t;

	ck_assert_int_eq(tell(b, CHAN_READ, stream, 0), 0);
	t = next(b, 0, NULL);
	ck_assert_int_eq(t.type, TASK_BEGIN);
	sched_ready(&b->sched, t.read, 1, NULL);
	for (int i = 0; i < n; i++)
		sched_add(&b->sched, t.read, partition(), 1, i + 1 == n);
	sched_leave(&b->sched, &b->lane[0], 0, t.read, &none, "");
	return t.read;
}

static void
leave(struct bench *b, int lane, struct task *t, const struct error *e)
{
	free(t->waiting);
	sched_leave(&b->sched, &b->lane[lane], 0, t->read, e, "here");
}

START_TEST(what_was_taken_before_a_hold_does_not_begin_behind_it)
{
	const struct error none = ERROR_INIT;
	struct error e = ERROR_INIT;
	struct bench b;
	struct task t, held;
	uint32_t part;

	bench_init(&b);
	begin(&b, 7, 2);
	t = next(&b, 0, NULL);
	ck_assert_int_eq(t.type, TASK_PART);
	ck_assert_int_eq(tell(&b, CHAN_HOLD, 0, 1), 0);
	held = next(&b, 1, NULL);
	ck_assert_int_eq(held.type, TASK_HELD);
	ck_assert_int_eq(sched_say_held(&b.sched, &held, NULL), AB_OK);
	ck_assert_int_eq(heard(&b).type, CHAN_HELD);
	ck_assert_int_eq(sched_announce(&b.sched, t.read, t.waiting, &part, &e), SCHED_HELD);
	t.waiting = NULL;
	leave(&b, 0, &t, &none);
	/* It waits again, and both begin when they may. */
	ck_assert_int_eq(tell(&b, CHAN_HOLD, 0, 0), 0);
	held = next(&b, 0, NULL);
	ck_assert_int_eq(held.type, TASK_HELD);
	for (uint32_t i = 0; i < 2; i++) {
		t = next(&b, 0, NULL);
		ck_assert_int_eq(t.type, TASK_PART);
		ck_assert_int_eq(sched_announce(&b.sched, t.read, t.waiting, &part, &e), AB_OK);
		ck_assert_uint_eq(part, i);
		ck_assert_uint_eq(heard(&b).part, i);
		leave(&b, 0, &t, &none);
	}
	t = next(&b, 0, NULL);
	ck_assert_int_eq(t.type, TASK_END);
	reading_free(t.read);
	bench_fini(&b);
}
END_TEST

/* Two lanes answer two holds, the later one first. */
START_TEST(the_last_answer_to_holds_is_the_last_hold)
{
	struct bench b;
	struct task first, second;

	bench_init(&b);
	tell(&b, CHAN_HOLD, 0, 1);
	first = next(&b, 0, NULL);
	tell(&b, CHAN_HOLD, 0, 0);
	second = next(&b, 1, NULL);
	ck_assert_int_eq(sched_say_held(&b.sched, &second, NULL), AB_OK);
	ck_assert_int_eq(sched_say_held(&b.sched, &first, NULL), AB_OK);
	ck_assert_int_eq(heard(&b).num, 0);
	ck_assert_int_eq(heard(&b).num, 0);
	bench_fini(&b);
}
END_TEST

START_TEST(a_free_lane_goes_to_the_read_that_has_the_fewest)
{
	const struct error none = ERROR_INIT;
	struct bench b;
	struct reading *r[2];
	struct task t[3];

	bench_init(&b);
	r[0] = begin(&b, 0, 5);
	ck_assert_uint_eq(b.started, LANES);
	r[1] = begin(&b, 1, 5);
	for (int i = 0; i < 3; i++)
		t[i] = next(&b, i, NULL);
	ck_assert_uint_eq(r[0]->users + r[1]->users, 3);
	ck_assert(r[0]->users > 0 && r[1]->users > 0);
	/* Whoever comes back goes on with what it has; the fewest get it else. */
	ck_assert_int_eq(next(&b, 0, t[0].read).type, TASK_PAGE);
	for (int i = 0; i < 3; i++)
		leave(&b, i, &t[i], &none);
	ck_assert_uint_eq(r[0]->users + r[1]->users, 0);
	bench_fini(&b);
}
END_TEST

/* All lanes have a partition of the first read: one takes the second's in turn, and only one. */
START_TEST(a_read_without_a_lane_gets_a_turn)
{
	const struct error none = ERROR_INIT;
	struct bench b;
	struct reading *r;
	struct task t[4];

	bench_init(&b);
	r = begin(&b, 0, 5);
	for (int i = 0; i < 3; i++)
		t[i] = next(&b, i, NULL);
	ck_assert_int_eq(tell(&b, CHAN_READ, 1, 0), 0);
	t[3] = next(&b, 2, r);
	ck_assert(t[3].type == TASK_BEGIN && t[3].read != r);
	ck_assert_int_eq(next(&b, 1, r).type, TASK_PAGE);
	sched_ready(&b.sched, t[3].read, 0, partition());
	sched_leave(&b.sched, &b.lane[2], 1, t[3].read, &none, "");
	t[3] = next(&b, 1, r);
	ck_assert(t[3].type == TASK_PART && t[3].read != r);
	ck_assert_int_eq(next(&b, 2, r).type, TASK_PAGE);
	for (int i = 0; i < 4; i++)
		leave(&b, i % 3, &t[i], &none);
	bench_fini(&b);
}
END_TEST

START_TEST(the_first_failure_is_the_reads)
{
	struct error first = ERROR_INIT, second = ERROR_INIT;
	struct bench b;
	struct task t[2];

	error_set(&first, AB_EDATA, "first");
	error_set(&second, AB_ECANCELLED, "second");
	bench_init(&b);
	begin(&b, 0, 5);
	for (int i = 0; i < 2; i++)
		t[i] = next(&b, i, NULL);
	leave(&b, 0, &t[0], &first);
	ck_assert(uplink_cancelled(&b.lane[1]) && !uplink_cancelled(&b.lane[2]));
	leave(&b, 1, &t[1], &second);
	t[0] = next(&b, 0, NULL);
	ck_assert_int_eq(t[0].type, TASK_END);
	ck_assert_str_eq(t[0].read->error.text, "first");
	ck_assert_str_eq(t[0].read->where, "here");
	reading_free(t[0].read);
	bench_fini(&b);
}
END_TEST

START_TEST(what_the_engine_must_not_say_is_refused)
{
	struct bench b;

	bench_init(&b);
	ck_assert_int_eq(tell(&b, CHAN_READ, CHAN_ALL, 0), -1);
	ck_assert_int_eq(tell(&b, CHAN_READ, 3, 0), 0);
	ck_assert_int_eq(tell(&b, CHAN_READ, 3, 0), -1);
	ck_assert_int_eq(tell(&b, CHAN_CHECK, CHAN_ALL, 0), -1);
	ck_assert_int_eq(tell(&b, CHAN_CANCEL, 99, 0), 0);
	ck_assert_int_eq(tell(&b, CHAN_PAGE, 3, 0), -1);
	bench_fini(&b);
	bench_init(&b);
	ck_assert_int_eq(tell(&b, CHAN_STREAMS, CHAN_ALL, 0), 0);
	ck_assert_int_eq(tell(&b, CHAN_READ, 3, 0), -1);
	bench_fini(&b);
}
END_TEST

/* Another lane comes before the one that has begun the read is through with that. */
START_TEST(what_has_no_list_is_never_listed)
{
	const struct error none = ERROR_INIT;
	struct bench b;
	struct task begun, t;

	bench_init(&b);
	for (uint32_t left = 0; left < 2; left++) {
		ck_assert_int_eq(tell(&b, CHAN_READ, left, 0), 0);
		begun = next(&b, 0, NULL);
		ck_assert_int_eq(begun.type, TASK_BEGIN);
		sched_ready(&b.sched, begun.read, 0, left > 0 ? partition() : NULL);
		ck_assert(begun.read->is_listed);
		if (left > 0) {
			t = next(&b, 1, NULL);
			ck_assert_int_eq(t.type, TASK_PART);
			leave(&b, 1, &t, &none);
		}
		leave(&b, 0, &begun, &none);
		t = next(&b, 0, NULL);
		ck_assert_int_eq(t.type, TASK_END);
		reading_free(t.read);
	}
	bench_fini(&b);
}
END_TEST

static Suite *
sched_suite(void)
{
	Suite *s = suite_create("sched");
	TCase *t = tcase_create("sched");

	tcase_add_test(t, what_was_taken_before_a_hold_does_not_begin_behind_it);
	tcase_add_test(t, the_last_answer_to_holds_is_the_last_hold);
	tcase_add_test(t, a_free_lane_goes_to_the_read_that_has_the_fewest);
	tcase_add_test(t, a_read_without_a_lane_gets_a_turn);
	tcase_add_test(t, what_has_no_list_is_never_listed);
	tcase_add_test(t, the_first_failure_is_the_reads);
	tcase_add_test(t, what_the_engine_must_not_say_is_refused);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(sched_suite())
