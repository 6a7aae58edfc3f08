/* uplink.c - see uplink.h.  The receiving thread must never send: the engine may be waiting for it. */
#include "worker/uplink.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"

ab_status
uplink_init(struct uplink *u, int fd, int mem_fd, struct error *e)
{
	ab_status rc;

	*u = (struct uplink){.cancel_fd = -1};
	rc = chan_attach(&u->chan, fd, mem_fd, e);
	if (rc != AB_OK) {
		close(fd);
		close(mem_fd);
		return rc;
	}
	pthread_mutex_init(&u->lock, NULL);
	pthread_cond_init(&u->changed, NULL);
	u->cancel_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (u->cancel_fd >= 0)
		return AB_OK;
	uplink_fini(u);
	return error_set(e, AB_ENOMEM, "no event descriptor: %s", strerror(errno));
}

/* Configurations hold secrets: their bytes do not stay in memory. */
static void
wipe_texts(struct uplink *u)
{
	const struct ab_str *last = &u->command.text[CHAN_TEXTS - 1];

	if (u->texts != NULL)
		explicit_bzero(u->texts, (size_t)(last->ptr + last->len - u->texts));
	free(u->texts);
	u->texts = NULL;
}

void
uplink_fini(struct uplink *u)
{
	wipe_texts(u);
	if (u->cancel_fd >= 0)
		close(u->cancel_fd);
	chan_fini(&u->chan);
	pthread_cond_destroy(&u->changed);
	pthread_mutex_destroy(&u->lock);
}

static void
set_cancelled(struct uplink *u, int on)
{
	uint64_t n = 1;
	ssize_t done;

	u->cancelled = on;
	done = on ? write(u->cancel_fd, &n, sizeof(n)) : read(u->cancel_fd, &n, sizeof(n));
	(void)done; /* full or empty already: as it should be */
	if (on && u->on_cancel != NULL)
		u->on_cancel(u->on_cancel_ctx);
	pthread_cond_broadcast(&u->changed);
}

/* Under lock. -1: rubbish */
static int
take_command(struct uplink *u, const struct chan_msg *m)
{
	if (u->running || u->has_command)
		return -1;
	wipe_texts(u);
	u->command = *m;
	u->texts = buf_steal(&u->chan.in);
	u->has_command = 1;
	set_cancelled(u, 0);
	return 0;
}

static int
handle(struct uplink *u, const struct chan_msg *m)
{
	switch (m->type) {
	case CHAN_OPEN:
	case CHAN_CHECK:
	case CHAN_STREAMS:
	case CHAN_READ:
		return take_command(u, m);
	case CHAN_FREE:
		if (m->slot >= u->chan.slots)
			return -1;
		u->slot_busy[m->slot] = 0;
		pthread_cond_broadcast(&u->changed);
		return 0;
	case CHAN_CANCEL:
		set_cancelled(u, 1);
		return 0;
	case CHAN_HOLD:
		return 0;
	default:
		return -1; /* CHAN_QUIT too */
	}
}

void
uplink_serve(struct uplink *u)
{
	struct chan_msg m;
	int rc = 0;

	while (rc == 0 && chan_recv(&u->chan, &m, 1, NULL) == AB_OK) {
		pthread_mutex_lock(&u->lock);
		rc = handle(u, &m);
		pthread_mutex_unlock(&u->lock);
	}
	pthread_mutex_lock(&u->lock);
	u->quit = 1;
	set_cancelled(u, 1);
	pthread_mutex_unlock(&u->lock);
}

int
uplink_command(struct uplink *u, struct chan_msg *out)
{
	int rc = -1;

	pthread_mutex_lock(&u->lock);
	while (!u->has_command && !u->quit)
		pthread_cond_wait(&u->changed, &u->lock);
	if (!u->quit) {
		*out = u->command;
		u->has_command = 0;
		u->running = 1;
		rc = 0;
	}
	pthread_mutex_unlock(&u->lock);
	return rc;
}

void
uplink_on_cancel(struct uplink *u, void (*fn)(void *ctx), void *ctx)
{
	pthread_mutex_lock(&u->lock);
	u->on_cancel = fn;
	u->on_cancel_ctx = ctx;
	pthread_mutex_unlock(&u->lock);
}

int
uplink_cancelled(struct uplink *u)
{
	int on;

	pthread_mutex_lock(&u->lock);
	on = u->cancelled;
	pthread_mutex_unlock(&u->lock);
	return on;
}

ab_status
uplink_wait(struct uplink *u, int fd, short events, uint32_t ms)
{
	struct pollfd p[2] = {{.fd = u->cancel_fd, .events = POLLIN}, {.fd = fd, .events = events}};
	int64_t end = clock_mono_us() + (int64_t)ms * 1000, left;
	int n;

	do {
		left = (end - clock_mono_us() + 999) / 1000;
		n = poll(p, 2, left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left);
	} while ((n < 0 && errno == EINTR) || (n == 0 && left > INT32_MAX));
	return p[0].revents != 0 ? AB_ECANCELLED : AB_OK;
}

ab_status
uplink_slot(struct uplink *u, uint32_t *slot)
{
	ab_status rc = AB_EBUG;

	pthread_mutex_lock(&u->lock);
	while (rc == AB_EBUG) {
		for (uint32_t i = 0; i < u->chan.slots && rc == AB_EBUG; i++) {
			if (!u->slot_busy[i]) {
				*slot = i;
				rc = AB_OK;
			}
		}
		if (u->cancelled)
			rc = AB_ECANCELLED;
		else if (rc == AB_EBUG)
			pthread_cond_wait(&u->changed, &u->lock);
	}
	pthread_mutex_unlock(&u->lock);
	return rc;
}

ab_status
uplink_page(struct uplink *u, const struct chan_msg *m, struct error *e)
{
	if (m->bytes > 0) {
		pthread_mutex_lock(&u->lock);
		u->slot_busy[m->slot] = 1;
		pthread_mutex_unlock(&u->lock);
	}
	return uplink_send(u, m, e);
}

ab_status
uplink_send(struct uplink *u, const struct chan_msg *m, struct error *e)
{
	return chan_send(&u->chan, m, e);
}

ab_status
uplink_finish(struct uplink *u, const struct chan_msg *m, struct error *e)
{
	/* Before it is sent: the next command may come at once. */
	pthread_mutex_lock(&u->lock);
	u->running = 0;
	pthread_mutex_unlock(&u->lock);
	return uplink_send(u, m, e);
}
