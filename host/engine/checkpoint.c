/* checkpoint.c - see read.h: when rows become durable, and the state that goes with them. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/read_internal.h"

#ifndef DUE_RECORDS /* tests/kill builds with few, so that a short run has many checkpoints */
#define DUE_RECORDS 100000
#endif
#define DUE_BYTES (64 << 20)
#define DUE_US	  10000000
/* at the end of a partition a checkpoint is allowed; many small ones share one */
#define PARTITION_RECORDS 10000
#define PARTITION_BYTES	  (8 << 20)
#define PARTITION_US	  1000000

void
checkpoint_reset(struct read *r)
{
	r->records = r->bytes = 0;
	r->since_us = clock_mono_us();
}

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for a checkpoint");
}

/* {"updated_at": <greatest value>}, with a nested field's names joined by dots; empty where no record had one. */
static int
host_state(const struct read *r, struct buf *out)
{
	struct ab_str value = track_value(&r->track);
	struct buf key;
	int failed;

	if (value.len == 0)
		return 0;
	buf_init(&key, CURSOR_MAX_VALUE);
	for (const char *const *p = r->o->plan->cursor; *p != NULL; p++)
		buf_addf(&key, "%s%s", p == r->o->plan->cursor ? "" : ".", *p);
	buf_addc(out, '{');
	buf_add_json_string(out, buf_str(&key), key.len);
	buf_addc(out, ':');
	buf_add(out, value.ptr, value.len);
	buf_addc(out, '}');
	failed = key.failed || out->failed;
	buf_fini(&key);
	return failed ? -1 : 0;
}

/* The point behind the last page: the connector's own state, or the greatest cursor value; else where the read began. */
static int
set_reached(struct read *r, struct state_point *to)
{
	struct buf json;
	int failed;

	buf_init(&json, 2 * CURSOR_MAX_VALUE);
	if (r->o->plan->sync_mode == PLAN_FULL_REFRESH)
		failed = state_set_point(to, "", 0, NULL);
	else if (r->has_state)
		failed = state_set_point(to, r->own_state.ptr, r->own_state.len, &r->track);
	else if (host_state(r, &json) != 0)
		failed = -1;
	else if (json.len > 0)
		failed = state_set_point(to, json.ptr, json.len, &r->track);
	else
		failed = to == &r->part->base || r->state.is_refresh
		    ? 0
		    : state_copy_point(to, &r->part->base);
	buf_fini(&json);
	return failed;
}

static ab_status
send_commit(struct read *r, struct dest_state *rows, size_t n, int ends_stream, struct error *e)
{
	struct writer_commit *c = calloc(1, sizeof(*c));
	struct queue_item item = {.type = QUEUE_COMMIT, .stream = r->o->index, .commit = c};

	if (c == NULL) {
		dest_states_free(rows, n);
		return no_memory(e);
	}
	c->rows = rows;
	c->n = n;
	c->replaces = ends_stream;
	c->ends_run = ends_stream && r->o->ends_run;
	c->records = r->o->report->out->records;
	c->bytes = r->o->report->out->bytes;
	writer_send(r->o->writer, &item);
	checkpoint_reset(r);
	return AB_OK;
}

static ab_status
commit_dirty(struct read *r, struct error *e)
{
	struct dest_state *rows;
	ab_status status;
	size_t n;

	if (r->part != NULL)
		r->part->dirty = 1;
	status = state_rows(&r->state, &rows, &n, e);
	return status == AB_OK ? send_commit(r, rows, n, 0, e) : status;
}

static int
may_cut_partition(const struct read *r)
{
	return !r->partitioned || r->state.mode == DEST_APPEND_DEDUP;
}

static int
may_use_token(const struct read *r)
{
	return r->has_token && r->o->plan->resumable && !r->part->is_void && may_cut_partition(r);
}

static int
may_use_state(const struct read *r)
{
	return r->o->plan->sorted && !r->state.is_refresh && !r->broke_promise &&
	    may_cut_partition(r);
}

/* Rows that are written again do no harm. */
static int
may_repeat(const struct read *r)
{
	if (r->state.mode == DEST_APPEND_DEDUP)
		return 1;
	return r->state.mode == DEST_OVERWRITE && !r->partitioned && !r->o->plan->resumable;
}

