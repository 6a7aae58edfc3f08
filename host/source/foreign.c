/* foreign.c - see foreign.h: the life of the process, and what its end means. */
#include "config.h"

#include "source/foreign.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/redact.h"

#define GRACE_US      5000000 /* from SIGTERM to SIGKILL */
#define HELD_OPEN_US  2000000 /* its children may hold its output open for so long */
#define AT_ONCE	      ((size_t)4 << 20)
#define LOOK_AGAIN_MS 50
#define QUIET_READ    12 /* times the time-out of a call: a read may wait for long */

static const struct source_ops foreign_ops;

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for an Airbyte source");
}

static void
free_stream(struct foreign_stream *s)
{
	free(s->name);
	free(s->space);
	free(s->configured);
	free(s->committed);
	free(s->state);
	buf_fini(&s->bytes);
	beside_fini(&s->beside);
	free(s);
}

void
foreign_forget(struct foreign *f, struct foreign_stream *s)
{
	size_t i = 0;

	while (f->streams[i] != s)
		i++;
	memmove(&f->streams[i], &f->streams[i + 1], (f->n - i - 1) * sizeof(*f->streams));
	f->n--;
	f->joint_at -= i < f->joint_at;
	f->buffered -= foreign_held(s);
	if (f->last == s)
		f->last = NULL;
	if (f->given == s)
		f->given = NULL;
	free_stream(s);
}

ab_status
foreign_start(const struct source_options *o, struct source **out, struct error *e)
{
	struct foreign *f = calloc(1, sizeof(*f));

	*out = NULL;
	if (f == NULL)
		return no_memory(e);
	f->base.ops = &foreign_ops;
	program_init(&f->program);
	lines_init(&f->lines, o->page_cap);
	buf_init(&f->catalog, (size_t)64 << 20);
	buf_init(&f->said_text, 8192);
	buf_init(&f->about, 128);
	snprintf(f->who, sizeof(f->who), "%s", o->id != NULL ? o->id : "the source");
	f->line_cap = o->page_cap;
	f->timeout_s = o->call_timeout_s;
	f->path = strdup(o->program);
	f->config = strdup(o->config != NULL ? o->config : "{}");
	f->spec = strdup(o->spec != NULL ? o->spec : "{}");
	f->secrets = o->secrets == NULL ? NULL : strdup(o->secrets);
	*out = &f->base;
	if (f->path != NULL && f->config != NULL && f->spec != NULL &&
	    (o->secrets == NULL || f->secrets != NULL))
		return AB_OK;
	source_close(*out, 0);
	*out = NULL;
	return no_memory(e);
}

/* Nothing is left of the process before. */
static void
reset_job(struct foreign *f, enum foreign_job job)
{
	size_t cap = f->line_cap;

	lines_fini(&f->lines);
	lines_init(&f->lines, cap);
	f->job = job;
	f->is_eof = f->is_ending = f->is_stopped = f->is_broken = f->is_enough = 0;
	f->has_status = f->has_word = f->has_answer = f->is_refused = f->is_joint = 0;
	f->joint_at = 0;
	f->ended_us = f->kill_us = 0;
	f->heard_us = clock_mono_us();
	f->ntail = f->tail_at = 0;
	f->err_len = 0;
	f->last = NULL;
	buf_reset(&f->catalog);
	f->catalog_at = 0;
	error_clear(&f->error);
}

static ab_status
begin(struct foreign *f, enum foreign_job job, struct error *e)
{
	if (f->job != FOREIGN_IDLE)
		return error_set(e, AB_EBUG, "%s: something runs already", f->who);
	reset_job(f, job);
	if (foreign_run(f, job, e) == AB_OK)
		return AB_OK;
	f->job = FOREIGN_IDLE;
	return error_wrap(e, "%s", f->who);
}

static ab_status
foreign_check(struct source *source, struct error *e)
{
	return begin((struct foreign *)source, FOREIGN_CHECK, e);
}

static ab_status
foreign_streams(struct source *source, struct error *e)
{
	return begin((struct foreign *)source, FOREIGN_DISCOVER, e);
}

static ab_status
foreign_finish(struct source *source, struct error *e)
{
	return error_set(e, AB_EUNSUPPORTED, "%s: a program is closed by its end",
	    ((struct foreign *)source)->who);
}

static char *
copy_string(struct ab_str value)
{
	struct buf b;
	char *out;

	buf_init(&b, (size_t)1 << 20);
	out = line_string(value, &b) != 0 || buf_add(&b, "", 0) != 0 ? NULL : buf_steal(&b);
	buf_fini(&b);
	return out;
}

