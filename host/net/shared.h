/* shared.h - what all sources of one worker have together: the endpoints, each with its credential and its limits.
 *
 * A worker opens the connector several times (lanes), and each open tells the same endpoints.  A description that is
 * told again, with the same config, finds the endpoint that it made before: one token, one rate limit for all of them.
 * Made before the first http_new that gets it, freed after the last http_free.  Every function is for any thread. */
#ifndef ABHOST_SHARED_H
#define ABHOST_SHARED_H
#include <pthread.h>

#include "net/endpoint.h"

struct shared_endpoint;

struct http_shared {
	char *secrets; /* the file's path, or NULL */
	pthread_mutex_t lock;
	/* under lock */
	struct shared_endpoint *first;
	unsigned count;
	struct retry_lost lost; /* of the sync's time */
};

/* AB_ENOMEM. */
ab_status http_shared_new(struct http_shared **out, struct error *e);
/* Before the first http_new: the file that refresh tokens are kept in where a server replaces them (net/secrets.h);
 * without one they are not kept.  Copies the path.  AB_ENOMEM. */
ab_status http_shared_secrets(struct http_shared *s, const char *path, struct error *e);
/* NULL is fine. */
void http_shared_free(struct http_shared *s);
/* The endpoint of this description (text, compared byte by byte) and config, made where it is new; it lives as long as
 * `s`.  Errors are endpoint_read's. */
ab_status shared_endpoint(struct http_shared *s, const char *json, const json_t *config,
    struct endpoint **out, struct error *e);
/* Adds the time between two moments (manners_mono_us) to what the sync has lost to retries; returns how much that is by now. */
uint64_t shared_lose_ms(struct http_shared *s, int64_t from_us, int64_t to_us);
#endif
