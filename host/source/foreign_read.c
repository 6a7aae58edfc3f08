/* foreign_read.c - see foreign.h: records become pages, states are put behind the records that they cover.
 *
 * A page never holds records that a state in it does not cover.  A GLOBAL or LEGACY state covers all streams: its parts are
 * handed over one after another, joined.  What of it no stream can be told by itself is kept in each stream's state:
 *   {"_airbyte_global": {"number": 7, "shared_state": ...}, "stream_state": ...}, {"_airbyte_legacy": {"number": 7, "data": ...}} */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "source/foreign.h"

#define STATE_MAX ((size_t)64 << 20)
#define KEPT	  16		 /* streams whose buffers keep their memory when they are empty */
#define STRANGERS ((size_t)4096) /* bytes of names that are told */

/* What the program says may have a zero byte in it. */
static int
is_equal(const char *text, struct ab_str said)
{
	return strlen(text) == said.len && memcmp(text, said.ptr, said.len) == 0;
}

static int
is_of(const struct foreign_stream *s, struct ab_str name, struct ab_str space)
{
	return is_equal(s->name, name) && is_equal(s->space, space);
}

/* By name and namespace; a namespace that is not told, or not in the catalog, is no difference where the name is one
 * stream's. */
struct foreign_stream *
foreign_find(struct foreign *f, struct ab_str name, struct ab_str space)
{
	struct foreign_stream *only = NULL;
	int n = 0;

	if (f->last != NULL && is_of(f->last, name, space))
		return f->last;
	for (size_t i = 0; i < f->n; i++) {
		struct foreign_stream *s = f->streams[i];

		if (!s->is_running)
			continue;
		if (is_of(s, name, space))
			return f->last = s;
		if (is_equal(s->name, name) && (*s->space == '\0' || space.len == 0)) {
			only = s;
			n++;
		}
	}
	return n == 1 ? only : NULL;
}

/* One warning for each name, as long as it is few. */
static int
tell_stranger(struct foreign *f, struct ab_str name, struct source_event *ev)
{
	size_t had = f->strange == NULL ? 0 : strlen(f->strange);
	char key[300], *more;
	int len = name.len > 250 ? 250 : (int)name.len;

	snprintf(key, sizeof(key), "\n%.*s\n", len, name.ptr);
	if (had > STRANGERS || (f->strange != NULL && strstr(f->strange, key) != NULL))
		return 0;
	more = realloc(f->strange, had + strlen(key) + 1);
	if (more == NULL)
		return 0;
	memcpy(more + had, key, strlen(key) + 1);
	f->strange = more;
	foreign_log(f, ev, AB_WARN,
	    "it sends records of a stream \"%.*s\" that was not asked for; they are dropped", len,
	    name.ptr);
	return 1;
}

size_t
foreign_held(const struct foreign_stream *s)
{
	return s->bytes.len + beside_bytes(&s->beside);
}

static void
grow_old(struct foreign_stream *s)
{
	if (s->since_us == 0)
		s->since_us = clock_mono_us();
}

/* Hands over the first so many bytes; with the state where they are what it covers. */
static int
give(struct foreign *f, struct foreign_stream *s, size_t bytes, int covers, struct source_event *ev)
{
	ev->type = SOURCE_PAGE;
	ev->stream = s->index;
	ev->num = ++s->pages;
	ev->bytes = bytes;
	ev->covers = covers;
	ev->beside = &s->beside;
	ev->nbeside = f->given_records = covers ? s->covered_records : s->beside.n;
	ev->text = ev->token = ev->state = ev->about = foreign_text("");
	if (covers)
		ev->state = foreign_text(s->state);
	if (s->estimate >= 0) {
		buf_reset(&f->about);
		buf_addf(&f->about, "{\"total\":%lld}", (long long)s->estimate);
		ev->about = foreign_text(buf_str(&f->about));
		s->estimate = -1;
	}
	f->given = s;
	f->given_bytes = bytes;
	return 1;
}

