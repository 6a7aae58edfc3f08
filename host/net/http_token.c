/* http_token.c - see http_run.h: what net/token.h needs of a source, and the requests to token servers. */
#include "base/clock.h"
#include "base/redact.h"
#include "net/cassette.h"
#include "net/http_run.h"

static int64_t
env_now_us(void *ctx)
{
	const struct http *h = ctx;

	return h->env.now_us != NULL ? h->env.now_us(h->env.ctx) : clock_now_us();
}

static int
env_cancelled(void *ctx)
{
	const struct http *h = ctx;

	return h->env.cancelled(h->env.ctx);
}

static void
env_log(void *ctx, int level, const char *text)
{
	const struct http *h = ctx;

	if (h->env.log != NULL)
		h->env.log(h->env.ctx, level, text);
}

static int
env_rest(void *ctx, int on)
{
	const struct http *h = ctx;

	return h->env.rest != NULL && h->env.rest(h->env.ctx, on);
}

static void
env_replaced(void *ctx, const char *key, const char *refresh)
{
	const struct http *h = ctx;

	h->env.replaced(h->env.ctx, key, refresh);
}

/* The host's own request, inside of the one that needs the token. */
static ab_status
exchange(void *ctx, const struct ab_request *ask, struct endpoint *at, int spends,
    struct http_response **out, struct error *e)
{
	struct http *h = ctx;
	struct request request;
	struct endpoint *const endpoints[] = {at};
	struct run run = {.h = h,
	    .r = &request,
	    .endpoints = endpoints,
	    .count = 1,
	    .ask = ask,
	    .is_secret = 1,
	    .resp = http_take_response(h),
	    .begun_us = manners_mono_us(&h->manners)};
	ab_status rc;

	if (run.resp == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	request_init(&request);
	h->spends = spends;
	h->cancel_seen_us = 0;
	rc = http_run(&run, e);
	h->spends = 0;
	if (rc == AB_OK && request.endpoint == NULL)
		rc = error_set(e, AB_EDATA,
		    "%s %.300s: the answer came from another origin, which is not believed",
		    request.method, buf_str(&request.shown));
	request_fini(&request);
	if (rc == AB_OK)
		*out = run.resp;
	else
		http_response_free(run.resp);
	return rc;
}

/* A recording holds no tokens, and has no use for one. */
static ab_status
attach_played(struct run *run, struct error *e)
{
	static const char token[] = "token-of-a-replay";

	run->token = 1;
	if (redact_add(token, sizeof(token) - 1) != 0)
		return error_set(e, AB_ENOMEM, "out of memory");
	return request_authorize(run->r, token, e);
}

ab_status
http_token_attach(struct run *run, struct error *e)
{
	struct http *h = run->h;
	const struct token_env env = {.ctx = h,
	    .exchange = exchange,
	    .cancelled = env_cancelled,
	    .now_us = env_now_us,
	    .log = env_log,
	    .rest = env_rest,
	    .replaced = h->env.replaced != NULL ? env_replaced : NULL,
	    .secrets = h->shared->secrets};
	ab_status rc;

	run->token = 0;
	if (!request_needs_token(run->r))
		return AB_OK;
	if (cassette_replays(h->env.cassette))
		return attach_played(run, e);
	rc = token_get(run->r->endpoint->auth.token, &env, &h->credential, &run->token, e);
	return rc == AB_OK ? request_authorize(run->r, h->credential.ptr, e) : rc;
}

int
http_token_renew(struct run *run)
{
	struct token *token = run->asked == NULL ? NULL : run->asked->auth.token;

	if (run->token == 0 || run->renewed || run->result.outcome != RETRY_ANSWERED ||
	    run->r->endpoint != run->asked || !token_is_refusal(token, run->resp->status))
		return 0;
	run->renewed = 1;
	token_refuse(token, run->token);
	return 1;
}
