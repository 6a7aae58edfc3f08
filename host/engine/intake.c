/* intake.c - see intake.h: what a message does, and when it is committed. */
#include "engine/intake.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/intake_private.h"
#include "engine/state_row.h"
#include "engine/sync.h"

/* A client waits for what it is told, so it does not wait long; many small commits share one. */
#ifndef DUE_RECORDS /* as in due.h */
#define DUE_RECORDS 100000
#endif
#define DUE_BYTES (64 << 20)
#define DUE_US	  1000000
#define DUE_TOLD  ((size_t)1 << 20)
#define MAX_TOLD  ((size_t)256 << 20)
#define MAX_NAME  ((size_t)1 << 20)

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the messages");
}

static int
is_same(const struct intake_stream *a, const struct intake_stream *b)
{
	return strcmp(a->name, b->name) == 0 && strcmp(a->namespace_, b->namespace_) == 0;
}

static ab_status
open_streams(struct intake *in, const json_t *list, const struct dest_state *rows, size_t nrows,
    struct error *e)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (list, i, entry) {
		struct intake_stream *s = &in->streams[in->n++];

		s->in = in;
		if (intake_stream_open(s, entry, i, rows, nrows, e) != AB_OK)
			return error_wrap(e, "the catalog");
		for (size_t k = 0; k < i; k++)
			if (is_same(s, &in->streams[k]))
				return error_set(e, AB_ECONFIG,
				    "the catalog has the stream \"%s\" twice", s->name);
	}
	return AB_OK;
}

ab_status
intake_open(const struct intake_options *o, struct intake **out, struct error *e)
{
	const json_t *list = json_object_get(o->catalog, "streams");
	struct intake *in = calloc(1, sizeof(*in));
	struct dest_state *rows = NULL;
	size_t n = 0;

	*out = in;
	if (in == NULL)
		return no_memory(e);
	in->is_over = 1; /* as long as no run has begun */
	if ((in->streams = calloc(json_array_size(list) + 1, sizeof(*in->streams))) == NULL)
		return no_memory(e);
	in->o = *o;
	in->ops = o->dest->ops;
	scan_init(&in->scan);
	buf_init(&in->told, MAX_TOLD);
	buf_init(&in->text[0], MAX_NAME);
	buf_init(&in->text[1], MAX_NAME);
	in->run = (struct dest_run){.connector = o->connector,
	    .version = o->version,
	    .started_us = clock_steady_us(),
	    .outcome = "running"};
	in->since_us = clock_mono_us();
	if (!json_is_array(list))
		error_set(e, AB_ECONFIG,
		    "the catalog is no ConfiguredAirbyteCatalog: expected {\"streams\": [...]}");
	else if (in->ops->run_begin(o->dest, &in->run, e) == AB_OK) {
		in->is_over = 0;
		if (in->ops->states(o->dest, &rows, &n, e) == AB_OK)
			open_streams(in, list, rows, n, e);
	}
	dest_states_free(rows, n);
	return e->status;
}

void
intake_close(struct intake *in, const struct error *why)
{
	struct error ignored = ERROR_INIT;

	if (in == NULL)
		return;
	if (!in->is_over) {
		in->ops->rollback(in->o.dest);
		in->run.ended_us = clock_steady_us();
		in->run.outcome = "failed";
		in->run.error = why == NULL || why->status == AB_OK ? NULL : why->text;
		in->run.failure_type = why == NULL ? NULL : sync_failure_type(why->status);
		if (in->ops->commit(in->o.dest, NULL, 0, &in->run, &ignored) != AB_OK)
			log_line(
			    AB_WARN, "the end of the run is not in its history: %s", ignored.text);
	}
	for (size_t i = 0; i < in->n; i++)
		intake_stream_close(&in->streams[i]);
	free(in->streams);
	scan_fini(&in->scan);
	buf_fini(&in->told);
	buf_fini(&in->text[0]);
	buf_fini(&in->text[1]);
	free(in);
}

static int
is_text(const char *a, struct ab_str b)
{
	return strlen(a) == b.len && memcmp(a, b.ptr, b.len) == 0;
}

/* Some clients leave out the namespace that the catalog has. */
static struct intake_stream *
find(struct intake *in, struct ab_str name, struct ab_str space)
{
	struct intake_stream *only = NULL;
	size_t n = 0;

	for (size_t i = 0; i < in->n; i++) {
		struct intake_stream *s = &in->streams[i];

		if (!is_text(s->name, name))
			continue;
		if (is_text(s->namespace_, space))
			return s;
		only = s;
		n++;
	}
	return n == 1 && space.len == 0 ? only : NULL;
}

