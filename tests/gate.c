/* Laws of host/net/ratelimit and host/net/crowd, in a time that only the test moves, and of host/net/gate with real threads. */
#include "suite.h"

#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/gate.h"

#define SECOND INT64_C(1000000)
#define NOW    (1000 * SECOND)
#define HOUR   (3600 * SECOND)
#define LANES  8

/* Lets n requests leave, each `late_us` later than it might; returns how long that took. */
static int64_t
let_leave(struct ratelimit *r, int64_t *now, int n, int late_us)
{
	const char *why;
	int64_t begun = *now;

	for (int i = 0; i < n; i++) {
		*now = ratelimit_when(r, *now, &why) + (i % 7) * late_us;
		ratelimit_take(r, *now);
	}
	return *now - begun;
}

START_TEST(a_rate_is_kept_and_used)
{
	static const double rates[] = {0.5, 3, 50, 1000, 30000};
	struct ratelimit r;

	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		const struct ratelimit_rule rule = {.per_second = rates[i]};
		int64_t now = NOW, took, least = (int64_t)(999e6 / rates[i]);

		ck_assert_int_eq(ratelimit_init(&r, &rule), 0);
		took = let_leave(&r, &now, 1000, rates[i] < 50 ? 4000 : (int)(2e5 / rates[i]));
		ck_assert_int_ge(took, least - least / 50);
		ck_assert_int_le(took, least + least / 20 + 1000);
		ratelimit_fini(&r);
	}
}
END_TEST

START_TEST(a_burst_leaves_at_once_and_comes_back)
{
	const struct ratelimit_rule rule = {.per_second = 10, .burst = 5};
	struct ratelimit r;
	int64_t now = NOW;

	ratelimit_init(&r, &rule);
	ck_assert_int_eq(let_leave(&r, &now, 5, 0), 0);
	ck_assert_int_eq(let_leave(&r, &now, 1, 0), SECOND / 10);
	now += HOUR;
	ck_assert_int_eq(let_leave(&r, &now, 5, 0), 0);
	ck_assert_int_eq(let_leave(&r, &now, 2, 0), SECOND / 5);
	ratelimit_fini(&r);
}
END_TEST

/* In whatever order they come, no window of 60 seconds holds more than 100. */
START_TEST(no_window_holds_more_than_its_number)
{
	const struct ratelimit_rule rule = {.requests = 100, .per_seconds = 60};
	int64_t left[1000], now = NOW;
	struct ratelimit r;
	const char *why;

	ratelimit_init(&r, &rule);
	for (int i = 0; i < 1000; i++) {
		now = ratelimit_when(&r, now, &why) + (i * 7919 % 13) * 50000;
		ratelimit_take(&r, now);
		left[i] = now;
		if (i >= 100)
			ck_assert_int_ge(left[i] - left[i - 100], 60 * SECOND);
	}
	ck_assert_int_lt(now - NOW, 10 * 60 * SECOND);
	ratelimit_fini(&r);
}
END_TEST

static struct told
left_of(int64_t remaining, int64_t limit, int64_t reset_ms)
{
	struct told told = TOLD_NOTHING;

	told.remaining = remaining;
	told.limit = limit;
	told.reset_ms = reset_ms;
	return told;
}

START_TEST(nothing_left_closes_and_little_is_spread)
{
	const struct ratelimit_rule none = {0};
	struct ratelimit r;
	struct told told = left_of(50, 100, 60000);
	int64_t now = NOW;

	ratelimit_init(&r, &none);
	ratelimit_told(&r, &told, now, HOUR);
	ck_assert_int_eq(let_leave(&r, &now, 10, 0), 0);
	told = left_of(5, 100, 12000);
	ratelimit_told(&r, &told, now, HOUR);
	ck_assert_int_eq(let_leave(&r, &now, 3, 0), 6 * SECOND);
	told = left_of(0, 100, 4000);
	ratelimit_told(&r, &told, now, HOUR);
	ck_assert_int_eq(let_leave(&r, &now, 10, 0), 4 * SECOND);
	/* an answer that was under way does not open it again */
	ratelimit_told(&r, &told, now, HOUR);
	told = left_of(60, 100, 60000);
	ratelimit_told(&r, &told, now, HOUR);
	ratelimit_close(&r, now + SECOND);
	ck_assert_int_eq(let_leave(&r, &now, 1, 0), 4 * SECOND);
	ratelimit_fini(&r);
}
END_TEST

START_TEST(what_the_server_says_is_bounded)
{
	const struct ratelimit_rule none = {0};
	struct ratelimit r;
	struct told told = left_of(0, -1, INT64_MAX / 16);
	int64_t now = NOW;

	ratelimit_init(&r, &none);
	ratelimit_told(&r, &told, now, HOUR);
	ck_assert_int_eq(let_leave(&r, &now, 2, 0), HOUR);
	told = left_of(1, -1, INT64_MAX / 16);
	ratelimit_told(&r, &told, now, HOUR);
	ck_assert_int_eq(let_leave(&r, &now, 2, 0), 20 * SECOND);
	told = left_of(1, -1, 0);
	ratelimit_told(&r, &told, now, HOUR);
	ck_assert_int_eq(let_leave(&r, &now, 9, 0), 0);
	told = left_of(-1, -1, 4000);
	ratelimit_told(&r, &told, now, HOUR);
	told = left_of(0, -1, -1);
	ratelimit_told(&r, &told, now, HOUR);
	ck_assert_int_eq(let_leave(&r, &now, 9, 0), 0);
	ratelimit_fini(&r);
}
END_TEST

