/* native.c - source_kind.h for a native connector: its worker, the channel to it, its messages as events.
 *
 * Must never block but for sending a command, and never believe a message that verify.c did not let through. */
#include "config.h"

#include "source/native.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

#define COMMAND_MS    10000   /* a worker that does not read a command for so long is stopped */
#define SILENT_US     2000000 /* from the end of the channel to the end of the process */
#define DROP_BYTES    ((size_t)4 << 20) /* memory of a larger page is given back at once */
#define LOOK_AGAIN_MS 50

static const char deaf[] = "it did not read its commands";

static const struct source_ops native_ops;
int (*source_in_process_hook)(int fd, int mem_fd, int so_fd);

struct thread_args {
	int fd, mem_fd, so_fd;
};

static void *
run_in_process(void *p)
{
	struct thread_args a = *(struct thread_args *)p;

	free(p);
	source_in_process_hook(a.fd, a.mem_fd, a.so_fd);
	return NULL;
}

/* The worker as a thread of ours; so_fd stays open for as long as the process lives. */
static ab_status
start_thread(struct native *s, int fd, int so_fd, struct error *e)
{
	struct thread_args *a;
	int rc = EINVAL;

	if (source_in_process_hook == NULL)
		return error_set(e, AB_EUNSUPPORTED,
		    "this abhost cannot run a connector in its own process; abhost-inprocess can");
	a = malloc(sizeof(*a));
	if (a != NULL) {
		*a = (struct thread_args){dup(fd), dup(s->chan.mem_fd), dup(so_fd)};
		rc = pthread_create(&s->thread, NULL, run_in_process, a);
	}
	if (rc != 0) {
		free(a);
		return error_set(e, AB_ENOMEM, "cannot start a thread: %s", strerror(rc));
	}
	s->in_process = 1;
	return AB_OK;
}

static ab_status
start_worker(struct native *s, int so_fd, const struct source_options *o, struct error *e)
{
	int fd;
	uint32_t lanes = o->lanes > 0 ? (uint32_t)o->lanes : 1;
	ab_status rc = chan_create(&s->chan, lanes, o->page_cap, &fd, e);

	if (rc != AB_OK)
		return rc;
	s->chan.send_ms = COMMAND_MS;
	verify_init(&s->verify, &s->chan, o->page_cap);
	s->memory = o->memory;
	if (o->in_process)
		rc = start_thread(s, fd, so_fd, e);
	else
		rc = spawn_worker(&s->child, fd, s->chan.mem_fd, so_fd, e);
	close(fd);
	if (rc != AB_OK)
		chan_fini(&s->chan);
	logpipe_init(&s->log, s->child.log_fd);
	return rc;
}

static ab_status
send_command(struct native *s, const struct chan_msg *m, struct error *e)
{
	struct error why = ERROR_INIT;
	ab_status rc;

	if (s->dead)
		return error_set(e, s->error.status, "%s", s->error.text);
	rc = verify_command(&s->verify, m->type, m->stream, e);
	if (rc != AB_OK)
		return rc;
	s->watch_us = 0;
	s->active_us = clock_mono_us();
	rc = chan_send(&s->chan, m, &why);
	if (rc == AB_EDATA) { /* too large, and not sent */
		verify_forget(&s->verify, m->type, m->stream);
		return error_set(e, rc, "%s: its configuration or state: %s", s->who, why.text);
	}
	/* A worker that is gone, or too busy to read, is told by source_next. */
	if (rc == AB_ETRANSIENT)
		obituary_rubbish(s, deaf);
	return AB_OK;
}

static struct ab_str
text_of(const char *text)
{
	return (struct ab_str){text, strlen(text)};
}

