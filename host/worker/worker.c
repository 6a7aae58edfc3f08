/* worker.c - see worker.h.  The source thread runs every function of the connector, its constructors included;
 * the receiving thread must never run one. */
#include "worker/worker.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/redact.h"
#include "data/config.h"
#include "net/shared.h"
#include "worker/hosted.h"
#include "worker/load.h"
#include "worker/readloop.h"

#define BODY_CAP_MIN ((size_t)64 << 20)

struct worker {
	struct uplink up;
	struct crumbs crumbs;
	struct chan_crumb *crumb;
	struct hosted hosted;
	struct http_shared *shared;
	int so_fd;
	char where[320];
};

static ab_status
load(struct worker *w, const struct chan_msg *m, struct error *e)
{
	struct hosted *s = &w->hosted;
	ab_status rc;

	hosted_begin(s, "load", NULL, 0);
	rc = load_connector(w->so_fd, m->text[1].ptr, &s->connector, e);
	crumb_leave(w->crumb);
	return rc;
}

/* The connector's view of its configuration, without the secrets. */
static ab_status
show_config(struct hosted *s, const json_t *spec, struct error *e)
{
	json_t *masked = config_masked(spec, s->config);

	if (masked != NULL)
		s->config_text = json_dumps(masked, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(masked);
	if (s->config_text == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the configuration");
	s->config_view = view_parse(
	    &s->config_root, s->config_text, strlen(s->config_text), "the configuration");
	return AB_OK;
}

static ab_status
take_config(struct hosted *s, struct ab_str text, struct error *e)
{
	const char *source = s->connector.spec;
	json_t *spec = json_loads(source, JSON_DECODE_INT_AS_REAL, NULL);
	ab_status rc;

	if (!json_is_object(spec))
		rc = error_set(e, AB_EBUG, "the connector's spec is no JSON object");
	else
		rc = config_parse(
		    text.ptr, text.len, "the configuration", AB_ECONFIG, &s->config, e);
	if (rc == AB_OK)
		rc = config_redact(spec, s->config, e);
	if (rc == AB_OK)
		rc = show_config(s, spec, e);
	json_decref(spec);
	return rc;
}

static void
wake_http(void *http)
{
	http_wake(http);
}

static ab_status
open_http(struct hosted *s, struct error *e)
{
	struct http_env env = services_http_env(s);
	struct http_limits limits = {.body_cap = s->page_cap > BODY_CAP_MIN ? s->page_cap : 0};
	ab_status rc = http_new(&env, &limits, s->shared, &s->http, e);

	if (rc == AB_OK)
		uplink_on_cancel(s->up, wake_http, s->http);
	return rc;
}

/* Ends a call that is no page's: *e gets its sentence. */
static ab_status
end_call(struct hosted *s, ab_status rc, struct error *e)
{
	rc = hosted_end(s, rc);
	hosted_release(s);
	return rc == AB_OK ? rc : error_set(e, rc, "%s", s->why.text);
}

static ab_status
do_open(struct worker *w, const struct chan_msg *m, struct error *e)
{
	struct hosted *s = &w->hosted;
	ab_status rc;

	if (s->connector.size != 0)
		return error_set(e, AB_EBUG, "the source is open already");
	if (m->num > 0 && (size_t)m->num < s->page_cap)
		s->page_cap = s->page.cap = (size_t)m->num;
	rc = load(w, m, e);
	if (rc == AB_OK)
		rc = take_config(s, m->text[0], e);
	if (rc == AB_OK)
		rc = open_http(s, e);
	if (rc != AB_OK)
		return rc;
	s->is_loaded = 1;
	hosted_begin(s, "open", NULL, 0);
	rc = end_call(s, s->connector.open(&s->host, &s->self), e);
	s->is_open = rc == AB_OK;
	return rc;
}

static ab_status
do_check(struct hosted *s, struct error *e)
{
	hosted_begin(s, "check", NULL, 0);
	return end_call(s, s->connector.check(s->self), e);
}

static ab_status
do_streams(struct hosted *s, struct error *e)
{
	hosted_begin(s, "streams", NULL, 0);
	s->catalog.open = 1;
	return end_call(s, s->connector.streams(s->self, &s->catalog), e);
}

static ab_status
do_command(struct worker *w, const struct chan_msg *m, struct error *e)
{
	struct hosted *s = &w->hosted;

	if (m->type == CHAN_OPEN)
		return do_open(w, m, e);
	if (!s->is_open)
		return error_set(e, AB_EBUG, "the source is not open");
	if (m->type == CHAN_CHECK)
		return do_check(s, e);
	if (m->type == CHAN_STREAMS)
		return do_streams(s, e);
	return readloop_run(s, m, e);
}

/* What comes back is the sending's. */
static ab_status
answer(struct worker *w, uint32_t stream, ab_status rc, struct error *e)
{
	struct chan_msg m = {
	    .type = rc == AB_OK ? CHAN_DONE : CHAN_FAIL, .stream = stream, .status = rc};

	if (rc != AB_OK) {
		redact_text(e->text);
		if (w->hosted.is_loaded)
			crumb_where(w->crumb, w->where, sizeof(w->where));
		m.text[0] = (struct ab_str){e->text, strlen(e->text)};
		m.text[1] = (struct ab_str){w->where, strlen(w->where)};
	}
	return uplink_finish(&w->up, &m, NULL);
}

static void *
source_thread(void *arg)
{
	struct worker *w = arg;
	struct hosted *s = &w->hosted;
	struct chan_msg m;

	while (uplink_command(&w->up, &m) == 0) {
		struct error e = ERROR_INIT;
		ab_status rc = do_command(w, &m, &e);

		/* An end that is gone is the other thread's to notice; a broken channel is ours. */
		rc = answer(w, m.stream, rc, &e);
		if (rc != AB_OK && rc != AB_ECANCELLED)
			_exit(1);
	}
	if (s->self != NULL) {
		hosted_begin(s, "close", NULL, 0);
		s->connector.close(s->self);
		crumb_leave(w->crumb);
	}
	hosted_fini(s);
	return NULL;
}

int
worker_run(int fd, int mem_fd, int so_fd)
{
	struct worker *w = calloc(1, sizeof(*w));
	pthread_t thread;
	int rc = 1;

	if (w == NULL || uplink_init(&w->up, fd, mem_fd, NULL) != AB_OK) {
		free(w);
		return 1;
	}
	w->so_fd = so_fd;
	if (crumb_map(&w->crumbs, &w->up.chan) == 0)
		w->crumb = crumb_of(&w->crumbs, 0);
	if (w->crumb != NULL && http_shared_new(&w->shared, NULL) == AB_OK)
		hosted_init(&w->hosted, &w->up, w->crumb);
	w->hosted.shared = w->shared;
	if (w->shared != NULL && pthread_create(&thread, NULL, source_thread, w) == 0) {
		uplink_serve(&w->up);
		pthread_join(thread, NULL);
		rc = 0;
	}
	http_shared_free(w->shared);
	crumb_unmap(&w->crumbs);
	uplink_fini(&w->up);
	free(w);
	return rc;
}
