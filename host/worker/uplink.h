/* uplink.h - the worker's side of the channel, shared by its two threads.
 *
 * One thread receives (uplink_serve) and so notices CHAN_FREE, CHAN_CANCEL and the engine's end at once; the
 * other, the source thread, takes commands, runs the connector and sends. */
#ifndef ABHOST_UPLINK_H
#define ABHOST_UPLINK_H
#include <pthread.h>

#include "worker/chan.h"

struct uplink {
	struct chan chan;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	int cancel_fd; /* an eventfd, readable while the running command is cancelled */
	/* under lock */
	int cancelled, quit;
	void (*on_cancel)(
	    void *ctx); /* called when cancelled becomes 1, under lock: must be quick */
	void *on_cancel_ctx;
	int slot_busy[CHAN_MAX_SLOTS];
	int has_command, running;
	struct chan_msg command;
	char *texts; /* what the command's texts point into */
};

/* Takes the descriptors, also where it fails. */
ab_status uplink_init(struct uplink *u, int fd, int mem_fd, struct error *e);
void uplink_fini(struct uplink *u);
/* The receiving thread: until CHAN_QUIT, the engine's end or rubbish; then the running command is cancelled, and
 * uplink_command says so. */
void uplink_serve(struct uplink *u);

/* The next command, texts until the next call; -1: there will be none. */
int uplink_command(struct uplink *u, struct chan_msg *out);
/* Whom to wake when the running command is cancelled; NULL: nobody. */
void uplink_on_cancel(struct uplink *u, void (*fn)(void *ctx), void *ctx);
/* Any thread. */
int uplink_cancelled(struct uplink *u);
/* Waits for `events` on fd (-1: none) or ms milliseconds; AB_ECANCELLED at once when cancelled. */
ab_status uplink_wait(struct uplink *u, int fd, short events, uint32_t ms);
/* Waits for a free slot, which stays the caller's until uplink_page; AB_ECANCELLED. */
ab_status uplink_slot(struct uplink *u, uint32_t *slot);
/* Sends a page: its slot, where it has bytes, is the engine's until CHAN_FREE. */
ab_status uplink_page(struct uplink *u, const struct chan_msg *m, struct error *e);
ab_status uplink_send(struct uplink *u, const struct chan_msg *m, struct error *e);
/* The same for CHAN_DONE or CHAN_FAIL: the command has ended. */
ab_status uplink_finish(struct uplink *u, const struct chan_msg *m, struct error *e);
#endif
