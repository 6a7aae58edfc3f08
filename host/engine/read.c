/* read.c - see read.h: what each event of the source means. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "data/canonical.h"
#include "data/view.h"
#include "engine/read_internal.h"

#define STATE_MAX_TEXT (4u << 20) /* one state, one token */

static const char *
stream_name(const struct read *r)
{
	return r->o->plan->name;
}

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for a stream's read");
}

/* A text that must be one JSON value, of the engine's own checking. */
static ab_status
check_json(const struct read *r, struct ab_str text, const char *what, struct error *e)
{
	size_t used;

	if (scan_value(text.ptr, text.len, &used, e) == AB_OK && used == text.len)
		return AB_OK;
	error_set(e, AB_EDATA, "more than one JSON value");
	return error_wrap(e, "connector %s, stream \"%s\": its %s is not JSON", r->o->connector,
	    stream_name(r), what);
}

/* The value that a host-kept state holds, for a state that came without notes. */
static int
begin_at_state(struct read *r, const struct state_point *p)
{
	const char *const *path = r->o->plan->cursor;
	struct ab_str value = {"", 0};
	struct view_root root;
	struct buf key;
	char *json = NULL;
	int failed;

	view_root_init(&root, STATE_MAX_TEXT);
	buf_init(&key, CURSOR_MAX_VALUE);
	for (const char *const *s = path; s != NULL && *s != NULL; s++)
		buf_addf(&key, "%s%s", s == path ? "" : ".", *s);
	if (p->json != NULL && path != NULL && !r->o->has_update_state) {
		const struct ab_json *state =
		    view_parse(&root, p->json, strlen(p->json), "the stored state");

		if (view_type(state) == AB_OBJECT && view_get(state, buf_str(&key)) != NULL)
			value = view_span(view_get(state, buf_str(&key)));
	}
	failed = state_set(&json, value.ptr, value.len) |
	    track_begin(&r->track, json == NULL ? "" : json, NULL, 0, 0);
	free(json);
	buf_fini(&key);
	view_root_fini(&root);
	return failed;
}

/* The partition's read begins where its row says. */
static ab_status
begin_part(struct read *r, struct error *e)
{
	static const struct state_point nothing;
	struct state_part *p = r->part;
	int at_token = p->token != NULL;
	const struct state_point *at = at_token ? &p->run
	    : r->state.is_refresh		? &nothing
						: &p->base;
	int failed;

	if (!at_token) {
		int64_t now = clock_now_us();

		p->started_us = now > r->state.until_us ? now : r->state.until_us + 1;
		p->pages = 0;
		p->is_void = 0;
	}
	r->pages_before = p->pages;
	r->part_page = r->has_token = r->moved_base = 0;
	buf_reset(&r->own_state);
	if (at->json != NULL)
		buf_adds(&r->own_state, at->json);
	r->has_state = r->o->has_update_state && r->own_state.len > 0;
	failed = r->own_state.failed;
	if (r->o->plan->sorted)
		failed |= state_copy_point(&r->before, &p->base);
	failed |= at->cursor != NULL
	    ? track_begin(&r->track, at->cursor, at->edge, at->nedge, at_token)
	    : begin_at_state(r, at);
	return failed ? no_memory(e) : AB_OK;
}

static ab_status
on_partition(struct read *r, const struct source_event *ev, struct error *e)
{
	char *name;
	ab_status status;

	if (r->part != NULL)
		return error_set(e, AB_EBUG,
		    "connector %s, stream \"%s\": a partition begins inside another",
		    r->o->connector, stream_name(r));
	if (ev->text.len > 0 && (status = check_json(r, ev->text, "partition", e)) != AB_OK)
		return status;
	/* a row is found again however the connector spells its partition the next time */
	name = ev->text.len > 0 ? canonical_json(ev->text.ptr, ev->text.len) : strdup("");
	r->part = name == NULL ? NULL : state_part(&r->state, name);
	free(name);
	if (r->part == NULL)
		return no_memory(e);
	if (r->part->done) {
		r->part = NULL;
		return error_set(e, AB_EDATA,
		    "connector %s, stream \"%s\": the partition %.200s is listed twice",
		    r->o->connector, stream_name(r), ev->text.ptr);
	}
	r->part_index = ev->num;
	r->partitioned = ev->text.len > 0;
	return begin_part(r, e);
}

