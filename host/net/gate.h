/* gate.h - through which every request to one origin with one credential leaves: rate limit and concurrency, for all
 * threads of a worker.
 *
 * Who came first leaves first.  A thread that waits is never inside of a callback with the lock held, and sees a cancel at
 * once where gate_wake tells it, else a few times a second. */
#ifndef ABHOST_GATE_H
#define ABHOST_GATE_H
#include <pthread.h>

#include "net/crowd.h"
#include "net/ratelimit.h"

struct gate_ticket;

struct gate {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under lock */
	struct ratelimit rate;
	struct crowd crowd;
	struct gate_ticket *first; /* those who wait, in their order */
	unsigned wakes;
	uint64_t done; /* requests that were answered */
};

struct gate_env { /* of the thread that waits */
	void *ctx;
	int (*cancelled)(void *ctx);
	/* Sleeps; why: what is waited for, as words. 1: cancelled. */
	int (*pause)(void *ctx, int64_t us, const char *why);
	int64_t (*mono_us)(void *ctx); /* a clock that never steps */
	/* on: it waits for the others now, and whatever it holds is not needed for what they do; off: it has its pass.  1:
	 * cancelled.  May be NULL. */
	int (*rest)(void *ctx, int on);
};

/* -1: no memory; then nothing is to be freed. */
int gate_init(struct gate *g, const struct ratelimit_rule *rate, unsigned concurrency);
/* A gate that is all zero is fine. */
void gate_fini(struct gate *g);
/* Waits for leave to send one request; *pass goes back with gate_leave.  1: cancelled, and there is no pass. */
int gate_enter(struct gate *g, const struct gate_env *env, unsigned *pass);
/* The request has ended. */
void gate_leave(struct gate *g, unsigned pass, enum crowd_news news);
/* ratelimit_told, for all. */
void gate_told(struct gate *g, const struct told *told, int64_t now_us, int64_t longest_us);
/* Nobody leaves before (on the clock of mono_us). */
void gate_close(struct gate *g, int64_t until_us);
/* How many requests were answered so far. */
uint64_t gate_done(struct gate *g);
/* Whoever waits looks at whether it is cancelled. */
void gate_wake(struct gate *g);
#endif
