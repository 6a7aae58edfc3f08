/* writer.c - see writer.h. */
#include "engine/writer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

void
writer_commit_free(struct writer_commit *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->n; i++)
		dest_states_free(c->groups[i].rows, c->groups[i].n);
	free(c->groups);
	free(c);
}

static ab_status
do_begin(struct writer *w, const struct queue_item *item, struct error *e)
{
	struct writer_stream *s = &w->streams[item->stream];
	ab_status status;

	s->spec.fresh = item->fresh;
	status = w->dest->ops->begin(w->dest, &s->spec, &s->handle, e);
	if (status == AB_OK)
		snprintf(s->where, sizeof(s->where), "%s", w->dest->ops->where(s->handle));
	return status;
}

static void
note_stats(struct writer *w, struct writer_stream *s)
{
	struct dest_stats stats = {0};

	w->dest->ops->stats(s->handle, &stats);
	pthread_mutex_lock(&w->lock);
	s->stats = stats;
	pthread_mutex_unlock(&w->lock);
}

void
writer_stats(struct writer *w, size_t stream, struct dest_stats *out)
{
	pthread_mutex_lock(&w->lock);
	*out = w->streams[stream].stats;
	pthread_mutex_unlock(&w->lock);
}

static ab_status
do_page(struct writer *w, const struct queue_item *item, struct error *e)
{
	struct writer_stream *s = &w->streams[item->stream];
	const struct queue_page *p = item->page;
	struct dest_page page = {
	    .bytes = p->bytes,
	    .scan = &p->scan,
	    .about = p->about.len == 0 ? NULL : buf_str(&p->about),
	    .beside = p->beside.n == 0 ? NULL : &p->beside,
	    .extracted_us = p->extracted_us,
	    .number = p->number,
	};
	int64_t discarded = s->stats.discarded_rows;
	ab_status status;

	if (s->since_us == 0 || s->since_commits != atomic_load(&w->commits)) {
		s->since_us = p->extracted_us;
		s->since_commits = atomic_load(&w->commits);
		s->since_written = atomic_load(&s->written);
	}
	status = w->dest->ops->write(s->handle, &page, e);

	if (status != AB_OK)
		return status;
	note_stats(w, s);
	atomic_fetch_add(
	    &s->written, (int64_t)p->scan.nrecords - (s->stats.discarded_rows - discarded));
	return AB_OK;
}

/* A destination that cannot take rows back (a pipe) delivers at least once, and has said so when it was opened. */
static ab_status
do_discard(struct writer *w, const struct queue_item *item, struct error *e)
{
	ab_status status =
	    w->dest->ops->discard(w->streams[item->stream].handle, item->since_us, item->lane, e);

	if (status != AB_EUNSUPPORTED)
		return status;
	log_line(AB_WARN, "stream \"%s\": records that were written before are written again: %s",
	    w->streams[item->stream].spec.name, e->text);
	error_clear(e);
	return AB_OK;
}

/* The rows of all groups but those of refused streams; *n of them. */
static const struct dest_state **
list_rows(struct writer *w, const struct writer_commit *c, size_t *n)
{
	const struct dest_state **rows;

	*n = 0;
	for (size_t i = 0; i < c->n; i++)
		*n += c->groups[i].n;
	rows = calloc(*n + 1, sizeof(*rows));
	*n = 0;
	for (size_t i = 0; i < c->n && rows != NULL; i++) {
		const struct writer_group *g = &c->groups[i];

		if (!atomic_load(&w->streams[g->stream].refused))
			for (size_t k = 0; k < g->n; k++)
				rows[(*n)++] = &g->rows[k];
	}
	return rows;
}

static ab_status
delete_replaced(struct writer *w, const struct writer_commit *c, struct error *e)
{
	ab_status status = AB_OK;

	for (size_t i = 0; i < c->n && status == AB_OK; i++) {
		const struct writer_stream *s = &w->streams[c->groups[i].stream];

		if (c->groups[i].replace && !atomic_load(&s->refused))
			status = w->dest->ops->state_delete(
			    w->dest, s->spec.name, s->spec.namespace_, e);
	}
	return status;
}