START_TEST(a_tired_origin_gets_half_and_grows_by_one)
{
	struct crowd c = {.most = 8};
	unsigned pass[8], one;

	for (int i = 0; i < 8; i++) {
		ck_assert_int_eq(crowd_may_enter(&c), 1);
		pass[i] = crowd_enter(&c);
	}
	ck_assert_int_eq(crowd_may_enter(&c), 0);
	for (int i = 0; i < 8; i++) /* all were under way together: it counts once */
		crowd_leave(&c, pass[i], CROWD_TIRED);
	ck_assert_uint_eq(crowd_allowed(&c), 4);
	for (unsigned i = 0; i < 4 * CROWD_GOOD; i++) {
		ck_assert_uint_eq(crowd_allowed(&c), 4 + i / CROWD_GOOD);
		one = crowd_enter(&c);
		crowd_leave(&c, one, i % 2 ? CROWD_FINE : CROWD_FINE);
	}
	ck_assert_uint_eq(crowd_allowed(&c), 8);
	for (unsigned i = 0; i < 100 * CROWD_GOOD; i++) {
		one = crowd_enter(&c);
		crowd_leave(&c, one, CROWD_FINE);
	}
	ck_assert_uint_eq(crowd_allowed(&c), 8);
	for (int i = 0; i < 9; i++) {
		one = crowd_enter(&c);
		crowd_leave(&c, one, CROWD_TIRED);
	}
	ck_assert_uint_eq(crowd_allowed(&c), 1);
	ck_assert_int_eq(crowd_may_enter(&c), 1);
}
END_TEST

START_TEST(a_cap_that_is_not_used_is_not_what_is_halved)
{
	struct crowd c = {.most = 64};
	unsigned pass[4];

	for (int i = 0; i < 4; i++)
		pass[i] = crowd_enter(&c);
	crowd_leave(&c, pass[0], CROWD_TIRED);
	ck_assert_uint_eq(crowd_allowed(&c), 2);
}
END_TEST

START_TEST(without_a_cap_it_is_halved_from_what_was_under_way)
{
	struct crowd c = {0};
	unsigned pass[6];

	ck_assert_uint_eq(crowd_allowed(&c), 0);
	for (int i = 0; i < 6; i++)
		pass[i] = crowd_enter(&c);
	crowd_leave(&c, pass[0], CROWD_NOTHING);
	ck_assert_uint_eq(crowd_allowed(&c), 0);
	crowd_leave(&c, pass[1], CROWD_TIRED);
	ck_assert_uint_eq(crowd_allowed(&c), 2);
	ck_assert_int_eq(crowd_may_enter(&c), 0);
}
END_TEST

/* The gate with real threads. */

static struct gate gate;
static int stop, under_way, most_under_way; /* atomics */
static unsigned order[LANES], arrived;

static int
is_stopped(void *ctx)
{
	(void)ctx;
	return __atomic_load_n(&stop, __ATOMIC_SEQ_CST);
}

static int
pause_us(void *ctx, int64_t us, const char *why)
{
	(void)why;
	while (us > 0 && !is_stopped(ctx)) {
		usleep(us > 20000 ? 20000 : (useconds_t)us);
		us -= 20000;
	}
	return is_stopped(ctx);
}

static int64_t
mono_us(void *ctx)
{
	(void)ctx;
	return clock_mono_us();
}

static const struct gate_env env = {NULL, is_stopped, pause_us, mono_us};

static void
open_gate(double per_second, unsigned concurrency)
{
	const struct ratelimit_rule rule = {.per_second = per_second};

	stop = under_way = most_under_way = 0;
	arrived = 0;
	ck_assert_int_eq(gate_init(&gate, &rule, concurrency), 0);
}

