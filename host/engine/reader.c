/* reader.c - see reader.h. */
#include "engine/reader.h"

#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define TICK_US 100000

ab_status
reader_init(struct reader *r, struct error *e)
{
	sigset_t set;

	memset(r, 0, sizeof(*r));
	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, &r->mask);
	r->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (r->signal_fd >= 0) {
		r->is_ready = 1;
		return AB_OK;
	}
	pthread_sigmask(SIG_SETMASK, &r->mask, NULL);
	return error_set(e, AB_ETRANSIENT, "cannot make a signal descriptor: %m");
}

void
reader_stop(struct reader *r)
{
	if (r->stopping)
		return;
	r->stopping = 1;
	r->deadline = clock_mono_us() + (int64_t)READER_STOP_MS * 1000;
	source_cancel(r->source);
}

static void
take_signals(struct reader *r, int in_command)
{
	struct signalfd_siginfo info;

	while (read(r->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (r->signal != 0) {
			r->is_lost |= in_command;
			continue;
		}
		r->signal = info.ssi_signo == SIGHUP ? SIGTERM : (int)info.ssi_signo;
		log_line(AB_INFO, "stopping; a second signal stops at once");
	}
	if (r->signal != 0 && in_command)
		reader_stop(r);
}

void
reader_fini(struct reader *r)
{
	struct signalfd_siginfo late;

	if (!r->is_ready)
		return;
	/* what came when all was done must not kill the process when it is let through */
	while (read(r->signal_fd, &late, sizeof(late)) > 0)
		continue;
	close(r->signal_fd);
	r->is_ready = 0;
	pthread_sigmask(SIG_SETMASK, &r->mask, NULL);
}

/* Milliseconds until the earliest of: the next tick, the source's clock, the end of patience. */
static int
next_timeout(struct reader *r, int with_source)
{
	int64_t now = clock_mono_us(), until = r->next_tick;
	int ms, source_ms = with_source ? source_timeout_ms(r->source) : -1;

	if (r->tick == NULL)
		until = now + 60000000;
	if (r->stopping && r->deadline < until)
		until = r->deadline;
	ms = until <= now ? 0 : (int)((until - now + 999) / 1000);
	return source_ms >= 0 && source_ms < ms ? source_ms : ms;
}

static void
run_tick(struct reader *r)
{
	int64_t now = clock_mono_us();

	if (r->tick == NULL || now < r->next_tick)
		return;
	r->next_tick = now + TICK_US;
	r->tick(r->ctx);
}

/* Waits for anything; the source only where its events can be taken. */
static void
wait_for_some(struct reader *r, int with_source, int in_command)
{
	struct pollfd fds[2 + SOURCE_FDS] = {{.fd = r->signal_fd, .events = POLLIN},
	    {.fd = r->queue == NULL ? -1 : queue_fd(r->queue), .events = POLLIN}};
	int64_t since = clock_mono_us();
	int n = 2, got;

	if (with_source)
		n += source_fds(r->source, fds + 2);
	got = poll(fds, (nfds_t)n, next_timeout(r, with_source));
	if (with_source)
		r->waited_us += clock_mono_us() - since;
	if (got < 0)
		return;
	if (fds[1].revents != 0)
		queue_clear(r->queue);
	if (fds[0].revents != 0)
		take_signals(r, in_command);
	run_tick(r);
}

struct queue_page *
reader_page(struct reader *r, const struct source_event *ev, struct error *e)
{
	struct pollfd fd = {.fd = queue_fd(r->queue), .events = POLLIN};
	struct queue_page *p;
	int failed;

	while ((p = queue_take_page(r->queue, ev->bytes, &failed)) == NULL && !failed)
		if (poll(&fd, 1, -1) > 0)
			queue_clear(r->queue);
	if (p == NULL) {
		error_set(e, AB_ENOMEM, "no memory for a page of %zu bytes", ev->bytes);
		return NULL;
	}
	if (source_page(r->source, ev, p->bytes, e) == AB_OK &&
	    (ev->beside == NULL || beside_copy(&p->beside, ev->beside, ev->nbeside) == 0))
		return p;
	if (e->status == AB_OK)
		error_set(e, AB_ENOMEM, "no memory for a page of %zu records", ev->nbeside);
	queue_release_page(r->queue, p);
	return NULL;
}

void
reader_drop_page(struct reader *r, const struct source_event *ev)
{
	struct error ignored = ERROR_INIT;
	struct queue_page *p = r->queue == NULL ? NULL : reader_page(r, ev, &ignored);

	if (p != NULL)
		queue_release_page(r->queue, p);
}

/* One event. 1: the command has ended. *e holds what was wrong first. */
static int
take_event(struct reader *r, struct source_event *ev, reader_event *fn, void *ctx, struct error *e)
{
	switch (ev->type) {
	case SOURCE_DONE:
		return 1;
	case SOURCE_FAILED:
		error_set(e, ev->error.status, "%s", ev->error.text);
		return 1;
	default:
		break;
	}
	if (e->status != AB_OK) {
		if (ev->type == SOURCE_PAGE)
			reader_drop_page(r, ev);
	} else if (fn(ctx, ev, e) != AB_OK) {
		reader_stop(r);
	}
	return 0;
}

/* Takes events while there is room for what they carry. 1: the command has ended. */
static int
take_events(struct reader *r, reader_event *fn, void *ctx, struct error *e)
{
	struct source_event ev;

	while (r->queue == NULL || queue_has_room(r->queue)) {
		if (r->writer != NULL && atomic_load(&r->writer->failed) && e->status == AB_OK) {
			error_set(e, AB_EUNSUPPORTED, "the destination refused");
			reader_stop(r);
		}
		source_next(r->source, &ev);
		if (ev.type == SOURCE_NOTHING)
			return 0;
		if (take_event(r, &ev, fn, ctx, e))
			return 1;
		/* pages may come without a pause: the signals and the clock have their turn */
		take_signals(r, 1);
		if (clock_mono_us() >= r->next_tick)
			return 0;
	}
	return 0;
}

int
reader_is_late(struct reader *r)
{
	r->is_lost |= r->stopping && clock_mono_us() >= r->deadline;
	return r->is_lost;
}

void
reader_stopped(struct reader *r)
{
	r->stopping = 0;
}

ab_status
reader_run(struct reader *r, reader_event *fn, void *ctx, struct error *e)
{
	r->stopping = 0;
	if (r->signal != 0)
		reader_stop(r);
	while (!take_events(r, fn, ctx, e)) {
		if (reader_is_late(r)) {
			error_set(e, r->signal != 0 ? AB_ECANCELLED : AB_EBUG,
			    "the source did not stop when it was asked to");
			break;
		}
		wait_for_some(r, r->queue == NULL || queue_has_room(r->queue), 1);
	}
	if (r->tick != NULL)
		r->tick(r->ctx);
	return e->status;
}

void
reader_step(struct reader *r, int (*fn)(void *ctx, struct source_event *ev), void *ctx)
{
	struct source_event ev;
	int listens;

	while (r->source != NULL && queue_has_room(r->queue) && !reader_is_late(r)) {
		source_next(r->source, &ev);
		if (ev.type == SOURCE_NOTHING)
			break;
		if (fn(ctx, &ev))
			return;
		/* pages may come without a pause: the signals and the clock have their turn */
		take_signals(r, 1);
		if (clock_mono_us() >= r->next_tick)
			break;
	}
	listens = r->source != NULL && !source_dead(r->source);
	wait_for_some(r, listens && queue_has_room(r->queue), listens);
}

void
reader_wait_idle(struct reader *r)
{
	while (!writer_is_idle(r->writer))
		wait_for_some(r, 0, 0);
}