static ab_status
send_open(struct native *s, const struct source_options *o, struct error *e)
{
	struct chan_msg m = {.type = CHAN_OPEN,
	    .stream = CHAN_ALL,
	    .num = (int64_t)o->page_cap,
	    .bytes = o->memory,
	    .flags = (o->trace != NULL ? CHAN_WANT_TRACE : 0) |
		(o->replaced != NULL ? CHAN_WANT_TOKENS : 0)};

	m.text[0] = text_of(o->config != NULL ? o->config : "{}");
	m.text[1] = text_of(o->path != NULL ? o->path : s->who);
	m.text[2] = text_of(o->secrets != NULL ? o->secrets : "");
	m.text[3] = text_of(o->choices != NULL ? o->choices : "{}");
	return send_command(s, &m, e);
}

ab_status
native_start(const struct source_options *o, struct source **out, struct error *e)
{
	struct native *s = calloc(1, sizeof(*s));
	int fd = o->fd;
	ab_status rc = AB_OK;

	*out = NULL;
	if (fd < 0 && o->path != NULL)
		fd = open(o->path, O_RDONLY | O_CLOEXEC);
	if (s == NULL)
		rc = error_set(e, AB_ENOMEM, "no memory for a source");
	else if (fd < 0)
		rc = error_set(e, AB_ECONFIG, "cannot open %s: %s",
		    o->path != NULL ? o->path : "the connector", strerror(errno));
	if (rc == AB_OK) {
		s->base.ops = &native_ops;
		snprintf(s->who, sizeof(s->who), "%s%s%s", o->id != NULL ? o->id : "the connector",
		    o->version != NULL ? " " : "", o->version != NULL ? o->version : "");
		s->child.pid_fd = s->child.log_fd = -1;
		s->timeout_s = o->in_process ? 0 : o->call_timeout_s;
		s->trace = o->trace;
		s->trace_ctx = o->trace_ctx;
		s->replaced = o->replaced;
		s->replaced_ctx = o->replaced_ctx;
		s->late = o->late;
		s->late_ctx = o->late_ctx;
		rc = start_worker(s, fd, o, e);
	}
	if (fd >= 0)
		close(fd);
	if (rc != AB_OK)
		free(s);
	else if ((rc = send_open(s, o, e)) != AB_OK)
		source_close(&s->base, 0);
	else
		*out = &s->base;
	return rc;
}

static int
native_fds(struct source *source, struct pollfd fds[SOURCE_FDS])
{
	struct native *s = (struct native *)source;
	int n = 0;

	if (s->dead)
		return 0;
	if (s->gone_us == 0)
		fds[n++] = (struct pollfd){.fd = s->chan.fd, .events = POLLIN};
	if (s->log.fd >= 0)
		fds[n++] = (struct pollfd){.fd = s->log.fd, .events = POLLIN};
	if (s->child.pid_fd >= 0)
		fds[n++] = (struct pollfd){.fd = s->child.pid_fd, .events = POLLIN};
	return n;
}

static int
native_timeout_ms(struct source *source)
{
	struct native *s = (struct native *)source;
	int64_t left;

	if (s->dead)
		return 0;
	if (s->gone_us != 0)
		return LOOK_AGAIN_MS;
	if (!verify_busy(&s->verify) || s->timeout_s <= 0)
		return -1;
	left = (s->watch_us - clock_mono_us() + 999) / 1000;
	return left < 0 ? 0 : (int)left;
}

static ab_status
native_check(struct source *source, struct error *e)
{
	struct native *s = (struct native *)source;

	return send_command(s, &(const struct chan_msg){.type = CHAN_CHECK, .stream = CHAN_ALL}, e);
}

static ab_status
native_streams(struct source *source, struct error *e)
{
	struct native *s = (struct native *)source;

	return send_command(
	    s, &(const struct chan_msg){.type = CHAN_STREAMS, .stream = CHAN_ALL}, e);
}

static ab_status
native_finish(struct source *source, struct error *e)
{
	struct native *s = (struct native *)source;

	return send_command(s, &(const struct chan_msg){.type = CHAN_CLOSE, .stream = CHAN_ALL}, e);
}

