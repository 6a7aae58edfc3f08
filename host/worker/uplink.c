/* uplink.c - see uplink.h.  The receiving thread must never send: the engine may be waiting for it. */
#include "worker/uplink.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

enum { SLOT_FREE, SLOT_LANES, SLOT_ENGINES };

struct uplink_ask {
	struct uplink_ask *next;
	uint32_t stream;
	int64_t num;
	struct buf *answer;
	int is_answered, failed;
};

ab_status
uplink_init(struct uplink *u, int fd, int mem_fd, struct error *e)
{
	ab_status rc;

	*u = (struct uplink){.chan = {.fd = -1}};
	rc = chan_attach(&u->chan, fd, mem_fd, e);
	if (rc != AB_OK) {
		close(fd);
		close(mem_fd);
		return rc;
	}
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->changed, NULL);
	return AB_OK;
}

void
uplink_fini(struct uplink *u)
{
	chan_fini(&u->chan);
	pthread_cond_destroy(&u->changed);
	pthread_mutex_destroy(&u->lock);
}

static int
free_slot(struct uplink *u, uint32_t slot)
{
	if (slot >= u->chan.slots || u->slot[slot] != SLOT_ENGINES)
		return -1;
	u->slot[slot] = SLOT_FREE;
	pthread_cond_broadcast(&u->changed);
	return 0;
}

/* An answer that nobody waits for any more was to a lane that was cancelled. */
static int
take_answer(struct uplink *u, const struct chan_msg *m)
{
	struct uplink_ask *a = u->asks;

	while (a != NULL && (a->stream != m->stream || a->num != m->num))
		a = a->next;
	if (a != NULL) {
		a->failed = buf_add(a->answer, m->text[0].ptr, m->text[0].len) != 0;
		a->is_answered = 1;
		pthread_cond_broadcast(&u->changed);
	}
	return 0;
}

static int
take_message(struct uplink *u, const struct chan_msg *m, uplink_message *fn, void *ctx)
{
	if (m->type == CHAN_FREE)
		return free_slot(u, m->slot);
	return m->type == CHAN_COMMITTED ? take_answer(u, m) : fn(ctx, m);
}

void
uplink_serve(struct uplink *u, uplink_message *fn, void *ctx)
{
	struct chan_msg m;
	int rc = 0;

	while (rc == 0 && chan_recv(&u->chan, &m, 1, NULL) == AB_OK && m.type != CHAN_QUIT) {
		pthread_mutex_lock(&u->lock);
		rc = take_message(u, &m, fn, ctx);
		pthread_mutex_unlock(&u->lock);
	}
	pthread_mutex_lock(&u->lock);
	u->is_gone = 1;
	pthread_cond_broadcast(&u->changed);
	fn(ctx, NULL);
	pthread_mutex_unlock(&u->lock);
}

ab_status
uplink_send(struct uplink *u, const struct chan_msg *m, struct error *e)
{
	return chan_send(&u->chan, m, e);
}

ab_status
uplink_lane_init(struct uplink_lane *l, struct uplink *u, struct error *e)
{
	*l = (struct uplink_lane){.up = u, .cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
	atomic_store(&l->stream, CHAN_ALL);
	atomic_fetch_add(&u->lanes, 1);
	if (l->cancel_fd >= 0)
		return AB_OK;
	return error_set(e, AB_ENOMEM, "no event descriptor: %s", strerror(errno));
}

void
uplink_lane_fini(struct uplink_lane *l)
{
	if (l->up == NULL)
		return;
	uplink_held(l, 0, 0);
	if (l->cancel_fd >= 0)
		close(l->cancel_fd);
	*l = (struct uplink_lane){.up = NULL};
}

void
uplink_set(struct uplink_lane *l, uint32_t stream, int cancelled)
{
	uint64_t n = 1;
	ssize_t done;

	atomic_store(&l->stream, stream);
	if (atomic_load(&l->cancelled) == cancelled)
		return;
	atomic_store(&l->cancelled, cancelled);
	done = cancelled ? write(l->cancel_fd, &n, sizeof(n)) : read(l->cancel_fd, &n, sizeof(n));
	(void)done; /* full or empty already: as it should be */
	if (cancelled && l->on_cancel != NULL)
		l->on_cancel(l->on_cancel_ctx);
	if (cancelled)
		pthread_cond_broadcast(&l->up->changed);
}

void
uplink_on_cancel(struct uplink_lane *l, void (*fn)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&l->up->lock);
	l->on_cancel = fn;
	l->on_cancel_ctx = ctx;
	pthread_mutex_unlock(&l->up->lock);
}

int
uplink_cancelled(struct uplink_lane *l)
{
	return atomic_load(&l->cancelled);
}

