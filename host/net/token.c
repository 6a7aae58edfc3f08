/* token.c - see token.h. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/redact.h"
#include "net/auth_internal.h"
#include "net/response.h"
#include "net/secrets.h"
#include "net/token_internal.h"

#define MARGIN_MAX_US INT64_C(60000000)
#define POLL_MS	      200
#define AGAIN_US      INT64_C(5000000) /* a renewal failed, and the token is good for a while */

struct token {
	struct token_recipe r;
	char *prefix;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* under lock */
	int fetching;
	uint64_t generation;	    /* how many tokens there were */
	uint64_t rounds;	    /* how many fetches have ended, */
	struct error last;	    /* and how the last one did */
	char *access;		    /* NULL: none is good */
	int64_t renew_us, until_us; /* on clock(); INT64_MAX: unknown */
	/* of the one that fetches */
	char *refused;		     /* the token that the API refused */
	char *refresh;		     /* the refresh token in use, NULL: the recipe's */
	struct token_answer unsaved; /* came, but could not be written to the secrets file */
};

/* Counts on while the machine sleeps, and nobody sets it. */
static int64_t
clock_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

void
token_recipe_fini(struct token_recipe *r)
{
	jwt_free(r->jwt);
	free(r->assertion);
	if (r->at != NULL)
		endpoint_fini(r->at);
	free(r->at);
	json_decref(r->params);
	json_decref(r->headers);
	free(r->refresh_param);
	free(r->refresh_key);
	auth_text_free(r->refresh);
	free(r->token_path);
	free(r->token_header);
	free(r->expires_in_path);
	free(r->expires_at_path);
	free(r->refresh_path);
	*r = (struct token_recipe){0};
}

struct token *
token_new(struct token_recipe *taken, const char *prefix)
{
	struct token *t = calloc(1, sizeof(*t));
	pthread_condattr_t attr;

	if (t != NULL)
		t->prefix = strdup(prefix);
	if (t == NULL || t->prefix == NULL) {
		free(t);
		token_recipe_fini(taken);
		return NULL;
	}
	t->r = *taken;
	*taken = (struct token_recipe){0};
	pthread_mutex_init(&t->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&t->changed, &attr);
	pthread_condattr_destroy(&attr);
	return t;
}

void
token_free(struct token *t)
{
	if (t == NULL)
		return;
	token_recipe_fini(&t->r);
	free(t->prefix);
	auth_text_free(t->access);
	auth_text_free(t->refused);
	auth_text_free(t->refresh);
	token_answer_fini(&t->unsaved);
	pthread_cond_destroy(&t->changed);
	pthread_mutex_destroy(&t->lock);
	free(t);
}

static ab_status
sign_one(struct token *t, const struct token_env *env, struct token_answer *out, struct error *e)
{
	struct buf text;
	ab_status rc;

	buf_init(&text, TOKEN_MAX);
	rc = jwt_sign(t->r.jwt, env->now_us(env->ctx), &text, e);
	if (rc == AB_OK)
		rc = auth_hide(text.ptr, e);
	if (rc == AB_OK && (out->access = buf_steal(&text)) == NULL)
		rc = error_set(e, AB_ENOMEM, "out of memory");
	buf_fini(&text);
	out->lifetime_us = jwt_lifetime_s(t->r.jwt) * 1000000;
	return rc;
}

static ab_status
ask_server(struct token *t, const struct token_env *env, const char *refresh,
    struct token_answer *out, struct error *e)
{
	struct token_request q;
	struct http_response *resp = NULL;
	ab_status rc = token_request_init(&q, &t->r, refresh, env->now_us(env->ctx), e);

	if (rc == AB_OK)
		rc = env->exchange(env->ctx, &q.ask, t->r.at, refresh != NULL, &resp, e);
	if (rc == AB_OK)
		rc = token_answer_read(&t->r, resp, env->now_us(env->ctx), out, e);
	token_request_fini(&q);
	if (resp != NULL && resp->body.ptr != NULL) /* its memory serves pages later */
		explicit_bzero(resp->body.ptr, resp->body.len);
	http_response_free(resp);
	return rc;
}

/* Whether another run has left a token that is good: then the refresh token need not be spent. */
static int
take_saved(const struct token *t, const struct secrets_entry *entry, int64_t now_us,
    struct token_answer *out)
{
	int64_t left = entry->expires_us - now_us;

	if (entry->access == NULL || entry->lifetime_us == 0 || left > entry->lifetime_us ||
	    left < entry->lifetime_us / 10 || left < 1000000 ||
	    (t->refused != NULL && strcmp(t->refused, entry->access) == 0))
		return 0;
	out->access = strdup(entry->access);
	out->lifetime_us = left;
	return out->access != NULL;
}

/* On disk before it is used.  What cannot be saved is kept, so that the next try need not spend anything. */
static ab_status
save(struct token *t, const struct token_env *env, struct secrets *s, struct token_answer *a,
    struct error *e)
{
	int64_t now = env->now_us(env->ctx);
	struct secrets_entry entry = {.refresh = a->refresh,
	    .access = a->access,
	    .expires_us = a->lifetime_us > 0 ? now + a->lifetime_us : 0,
	    .lifetime_us = a->lifetime_us};
	ab_status rc = AB_OK;