/* The next page of the stream, which has something. */
static int
give_some(struct foreign *f, struct foreign_stream *s, struct source_event *ev)
{
	return s->state != NULL ? give(f, s, s->covered, 1, ev) : give(f, s, s->bytes.len, 0, ev);
}

void
foreign_taken(struct foreign *f)
{
	struct foreign_stream *s = f->given;

	f->given = NULL;
	if (s == NULL)
		return;
	if (s->state != NULL) { /* it went with the page */
		free(s->state);
		s->state = NULL;
		s->covered = s->covered_records = 0;
	}
	f->buffered -= foreign_held(s);
	if (f->given_bytes < s->bytes.len)
		memmove(s->bytes.ptr, s->bytes.ptr + f->given_bytes, s->bytes.len - f->given_bytes);
	s->bytes.len -= f->given_bytes;
	beside_drop(&s->beside, f->given_records);
	f->buffered += foreign_held(s);
	s->since_us = s->bytes.len > 0 ? clock_mono_us() : 0;
	if (s->bytes.len == 0 && (s->bytes.cap > 8 * FOREIGN_PAGE || f->n > KEPT)) {
		buf_fini(&s->bytes);
		beside_fini(&s->beside);
	}
}

/* The next one of the pages that carry the parts of one state. */
static int
flush_joint(struct foreign *f, struct source_event *ev)
{
	struct foreign_stream *s = NULL;

	for (; f->joint_at < f->n && s == NULL; f->joint_at++)
		if (f->streams[f->joint_at]->state != NULL)
			s = f->streams[f->joint_at];
	if (s != NULL) {
		give(f, s, s->covered, 1, ev);
		ev->joint = 1;
		for (size_t i = f->joint_at; i < f->n && !ev->joined; i++)
			ev->joined = f->streams[i]->state != NULL;
	}
	if (s == NULL || !ev->joined) {
		f->is_joint = 0;
		f->joint_at = 0;
	}
	return s != NULL;
}

/* The stream's buffer is to go; first what has to go with it. */
static int
flush_stream(struct foreign *f, struct foreign_stream *s, struct source_event *ev)
{
	return f->is_joint ? flush_joint(f, ev) : give_some(f, s, ev);
}

int
foreign_flush(struct foreign *f, int all, struct source_event *ev)
{
	int64_t old = clock_mono_us() - FOREIGN_AGE_US;

	if (f->is_joint && (all || f->joint_at > 0))
		return flush_joint(f, ev);
	for (size_t i = 0; i < f->n; i++) {
		struct foreign_stream *s = f->streams[i];

		if (s->since_us != 0 && (all ? s->state != NULL : s->since_us <= old))
			return flush_stream(f, s, ev);
	}
	return 0;
}

int
foreign_rest(struct foreign *f, struct foreign_stream *s, struct source_event *ev)
{
	return (s->bytes.len > 0 || s->state != NULL) && give_some(f, s, ev);
}

static struct foreign_stream *
fullest(const struct foreign *f)
{
	struct foreign_stream *most = f->streams[0];

	for (size_t i = 1; i < f->n; i++)
		if (foreign_held(f->streams[i]) > foreign_held(most))
			most = f->streams[i];
	return most;
}

static int
went_on(struct foreign *f, struct foreign_stream *s, struct source_event *ev)
{
	if (s->is_late)
		return 0;
	s->is_late = 1;
	foreign_log(f, ev, AB_WARN,
	    "stream \"%s\": it sends records after it has said that the stream is %s; they count",
	    s->name, s->status == FOREIGN_COMPLETE ? "COMPLETE" : "INCOMPLETE");
	return 1;
}

/* It has as many records as were asked for. */
static int
is_full(struct foreign *f)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->streams[i]->limit == 0 || f->streams[i]->records < f->streams[i]->limit)
			return 0;
	f->is_enough = 1;
	if (f->kill_us == 0)
		f->kill_us = clock_mono_us();
	return 1;
}

