/* cassette_find.c - which recorded exchange a request gets, and what to say where there is none. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "net/cassette_private.h"

#define SHOWN	  160
#define SHOWN_URL 500
#define BEFORE	  24 /* bytes that are shown before a difference in a body */
#define CLOSE	  (URL_MAX + 1)
#define MANY	  ((size_t)64)
#define CLOSER	  (MANY * CLOSE * CLOSE)

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

/* Of the path, with what stands before it. */
static size_t
path_len(const char *url)
{
	return strcspn(url, "?");
}

static int
same_path(const char *a, const char *b)
{
	return path_len(a) == path_len(b) && memcmp(a, b, path_len(a)) == 0;
}

/* Steps through the parameters, of which *len is told; NULL: there are no more. */
static const char *
next_parameter(const char *url, const char *at, size_t *len)
{
	at = at == NULL ? url + path_len(url) : at + *len;
	if (*at == '\0')
		return NULL;
	*len = strcspn(at + 1, "&");
	return at + 1;
}

static int
has_parameter(const char *url, const char *parameter, size_t len)
{
	size_t n = 0;

	for (const char *p = NULL; (p = next_parameter(url, p, &n)) != NULL;)
		if (n == len && memcmp(p, parameter, n) == 0)
			return 1;
	return 0;
}

/* How much alike: the whole URL is more than the method, that is more than a parameter, that is more than others that are
 * not asked for, and these are more than any number of bytes with which both begin. */
static size_t
likeness(const struct tape *t, const char *method, const char *url, struct ab_str body)
{
	size_t score = same_bytes(t->url, url), n = 0, others = 0;

	if (strcmp(t->url, url) == 0 && t->nbody > 0 && body.len > 0)
		score += same_bytes(t->body, body.ptr);
	if (score >= CLOSE)
		score = CLOSE - 1;
	if (same_path(t->url, url)) {
		score += MANY * CLOSE;
		for (const char *p = NULL; (p = next_parameter(t->url, p, &n)) != NULL;) {
			if (has_parameter(url, p, n))
				score += MANY * CLOSE;
			else if (others++ < MANY)
				score -= CLOSE;
		}
	}
	score += strcmp(t->method, method) == 0 ? CLOSER : 0;
	return score + (strcmp(t->url, url) == 0 ? 2 * CLOSER : 0);
}

static const struct tape *
nearest(const struct cassette *c, const char *method, const char *url, struct ab_str body)
{
	const struct tape *best = NULL;
	size_t most = 0, n;

	for (uint32_t i = 0; i < c->ntapes; i++) {
		n = likeness(&c->tapes[i], method, url, body);
		if (best == NULL || n > most) {
			best = &c->tapes[i];
			most = n;
		}
	}
	return best;
}

/* The parameters that the other URL has not, or not so: "page=3&size=10". */
static void
add_others(struct buf *out, const char *url, const char *other)
{
	const char *sep = "";
	size_t n = 0;

	for (const char *p = NULL; (p = next_parameter(url, p, &n)) != NULL;) {
		if (has_parameter(other, p, n))
			continue;
		buf_adds(out, sep);
		buf_add(out, p, n);
		sep = "&";
	}
}

static void
add_shown(struct buf *out, const char *text, size_t len)
{
	buf_addf(out, "\"%.*s%s\"", (int)(len < SHOWN ? len : SHOWN), len == 0 ? "" : text,
	    len > SHOWN ? "..." : "");
}

static void
add_instead(struct buf *out, const char *theirs, size_t ntheirs, const char *ours, size_t nours)
{
	buf_adds(out, " has ");
	add_shown(out, theirs, ntheirs);
	buf_adds(out, " in place of ");
	add_shown(out, ours, nours);
}

static void
add_parameters(struct buf *out, const char *theirs, const char *ours)
{
	struct buf had, asked;

	buf_init(&had, URL_MAX);
	buf_init(&asked, URL_MAX);
	add_others(&had, theirs, ours);
	add_others(&asked, ours, theirs);
	if (had.len == 0 && asked.len == 0) {
		buf_adds(out, " has the parameters in another order");
	} else if (had.len == 0) {
		buf_adds(out, " lacks ");
		add_shown(out, asked.ptr, asked.len);
	} else if (asked.len == 0) {
		buf_adds(out, " has also ");
		add_shown(out, had.ptr, had.len);
	} else {
		add_instead(out, had.ptr, had.len, asked.ptr, asked.len);
	}
	buf_fini(&had);
	buf_fini(&asked);
}

/* From shortly before the place where they part. */
static void
add_bodies(struct buf *out, const struct tape *t, struct ab_str body)
{
	size_t n = t->nbody == 0 || body.len == 0 ? 0 : same_bytes(t->body, body.ptr);

	if (n > t->nbody || n > body.len)
		n = t->nbody < body.len ? t->nbody : body.len;
	n -= n < BEFORE ? n : BEFORE;
	while (n > 0 && n < t->nbody && ((unsigned char)t->body[n] & 0xc0) == 0x80)
		n--;
	buf_adds(out, ", in its body,");
	add_instead(out, t->nbody == 0 ? "" : t->body + n, t->nbody - n,
	    body.len == 0 ? "" : body.ptr + n, body.len - n);
}

/* What the nearest one is, as the end of a sentence. */
static void
add_difference(struct buf *out, const struct cassette *c, const struct tape *t, const char *method,
    const char *url, struct ab_str body)
{
	buf_addf(out, "; the nearest one (%s/%s)", c->folder, t->name);
	if (strcmp(t->method, method) != 0)
		buf_addf(out, " is a %s", t->method);
	if (!same_path(t->url, url))
		buf_addf(out, "%s %s", strcmp(t->method, method) != 0 ? "of" : " is", t->url);
	else if (strcmp(t->url, url) != 0)
		add_parameters(out, t->url, url);
	else if (strcmp(t->method, method) == 0)
		add_bodies(out, t, body);
}

static ab_status
say_missing(const struct cassette *c, const char *method, const char *url, struct ab_str body,
    struct error *e)
{
	const struct tape *t = nearest(c, method, url, body);
	struct buf difference;

	buf_init(&difference, 4 * URL_MAX);
	if (t != NULL)
		add_difference(&difference, c, t, method, url, body);
	else
		buf_addf(&difference, "; nothing is in %s", c->folder);
	error_set(e, AB_ECONFIG, "is not in the recording: %s %.*s%s%s", method, SHOWN_URL, url,
	    strlen(url) > SHOWN_URL ? "..." : "", buf_str(&difference));
	buf_fini(&difference);
	return e->status;
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