static void *
pass_often(void *arg)
{
	unsigned pass;
	int now, most;

	for (int i = 0; i < 25; i++) {
		ck_assert_int_eq(gate_enter(&gate, &env, &pass), 0);
		now = __atomic_add_fetch(&under_way, 1, __ATOMIC_SEQ_CST);
		most = __atomic_load_n(&most_under_way, __ATOMIC_SEQ_CST);
		while (now > most &&
		    !__atomic_compare_exchange_n(
			&most_under_way, &most, now, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
			;
		usleep(500);
		__atomic_sub_fetch(&under_way, 1, __ATOMIC_SEQ_CST);
		gate_leave(&gate, pass, CROWD_FINE);
	}
	return arg;
}

static void
run_lanes(void *(*fn)(void *))
{
	pthread_t threads[LANES];

	for (int i = 0; i < LANES; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, fn, NULL), 0);
	for (int i = 0; i < LANES; i++)
		pthread_join(threads[i], NULL);
}

START_TEST(all_lanes_together_keep_the_rate)
{
	int64_t begun = clock_mono_us();

	open_gate(400, 0);
	run_lanes(pass_often);
	ck_assert_int_ge(clock_mono_us() - begun, (LANES * 25 - 1) * SECOND / 400 * 98 / 100);
	ck_assert_uint_eq(gate_done(&gate), LANES * 25);
	gate_fini(&gate);
}
END_TEST

/* And a place that is free is taken at once: nobody waits for the next look at a cancel. */
START_TEST(no_more_are_under_way_than_may_be)
{
	int64_t begun = clock_mono_us();

	open_gate(0, (unsigned)_i);
	run_lanes(pass_often);
	ck_assert_int_le(most_under_way, _i);
	ck_assert_int_lt(clock_mono_us() - begun, 10 * SECOND);
	gate_fini(&gate);
}
END_TEST

static void *
pass_once(void *arg)
{
	unsigned pass, *mine = arg;

	if (gate_enter(&gate, &env, &pass) != 0)
		return (void *)1;
	order[__atomic_fetch_add(&arrived, 1, __ATOMIC_SEQ_CST)] = *mine;
	gate_leave(&gate, pass, CROWD_FINE);
	return NULL;
}

static unsigned
count_waiting(void)
{
	unsigned n = 0;

	pthread_mutex_lock(&gate.lock);
	for (const void *const *at = (void *)gate.first; at != NULL; at = *at)
		n++;
	pthread_mutex_unlock(&gate.lock);
	return n;
}

static void
start_waiting(pthread_t threads[LANES], unsigned names[LANES])
{
	for (unsigned i = 0; i < LANES; i++) {
		names[i] = i;
		ck_assert_int_eq(pthread_create(&threads[i], NULL, pass_once, &names[i]), 0);
		while (count_waiting() != i + 1)
			usleep(100);
	}
}

START_TEST(who_came_first_leaves_first)
{
	unsigned names[LANES], pass;
	pthread_t threads[LANES];

	open_gate(0, 1);
	ck_assert_int_eq(gate_enter(&gate, &env, &pass), 0);
	start_waiting(threads, names);
	gate_leave(&gate, pass, CROWD_FINE);
	for (unsigned i = 0; i < LANES; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < LANES; i++)
		ck_assert_uint_eq(order[i], i);
	gate_fini(&gate);
}
END_TEST

/* Told of it or not; and nobody got a pass. */
START_TEST(a_cancel_wakes_all_who_wait)
{
	unsigned names[LANES], pass;
	pthread_t threads[LANES];
	void *cancelled;

	open_gate(0, 1);
	ck_assert_int_eq(gate_enter(&gate, &env, &pass), 0);
	start_waiting(threads, names);
	__atomic_store_n(&stop, 1, __ATOMIC_SEQ_CST);
	if (_i == 0)
		gate_wake(&gate);
	for (unsigned i = 0; i < LANES; i++) {
		pthread_join(threads[i], &cancelled);
		ck_assert_ptr_nonnull(cancelled);
	}
	ck_assert_uint_eq(gate.crowd.inside, 1);
	ck_assert_ptr_null(gate.first);
	gate_leave(&gate, pass, CROWD_FINE);
	gate_fini(&gate);
}
END_TEST

START_TEST(a_closed_gate_holds_all)
{
	int64_t begun = clock_mono_us();

	open_gate(0, 0);
	gate_close(&gate, begun + SECOND / 5);
	run_lanes(pass_often);
	ck_assert_int_ge(clock_mono_us() - begun, SECOND / 5);
	gate_fini(&gate);
}
END_TEST

static Suite *
gate_suite(void)
{
	Suite *s = suite_create("gate");
	TCase *t = tcase_create("gate");

	tcase_add_test(t, a_rate_is_kept_and_used);
	tcase_add_test(t, a_burst_leaves_at_once_and_comes_back);
	tcase_add_test(t, no_window_holds_more_than_its_number);
	tcase_add_test(t, nothing_left_closes_and_little_is_spread);
	tcase_add_test(t, what_the_server_says_is_bounded);
	tcase_add_test(t, a_tired_origin_gets_half_and_grows_by_one);
	tcase_add_test(t, a_cap_that_is_not_used_is_not_what_is_halved);
	tcase_add_test(t, without_a_cap_it_is_halved_from_what_was_under_way);
	tcase_add_test(t, all_lanes_together_keep_the_rate);
	tcase_add_loop_test(t, no_more_are_under_way_than_may_be, 1, 4);
	tcase_add_test(t, who_came_first_leaves_first);
	tcase_add_loop_test(t, a_cancel_wakes_all_who_wait, 0, 2);
	tcase_add_test(t, a_closed_gate_holds_all);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(gate_suite())