static ab_status
send_read(struct native *s, struct chan_msg *m, const char *configured, const char *committed,
    struct error *e)
{
	m->type = CHAN_READ;
	m->text[0] = text_of(configured);
	m->text[1] = text_of(committed != NULL ? committed : "[]");
	return send_command(s, m, e);
}

static ab_status
native_read(struct source *source, uint32_t stream, const char *configured, const char *committed,
    uint32_t limit, struct error *e)
{
	struct native *s = (struct native *)source;
	struct chan_msg m = {.stream = stream, .num = limit};

	return send_read(s, &m, configured, committed, e);
}

static ab_status
native_read_asking(struct source *source, uint32_t stream, const char *configured,
    const char *committed, struct error *e)
{
	struct native *s = (struct native *)source;
	struct chan_msg m = {.stream = stream, .flags = CHAN_MUST_ASK};

	return send_read(s, &m, configured, committed, e);
}

static void
native_committed(struct source *source, uint32_t stream, int64_t num, struct ab_str text)
{
	struct native *s = (struct native *)source;
	const struct chan_msg m = {
	    .type = CHAN_COMMITTED, .stream = stream, .num = num, .text = {text}};
	struct error why = ERROR_INIT;

	if (!s->dead && chan_send(&s->chan, &m, &why) == AB_ETRANSIENT)
		obituary_rubbish(s, "it did not read its commands");
}

/* The failure of a command, with who and where. */
static void
fail_event(const struct native *s, const struct chan_msg *m, struct source_event *ev)
{
	ev->type = SOURCE_FAILED;
	if (m->text[1].len > 0)
		error_set(
		    &ev->error, m->status, "%s, %s: %s", s->who, m->text[1].ptr, m->text[0].ptr);
	else
		error_set(&ev->error, m->status, "%s: %s", s->who, m->text[0].ptr);
}

static void
page_event(const struct chan_msg *m, struct source_event *ev)
{
	ev->type = SOURCE_PAGE;
	ev->slot = m->slot;
	ev->bytes = m->bytes;
	ev->has_token = (m->flags & CHAN_HAS_TOKEN) != 0;
	ev->token = m->text[0];
	ev->state = m->text[1];
	ev->about = m->text[2];
}

/* A thread of the connector's own may still talk when its read has ended. */
static void
talk_event(const struct native *s, const struct chan_msg *m, struct source_event *ev)
{
	ev->type = m->type == CHAN_WAIT ? SOURCE_WAIT : SOURCE_LOG;
	ev->num = m->type == CHAN_WAIT ? m->num : m->status;
	ev->token = m->text[1];
	ev->done = m->bytes;
	ev->limited = (m->flags & CHAN_LIMITED) != 0;
	if (!verify_reads(&s->verify, m->stream))
		ev->stream = SOURCE_ALL;
}

/* No event: it is of nobody's concern but the watcher's. */
static void
tell_trace(const struct native *s, const struct chan_msg *m)
{
	const struct source_trace t = {
	    .stream = verify_reads(&s->verify, m->stream) ? m->stream : SOURCE_ALL,
	    .method = m->text[0].ptr,
	    .url = m->text[1].ptr,
	    .error = m->text[2].ptr,
	    .status = m->status,
	    .attempt = m->slot,
	    .bytes = m->bytes,
	    .ms = m->num};

	if (s->trace != NULL)
		s->trace(s->trace_ctx, &t);
}

