/* command.c - the commands that run alone, on lane 0; and opening the source of another lane.  All that runs of the
 * connector here, its constructors included, runs on the lane's thread. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/config.h"
#include "data/jsonread.h"
#include "data/jsontext.h"
#include "net/cassette.h"
#include "net/shared.h"
#include "worker/lane.h"
#include "worker/load.h"
#include "worker/strict.h"

#define BODY_CAP_MIN ((size_t)64 << 20)

static ab_status
load(struct lane *l, const char *name, struct error *e)
{
	struct worker *w = l->worker;
	ab_status rc;

	hosted_begin(&l->hosted, "load", NULL, 0);
	rc = load_connector(w->so_fd, name, &w->opening.connector, e);
	crumb_leave(l->hosted.crumb);
	return rc;
}

/* The connector's view of its configuration, without the secrets. */
static ab_status
mask_config(struct opening *o, const json_t *spec, struct error *e)
{
	json_t *masked = config_masked(spec, o->config);

	if (masked != NULL)
		o->config_text = jsontext_make(masked, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(masked);
	if (o->config_text == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the configuration");
	return AB_OK;
}

static ab_status
take_config(struct opening *o, struct ab_str text, struct error *e)
{
	json_t *spec = jsonread_string(o->connector.spec, JSON_DECODE_INT_AS_REAL, NULL);
	ab_status rc;

	if (!json_is_object(spec))
		rc = error_set(e, AB_EBUG, "the connector's spec is no JSON object");
	else
		rc = config_parse(
		    text.ptr, text.len, "the configuration", AB_ECONFIG, &o->config, e);
	if (rc == AB_OK)
		rc = config_redact(spec, o->config, e);
	if (rc == AB_OK)
		rc = mask_config(o, spec, e);
	json_decref(spec);
	return rc;
}

static ab_status
open_cassette(struct opening *o, const json_t *choices, const char *key, struct error *e)
{
	const char *folder = json_string_value(json_object_get(choices, key));

	return folder == NULL ? AB_OK
			      : cassette_open(folder, strcmp(key, "replay") == 0, &o->cassette, e);
}

/* {"replay": "", "again": true, "bend": "401"}: see cassette.h. */
static ab_status
take_test(struct opening *o, const json_t *choices, struct error *e)
{
	const char *folder = json_string_value(json_object_get(choices, "replay"));
	const char *bend = json_string_value(json_object_get(choices, "bend"));

	o->each.folder = folder == NULL ? NULL : strdup(folder);
	o->each.bend = bend == NULL ? NULL : strdup(bend);
	if ((folder != NULL && o->each.folder == NULL) || (bend != NULL && o->each.bend == NULL))
		return error_set(e, AB_ENOMEM, "no memory for a choice");
	return AB_OK;
}

static ab_status
own_cassette(struct hosted *s, const struct opening *o, struct error *e)
{
	if (cassette_open(o->each.folder, 1, &s->cassette, e) != AB_OK)
		return e->status;
	s->owns_cassette = 1;
	cassette_again(s->cassette);
	if (o->fault[0] != '\0' && cassette_fault(s->cassette, o->fault_at, o->fault) != 0)
		return error_set(e, AB_EBUG, "there is no fault of the kind %s", o->fault);
	if (o->each.bend != NULL && cassette_bend(s->cassette, o->each.bend) != 0)
		return error_set(e, AB_EBUG, "answers cannot be bent so: %s", o->each.bend);
	return AB_OK;
}

static ab_status
take_fault(struct opening *o, const json_t *choices, struct error *e)
{
	const json_t *fault = json_object_get(choices, "fault");
	const char *kind = json_string_value(json_object_get(fault, "kind"));

	if (kind == NULL)
		return AB_OK;
	snprintf(o->fault, sizeof(o->fault), "%s", kind);
	o->fault_at = (uint32_t)json_integer_value(json_object_get(fault, "exchange"));
	if (o->cassette != NULL && cassette_fault(o->cassette, o->fault_at, o->fault) != 0)
		return error_set(e, AB_EBUG, "there is no fault of the kind %s", o->fault);
	return AB_OK;
}

static ab_status
take_choices(struct opening *o, struct ab_str text, struct error *e)
{
	json_t *choices =
	    text.len == 0 ? json_object() : jsonread_text(text.ptr, text.len, 0, NULL);
	ab_status rc = AB_OK;

	if (!json_is_object(choices))
		rc = error_set(e, AB_EBUG, "what the user chose is no JSON object");
	if (rc == AB_OK)
		rc = open_cassette(o, choices, "record", e);
	if (rc == AB_OK && json_is_true(json_object_get(choices, "again")))
		rc = take_test(o, choices, e);
	else if (rc == AB_OK && o->cassette == NULL)
		rc = open_cassette(o, choices, "replay", e);
	if (rc == AB_OK)
		rc = take_fault(o, choices, e);
	o->is_strict = json_is_true(json_object_get(choices, "strict"));
	o->measures = json_is_true(json_object_get(choices, "measure"));
	json_decref(choices);
	return rc;
}

void
opening_fini(struct opening *o)
{
	cassette_free(o->cassette);
	free(o->each.folder);
	free(o->each.bend);
	free(o->config_text);
	json_decref(o->config);
	http_shared_free(o->shared);
}

static void
wake_http(void *http)
{
	http_wake(http);
}

static ab_status
open_http(struct hosted *s, struct http_shared *shared, struct error *e)
{
	struct http_env env = services_http_env(s);
	struct http_limits limits = {.body_cap = s->page_cap > BODY_CAP_MIN ? s->page_cap : 0};
	ab_status rc = http_new(&env, &limits, shared, &s->http, e);

	if (rc == AB_OK)
		uplink_on_cancel(&s->lane, wake_http, s->http);
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

ab_status
command_open_more(struct lane *l, struct error *e)
{
	const struct opening *o = &l->worker->opening;
	struct hosted *s = &l->hosted;
	ab_status rc;

	s->connector = o->connector;
	s->config = o->config;
	s->cassette = o->cassette;
	if (o->each.folder != NULL && own_cassette(s, o, e) != AB_OK)
		return e->status;
	s->page_cap = s->page.cap = o->page_cap;
	s->wants_trace = o->wants_trace;
	s->wants_tokens = o->wants_tokens;
	if (o->is_strict && strict_init(s, e) != AB_OK)
		return e->status;
	s->config_view = view_parse(
	    &s->config_root, o->config_text, strlen(o->config_text), "the configuration");
	rc = open_http(s, o->shared, e);
	if (rc != AB_OK)
		return rc;
	s->is_loaded = 1;
	hosted_begin(s, "open", NULL, 0);
	rc = end_call(s, s->connector.open(s->table, &s->self), e);
	s->is_open = rc == AB_OK;
	return rc;
}

static ab_status
do_open(struct lane *l, const struct chan_msg *m, struct error *e)
{
	struct worker *w = l->worker;
	struct opening *o = &w->opening;
	ab_status rc;

	if (o->connector.size != 0)
		return error_set(e, AB_EBUG, "the source is open already");
	o->page_cap = w->up.chan.slot_bytes;
	if (m->num > 0 && (size_t)m->num < o->page_cap)
		o->page_cap = (size_t)m->num;
	o->wants_trace = (m->flags & CHAN_WANT_TRACE) != 0;
	o->wants_tokens = (m->flags & CHAN_WANT_TOKENS) != 0;
	pthread_mutex_lock(&w->up.lock);
	w->up.budget.memory = m->bytes;
	pthread_mutex_unlock(&w->up.lock);
	rc = load(l, m->text[1].ptr, e);
	if (rc == AB_OK)
		rc = take_config(o, m->text[0], e);
	if (rc == AB_OK && m->text[2].len > 0)
		rc = http_shared_secrets(o->shared, m->text[2].ptr, e);
	if (rc == AB_OK) /* behind the secrets, which it must not see */
		rc = take_choices(o, m->text[3], e);
	if (o->is_strict)
		tally_take(&o->before);
	return rc == AB_OK ? command_open_more(l, e) : rc;
}

void
command_close_source(struct hosted *s)
{
	if (s->self == NULL)
		return;
	hosted_begin(s, "close", NULL, 0);
	s->connector.close(s->self);
	(void)hosted_end(s, AB_OK);
	s->self = NULL;
	s->is_open = 0;
	if (s->is_strict)
		strict_closed(s);
}

/* In a process of its own only: elsewhere others open and close, too. */
static ab_status
send_tally(struct worker *w, struct error *e)
{
	struct chan_msg m = {.type = CHAN_TALLY, .stream = CHAN_ALL};
	struct buf text;
	ab_status rc = AB_OK;

	if (!w->opening.is_strict || w->so_fd != CHAN_SO_FD)
		return AB_OK;
	buf_init(&text, 1u << 20);
	if (tally_compare(&w->opening.before, &text) != 0)
		rc = error_set(e, AB_ENOMEM, "no memory for what is left of the source");
	m.text[0] = (struct ab_str){buf_str(&text), text.len};
	if (rc == AB_OK)
		rc = uplink_send(&w->up, &m, e);
	buf_fini(&text);
	return rc;
}

/* What the host itself opened for the source must be gone before anything is counted. */
static ab_status
do_close(struct lane *l, struct error *e)
{
	struct hosted *s = &l->hosted;
	struct error left = ERROR_INIT;
	ab_status rc;

	if (l->worker->nlanes > 1)
		return error_set(e, AB_EBUG, "more than one source is open");
	command_close_source(s);
	if (s->broken.status != AB_OK)
		left = s->broken;
	services_free_responses(s, 1);
	uplink_on_cancel(&s->lane, NULL, NULL);
	http_free(s->http);
	s->http = NULL;
	rc = send_tally(l->worker, e);
	if (rc == AB_OK && left.status == AB_OK && l->worker->opening.is_strict)
		(void)strict_rest(&left);
	return rc == AB_OK && left.status != AB_OK ? error_set(e, left.status, "%s", left.text)
						   : rc;
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

ab_status
command_run(struct lane *l, const struct chan_msg *m, struct error *e)
{
	if (m->type == CHAN_OPEN)
		return do_open(l, m, e);
	if (!l->hosted.is_open)
		return error_set(e, AB_EBUG, "the source is not open");
	if (m->type == CHAN_CLOSE)
		return do_close(l, e);
	return m->type == CHAN_CHECK ? do_check(&l->hosted, e) : do_streams(&l->hosted, e);
}