int
foreign_record(struct foreign *f, const struct line *line, struct source_event *ev)
{
	struct foreign_stream *s = foreign_find(f, line->stream, line->space);
	size_t held;

	if (s == NULL)
		return tell_stranger(f, line->stream, ev);
	if (s->is_dropped || (s->limit > 0 && s->records >= s->limit))
		return 0;
	held = foreign_held(s);
	if (buf_reserve(&s->bytes, line->data.len + 1) == NULL ||
	    beside_add_record(&s->beside, line->emitted_ms, line->meta) != 0) {
		error_set(&f->error, AB_ENOMEM, "%s, stream \"%s\": no memory for its records",
		    f->who, s->name);
		foreign_break(f);
		return 0;
	}
	buf_add(&s->bytes, line->data.ptr, line->data.len);
	buf_addc(&s->bytes, '\n');
	f->buffered += foreign_held(s) - held;
	s->records++;
	s->uncounted++;
	grow_old(s);
	if (s->limit > 0)
		is_full(f);
	if (s->status >= FOREIGN_COMPLETE && went_on(f, s, ev))
		return 1;
	if (foreign_held(s) >= FOREIGN_PAGE)
		return flush_stream(f, s, ev);
	return f->buffered >= FOREIGN_BUFFERS && flush_stream(f, fullest(f), ev);
}

/* All records of the stream so far are covered by this state, which is taken over. */
static void
cover(struct foreign_stream *s, char *state)
{
	free(s->state);
	s->state = state;
	s->covered = s->bytes.len;
	s->covered_records = s->beside.n;
	grow_old(s);
}

/* *out: NULL where it is no stream's that was asked for.  -1: no memory to tell. */
static int
find_descriptor(struct foreign *f, struct ab_str holder, struct foreign_stream **out)
{
	struct ab_str d = line_get(holder, "stream_descriptor");
	struct buf name, space;
	int rc = 0;

	buf_init(&name, (size_t)1 << 20);
	buf_init(&space, (size_t)1 << 20);
	*out = NULL;
	if (line_string(line_get(d, "name"), &name) == 0 &&
	    line_string(line_get(d, "namespace"), &space) == 0)
		*out = foreign_find(f, (struct ab_str){buf_str(&name), name.len},
		    (struct ab_str){buf_str(&space), space.len});
	else
		rc = -1;
	buf_fini(&name);
	buf_fini(&space);
	return rc;
}

static int
is_null(struct ab_str v)
{
	return v.len == 0 || (v.len == 4 && memcmp(v.ptr, "null", 4) == 0);
}

/* A state that says nothing is {}: the stream would be read from its beginning. */
static char *
copy_state(struct ab_str v)
{
	return is_null(v) ? strdup("{}") : strndup(v.ptr, v.len);
}

/* A state tells how many records have come since the one before: of the stream, or of all (NULL).  1: other than have
 * come, which is told once. */
static int
miscounts(
    struct foreign *f, struct foreign_stream *of, struct ab_str state, struct source_event *ev)
{
	int64_t told = line_int(line_get(line_get(state, "sourceStats"), "recordCount"), -1);
	int is_known = told < 0; /* or nothing can be said of it */
	uint64_t came = 0;

	for (size_t i = 0; i < f->n; i++) {
		struct foreign_stream *s = f->streams[i];

		if (!s->is_running || (of != NULL && s != of))
			continue;
		came += s->uncounted;
		s->uncounted = 0;
		is_known |= s->is_miscounted || s->is_dropped || s->limit > 0;
	}
	if (is_known || (uint64_t)told == came)
		return 0;
	for (size_t i = 0; i < f->n; i++)
		f->streams[i]->is_miscounted |= of == NULL || f->streams[i] == of;
	foreign_log(f, ev, AB_WARN,
	    "%s%s%s: a state says that %lld records have come since the one before, but %llu have; "
	    "it is told once",
	    of != NULL ? "stream \"" : "all streams", of != NULL ? of->name : "",
	    of != NULL ? "\"" : "", (long long)told, (unsigned long long)came);
	return 1;
}

