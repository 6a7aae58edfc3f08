/* http_run.c - see http_run.h: the way of one request through gate, redirects, judgement and retries.
 *
 * Must never let a text out that was not redacted. */
#include "net/http_run.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/redact.h"
#include "net/explain.h"

#define REDIRECTS_MAX 10

static int
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void
trace(const struct run *run, int64_t us)
{
	const struct http_env *env = &run->h->env;
	int answered = run->result.outcome == RETRY_ANSWERED;
	char url[1200], detail[sizeof(run->result.detail)];
	struct http_trace t = {.method = run->r->method,
	    .url = url,
	    .error = detail,
	    .status = answered ? run->resp->status : 0,
	    .bytes = run->resp->body.len,
	    .ms = us > (int64_t)UINT32_MAX * 1000 ? UINT32_MAX : (uint32_t)((us + 500) / 1000),
	    .attempt = run->attempt};

	if (env->trace == NULL)
		return;
	snprintf(url, sizeof(url), "%s", buf_str(&run->r->shown));
	snprintf(detail, sizeof(detail), "%s", run->result.detail);
	redact_text(url);
	redact_text(detail);
	env->trace(env->ctx, &t);
}

/* A name that looks like the internet's and leads home: a mistake, or somebody's trick.  Told once. */
static void
look_where_it_leads(const struct run *run)
{
	const struct http_env *env = &run->h->env;
	struct endpoint *ep = run->r->endpoint;
	char line[640];

	if (ep == NULL || env->log == NULL || run->result.address[0] == '\0' ||
	    __atomic_load_n(&ep->told_private, __ATOMIC_RELAXED) ||
	    !address_is_private(run->result.address) || !address_looks_public(ep->url.host) ||
	    __atomic_exchange_n(&ep->told_private, 1, __ATOMIC_RELAXED))
		return;
	snprintf(line, sizeof(line),
	    "%.*s looks like a public name and leads to %s, an address of a private network; the "
	    "credentials go there",
	    (int)(ep->url.host.len < 256 ? ep->url.host.len : 256), ep->url.host.ptr,
	    run->result.address);
	env->log(env->ctx, AB_WARN, redact_text(line));
}

/* One exchange, once the gate of its origin lets it pass. */
static ab_status
exchange(struct run *run, struct error *e)
{
	struct http *h = run->h;
	const struct request *r = run->r;
	const struct transfer_request out = {r->method, buf_str(&r->url), &r->headers, r->body,
	    r->endpoint == NULL ? 0 : r->endpoint->limits.timeout_s, run->is_secret,
	    !r->idempotent};
	int64_t begun = manners_mono_us(&h->manners), sent;
	unsigned pass;

	if (manners_enter(&h->manners, r->endpoint, buf_str(&r->shown), &pass, e) != AB_OK)
		return e->status;
	run->gate_us += manners_mono_us(&h->manners) - begun;
	sent = clock_mono_us();
	if (r->is_stream)
		transfer_open(h->transfer, &out, run->resp, &run->resp->stream, &run->result);
	else
		transfer_run(h->transfer, &out, run->resp, &run->result);
	manners_leave(&h->manners, r->endpoint, pass, &run->result, run->resp);
	trace(run, clock_mono_us() - sent);
	look_where_it_leads(run);
	if (run->result.status == AB_OK)
		return AB_OK;
	return error_set(e, run->result.status, "%s %.600s: %s", r->method, buf_str(&r->shown),
	    run->result.detail);
}

