/* state.c - see state.h. */
#include "engine/state.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "engine/state_edit.h"
#include "engine/state_row.h"

/* What the stored rows of one stream say together. */
struct stored {
	int any;		  /* there are rows */
	int has_state;		  /* one of them holds a state, */
	int unfinished;		  /* or is of a read, no refresh, that has not ended, */
	int goes_on;		  /* and left something to go on with */
	int64_t generation_id;	  /* the newest */
	int in_refresh;		  /* a refresh has not ended, */
	int refresh_goes_on;	  /* and left something to go on with, */
	int refresh_left_rows;	  /* or rows that are to go, */
	int64_t refresh_id;	  /* in this generation, */
	struct state_notes notes; /* in these modes */
};

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the state of a stream");
}

static int
compare_streams(const struct dest_state *row, const char *stream, const char *namespace_)
{
	int order = strcmp(row->stream, stream);

	return order != 0 ? order : strcmp(row->namespace_, namespace_);
}

static int
compare_rows(const void *x, const void *y)
{
	const struct dest_state *a = x, *b = y;
	int order = compare_streams(a, b->stream, b->namespace_);

	return order != 0 ? order : strcmp(a->partition, b->partition);
}

void
state_rows_sort(struct dest_state *rows, size_t n)
{
	if (n > 0)
		qsort(rows, n, sizeof(*rows), compare_rows);
}

const struct dest_state *
state_rows_of(const struct dest_state *rows, size_t *n, const char *stream, const char *namespace_)
{
	size_t low = 0, high = *n, end;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_streams(&rows[middle], stream, namespace_) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (end = low; end < *n && compare_streams(&rows[end], stream, namespace_) == 0;)
		end++;
	*n = end - low;
	return *n > 0 ? &rows[low] : NULL;
}

/* Stream-wide facts that the parts' packing needs. */
static int
open_shelf(struct state_read *r, const struct plan_stream *p)
{
	struct buf key, prefix;
	int failed;

	buf_init(&key, CURSOR_MAX_VALUE);
	buf_init(&prefix, 2 * CURSOR_MAX_VALUE);
	for (const char *const *s = p->cursor; s != NULL && *s != NULL; s++)
		buf_addf(&key, "%s%s", s == p->cursor ? "" : ".", *s);
	buf_addc(&prefix, '{');
	buf_add_json_string(&prefix, buf_str(&key), key.len);
	buf_addc(&prefix, ':');
	failed = key.failed || prefix.failed;
	if (!failed)
		failed = shelf_init(&r->shelf, p->cursor == NULL ? NULL : buf_str(&prefix)) != 0;
	if (!failed && p->cursor != NULL && p->sync_mode == PLAN_INCREMENTAL && !p->own_state)
		failed = (r->cursor_field = buf_steal(&key)) == NULL;
	r->cursor_is_time = p->cursor_is_time;
	buf_fini(&key);
	buf_fini(&prefix);
	return failed ? -1 : 0;
}

static int
is_unfinished(const struct state_part *p)
{
	return p->token != NULL || p->void_us != 0;
}

/* Into the list; what *p holds is the list's then. */
static struct state_part *
list_part(struct state_read *r, const struct state_part *p)
{
	struct state_part *copy = malloc(sizeof(*copy));

	if (copy == NULL)
		return NULL;
	*copy = *p;
	copy->next = r->parts;
	r->parts = copy;
	return copy;
}

void
state_drop_part(struct state_read *r, struct state_part *p)
{
	struct state_part **at = &r->parts;

	while (*at != p)
		at = &(*at)->next;
	*at = p->next;
	state_free_lane(r, p);
	state_part_fini(p);
	free(p);
}

struct state_part *
state_take_part(struct state_read *r, const char *partition)
{
	struct state_part p = {.lane = DEST_NO_LANE}, *listed = r->parts;
	int found;

	while (listed != NULL && strcmp(listed->partition, partition) != 0)
		listed = listed->next;
	if (listed != NULL)
		return listed;
	found = shelf_take(&r->shelf, partition, &p);
	if (found == 0)
		p.partition = strdup(partition);
	if (found < 0 || p.partition == NULL || (listed = list_part(r, &p)) == NULL)
		state_part_fini(&p);
	return listed;
}

