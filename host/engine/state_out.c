/* state_out.c - see state.h: what is told of a stream's state, to the connector and to the store. */
#include <stdlib.h>
#include <string.h>

#include "data/canonical.h"
#include "data/view.h"
#include "engine/state.h"
#include "engine/state_row.h"

#define VIEWS_MAX    ((size_t)16 << 20)
#define ANSWER_BYTES ((size_t)4 << 20) /* with so many it is enough: the rest is asked for again */

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the state of a stream");
}

static void
add_or_null(struct buf *out, const char *key, const char *json)
{
	buf_addf(out, "\"%s\":", key);
	buf_adds(out, json == NULL || *json == '\0' ? "null" : json);
}

/* One that is done in this very run is not told as such: it is listed twice, and that is to be seen. */
static void
add_committed(const struct state_read *r, const struct state_part *p, struct buf *out)
{
	buf_adds(out, out->len == 1 ? "{" : ",{");
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
	buf_addf(out, ",\"done\":%s}", p->done && p->started_us < r->begun_us ? "true" : "false");
}

int
state_committed(const struct state_read *r, struct buf *out)
{
	size_t at = 0;
	int found;

	buf_addc(out, '[');
	for (const struct state_part *p = r->parts; p != NULL; p = p->next)
		add_committed(r, p, out);
	for (;;) {
		struct state_part p = {0};

		if ((found = shelf_next(&r->shelf, &at, &p)) != 1)
			break;
		add_committed(r, &p, out);
		state_part_fini(&p);
		if (out->failed)
			return -1;
	}
	buf_addc(out, ']');
	return out->failed || found < 0 ? -1 : 0;
}

int
state_committed_whole(const struct state_read *r, struct buf *out)
{
	struct state_part shelved = {0};
	const struct state_part *p = r->parts;
	int found = 0;

	while (p != NULL && *p->partition != '\0')
		p = p->next;
	if (p == NULL && (found = shelf_look(&r->shelf, "", &shelved)) == 1)
		p = &shelved;
	buf_addc(out, '[');
	if (p != NULL)
		add_committed(r, p, out);
	buf_addc(out, ']');
	state_part_fini(&shelved);
	return out->failed || found < 0 ? -1 : 0;
}

/* -1: no memory. */
static int
add_asked(const struct state_read *r, const struct ab_json *v, struct buf *out)
{
	struct ab_str text = view_span(v);
	char *name = view_type(v) == AB_NULL ? strdup("") : canonical_json(text.ptr, text.len);
	struct state_part shelved = {0};
	const struct state_part *p = r->parts;
	int found = 0;

	if (name == NULL)
		return -1;
	while (p != NULL && strcmp(p->partition, name) != 0)
		p = p->next;
	if (p == NULL && (found = shelf_look(&r->shelf, name, &shelved)) == 1)
		p = &shelved;
	free(name);
	if (p != NULL)
		add_committed(r, p, out);
	else
		buf_adds(out, out->len == 1 ? "null" : ",null");
	state_part_fini(&shelved);
	return found < 0 ? -1 : 0;
}

int
state_committed_some(const struct state_read *r, struct ab_str partitions, struct buf *out)
{
	const struct ab_json *all;
	struct view_root root;
	int failed = 0;
	size_t n;

	view_root_init(&root, VIEWS_MAX);
	all = view_parse(&root, partitions.ptr, partitions.len, "partitions");
	n = view_type(all) == AB_ARRAY ? view_len(all) : 0;
	buf_addc(out, '[');
	for (size_t i = 0; i < n && !failed && (i == 0 || out->len < ANSWER_BYTES); i++)
		failed = add_asked(r, view_at(all, i), out);
	buf_addc(out, ']');
	failed |= root.error.status != AB_OK || out->failed;
	view_root_fini(&root);
	return failed ? -1 : 0;
}

static int
add_row(const struct state_read *r, const struct state_part *p, struct state_rows *out)
{
	return state_row_write(r, p, &out->rows[out->n++]);
}

