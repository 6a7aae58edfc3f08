/* state.c - see state.h. */
#include "engine/state.h"

#include <stdlib.h>
#include <string.h>

#include "engine/state_row.h"

/* What the stored rows of one stream say together. */
struct stored {
	int any;		  /* there are rows */
	int has_state;		  /* one of them holds a state, */
	int unfinished;		  /* or is of a read that has not ended */
	int64_t generation_id;	  /* the newest */
	int in_refresh;		  /* a refresh has not ended, */
	int refresh_goes_on;	  /* and left something to go on with, */
	int64_t refresh_id;	  /* in this generation, */
	struct state_notes notes; /* in these modes */
};

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the state of a stream");
}

int
state_set(char **text, const char *bytes, size_t len)
{
	char *copy = NULL;

	if (len > 0) {
		if ((copy = malloc(len + 1)) == NULL)
			return -1;
		memcpy(copy, bytes, len);
		copy[len] = '\0';
	}
	free(*text);
	*text = copy;
	return 0;
}

void
state_point_fini(struct state_point *p)
{
	free(p->json);
	free(p->cursor);
	free(p->edge);
	memset(p, 0, sizeof(*p));
}

static int
set_edge(struct state_point *p, const uint64_t *hashes, size_t n)
{
	uint64_t *edge = NULL;

	if (n > 0) {
		if ((edge = malloc(n * sizeof(*edge))) == NULL)
			return -1;
		memcpy(edge, hashes, n * sizeof(*edge));
	}
	free(p->edge);
	p->edge = edge;
	p->nedge = n;
	return 0;
}

int
state_set_point(struct state_point *p, const char *json, size_t len, const struct track *t)
{
	struct ab_str value = t == NULL ? (struct ab_str){"", 0} : track_value(t);

	if (state_set(&p->json, json, len) != 0 || state_set(&p->cursor, value.ptr, value.len) != 0)
		return -1;
	return set_edge(p, t == NULL ? NULL : t->edge.hashes, t == NULL ? 0 : t->edge.n);
}

int
state_copy_point(struct state_point *to, const struct state_point *from)
{
	if (state_set(&to->json, from->json, from->json == NULL ? 0 : strlen(from->json)) != 0 ||
	    state_set(&to->cursor, from->cursor, from->cursor == NULL ? 0 : strlen(from->cursor)) !=
		0)
		return -1;
	return set_edge(to, from->edge, from->nedge);
}

static struct state_part *
add_part(struct state_read *r)
{
	if (r->n == r->cap) {
		size_t cap = r->cap == 0 ? 4 : r->cap * 2;
		struct state_part *parts = realloc(r->parts, cap * sizeof(*parts));

		if (parts == NULL)
			return NULL;
		r->parts = parts;
		r->cap = cap;
	}
	memset(&r->parts[r->n], 0, sizeof(*r->parts));
	return &r->parts[r->n++];
}

/* Partitions come in the order of the last time, so the search begins behind the last one found. */
struct state_part *
state_part(struct state_read *r, const char *partition)
{
	struct state_part *p;

	for (size_t i = 0; i < r->n; i++) {
		size_t at = (r->last + 1 + i) % r->n;

		if (strcmp(r->parts[at].partition, partition) == 0) {
			r->last = at;
			return &r->parts[at];
		}
	}
	if ((p = add_part(r)) == NULL)
		return NULL;
	r->last = r->n - 1;
	if ((p->partition = strdup(partition)) == NULL) {
		r->n--;
		return NULL;
	}
	return p;
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
	s->unfinished |= row->started_us != 0;
	if (row->generation_id > s->generation_id)
		s->generation_id = row->generation_id;
	if (!row->is_refresh || row->started_us == 0)
		return;
	s->in_refresh = 1;
	s->refresh_goes_on |= p->token != NULL || p->done;
	s->refresh_id = row->generation_id;
	s->notes = *notes;
}

/* Reads the stream's rows into parts. */
static ab_status
read_rows(struct state_read *r, const struct dest_state *rows, size_t nrows, struct stored *s,
    struct error *e)
{
	for (size_t i = 0; i < nrows; i++) {
		struct state_notes notes;
		struct state_part *p;

		if (strcmp(rows[i].stream, r->stream) != 0 ||
		    strcmp(rows[i].namespace_, r->namespace_) != 0)
			continue;
		if ((p = add_part(r)) == NULL || state_row_read(&rows[i], p, &notes) != 0)
			return no_memory(e);
		take_stock(s, &rows[i], p, &notes);
		if (notes.until_us > r->until_us)
			r->until_us = notes.until_us;
		if (rows[i].is_refresh && rows[i].started_us != 0)
			p->refreshed = 1;
	}
	return AB_OK;
}

/* Parts keep the point at which a read begins, and lose what an unfinished read had left, unless it was of the kind
 * that goes on. */
static void
forget_reads(struct state_read *r, int keep_refresh, int keep_other)
{
	for (size_t i = 0; i < r->n; i++) {
		struct state_part *p = &r->parts[i];

		if (p->refreshed ? keep_refresh : keep_other)
			continue;
		state_set(&p->token, NULL, 0);
		state_point_fini(&p->run);
		p->started_us = p->pages = p->done = p->is_void = 0;
	}
}

