/* shared.c - see shared.h. */
#include "net/shared.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define SHARED_MAX 256u /* endpoints of one worker */

struct shared_endpoint {
	struct shared_endpoint *next;
	char *json;
	json_t *config;
	struct endpoint endpoint;
};

ab_status
http_shared_new(struct http_shared **out, struct error *e)
{
	*out = calloc(1, sizeof(**out));
	if (*out == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	pthread_mutex_init(&(*out)->lock, NULL);
	return AB_OK;
}

ab_status
http_shared_secrets(struct http_shared *s, const char *path, struct error *e)
{
	free(s->secrets);
	s->secrets = strdup(path);
	return s->secrets != NULL ? AB_OK : error_set(e, AB_ENOMEM, "out of memory");
}

static void
free_endpoint(struct shared_endpoint *ep)
{
	free(ep->json);
	json_decref(ep->config);
	free(ep);
}

void
http_shared_free(struct http_shared *s)
{
	struct shared_endpoint *ep;

	if (s == NULL)
		return;
	while ((ep = s->first) != NULL) {
		s->first = ep->next;
		endpoint_fini(&ep->endpoint);
		free_endpoint(ep);
	}
	pthread_mutex_destroy(&s->lock);
	free(s->secrets);
	free(s);
}

static struct shared_endpoint *
find(const struct http_shared *s, const char *json, const json_t *config)
{
	struct shared_endpoint *ep;

	for (ep = s->first; ep != NULL; ep = ep->next)
		if (strcmp(ep->json, json) == 0 &&
		    (ep->config == config || json_equal(ep->config, config)))
			return ep;
	return NULL;
}

static ab_status
add(struct http_shared *s, const char *json, const json_t *config, struct shared_endpoint **out,
    struct error *e)
{
	struct shared_endpoint *ep;
	ab_status rc;

	if (s->count == SHARED_MAX)
		return error_set(e, AB_EBUG, "more than %u different endpoints", SHARED_MAX);
	ep = calloc(1, sizeof(*ep));
	if (ep == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	ep->json = strdup(json);
	ep->config = json_incref((json_t *)(uintptr_t)config);
	rc = ep->json == NULL ? error_set(e, AB_ENOMEM, "out of memory")
			      : endpoint_read(json, config, &ep->endpoint, e);
	if (rc != AB_OK) {
		free_endpoint(ep);
		return rc;
	}
	ep->next = s->first;
	s->first = ep;
	s->count++;
	*out = ep;
	return AB_OK;
}

ab_status
shared_endpoint(struct http_shared *s, const char *json, const json_t *config,
    struct endpoint **out, struct error *e)
{
	struct shared_endpoint *ep;
	ab_status rc = AB_OK;

	pthread_mutex_lock(&s->lock);
	ep = find(s, json, config);
	if (ep == NULL)
		rc = add(s, json, config, &ep, e);
	pthread_mutex_unlock(&s->lock);
	*out = rc == AB_OK ? &ep->endpoint : NULL;
	return rc;
}

uint64_t
shared_lose_ms(struct http_shared *s, int64_t from_us, int64_t to_us)
{
	uint64_t ms;

	pthread_mutex_lock(&s->lock);
	retry_lose(&s->lost, from_us, to_us);
	ms = s->lost.lost_us / 1000;
	pthread_mutex_unlock(&s->lock);
	return ms;
}