static ab_status
foreign_read(struct source *source, uint32_t stream, const char *configured, const char *committed,
    uint32_t limit, struct error *e)
{
	struct foreign *f = (struct foreign *)source;
	struct ab_str described = line_get(foreign_text(configured), "stream");
	struct foreign_stream *s = calloc(1, sizeof(*s)), **grown;

	if (s == NULL)
		return no_memory(e);
	s->index = stream;
	s->limit = limit;
	s->estimate = -1;
	buf_init(&s->bytes, f->line_cap + FOREIGN_PAGE);
	beside_init(&s->beside);
	s->name = copy_string(line_get(described, "name"));
	s->space = copy_string(line_get(described, "namespace"));
	s->configured = strdup(configured);
	s->committed = strdup(committed != NULL ? committed : "[]");
	if (f->n == f->cap) {
		grown = realloc(f->streams, (f->cap * 2 + 16) * sizeof(struct foreign_stream *));
		if (grown != NULL) {
			f->streams = grown;
			f->cap = f->cap * 2 + 16;
		}
	}
	if (s->name == NULL || s->space == NULL || s->configured == NULL || s->committed == NULL ||
	    f->n == f->cap) {
		free_stream(s);
		return no_memory(e);
	}
	f->streams[f->n++] = s;
	return AB_OK;
}

static ab_status
foreign_read_asking(struct source *source, uint32_t stream, const char *configured,
    const char *committed, struct error *e)
{
	return foreign_read(source, stream, configured, committed, 0, e);
}

static void
foreign_committed(struct source *source, uint32_t stream, int64_t num, struct ab_str text)
{
	(void)source, (void)stream, (void)num, (void)text; /* it never asks */
}

/* Asks the process to end; later it is killed. */
static void
stop(struct foreign *f)
{
	if (f->job == FOREIGN_IDLE || f->kill_us != 0)
		return;
	program_stop(&f->program);
	f->kill_us = clock_mono_us() + GRACE_US;
}

void
foreign_break(struct foreign *f)
{
	f->is_broken = 1;
	stop(f);
}

static void
foreign_cancel(struct source *source)
{
	struct foreign *f = (struct foreign *)source;

	for (size_t i = 0; i < f->n; i++)
		f->streams[i]->is_dropped |= !f->streams[i]->is_running;
	f->is_stopped = 1;
	stop(f);
}

static size_t
count_running(const struct foreign *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++)
		n += f->streams[i]->is_running && !f->streams[i]->is_dropped;
	return n;
}

static void
foreign_cancel_read(struct source *source, uint32_t stream)
{
	struct foreign *f = (struct foreign *)source;

	for (size_t i = 0; i < f->n; i++)
		if (f->streams[i]->index == stream)
			f->streams[i]->is_dropped = 1;
	if (f->job == FOREIGN_READ && count_running(f) == 0)
		stop(f);
}

static void
foreign_hold(struct source *source, int on)
{
	(void)on; /* there is but one partition, and it has begun */
	((struct foreign *)source)->is_held = 1;
}

static int
foreign_dead(const struct source *source)
{
	(void)source; /* another process can always be started */
	return 0;
}

static void
foreign_close(struct source *source, int grace_ms)
{
	struct foreign *f = (struct foreign *)source;
	siginfo_t info;

	if (f->program.pid > 0 && grace_ms > 0 && !program_ended(&f->program, &info)) {
		struct pollfd fd = {.fd = f->program.pid_fd, .events = POLLIN};

		program_stop(&f->program);
		(void)poll(&fd, 1, grace_ms);
	}
	program_end(&f->program);
	while (f->n > 0)
		free_stream(f->streams[--f->n]);
	free(f->streams);
	lines_fini(&f->lines);
	buf_fini(&f->catalog);
	buf_fini(&f->said_text);
	buf_fini(&f->about);
	if (f->config != NULL)
		explicit_bzero(f->config, strlen(f->config));
	free(f->config);
	free(f->path);
	free(f->spec);
	free(f->secrets);
	free(f->strange);
	free(f);
}