	if (s->fd < 0)
		rc = secrets_open(s, env->secrets, 1, env->cancelled, env->ctx, e);
	if (rc == AB_OK)
		rc = secrets_save(s, t->r.secrets_key, &entry, e);
	if (rc == AB_OK)
		return rc;
	if (a != &t->unsaved) {
		token_answer_fini(&t->unsaved);
		t->unsaved = *a;
		*a = (struct token_answer){0};
	}
	return error_wrap(e, "a new refresh token came and is not used, because it would be lost");
}

/* Whether somebody who keeps configurations is told of new refresh tokens. */
static int
is_told(const struct token *t, const struct token_env *env)
{
	return env->replaced != NULL && t->r.refresh_key != NULL;
}

static void
warn_unsaved(const struct token_env *env)
{
	if (env->log != NULL)
		env->log(env->ctx, AB_WARN,
		    "the token server replaced the refresh token, and there is no file to keep the new one "
		    "in: the one in the config may be good no more; --secrets FILE names one");
}

/* Remembers the refresh token that is good from now on. */
static ab_status
keep_refresh(struct token *t, const struct token_env *env, struct secrets *s,
    struct token_answer *a, const char *spent, int is_saved, struct error *e)
{
	int is_new = a->refresh != NULL && strcmp(a->refresh, spent) != 0;
	ab_status rc = AB_OK;

	if (env->secrets != NULL && (is_new || is_saved || t->r.rotates)) {
		if (a->refresh == NULL && (a->refresh = strdup(spent)) == NULL)
			return error_set(e, AB_ENOMEM, "out of memory");
		rc = save(t, env, s, a, e);
	} else if (is_new && !is_told(t, env)) {
		warn_unsaved(env);
	}
	if (rc == AB_OK && is_new && is_told(t, env))
		env->replaced(env->ctx, t->r.refresh_key, a->refresh);
	if (rc == AB_OK && a->refresh != NULL) {
		auth_text_free(t->refresh);
		t->refresh = a->refresh;
		a->refresh = NULL;
	}
	return rc;
}

static ab_status
spend(struct token *t, const struct token_env *env, struct secrets *s, struct token_answer *out,
    struct error *e)
{
	const char *refresh = t->refresh != NULL ? t->refresh : t->r.refresh;
	struct secrets_entry entry = {0};
	ab_status rc = AB_OK;

	if (t->unsaved.access != NULL) {
		rc = save(t, env, s, &t->unsaved, e);
		if (rc != AB_OK)
			return rc;
		*out = t->unsaved;
		t->unsaved = (struct token_answer){0};
		return AB_OK;
	}
	if (s->fd >= 0 && secrets_find(s, t->r.secrets_key, &entry)) {
		rc = auth_hide(entry.refresh, e);
		if (rc == AB_OK && take_saved(t, &entry, env->now_us(env->ctx), out))
			return auth_hide(out->access, e);
		refresh = entry.refresh;
	}
	if (rc == AB_OK && s->fd >= 0)
		rc = secrets_reserve(s, e);
	if (rc == AB_OK)
		rc = ask_server(t, env, refresh, out, e);
	if (rc == AB_OK)
		rc = keep_refresh(t, env, s, out, refresh, entry.refresh != NULL, e);
	if (rc == AB_ECONFIG && entry.refresh != NULL)
		return error_wrap(e, "with the refresh token in %s", env->secrets);
	return rc;
}

/* With a refresh token: under the lock of the secrets file, where there is one, so that no other run spends it too. */
static ab_status
refresh_one(struct token *t, const struct token_env *env, struct token_answer *out, struct error *e)
{
	struct secrets s = {.fd = -1};
	ab_status rc = AB_OK;

	if (t->r.rotates && env->secrets == NULL && !is_told(t, env))
		return error_set(e, AB_ECONFIG,
		    "the refresh token (%s in the config) is good for one use, and there is no file to "
		    "keep its successor in; --secrets FILE names one",
		    t->r.keys);
	if (env->secrets != NULL)
		rc = secrets_open(&s, env->secrets, t->r.rotates, env->cancelled, env->ctx, e);
	if (rc != AB_OK)
		return rc;
	rc = spend(t, env, &s, out, e);
	secrets_close(&s);
	return rc;
}

static ab_status
fetch(struct token *t, const struct token_env *env, struct token_answer *out, struct error *e)
{
	ab_status rc;

	if (t->r.jwt != NULL && t->r.assertion == NULL)
		rc = sign_one(t, env, out, e);
	else if (t->r.refresh != NULL)
		rc = refresh_one(t, env, out, e);
	else
		rc = ask_server(t, env, NULL, out, e);
	if (rc != AB_OK)
		token_answer_fini(out);
	return rc == AB_OK || rc == AB_ECANCELLED ? rc : error_wrap(e, "cannot %s", t->r.what);
}