int
state_put_part(struct state_read *r, struct state_part *p)
{
	p->is_open = 0;
	if (is_unfinished(p))
		return 0;
	if (shelf_put(&r->shelf, p) != 0)
		return -1;
	state_drop_part(r, p);
	return 0;
}

int64_t
state_stamp(struct state_read *r, const struct state_part *p, int64_t now_us)
{
	int64_t us = now_us > r->until_us ? now_us : r->until_us + 1;

	if (p->lane != DEST_NO_LANE)
		us += (p->lane - us % DEST_LANES + DEST_LANES) % DEST_LANES;
	r->until_us = us;
	return us;
}

struct state_part *
state_in_the_way(const struct state_read *r, int n)
{
	struct state_part *p = r->parts;

	for (int i = 0; i < DEST_LANES; i++)
		n -= !r->lanes[i];
	if (n <= 0)
		return NULL;
	while (p != NULL && (p->is_open || p->lane == DEST_NO_LANE))
		p = p->next;
	return p;
}

int
state_give_lane(struct state_read *r, struct state_part *p)
{
	for (int i = 0; i < DEST_LANES; i++)
		if (!r->lanes[i]) {
			r->lanes[p->lane = i] = 1;
			return 0;
		}
	return -1;
}

void
state_free_lane(struct state_read *r, struct state_part *p)
{
	if (p->lane != DEST_NO_LANE)
		r->lanes[p->lane] = 0;
	p->lane = DEST_NO_LANE;
}

/* null: a connector that keeps its own state, and has none yet. */
static int
is_empty_state(const char *state)
{
	return state == NULL || strcmp(state, "{}") == 0 || strcmp(state, "null") == 0;
}

static void
take_stock(struct stored *s, const struct dest_state *row, const struct state_part *p,
    const struct state_notes *notes)
{
	s->any = 1;
	s->has_state |= !is_empty_state(p->base.json);
	s->unfinished |= p->started_us != 0 && !p->refreshed;
	if (row->generation_id > s->generation_id)
		s->generation_id = row->generation_id;
	s->goes_on |= !p->refreshed && p->started_us != 0 && (p->void_us == 0 || p->token != NULL);
	if (!p->refreshed)
		return;
	s->in_refresh = 1;
	s->refresh_goes_on |= p->token != NULL || p->done;
	s->refresh_left_rows |= p->void_us != 0;
	s->refresh_id = row->generation_id;
	s->notes = *notes;
}

/* Somebody may have edited it; or the stream has another cursor field than before. */
static ab_status
check_part(const struct state_read *r, const struct state_part *p, struct error *e)
{
	const struct state_kind kind = {r->cursor_field, r->cursor_is_time, p->base.cursor};

	if (kind.field == NULL || p->base.json == NULL ||
	    state_check_cursor(&kind, p->base.json, strlen(p->base.json), e) == AB_OK)
		return AB_OK;
	return error_wrap(e,
	    "stream \"%s\": the state that is stored for it cannot be used; put it right with `abhost state set`, or "
	    "forget it with `abhost state reset`, and all of the stream is read again",
	    r->stream);
}

struct loading {
	struct state_read *r;
	struct stored *stored;
	const struct dest_state *row;
	struct state_notes notes;
	int from_start;
	struct error *e;
};

/* Takes over what *p holds. */
static int
load_part(void *ctx, struct state_part *p)
{
	struct loading *l = ctx;
	struct state_read *r = l->r;
	int failed = 0;

	if (!l->from_start && check_part(r, p, l->e) != AB_OK) {
		state_part_fini(p);
		return -1;
	}
	r->is_own |= p->is_own;
	p->refreshed = l->row->is_refresh && p->started_us != 0;
	if (is_empty_state(p->base.json))
		state_set(&p->base.json, NULL, 0);
	take_stock(l->stored, l->row, p, &l->notes);
	if (is_unfinished(p)) {
		struct state_part older = {0};

		if (shelf_take(&r->shelf, p->partition, &older) < 0)
			failed = -1;
		state_part_fini(&older);
		if (p->lane != DEST_NO_LANE)
			r->lanes[p->lane] = 1;
		if (!failed && list_part(r, p) != NULL)
			return 0;
		failed = -1;
	} else {
		failed = shelf_put(&r->shelf, p);
	}
	state_part_fini(p);
	return failed;
}

