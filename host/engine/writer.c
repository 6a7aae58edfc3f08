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
	dest_states_free(c->rows, c->n);
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
	    .extracted_us = p->extracted_us,
	    .number = p->number,
	};
	int64_t discarded = s->stats.discarded_rows;
	ab_status status = w->dest->ops->write(s->handle, &page, e);

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
	    w->dest->ops->discard(w->streams[item->stream].handle, item->since_us, e);

	if (status != AB_EUNSUPPORTED)
		return status;
	log_line(AB_WARN, "stream \"%s\": records that were written before are written again: %s",
	    w->streams[item->stream].spec.name, e->text);
	error_clear(e);
	return AB_OK;
}

static ab_status
do_commit(struct writer *w, const struct queue_item *item, struct error *e)
{
	const struct writer_commit *c = item->commit;
	const struct dest_stream_spec *spec = &w->streams[item->stream].spec;
	const struct dest_state **rows = calloc(c->n + 1, sizeof(*rows));
	ab_status status = AB_OK;

	if (rows == NULL)
		return error_set(e, AB_ENOMEM, "no memory for a checkpoint");
	for (size_t i = 0; i < c->n; i++)
		rows[i] = &c->rows[i];
	w->run->records = c->records;
	w->run->bytes = c->bytes;
	if (c->ends_run) {
		w->run->outcome = "succeeded";
		w->run->ended_us = clock_now_us();
	}
	if (c->replaces)
		status = w->dest->ops->state_delete(w->dest, spec->name, spec->namespace_, e);
	if (status == AB_OK)
		status = w->dest->ops->commit(w->dest, rows, c->n, w->run, e);
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
		w->dest->ops->rollback(w->dest);
		return AB_OK;
	case QUEUE_STOP:
		break;
	}
	return AB_OK;
}

/* Does an item and lets go of what it carried, whether it was done or dropped. */
static void
do_item(struct writer *w, const struct queue_item *item)
{
	struct error e = ERROR_INIT;

	if (!atomic_load(&w->failed) && do_work(w, item, &e) != AB_OK) {
		w->dest->ops->rollback(w->dest);
		w->is_fatal = item->type != QUEUE_BEGIN && e.status != AB_EDATA;
		w->error = e;
		atomic_store(&w->failed, 1);
	}
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
    int one_thread, struct error *e)
{
	memset(w, 0, sizeof(*w));
	pthread_mutex_init(&w->lock, NULL);
	w->dest = d;
	w->run = run;
	w->streams = streams;
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
