/* manners.c - see manners.h. */
#include "net/manners.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define WORTH_TELLING_US 1000000

void
manners_init(struct manners *m, const struct http_env *env)
{
	*m = (struct manners){.env = env};
	pthread_mutex_init(&m->lock, NULL);
}

void
manners_fini(struct manners *m)
{
	pthread_mutex_destroy(&m->lock);
}

void
manners_wake(struct manners *m)
{
	pthread_mutex_lock(&m->lock);
	if (m->waiting != NULL)
		gate_wake(m->waiting);
	pthread_mutex_unlock(&m->lock);
}

int64_t
manners_mono_us(const struct manners *m)
{
	return m->env->mono_us != NULL ? m->env->mono_us(m->env->ctx) : clock_mono_us();
}

int64_t
manners_now_us(const struct manners *m)
{
	return m->env->now_us != NULL ? m->env->now_us(m->env->ctx) : clock_now_us();
}

static void
tell(struct manners *m, const struct manners_wait *wait)
{
	const char *at = strstr(wait->shown, "://");
	char host[256];
	struct http_wait w = {.until_us = manners_now_us(m) + wait->us,
	    .why = wait->why,
	    .host = host,
	    .limited = wait->limited,
	    .done = wait->endpoint == NULL ? 0 : gate_done(&wait->endpoint->gate)};

	if (at == NULL)
		return;
	snprintf(host, sizeof(host), "%.*s", (int)strcspn(at + 3, "/?"), at + 3);
	m->env->waiting(m->env->ctx, &w);
}

static int
sleep_us(struct manners *m, int64_t us)
{
	uint32_t ms = us > (int64_t)UINT32_MAX * 1000 ? UINT32_MAX : (uint32_t)((us + 999) / 1000);

	return m->env->sleep_ms != NULL ? m->env->sleep_ms(m->env->ctx, ms)
					: transfer_sleep(m->transfer, ms);
}

ab_status
manners_pause(struct manners *m, const struct manners_wait *wait, struct error *e)
{
	if (wait->us <= 0)
		return AB_OK;
	if (wait->us > WORTH_TELLING_US && m->env->waiting != NULL)
		tell(m, wait);
	return sleep_us(m, wait->us) ? error_set(e, AB_ECANCELLED, "cancelled") : AB_OK;
}

static int
gate_cancelled(void *ctx)
{
	const struct manners *m = ctx;

	return m->env->cancelled(m->env->ctx);
}

static int
gate_pause(void *ctx, int64_t us, const char *why)
{
	struct manners *m = ctx;
	const struct manners_wait wait = {us, why, m->shown, 1, m->at};

	return manners_pause(m, &wait, NULL) != AB_OK;
}

static int64_t
gate_mono_us(void *ctx)
{
	return manners_mono_us(ctx);
}

static int
gate_rest(void *ctx, int on)
{
	const struct manners *m = ctx;

	return m->env->rest != NULL && m->env->rest(m->env->ctx, on);
}

static void
stand_at(struct manners *m, struct endpoint *ep, const char *shown)
{
	pthread_mutex_lock(&m->lock);
	m->at = ep;
	m->shown = shown;
	m->waiting = ep == NULL ? NULL : &ep->gate;
	pthread_mutex_unlock(&m->lock);
}

ab_status
manners_enter(
    struct manners *m, struct endpoint *ep, const char *shown, unsigned *pass, struct error *e)
{
	const struct gate_env env = {m, gate_cancelled, gate_pause, gate_mono_us, gate_rest};
	int cancelled;

	*pass = 0;
	if (ep == NULL)
		return AB_OK;
	stand_at(m, ep, shown);
	cancelled = gate_enter(&ep->gate, &env, pass);
	stand_at(m, NULL, NULL);
	return cancelled ? error_set(e, AB_ECANCELLED, "cancelled") : AB_OK;
}

static enum crowd_news
news_of(const struct transfer_result *result, int status)
{
	if (result->status != AB_OK || result->outcome != RETRY_ANSWERED)
		return CROWD_NOTHING;
	return status == 429 || status == 503 ? CROWD_TIRED : CROWD_FINE;
}

void
manners_leave(struct manners *m, struct endpoint *ep, unsigned pass,
    const struct transfer_result *result, const struct http_response *resp)
{
	struct told told;

	if (ep == NULL)
		return;
	gate_leave(&ep->gate, pass, news_of(result, resp->status));
	told = manners_told(m, ep, result, resp, 0);
	gate_told(
	    &ep->gate, &told, manners_mono_us(m), (int64_t)ep->limits.retry.longest_s * 1000000);
}

struct told
manners_told(const struct manners *m, const struct endpoint *ep,
    const struct transfer_result *result, const struct http_response *resp, int in_body)
{
	struct told told = TOLD_NOTHING;
	struct ab_str none = {"", 0}, body = {resp->body.ptr, resp->body.len};

	if (result->status != AB_OK || result->outcome != RETRY_ANSWERED)
		return told;
	told_read(&resp->headers, in_body ? body : none, ep == NULL ? NULL : &ep->limits.told,
	    manners_now_us(m), &told);
	return told;
}