/* Under lock; from is when the token was asked for, so that the way here does not lengthen its life. */
static void
take(struct token *t, struct token_answer *a, int64_t from)
{
	int64_t margin = a->lifetime_us / 10 < MARGIN_MAX_US ? a->lifetime_us / 10 : MARGIN_MAX_US;

	auth_text_free(t->access);
	t->access = a->access;
	t->generation++;
	t->until_us = a->lifetime_us > 0 ? from + a->lifetime_us : INT64_MAX;
	t->renew_us = a->lifetime_us > 0 ? t->until_us - margin : INT64_MAX;
	a->access = NULL;
	token_answer_fini(a);
}

static ab_status
give(const struct token *t, struct buf *out, uint64_t *generation, struct error *e)
{
	buf_reset(out);
	*generation = t->generation;
	if (buf_adds(out, t->prefix) != 0 || buf_adds(out, t->access) != 0)
		return error_set(e, AB_ENOMEM, "out of memory");
	return AB_OK;
}

/* Under lock, which it lets go meanwhile.  A renewal that failed leaves a token that is still good in its place. */
static ab_status
fetch_and_take(struct token *t, const struct token_env *env, struct error *e)
{
	struct token_answer a = {0};
	struct error why = ERROR_INIT;
	int64_t from = clock_us();
	ab_status rc;

	t->fetching = 1;
	pthread_mutex_unlock(&t->lock);
	rc = fetch(t, env, &a, &why);
	pthread_mutex_lock(&t->lock);
	redact_text(why.text);
	t->fetching = 0;
	t->rounds++;
	t->last = why;
	if (rc == AB_OK) {
		take(t, &a, from);
	} else if (rc != AB_ECANCELLED && rc != AB_ECONFIG && t->access != NULL &&
	    clock_us() < t->until_us) {
		t->renew_us = clock_us() + AGAIN_US;
		if (t->renew_us > t->until_us)
			t->renew_us = t->until_us;
		if (env->log != NULL)
			env->log(env->ctx, AB_WARN, why.text);
		rc = AB_OK;
	}
	pthread_cond_broadcast(&t->changed);
	return rc == AB_OK ? rc : error_set(e, rc, "%s", why.text);
}

/* Under lock, which it lets go meanwhile. */
static int
rest(struct token *t, const struct token_env *env, int on)
{
	int cancelled;

	if (env->rest == NULL)
		return 0;
	pthread_mutex_unlock(&t->lock);
	cancelled = env->rest(env->ctx, on);
	pthread_mutex_lock(&t->lock);
	return cancelled;
}

/* Under lock: until something has changed, or for a moment. */
static void
wait_a_moment(struct token *t)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += POLL_MS * 1000000L;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	pthread_cond_timedwait(&t->changed, &t->lock, &until);
}

static ab_status
wait_for_round(struct token *t, const struct token_env *env, struct error *e)
{
	uint64_t round = t->rounds;
	int cancelled = rest(t, env, 1);

	while (t->fetching && t->rounds == round && !cancelled) {
		cancelled = env->cancelled(env->ctx);
		if (!cancelled)
			wait_a_moment(t);
	}
	if (rest(t, env, 0) || cancelled)
		return error_set(e, AB_ECANCELLED, "cancelled");
	/* Whose fetch was cancelled leaves it to the next; any other failure is everybody's. */
	if (t->rounds != round && t->last.status != AB_OK && t->last.status != AB_ECANCELLED &&
	    (t->access == NULL || clock_us() >= t->until_us))
		return error_set(e, t->last.status, "%s", t->last.text);
	return AB_OK;
}

static int
is_good(const struct token *t)
{
	int64_t now = t->access == NULL ? 0 : clock_us();

	return t->access != NULL && (now < t->renew_us || (t->fetching && now < t->until_us));
}

ab_status
token_get(struct token *t, const struct token_env *env, struct buf *out, uint64_t *generation,
    struct error *e)
{
	ab_status rc = AB_OK;

	pthread_mutex_lock(&t->lock);
	for (int fetched = 0; rc == AB_OK && !fetched && !is_good(t);) {
		if (t->last.status == AB_ECONFIG) { /* it would say the same again */
			rc = error_set(e, AB_ECONFIG, "%s", t->last.text);
		} else if (t->fetching) {
			rc = wait_for_round(t, env, e);
		} else if (env->cancelled(env->ctx)) {
			rc = error_set(e, AB_ECANCELLED, "cancelled");
		} else {
			rc = fetch_and_take(t, env, e);
			fetched = 1; /* however short its life: it is good for this request */
		}
	}
	if (rc == AB_OK)
		rc = give(t, out, generation, e);
	pthread_mutex_unlock(&t->lock);
	return rc;
}

int
token_is_refusal(const struct token *t, int status)
{
	return status > 0 && status < 600 && (t->r.expired[status / 8] >> status % 8 & 1);
}

void
token_refuse(struct token *t, uint64_t generation)
{
	pthread_mutex_lock(&t->lock);
	if (t->generation == generation && t->access != NULL) {
		if (t->fetching) { /* its successor is on its way, and `refused` is the fetcher's */
			auth_text_free(t->access);
		} else {
			auth_text_free(t->refused);
			t->refused = t->access;
		}
		t->access = NULL;
	}
	pthread_mutex_unlock(&t->lock);
}
