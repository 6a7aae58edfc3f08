/* checkpoint.c - see checkpoint.h. */
#include "engine/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "engine/due.h"

/* at the end of a partition a checkpoint is allowed; many small ones share one */
#define PARTITION_RECORDS 10000
#define PARTITION_BYTES	  (8 << 20)
#define PARTITION_US	  1000000
#define HOLD_PAUSE	  4 /* times as long as the last hold was, before the next */

enum cut { CUT_NONE, CUT_TOKEN, CUT_STATE, CUT_REPEAT, CUT_VOID, CUT_BLOCKED };

void
checkpoint_reset(struct flow *f)
{
	f->records = f->bytes = f->has_progress = 0;
	f->since_us = clock_mono_us();
}

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for a checkpoint");
}

/* {"updated_at": <greatest value>}, with a nested field's names joined by dots; empty where no record had one. */
static int
host_state(const struct read *r, const struct track *t, struct buf *out)
{
	struct ab_str value = track_value(t);
	struct buf key;
	int failed;

	if (value.len == 0)
		return 0;
	buf_init(&key, CURSOR_MAX_VALUE);
	for (const char *const *p = r->plan->cursor; *p != NULL; p++)
		buf_addf(&key, "%s%s", p == r->plan->cursor ? "" : ".", *p);
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
set_reached(const struct read *r, const struct read_part *p, struct state_point *to)
{
	struct buf json;
	int failed;

	buf_init(&json, 2 * CURSOR_MAX_VALUE);
	if (r->plan->sync_mode == PLAN_FULL_REFRESH)
		failed = state_set_point(to, "", 0, NULL);
	else if (p->has_state)
		failed = state_set_point(to, p->own_state.ptr, p->own_state.len, &p->track);
	else if (host_state(r, &p->track, &json) != 0)
		failed = -1;
	else if (json.len > 0)
		failed = state_set_point(to, json.ptr, json.len, &p->track);
	else
		failed = to == &p->row->base || r->state.is_refresh
		    ? 0
		    : state_copy_point(to, &p->row->base);
	buf_fini(&json);
	return failed;
}

static int
is_pipe(const struct read *r)
{
	const struct dest_ops *ops = r->flow->dest->ops;

	return ops->is_durable != NULL && !ops->is_durable(r->flow->dest);
}

/* Rows of one partition can be taken back without those of others; in append_dedup only rows without a key need it. */
static int
may_go_back(const struct read *r)
{
	return !r->partitioned || r->flow->dest->ops->can_discard ||
	    (r->state.mode == DEST_APPEND_DEDUP && is_pipe(r));
}

/* A token that is committed is where the next run goes on. */
static int
outlives(const struct read *r)
{
	return r->plan->resumable ||
	    (r->plan->is_covered && r->plan->sync_mode == PLAN_INCREMENTAL);
}

/* Not once the state has moved: if the token were refused, all rows of the read would go, those that the state covers with
 * them. */
static int
may_use_token(const struct read *r, const struct read_part *p)
{
	return !p->moved_base && p->has_token && outlives(r) && !p->is_torn && may_go_back(r);
}

static int
may_use_state(const struct read *r, const struct read_part *p)
{
	return (r->plan->sorted || p->is_covered) && !r->state.is_refresh && !r->broke_promise &&
	    r->whole == NULL && !p->is_torn && may_go_back(r);
}

/* Rows that are written again replace themselves, but for those without a key, which are void. */
static int
may_replace(const struct read *r)
{
	return r->state.mode == DEST_APPEND_DEDUP && r->flow->dest->ops->can_discard;
}

/* Rows that are written again do no harm. */
static int
may_repeat(const struct read *r)
{
	if (may_replace(r) || is_pipe(r))
		return 1;
	return r->state.mode == DEST_OVERWRITE && !r->partitioned && !outlives(r);
}

static enum cut
how_to_cut(const struct read *r, const struct read_part *p)
{
	if (p->page == 0)
		return CUT_NONE;
	if (may_use_token(r, p))
		return CUT_TOKEN;
	/* a state that came without records counts, too: where it is that of all streams, all go on at the oldest */
	if ((p->since_us != 0 || p->is_covered) && may_use_state(r, p))
		return CUT_STATE;
	if (p->since_us == 0)
		return CUT_NONE;
	if (may_repeat(r))
		return CUT_REPEAT;
	return r->flow->dest->ops->can_discard ? CUT_VOID : CUT_BLOCKED;
}

/* Moves the partition's row to behind the last page, as far as it may. */
static int
cut_part(struct read *r, struct read_part *p, enum cut how)
{
	struct state_part *row = p->row;
	int failed = 0;

	if (how == CUT_NONE || p->page == p->cut_page)
		return 0;
	if (how == CUT_TOKEN)
		failed = state_set(&row->token, p->token.ptr, p->token.len) |
		    state_set_met(row, &p->track) | set_reached(r, p, &row->run);
	if (how == CUT_STATE) {
		failed = state_set(&row->token, NULL, 0) | set_reached(r, p, &row->base);
		p->moved_base = 1;
	}
	if (how == CUT_TOKEN || how == CUT_STATE)
		p->since_us = row->void_us = 0;
	if ((how == CUT_VOID || (how == CUT_REPEAT && may_replace(r))) && row->void_us == 0)
		row->void_us = p->since_us;
	if (how != CUT_VOID)
		row->pages = p->pages_before + p->page;
	row->dirty = 1;
	p->cut_page = p->page;
	return failed ? -1 : 0;
}

/* What the partitions that are open say to a checkpoint now: the worst way in which one can be cut, and whether one of
 * another kind of stream than those with partitions is in the way. */
struct opinion {
	int is_blocked, is_hopeless; /* holding would not help */
	int has_progress;
};

static struct opinion
ask_parts(const struct flow *f)
{
	struct opinion o = {.has_progress = f->has_progress};

	for (const struct read *r = f->reads; r != NULL; r = r->next) {
		if (r->is_refused)
			continue;
		for (const struct read_part *p = r->parts; p != NULL; p = p->next) {
			enum cut how = how_to_cut(r, p);

			o.is_blocked |= how == CUT_BLOCKED;
			o.is_hopeless |= how == CUT_BLOCKED && !r->partitioned;
			o.has_progress |= p->page != p->cut_page && how != CUT_NONE &&
			    how != CUT_VOID && how != CUT_BLOCKED;
		}
	}
	return o;
}

static int
cut_read(struct read *r)
{
	int failed = 0;

	for (struct read_part *p = r->parts; p != NULL && !failed; p = p->next)
		failed = cut_part(r, p, how_to_cut(r, p));
	return failed;
}

static int
ended_well(const struct read *r)
{
	return r->phase == READ_ENDED && r->error.status == AB_OK && !r->begins_again;
}

/* The stream's rows of state, for the commit that is being made. */
static ab_status
add_group(struct read *r, struct writer_commit *c, struct error *e)
{
	const struct queue_item finish = {.type = QUEUE_FINISH, .stream = r->index};
	struct state_rows rows;

	if (cut_read(r) != 0)
		return no_memory(e);
	if (ended_well(r) && !r->has_finish) {
		writer_send(r->flow->writer, &finish);
		r->has_finish = 1;
	}
	if ((ended_well(r) ? state_end(&r->state, &rows, e) : state_rows(&r->state, &rows, e)) !=
	    AB_OK)
		return e->status;
	c->groups[c->n++] = (struct writer_group){
	    .stream = r->index, .rows = rows.rows, .n = rows.n, .replace = rows.replace};
	return AB_OK;
}

/* The last checkpoint of a run ends it. */
static int
ends_run(const struct flow *f)
{
	for (size_t i = f->next; i < f->plan->n; i++)
		if (!f->begun[i])
			return 0;
	for (const struct read *r = f->reads; r != NULL; r = r->next)
		if (!ended_well(r) || r->is_refused)
			return 0;
	return f->failed == 0;
}

static ab_status
commit_all(struct flow *f, struct error *e)
{
	struct writer_commit *c = calloc(1, sizeof(*c));
	struct queue_item item = {.type = QUEUE_COMMIT, .commit = c};
	size_t n = 0;

	for (const struct read *r = f->reads; r != NULL; r = r->next)
		n++;
	if (c == NULL || (c->groups = calloc(n + 1, sizeof(*c->groups))) == NULL) {
		free(c);
		return no_memory(e);
	}
	for (struct read *r = f->reads; r != NULL; r = r->next) {
		if (r->is_refused || r->commit != 0)
			continue;
		if (add_group(r, c, e) != AB_OK) {
			writer_commit_free(c);
			return e->status;
		}
	}
	c->is_joint = f->joint.is_on;
	c->ends_run = ends_run(f);
	c->records = f->report->out->records;
	c->bytes = f->report->out->bytes;
	f->commits++;
	for (struct read *r = f->reads; r != NULL; r = r->next)
		if (r->phase == READ_ENDED && r->commit == 0 && !r->is_refused)
			r->commit = f->commits;
	writer_send(f->writer, &item);
	checkpoint_reset(f);
	return AB_OK;
}

static void
hold(struct flow *f, int on)
{
	int64_t now = clock_mono_us();

	if (f->is_held == on)
		return;
	f->is_held = on;
	if (on)
		f->held_us = now;
	else
		f->hold_after_us = now + HOLD_PAUSE * (now - f->held_us);
	source_hold(f->session->reader.source, on);
}

/* There is no memory for a checkpoint: what is not committed is lost, and the run is over. */
static void
give_up(struct flow *f, const struct error *e)
{
	f->is_fatal = 1;
	checkpoint_undo(f);
	for (struct read *r = f->reads; r != NULL; r = r->next) {
		r->begins_again = 0;
		if (r->error.status == AB_OK)
			r->error = *e;
	}
}

/* Commits where every partition can be cut; else sees to it that it will be so. */
static void
commit_or_hold(struct flow *f)
{
	struct opinion o = ask_parts(f);
	struct error e = ERROR_INIT;

	if (!o.has_progress || f->is_undone || !joint_may_commit(&f->joint) ||
	    atomic_load(&f->writer->failed))
		return;
	if (!o.is_blocked) {
		if (commit_all(f, &e) != AB_OK)
			give_up(f, &e);
		else if (f->is_held)
			hold(f, 0);
	} else if (!o.is_hopeless && clock_mono_us() >= f->hold_after_us) {
		hold(f, 1);
	}
}

static int
is_worth_it(const struct flow *f)
{
	return f->records >= PARTITION_RECORDS || f->bytes >= PARTITION_BYTES ||
	    clock_mono_us() - f->since_us >= PARTITION_US;
}

/* A stream has ended that no checkpoint covers.  Those that end while one is on its way share the next. */
static int
has_ended(const struct flow *f)
{
	int ended = 0;

	for (const struct read *r = f->reads; r != NULL; r = r->next)
		ended |= r->phase == READ_ENDED && r->commit == 0 && !r->is_refused;
	if (!ended || f->running == 0)
		return ended;
	return f->session->reader.signal == 0 && f->commits == atomic_load(&f->writer->commits);
}

void
checkpoint_try(struct flow *f)
{
	if (f->is_held || has_ended(f) ||
	    due_is(f->upserts, f->records, f->bytes, clock_mono_us() - f->since_us))
		commit_or_hold(f);
}

/* A cursor went back, or was missing, in a stream that promised neither: the state so far may be past records that are still
 * to come, or before some that are here.  So the read counts from where it began.  What of it is durable is marked void
 * at once, until the partition has ended. */
static void
break_promise(struct read *r)
{
	log_line(AB_WARN,
	    "connector %s, stream \"%s\": a record has no cursor value, or one below the one before, although the "
	    "stream is declared sorted; its state is kept only at the end of each partition",
	    r->flow->session->o->connector->id, r->plan->name);
	r->broke_promise = 1;
	for (struct read_part *p = r->parts; p != NULL; p = p->next) {
		struct error e = ERROR_INIT;

		if (!p->moved_base)
			continue;
		if (state_copy_point(&p->row->base, &p->before) != 0) {
			no_memory(&e);
			give_up(r->flow, &e);
			return;
		}
		p->since_us = p->row->started_us;
		p->cut_page = -1;
		p->moved_base = 0;
		if (r->state.mode != DEST_OVERWRITE)
			p->row->void_us = p->since_us;
		p->row->dirty = r->flow->has_progress = 1;
	}
	if (r->flow->has_progress)
		commit_or_hold(r->flow);
}

/* What comes next is not covered: the row moves now, and is committed when it is worth it. */
static void
cut_covered(struct read *r, struct read_part *p)
{
	enum cut how = how_to_cut(r, p);
	struct error e = ERROR_INIT;

	if (how != CUT_TOKEN && how != CUT_STATE)
		return;
	if (cut_part(r, p, how) == 0) {
		r->flow->has_progress = 1;
		return;
	}
	no_memory(&e);
	give_up(r->flow, &e);
}

void
checkpoint_page(struct read *r, struct read_part *p, size_t records, size_t bytes)
{
	r->flow->records += (int64_t)records;
	r->flow->bytes += (int64_t)bytes;
	if (r->plan->sorted && p->track.cursor.descended && !r->broke_promise)
		break_promise(r);
	if (p->is_covered)
		cut_covered(r, p);
	checkpoint_try(r->flow);
}

void
checkpoint_wait(struct flow *f)
{
	if (f->records > 0)
		commit_or_hold(f);
}

/* What the partition has seen counts for the state that all share. */
static int
share(struct read *r, struct read_part *p)
{
	struct state_part *whole = r->whole;
	struct buf json;
	int failed;

	buf_init(&json, 2 * CURSOR_MAX_VALUE);
	failed = r->plan->cursor != NULL && track_merge(&r->shared, &p->track) != 0;
	failed |= r->plan->cursor != NULL && host_state(r, &r->shared, &json) != 0;
	if (!failed && json.len > 0)
		failed = state_set_point(&whole->run, json.ptr, json.len, &r->shared);
	if (whole->started_us == 0)
		whole->started_us = p->row->started_us;
	whole->dirty = 1;
	buf_fini(&json);
	return failed;
}

ab_status
checkpoint_part(struct read *r, struct read_part *p, struct error *e)
{
	struct state_part *row = p->row;
	int failed = set_reached(r, p, r->state.is_refresh ? &row->run : &row->base);

	if (r->whole != NULL)
		failed |= share(r, p);
	state_set(&row->token, NULL, 0);
	if (!r->state.is_refresh)
		state_point_fini(&row->run);
	/* there are no others for which a run that goes on would pass it over, and what is new would wait for the one after */
	row->done = r->partitioned || r->state.is_refresh || row->base.json == NULL;
	row->dirty = 1;
	r->done++;
	row->void_us = 0;
	row->pages = p->pages_before + p->page;
	r->flow->has_progress = 1;
	if (failed || read_close_part(r, p) != 0) {
		/* its row may say more than is true, and must not be committed */
		no_memory(e);
		read_stop(r, e);
		checkpoint_undo(r->flow);
		return e->status;
	}
	if (r->flow->is_held || (r->partitioned && is_worth_it(r->flow)))
		commit_or_hold(r->flow);
	return AB_OK;
}

/* The rows of a failed stream's open partition that no cut covers go. */
static void
take_back(struct read *r, struct read_part *p)
{
	struct queue_item discard = {.type = QUEUE_DISCARD,
	    .stream = r->index,
	    .since_us = p->since_us,
	    .lane = p->row->lane};
	enum cut how = how_to_cut(r, p);

	if (how == CUT_BLOCKED) {
		checkpoint_undo(r->flow);
	} else if (how == CUT_VOID) {
		writer_send(r->flow->writer, &discard);
		p->row->void_us = 0;
		p->row->dirty = 1;
		if (p->row->token == NULL)
			p->row->started_us = 0;
	} else if (cut_part(r, p, how) != 0) {
		checkpoint_undo(r->flow);
	}
}

void
checkpoint_end(struct read *r)
{
	int failed = 0;

	r->flow->has_progress = 1;
	while (r->parts != NULL && !failed) {
		if (!r->is_refused && !r->flow->is_undone)
			take_back(r, r->parts);
		failed = read_close_part(r, r->parts);
	}
	if (r->whole != NULL && state_put_part(&r->state, r->whole) != 0)
		failed = -1;
	r->whole = NULL;
	/* a sibling that fails in every run must not keep what is new from those that are done */
	if (!failed && r->error.status != AB_OK && !r->begins_again && r->done == 0)
		failed = state_forget_done(&r->state);
	if (failed && r->error.status == AB_OK)
		no_memory(&r->error);
	if (failed)
		checkpoint_undo(r->flow);
	checkpoint_try(r->flow);
}

int
checkpoint_would_repeat(const struct read *r)
{
	for (const struct read_part *p = r->parts; p != NULL; p = p->next)
		if (r->state.mode == DEST_OVERWRITE && how_to_cut(r, p) == CUT_REPEAT)
			return 1;
	return 0;
}

void
checkpoint_undo(struct flow *f)
{
	const struct queue_item rollback = {.type = QUEUE_ROLLBACK};

	if (f->is_undone)
		return;
	f->is_undone = 1;
	if (!atomic_load(&f->writer->failed))
		writer_send(f->writer, &rollback);
	for (struct read *r = f->reads; r != NULL; r = r->next) {
		if (r->phase == READ_RUNS) {
			const struct error undone = {
			    .status = AB_ECANCELLED, .text = "the destination was rolled back"};

			r->begins_again = 1;
			read_stop(r, &undone);
		} else if (r->phase == READ_ENDED && r->error.status == AB_OK) {
			r->begins_again = 1;
		}
	}
}
