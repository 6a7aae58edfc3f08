/* services_http.c - the HTTP part of struct ab_host, over net/http. */
#include "worker/hosted.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "net/cassette.h"
#include "worker/guard.h"

#define STREAMS_MAX 48 /* open at a time: a source may have turns of many partitions */

static struct hosted *
hosted_of(struct ab_host *h)
{
	return h->priv;
}

static int
env_cancelled(void *ctx)
{
	return uplink_cancelled(&((struct hosted *)ctx)->lane);
}

/* What all its bodies take. */
static size_t
count_bodies(const struct hosted *s)
{
	size_t n = 0;

	for (const struct ab_response *r = s->responses; r != NULL; r = r->next)
		n += http_response_body(r->http).len;
	return n;
}

/* Others need not wait for the memory that this lane will fill when it has slept. */
static int
env_sleep(void *ctx, uint32_t ms)
{
	struct hosted *s = ctx;
	size_t held = count_bodies(s);
	ab_status rc;

	if (cassette_replays(s->cassette)) {
		s->slept_us += (int64_t)ms * 1000;
		return env_cancelled(ctx);
	}
	uplink_held(&s->lane, held, 1);
	rc = uplink_wait(&s->lane, -1, 0, ms);
	if (rc == AB_OK)
		rc = uplink_room(&s->lane, held + s->expected);
	return rc != AB_OK;
}

/* It stands in line behind other lanes, which may need the memory that this one would fill. */
static int
env_rest(void *ctx, int on)
{
	struct hosted *s = ctx;
	size_t held = count_bodies(s);

	if (!on)
		return uplink_room(&s->lane, held + s->expected) != AB_OK;
	uplink_held(&s->lane, held, 1);
	return 0;
}

static int64_t
env_now(void *ctx)
{
	(void)ctx;
	return clock_now_us();
}

static int64_t
env_mono(void *ctx)
{
	return clock_mono_us() + ((struct hosted *)ctx)->slept_us;
}

static void
env_waiting(void *ctx, const struct http_wait *wait)
{
	char texts[2][512];
	struct uplink_lane *lane = &((struct hosted *)ctx)->lane;
	struct chan_msg m = {.type = CHAN_WAIT,
	    .stream = atomic_load(&lane->stream),
	    .num = wait->until_us,
	    .flags = wait->limited ? CHAN_LIMITED : 0,
	    .bytes = wait->done};

	m.text[0].ptr = utf8_copy(texts[0], sizeof(texts[0]), wait->why);
	m.text[0].len = strlen(texts[0]);
	m.text[1].ptr = utf8_copy(texts[1], sizeof(texts[1]), wait->host);
	m.text[1].len = strlen(texts[1]);
	(void)uplink_send(lane->up, &m, NULL);
}

static void
env_trace(void *ctx, const struct http_trace *t)
{
	const char *const from[] = {t->method, t->url, t->error};
	char texts[3][1500];
	struct uplink_lane *lane = &((struct hosted *)ctx)->lane;
	struct chan_msg m = {.type = CHAN_TRACE,
	    .stream = atomic_load(&lane->stream),
	    .status = t->status,
	    .slot = t->attempt,
	    .num = t->ms,
	    .bytes = t->bytes};

	for (int i = 0; i < 3; i++) {
		m.text[i].ptr = utf8_copy(texts[i], sizeof(texts[i]), from[i]);
		m.text[i].len = strlen(texts[i]);
	}
	(void)uplink_send(lane->up, &m, NULL);
}

/* Before it is used: the channel keeps the order. */
static void
env_replaced(void *ctx, const char *key, const char *refresh)
{
	struct uplink_lane *lane = &((struct hosted *)ctx)->lane;
	struct chan_msg m = {.type = CHAN_TOKEN, .stream = atomic_load(&lane->stream)};

	m.text[0] = (struct ab_str){key, strlen(key)};
	m.text[1] = (struct ab_str){refresh, strlen(refresh)};
	(void)uplink_send(lane->up, &m, NULL);
}

static void
env_log(void *ctx, int level, const char *text)
{
	struct hosted *s = ctx;

	s->host.log(&s->host, level, text);
}

struct http_env
services_http_env(struct hosted *s)
{
	return (struct http_env){.ctx = s,
	    .cancelled = env_cancelled,
	    .sleep_ms = env_sleep,
	    .rest = env_rest,
	    .trace = s->wants_trace ? env_trace : NULL,
	    .now_us = env_now,
	    .mono_us = env_mono,
	    .waiting = cassette_replays(s->cassette) ? NULL : env_waiting,
	    .cassette = s->cassette,
	    .log = env_log,
	    .replaced = s->wants_tokens ? env_replaced : NULL,
	    .config = s->config};
}