/* What each stream has of a GLOBAL state; the first of a name counts. */
static int
find_parts(struct foreign *f, struct ab_str states)
{
	struct foreign_stream *s;
	struct ab_str one;
	size_t at = 0;

	for (size_t i = 0; i < f->n; i++)
		f->streams[i]->part = (struct ab_str){NULL, 0};
	while (line_each(states, &at, &one)) {
		if (find_descriptor(f, one, &s) != 0)
			return -1;
		if (s != NULL && s->part.ptr == NULL)
			s->part = line_get(one, "stream_state");
	}
	return 0;
}

static void
add_value(struct buf *b, struct ab_str v)
{
	buf_add(b, is_null(v) ? "null" : v.ptr, is_null(v) ? 4 : v.len);
}

/* global: data is what all streams share; else it is the whole LEGACY state. */
static char *
make_part(const struct foreign *f, const struct foreign_stream *s, int global, struct ab_str data)
{
	struct buf b;
	char *out = NULL;

	buf_init(&b, STATE_MAX);
	buf_addf(&b, "{\"_airbyte_%s\":{\"number\":%lld,\"%s\":", global ? "global" : "legacy",
	    (long long)f->number, global ? "shared_state" : "data");
	add_value(&b, data);
	buf_addc(&b, '}');
	if (global) {
		buf_adds(&b, ",\"stream_state\":");
		add_value(&b, s->part);
	}
	buf_addc(&b, '}');
	if (!b.failed)
		out = buf_steal(&b);
	buf_fini(&b);
	return out;
}

/* All streams get their part of it, or none does: the next run would begin at the oldest part, and read for the others again. */
static int
take_all_states(struct foreign *f, int global, struct ab_str data)
{
	int64_t now = clock_now_us();
	int failed = 0;

	f->number = now > f->number ? now : f->number + 1;
	for (size_t i = 0; i < f->n && !failed; i++)
		if (f->streams[i]->is_running && !f->streams[i]->is_dropped)
			failed = (f->streams[i]->coming =
					 make_part(f, f->streams[i], global, data)) == NULL;
	for (size_t i = 0; i < f->n; i++) {
		if (failed)
			free(f->streams[i]->coming);
		else if (f->streams[i]->coming != NULL)
			cover(f->streams[i], f->streams[i]->coming);
		f->streams[i]->coming = NULL;
	}
	if (failed)
		return -1;
	f->is_joint = 1;
	f->joint_at = 0;
	return 0;
}

/* A state of one stream's; *of: whose, or NULL. */
static int
take_state(struct foreign *f, struct ab_str stream, struct foreign_stream **of)
{
	char *state;

	if (find_descriptor(f, stream, of) != 0)
		return -1;
	if (*of == NULL)
		return 0;
	if ((state = copy_state(line_get(stream, "stream_state"))) == NULL)
		return -1;
	cover(*of, state);
	return 0;
}

int
foreign_state(struct foreign *f, const struct line *line, struct source_event *ev)
{
	struct ab_str type = line_get(line->payload, "type");
	struct ab_str stream = line_get(line->payload, "stream");
	struct ab_str global = line_get(line->payload, "global");
	struct ab_str data = line_get(line->payload, "data");
	struct foreign_stream *of = NULL;
	int failed;

	if (line_is(type, "GLOBAL") && !is_null(global)) {
		failed = find_parts(f, line_get(global, "stream_states")) != 0 ||
		    take_all_states(f, 1, line_get(global, "shared_state")) != 0;
	} else if (!is_null(stream)) {
		failed = take_state(f, stream, &of) != 0;
		if (!failed && of == NULL)
			return 0;
	} else if (!is_null(data))
		failed = take_all_states(f, 0, data) != 0;
	else {
		foreign_log(f, ev, AB_WARN,
		    "line %llu: a STATE of no form that is known is passed over: %.200s",
		    (unsigned long long)line->number, line->payload.ptr);
		return 1;
	}
	if (failed) {
		error_set(&f->error, AB_ENOMEM, "%s: no memory for a state", f->who);
		foreign_break(f);
		return 0;
	}
	return miscounts(f, of, line->payload, ev);
}
