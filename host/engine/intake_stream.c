/* intake_stream.c - see intake_private.h. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "data/jsontext.h"
#include "engine/choice.h"
#include "engine/intake_private.h"
#include "engine/state_row.h"

#define PAGE_BYTES ((size_t)256 << 10)
#define KEEP_BYTES ((size_t)1 << 20) /* a page that was larger gives its memory back */

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for a stream of the catalog");
}

/* The first of them that is an array with something in it. */
static json_t *
list_of(json_t *first, json_t *second)
{
	return json_array_size(first) > 0 ? first : json_array_size(second) > 0 ? second : NULL;
}

static int
is_given(const json_t *v)
{
	return v != NULL && !(json_is_string(v) && json_string_length(v) == 0);
}

/* What the source can do is no matter here: a stream that can do everything, which is only written. */
static json_t *
plain_stream(const json_t *entry, const json_t *stream)
{
	json_t *schema = choice_get(stream, "json_schema", "jsonSchema");
	json_t *ns = json_object_get(stream, "namespace");
	json_t *cursor = list_of(choice_get(entry, "cursor_field", "cursorField"),
	    choice_get(stream, "default_cursor_field", "defaultCursorField"));
	json_t *key = list_of(choice_get(entry, "primary_key", "primaryKey"),
	    choice_get(stream, "source_defined_primary_key", "sourceDefinedPrimaryKey"));

	return json_pack("{s:O?, s:[s, s], s:O*, s:O*, s:O*, s:O*}", "name",
	    json_object_get(stream, "name"), "supported_sync_modes", "full_refresh", "incremental",
	    "namespace", is_given(ns) ? ns : NULL, "json_schema",
	    json_is_object(schema) ? schema : NULL, "default_cursor_field", cursor,
	    "source_defined_primary_key", key);
}

/* {"streams": [the entry]}, with nothing in it that only a source cares for. */
static json_t *
plain_catalog(const json_t *entry, const json_t *stream)
{
	json_t *mode = choice_get(entry, "destination_sync_mode", "destinationSyncMode");
	json_t *ns = json_object_get(stream, "namespace");

	return json_pack("{s:[{s:{s:O?, s:O*}, s:s, s:O*, s:O*, s:O*, s:O*, s:O*, s:O*, s:O*}]}",
	    "streams", "stream", "name", json_object_get(stream, "name"), "namespace",
	    is_given(ns) ? ns : NULL, "sync_mode", "full_refresh", "destination_sync_mode", mode,
	    "generation_id", choice_get(entry, "generation_id", "generationId"),
	    "minimum_generation_id",
	    choice_get(entry, "minimum_generation_id", "minimumGenerationId"), "sync_id",
	    choice_get(entry, "sync_id", "syncId"), "columns", json_object_get(entry, "columns"),
	    "contract", json_object_get(entry, "contract"), "deleted",
	    json_object_get(entry, "deleted"));
}

/* A stream without a mode is appended to, as the protocol has it. */
static ab_status
read_entry(struct intake_stream *s, const json_t *entry, struct error *e)
{
	const json_t *stream = json_object_get(entry, "stream");
	json_t *plain = plain_stream(entry, stream), *catalog = plain_catalog(entry, stream);
	char *text = jsontext_make(plain, JSON_COMPACT);
	const struct plan_options o = {.configured = catalog};
	json_t *one = json_array_get(json_object_get(catalog, "streams"), 0);

	if (choice_get(entry, "destination_sync_mode", "destinationSyncMode") == NULL)
		json_object_set_new(one, "destination_sync_mode", json_string("append"));
	if (text == NULL || catalog == NULL)
		no_memory(e);
	else if (catalog_add(&s->catalog, text, strlen(text), e) == AB_OK)
		plan_make(&s->plan, &s->catalog, &o, e);
	free(text);
	json_decref(plain);
	json_decref(catalog);
	/* whoever wrote it, it is no connector's fault */
	if (e->status == AB_EBUG)
		e->status = AB_ECONFIG;
	return e->status;
}

/* What the store has of the stream. */
struct stored {
	int any, in_refresh;
	int64_t generation_id;
	struct state_notes notes;
	struct state_part part; /* taken over where it goes on */
};

