/* http.c - see http.h: endpoints, the way of one request through redirects and retries.
 *
 * Must never let a text out that was not redacted. */
#include "net/http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/redact.h"
#include "net/explain.h"
#include "net/request.h"
#include "net/response.h"
#include "net/shared.h"
#include "net/transfer.h"

#define ENDPOINTS_MAX 16
#define REDIRECTS_MAX 10
#define BODY_CAP      ((size_t)64 << 20)

struct http {
	struct http_env env;
	struct http_limits limits;
	struct transfer *transfer;
	struct http_shared *shared, *own; /* own: nobody gave us one */
	struct endpoint *endpoints[ENDPOINTS_MAX];
	size_t count;
	struct request request; /* the one that runs; kept for its memory */
	struct http_response *spare;
};

/* One request on its way: a connector's, or the host's own for a token, which runs inside of one. */
struct run {
	struct http *h;
	struct request *r;
	struct endpoint *const *endpoints; /* those whose credentials it may get */
	size_t count;
	const struct ab_request *ask;
	struct http_response *resp;
	struct endpoint *asked; /* the endpoint of the first URL */
	struct transfer_result result;
	uint32_t attempt;
	uint64_t spent_ms; /* in attempts and waits, but for waits that the server asked for */
	int64_t begun_us;
};

static void
set_default(uint32_t *value, uint32_t fallback)
{
	if (*value == 0)
		*value = fallback;
}

ab_status
http_new(const struct http_env *env, const struct http_limits *limits, struct http_shared *shared,
    struct http **out, struct error *e)
{
	struct http *h = calloc(1, sizeof(*h));
	ab_status rc;