/* Reads the stream's rows into parts: the shared ones first, for a partition's own is newer. */
static ab_status
read_rows(struct state_read *r, const struct dest_state *rows, size_t nrows, int from_start,
    struct stored *s, struct error *e)
{
	for (int own = 0; own < 2; own++)
		for (size_t i = 0; i < nrows; i++) {
			struct loading l = {
			    .r = r, .stored = s, .row = &rows[i], .from_start = from_start, .e = e};

			if (strcmp(rows[i].stream, r->stream) != 0 ||
			    strcmp(rows[i].namespace_, r->namespace_) != 0 ||
			    state_row_is_bundle(&rows[i]) == own)
				continue;
			if (state_row_read(&rows[i], &l.notes, load_part, &l) != 0)
				return no_memory(e); /* or what the row is */
			if (l.notes.until_us > r->until_us)
				r->until_us = l.notes.until_us;
			r->nrows += (size_t)own;
			r->is_bundled |= !own;
		}
	return AB_OK;
}

/* 1: the part has lost what an unfinished read had left, which was not of the kind that goes on. */
static int
forget_read(struct state_read *r, struct state_part *p, int keep_refresh, int keep_other)
{
	if (p->started_us == 0 || (p->refreshed ? keep_refresh : keep_other))
		return 0;
	if (p->refreshed && (r->left_us == 0 || p->started_us < r->left_us))
		r->left_us = p->started_us;
	state_free_lane(r, p);
	state_part_forget(p);
	/* what it had left beside the table goes as this read begins */
	p->dirty = p->refreshed;
	r->gave_up |= p->refreshed;
	r->is_stale |= p->refreshed && r->is_bundled;
	return 1;
}

/* Parts keep the point at which a read begins, and lose what an unfinished read had left, unless it was of the kind
 * that goes on. */
static int
forget_reads(struct state_read *r, int keep_refresh, int keep_other)
{
	size_t at = 0, end = r->shelf.bytes.len;
	int failed = 0;

	for (struct state_part *p = r->parts, *next; p != NULL && !failed; p = next) {
		next = p->next;
		if (forget_read(r, p, keep_refresh, keep_other))
			failed = state_put_part(r, p);
	}
	while (at < end && !failed) {
		struct state_part p = {0};
		int found = shelf_next(&r->shelf, &at, &p);

		if (found != 1)
			return found;
		if (forget_read(r, &p, keep_refresh, keep_other))
			failed = shelf_put(&r->shelf, &p);
		state_part_fini(&p);
	}
	return failed;
}

int
state_forget_done(struct state_read *r)
{
	size_t at = 0, end = r->shelf.bytes.len;
	int failed = 0;

	while (at < end && !failed && !r->is_refresh) {
		struct state_part p = {0};
		int found = shelf_next(&r->shelf, &at, &p);

		if (found != 1)
			return found;
		/* where one state is that of all, one without a state of its own would be read from there again */
		if (p.done && (!r->is_shared || p.base.json != NULL)) {
			state_part_forget(&p);
			p.dirty = 1;
			failed = shelf_put(&r->shelf, &p);
		}
		state_part_fini(&p);
	}
	return failed;
}

/* 1: it has got one. */
static int
adopt_part(const struct state_read *r, const struct state_part *whole, struct state_part *p)
{
	struct state_point *to = r->is_refresh ? &p->run : &p->base;

	if (!p->done || *p->partition == '\0' || to->json != NULL)
		return 0;
	p->dirty = 1;
	return state_copy_point(to, &whole->run) == 0 ? 1 : -1;
}

int
state_adopt(struct state_read *r, struct state_part *whole)
{
	size_t at = 0, end = r->shelf.bytes.len;
	int found = 1;

	while (at < end && found == 1 && !r->is_own && whole->run.json != NULL) {
		struct state_part p = {0};
		int got;

		if ((found = shelf_next(&r->shelf, &at, &p)) != 1)
			break;
		got = adopt_part(r, whole, &p);
		whole->dirty |= got > 0;
		if (got < 0 || (got > 0 && shelf_put(&r->shelf, &p) != 0))
			found = -1;
		state_part_fini(&p);
	}
	r->is_own = 1;
	return found < 0 ? -1 : 0;
}