static ab_status
svc_endpoint(struct ab_host *h, const char *json)
{
	struct hosted *s = hosted_of(h);
	struct error e = ERROR_INIT;
	ab_status rc = hosted_is_pure(s, "endpoint", &e) ? e.status
	    : json == NULL ? error_set(&e, AB_EBUG, "endpoint got NULL")
			   : http_endpoint(s->http, json, &e);

	return rc == AB_OK ? rc : hosted_broken(s, &e);
}

/* A strict source's answers are poisoned when they end. */
static struct ab_response *
new_response(const struct hosted *s)
{
	return s->is_strict ? guard_memory.get(sizeof(struct ab_response))
			    : calloc(1, sizeof(struct ab_response));
}

static void
free_response(const struct hosted *s, struct ab_response *r)
{
	if (r != NULL && r->is_stream && r->lent.ptr != NULL)
		guard_memory.drop((void *)(uintptr_t)r->lent.ptr, r->lent.len + 1);
	if (s->is_strict && r != NULL)
		guard_memory.drop(r, sizeof(*r));
	else
		free(r);
}

/* The chunk before this one is gone now. */
static void
lend_chunk(struct ab_response *r, struct ab_str *chunk)
{
	char *copy;

	if (!r->hosted->is_strict)
		return;
	if (r->lent.ptr != NULL) {
		guard_say("it used the bytes that http_read had lent, after the next http_read");
		guard_memory.drop((void *)(uintptr_t)r->lent.ptr, r->lent.len + 1);
		r->lent = (struct ab_str){NULL, 0};
	}
	copy = guard_memory.get(chunk->len + 1);
	if (copy == NULL)
		return;
	memcpy(copy, chunk->ptr, chunk->len);
	*chunk = r->lent = (struct ab_str){copy, chunk->len};
}

static struct ab_str
lend_body(struct ab_response *r)
{
	struct ab_str body = http_response_body(r->http);

	if (!r->hosted->is_strict)
		return body;
	if (r->lent.ptr == NULL && body.ptr != NULL)
		r->lent = (struct ab_str){hosted_lend(r->hosted, body.ptr, body.len), body.len};
	return r->lent.ptr != NULL ? r->lent : body;
}

static void
add_response(struct hosted *s, struct ab_response *r)
{
	r->hosted = s;
	r->next = s->responses;
	s->responses = r;
}

/* Streams outlive the call that opened them, so that somebody who forgets them must be told. */
static ab_status
check_streams(const struct hosted *s, struct error *e)
{
	unsigned open = 0;

	for (const struct ab_response *r = s->responses; r != NULL; r = r->next)
		open += r->is_stream != 0;
	if (open < STREAMS_MAX)
		return AB_OK;
	return error_set(e, AB_EBUG,
	    "%d answers to requests with {\"stream\": true} are open; http_done lets one go",
	    STREAMS_MAX);
}

/* Waits for the memory that the next body is likely to take. */
static ab_status
need_room(struct hosted *s, struct error *e)
{
	s->expected =
	    s->seen == NULL ? 0 : budget_expect(&s->lane.up->budget, atomic_load(s->seen));
	if (uplink_room(&s->lane, count_bodies(s) + s->expected) == AB_OK)
		return AB_OK;
	return error_set(e, AB_ECANCELLED, "cancelled");
}

/* The request has ended; r: with this response. */
static void
account(struct hosted *s, const struct ab_response *r)
{
	if (r != NULL && s->seen != NULL)
		atomic_store(
		    s->seen, budget_learn(atomic_load(s->seen), http_response_body(r->http).len));
	s->expected = 0;
	uplink_held(&s->lane, count_bodies(s), 0);
}

static ab_status
svc_http(struct ab_host *h, const struct ab_request *request, const struct ab_response **out)
{
	struct hosted *s = hosted_of(h);
	struct error e = ERROR_INIT;
	struct ab_response *r;
	struct ab_request own;
	ab_status rc;

	*out = NULL;
	if (hosted_is_pure(s, "http", &e))
		return hosted_broken(s, &e);
	r = new_response(s);
	crumb_host_enter(s->crumb);
	rc = r == NULL ? error_set(&e, AB_ENOMEM, "no memory for a response")
		       : services_take(&own, sizeof(own), request, "ab_request", &e);
	if (rc == AB_OK)
		rc = check_streams(s, &e);
	if (rc == AB_OK)
		rc = need_room(s, &e);
	if (rc == AB_OK)
		rc = http_request(s->http, &own, &r->http, &e);
	crumb_host_leave(s->crumb);
	if (rc != AB_OK) {
		account(s, NULL);
		free_response(s, r);
		return hosted_failed(s, &e);
	}
	add_response(s, r);
	r->is_stream = http_response_is_stream(r->http);
	account(s, r);
	if (s->why_is_hosts)
		error_clear(&s->why); /* the connector knew what to do about it */
	*out = r;
	return AB_OK;
}