static int
take_part(void *ctx, struct state_part *p)
{
	struct stored *stored = ctx;

	state_part_fini(&stored->part);
	stored->part = *p;
	return 0;
}

static ab_status
look_up(const struct intake_stream *s, const struct dest_state *rows, size_t n, struct stored *out,
    struct error *e)
{
	for (size_t i = 0; i < n; i++) {
		const struct dest_state *row = &rows[i];

		if (strcmp(row->stream, s->name) != 0 ||
		    strcmp(row->namespace_, s->namespace_) != 0)
			continue;
		out->any = 1;
		if (row->generation_id > out->generation_id)
			out->generation_id = row->generation_id;
		if (*row->partition != '\0')
			continue;
		out->in_refresh = row->is_refresh && row->started_us != 0;
		if (state_row_read(row, &out->notes, take_part, out) != 0)
			return no_memory(e);
	}
	return AB_OK;
}

/* Of the stream as a whole: one of partitions has such keys further in, each for a partition that is done. */
static int
says(const char *state, const char *key)
{
	return state != NULL && line_get((struct ab_str){state, strlen(state)}, key).len > 0;
}

/* A source whose refresh cannot go on says so, and sends all of it again. */
static int
is_resumable(const char *state)
{
	return state != NULL && strcmp(state, "{}") != 0 && strcmp(state, "null") != 0 &&
	    !says(state, "__ab_no_cursor_state_message") &&
	    !says(state, "__ab_full_refresh_sync_complete");
}

/* Beside the table, to replace it at the end? */
static int
is_staged(const struct plan_stream *p, const struct stored *stored)
{
	if (!p->has_generation)
		return p->mode == DEST_OVERWRITE;
	if (p->minimum_generation_id == 0)
		return 0;
	return p->mode == DEST_OVERWRITE ||
	    (stored->any && (p->generation_id > stored->generation_id || stored->in_refresh));
}

/* What is there stays, and what comes is added. */
static void
keep_rows(struct intake_stream *s)
{
	s->spec.mode = s->state.mode = DEST_APPEND;
	s->spec.is_refresh = s->spec.fresh = s->state.is_refresh = s->is_again = 0;
}

static ab_status
settle_generation(struct intake_stream *s, struct stored *stored, struct error *e)
{
	const struct plan_stream *p = &s->plan.streams[0];
	struct state_read *r = &s->state;
	int64_t had = stored->generation_id;
	int is_same = stored->any && p->has_generation && p->generation_id == had, goes_on;

	if (p->has_generation && p->generation_id < had)
		return error_set(e, AB_ECONFIG,
		    "the catalog's generation_id is %lld, but the destination already has generation %lld: a "
		    "generation_id must never go back",
		    (long long)p->generation_id, (long long)had);
	r->is_refresh = is_staged(p, stored);
	if (r->is_refresh && p->mode == DEST_APPEND_DEDUP)
		s->spec.minimum_generation_id = p->minimum_generation_id;
	else if (p->mode != DEST_APPEND_DEDUP)
		s->spec.mode = r->is_refresh ? DEST_OVERWRITE : DEST_APPEND;
	goes_on = is_same && stored->in_refresh && is_resumable(stored->part.base.json);
	s->spec.is_refresh = r->is_refresh;
	s->spec.fresh = r->is_refresh && s->spec.mode == DEST_OVERWRITE && !goes_on;
	s->is_again = s->spec.fresh && is_same && !stored->in_refresh && p->sync_id > 1;
	s->is_loaded = s->spec.fresh && is_same && stored->in_refresh &&
	    stored->part.void_us == 0 &&
	    says(stored->part.base.json, "__ab_full_refresh_sync_complete");
	r->generation_id = p->has_generation ? p->generation_id
	    : r->is_refresh		     ? had + 1
	    : had > 0			     ? had
					     : 1;
	s->spec.generation_id = r->generation_id;
	r->old_generation_id = stored->any ? had : r->generation_id;
	r->mode = s->spec.mode;
	/* a source that is told where it was goes on there */
	if (s->is_again && is_resumable(stored->part.base.json))
		keep_rows(s);
	r->sync_mode = r->is_refresh ? PLAN_FULL_REFRESH : PLAN_INCREMENTAL;
	return AB_OK;
}

