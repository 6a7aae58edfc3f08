/* uplink.h - the worker's side of the channel, shared by its threads.
 *
 * One thread receives (uplink_serve) and so notices CHAN_FREE, CHAN_CANCEL and the engine's end at once; it never sends,
 * for the engine may be waiting for it.  The others are the lanes, each with a struct uplink_lane: they run the connector
 * and send.  up->lock is the scheduler's too (sched.h); nobody sends or calls the connector while holding it. */
#ifndef ABHOST_UPLINK_H
#define ABHOST_UPLINK_H
#include <pthread.h>
#include <stdatomic.h>

#include "worker/budget.h"
#include "worker/chan.h"

struct uplink {
	struct chan chan;
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a slot, memory, something was cancelled */
	_Atomic uint32_t lanes; /* that were begun */
	/* under lock */
	unsigned char slot[CHAN_MAX_SLOTS]; /* whose it is */
	struct budget budget;
	struct uplink_ask *asks; /* questions that wait for the engine's answer */
	int64_t asked;
	int is_gone; /* the engine: it will not answer */
};

/* What one lane waits with. */
struct uplink_lane {
	struct uplink *up;
	int cancel_fd;		 /* an eventfd, readable while its call is cancelled */
	_Atomic uint32_t stream; /* whose call runs; CHAN_ALL */
	atomic_int cancelled;	 /* changes under lock */
	/* under lock */
	void (*on_cancel)(void *ctx); /* called when cancelled becomes 1: must be quick */
	void *on_cancel_ctx;
	struct budget_share share;
	int is_busy; /* the scheduler's: it has a task */
};

/* A message of the engine's but CHAN_FREE, under lock; NULL: there will be no more.  -1: rubbish. */
typedef int uplink_message(void *ctx, const struct chan_msg *m);

/* Takes the descriptors, also where it fails. */
ab_status uplink_init(struct uplink *u, int fd, int mem_fd, struct error *e);
void uplink_fini(struct uplink *u);
/* The receiving thread: until CHAN_QUIT, the engine's end or rubbish. */
void uplink_serve(struct uplink *u, uplink_message *fn, void *ctx);
/* Any thread. */
ab_status uplink_send(struct uplink *u, const struct chan_msg *m, struct error *e);

/* AB_ENOMEM; uplink_lane_fini is fine in any case. */
ab_status uplink_lane_init(struct uplink_lane *l, struct uplink *u, struct error *e);
void uplink_lane_fini(struct uplink_lane *l);
/* Under lock: what the lane does from now on is this stream's, and cancelled or not. */
void uplink_set(struct uplink_lane *l, uint32_t stream, int cancelled);
/* Whom to wake when the running call is cancelled; NULL: nobody. */
void uplink_on_cancel(struct uplink_lane *l, void (*fn)(void *ctx), void *ctx);
/* Any thread. */
int uplink_cancelled(struct uplink_lane *l);
/* Waits for `events` on fd (-1: none) or ms milliseconds; AB_ECANCELLED at once when cancelled. */
ab_status uplink_wait(struct uplink_lane *l, int fd, short events, uint32_t ms);
/* Waits for a free slot, which is the lane's until it sends it or gives it back; AB_ECANCELLED. */
ab_status uplink_slot(struct uplink_lane *l, uint32_t *slot);
void uplink_slot_back(struct uplink_lane *l, uint32_t slot);
/* Sends a page: its slot, where it has bytes, is the engine's until CHAN_FREE. */
ab_status uplink_page(struct uplink_lane *l, const struct chan_msg *m, struct error *e);
/* Asks what is committed of partitions (CHAN_ASK) and waits for the answer; AB_ECANCELLED. */
ab_status uplink_ask(struct uplink_lane *l, uint32_t stream, struct ab_str question,
    struct buf *answer, struct error *e);
/* Waits until the lane may hold so many bytes of bodies in all; AB_ECANCELLED. */
ab_status uplink_room(struct uplink_lane *l, size_t bytes);
/* It holds so many now; resting: it will sleep, so that others need not wait for what it holds. */
void uplink_held(struct uplink_lane *l, size_t bytes, int resting);
#endif