/* Is all that the page says fit to be used?  Changes nothing of the read. */
static ab_status
check_page(
    const struct read *r, const struct source_event *ev, struct queue_page *p, struct error *e)
{
	ab_status status = AB_OK;

	if (scan_page(&p->scan, p->bytes, p->len, e) != AB_OK)
		return error_wrap(e, "%s %s, read_page of stream %s, page %lld", r->o->connector,
		    r->o->version, stream_name(r), (long long)ev->num);
	if (ev->token.len > STATE_MAX_TEXT || ev->state.len > STATE_MAX_TEXT)
		return error_set(e, AB_EDATA,
		    "%s %s, read_page of stream %s, page %lld: its page token or state is larger than %u bytes",
		    r->o->connector, r->o->version, stream_name(r), (long long)ev->num,
		    STATE_MAX_TEXT);
	if (ev->state.len > 0)
		status = check_json(r, ev->state, "state", e);
	if (status == AB_OK && ev->about.len > 0)
		status = check_json(r, ev->about, "about", e);
	if (status == AB_OK && buf_add(&p->about, ev->about.ptr, ev->about.len) != 0)
		status = no_memory(e);
	return status;
}

/* The read moves behind the page: what it has seen of the cursor, and what the page says of what follows it. */
static ab_status
take_page(struct read *r, const struct source_event *ev, struct queue_page *p, struct error *e)
{
	int failed = track_page(&r->track, p->bytes, &p->scan) != 0;

	r->part_page++;
	r->has_token = ev->has_token && ev->token.len > 0;
	buf_reset(&r->token);
	buf_add(&r->token, ev->token.ptr, ev->token.len);
	if (ev->state.len > 0) {
		buf_reset(&r->own_state);
		buf_add(&r->own_state, ev->state.ptr, ev->state.len);
		r->has_state = 1;
	}
	r->is_torn = failed || r->token.failed || r->own_state.failed;
	return r->is_torn ? no_memory(e) : AB_OK;
}

static ab_status
on_page(struct read *r, const struct source_event *ev, struct error *e)
{
	struct queue_item item = {.type = QUEUE_PAGE, .stream = r->o->index};
	int64_t now = clock_now_us();
	size_t records;
	ab_status status;

	if (r->part == NULL)
		return error_set(e, AB_EBUG,
		    "connector %s, stream \"%s\": a page outside of a partition", r->o->connector,
		    stream_name(r));
	if ((item.page = reader_page(r->o->reader, ev, e)) == NULL)
		return e->status;
	r->state.until_us = now > r->state.until_us ? now : r->state.until_us;
	item.page->extracted_us = r->state.until_us;
	item.page->number = ev->num;
	if ((status = check_page(r, ev, item.page, e)) != AB_OK ||
	    (status = take_page(r, ev, item.page, e)) != AB_OK) {
		queue_release_page(&r->o->writer->queue, item.page);
		return status;
	}
	records = item.page->scan.nrecords;
	report_page(r->o->report, records, ev->bytes);
	writer_send(r->o->writer, &item);
	return checkpoint_page(r, records, ev->bytes, e);
}

static ab_status
on_partition_end(struct read *r, const struct source_event *ev, struct error *e)
{
	if (r->part == NULL || ev->num != r->part_index)
		return error_set(e, AB_EBUG,
		    "connector %s, stream \"%s\": a partition ends that has not begun",
		    r->o->connector, stream_name(r));
	return checkpoint_partition(r, e);
}

/* The token at which the partition went on is refused: what was read up to it is taken back, and the partition begins
 * again. */
static ab_status
on_restart(struct read *r, struct error *e)
{
	struct state_part *p = r->part;
	struct queue_item item = {.stream = r->o->index};

	if (p == NULL || p->token == NULL || r->part_page != 0)
		return error_set(e, AB_EBUG,
		    "connector %s, stream \"%s\": a page token is refused that was not offered",
		    r->o->connector, stream_name(r));
	log_line(AB_WARN,
	    "stream \"%s\": the page token of the interrupted run is no longer accepted; "
	    "reading from the beginning of it again",
	    stream_name(r));
	if (r->state.mode == DEST_OVERWRITE) {
		item.type = QUEUE_BEGIN;
		item.fresh = 1;
		writer_send(r->o->writer, &item);
	} else if (r->state.mode == DEST_APPEND) {
		item.type = QUEUE_DISCARD;
		item.since_us = p->started_us;
		writer_send(r->o->writer, &item);
	}
	state_set(&p->token, NULL, 0);
	state_point_fini(&p->run);
	return begin_part(r, e);
}

