/* session.c - see session.h. */
#include "engine/session.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "data/jsontext.h"
#include "engine/memory.h"
#include "engine/report.h"

#define GRACE_MS	 2000
#define WORTH_TELLING_US 10000000

static void
wipe_free(char *text)
{
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
}

static size_t
bodies_of(const struct sync_options *o)
{
	struct memory m;

	memory_divide(&m, o->memory, 0);
	return m.bodies;
}

static ab_status
start_source(struct session *s, struct error *e)
{
	const struct loader_file *f = s->o->connector;
	char *config = jsontext_make(s->o->config, JSON_COMPACT);
	struct source_options o = {
	    .path = f->path,
	    .program = f->program,
	    .spec = f->spec,
	    .fd = f->fd < 0 ? -1 : fcntl(f->fd, F_DUPFD_CLOEXEC, 0),
	    .id = f->id,
	    .version = f->version,
	    .config = config,
	    .secrets = s->o->secrets,
	    .choices = s->o->choices,
	    .page_cap = s->o->page_cap,
	    .call_timeout_s = s->o->call_timeout_s,
	    .lanes = s->lanes,
	    .memory = bodies_of(s->o),
	    .in_process = s->o->in_process,
	    .trace = s->o->on_trace,
	    .trace_ctx = s->o->trace_ctx,
	    .replaced = s->o->on_replaced,
	    .replaced_ctx = s->o->replaced_ctx,
	};
	ab_status status;

	if (config == NULL)
		status = error_set(e, AB_ENOMEM, "no memory for the configuration");
	else
		status = source_start(&o, &s->reader.source, e);
	wipe_free(config);
	return status;
}

ab_status
session_start(struct session *s, const struct sync_options *o, struct error *e)
{
	ab_status status;

	memset(s, 0, sizeof(*s));
	s->o = o;
	s->lanes = o->lanes;
	if ((status = reader_init(&s->reader, e)) != AB_OK)
		return status;
	if (catalog_init(&s->catalog) != 0)
		return error_set(e, AB_ENOMEM, "no memory for the catalog");
	return start_source(s, e);
}

void
session_wait(const struct session *s, const struct source_event *ev)
{
	char text[SYNC_WAIT_TEXT];
	struct sync_wait w;
	int is_long = ev->num - clock_now_us() >= WORTH_TELLING_US;

	report_take_wait(ev, &w);
	log_text(is_long ? AB_WARN : AB_INFO, s->o->connector->id, sync_wait_text(&w, text));
}

/* What may come beside the answer of any command. */
static ab_status
on_talk(void *ctx, struct source_event *ev, struct error *e)
{
	struct session *s = ctx;

	if (ev->type == SOURCE_LOG)
		log_text((int)ev->num, s->o->connector->id, ev->text.ptr);
	else if (ev->type == SOURCE_WAIT && s->o->on_event == NULL)
		session_wait(s, ev);
	else if (ev->type != SOURCE_WAIT)
		return error_set(e, AB_EBUG, "connector %s: an event that does not belong here",
		    s->o->connector->id);
	return AB_OK;
}

static ab_status
on_stream(void *ctx, struct source_event *ev, struct error *e)
{
	struct session *s = ctx;

	if (ev->type != SOURCE_STREAM)
		return on_talk(ctx, ev, e);
	if (catalog_add(&s->catalog, ev->text.ptr, ev->text.len, e) != AB_OK)
		error_wrap(e, "connector %s, streams(), stream %zu", s->o->connector->id,
		    json_array_size(s->catalog.streams) + 1);
	return e->status;
}

ab_status
session_open(struct session *s, struct error *e)
{
	return reader_run(&s->reader, on_talk, s, e);
}

ab_status
session_discover(struct session *s, struct error *e)
{
	if (source_streams(s->reader.source, e) != AB_OK)
		return e->status;
	return reader_run(&s->reader, on_stream, s, e);
}

ab_status
session_check(struct session *s, struct error *e)
{
	if (source_check(s->reader.source, e) != AB_OK)
		return e->status;
	return reader_run(&s->reader, on_talk, s, e);
}

int
session_is_dead(const struct session *s)
{
	return s->reader.source == NULL || s->reader.is_lost || source_dead(s->reader.source);
}

static void
close_source(struct session *s)
{
	source_close(s->reader.source, s->reader.is_lost ? 0 : GRACE_MS);
	s->reader.source = NULL;
	s->reader.is_lost = 0;
}

ab_status
session_restart(struct session *s, struct error *e)
{
	close_source(s);
	if (start_source(s, e) != AB_OK)
		return e->status;
	return session_open(s, e);
}

void
session_close(struct session *s)
{
	close_source(s);
	catalog_fini(&s->catalog);
	reader_fini(&s->reader);
}