/* The row goes on from what is stored. */
static ab_status
settle_part(struct intake_stream *s, struct stored *stored, struct error *e)
{
	s->state.stream = s->name;
	s->state.namespace_ = s->namespace_;
	s->state.until_us = stored->notes.until_us;
	s->part = stored->part;
	stored->part = (struct state_part){0};
	s->part.lane = DEST_NO_LANE;
	s->part.done = 0;
	state_set(&s->part.token, NULL, 0);
	state_point_fini(&s->part.run);
	if (s->part.partition == NULL && (s->part.partition = strdup("")) == NULL)
		return no_memory(e);
	return AB_OK;
}

ab_status
intake_stream_open(struct intake_stream *s, const json_t *entry, size_t index,
    const struct dest_state *rows, size_t n, struct error *e)
{
	const json_t *stream = json_object_get(entry, "stream");
	struct stored stored = {.part.lane = DEST_NO_LANE};

	buf_init(&s->page, SCAN_MAX_BYTES);
	beside_init(&s->beside);
	if (!json_is_string(json_object_get(stream, "name")))
		return error_set(e, AB_ECONFIG,
		    "the catalog, /streams/%zu: /stream/name is missing; it is no ConfiguredAirbyteStream",
		    index);
	if (catalog_init(&s->catalog) != 0)
		return no_memory(e);
	if (read_entry(s, entry, e) == AB_OK) {
		s->name = s->plan.streams[0].name;
		s->namespace_ = s->plan.streams[0].namespace_;
		s->spec = plan_dest_spec(&s->plan.streams[0]);
		s->spec.is_foreign = 1;
		if (look_up(s, rows, n, &stored, e) == AB_OK &&
		    settle_generation(s, &stored, e) == AB_OK)
			settle_part(s, &stored, e);
	}
	state_part_fini(&stored.part);
	if (e->status == AB_OK)
		return AB_OK;
	return error_wrap(e, "stream \"%s\"", json_string_value(json_object_get(stream, "name")));
}

void
intake_stream_close(struct intake_stream *s)
{
	state_part_fini(&s->part);
	buf_fini(&s->page);
	beside_fini(&s->beside);
	plan_fini(&s->plan);
	catalog_fini(&s->catalog);
}

static void
empty_page(struct intake_stream *s)
{
	s->in->paged -= s->held;
	s->npage = s->held = 0;
	buf_reset(&s->page);
	beside_reset(&s->beside);
	if (s->page.cap > KEEP_BYTES)
		buf_fini(&s->page);
}

/* The rows that an earlier run has left uncovered go first. */
static ab_status
begin(struct intake_stream *s, struct error *e)
{
	const struct dest_ops *ops = s->in->ops;
	int64_t since = s->part.void_us;

	if (s->handle != NULL)
		return AB_OK;
	if (s->is_loaded)
		s->spec.fresh = 0;
	if (ops->begin(s->in->o.dest, &s->spec, &s->handle, e) != AB_OK)
		return e->status;
	if (s->spec.fresh)
		state_set(&s->part.base.json, NULL, 0);
	if (s->state.is_refresh && (s->spec.fresh || s->part.started_us == 0))
		s->part.started_us = clock_now_us();
	s->part.void_us = 0;
	s->is_dirty = 1;
	if (since == 0 || s->spec.fresh)
		return AB_OK;
	return ops->discard(s->handle, since, DEST_NO_LANE, e);
}

