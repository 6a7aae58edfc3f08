/* many.c - a connector that makes records out of nothing, in as many streams and partitions as one likes, the same whenever it
 * is asked; tests compute the same in another language (tests/whole/many.py).
 *
 * Config: "streams" (1): s0, s1, ...; "parts" (0: none); "records" (10) in each; "page" (10) records; "more" (0) records
 * that have come since; "sorted", "resumable", "key", "shared" (0 or 1); "own" (0 or 1): unsorted, and from the newest on;
 * "wait" (0) milliseconds before each page; "fail" (-1): the stream whose second page fails.
 * Record i of partition p has the id p * 1000000 + i, and its cursor "at" is i / 3: three share one.  Shared: the partitions
 * are windows of one axis, 1000 wide, so that "at" is p * 1000 + i / 3; "more" records come to the last one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <abhost/connector.h>

#define LIST  1000 /* partitions a page */
#define WIDTH 1000

static long long
setting(struct ab_host *h, const char *key, long long otherwise)
{
	const struct ab_json *v = h->json_get(h->config(h), key);

	return h->json_type(v) == AB_INT ? h->json_int(v) : otherwise;
}

static ab_status
many_open(struct ab_host *h, void **self)
{
	*self = h;
	return AB_OK;
}

static void
many_close(void *self)
{
	(void)self;
}

static ab_status
many_check(void *self)
{
	(void)self;
	return AB_OK;
}

static const char *
truth(long long value)
{
	return value ? "true" : "false";
}

static ab_status
many_streams(void *self, struct ab_catalog *out)
{
	struct ab_host *h = self;
	ab_status rc = AB_OK;
	char text[500];

	for (long long i = 0; i < setting(h, "streams", 1) && rc == AB_OK; i++) {
		snprintf(text, sizeof(text),
		    "{\"name\": \"s%lld\", \"default_cursor_field\": [\"at\"], \"sorted\": %s,"
		    " \"is_resumable\": %s%s%s}",
		    i, truth(setting(h, "sorted", 0)), truth(setting(h, "resumable", 0)),
		    setting(h, "key", 0) ? ", \"source_defined_primary_key\": [[\"id\"]]" : "",
		    setting(h, "shared", 0) ? ", \"partition_state\": \"shared\"" : "");
		rc = h->add_stream(out, text);
	}
	return rc;
}

static long long
state_at(struct ab_host *h, const struct ab_read *read)
{
	return h->json_int(h->json_get(read->state, "at"));
}

/* From the window of the state on, where they share one. */
static ab_status
many_partitions(void *self, const struct ab_read *read, struct ab_page *out)
{
	struct ab_host *h = self;
	long long parts = setting(h, "parts", 0), n = 0;
	long long at = setting(h, "shared", 0) ? state_at(h, read) / WIDTH : 0;
	ab_status rc = AB_OK;
	char text[64];

	if (parts == 0)
		return h->emit_text(out, (struct ab_str){"null", 4});
	if (read->token != NULL)
		at = strtoll(read->token, NULL, 10);
	for (; at < parts && n < LIST && rc == AB_OK; at++, n++) {
		snprintf(text, sizeof(text), "{\"p\": %lld}", at);
		rc = h->emit_text(out, (struct ab_str){text, strlen(text)});
	}
	snprintf(text, sizeof(text), "%lld", at);
	return rc == AB_OK && at < parts ? h->next(out, text) : rc;
}

/* A partition as a read of it sees it: records first...total - 1. */
struct slice {
	long long part, first, total, base;
};

static struct slice
slice_of(struct ab_host *h, const struct ab_read *read)
{
	int shared = setting(h, "shared", 0) != 0, has_parts = setting(h, "parts", 0) > 0;
	struct slice s = {.part = h->json_int(h->json_get(read->partition, "p"))};
	long long at = state_at(h, read);

	s.base = shared && has_parts ? s.part * WIDTH : 0;
	s.total = setting(h, "records", 10);
	if (!shared || !has_parts || s.part == setting(h, "parts", 0) - 1)
		s.total += setting(h, "more", 0);
	s.first = at > s.base ? (at - s.base) * 3 : 0;
	return s;
}

static ab_status
emit_records(
    struct ab_host *h, const struct slice *s, long long from, long long to, struct ab_page *out)
{
	int descends = setting(h, "sorted", 0) == 0 && setting(h, "own", 0) != 0;
	ab_status rc = AB_OK;
	char text[128];

	for (long long k = from; k < to && rc == AB_OK; k++) {
		long long i = descends ? s->total - 1 - k : s->first + k;

		snprintf(text, sizeof(text), "{\"id\":%lld,\"part\":%lld,\"at\":%lld}",
		    s->part * 1000000 + i, s->part, s->base + i / 3);
		rc = h->emit_text(out, (struct ab_str){text, strlen(text)});
	}
	return rc;
}

/* A token is where the page begins, and how many records there were then. */
static ab_status
many_read_page(void *self, const struct ab_read *read, struct ab_page *out)
{
	struct ab_host *h = self;
	struct slice s = slice_of(h, read);
	long long from = 0, size = setting(h, "page", 10), to;
	char token[64], *end;
	ab_status rc = AB_OK;

	if (setting(h, "wait", 0) > 0)
		rc = h->wait(h, -1, 0, (uint32_t)setting(h, "wait", 0));
	if (rc != AB_OK)
		return rc;
	if (read->token != NULL) {
		from = strtoll(read->token, &end, 10);
		s.total = strtoll(end + 1, NULL, 10);
	}
	if (from > 0 && setting(h, "fail", -1) == strtoll(read->stream + 1, NULL, 10))
		return h->fail(h, AB_ETRANSIENT, "as the config wants it");
	to = from + size < s.total - s.first ? from + size : s.total - s.first;
	rc = emit_records(h, &s, from, to, out);
	snprintf(token, sizeof(token), "%lld:%lld", to, s.total);
	return rc == AB_OK && to < s.total - s.first ? h->next(out, token) : rc;
}

AB_CONNECTOR(.id = "many", .version = "1.0.0", .spec = "{\"type\": \"object\"}", .open = many_open,
    .close = many_close, .check = many_check, .streams = many_streams,
    .partitions = many_partitions, .read_page = many_read_page);