/* {"name": ..., "namespace": ...}.  NULL and AB_OK: the catalog does not have it. */
static struct intake_stream *
find_described(struct intake *in, struct ab_str descriptor, struct error *e)
{
	buf_reset(&in->text[0]);
	buf_reset(&in->text[1]);
	if (line_string(line_get(descriptor, "name"), &in->text[0]) != 0 ||
	    line_string(line_get(descriptor, "namespace"), &in->text[1]) != 0) {
		no_memory(e);
		return NULL;
	}
	return find(in, (struct ab_str){buf_str(&in->text[0]), in->text[0].len},
	    (struct ab_str){buf_str(&in->text[1]), in->text[1].len});
}

static ab_status
unknown(const char *what, struct ab_str name, struct error *e)
{
	return error_set(e, AB_ECONFIG,
	    "%s is of the stream \"%.*s\", which the catalog does not have", what,
	    (int)(name.len > 200 ? 200 : name.len), name.ptr);
}

/* Whose fault it is, is told once. */
static ab_status
blame(const struct intake_stream *s, struct error *e)
{
	if (e->status == AB_OK)
		return AB_OK;
	error_wrap(e, "stream \"%s\"", s->name);
	s->in->o.fail(s->in->o.ctx, s->name, s->namespace_, e);
	return e->status;
}

/* Those whose rows would stay without a state, for good, in a destination that takes none back. */
static int
is_blocked(const struct intake *in)
{
	for (size_t i = 0; i < in->n && !in->ops->can_discard; i++)
		if (in->streams[i].part.void_us != 0)
			return 1;
	return 0;
}