static int
foreign_fds(struct source *source, struct pollfd fds[SOURCE_FDS])
{
	struct foreign *f = (struct foreign *)source;
	int n = 0;

	if (f->job == FOREIGN_IDLE)
		return 0;
	if (!f->is_eof)
		fds[n++] = (struct pollfd){.fd = f->program.out_fd, .events = POLLIN};
	if (f->program.err_fd >= 0)
		fds[n++] = (struct pollfd){.fd = f->program.err_fd, .events = POLLIN};
	if (f->ended_us == 0)
		fds[n++] = (struct pollfd){.fd = f->program.pid_fd, .events = POLLIN};
	return n;
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return b != 0 && b < a ? b : a;
}

static int64_t
silent_until(const struct foreign *f)
{
	int64_t us = (int64_t)f->timeout_s * 1000000;

	return us == 0 ? 0 : f->heard_us + (f->job == FOREIGN_READ ? QUIET_READ * us : us);
}

static int
foreign_timeout_ms(struct source *source)
{
	struct foreign *f = (struct foreign *)source;
	int64_t now = clock_mono_us(), until = INT64_MAX;

	if (f->job == FOREIGN_IDLE)
		return f->n > 0 ? 0 : -1;
	if (f->is_ending) /* what is left to tell is here */
		return 0;
	if (f->ended_us != 0 || (f->kill_us != 0 && now >= f->kill_us))
		return LOOK_AGAIN_MS;
	until = earlier(earlier(until, f->kill_us), silent_until(f));
	for (size_t i = 0; i < f->n; i++)
		if (f->streams[i]->since_us != 0)
			until = earlier(until, f->streams[i]->since_us + FOREIGN_AGE_US);
	if (until == INT64_MAX)
		return -1;
	return until <= now
	    ? 0
	    : (int)((until - now + 999) / 1000 > 60000 ? 60000 : (until - now + 999) / 1000);
}

static int
announce(struct foreign *f, struct source_event *ev)
{
	for (size_t i = 0; i < f->n; i++) {
		struct foreign_stream *s = f->streams[i];

		if (s->is_announced || !s->is_running)
			continue;
		s->is_announced = 1;
		ev->type = SOURCE_PARTITION;
		ev->stream = s->index;
		ev->text = foreign_text("");
		ev->joint = f->is_shared;
		return 1;
	}
	return 0;
}

/* A read that is not wanted any more ends at once; the process goes on for the others. */
static int
drop(struct foreign *f, struct source_event *ev)
{
	for (size_t i = 0; i < f->n; i++) {
		struct foreign_stream *s = f->streams[i];

		if (!s->is_dropped)
			continue;
		ev->type = SOURCE_FAILED;
		ev->stream = s->index;
		ev->error = s->error;
		error_set(&ev->error, AB_ECANCELLED, "stopped");
		foreign_forget(f, s);
		return 1;
	}
	return 0;
}

/* All that wait are read by one process. */
static void
begin_reads(struct foreign *f, struct source_event *ev)
{
	struct error e = ERROR_INIT;

	if (f->n == 0)
		return;
	if (begin(f, FOREIGN_READ, &e) != AB_OK) {
		ev->type = SOURCE_FAILED;
		ev->stream = f->streams[0]->index;
		ev->error = e;
		foreign_forget(f, f->streams[0]);
		return;
	}
	for (size_t i = 0; i < f->n; i++)
		f->streams[i]->is_running = 1;
	announce(f, ev);
}

static int
on_broken(struct foreign *f, const struct line *line)
{
	error_clear(&f->error);
	error_set(&f->error, line->error.status, "%s: %s", f->who, line->error.text);
	redact_text(f->error.text); /* it shows some of the line */
	foreign_break(f);
	return 0;
}

static int
on_line(struct foreign *f, const struct line *line, struct source_event *ev)
{
	if (f->is_broken) /* what follows could be anything */
		return 0;
	f->has_word |= line->type == LINE_RECORD || line->type == LINE_STATE;
	switch (line->type) {
	case LINE_RECORD:
		return f->job == FOREIGN_READ && foreign_record(f, line, ev);
	case LINE_STATE:
		return f->job == FOREIGN_READ && foreign_state(f, line, ev);
	case LINE_BROKEN:
		return on_broken(f, line);
	case LINE_TEXT:
		return foreign_prose(f, line, ev);
	default:
		return foreign_message(f, line, ev);
	}
}

/* Reads more; 0: nothing came. */
static int
fill(struct foreign *f)
{
	size_t room;
	char *to = lines_room(&f->lines, &room);
	ssize_t n;

	if (to == NULL) {
		no_memory(&f->error);
		f->is_eof = 1;
		foreign_break(f);
		return 0;
	}
	n = read(f->program.out_fd, to, room);
	if (n > 0) {
		lines_fed(&f->lines, (size_t)n);
		f->heard_us = clock_mono_us();
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		lines_end(&f->lines);
		f->is_eof = 1;
	}
	return n > 0 || f->is_eof;
}