static int
may_commit(const struct read *r)
{
	return r->part == NULL || may_use_token(r) || may_use_state(r) || may_repeat(r);
}

/* Moves the partition's row to behind the last page, as far as it may, and commits. */
static ab_status
commit_page(struct read *r, struct error *e)
{
	struct state_part *p = r->part;
	int failed = 0;

	if (p == NULL || r->part_page == 0)
		return commit_dirty(r, e);
	if (may_use_token(r)) {
		failed = state_set(&p->token, r->token.ptr, r->token.len) | set_reached(r, &p->run);
	} else if (may_use_state(r)) {
		failed = state_set(&p->token, NULL, 0) | set_reached(r, &p->base);
		r->moved_base = 1;
	}
	if (failed)
		return no_memory(e);
	p->pages = r->pages_before + r->part_page;
	return commit_dirty(r, e);
}

/* A cursor went back, or was missing, in a stream that promised neither: the state so far may be past records that are still
 * to come, or before some that are here.  So the read counts from where it began.  What of it is durable is marked void
 * at once, until the partition has ended. */
static ab_status
break_promise(struct read *r, struct error *e)
{
	struct state_part *p = r->part;

	r->broke_promise = 1;
	log_line(AB_WARN,
	    "connector %s, stream \"%s\": a record has no cursor value, or one below the one before, although the "
	    "stream is declared sorted; its state is kept only at the end of each partition",
	    r->o->connector, r->o->plan->name);
	if (!r->moved_base)
		return AB_OK;
	if (state_copy_point(&p->base, &r->before) != 0)
		return no_memory(e);
	p->is_void = r->state.mode == DEST_APPEND;
	return commit_dirty(r, e);
}

static int
is_due(const struct read *r, int64_t records, int64_t bytes, int64_t us)
{
	return r->records >= records || r->bytes >= bytes || clock_mono_us() - r->since_us >= us;
}

ab_status
checkpoint_page(struct read *r, size_t records, size_t bytes, struct error *e)
{
	ab_status status = AB_OK;

	r->records += (int64_t)records;
	r->bytes += (int64_t)bytes;
	if (r->o->plan->sorted && r->track.cursor.descended && !r->broke_promise)
		status = break_promise(r, e);
	if (status == AB_OK && may_commit(r) && is_due(r, DUE_RECORDS, DUE_BYTES, DUE_US))
		status = commit_page(r, e);
	return status;
}

ab_status
checkpoint_partition(struct read *r, struct error *e)
{
	struct state_part *p = r->part;

	if (set_reached(r, r->state.is_refresh ? &p->run : &p->base) != 0)
		return no_memory(e);
	state_set(&p->token, NULL, 0);
	if (!r->state.is_refresh)
		state_point_fini(&p->run);
	p->done = p->dirty = 1;
	p->is_void = 0;
	p->pages = r->pages_before + r->part_page;
	r->part = NULL;
	if (r->partitioned && is_due(r, PARTITION_RECORDS, PARTITION_BYTES, PARTITION_US))
		return commit_dirty(r, e);
	return AB_OK;
}

ab_status
checkpoint_end(struct read *r, struct error *e)
{
	const struct queue_item finish = {.type = QUEUE_FINISH, .stream = r->o->index};
	struct dest_state *rows;
	ab_status status;
	size_t n;

	if ((status = state_end(&r->state, &rows, &n, e)) != AB_OK)
		return status;
	writer_send(r->o->writer, &finish);
	return send_commit(r, rows, n, 1, e);
}

ab_status
checkpoint_wait(struct read *r, struct error *e)
{
	return r->records > 0 && may_commit(r) ? commit_page(r, e) : AB_OK;
}

void
checkpoint_stop(struct read *r)
{
	const struct queue_item rollback = {.type = QUEUE_ROLLBACK, .stream = r->o->index};
	struct error ignored = ERROR_INIT;

	if (r->is_torn || !may_commit(r) || commit_page(r, &ignored) != AB_OK)
		writer_send(r->o->writer, &rollback);
}