static void
make_event(const struct native *s, const struct chan_msg *m, struct source_event *ev)
{
	ev->stream = m->stream;
	ev->part = m->part;
	ev->num = m->num;
	ev->text = m->text[0];
	switch (m->type) {
	case CHAN_DONE:
		ev->type = SOURCE_DONE;
		ev->bytes = m->bytes;
		break;
	case CHAN_TALLY:
		ev->type = SOURCE_TALLY;
		break;
	case CHAN_FAIL:
		ev->bytes = m->bytes;
		fail_event(s, m, ev);
		break;
	case CHAN_STREAM:
		ev->type = SOURCE_STREAM;
		break;
	case CHAN_PARTITION:
		ev->type = SOURCE_PARTITION;
		ev->num = m->part;
		break;
	case CHAN_PAGE:
		page_event(m, ev);
		break;
	case CHAN_PARTITION_END:
		ev->type = SOURCE_PARTITION_END;
		ev->num = m->part;
		break;
	case CHAN_RESTART:
		ev->type = SOURCE_RESTART;
		break;
	case CHAN_ASK:
		ev->type = SOURCE_ASK;
		break;
	case CHAN_TRACE:
		tell_trace(s, m);
		break;
	case CHAN_TOKEN:
		if (s->replaced != NULL)
			s->replaced(s->replaced_ctx, m->text[0].ptr, m->text[1].ptr);
		break;
	case CHAN_HELD:
		if (s->verify.holds == 0) /* the answer to what was asked last */
			ev->type = SOURCE_HELD;
		break;
	default:
		talk_event(s, m, ev);
		break;
	}
}

/* 1: there was one, be it of no concern here. */
static int
take_message(struct native *s, struct source_event *ev)
{
	struct chan_msg m;
	struct error e = ERROR_INIT;
	ab_status rc = s->gone_us != 0 ? CHAN_AGAIN : chan_recv(&s->chan, &m, 0, &e);

	if (rc == AB_OK)
		rc = verify_message(&s->verify, &m, &e);
	if (rc == AB_OK) {
		s->active_us = clock_mono_us();
		make_event(s, &m, ev);
	} else if (rc == AB_ECANCELLED)
		s->gone_us = clock_mono_us();
	else if (rc != CHAN_AGAIN)
		obituary_rubbish(s, e.text);
	return rc == AB_OK;
}

static void
take_log(struct native *s, struct source_event *ev, int last)
{
	const char *line = logpipe_line(&s->log, s->who, last);

	if (line == NULL)
		return;
	ev->type = SOURCE_LOG;
	ev->stream = SOURCE_ALL;
	ev->num = AB_WARN;
	ev->is_printed = 1;
	ev->text = text_of(utf8_copy(s->line, sizeof(s->line), line));
}

static void
watch(struct native *s)
{
	siginfo_t info;

	if (verify_busy(&s->verify) && s->timeout_s > 0 && !spawn_ended(&s->child, &info))
		obituary_watch(s, clock_mono_us());
}

/* Nothing has come: is the worker still there, and in time? */
static void
look_after(struct native *s, struct source_event *ev)
{
	int64_t now = clock_mono_us();
	siginfo_t info;

	if (spawn_ended(&s->child, &info)) {
		/* Between asking the channel and asking for its end it may have said more. */
		while (take_message(s, ev) && ev->type == SOURCE_NOTHING && !s->dead)
			continue;
		if (ev->type == SOURCE_NOTHING && !s->dead)
			take_log(s, ev, 1);
		if (ev->type == SOURCE_NOTHING && !s->dead)
			obituary_died(s, &info);
	} else if (s->gone_us != 0 && (s->in_process || now - s->gone_us > SILENT_US)) {
		obituary_silent(s);
	} else {
		watch(s);
	}
}

static void
native_next(struct source *source, struct source_event *ev)
{
	struct native *s = (struct native *)source;

	*ev = (struct source_event){.type = SOURCE_NOTHING};
	for (int i = 0; i < 2 && !s->dead && ev->type == SOURCE_NOTHING; i++) {
		s->log_turn = !s->log_turn;
		if (s->log_turn)
			take_log(s, ev, 0);
		else
			take_message(s, ev);
	}
	if (!s->dead && ev->type == SOURCE_NOTHING)
		look_after(s, ev);
	else if (!s->dead && ev->type == SOURCE_LOG && s->active_us >= s->watch_us)
		watch(s); /* a function may talk without end */
	if (s->dead) {
		ev->type = SOURCE_FAILED;
		ev->stream = SOURCE_ALL;
		ev->error = s->error;
		ev->text = text_of(s->guilty);
	}
}

