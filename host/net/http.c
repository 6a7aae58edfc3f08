/* http.c - see http.h: the source's endpoints and responses.  How a request runs is in http_run.c. */
#include "net/http.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/redact.h"
#include "net/http_run.h"
#include "net/proxy.h"

#define BODY_CAP       ((size_t)64 << 20)
#define SPEND_GRACE_US 1500000
#define CREDENTIAL_MAX ((size_t)128 << 10)

static void
set_default(uint32_t *value, uint32_t fallback)
{
	if (*value == 0)
		*value = fallback;
}

/* A token server may have put a new refresh token into an answer that is on its way: without it, the next run could
 * not sign in any more. */
static int
is_cancelled(void *ctx)
{
	struct http *h = ctx;

	if (!h->env.cancelled(h->env.ctx))
		return 0;
	if (!h->spends)
		return 1;
	if (h->cancel_seen_us == 0)
		h->cancel_seen_us = clock_mono_us();
	return clock_mono_us() - h->cancel_seen_us > SPEND_GRACE_US;
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
	request_init(&h->request);
	buf_init(&h->credential, CREDENTIAL_MAX);
	h->inner = h->env;
	h->inner.ctx = h;
	h->inner.cancelled = is_cancelled;
	manners_init(&h->manners, &h->env);
	rc = proxy_hide() != 0 ? error_set(e, AB_ENOMEM, "out of memory") : AB_OK;
	if (rc == AB_OK && shared == NULL)
		rc = http_shared_new(&h->own, e);
	h->shared = shared == NULL ? h->own : shared;
	if (rc == AB_OK)
		rc = transfer_new(&h->inner, &h->limits, &h->transfer, e);
	h->manners.transfer = h->transfer;
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
	manners_fini(&h->manners);
	request_fini(&h->request);
	if (h->credential.ptr != NULL)
		explicit_bzero(h->credential.ptr, h->credential.cap);
	buf_fini(&h->credential);
	http_shared_free(h->own);
	response_free(h->spare);
	free(h);
}

void
http_wake(struct http *h)
{
	transfer_wake(h->transfer);
	manners_wake(&h->manners);
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

int
http_token_to_keep(const struct http *h, const char *token, struct buf *out)
{
	struct url u;

	buf_reset(out);
	if (buf_adds(out, token) != 0)
		return -1;
	for (size_t i = 0; i < h->count && url_parse(token, &u) == NULL; i++)
		if (h->endpoints[i]->auth.place == AUTH_QUERY &&
		    url_same_origin(&u, &h->endpoints[i]->url))
			url_drop_param(out, h->endpoints[i]->auth.name, NULL);
	return 0;
}

/* The larger of two idle responses stays: its memory fits the next page. */
void
http_response_free(struct http_response *resp)
{
	struct http *h;

	if (resp == NULL)
		return;
	h = resp->owner;
	transfer_close(resp->stream);
	resp->stream = NULL;
	if (h->spare == NULL) {
		h->spare = resp;
	} else if (h->spare->body.cap < resp->body.cap) {
		response_free(h->spare);
		h->spare = resp;
	} else {
		response_free(resp);
	}
}

void
http_trim(struct http *h, size_t keep)
{
	if (h == NULL || h->spare == NULL || h->spare->body.cap <= keep)
		return;
	response_free(h->spare);
	h->spare = NULL;
}

struct http_response *
http_take_response(struct http *h)
{
	struct http_response *resp = h->spare;

	h->spare = NULL;
	return resp != NULL ? resp : response_new(h, h->limits.body_cap);
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
	    .resp = http_take_response(h),
	    .begun_us = manners_mono_us(&h->manners)};
	ab_status rc;

	*out = NULL;
	if (run.resp == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	rc = http_run(&run, e);
	if (rc == AB_OK) {
		*out = run.resp;
		return rc;
	}
	http_response_free(run.resp);
	redact_text(e->text);
	return rc;
}

int
http_response_is_stream(const struct http_response *resp)
{
	return resp->stream != NULL;
}

ab_status
http_response_read(struct http_response *resp, struct ab_str *chunk, struct error *e)
{
	struct transfer_result result;
	ab_status rc;

	transfer_read(resp->stream, chunk, &result);
	resp->streamed += chunk->len;
	if (result.status == AB_OK && result.outcome == RETRY_ANSWERED)
		return AB_OK;
	rc = result.status != AB_OK ? result.status : result.blame;
	error_set(e, rc,
	    "%.600s: %s, behind the first %llu bytes; a body that is read in pieces cannot be "
	    "asked for again from its middle",
	    buf_str(&resp->what), result.detail, (unsigned long long)resp->streamed);
	redact_text(e->text);
	return rc;
}