static ab_status
tell_all(struct intake *in, struct error *e)
{
	const char *p = buf_str(&in->told), *end = p + in->told.len, *nl;

	while (p < end && (nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		if (in->o.tell(in->o.ctx, p, (size_t)(nl - p)) != 0)
			error_set(e, AB_EUNSUPPORTED, "a STATE that is durable could not be told");
		p = nl + 1;
	}
	buf_fini(&in->told);
	return e->status;
}

/* The rows of state that differ from what is stored; *n of them. -1: no memory. */
static int
make_rows(struct intake *in, struct dest_state **rows, const struct dest_state ***list, size_t *n)
{
	int failed = 0;

	*n = 0;
	*rows = calloc(in->n + 1, sizeof(**rows));
	*list = calloc(in->n + 1, sizeof(**list));
	for (size_t i = 0; i < in->n && *rows != NULL && *list != NULL; i++) {
		struct intake_stream *s = &in->streams[i];

		if (!s->is_dirty)
			continue;
		failed |= state_row_write(&s->state, &s->part, &(*rows)[*n]);
		(*list)[*n] = &(*rows)[*n];
		(*n)++;
	}
	return failed || *rows == NULL || *list == NULL ? -1 : 0;
}

static ab_status
commit_once(struct intake *in, struct error *e)
{
	struct dest_state *rows;
	const struct dest_state **list;
	size_t n;

	if (make_rows(in, &rows, &list, &n) != 0)
		no_memory(e);
	else if (in->ops->commit(in->o.dest, list, n, &in->run, e) == AB_OK) {
		for (size_t i = 0; i < in->n; i++)
			in->streams[i].is_dirty = 0;
		in->records = in->bytes = in->has_progress = 0;
		in->since_us = clock_mono_us();
		tell_all(in, e);
	}
	dest_states_free(rows, n);
	free(list);
	return e->status;
}

/* Finishes those that wait for their states to be told; covered: only where a state covers all.  Returns how many. */
static int
finish_waiting(struct intake *in, int covered, struct error *e)
{
	int n = 0;

	for (size_t i = 0; i < in->n && e->status == AB_OK; i++) {
		struct intake_stream *s = &in->streams[i];

		if (!s->is_at_end || s->is_complete ||
		    (covered && (s->part.void_us != 0 || !s->has_state)))
			continue;
		if (intake_stream_finish(s, e) != AB_OK)
			blame(s, e);
		n++;
	}
	return n;
}

static ab_status
commit(struct intake *in, struct error *e)
{
	if (commit_once(in, e) != AB_OK || finish_waiting(in, 1, e) == 0 || e->status != AB_OK)
		return e->status;
	return commit_once(in, e);
}

ab_status
intake_idle(struct intake *in, struct error *e)
{
	return in->has_progress && !is_blocked(in) ? commit(in, e) : AB_OK;
}

static ab_status
commit_if_due(struct intake *in, struct error *e)
{
	in->has_progress = 1;
	if (in->records < DUE_RECORDS && in->bytes < DUE_BYTES && in->told.len < DUE_TOLD &&
	    clock_mono_us() - in->since_us < DUE_US)
		return AB_OK;
	return intake_idle(in, e);
}

/* The pages of all streams together are large: they are written. */
static ab_status
flush_all(struct intake *in, struct error *e)
{
	for (size_t i = 0; i < in->n; i++)
		if (intake_stream_flush(&in->streams[i], e) != AB_OK)
			return blame(&in->streams[i], e);
	return AB_OK;
}

static ab_status
on_record(struct intake *in, const struct line *line, struct error *e)
{
	struct intake_stream *s = find(in, line->stream, line->space);

	if (s == NULL) {
		unknown("a RECORD", line->stream, e);
		return error_wrap(e, "line %" PRIu64, line->number);
	}
	in->records++;
	in->run.records++;
	in->bytes += (int64_t)line->data.len;
	in->run.bytes += (int64_t)line->data.len;
	if (intake_stream_add(s, line, e) != AB_OK)
		return blame(s, e);
	return in->paged > INTAKE_BYTES ? flush_all(in, e) : AB_OK;
}

static ab_status
cover_all(struct intake *in, struct error *e)
{
	for (size_t i = 0; i < in->n; i++)
		if (intake_stream_cover(&in->streams[i], (struct ab_str){"", 0}, e) != AB_OK)
			return blame(&in->streams[i], e);
	return AB_OK;
}

/* One {"stream_descriptor": ..., "stream_state": ...}.  *count: records that came since the last one. */
static ab_status
cover_described(struct intake *in, struct ab_str one, int64_t *count, struct error *e)
{
	struct intake_stream *s = find_described(in, line_get(one, "stream_descriptor"), e);

	if (e->status != AB_OK)
		return e->status;
	if (s == NULL)
		return unknown(
		    "a STATE", (struct ab_str){buf_str(&in->text[0]), in->text[0].len}, e);
	*count += s->since;
	return intake_stream_cover(s, line_get(one, "stream_state"), e) == AB_OK ? AB_OK
										 : blame(s, e);
}

static ab_status
cover(struct intake *in, struct ab_str state, int64_t *count, struct error *e)
{
	struct ab_str stream = line_get(state, "stream"), global = line_get(state, "global"), one;
	struct ab_str list;
	size_t at = 0;

	if (global.len == 0 || *global.ptr != '{')
		global = line_get(state, "global_");
	if (stream.len > 0 && *stream.ptr == '{')
		return cover_described(in, stream, count, e);
	for (size_t i = 0; i < in->n; i++)
		*count += in->streams[i].since;
	list = line_get(global, "stream_states");
	if (cover_all(in, e) != AB_OK)
		return e->status;
	while (line_each(list, &at, &one))
		if (cover_described(in, one, &(int64_t){0}, e) != AB_OK)
			return e->status;
	return AB_OK;
}

/* The message as it came, with what became of its records. */
static ab_status
keep_state(struct intake *in, struct ab_str state, int64_t count, struct error *e)
{
	struct ab_str old = line_get(state, "destinationStats");
	struct buf *b = &in->told;

	buf_adds(b, "{\"type\":\"STATE\",\"state\":");
	if (old.len > 0) {
		buf_add(b, state.ptr, (size_t)(old.ptr - state.ptr));
		buf_addf(b, "{\"recordCount\":%" PRId64 ".0}", count);
		buf_add(
		    b, old.ptr + old.len, (size_t)(state.ptr + state.len - (old.ptr + old.len)));
	} else {
		buf_add(b, state.ptr, state.len - 1);
		buf_addf(b, ",\"destinationStats\":{\"recordCount\":%" PRId64 ".0}}", count);
	}
	buf_adds(b, "}\n");
	return b->failed
	    ? error_set(e, AB_EUNSUPPORTED,
		  "the states that wait for a commit are larger than %zu bytes", MAX_TOLD)
	    : AB_OK;
}

static ab_status
on_state(struct intake *in, const struct line *line, struct error *e)
{
	int64_t count = 0;

	if (line_get(line->payload, "stream").len == 0 &&
	    line_get(line->payload, "global").len == 0 &&
	    line_get(line->payload, "global_").len == 0 && line_get(line->payload, "data").len == 0)
		return error_set(e, AB_EDATA, "line %" PRIu64 ": a STATE of nothing", line->number);
	if (cover(in, line->payload, &count, e) != AB_OK ||
	    keep_state(in, line->payload, count, e) != AB_OK)
		return e->status;
	return commit_if_due(in, e);
}

static ab_status
on_status(struct intake *in, struct ab_str status, struct error *e)
{
	struct intake_stream *s = find_described(in, line_get(status, "stream_descriptor"), e);

	if (s == NULL || e->status != AB_OK)
		return e->status;
	s->has_status = in->has_status = 1;
	if (!line_is(line_get(status, "status"), "COMPLETE"))
		return AB_OK;
	if (intake_stream_complete(s, e) != AB_OK)
		return blame(s, e);
	return commit_if_due(in, e);
}

/* What the source says of itself, so that it stands beside what follows from it. */
static void
log_error(struct ab_str error)
{
	struct buf text;

	buf_init(&text, MAX_NAME);
	if (line_string(line_get(error, "message"), &text) == 0 && text.len > 0)
		log_text(AB_WARN, "the source", buf_str(&text));
	buf_fini(&text);
}

static ab_status
on_trace(struct intake *in, const struct line *line, struct error *e)
{
	struct ab_str type = line_get(line->payload, "type");

	if (line_is(type, "ERROR"))
		log_error(line_get(line->payload, "error"));
	return line_is(type, "STREAM_STATUS")
	    ? on_status(in, line_get(line->payload, "stream_status"), e)
	    : AB_OK;
}

ab_status
intake_line(struct intake *in, const struct line *line, struct error *e)
{
	switch (line->type) {
	case LINE_RECORD:
		return on_record(in, line, e);
	case LINE_STATE:
		return on_state(in, line, e);
	case LINE_TRACE:
		return on_trace(in, line, e);
	case LINE_BROKEN:
		return error_set(e, line->error.status, "%s", line->error.text);
	case LINE_TEXT:
		log_line(AB_WARN, "line %" PRIu64 " is no message, and is passed over: %.*s",
		    line->number, (int)(line->text.len > 200 ? 200 : line->text.len),
		    line->text.ptr);
		break;
	default:
		break;
	}
	return AB_OK;
}

/* The input has ended, and the stream has not: it is only as whole as its last state. */
static ab_status
end_incomplete(struct intake_stream *s, struct error *e)
{
	struct error why = ERROR_INIT;

	error_set(&why, AB_ETRANSIENT,
	    "the source did not complete the stream: %s, and the next sync goes on from there",
	    s->has_state ? "what its last state covers was written" : "nothing of it was written");
	blame(s, &why);
	return intake_stream_take_back(s, e);
}

/* Without statuses the end of the input is that of its streams; but one of which nothing came is left alone: the source may
 * have died before it could say a word. */
static ab_status
end_stream(struct intake_stream *s, int *failed, struct error *e)
{
	if (s->is_at_end)
		return AB_OK;
	if (s->received == 0 && !s->has_state && !s->has_status) {
		log_line(AB_WARN,
		    "stream \"%s\": nothing came of it, and its table was left as it is", s->name);
		return AB_OK;
	}
	if (!s->in->has_status)
		return intake_stream_complete(s, e) == AB_OK ? AB_OK : blame(s, e);
	*failed = 1;
	return end_incomplete(s, e);
}

/* The last of them are told, and those that have waited for it are finished. */
static ab_status
tell_and_finish(struct intake *in, struct error *e)
{
	if (in->told.len > 0 && !is_blocked(in) && commit_once(in, e) != AB_OK)
		return e->status;
	(void)finish_waiting(in, 0, e);
	return e->status;
}

static int
is_waiting(const struct intake *in)
{
	for (size_t i = 0; i < in->n; i++)
		if (in->streams[i].is_at_end && !in->streams[i].is_complete)
			return 1;
	return 0;
}

ab_status
intake_end(struct intake *in, struct error *e)
{
	int failed = 0;

	for (size_t i = 0; i < in->n; i++)
		if (end_stream(&in->streams[i], &failed, e) != AB_OK)
			break;
	if (e->status == AB_EUNSUPPORTED && failed) {
		error_clear(
		    e); /* what nothing covers goes with the rest, and nothing more is told */
		return error_set(e, AB_ETRANSIENT, "some streams were not completed");
	}
	if (e->status != AB_OK || (is_waiting(in) && tell_and_finish(in, e) != AB_OK))
		return e->status;
	in->run.ended_us = clock_steady_us();
	in->run.outcome = failed ? "failed" : "succeeded";
	in->run.error = failed ? "some streams were not completed by the source" : NULL;
	in->run.failure_type = failed ? sync_failure_type(AB_ETRANSIENT) : NULL;
	if (commit_once(in, e) != AB_OK)
		return e->status;
	in->is_over = 1;
	return failed ? error_set(e, AB_ETRANSIENT, "%s", in->run.error) : AB_OK;
}