/* A word to the worker that no command is; one that is gone is told by source_next. */
static void
send_word(struct native *s, const struct chan_msg *m)
{
	if (!s->dead && chan_send(&s->chan, m, NULL) == AB_ETRANSIENT)
		obituary_rubbish(s, deaf);
}

/* Whether a slot's memory is given back as soon as its page was read, which costs as much as reading it: what is very
 * large, and what would be too much where many lanes are at work.  A lane alone has a slot to fill and one to be read. */
static int
is_large(struct native *s, uint32_t slot, size_t bytes)
{
	if (slot >= s->slots)
		s->slots = slot + 1;
	return bytes > DROP_BYTES ||
	    (s->memory > 0 && s->slots > 2 && bytes > s->memory / s->slots);
}

static ab_status
native_page(struct source *source, const struct source_event *ev, char *dst, struct error *e)
{
	struct native *s = (struct native *)source;
	struct verify *v = &s->verify;
	ab_status rc;

	if (ev->bytes == 0)
		return AB_OK;
	if (ev->slot >= v->slots || !v->slot[ev->slot].held || v->slot[ev->slot].bytes != ev->bytes)
		return error_set(e, AB_EBUG, "the page was taken already");
	v->slot[ev->slot].held = 0;
	rc = chan_slot_read(&s->chan, ev->slot, dst, ev->bytes, e);
	if (is_large(s, ev->slot, ev->bytes))
		chan_slot_drop(&s->chan, ev->slot, ev->bytes);
	send_word(s, &(const struct chan_msg){.type = CHAN_FREE, .slot = ev->slot});
	return rc;
}

static void
native_cancel(struct source *source)
{
	struct native *s = (struct native *)source;

	send_word(s, &(const struct chan_msg){.type = CHAN_CANCEL, .stream = CHAN_ALL});
}

static void
native_cancel_read(struct source *source, uint32_t stream)
{
	struct native *s = (struct native *)source;

	if (verify_reads(&s->verify, stream))
		send_word(s, &(const struct chan_msg){.type = CHAN_CANCEL, .stream = stream});
}

static void
native_hold(struct source *source, int on)
{
	struct native *s = (struct native *)source;

	verify_hold(&s->verify, on != 0);
	send_word(s, &(const struct chan_msg){.type = CHAN_HOLD, .num = on != 0});
}

static int
native_dead(const struct source *source)
{
	const struct native *s = (const struct native *)source;

	return s->dead;
}

static void
native_close(struct source *source, int grace_ms)
{
	struct native *s = (struct native *)source;

	if (s == NULL)
		return;
	if (!s->dead || s->in_process) {
		(void)chan_send(&s->chan, &(const struct chan_msg){.type = CHAN_QUIT}, NULL);
		/* Whatever it still wants to say fails, so that it does not wait for us. */
		shutdown(s->chan.fd, SHUT_RD);
		if (s->in_process)
			pthread_join(s->thread, NULL);
		else
			(void)spawn_wait(&s->child, grace_ms);
	}
	if (s->late != NULL)
		logpipe_rest(&s->log, s->who, s->late, s->late_ctx);
	spawn_end(&s->child);
	chan_fini(&s->chan);
	free(s);
}

static const struct source_ops native_ops = {
    .fds = native_fds,
    .timeout_ms = native_timeout_ms,
    .check = native_check,
    .streams = native_streams,
    .finish = native_finish,
    .read = native_read,
    .read_asking = native_read_asking,
    .committed = native_committed,
    .next = native_next,
    .page = native_page,
    .cancel = native_cancel,
    .cancel_read = native_cancel_read,
    .hold = native_hold,
    .dead = native_dead,
    .close = native_close,
};
