/* state_out.c - see state.h: what is told of a stream's state, to the connector and to the store. */
#include <stdlib.h>
#include <string.h>

#include "engine/state.h"
#include "engine/state_row.h"

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
	buf_addf(out, ",\"done\":%s}", p->done ? "true" : "false");
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
	r->nrows = bundled ? listed : r->nrows + out->n;
	return AB_OK;
}

ab_status
state_rows(struct state_read *r, struct state_rows *out, struct error *e)
{
	return write_rows(r, 0, out, e);
}

/* What is to be kept of a partition when its stream has ended: those that the source did not list keep what they had,
 * unless a refresh has replaced their rows. 0: nothing. */
static int
end_part(const struct state_read *r, struct state_part *p)
{
	if (r->is_refresh && !p->done)
		return 0;
	if (r->is_refresh) {
		state_point_fini(&p->base);
		p->base = p->run;
		memset(&p->run, 0, sizeof(p->run));
	}
	state_part_forget(p);
	p->dirty = p->refreshed = 0;
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
	int failed = r->sync_mode == PLAN_FULL_REFRESH ? end_full_refresh(r) : end_listed(r);

	r->has_ended = 1;
	memset(out, 0, sizeof(*out));
	if (!failed && r->sync_mode != PLAN_FULL_REFRESH)
		failed = end_shelved(r);
	return failed ? no_memory(e) : write_rows(r, 1, out, e);
}