static ab_status
on_event(void *ctx, struct source_event *ev, struct error *e)
{
	struct read *r = ctx;

	switch (ev->type) {
	case SOURCE_PARTITION:
		return on_partition(r, ev, e);
	case SOURCE_PAGE:
		return on_page(r, ev, e);
	case SOURCE_PARTITION_END:
		return on_partition_end(r, ev, e);
	case SOURCE_RESTART:
		return on_restart(r, e);
	case SOURCE_LOG:
		log_text((int)ev->num, r->o->connector, ev->text.ptr);
		return AB_OK;
	case SOURCE_WAIT:
		report_wait(r->o->report, r->o->index, ev->num, ev->token.ptr, ev->text.ptr);
		return checkpoint_wait(r, e);
	default:
		return error_set(e, AB_EBUG,
		    "connector %s, stream \"%s\": an event that does not belong to a read",
		    r->o->connector, stream_name(r));
	}
}

/* Tells the destination and the source what is read, and from where. */
static ab_status
begin_read(struct read *r, struct error *e)
{
	const struct read_options *o = r->o;
	struct dest_stream_spec *spec = &o->writer->streams[o->index].spec;
	struct queue_item begin = {
	    .type = QUEUE_BEGIN, .stream = o->index, .fresh = r->state.fresh};
	struct queue_item discard = {
	    .type = QUEUE_DISCARD, .stream = o->index, .since_us = r->state.void_since_us};
	struct buf committed;
	ab_status status;

	spec->mode = r->state.mode;
	spec->generation_id = r->state.generation_id;
	spec->is_refresh = r->state.is_refresh;
	writer_send(o->writer, &begin);
	if (r->state.void_since_us != 0 && r->state.mode == DEST_APPEND)
		writer_send(o->writer, &discard);
	buf_init(&committed, STATE_MAX_BYTES);
	if (state_committed(&r->state, &committed) != 0)
		status = error_set(e, AB_EUNSUPPORTED,
		    "stream \"%s\": the state of its partitions is larger than %u bytes",
		    stream_name(r), STATE_MAX_BYTES);
	else
		status = source_read(o->reader->source, (uint32_t)o->index, o->plan->configured,
		    buf_str(&committed), 0, e);
	buf_fini(&committed);
	return status;
}

static ab_status
run_read(struct read *r, struct error *e)
{
	const struct queue_item rollback = {.type = QUEUE_ROLLBACK, .stream = r->o->index};
	ab_status status;

	if ((status = begin_read(r, e)) != AB_OK) {
		writer_send(r->o->writer, &rollback);
		return status;
	}
	checkpoint_reset(r);
	status = reader_run(r->o->reader, on_event, r, e);
	if (status == AB_OK && r->part != NULL)
		status = error_set(e, AB_EBUG,
		    "connector %s, stream \"%s\": the read ended inside a partition",
		    r->o->connector, stream_name(r));
	if (status != AB_OK)
		checkpoint_stop(r);
	else if ((status = checkpoint_end(r, e)) != AB_OK)
		writer_send(r->o->writer, &rollback);
	return status;
}

ab_status
read_stream(const struct read_options *o, struct error *e)
{
	struct error failed = ERROR_INIT;
	struct read r;
	ab_status status;

	memset(&r, 0, sizeof(r));
	r.o = o;
	buf_init(&r.token, STATE_MAX_TEXT);
	buf_init(&r.own_state, STATE_MAX_TEXT);
	status = state_open(&r.state, o->plan, o->from_start, o->rows, o->nrows, e);
	/* a full refresh keeps no state, so it need not look at the cursor */
	track_init(&r.track, o->plan->sync_mode == PLAN_FULL_REFRESH ? NULL : o->plan->cursor,
	    o->plan->cursor_is_time, r.state.mode != DEST_APPEND_DEDUP);
	report_begin(o->report, o->index, r.state.resumed);
	if (status == AB_OK)
		status = run_read(&r, e);
	reader_wait_idle(o->reader);
	/* the destination's reason is the cause, and the source's end its consequence */
	if (writer_take_error(o->writer, &failed) != AB_OK) {
		*e = failed;
		status = e->status;
	}
	if (r.track.overflowed)
		log_line(AB_WARN,
		    "stream \"%s\": more than %d records share the newest cursor value; the next run may write some of them again",
		    o->plan->name, TRACK_MAX_EDGE);
	state_close(&r.state);
	state_point_fini(&r.before);
	track_fini(&r.track);
	buf_fini(&r.token);
	buf_fini(&r.own_state);
	return status;
}
