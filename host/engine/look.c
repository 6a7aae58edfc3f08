/* look.c - check, discover and read: a source without a destination.  Touches no state. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "engine/plan.h"
#include "engine/session.h"

struct peek {
	struct session session;
	struct plan plan;
	struct queue queue;
	uint64_t left;
	int is_full; /* has all it wants */
	int (*each)(void *ctx, const char *record, size_t len);
	void *ctx;
};

static ab_status
open_session(struct session *s, const struct sync_options *o, struct error *e)
{
	ab_status status = session_start(s, o, e);

	return status == AB_OK ? session_open(s, e) : status;
}

static void
close_session(struct session *s, const struct sync_options *o)
{
	if (o->signal != NULL)
		*o->signal = s->reader.signal;
	session_close(s);
}

/* Are there the streams that the user named, and can they be read so? */
static ab_status
try_plan(struct session *s, struct error *e)
{
	const struct plan_options o = {
	    .configured = s->o->catalog,
	    .configured_from = s->o->catalog_from,
	    .has_update_state = s->o->connector->has_update_state,
	};
	struct plan plan;

	if (session_discover(s, e) != AB_OK)
		return e->status;
	plan_make(&plan, &s->catalog, &o, e);
	plan_fini(&plan);
	return e->status;
}

ab_status
sync_check(const struct sync_options *o, struct error *e)
{
	struct session s;
	ab_status status;

	if ((status = open_session(&s, o, e)) == AB_OK)
		status = session_check(&s, e);
	if (status == AB_OK && o->catalog != NULL)
		status = try_plan(&s, e);
	close_session(&s, o);
	return status;
}

ab_status
sync_discover(const struct sync_options *o, json_t **out, struct error *e)
{
	struct session s;
	ab_status status;

	*out = NULL;
	if ((status = open_session(&s, o, e)) == AB_OK)
		status = session_discover(&s, e);
	if (status == AB_OK && (*out = json_pack("{s:O}", "streams", s.catalog.streams)) == NULL)
		status = error_set(e, AB_ENOMEM, "no memory for the catalog");
	close_session(&s, o);
	return status;
}

static ab_status
show_page(struct peek *p, const struct source_event *ev, struct error *e)
{
	struct queue_page *page = reader_page(&p->session.reader, ev, e);
	const struct scan *s;
	int stopped = 0;

	if (page == NULL)
		return e->status;
	s = &page->scan;
	if (scan_page(&page->scan, page->bytes, page->len, e) != AB_OK)
		error_wrap(e, "connector %s, stream \"%s\", page %lld", p->session.o->connector->id,
		    p->plan.streams[0].name, (long long)ev->num);
	for (size_t i = 0; i < s->nrecords && p->left > 0 && !stopped; i++, p->left--)
		stopped = p->each(p->ctx, page->bytes + s->records[i].off, s->records[i].len);
	queue_release_page(&p->queue, page);
	if (e->status == AB_OK && (p->left == 0 || stopped)) {
		p->is_full = 1;
		return error_set(e, AB_ECANCELLED, "enough records");
	}
	return e->status;
}

static ab_status
on_peek(void *ctx, struct source_event *ev, struct error *e)
{
	struct peek *p = ctx;

	if (ev->type == SOURCE_PAGE)
		return show_page(p, ev, e);
	if (ev->type == SOURCE_LOG)
		log_text((int)ev->num, p->session.o->connector->id, ev->text.ptr);
	else if (ev->type == SOURCE_WAIT)
		session_wait(&p->session, ev);
	return AB_OK;
}

static ab_status
peek_stream(struct peek *p, const char *stream, struct error *e)
{
	const struct plan_options o = {
	    .streams = stream,
	    .streams_from = "--stream",
	    .has_update_state = p->session.o->connector->has_update_state,
	};
	uint32_t limit = p->left > UINT32_MAX ? 0 : (uint32_t)p->left;

	if (session_discover(&p->session, e) != AB_OK)
		return e->status;
	if (plan_make(&p->plan, &p->session.catalog, &o, e) != AB_OK)
		return error_wrap(e, "connector %s", p->session.o->connector->id);
	p->session.reader.queue = &p->queue;
	if (source_read(p->session.reader.source, 0, p->plan.streams[0].configured, "[]", limit,
		e) != AB_OK)
		return e->status;
	return reader_run(&p->session.reader, on_peek, p, e);
}

ab_status
sync_peek(const struct sync_options *o, const char *stream, uint64_t limit,
    int (*each)(void *ctx, const char *record, size_t len), void *ctx, struct error *e)
{
	struct peek p = {.left = limit, .each = each, .ctx = ctx};
	ab_status status;

	if (queue_init(&p.queue) != 0)
		status = error_set(e, AB_ETRANSIENT, "cannot make an event descriptor: %m");
	else if ((status = open_session(&p.session, o, e)) == AB_OK)
		status = peek_stream(&p, stream, e);
	if (p.is_full) {
		error_clear(e);
		status = AB_OK;
	}
	close_session(&p.session, o);
	plan_fini(&p.plan);
	queue_fini(&p.queue);
	return status;
}