ab_status
intake_stream_flush(struct intake_stream *s, struct error *e)
{
	int64_t now = clock_now_us();
	struct dest_page page = {
	    .scan = &s->in->scan, .beside = &s->beside, .number = s->npages + 1};
	char *end;

	if (s->npage == 0)
		return AB_OK;
	s->npages++;
	if ((end = buf_reserve(&s->page, SCAN_PADDING)) == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a page of records");
	memset(end, 0, SCAN_PADDING);
	page.bytes = s->page.ptr;
	s->state.until_us = now > s->state.until_us ? now : s->state.until_us + 1;
	page.extracted_us = s->state.until_us;
	if (scan_page(&s->in->scan, s->page.ptr, s->page.len, e) != AB_OK ||
	    s->in->ops->write(s->handle, &page, e) != AB_OK)
		return e->status;
	if (s->part.void_us == 0)
		s->part.void_us = page.extracted_us;
	s->is_dirty = 1;
	empty_page(s);
	return AB_OK;
}

ab_status
intake_stream_add(struct intake_stream *s, const struct line *line, struct error *e)
{
	struct ab_str data = line->data;
	size_t held = data.len + 1 + sizeof(struct beside) + line->meta.len;

	if (s->is_at_end)
		return error_set(e, AB_EDATA, "a record comes after the stream was COMPLETE");
	s->is_loaded = 0;
	if (begin(s, e) != AB_OK)
		return e->status;
	if (buf_add(&s->page, data.ptr, data.len) != 0 || buf_addc(&s->page, '\n') != 0 ||
	    beside_add_record(&s->beside, line->emitted_ms, line->meta) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a record of %zu bytes", data.len);
	s->held += held;
	s->in->paged += held;
	s->npage++;
	s->received++;
	s->since++;
	return s->held >= PAGE_BYTES ? intake_stream_flush(s, e) : AB_OK;
}

ab_status
intake_stream_cover(struct intake_stream *s, struct ab_str state, struct error *e)
{
	/* what an earlier run has left uncovered is not covered by this */
	if ((s->part.void_us != 0 && begin(s, e) != AB_OK) || intake_stream_flush(s, e) != AB_OK)
		return e->status;
	if (state.len > 0 && strncmp(state.ptr, "null", state.len) == 0)
		state.len = 0;
	else if (state.len == 0)
		state = (struct ab_str){NULL, 0};
	if (state.ptr != NULL && state_set(&s->part.base.json, state.ptr, state.len) != 0)
		return no_memory(e);
	s->part.void_us = 0;
	s->is_dirty = s->has_state = 1;
	s->since = 0;
	return AB_OK;
}

/* The same sync is tried again, and the source has nothing to add to a stream that was whole: what is there stays. */
static ab_status
leave(struct intake_stream *s, struct error *e)
{
	keep_rows(s);
	return begin(s, e);
}

ab_status
intake_stream_finish(struct intake_stream *s, struct error *e)
{
	struct dest_stats stats = {0};

	if (s->is_complete)
		return AB_OK;
	if ((s->is_again && s->received == 0 ? leave(s, e) : begin(s, e)) != AB_OK ||
	    intake_stream_flush(s, e) != AB_OK || s->in->ops->finish(s->handle, e) != AB_OK)
		return e->status;
	s->is_at_end = s->is_complete = s->is_dirty = s->state.has_ended = 1;
	s->part.void_us = s->part.started_us = 0;
	s->in->ops->stats(s->handle, &stats);
	log_line(AB_INFO, "stream \"%s\": %lld records came, %lld were written to %s", s->name,
	    (long long)s->received, (long long)stats.rows, s->in->ops->where(s->handle));
	return AB_OK;
}

ab_status
intake_stream_complete(struct intake_stream *s, struct error *e)
{
	if (s->is_at_end)
		return AB_OK;
	if (!s->spec.is_refresh || s->spec.mode != DEST_OVERWRITE ||
	    !s->plan.streams[0].has_generation || (s->is_again && s->received == 0))
		return intake_stream_finish(s, e);
	s->is_at_end = 1;
	if (begin(s, e) != AB_OK || intake_stream_flush(s, e) != AB_OK)
		return e->status;
	/* what is not covered would keep all others from being committed */
	return s->part.void_us != 0 && !s->in->ops->can_discard ? intake_stream_finish(s, e)
								: AB_OK;
}

ab_status
intake_stream_take_back(struct intake_stream *s, struct error *e)
{
	int64_t since = s->part.void_us;

	empty_page(s);
	if (s->handle == NULL || since == 0)
		return AB_OK;
	if (!s->in->ops->can_discard)
		return error_set(e, AB_EUNSUPPORTED, "rows that were written cannot be taken back");
	s->part.void_us = 0;
	s->is_dirty = 1;
	return s->in->ops->discard(s->handle, since, DEST_NO_LANE, e);
}