	*out = NULL;
	if (h == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	h->env = *env;
	if (limits != NULL)
		h->limits = *limits;
	if (h->limits.body_cap == 0)
		h->limits.body_cap = BODY_CAP;
	set_default(&h->limits.connect_ms, 10000);
	set_default(&h->limits.stall_s, 60);
	set_default(&h->limits.attempts, 6);
	set_default(&h->limits.retry_total_s, 600);
	request_init(&h->request);
	rc = shared == NULL ? http_shared_new(&h->own, e) : AB_OK;
	h->shared = shared == NULL ? h->own : shared;
	if (rc == AB_OK)
		rc = transfer_new(&h->env, &h->limits, &h->transfer, e);
	if (rc != AB_OK)
		http_free(h);
	else
		*out = h;
	return rc;
}

void
http_free(struct http *h)
{
	if (h == NULL)
		return;
	transfer_free(h->transfer);
	request_fini(&h->request);
	http_shared_free(h->own);
	response_free(h->spare);
	free(h);
}

void
http_wake(struct http *h)
{
	transfer_wake(h->transfer);
}

ab_status
http_endpoint(struct http *h, const char *json, struct error *e)
{
	struct endpoint *ep;
	ab_status rc = shared_endpoint(h->shared, json, h->env.config, &ep, e);

	for (size_t i = 0; i < h->count && rc == AB_OK; i++) {
		if (h->endpoints[i] == ep)
			return AB_OK;
		if (url_same_origin(&ep->url, &h->endpoints[i]->url))
			rc = error_set(e, AB_EBUG, "a second endpoint for %s", ep->base.ptr);
	}
	if (rc == AB_OK && h->count == ENDPOINTS_MAX)
		rc = error_set(e, AB_EBUG, "more than %d endpoints", ENDPOINTS_MAX);
	if (rc == AB_OK)
		h->endpoints[h->count++] = ep;
	else
		redact_text(e->text);
	return rc;
}

/* The larger of two idle responses stays: its memory fits the next page. */
void
http_response_free(struct http_response *resp)
{
	struct http *h;

	if (resp == NULL)
		return;
	h = resp->owner;
	if (h->spare == NULL) {
		h->spare = resp;
	} else if (h->spare->body.cap < resp->body.cap) {
		response_free(h->spare);
		h->spare = resp;
	} else {
		response_free(resp);
	}
}

static struct http_response *
take_response(struct http *h)
{
	struct http_response *resp = h->spare;

	h->spare = NULL;
	return resp != NULL ? resp : response_new(h, h->limits.body_cap);
}

static int64_t
now_us(const struct http *h)
{
	return h->env.now_us != NULL ? h->env.now_us(h->env.ctx) : clock_now_us();
}

/* Tells whoever watches about a wait that is long enough to wonder at; AB_ECANCELLED. */
static ab_status
pause_for(struct http *h, uint32_t ms, const char *why, const char *shown, struct error *e)
{
	char host[256];
	const char *at = strstr(shown, "://");
	int cancelled;

	if (ms == 0)
		return AB_OK;
	if (ms > 1000 && h->env.waiting != NULL && at != NULL) {
		snprintf(host, sizeof(host), "%.*s", (int)strcspn(at + 3, "/?"), at + 3);
		h->env.waiting(h->env.ctx, now_us(h) + (int64_t)ms * 1000, why, host);
	}
	cancelled = h->env.sleep_ms != NULL ? h->env.sleep_ms(h->env.ctx, ms)
					    : transfer_sleep(h->transfer, ms);
	return cancelled ? error_set(e, AB_ECANCELLED, "cancelled") : AB_OK;
}

static int
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

/* One attempt: the request and the redirects behind it. Not AB_OK: nothing more to be done. */
static ab_status
attempt(struct run *run, struct error *e)
{
	struct http *h = run->h;
	struct request *r = run->r;
	struct transfer_request out;
	const char *location;
	ab_status rc;

	for (int hop = 0;; hop++) {
		rc = r->endpoint == NULL ? AB_OK
					 : pause_for(h, endpoint_take(r->endpoint, now_us(h)),
					       "rate limit", buf_str(&r->shown), e);
		if (rc != AB_OK)
			return rc;
		out = (struct transfer_request){r->method, buf_str(&r->url), &r->headers, r->body,
		    r->endpoint == NULL ? 0 : r->endpoint->timeout_s};
		transfer_run(h->transfer, &out, run->resp, &run->result);
		if (run->result.status != AB_OK)
			return error_set(e, run->result.status, "%s %.600s: %s", r->method,
			    buf_str(&r->shown), run->result.detail);
		if (run->result.outcome != RETRY_ANSWERED || !is_redirect(run->resp->status))
			return AB_OK;
		location = http_response_header(run->resp, "Location");
		if (location == NULL || hop == REDIRECTS_MAX)
			return error_set(e, AB_EDATA, "%s %.600s: %s", r->method,
			    buf_str(&r->shown),
			    location == NULL ? "a redirect that does not say where to"
					     : "more than 10 redirects");
		rc = request_redirect(r, run->resp->status, location, e);
		if (rc != AB_OK)
			return rc;
	}
}

static struct retry_plan
decide(const struct run *run)
{
	const struct http *h = run->h;
	int answered = run->result.outcome == RETRY_ANSWERED;
	struct retry_case c = {.outcome = run->result.outcome,
	    .status = run->resp->status,
	    .idempotent = run->r->idempotent,
	    .retry_after = answered ? http_response_header(run->resp, "Retry-After") : NULL,
	    .date = answered ? http_response_header(run->resp, "Date") : NULL,
	    .attempt = run->attempt,
	    .attempts = h->limits.attempts,
	    .spent_ms = run->spent_ms,
	    .total_ms = (uint64_t)h->limits.retry_total_s * 1000,
	    .now_us = now_us(h)};

	if (getrandom(&c.random, sizeof(c.random), GRND_NONBLOCK) != (ssize_t)sizeof(c.random))
		c.random = (uint32_t)clock_mono_us() * 2654435761u;
	return retry_decide(&c);
}

static ab_status
give_up(const struct run *run, const struct retry_plan *plan, struct error *e)
{
	const struct request *r = run->r;
	char why[160] = "";

	if (plan->verdict == RETRY_UNSAFE)
		snprintf(why, sizeof(why),
		    "not sent again: a %s may have been done; \"idempotent\": true in "
		    "its options allows it",
		    r->method);
	else if (plan->verdict != RETRY_FINAL)
		snprintf(why, sizeof(why), "tried %u time%s in %.1f s", run->attempt,
		    run->attempt == 1 ? "" : "s", (double)(clock_mono_us() - run->begun_us) / 1e6);
	if (run->result.outcome == RETRY_ANSWERED)
		return explain_answer(r, run->resp, run->asked, why, e);
	return error_set(e, run->result.blame, "%s %.600s: %s (%s)", r->method, buf_str(&r->shown),
	    run->result.detail, why);
}

/* Says why it waits and waits. */
static ab_status
wait_again(struct run *run, const struct retry_plan *plan, struct error *e)
{
	const struct http *h = run->h;
	const struct request *r = run->r;
	char status[EXPLAIN_STATUS], why[400], line[1200];

	snprintf(why, sizeof(why), "%s%s%s",
	    run->result.outcome == RETRY_ANSWERED ? explain_status(run->resp->status, status)
						  : run->result.detail,
	    plan->asked ? ", Retry-After" : "",
	    plan->capped ? " of more than an hour, cut to an hour" : "");
	redact_text(why);
	snprintf(line, sizeof(line), "%s %.600s: %s; again in %.1f s (attempt %u of %u)", r->method,
	    buf_str(&r->shown), why, plan->wait_ms / 1000.0, run->attempt + 1, h->limits.attempts);
	if (h->env.log != NULL)
		h->env.log(h->env.ctx, AB_WARN, redact_text(line));
	if (!plan->asked)
		run->spent_ms += plan->wait_ms;
	return pause_for(run->h, plan->wait_ms, why, buf_str(&r->shown), e);
}

static ab_status
finish(struct run *run, struct error *e)
{
	const struct request *r = run->r;
	const char *type = http_response_header(run->resp, "Content-Type");

	if (buf_addf(&run->resp->what, "%s %s (%d%s%.100s)", r->method, buf_str(&r->shown),
		run->resp->status, type == NULL ? "" : ", ", type == NULL ? "" : type) != 0)
		return error_set(e, AB_ENOMEM, "out of memory");
	redact_text(run->resp->what.ptr);
	return AB_OK;
}

static ab_status
run_request(struct run *run, struct error *e)
{
	struct retry_plan plan;
	int64_t begun;
	ab_status rc;

	for (run->attempt = 1;; run->attempt++) {
		begun = clock_mono_us();
		rc = request_prepare(run->r, run->ask, run->endpoints, run->count, e);
		run->asked = run->r->endpoint;
		if (rc == AB_OK)
			rc = attempt(run, e);
		if (rc != AB_OK)
			return rc;
		if (run->result.outcome == RETRY_ANSWERED &&
		    request_is_ok(run->r, run->resp->status))
			return finish(run, e);
		run->spent_ms += (uint64_t)(clock_mono_us() - begun) / 1000;
		plan = decide(run);
		rc = plan.verdict == RETRY_AGAIN ? wait_again(run, &plan, e)
						 : give_up(run, &plan, e);
		if (rc != AB_OK)
			return rc;
	}
}

ab_status
http_request(
    struct http *h, const struct ab_request *r, struct http_response **out, struct error *e)
{
	struct run run = {.h = h,
	    .r = &h->request,
	    .endpoints = h->endpoints,
	    .count = h->count,
	    .ask = r,
	    .resp = take_response(h),
	    .begun_us = clock_mono_us()};
	ab_status rc;

	*out = NULL;
	if (run.resp == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	rc = run_request(&run, e);
	if (rc == AB_OK) {
		*out = run.resp;
		return rc;
	}
	http_response_free(run.resp);
	redact_text(e->text);
	return rc;
}
