/* budget.c - laws of the memory that lanes may take: it is kept, everybody gets some in the end, nobody waits for
 * somebody who waits. */
#include "suite.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "worker/uplink.h"

START_TEST(what_fits_may_and_what_does_not_waits)
{
	struct budget b = {.memory = 100};
	struct budget_share x = {0}, y = {0}, z = {0};

	ck_assert(budget_may(&b, &x, 60));
	ck_assert_int_eq(budget_set(&b, &x, 60, 0), 0);
	ck_assert(budget_may(&b, &y, 40));
	ck_assert(!budget_may(&b, &y, 41));
	/* More of one's own, and a number that would wrap around. */
	ck_assert(budget_may(&b, &x, 100));
	ck_assert(!budget_may(&b, &y, SIZE_MAX));
	/* In the order in which they came: a small one does not pass a large one. */
	budget_enqueue(&b, &y);
	ck_assert(!budget_may(&b, &z, 1));
	budget_enqueue(&b, &z);
	ck_assert_int_eq(budget_set(&b, &x, 10, 0), 1);
	ck_assert(budget_may(&b, &y, 90));
	ck_assert(!budget_may(&b, &z, 1));
	budget_dequeue(&b, &y);
	ck_assert(budget_may(&b, &z, 90));
	budget_dequeue(&b, &z);
	budget_dequeue(&b, &z);
	ck_assert(b.first == NULL && b.last == NULL);
}
END_TEST

START_TEST(one_always_goes_on)
{
	struct budget b = {.memory = 100};
	struct budget_share x = {0}, y = {0};

	/* Too much for all, and nobody is there whom waiting would help. */
	ck_assert(budget_may(&b, &x, 500));
	budget_set(&b, &x, 500, 0);
	ck_assert(!budget_may(&b, &y, 1));
	/* Both hold something and want more: the one that waits is none to wait for. */
	budget_set(&b, &x, 60, 0);
	budget_set(&b, &y, 40, 0);
	ck_assert(!budget_may(&b, &y, 80));
	budget_enqueue(&b, &x);
	ck_assert_int_eq(budget_set(&b, &x, 60, 1), 1);
	budget_enqueue(&b, &y);
	ck_assert_int_eq(budget_set(&b, &y, 40, 1), 1);
	ck_assert(budget_may(&b, &x, 90));
	ck_assert(!budget_may(&b, &y, 80));
}
END_TEST

START_TEST(expectations_follow_what_was_seen)
{
	struct budget b = {.memory = 100};
	size_t seen = 0;

	ck_assert_uint_eq(budget_expect(&b, seen), 50);
	seen = budget_learn(seen, 800);
	ck_assert_uint_eq(budget_expect(&b, seen), 800);
	seen = budget_learn(seen, 0);
	ck_assert_uint_eq(seen, 700);
	for (int i = 0; i < 100; i++)
		seen = budget_learn(seen, 8);
	ck_assert_uint_lt(seen, 16);
	ck_assert_uint_ge(seen, 8);
}
END_TEST

#define THREADS 8
#define ROUNDS	300
#define MEMORY	((size_t)1000)

struct taker {
	struct uplink_lane lane;
	unsigned seed;
	int rounds, broke;
};

static unsigned
next_random(struct taker *t)
{
	t->seed = t->seed * 1664525u + 1013904223u;
	return t->seed >> 8;
}

static void
check_kept(struct taker *t)
{
	struct uplink *u = t->lane.up;

	pthread_mutex_lock(&u->lock);
	/* This lane goes on; were it the only one that does, it might have been let through. */
	t->broke += u->budget.used > MEMORY && u->budget.going > 1;
	pthread_mutex_unlock(&u->lock);
}

/* Takes, sleeps, takes more while it holds that, gives back. */
static void *
take(void *arg)
{
	struct taker *t = arg;
	size_t held;

	for (t->rounds = 0; t->rounds < ROUNDS; t->rounds++) {
		held = 1 + next_random(t) % (t->rounds % 10 == 0 ? 2 * MEMORY : MEMORY / 3);
		if (uplink_room(&t->lane, held) != AB_OK)
			break;
		check_kept(t);
		if (next_random(t) % 3 == 0)
			usleep(next_random(t) % 300);
		if (next_random(t) % 3 == 0)
			uplink_held(&t->lane, held, 1);
		if (next_random(t) % 2 == 0 && uplink_room(&t->lane, held * 2) != AB_OK)
			break;
		uplink_held(&t->lane, 0, 0);
	}
	return NULL;
}

static void
run_takers(struct taker t[THREADS], int cancel)
{
	struct uplink up = {.budget = {.memory = MEMORY}};
	pthread_t thread[THREADS];

	pthread_mutex_init(&up.lock, NULL);
	pthread_cond_init(&up.changed, NULL);
	for (unsigned i = 0; i < THREADS; i++) {
		t[i] = (struct taker){.seed = i + 1};
		ck_assert_int_eq(uplink_lane_init(&t[i].lane, &up, NULL), AB_OK);
		ck_assert_int_eq(pthread_create(&thread[i], NULL, take, &t[i]), 0);
	}
	for (unsigned i = 0; i < THREADS; i++) {
		if (cancel) {
			pthread_mutex_lock(&up.lock);
			uplink_set(&t[i].lane, 0, 1);
			pthread_mutex_unlock(&up.lock);
		}
		pthread_join(thread[i], NULL);
		uplink_held(&t[i].lane, 0, 0);
	}
	ck_assert(up.budget.used == 0 && up.budget.going == 0 && up.budget.first == NULL);
	for (unsigned i = 0; i < THREADS; i++)
		uplink_lane_fini(&t[i].lane);
	pthread_cond_destroy(&up.changed);
	pthread_mutex_destroy(&up.lock);
}

START_TEST(lanes_keep_it_and_none_waits_for_ever)
{
	struct taker t[THREADS];

	run_takers(t, 0);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(t[i].rounds, ROUNDS);
		ck_assert_int_eq(t[i].broke, 0);
	}
	run_takers(t, 1);
}
END_TEST

static Suite *
budget_suite(void)
{
	Suite *s = suite_create("budget");
	TCase *t = tcase_create("budget");

	tcase_add_test(t, what_fits_may_and_what_does_not_waits);
	tcase_add_test(t, one_always_goes_on);
	tcase_add_test(t, expectations_follow_what_was_seen);
	tcase_add_test(t, lanes_keep_it_and_none_waits_for_ever);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(budget_suite())
