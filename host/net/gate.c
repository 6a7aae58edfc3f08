/* gate.c - see gate.h. */
#include "net/gate.h"

#include <time.h>

#define POLL_NS 200000000 /* a cancel that nobody announced is seen after so long */

struct gate_ticket {
	struct gate_ticket *next;
};

int
gate_init(struct gate *g, const struct ratelimit_rule *rate, unsigned concurrency)
{
	pthread_condattr_t steady;

	*g = (struct gate){.crowd = {.most = concurrency}};
	if (ratelimit_init(&g->rate, rate) != 0)
		return -1;
	pthread_mutex_init(&g->lock, NULL);
	pthread_condattr_init(&steady);
	pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
	pthread_cond_init(&g->changed, &steady);
	pthread_condattr_destroy(&steady);
	return 0;
}

void
gate_fini(struct gate *g)
{
	ratelimit_fini(&g->rate);
	pthread_cond_destroy(&g->changed);
	pthread_mutex_destroy(&g->lock);
}

/* Under lock. */
static void
tell_all(struct gate *g)
{
	g->wakes++;
	pthread_cond_broadcast(&g->changed);
}

static void
stand_in_line(struct gate *g, struct gate_ticket *me)
{
	struct gate_ticket **at = &g->first;

	while (*at != NULL)
		at = &(*at)->next;
	*at = me;
}

static void
leave_line(struct gate *g, const struct gate_ticket *me)
{
	struct gate_ticket **at = &g->first;

	while (*at != me)
		at = &(*at)->next;
	*at = me->next;
	tell_all(g);
}

/* Is it my turn?  Else *wait_us: only time is missing. */
static int
may_leave(struct gate *g, const struct gate_ticket *me, int64_t now_us, int64_t *wait_us,
    const char **why)
{
	*wait_us = 0;
	if (g->first != me || !crowd_may_enter(&g->crowd))
		return 0;
	*wait_us = ratelimit_when(&g->rate, now_us, why) - now_us;
	return *wait_us <= 0;
}

/* Until something changes; 1: cancelled. */
static int
await_change(struct gate *g, const struct gate_env *env)
{
	unsigned seen = g->wakes;
	struct timespec until;
	int cancelled;

	pthread_mutex_unlock(&g->lock);
	cancelled = (env->rest != NULL && env->rest(env->ctx, 1)) || env->cancelled(env->ctx);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += POLL_NS;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_mutex_lock(&g->lock);
	if (!cancelled && seen == g->wakes)
		pthread_cond_timedwait(&g->changed, &g->lock, &until);
	return cancelled;
}

static int
await_time(struct gate *g, const struct gate_env *env, int64_t us, const char *why)
{
	int cancelled;

	pthread_mutex_unlock(&g->lock);
	cancelled = env->pause(env->ctx, us, why);
	pthread_mutex_lock(&g->lock);
	return cancelled;
}

/* It goes on, with what it holds. */
static int
wake_up(struct gate *g, const struct gate_env *env, unsigned pass)
{
	if (env->rest == NULL || !env->rest(env->ctx, 0))
		return 0;
	gate_leave(g, pass, CROWD_NOTHING);
	return 1;
}

int
gate_enter(struct gate *g, const struct gate_env *env, unsigned *pass)
{
	struct gate_ticket me = {NULL};
	const char *why = "";
	int64_t wait_us;
	int cancelled = 0, rested = 0;

	pthread_mutex_lock(&g->lock);
	stand_in_line(g, &me);
	while (!cancelled && !may_leave(g, &me, env->mono_us(env->ctx), &wait_us, &why)) {
		rested |= wait_us <= 0;
		cancelled = wait_us > 0 ? await_time(g, env, wait_us, why) : await_change(g, env);
	}
	if (!cancelled) {
		ratelimit_take(&g->rate, env->mono_us(env->ctx));
		*pass = crowd_enter(&g->crowd);
	}
	leave_line(g, &me);
	pthread_mutex_unlock(&g->lock);
	return cancelled || (rested && wake_up(g, env, *pass));
}

void
gate_leave(struct gate *g, unsigned pass, enum crowd_news news)
{
	pthread_mutex_lock(&g->lock);
	crowd_leave(&g->crowd, pass, news);
	g->done += news != CROWD_NOTHING;
	tell_all(g);
	pthread_mutex_unlock(&g->lock);
}

void
gate_told(struct gate *g, const struct told *told, int64_t now_us, int64_t longest_us)
{
	pthread_mutex_lock(&g->lock);
	ratelimit_told(&g->rate, told, now_us, longest_us);
	pthread_mutex_unlock(&g->lock);
}

void
gate_close(struct gate *g, int64_t until_us)
{
	pthread_mutex_lock(&g->lock);
	ratelimit_close(&g->rate, until_us);
	pthread_mutex_unlock(&g->lock);
}

uint64_t
gate_done(struct gate *g)
{
	uint64_t done;

	pthread_mutex_lock(&g->lock);
	done = g->done;
	pthread_mutex_unlock(&g->lock);
	return done;
}

void
gate_wake(struct gate *g)
{
	pthread_mutex_lock(&g->lock);
	tell_all(g);
	pthread_mutex_unlock(&g->lock);
}