ab_status
uplink_wait(struct uplink_lane *l, int fd, short events, uint32_t ms)
{
	struct pollfd p[2] = {{.fd = l->cancel_fd, .events = POLLIN}, {.fd = fd, .events = events}};
	int64_t end = clock_mono_us() + (int64_t)ms * 1000, left;
	int n;

	do {
		left = (end - clock_mono_us() + 999) / 1000;
		n = poll(p, 2, left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left);
	} while ((n < 0 && errno == EINTR) || (n == 0 && left > INT32_MAX));
	return p[0].revents != 0 ? AB_ECANCELLED : AB_OK;
}

/* The lowest one that is free, one for each lane that was begun and one to be read: those above it may never cost
 * memory, and what lies in the processor's cache is used again. */
static int
find_slot(const struct uplink *u, uint32_t *slot)
{
	uint32_t most = atomic_load(&u->lanes) + 1;

	for (*slot = 0; *slot < u->chan.slots && *slot < most; (*slot)++)
		if (u->slot[*slot] == SLOT_FREE)
			return 1;
	return 0;
}

ab_status
uplink_slot(struct uplink_lane *l, uint32_t *slot)
{
	struct uplink *u = l->up;
	ab_status rc = AB_OK;

	pthread_mutex_lock(&u->lock);
	while (!atomic_load(&l->cancelled) && !find_slot(u, slot))
		pthread_cond_wait(&u->changed, &u->lock);
	if (atomic_load(&l->cancelled))
		rc = AB_ECANCELLED;
	else
		u->slot[*slot] = SLOT_LANES;
	pthread_mutex_unlock(&u->lock);
	return rc;
}

void
uplink_slot_back(struct uplink_lane *l, uint32_t slot)
{
	pthread_mutex_lock(&l->up->lock);
	l->up->slot[slot] = SLOT_FREE;
	pthread_cond_broadcast(&l->up->changed);
	pthread_mutex_unlock(&l->up->lock);
}

ab_status
uplink_page(struct uplink_lane *l, const struct chan_msg *m, struct error *e)
{
	if (m->bytes > 0) {
		pthread_mutex_lock(&l->up->lock);
		l->up->slot[m->slot] = SLOT_ENGINES;
		pthread_mutex_unlock(&l->up->lock);
	}
	return uplink_send(l->up, m, e);
}

static void
forget_ask(struct uplink *u, const struct uplink_ask *ask)
{
	struct uplink_ask **at = &u->asks;

	while (*at != ask)
		at = &(*at)->next;
	*at = ask->next;
}

ab_status
uplink_ask(struct uplink_lane *l, uint32_t stream, struct ab_str question, struct buf *answer,
    struct error *e)
{
	struct uplink *u = l->up;
	struct uplink_ask ask = {.stream = stream, .answer = answer};
	struct chan_msg m = {.type = CHAN_ASK, .stream = stream, .text = {question}};

	buf_reset(answer);
	pthread_mutex_lock(&u->lock);
	ask.num = m.num = ++u->asked;
	ask.next = u->asks;
	u->asks = &ask;
	pthread_mutex_unlock(&u->lock);
	uplink_send(u, &m, e);
	pthread_mutex_lock(&u->lock);
	while (e->status == AB_OK && !ask.is_answered && !atomic_load(&l->cancelled) && !u->is_gone)
		pthread_cond_wait(&u->changed, &u->lock);
	forget_ask(u, &ask);
	pthread_mutex_unlock(&u->lock);
	if (e->status == AB_OK && !ask.is_answered)
		error_set(e, AB_ECANCELLED, "cancelled");
	if (ask.failed)
		error_set(e, AB_ENOMEM, "no memory for what is committed of the partitions");
	return e->status;
}

ab_status
uplink_room(struct uplink_lane *l, size_t bytes)
{
	struct uplink *u = l->up;
	struct budget *b = &u->budget;
	ab_status rc = AB_OK;

	pthread_mutex_lock(&u->lock);
	if (!budget_may(b, &l->share, bytes)) {
		budget_enqueue(b, &l->share);
		if (budget_set(b, &l->share, l->share.bytes, 1))
			pthread_cond_broadcast(&u->changed);
		while (!atomic_load(&l->cancelled) && !budget_may(b, &l->share, bytes))
			pthread_cond_wait(&u->changed, &u->lock);
		budget_dequeue(b, &l->share);
		pthread_cond_broadcast(&u->changed); /* the next one is the first now */
	}
	if (atomic_load(&l->cancelled))
		rc = AB_ECANCELLED;
	else
		(void)budget_set(b, &l->share, bytes, 0);
	pthread_mutex_unlock(&u->lock);
	return rc;
}

void
uplink_held(struct uplink_lane *l, size_t bytes, int resting)
{
	struct uplink *u = l->up;

	pthread_mutex_lock(&u->lock);
	if (budget_set(&u->budget, &l->share, bytes, resting))
		pthread_cond_broadcast(&u->changed);
	pthread_mutex_unlock(&u->lock);
}