/* One attempt: the request and the redirects behind it. Not AB_OK: nothing more to be done. */
static ab_status
attempt(struct run *run, struct error *e)
{
	struct request *r = run->r;
	const char *location;
	ab_status rc;

	for (int hop = 0;; hop++) {
		rc = exchange(run, e);
		if (rc != AB_OK || run->result.outcome != RETRY_ANSWERED ||
		    !is_redirect(run->resp->status))
			return rc;
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

/* As the description of the endpoint has it, or, without one, as is usual. */
static struct retry_rule
rule_of(const struct run *run)
{
	struct retry_rule rule = RETRY_RULE_DEFAULT;

	if (run->asked != NULL)
		rule = run->asked->limits.retry;
	if (run->h->limits.attempts != 0)
		rule.attempts = run->h->limits.attempts;
	if (run->h->limits.retry_total_s != 0)
		rule.total_s = run->h->limits.retry_total_s;
	return rule;
}

static void
fill_case(struct run *run, struct retry_case *c)
{
	struct http *h = run->h;
	int64_t now = manners_mono_us(&h->manners);

	run->spent_ms += (uint64_t)(now - run->attempt_us - run->gate_us) / 1000;
	*c = (struct retry_case){.outcome = run->result.outcome,
	    .status = run->resp->status,
	    .idempotent = run->r->idempotent,
	    .wanted = run->match.action == HANDLERS_RETRY,
	    .wanted_ms = run->match.wait_ms,
	    .attempt = run->attempt,
	    .spent_ms = run->spent_ms,
	    .lost_ms = shared_lose_ms(h->shared, run->attempt_us + run->gate_us, now)};
	c->told = manners_told(&h->manners, run->r->endpoint, &run->result, run->resp, 1);
	if (getrandom(&c->random, sizeof(c->random), GRND_NONBLOCK) != (ssize_t)sizeof(c->random))
		c->random = (uint32_t)clock_mono_us() * 2654435761u;
}

static void
say_why(const struct run *run, const struct retry_plan *plan, const struct retry_case *c, char *why,
    size_t size)
{
	double seconds = (double)(manners_mono_us(&run->h->manners) - run->begun_us) / 1e6;

	why[0] = '\0';
	if (plan->verdict == RETRY_UNSAFE)
		snprintf(why, size,
		    "not sent again: a %s may have been done; \"idempotent\": true in "
		    "its options allows it",
		    run->r->method);
	else if (plan->verdict == RETRY_SYNC)
		snprintf(why, size,
		    "not tried again: this sync has lost %.0f s to trying again, and \"sync_seconds\" of "
		    "the connector's description allows no more; the next run goes on where it stopped",
		    (double)c->lost_ms / 1e3);
	else if (plan->verdict == RETRY_FINAL && run->renewed)
		snprintf(why, size, "with a new token as well");
	else if (plan->verdict != RETRY_FINAL)
		snprintf(why, size, "tried %u time%s in %.1f s", run->attempt,
		    run->attempt == 1 ? "" : "s", seconds);
}

static ab_status
give_up(const struct run *run, const struct retry_plan *plan, const struct retry_case *c,
    struct error *e)
{
	const struct request *r = run->r;
	struct explain_more more = {.message = run->match.message};
	char why[320];

	say_why(run, plan, c, why, sizeof(why));
	more.why = why;
	if (plan->verdict != RETRY_FINAL)
		more.status = AB_ETRANSIENT;
	if (run->result.outcome == RETRY_ANSWERED)
		return explain_answer(r, run->resp, run->asked, &more, e);
	return error_set(e, run->result.blame, "%s %.600s: %s (%s)", r->method, buf_str(&r->shown),
	    run->result.detail, why);
}

/* "429 Too Many Requests, Retry-After of 365 days, cut to 60 min" */
static void
say_wait(const struct run *run, const struct retry_plan *plan, char *out, size_t size)
{
	char status[EXPLAIN_STATUS], asked[EXPLAIN_TIME], cut[EXPLAIN_TIME];
	const char *message = run->match.message;
	int n = snprintf(out, size, "%s%s%.200s",
	    run->result.outcome == RETRY_ANSWERED ? explain_status(run->resp->status, status)
						  : run->result.detail,
	    message == NULL ? "" : ": ", message == NULL ? "" : message);

	if (plan->asked_ms > (int64_t)plan->wait_ms)
		snprintf(out + n, size - (size_t)n, ", %s of %s, cut to %s", plan->from,
		    explain_time(plan->asked_ms, asked), explain_time(plan->wait_ms, cut));
	else if (plan->asked_ms > 0)
		snprintf(out + n, size - (size_t)n, ", %s", plan->from);
	redact_text(out);
}

/* Says why it waits and waits. */
static ab_status
wait_again(struct run *run, const struct retry_plan *plan, uint32_t attempts, struct error *e)
{
	struct http *h = run->h;
	const struct request *r = run->r;
	int64_t now = manners_mono_us(&h->manners), us = (int64_t)plan->wait_ms * 1000;
	char why[640], line[1400];
	const struct manners_wait wait = {us, why, buf_str(&r->shown), plan->limited, r->endpoint};

	say_wait(run, plan, why, sizeof(why));
	snprintf(line, sizeof(line), "%s %.600s: %s; again in %.1f s (attempt %u of %u)", r->method,
	    buf_str(&r->shown), why, plan->wait_ms / 1000.0, run->attempt + 1, attempts);
	if (h->env.log != NULL)
		h->env.log(h->env.ctx, AB_WARN, redact_text(line));
	if (plan->asked_ms == 0)
		run->spent_ms += plan->wait_ms;
	shared_lose_ms(h->shared, now, now + us);
	if (plan->for_all && r->endpoint != NULL)
		gate_close(&r->endpoint->gate, now + us);
	return manners_pause(&h->manners, &wait, e);
}

/* The answer is one. */
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

/* The description says that nothing comes of it: an empty answer. */
static ab_status
finish_empty(struct run *run, struct error *e)
{
	const struct http_env *env = &run->h->env;
	struct explain_more more = {.why = "", .message = run->match.message, .status = AB_EDATA};
	struct error sentence = ERROR_INIT;
	int skipped = run->match.action == HANDLERS_SKIP;

	explain_answer(run->r, run->resp, run->asked, &more, &sentence);
	error_wrap(&sentence, "%s, as the connector's description has it",
	    skipped ? "passed over" : "taken for the end");
	if (env->log != NULL)
		env->log(env->ctx, skipped ? AB_WARN : AB_DEBUG, redact_text(sentence.text));
	response_empty(run->resp);
	return finish(run, e);
}

/* The description says that it is an error, and whose. */
static ab_status
fail_as_described(const struct run *run, struct error *e)
{
	const struct explain_more more = {.why = "",
	    .message = run->match.message,
	    .status = run->match.action == HANDLERS_CONFIG ? AB_ECONFIG : AB_EDATA};

	return explain_answer(run->r, run->resp, run->asked, &more, e);
}

static ab_status
try_again(struct run *run, struct error *e)
{
	const struct retry_rule rule = rule_of(run);
	struct retry_case c;
	struct retry_plan plan;

	fill_case(run, &c);
	plan = retry_decide(&c, &rule);
	return plan.verdict == RETRY_AGAIN ? wait_again(run, &plan, rule.attempts, e)
					   : give_up(run, &plan, &c, e);
}

/* What an attempt has come to; *done: run->resp is the answer. */
static ab_status
judge(struct run *run, int *done, struct error *e)
{
	int answered = run->result.outcome == RETRY_ANSWERED;

	run->match = (struct handlers_match){HANDLERS_NONE, NULL, -1};
	/* Of a stream nobody has seen more than its beginning. */
	if (answered && run->r->errors != NULL && run->resp->stream == NULL)
		run->match =
		    handlers_find(run->r->errors, run->resp->status, http_response_body(run->resp));
	*done = 1;
	switch (run->match.action) {
	case HANDLERS_END:
	case HANDLERS_SKIP:
		return finish_empty(run, e);
	case HANDLERS_CONFIG:
	case HANDLERS_FAIL:
		return fail_as_described(run, e);
	case HANDLERS_NONE:
		if (answered && request_is_ok(run->r, run->resp->status))
			return finish(run, e);
		break;
	default:
		break;
	}
	*done = 0;
	return try_again(run, e);
}

ab_status
http_run(struct run *run, struct error *e)
{
	ab_status rc = AB_OK;
	int done = 0;

	for (run->attempt = 1; rc == AB_OK && !done; run->attempt++) {
		run->attempt_us = manners_mono_us(&run->h->manners);
		run->gate_us = 0;
		rc = request_prepare(run->r, run->ask, run->endpoints, run->count, e);
		run->asked = run->r->endpoint;
		if (rc == AB_OK)
			rc = http_token_attach(run, e);
		if (rc == AB_OK)
			rc = attempt(run, e);
		if (rc == AB_OK && http_token_renew(run))
			run->attempt--;
		else if (rc == AB_OK)
			rc = judge(run, &done, e);
	}
	return rc;
}
