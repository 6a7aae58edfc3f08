/* cassette_find.c - which recorded exchange a request gets, and what to say where there is none. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "net/cassette_private.h"

#define SHOWN 160

static uint64_t
mix(uint64_t hash, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(1099511628211);
	return (hash ^ 0xff) * UINT64_C(1099511628211);
}

static uint64_t
hash_of(const char *method, const char *url, struct ab_str body)
{
	uint64_t hash = mix(UINT64_C(14695981039346656037), method, strlen(method));

	hash = mix(hash, url, strlen(url));
	return mix(hash, body.ptr, body.len);
}

static int
is_same(const struct tape *t, const char *method, const char *url, struct ab_str body)
{
	return strcmp(t->method, method) == 0 && strcmp(t->url, url) == 0 && t->nbody == body.len &&
	    (body.len == 0 || memcmp(t->body, body.ptr, body.len) == 0);
}

/* A bucket has its exchanges in the order of the recording. */
int
cassette_index(struct cassette *c)
{
	uint32_t size = 16;

	while (size < c->ntapes * 2)
		size *= 2;
	c->mask = size - 1;
	c->buckets = calloc(size, sizeof(*c->buckets));
	if (c->buckets == NULL)
		return -1;
	for (uint32_t i = c->ntapes; i-- > 0;) {
		struct tape *t = &c->tapes[i];
		uint32_t *bucket;

		t->hash = hash_of(t->method, t->url, (struct ab_str){t->body, t->nbody});
		bucket = &c->buckets[t->hash & c->mask];
		t->next = *bucket;
		*bucket = i + 1;
	}
	return 0;
}

static size_t
same_bytes(const char *a, const char *b)
{
	size_t n = 0;

	while (a[n] != '\0' && a[n] == b[n])
		n++;
	return n;
}

/* How much alike; the method is more than a piece of the URL, the whole URL is more than the method. */
static size_t
likeness(const struct tape *t, const char *method, const char *url)
{
	size_t n = same_bytes(t->url, url);

	if (strcmp(t->url, url) == 0)
		n += 2 * URL_MAX;
	return n + (strcmp(t->method, method) == 0 ? 64 : 0);
}

static const struct tape *
nearest(const struct cassette *c, const char *method, const char *url)
{
	const struct tape *best = NULL;
	size_t most = 0, n;

	for (uint32_t i = 0; i < c->ntapes; i++) {
		n = likeness(&c->tapes[i], method, url);
		if (best == NULL || n > most) {
			best = &c->tapes[i];
			most = n;
		}
	}
	return best;
}

/* From where two texts part, but not from the middle of a parameter. */
static const char *
parting(const char *url, const char *other)
{
	size_t n = same_bytes(url, other);

	while (n > 0 && strchr("?&/", url[n - 1]) == NULL)
		n--;
	return url + n;
}

static ab_status
say_missing(const struct cassette *c, const char *method, const char *url, struct ab_str body,
    struct error *e)
{
	const struct tape *t = nearest(c, method, url);

	if (t == NULL)
		return error_set(
		    e, AB_ECONFIG, "is not in the recording %s, which is empty", c->folder);
	if (strcmp(t->url, url) != 0)
		return error_set(e, AB_ECONFIG,
		    "is not in the recording %s: it has \"%.*s\" where the nearest one (%s, %s) has \"%.*s\"",
		    c->folder, SHOWN, parting(url, t->url), t->name, t->method, SHOWN,
		    parting(t->url, url));
	if (strcmp(t->method, method) != 0)
		return error_set(e, AB_ECONFIG,
		    "is not in the recording %s: the nearest one (%s) is a %s", c->folder, t->name,
		    t->method);
	return error_set(e, AB_ECONFIG,
	    "is not in the recording %s: its body is \"%.*s\" where the nearest one (%s) has \"%.*s\"",
	    c->folder, body.len < SHOWN ? (int)body.len : SHOWN, body.len > 0 ? body.ptr : "",
	    t->name, t->nbody < SHOWN ? (int)t->nbody : SHOWN, t->body);
}

/* All of the kind but the first may be given again. */
static void
forget_used(
    struct cassette *c, struct tape *first, const char *method, const char *url, struct ab_str body)
{
	for (uint32_t i = first->next; i != 0; i = c->tapes[i - 1].next)
		if (is_same(&c->tapes[i - 1], method, url, body))
			c->tapes[i - 1].used = 0;
}

const struct tape *
cassette_take(
    struct cassette *c, const char *method, const char *url, struct ab_str body, struct error *e)
{
	uint64_t hash = hash_of(method, url, body);
	struct tape *first = NULL;
	unsigned times = 0;

	for (uint32_t i = c->buckets[hash & c->mask]; i != 0; i = c->tapes[i - 1].next) {
		struct tape *t = &c->tapes[i - 1];

		if (t->hash != hash || !is_same(t, method, url, body))
			continue;
		if (!t->used) {
			t->used = !cassette_is_faulty(c, t);
			return t;
		}
		if (first == NULL)
			first = t;
		times++;
	}
	if (first != NULL && c->again) {
		forget_used(c, first, method, url, body);
		return first;
	}
	if (times > 0)
		error_set(e, AB_ECONFIG, "was recorded %u time%s (%s) and is asked for once more",
		    times, times == 1 ? "" : "s", c->folder);
	else
		say_missing(c, method, url, body, e);
	return NULL;
}
