/* read.c - see read.h: what each event of the source means. */
#include "engine/read.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "data/canonical.h"
#include "engine/checkpoint.h"

#define STATE_MAX_TEXT (4u << 20) /* one state, one token */
#define READ_MOST_TOLD 1000	  /* partitions of which everything is told as the read begins */

static const char *
connector_of(const struct read *r)
{
	return r->flow->session->o->connector->id;
}

static const char *
version_of(const struct read *r)
{
	return r->flow->session->o->connector->version;
}

static int
has_update_state(const struct read *r)
{
	return r->flow->session->o->connector->has_update_state && !r->plan->shared_state;
}

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for a stream's read");
}

static ab_status
broken(const struct read *r, const char *what, struct error *e)
{
	return error_set(
	    e, AB_EBUG, "connector %s, stream \"%s\": %s", connector_of(r), r->plan->name, what);
}

/* A text that must be one JSON value, of the engine's own checking. */
static ab_status
check_json(const struct read *r, struct ab_str text, const char *what, struct error *e)
{
	size_t used;

	if (scan_value(text.ptr, text.len, &used, e) == AB_OK && used == text.len)
		return AB_OK;
	error_set(e, AB_EDATA, "more than one JSON value");
	return error_wrap(e, "connector %s, stream \"%s\": its %s is not JSON", connector_of(r),
	    r->plan->name, what);
}

/* The track begins at that point, or (is_base) had once begun there, and goes on at a token. */
static int
set_track(
    const struct read *r, struct track *t, const struct state_point *at, int at_token, int is_base)
{
	const char *value = at->cursor;
	size_t n = value == NULL ? 0 : at->nedge;
	char *found = NULL;
	int failed = 0;

	/* it came without notes */
	if (value == NULL && !has_update_state(r))
		failed = state_point_value(at, r->plan->cursor, &found);
	if (value == NULL)
		value = found == NULL ? "" : found;
	if (!failed)
		failed = is_base ? track_know(t, value, at->edge, n)
				 : track_begin(t, value, at->edge, n, at_token);
	free(found);
	return failed;
}

/* Partitions that are read at once write rows that must be told apart, where some may have to go. */
static ab_status
give_lane(struct read *r, struct state_part *row, struct error *e)
{
	if (!r->partitioned || row->lane != DEST_NO_LANE || !r->flow->dest->ops->can_discard ||
	    state_give_lane(&r->state, row) == 0)
		return AB_OK;
	return broken(r, "more partitions begin at once than there are lanes", e);
}

/* The partition's read begins where its row says. */
static ab_status
begin_part(struct read *r, struct read_part *p, struct error *e)
{
	static const struct state_point nothing;
	struct state_part *row = p->row;
	int at_token = row->token != NULL;
	/* of a stream with one state an interrupted run has left partitions with states of their own */
	int is_again = r->whole != NULL && row->base.json != NULL;
	const struct state_point *base = r->state.is_refresh ? &nothing
	    : r->whole != NULL && !is_again		     ? &r->whole->base
							     : &row->base;
	const struct state_point *at = at_token ? &row->run : base;
	int64_t now = clock_now_us();
	int failed;

	if (give_lane(r, row, e) != AB_OK)
		return e->status;
	if (!at_token) {
		row->started_us = now > r->state.until_us ? now : r->state.until_us + 1;
		row->pages = 0;
		row->void_us = 0;
	}
	p->pages_before = row->pages;
	p->page = p->cut_page = p->since_us = 0;
	p->has_token = p->moved_base = 0;
	buf_reset(&p->own_state);
	if (at->json != NULL)
		buf_adds(&p->own_state, at->json);
	p->has_state = has_update_state(r) && p->own_state.len > 0;
	failed = p->own_state.failed;
	if (r->plan->sorted)
		failed |= state_copy_point(&p->before, &row->base);
	failed |= set_track(r, &p->track, at, at_token, 0);
	if (at_token) {
		failed |= set_track(r, &p->track, base, 1, 1);
		track_forget(&p->track, row->met, row->nmet);
	}
	p->track.knows_older = is_again && !r->state.is_refresh;
	return failed ? no_memory(e) : AB_OK;
}