static ab_status
do_commit(struct writer *w, const struct queue_item *item, struct error *e)
{
	const struct writer_commit *c = item->commit;
	const struct dest_state **rows;
	ab_status status;
	size_t n;

	if ((rows = list_rows(w, c, &n)) == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a checkpoint");
	w->run->records = c->records;
	w->run->bytes = c->bytes;
	/* whoever sent this may not have known of a refused stream */
	if (c->ends_run && w->refused == NULL) {
		w->run->outcome = "succeeded";
		w->run->ended_us = clock_steady_us();
	}
	status = delete_replaced(w, c, e);
	if (status == AB_OK)
		status = w->dest->ops->commit(w->dest, rows, n, w->run, e);
	if (status == AB_OK)
		atomic_fetch_add(&w->commits, 1);
	else
		w->run->ended_us = 0;
	free(rows);
	return status;
}

/* The last of what was collected is written, so the figures are complete. */
static ab_status
do_finish(struct writer *w, const struct queue_item *item, struct error *e)
{
	struct writer_stream *s = &w->streams[item->stream];
	ab_status status = w->dest->ops->finish(s->handle, e);

	if (status == AB_OK)
		note_stats(w, s);
	return status;
}

/* What was written since the last commit is gone, but for what went into a pipe. */
static void
roll_back(struct writer *w)
{
	const struct dest_ops *ops = w->dest->ops;
	int64_t commits = atomic_load(&w->commits);
	int is_pipe = ops->is_durable != NULL && !ops->is_durable(w->dest);

	ops->rollback(w->dest);
	for (size_t i = 0; i < w->nstreams && !is_pipe; i++) {
		struct writer_stream *s = &w->streams[i];

		if (s->since_us != 0 && s->since_commits == commits)
			atomic_store(&s->written, s->since_written);
	}
}

static ab_status
do_work(struct writer *w, const struct queue_item *item, struct error *e)
{
	switch (item->type) {
	case QUEUE_BEGIN:
		return do_begin(w, item, e);
	case QUEUE_PAGE:
		return do_page(w, item, e);
	case QUEUE_DISCARD:
		return do_discard(w, item, e);
	case QUEUE_FINISH:
		return do_finish(w, item, e);
	case QUEUE_COMMIT:
		return do_commit(w, item, e);
	case QUEUE_ROLLBACK:
		roll_back(w);
		return AB_OK;
	case QUEUE_STOP:
		break;
	}
	return AB_OK;
}

static int
is_of_stream(const struct queue_item *item)
{
	return item->type == QUEUE_BEGIN || item->type == QUEUE_PAGE ||
	    item->type == QUEUE_DISCARD || item->type == QUEUE_FINISH;
}

/* What the stream has written since the last commit goes, where that is all it has done.  In append_dedup a row may stay that
 * will replace itself: the destination knows which. */
static ab_status
take_back(struct writer *w, struct writer_stream *s, struct error *e)
{
	int64_t commits = atomic_load(&w->commits);

	if (s->destroyed == commits + 1)
		return error_set(e, AB_EUNSUPPORTED, "what was committed is gone");
	if (s->since_us == 0 || s->since_commits != commits)
		return AB_OK;
	if (w->dest->ops->discard(s->handle, s->since_us, DEST_NO_LANE, e) != AB_OK)
		return e->status;
	if (s->spec.mode != DEST_APPEND_DEDUP)
		atomic_store(&s->written, s->since_written);
	return AB_OK;
}

/* What is wrong with one stream's table, settings or values is no matter of the others. */
static int
is_refusal(struct writer *w, const struct queue_item *item, ab_status status)
{
	struct error ignored = ERROR_INIT;

	if (item->type == QUEUE_BEGIN)
		return status == AB_ECONFIG || status == AB_EDATA || status == AB_EUNSUPPORTED;
	return item->type == QUEUE_PAGE && status == AB_EDATA && w->dest->ops->can_discard &&
	    take_back(w, &w->streams[item->stream], &ignored) == AB_OK;
}

static void
note_time(struct writer *w, const struct queue_item *item, int64_t us)
{
	if (is_of_stream(item))
		w->streams[item->stream].busy_us += us;
	if (item->type != QUEUE_COMMIT)
		return;
	w->commit_us += us;
	for (size_t i = 0; i < item->commit->n; i++)
		w->streams[item->commit->groups[i].stream].commit_us += us;
}

static void
fail(struct writer *w, size_t stream, int is_fatal, const struct error *e)
{
	roll_back(w);
	w->is_fatal = is_fatal;
	w->failed_stream = stream;
	w->error = *e;
	atomic_store(&w->failed, 1);
}

static void
do_or_fail(struct writer *w, const struct queue_item *item)
{
	struct writer_stream *s = is_of_stream(item) ? &w->streams[item->stream] : NULL;
	struct error e = ERROR_INIT;
	int64_t since;

	if (s != NULL && atomic_load(&s->refused))
		return;
	if (item->type == QUEUE_COMMIT && item->commit->is_joint && w->refused != NULL) {
		fail(w, (size_t)(w->refused - w->streams), 0, &w->refused->error);
		return;
	}
	if (item->destroys)
		s->destroyed = atomic_load(&w->commits) + 1;
	since = clock_mono_us();
	do_work(w, item, &e);
	note_time(w, item, clock_mono_us() - since);
	if (e.status == AB_OK)
		return;
	if (is_refusal(w, item, e.status)) {
		s->error = e;
		if (w->refused == NULL)
			w->refused = s;
		atomic_store(&s->refused, 1);
		return;
	}
	fail(w, item->stream, s == NULL || e.status != AB_EDATA, &e);
}

/* Does an item and lets go of what it carried, whether it was done or dropped. */
static void
do_item(struct writer *w, const struct queue_item *item)
{
	if (!atomic_load(&w->failed))
		do_or_fail(w, item);
	if (item->page != NULL)
		queue_release_page(&w->queue, item->page);
	writer_commit_free(item->commit);
}

static void *
writer_main(void *arg)
{
	struct writer *w = arg;
	struct queue_item item;

	do {
		queue_pop(&w->queue, &item);
		do_item(w, &item);
		queue_done(&w->queue);
	} while (item.type != QUEUE_STOP);
	return NULL;
}

ab_status
writer_init(struct writer *w, struct dest *d, struct dest_run *run, struct writer_stream *streams,
    size_t nstreams, int one_thread, struct error *e)
{
	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	w->dest = d;
	w->run = run;
	w->streams = streams;
	w->nstreams = nstreams;
	w->threaded = !one_thread;
	if (queue_init(&w->queue) != 0)
		return error_set(e, AB_ETRANSIENT, "cannot make an event descriptor: %m");
	if (w->threaded && pthread_create(&w->thread, NULL, writer_main, w) != 0)
		return error_set(e, AB_ETRANSIENT, "cannot start the writer's thread");
	w->running = w->threaded;
	return AB_OK;
}

void
writer_fini(struct writer *w)
{
	const struct queue_item stop = {.type = QUEUE_STOP};

	if (w->running) {
		writer_send(w, &stop);
		pthread_join(w->thread, NULL);
		w->running = 0;
	}
	queue_fini(&w->queue);
	pthread_mutex_destroy(&w->lock);
}

void
writer_send(struct writer *w, const struct queue_item *item)
{
	if (!w->threaded)
		do_item(w, item);
	else
		queue_push(&w->queue, item);
}

int
writer_has_room(struct writer *w)
{
	return queue_has_room(&w->queue);
}

int
writer_is_idle(struct writer *w)
{
	return queue_is_idle(&w->queue);
}

ab_status
writer_take_error(struct writer *w, struct error *e)
{
	ab_status status = AB_OK;

	if (atomic_load(&w->failed)) {
		status = error_set(e, w->error.status, "%s", w->error.text);
		atomic_store(&w->failed, 0);
	}
	return status;
}