static int
open_refresh(struct state_read *r, const struct plan_stream *p, const struct stored *s)
{
	int same = s->in_refresh && s->notes.has_mode && s->notes.sync_mode == r->sync_mode &&
	    s->notes.mode == r->mode && (!p->has_generation || s->refresh_id == p->generation_id);
	int goes_on = same && (s->refresh_goes_on || s->refresh_left_rows);

	r->is_refresh = 1;
	r->resumed = same && s->refresh_goes_on;
	r->fresh = !goes_on;
	r->generation_id = r->fresh ? s->generation_id + 1 : s->refresh_id;
	if (p->has_generation) {
		/* beside rows of the generation that there is, nothing of it goes */
		r->fresh &= r->mode == DEST_OVERWRITE || p->generation_id > s->generation_id;
		r->generation_id = p->generation_id;
	}
	return forget_reads(r, goes_on, 0);
}

static int
open_incremental(struct state_read *r, const struct plan_stream *p, const struct stored *s)
{
	r->generation_id = s->generation_id > 0 ? s->generation_id : 1;
	if (p->has_generation)
		r->generation_id = p->generation_id;
	r->resumed = s->goes_on;
	return forget_reads(r, 0, 1);
}

/* Is the stream to be read from the beginning? */
static int
is_refresh(const struct plan_stream *p, const struct stored *s, int from_start)
{
	return p->sync_mode == PLAN_FULL_REFRESH || from_start ||
	    (p->has_generation && s->any && p->generation_id > s->generation_id) ||
	    (s->in_refresh && s->notes.sync_mode == PLAN_INCREMENTAL) ||
	    (p->mode == DEST_APPEND && s->any && !s->has_state && !s->unfinished);
}

/* Into what a refresh writes: a table beside the old one, or the old one. */
static enum dest_mode
refresh_mode(const struct plan_stream *p, const struct stored *s)
{
	int is_told = p->has_generation &&
	    (p->sync_mode == PLAN_FULL_REFRESH || p->generation_id > s->generation_id ||
		s->in_refresh);

	if (p->mode == DEST_APPEND_DEDUP)
		return p->mode;
	if (is_told)
		return p->minimum_generation_id > 0 ? DEST_OVERWRITE : DEST_APPEND;
	return p->sync_mode == PLAN_INCREMENTAL ? DEST_OVERWRITE : p->mode;
}

static ab_status
refuse_generation(const struct plan_stream *p, const struct stored *s, struct error *e)
{
	return error_set(e, AB_ECONFIG,
	    "stream \"%s\": the catalog's generation_id is %lld, but the destination already has generation %lld: a "
	    "generation_id must never go back",
	    p->name, (long long)p->generation_id, (long long)s->generation_id);
}

ab_status
state_open(struct state_read *r, const struct plan_stream *p, int from_start,
    const struct dest_state *rows, size_t nrows, struct error *e)
{
	struct stored s = {0};
	int refresh;
	ab_status status;

	memset(r, 0, sizeof(*r));
	r->stream = p->name;
	r->namespace_ = p->namespace_;
	r->sync_mode = p->sync_mode;
	r->mode = p->mode;
	r->is_shared = p->shared_state && p->sync_mode != PLAN_FULL_REFRESH;
	if (open_shelf(r, p) != 0)
		return no_memory(e);
	if ((status = read_rows(r, rows, nrows, from_start, &s, e)) != AB_OK)
		return status;
	r->begun_us = clock_now_us() > r->until_us ? clock_now_us() : r->until_us + 1;
	if (p->has_generation && p->generation_id < s.generation_id)
		return refuse_generation(p, &s, e);
	refresh = is_refresh(p, &s, from_start);
	if (refresh)
		r->mode = refresh_mode(p, &s);
	if (refresh && r->mode == DEST_APPEND_DEDUP && p->minimum_generation_id > 0)
		r->minimum_generation_id = p->minimum_generation_id;
	if ((refresh ? open_refresh(r, p, &s) : open_incremental(r, p, &s)) != 0)
		return no_memory(e);
	if (s.notes.mode == DEST_OVERWRITE)
		r->left_us = 0; /* it wrote beside the table */
	/* a number of our own is used up, also where nothing came of it */
	r->old_generation_id = p->has_generation ? s.generation_id : r->generation_id;
	return AB_OK;
}

void
state_close(struct state_read *r)
{
	while (r->parts != NULL)
		state_drop_part(r, r->parts);
	shelf_fini(&r->shelf);
	free(r->cursor_field);
	memset(r, 0, sizeof(*r));
}