/* Those of the list: the dirty ones, or all. */
static int
add_listed(struct state_read *r, int all, struct state_rows *out)
{
	int failed = 0;

	for (struct state_part *p = r->parts; p != NULL && !failed; p = p->next) {
		if (all || p->dirty)
			failed = add_row(r, p, out);
		p->dirty = 0;
	}
	return failed;
}

static size_t
count_listed(const struct state_read *r)
{
	size_t n = 0;

	for (const struct state_part *p = r->parts; p != NULL; p = p->next)
		n++;
	return n;
}

/* Of the shelf: its dirty entries, or all. */
static int
add_shelved(struct state_read *r, int all, struct state_rows *out)
{
	size_t at = 0;
	int found;

	for (;;) {
		struct state_part p = {0};

		found = all ? shelf_next(&r->shelf, &at, &p) : shelf_next_dirty(&r->shelf, &at, &p);
		if (found != 1)
			break;
		p.lane = DEST_NO_LANE;
		if (add_row(r, &p, out) != 0)
			found = -1;
		state_part_fini(&p);
		if (found < 0)
			break;
	}
	shelf_clean(&r->shelf);
	return found;
}

static int
add_bundles(struct state_read *r, struct state_rows *out)
{
	struct state_part whole = {0};
	size_t at = 0, dirty = 0, number = 0;
	int found = shelf_look(&r->shelf, "", &whole);

	if (found == 1 && add_row(r, &whole, out) != 0)
		found = -1;
	state_part_fini(&whole);
	for (int more = 1; more == 1 && found >= 0;) {
		more = state_row_bundle(r, &at, number++, &out->rows[out->n]);
		out->n += more == 1;
		found = more < 0 ? -1 : found;
	}
	/* they are written with the others */
	for (int more = 1; more == 1 && found >= 0;) {
		struct state_part p = {0};

		more = shelf_next_dirty(&r->shelf, &dirty, &p);
		state_part_fini(&p);
	}
	shelf_clean(&r->shelf);
	return found;
}

/* With a row for each partition, or, where there are too many, with shared ones in the place of all that are stored. */
static ab_status
write_rows(struct state_read *r, int all, struct state_rows *out, struct error *e)
{
	size_t listed = count_listed(r), shelved = all ? r->shelf.n : r->shelf.ndirty;
	int bundled =
	    r->shelf.n > STATE_MAX_ROWS && (all || r->nrows + listed + shelved > STATE_MAX_ROWS);
	int failed;

	memset(out, 0, sizeof(*out));
	/* a bundle holds fewer where its partitions are large */
	if (bundled)
		shelved = r->shelf.n / STATE_BUNDLE + r->shelf.bytes.len / 65536;
	if ((out->rows = calloc(listed + shelved + 4, sizeof(*out->rows))) == NULL)
		return no_memory(e);
	out->replace = all || bundled;
	failed = add_listed(r, all || bundled, out);
	if (!failed)
		failed = bundled ? add_bundles(r, out) : add_shelved(r, all, out);
	if (failed < 0) {
		dest_states_free(out->rows, out->n);
		memset(out, 0, sizeof(*out));
		return no_memory(e);
	}
	r->is_bundled = bundled || (r->is_bundled && !all);
	r->is_stale = 0;
	r->nrows = bundled ? listed : r->nrows + out->n;
	return AB_OK;
}

ab_status
state_rows(struct state_read *r, struct state_rows *out, struct error *e)
{
	/* shared rows that still speak of it would make the next run believe that it goes on */
	return write_rows(r, r->is_stale, out, e);
}

/* The read that has ended becomes where the next one begins. */
static void
end_read(const struct state_read *r, struct state_part *p)
{
	if (r->is_refresh || (r->is_shared && p->run.json != NULL)) {
		state_point_fini(&p->base);
		p->base = p->run;
		memset(&p->run, 0, sizeof(p->run));
	}
	state_part_forget(p);
	p->dirty = p->refreshed = 0;
}