/* By what the destination finds a row again; NULL: by nothing. */
static const char *const *const *
key_of(const struct read *r)
{
	return r->state.mode == DEST_APPEND_DEDUP ? r->plan->primary_key : NULL;
}

static struct read_part *
new_part(struct read *r, uint32_t number, struct state_part *row)
{
	struct read_part *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	buf_init(&p->token, STATE_MAX_TEXT);
	buf_init(&p->own_state, STATE_MAX_TEXT);
	/* a full refresh keeps no state, so it need not look at the cursor */
	track_init(&p->track, r->plan->sync_mode == PLAN_FULL_REFRESH ? NULL : r->plan->cursor,
	    r->plan->cursor_is_time, key_of(r));
	p->number = number;
	p->row = row;
	p->next = r->parts;
	r->parts = p;
	return p;
}

static void
free_part(struct read_part *p)
{
	state_point_fini(&p->before);
	track_fini(&p->track);
	buf_fini(&p->token);
	buf_fini(&p->own_state);
	free(p);
}

int
read_close_part(struct read *r, struct read_part *p)
{
	struct read_part **at = &r->parts;
	int failed = state_put_part(&r->state, p->row);

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	r->overflowed |= p->track.overflowed;
	free_part(p);
	return failed;
}

static struct read_part *
find_part(const struct read *r, uint32_t number)
{
	struct read_part *p = r->parts;

	while (p != NULL && p->number != number)
		p = p->next;
	return p;
}

static ab_status
on_partition(struct read *r, const struct source_event *ev, struct error *e)
{
	struct state_part *row;
	struct read_part *p;
	char *name;

	if (ev->text.len > 0 && check_json(r, ev->text, "partition", e) != AB_OK)
		return e->status;
	/* a row is found again however the connector spells its partition the next time */
	name = ev->text.len > 0 ? canonical_json(ev->text.ptr, ev->text.len) : strdup("");
	row = name == NULL ? NULL : state_take_part(&r->state, name);
	free(name);
	if (row == NULL)
		return no_memory(e);
	r->partitioned = ev->text.len > 0;
	if (row == r->whole && !r->partitioned)
		r->whole = NULL;
	else if (row->is_open || row->done) {
		if (!row->is_open && state_put_part(&r->state, row) != 0)
			return no_memory(e);
		return error_set(e, AB_EDATA,
		    "connector %s, stream \"%s\": the partition %.200s is listed twice",
		    connector_of(r), r->plan->name, ev->text.ptr);
	}
	row->is_open = 1;
	if ((p = new_part(r, ev->part, row)) == NULL)
		return no_memory(e);
	return begin_part(r, p, e);
}