static int
svc_http_status(const struct ab_response *r)
{
	return r != NULL ? http_response_status(r->http) : 0;
}

static const char *
svc_http_header(const struct ab_response *r, const char *name)
{
	const char *value = r != NULL && name != NULL ? http_response_header(r->http, name) : NULL;

	return value == NULL ? NULL : hosted_lend_text(r->hosted, value);
}

static struct ab_response *
writable(const struct ab_response *r)
{
	return (struct ab_response *)(uintptr_t)r;
}

/* 1: it was asked for in pieces, and as a whole it is not there. */
static int
is_in_pieces(const struct ab_response *r, const char *function)
{
	struct error e = ERROR_INIT;

	if (!r->is_stream)
		return 0;
	error_set(&e, AB_EBUG,
	    "%s: %s cannot be used with {\"stream\": true}; http_read gives the body",
	    http_response_what(r->http), function);
	(void)hosted_broken(r->hosted, &e);
	return 1;
}

static struct ab_str
svc_http_body(const struct ab_response *r)
{
	struct ab_str body = {NULL, 0};

	if (r != NULL && !is_in_pieces(r, "http_body"))
		body = lend_body(writable(r));
	return body.ptr != NULL ? body : (struct ab_str){"", 0};
}

/* What has no body by its status reads as null. */
static int
is_bodiless(int status)
{
	return status == 204 || status == 205 || status == 304;
}

static const struct ab_json *
svc_http_json(const struct ab_response *response)
{
	struct ab_response *r = writable(response);
	struct ab_str body;

	if (r == NULL || is_in_pieces(r, "http_json"))
		return NULL;
	body = lend_body(r);
	if (body.len == 0 && is_bodiless(http_response_status(r->http)))
		return NULL;
	if (r->json == NULL)
		r->json =
		    view_parse(&r->hosted->root, body.ptr, body.len, http_response_what(r->http));
	return r->json;
}

/* A body that is here already is given out in one piece. */
static struct ab_str
read_whole(struct ab_response *r)
{
	struct ab_str body = lend_body(r), chunk = {"", 0};

	if (r->read_at < body.len)
		chunk = (struct ab_str){body.ptr + r->read_at, body.len - r->read_at};
	r->read_at = body.len;
	return chunk;
}

/* A stream that broke fails the call, whatever it returns: half a body must not pass for a whole one. */
static ab_status
svc_http_read(const struct ab_response *response, struct ab_str *chunk)
{
	struct ab_response *r = writable(response);
	struct error e = ERROR_INIT;
	ab_status rc;

	*chunk = (struct ab_str){"", 0};
	if (r == NULL)
		return AB_EBUG;
	if (!r->is_stream) {
		*chunk = read_whole(r);
		return AB_OK;
	}
	crumb_host_enter(r->hosted->crumb);
	rc = http_response_read(r->http, chunk, &e);
	lend_chunk(r, chunk);
	crumb_host_leave(r->hosted->crumb);
	return rc == AB_OK ? rc : hosted_broken(r->hosted, &e);
}

static void
svc_http_done(const struct ab_response *response)
{
	struct ab_response **at;

	if (response == NULL || response->pinned)
		return;
	for (at = &response->hosted->responses; *at != NULL; at = &(*at)->next) {
		if (*at == response) {
			*at = response->next;
			http_response_free(response->http);
			account(response->hosted, NULL);
			guard_say("it used an answer after http_done");
			free_response(response->hosted, writable(response));
			return;
		}
	}
}

void
services_fill_http(struct ab_host *h)
{
	h->endpoint = svc_endpoint;
	h->http = svc_http;
	h->http_status = svc_http_status;
	h->http_header = svc_http_header;
	h->http_body = svc_http_body;
	h->http_json = svc_http_json;
	h->http_read = svc_http_read;
	h->http_done = svc_http_done;
}

void
services_free_responses(struct hosted *s, int streams_too)
{
	struct ab_response *r, **at = &s->responses;

	while ((r = *at) != NULL) {
		if (r->is_stream && !streams_too) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		http_response_free(r->http);
		free_response(s, r);
	}
	if (s->lane.share.bytes > 0)
		uplink_held(&s->lane, count_bodies(s), 0);
}

struct ab_response *
services_find_body(struct hosted *s, struct ab_str bytes)
{
	uintptr_t at = (uintptr_t)bytes.ptr, from;
	struct ab_str body;

	for (struct ab_response *r = s->responses; r != NULL; r = r->next) {
		body = http_response_body(r->http);
		from = (uintptr_t)body.ptr;
		if (at >= from && at - from <= body.len && bytes.len <= body.len - (at - from))
			return r;
	}
	return NULL;
}