static void
open_refresh(struct state_read *r, const struct stored *s)
{
	int same = s->in_refresh && s->notes.has_mode && s->notes.sync_mode == r->sync_mode &&
	    s->notes.mode == r->mode;

	r->is_refresh = 1;
	r->resumed = same && s->refresh_goes_on;
	r->fresh = !r->resumed;
	r->generation_id = r->resumed ? s->refresh_id : s->generation_id + 1;
	forget_reads(r, r->resumed, 0);
}

static void
open_incremental(struct state_read *r, const struct stored *s)
{
	r->generation_id = s->generation_id > 0 ? s->generation_id : 1;
	forget_reads(r, 0, 1);
	for (size_t i = 0; i < r->n; i++) {
		struct state_part *p = &r->parts[i];

		if (is_empty_state(p->base.json))
			state_set(&p->base.json, NULL, 0);
		if (p->is_void && (r->void_since_us == 0 || p->started_us < r->void_since_us))
			r->void_since_us = p->started_us;
		r->resumed |= p->started_us != 0 && !p->is_void;
	}
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
	if ((status = read_rows(r, rows, nrows, &s, e)) != AB_OK)
		return status;
	refresh = p->sync_mode == PLAN_FULL_REFRESH || from_start ||
	    (s.in_refresh && s.notes.sync_mode == PLAN_INCREMENTAL) ||
	    (p->mode == DEST_APPEND && s.any && !s.has_state && !s.unfinished);
	if (refresh && p->sync_mode == PLAN_INCREMENTAL && p->mode == DEST_APPEND)
		r->mode = DEST_OVERWRITE;
	if (refresh)
		open_refresh(r, &s);
	else
		open_incremental(r, &s);
	return AB_OK;
}

void
state_close(struct state_read *r)
{
	for (size_t i = 0; i < r->n; i++)
		state_part_fini(&r->parts[i]);
	free(r->parts);
	memset(r, 0, sizeof(*r));
}

static void
add_or_null(struct buf *out, const char *key, const char *json)
{
	buf_addf(out, "\"%s\":", key);
	buf_adds(out, json == NULL || *json == '\0' ? "null" : json);
}

int
state_committed(const struct state_read *r, struct buf *out)
{
	buf_addc(out, '[');
	for (size_t i = 0; i < r->n; i++) {
		const struct state_part *p = &r->parts[i];

		buf_adds(out, i == 0 ? "{" : ",{");
		add_or_null(out, "partition", p->partition);
		buf_addc(out, ',');
		add_or_null(out, "state", r->is_refresh ? NULL : p->base.json);
		buf_adds(out, ",\"token\":");
		if (p->token == NULL)
			buf_adds(out, "null");
		else
			buf_add_json_string(out, p->token, strlen(p->token));
		buf_addc(out, ',');
		add_or_null(out, "running", p->token == NULL ? NULL : p->run.json);
		buf_addf(out, ",\"done\":%s}", p->done ? "true" : "false");
	}
	buf_addc(out, ']');
	return out->failed ? -1 : 0;
}

/* A full refresh has no state: one row says that it is done.  Else every partition keeps its final state; those that
 * the source did not list this time keep the one they had, unless a refresh has replaced their rows. */
static int
end_parts(struct state_read *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->n; i++) {
		struct state_part *p = &r->parts[i];

		if (r->is_refresh && (!p->done || r->sync_mode == PLAN_FULL_REFRESH)) {
			state_part_fini(p);
			continue;
		}
		if (r->is_refresh) {
			state_point_fini(&p->base);
			p->base = p->run;
			memset(&p->run, 0, sizeof(p->run));
		}
		state_set(&p->token, NULL, 0);
		state_point_fini(&p->run);
		p->done = p->pages = p->started_us = p->is_void = 0;
		r->parts[kept++] = *p;
	}
	r->n = kept;
	if (r->sync_mode == PLAN_FULL_REFRESH) {
		struct state_part *p = state_part(r, "");

		return p == NULL ? -1 : state_set(&p->base.json, "{}", 2);
	}
	return 0;
}

static ab_status
write_rows(struct state_read *r, int all, struct dest_state **rows, size_t *n, struct error *e)
{
	*n = 0;
	*rows = calloc(r->n + 1, sizeof(**rows));
	if (*rows == NULL)
		return no_memory(e);
	for (size_t i = 0; i < r->n; i++) {
		if (!all && !r->parts[i].dirty)
			continue;
		if (state_row_write(r, &r->parts[i], &(*rows)[(*n)++]) != 0) {
			dest_states_free(*rows, *n);
			*rows = NULL;
			*n = 0;
			return no_memory(e);
		}
		r->parts[i].dirty = 0;
	}
	return AB_OK;
}

ab_status
state_rows(struct state_read *r, struct dest_state **rows, size_t *n, struct error *e)
{
	return write_rows(r, 0, rows, n, e);
}

ab_status
state_end(struct state_read *r, struct dest_state **rows, size_t *n, struct error *e)
{
	if (end_parts(r) != 0)
		return no_memory(e);
	return write_rows(r, 1, rows, n, e);
}