/* Of a stream with one state, where this read has passed over a partition. */
static int
end_shared(const struct state_read *r, struct state_part *p)
{
	int is_whole = *p->partition == '\0';

	/* it was not listed, and its rows are replaced */
	if (!is_whole && r->is_refresh && !p->done)
		return 0;
	if (is_whole && r->is_refresh)
		state_point_fini(&p->base);
	if (!is_whole && r->is_refresh)
		end_read(r, p);
	state_part_forget(p);
	p->dirty = p->refreshed = 0;
	return is_whole || p->base.json != NULL;
}

static int
was_passed_over(const struct state_read *r, const struct state_part *p)
{
	return *p->partition != '\0' && p->done && p->started_us < r->begun_us;
}

/* 1: some partition was; -1: no memory. */
static int
has_passed_over(const struct state_read *r)
{
	size_t at = 0;
	int found = 0, passed = 0;

	for (const struct state_part *p = r->parts; p != NULL; p = p->next)
		passed |= was_passed_over(r, p);
	while (!passed) {
		struct state_part p = {0};

		if ((found = shelf_next(&r->shelf, &at, &p)) != 1)
			break;
		passed = was_passed_over(r, &p);
		state_part_fini(&p);
	}
	return found < 0 ? -1 : passed;
}

/* What is to be kept of a partition when its stream has ended; 0: nothing.  One that the source did not list keeps what it
 * had, unless a refresh has replaced its rows, or there are so many that such ones would heap up, and it would double
 * nothing if it came back and were read from its beginning. */
static int
end_part(const struct state_read *r, struct state_part *p)
{
	int is_whole = *p->partition == '\0';
	int is_pruned = r->mode == DEST_APPEND_DEDUP && r->n_at_end > STATE_MAX_ROWS;

	if (r->is_shared && r->has_passed_over)
		return end_shared(r, p);
	if (r->is_shared && !is_whole)
		return 0;
	if (!p->done && !(r->is_shared && is_whole) && (r->is_refresh || (is_pruned && !is_whole)))
		return 0;
	end_read(r, p);
	return 1;
}

static int
end_listed(struct state_read *r)
{
	int failed = 0;

	for (struct state_part *p = r->parts, *next; p != NULL && !failed; p = next) {
		int keep = end_part(r, p);

		next = p->next;
		state_free_lane(r, p);
		if (keep)
			failed = state_put_part(r, p);
		else
			state_drop_part(r, p);
	}
	return failed;
}

static int
end_shelved(struct state_read *r)
{
	size_t at = 0, end = r->shelf.bytes.len;
	int found = 1;

	while (at < end && found == 1) {
		struct state_part p = {0}, taken = {0};

		if ((found = shelf_next(&r->shelf, &at, &p)) != 1)
			break;
		if (end_part(r, &p))
			found = shelf_put(&r->shelf, &p) == 0 ? 1 : -1;
		else
			found = shelf_take(&r->shelf, p.partition, &taken);
		state_part_fini(&p);
		state_part_fini(&taken);
	}
	return found < 0 ? -1 : 0;
}

/* A full refresh has no state: one row says that it is done. */
static int
end_full_refresh(struct state_read *r)
{
	struct state_part done = {.lane = DEST_NO_LANE};
	char none[] = "", state[] = "{}";

	while (r->parts != NULL)
		state_drop_part(r, r->parts);
	shelf_fini(&r->shelf);
	done.partition = none;
	done.base.json = state;
	return shelf_init(&r->shelf, NULL) != 0 ? -1 : shelf_put(&r->shelf, &done);
}

ab_status
state_end(struct state_read *r, struct state_rows *out, struct error *e)
{
	int failed;

	r->has_ended = 1;
	memset(out, 0, sizeof(*out));
	r->n_at_end = r->shelf.n;
	r->has_passed_over = r->is_shared ? has_passed_over(r) : 0;
	if (r->has_passed_over < 0)
		return no_memory(e);
	failed = r->sync_mode == PLAN_FULL_REFRESH ? end_full_refresh(r) : end_listed(r);
	if (!failed && r->sync_mode != PLAN_FULL_REFRESH)
		failed = end_shelved(r);
	return failed ? no_memory(e) : write_rows(r, 1, out, e);
}
