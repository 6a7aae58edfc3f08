/* wait.c - see wait.h. */
#include "engine/wait.h"

#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"

#define AGAIN_MS 50

struct wait {
	int64_t until_us; /* by the monotonic clock; 0: for ever */
	char told[300];	  /* who was last told of */
	int has_told, signal;
	sigset_t signals;
};

static void
tell(struct wait *w, const char *to, const char *who)
{
	if (w->has_told && strcmp(w->told, who) == 0)
		return;
	log_line(AB_INFO, "%s is in use by another run%s%s%s: waiting for it to end", to,
	    *who == '\0' ? "" : " (", who, *who == '\0' ? "" : ")");
	snprintf(w->told, sizeof(w->told), "%s", who);
	w->has_told = 1;
}

/* Sleeps a little, unless a signal comes. */
static int
again(void *ctx, const char *to, const char *who)
{
	const struct timespec pause = {0, AGAIN_MS * 1000000L};
	struct wait *w = ctx;
	int sig;

	if (w->until_us != 0 && clock_mono_us() >= w->until_us)
		return -1;
	/* a holder that has only just begun has not written down who it is */
	if (*who != '\0' || w->has_told)
		tell(w, to, who);
	sig = sigtimedwait(&w->signals, NULL, &pause);
	if (sig <= 0)
		return 0;
	w->signal = sig == SIGHUP ? SIGTERM : sig;
	return -1;
}

ab_status
wait_open(const struct sync_options *o, struct dest **out, int *signal, struct error *e)
{
	struct wait w = {.until_us = o->wait_s < 0 ? 0 : clock_mono_us() + o->wait_s * 1000000};
	const struct dest_waiter waiter = {again, &w};
	sigset_t before;
	ab_status status;

	sigemptyset(&w.signals);
	sigaddset(&w.signals, SIGINT);
	sigaddset(&w.signals, SIGTERM);
	sigaddset(&w.signals, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &w.signals, &before);
	status = dest_open_or_wait(o->to, o->connector->id, o->state_file, &waiter, out, e);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	*signal = w.signal;
	if (w.signal == 0)
		return status;
	error_clear(e);
	return error_set(e, AB_ECANCELLED, "stopped");
}