/* Lines until one is an event, there are none, or it is time to look at something else.  0: there are none. */
static int
pump(struct foreign *f, struct source_event *ev)
{
	struct line line;
	size_t done = 0;

	while (ev->type == SOURCE_NOTHING && done < AT_ONCE) {
		lines_next(&f->lines, &line);
		if (line.type != LINE_NONE) {
			done += line.text.len;
			on_line(f, &line, ev);
		} else if (f->is_eof || !fill(f)) {
			return 0;
		}
	}
	return 1;
}

/* It is over its time: it is asked to end, and in the end it is killed. */
static void
watch(struct foreign *f)
{
	int64_t now = clock_mono_us();

	if (f->ended_us != 0)
		return;
	if (f->kill_us != 0 && now >= f->kill_us)
		program_kill(&f->program);
	if (silent_until(f) == 0 || now < silent_until(f))
		return;
	error_set(&f->error, AB_ETRANSIENT,
	    "%s said nothing for %lld s, and was stopped (ABHOST_CALL_TIMEOUT)", f->who,
	    (long long)((now - f->heard_us) / 1000000));
	f->heard_us = now;
	foreign_break(f);
}

/* Has it ended, and is all of it here? */
static void
look_after(struct foreign *f)
{
	int64_t now = clock_mono_us();

	if (f->ended_us == 0 && program_ended(&f->program, &f->info))
		f->ended_us = now;
	if (f->ended_us != 0 && (f->is_eof || now - f->ended_us > HELD_OPEN_US))
		f->is_ending = 1;
}

static void
next_of_job(struct foreign *f, struct source_event *ev)
{
	int more;

	/* nothing comes between pages that belong together */
	if ((f->joint_at > 0 && foreign_flush(f, 0, ev)) || announce(f, ev) || drop(f, ev))
		return;
	foreign_hear(f);
	more = pump(f, ev);
	if (ev->type == SOURCE_NOTHING)
		foreign_flush(f, 0, ev);
	if (ev->type == SOURCE_NOTHING && !more)
		look_after(f);
	watch(f);
	if (f->has_answer && f->job != FOREIGN_READ)
		stop(f);
}

static void
foreign_next(struct source *source, struct source_event *ev)
{
	struct foreign *f = (struct foreign *)source;

	memset(ev, 0, offsetof(struct source_event, error));
	error_clear(&ev->error);
	ev->stream = SOURCE_ALL;
	foreign_taken(f);
	if (!f->is_opened) {
		f->is_opened = 1;
		ev->type = SOURCE_DONE;
	} else if (f->is_held) {
		f->is_held = 0;
		ev->type = SOURCE_HELD;
	} else if (f->job == FOREIGN_IDLE) {
		if (!drop(f, ev))
			begin_reads(f, ev);
	} else if (!f->is_ending) {
		next_of_job(f, ev);
	}
	if (ev->type == SOURCE_NOTHING && f->is_ending && f->job == FOREIGN_READ)
		foreign_end_reads(f, ev);
	else if (ev->type == SOURCE_NOTHING && f->is_ending && f->job != FOREIGN_IDLE)
		foreign_end_command(f, ev);
}

static ab_status
foreign_page(struct source *source, const struct source_event *ev, char *dst, struct error *e)
{
	struct foreign *f = (struct foreign *)source;

	if (ev->bytes == 0)
		return AB_OK;
	if (f->given == NULL || f->given->index != ev->stream || f->given_bytes != ev->bytes)
		return error_set(e, AB_EBUG, "the page was taken already");
	memcpy(dst, f->given->bytes.ptr, ev->bytes);
	return AB_OK;
}

static const struct source_ops foreign_ops = {
    .fds = foreign_fds,
    .timeout_ms = foreign_timeout_ms,
    .check = foreign_check,
    .streams = foreign_streams,
    .finish = foreign_finish,
    .read = foreign_read,
    .read_asking = foreign_read_asking,
    .committed = foreign_committed,
    .next = foreign_next,
    .page = foreign_page,
    .cancel = foreign_cancel,
    .cancel_read = foreign_cancel_read,
    .hold = foreign_hold,
    .dead = foreign_dead,
    .close = foreign_close,
};