/* Is all that the page says fit to be used?  Changes nothing of the read. */
static ab_status
check_page(
    const struct read *r, const struct source_event *ev, struct queue_page *p, struct error *e)
{
	ab_status status = AB_OK;

	if (scan_page(&p->scan, p->bytes, p->len, e) != AB_OK)
		return error_wrap(e, "%s %s, read_page of stream %s, page %lld", connector_of(r),
		    version_of(r), r->plan->name, (long long)ev->num);
	if (ev->beside != NULL && p->beside.n != p->scan.nrecords)
		return error_set(e, AB_EBUG, "%s, stream %s: %zu of %zu records have been told",
		    connector_of(r), r->plan->name, p->beside.n, p->scan.nrecords);
	if (ev->token.len > STATE_MAX_TEXT || ev->state.len > STATE_MAX_TEXT)
		return error_set(e, AB_EDATA,
		    "%s %s, read_page of stream %s, page %lld: its page token or state is larger than %u bytes",
		    connector_of(r), version_of(r), r->plan->name, (long long)ev->num,
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
take_page(struct read_part *p, const struct source_event *ev, struct queue_page *page,
    int is_refresh, struct error *e)
{
	int failed = track_page(&p->track, page->bytes, &page->scan, &page->beside, ev->about) != 0;

	p->page++;
	p->has_token = ev->has_token && ev->token.len > 0;
	buf_reset(&p->token);
	buf_add(&p->token, ev->token.ptr, ev->token.len);
	if (ev->state.len > 0) {
		buf_reset(&p->own_state);
		buf_add(&p->own_state, ev->state.ptr, ev->state.len);
		p->has_state = 1;
	}
	p->is_covered = ev->covers;
	if (ev->covers && is_refresh) { /* the state says where it goes on, as a token does */
		p->has_token = 1;
		buf_reset(&p->token);
		buf_add(&p->token, ev->state.ptr, ev->state.len);
	}
	p->is_torn = failed || p->token.failed || p->own_state.failed;
	return p->is_torn ? no_memory(e) : AB_OK;
}

static ab_status
on_page(struct read *r, struct read_part *p, const struct source_event *ev, struct error *e)
{
	struct queue_item item = {.type = QUEUE_PAGE, .stream = r->index};
	struct reader *reader = &r->flow->session->reader;
	struct sync_times *t = &r->flow->report->out->streams[r->index].times;
	int64_t since;
	size_t records, tables;

	t->fetch_us += reader->waited_us - r->waited_us;
	r->waited_us = reader->waited_us;
	if ((item.page = reader_page(reader, ev, e)) == NULL)
		return e->status;
	since = clock_mono_us();
	if (check_page(r, ev, item.page, e) == AB_OK)
		take_page(p, ev, item.page, r->state.is_refresh, e);
	t->scan_us += clock_mono_us() - since;
	if (e->status != AB_OK) {
		queue_release_page(reader->queue, item.page);
		return e->status;
	}
	item.page->number = ev->num;
	item.page->extracted_us = state_stamp(&r->state, p->row, clock_now_us());
	records = item.page->scan.nrecords;
	if (queue_measure_page(reader->queue, item.page, &tables))
		report_large_page(r->flow->report, r->index, item.page->len, tables);
	if (records > 0 && p->since_us == 0)
		p->since_us = item.page->extracted_us;
	report_page(r->flow->report, r->index, records, ev->bytes);
	writer_send(r->flow->writer, &item);
	checkpoint_page(r, p, records, ev->bytes);
	return AB_OK;
}

/* The token at which the partition went on is refused: what was read up to it is taken back, and the partition begins
 * again. */
static ab_status
on_restart(struct read *r, struct read_part *p, struct error *e)
{
	struct queue_item item = {.stream = r->index, .lane = p->row->lane, .destroys = 1};

	if (p->row->token == NULL || p->page != 0)
		return broken(r, "a page token is refused that was not offered", e);
	log_line(AB_WARN,
	    "stream \"%s\": the page token of the interrupted run is no longer accepted; "
	    "reading from the beginning of it again",
	    r->plan->name);
	if (r->state.mode == DEST_OVERWRITE && !r->partitioned) {
		item.type = QUEUE_BEGIN;
		item.fresh = 1;
		writer_send(r->flow->writer, &item);
	} else {
		item.type = QUEUE_DISCARD;
		item.since_us = p->row->started_us;
		writer_send(r->flow->writer, &item);
	}
	state_set(&p->row->token, NULL, 0);
	state_point_fini(&p->row->run);
	p->row->dirty = 1;
	return begin_part(r, p, e);
}

static ab_status
on_ask(struct read *r, const struct source_event *ev, struct error *e)
{
	struct buf committed;

	buf_init(&committed, STATE_MAX_BYTES);
	if (state_committed_some(&r->state, ev->text, &committed) != 0)
		error_set(e, AB_EUNSUPPORTED,
		    "stream \"%s\": the state of a partition is larger than %u bytes",
		    r->plan->name, STATE_MAX_BYTES);
	else
		source_committed(r->flow->session->reader.source, (uint32_t)r->index, ev->num,
		    (struct ab_str){buf_str(&committed), committed.len});
	buf_fini(&committed);
	return e->status;
}

static ab_status
handle(struct read *r, struct source_event *ev, struct error *e)
{
	struct read_part *p = find_part(r, ev->part);

	if (ev->type == SOURCE_ASK)
		return on_ask(r, ev, e);
	if (ev->type == SOURCE_PARTITION)
		return p == NULL ? on_partition(r, ev, e)
				 : broken(r, "a partition begins twice", e);
	if (p == NULL)
		return broken(r, "an event of a partition that is not open", e);
	switch (ev->type) {
	case SOURCE_PAGE:
		return on_page(r, p, ev, e);
	case SOURCE_PARTITION_END:
		return checkpoint_part(r, p, e);
	case SOURCE_RESTART:
		return on_restart(r, p, e);
	default:
		return broken(r, "an event that does not belong to a read", e);
	}
}

void
read_event(struct read *r, struct source_event *ev)
{
	struct error e = ERROR_INIT;

	if (handle(r, ev, &e) != AB_OK)
		read_stop(r, &e);
}

void
read_stop(struct read *r, const struct error *e)
{
	if (r->error.status == AB_OK)
		r->error = *e;
	if (!r->begins_again)
		joint_lose(&r->flow->joint, r->index, e);
	if (r->phase != READ_RUNS)
		return;
	r->phase = READ_STOPS;
	r->stop_us = clock_mono_us() + (int64_t)READER_STOP_MS * 1000;
	source_cancel_read(r->flow->session->reader.source, (uint32_t)r->index);
}

void
read_end(struct read *r, const struct error *e)
{
	if (r->error.status == AB_OK)
		r->error = *e;
	if (r->error.status == AB_OK && r->parts != NULL)
		broken(r, "the read ended inside a partition", &r->error);
	r->phase = READ_ENDED;
	r->flow->running--;
	checkpoint_end(r);
}

/* Rows that an earlier run has left behind a partition's last cut. */
static ab_status
discard_void(struct read *r, struct error *e)
{
	struct queue_item item = {.type = QUEUE_DISCARD, .stream = r->index};

	for (struct state_part *p = r->state.parts, *next; p != NULL; p = next) {
		next = p->next;
		if (p->void_us == 0)
			continue;
		item.since_us = p->void_us;
		item.lane = p->lane;
		writer_send(r->flow->writer, &item);
		p->void_us = 0;
		p->dirty = 1;
		if (p->token == NULL) {
			state_free_lane(&r->state, p);
			state_part_forget(p);
			if (state_put_part(&r->state, p) != 0)
				return no_memory(e);
		}
	}
	return AB_OK;
}

/* Where so many reads of partitions are unfinished that others could not be told apart from them, some begin again. */
static ab_status
make_room(struct read *r, struct error *e)
{
	struct queue_item item = {.type = QUEUE_DISCARD, .stream = r->index, .destroys = 1};
	struct state_part *p;

	while ((p = state_in_the_way(&r->state, r->flow->session->lanes)) != NULL) {
		item.since_us = p->started_us;
		item.lane = p->lane;
		writer_send(r->flow->writer, &item);
		state_free_lane(&r->state, p);
		state_part_forget(p);
		p->dirty = 1;
		if (state_put_part(&r->state, p) != 0)
			return no_memory(e);
	}
	return AB_OK;
}

/* The one state of all partitions; its own row is open as long as the read. */
static ab_status
open_shared(struct read *r, struct error *e)
{
	const struct state_point *at;

	if (!r->state.is_shared)
		return AB_OK;
	if ((r->whole = state_take_part(&r->state, "")) == NULL)
		return no_memory(e);
	r->whole->is_open = 1;
	if (state_adopt(&r->state, r->whole) != 0)
		return no_memory(e);
	at = r->whole->run.cursor != NULL ? &r->whole->run : &r->whole->base;
	if (r->state.is_refresh && at == &r->whole->base)
		return track_begin(&r->shared, "", NULL, 0, 0) == 0 ? AB_OK : no_memory(e);
	return set_track(r, &r->shared, at, 0, 0) == 0 ? AB_OK : no_memory(e);
}

/* What is committed goes with the command, or where it is much, when it is asked for. */
static ab_status
ask_source(struct read *r, struct error *e)
{
	struct source *s = r->flow->session->reader.source;
	struct buf committed;

	buf_init(&committed, STATE_MAX_BYTES);
	if (r->state.shelf.n <= READ_MOST_TOLD && state_committed(&r->state, &committed) == 0) {
		source_read(s, (uint32_t)r->index, r->plan->configured, buf_str(&committed), 0, e);
	} else {
		buf_fini(&committed);
		buf_init(&committed, STATE_MAX_BYTES);
		if (state_committed_whole(&r->state, &committed) != 0)
			no_memory(e);
		else
			source_read_asking(
			    s, (uint32_t)r->index, r->plan->configured, buf_str(&committed), e);
	}
	buf_fini(&committed);
	return e->status;
}

static ab_status
send_begin(struct read *r, struct error *e)
{
	struct dest_stream_spec *spec = &r->flow->writer->streams[r->index].spec;
	const struct queue_item begin = {.type = QUEUE_BEGIN,
	    .stream = r->index,
	    .fresh = r->state.fresh,
	    .destroys = r->state.gave_up};
	const struct queue_item left = {.type = QUEUE_DISCARD,
	    .stream = r->index,
	    .since_us = r->state.left_us,
	    .lane = DEST_NO_LANE,
	    .destroys = 1};

	spec->mode = r->state.mode;
	spec->generation_id = r->state.generation_id;
	spec->minimum_generation_id = r->state.minimum_generation_id;
	spec->is_refresh = r->state.is_refresh;
	writer_send(r->flow->writer, &begin);
	if (r->state.left_us != 0 && !(r->state.is_refresh && r->state.mode == DEST_OVERWRITE))
		writer_send(r->flow->writer, &left);
	if (discard_void(r, e) != AB_OK || make_room(r, e) != AB_OK || open_shared(r, e) != AB_OK)
		return e->status;
	return ask_source(r, e);
}

struct read *
read_begin(struct flow *f, size_t index)
{
	struct read *r = calloc(1, sizeof(*r));
	const struct dest_state *rows;
	size_t nrows = f->nrows;
	struct error e = ERROR_INIT;

	if (r == NULL)
		return NULL;
	r->flow = f;
	r->plan = &f->plan->streams[index];
	r->index = index;
	r->waited_us = f->session->reader.waited_us;
	r->next = f->reads;
	f->reads = r;
	f->running++;
	rows = state_rows_of(f->rows, &nrows, r->plan->name, r->plan->namespace_);
	if (state_open(&r->state, r->plan, r->plan->from_start, rows, nrows, &e) != AB_OK)
		r->is_refused = 1;
	track_init(&r->shared, r->plan->cursor, r->plan->cursor_is_time, key_of(r));
	report_begin(f->report, index, r->state.resumed);
	if (e.status != AB_OK || send_begin(r, &e) != AB_OK) {
		joint_lose(&f->joint, index, &e);
		read_end(r, &e);
	}
	return r;
}

void
read_free(struct read *r)
{
	struct read **at = &r->flow->reads;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
	if (r->overflowed)
		log_line(AB_WARN,
		    "stream \"%s\": more than %d records share the newest cursor value; the next run may write some of them again",
		    r->plan->name, TRACK_MAX_EDGE);
	while (r->parts != NULL) {
		struct read_part *p = r->parts;

		r->parts = p->next;
		free_part(p);
	}
	track_fini(&r->shared);
	state_close(&r->state);
	free(r);
}
