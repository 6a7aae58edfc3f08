/* lanes.c - a connector for tests of several sources at once: what it emits tells which source made it.
 *
 * Config, all optional: "streams" (2) named s0, s1, ...; "parts" (4) of each, {"p": k}; "list" (3) partitions a page of
 * the list; "pages" (3) of each partition, of one record {"p", "page", "source", "state"}; "delay_ms" (0) before each page of
 * s0, "others_ms" (0) of the others.  Partition "bad_part" of s0 does at its page "bad_page" (2) what "bad" says: fail,
 * crash, raise, abort, exit, overflow, hang; the other partitions of s0 wait a minute at their first page then.  "opens" (0: any):
 * further opens fail.  "shared": partition_state.  "url": each page gets url/N and holds its body for "hold_ms".
 * Each open logs "opened N"; check logs the process's peak memory and how many bodies were held at once at most. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <abhost/connector.h>

struct lanes {
	struct ab_host *host;
	int source;
	long long streams, parts, list, pages, delay_ms, others_ms, bad_part, bad_page, hold_ms;
	const char *bad, *url;
	int is_shared;
};

static atomic_int opened, held, most_held;

static long long
option(struct ab_host *h, const char *key, long long fallback)
{
	const struct ab_json *v = h->json_get(h->config(h), key);

	return h->json_type(v) == AB_NULL ? fallback : h->json_int(v);
}

static ab_status
lanes_open(struct ab_host *h, void **self)
{
	struct lanes *g = calloc(1, sizeof(*g));
	long long most = option(h, "opens", 0);
	char text[64];

	if (g == NULL)
		return AB_ENOMEM;
	*self = g;
	g->host = h;
	g->source = atomic_fetch_add(&opened, 1);
	g->streams = option(h, "streams", 2);
	g->parts = option(h, "parts", 4);
	g->list = option(h, "list", 3);
	g->pages = option(h, "pages", 3);
	g->delay_ms = option(h, "delay_ms", 0);
	g->others_ms = option(h, "others_ms", 0);
	g->bad_part = option(h, "bad_part", -1);
	g->bad_page = option(h, "bad_page", 2);
	g->hold_ms = option(h, "hold_ms", 0);
	g->bad = ab_cstr(h, h->config(h), "bad", "fail");
	g->url = ab_cstr(h, h->config(h), "url", NULL);
	g->is_shared = option(h, "shared", 0) != 0;
	if (most > 0 && g->source >= most)
		return h->fail(h, AB_ECONFIG, "the server takes no more connections");
	snprintf(text, sizeof(text), "opened %d", g->source);
	h->log(h, AB_INFO, text);
	return g->url == NULL ? AB_OK : h->endpoint(h, "{\"base_url\": {\"config\": \"url\"}}");
}

static void
lanes_close(void *self)
{
	free(self);
}

static ab_status
lanes_check(void *self)
{
	struct ab_host *h = ((struct lanes *)self)->host;
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "VmHWM:", 6) == 0)
			h->log(h, AB_INFO, line);
	if (f != NULL)
		fclose(f);
	snprintf(line, sizeof(line), "held %d", atomic_load(&most_held));
	h->log(h, AB_INFO, line);
	return AB_OK;
}

static ab_status
lanes_streams(void *self, struct ab_catalog *catalog)
{
	struct lanes *g = self;
	char text[128];
	ab_status rc = AB_OK;

	for (long long i = 0; i < g->streams && rc == AB_OK; i++) {
		snprintf(text, sizeof(text), "{\"name\": \"s%lld\", \"partition_state\": \"%s\"}",
		    i, g->is_shared ? "shared" : "each");
		rc = g->host->add_stream(catalog, text);
	}
	return rc;
}

static ab_status
lanes_partitions(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct lanes *g = self;
	struct ab_host *h = g->host;
	long long i = r->token != NULL ? strtoll(r->token, NULL, 10) : 0;
	char text[64];
	ab_status rc = AB_OK;

	if (g->is_shared)
		h->log(h, AB_INFO, h->json_text(r->state).ptr);
	for (long long n = 0; n < g->list && i < g->parts && rc == AB_OK; n++, i++) {
		snprintf(text, sizeof(text), "{\"p\": %lld}", i);
		rc = h->emit_text(page, (struct ab_str){text, strlen(text)});
	}
	snprintf(text, sizeof(text), "%lld", i);
	return rc != AB_OK ? rc : h->next(page, i < g->parts ? text : NULL);
}

static int
overflow(int depth)
{
	volatile char space[4096];

	memset((char *)(uintptr_t)space, depth, sizeof(space));
	return depth < 0 ? 0 : overflow(depth + 1) + space[depth % 4096];
}

static ab_status
misbehave(const struct lanes *g)
{
	struct ab_host *h = g->host;

	volatile uintptr_t nowhere = 64;

	if (strcmp(g->bad, "crash") == 0)
		*(volatile int *)nowhere = 1;
	if (strcmp(g->bad, "raise") == 0)
		raise(SIGBUS);
	if (strcmp(g->bad, "abort") == 0)
		abort();
	if (strcmp(g->bad, "exit") == 0)
		exit(5);
	if (strcmp(g->bad, "overflow") == 0)
		return overflow(0) == 42 ? AB_OK : AB_EBUG;
	while (strcmp(g->bad, "hang") == 0)
		continue;
	return h->fail(h, AB_ETRANSIENT, "this one always fails");
}

static ab_status
linger(const struct lanes *g, const struct ab_read *r, long long part, long long at)
{
	struct ab_host *h = g->host;
	int is_first = strcmp(r->stream, "s0") == 0;
	long long ms = is_first ? g->delay_ms : g->others_ms;

	if (is_first && part == g->bad_part && at == g->bad_page)
		return misbehave(g);
	if (is_first && g->bad_part >= 0 && part != g->bad_part)
		ms = 60000;
	return ms > 0 ? h->wait(h, -1, 0, (uint32_t)ms) : AB_OK;
}

/* Holds an answer for a while, and counts how many are held. */
static ab_status
fetch(const struct lanes *g, long long at)
{
	struct ab_host *h = g->host;
	const struct ab_response *r;
	char url[32];
	ab_status rc;
	int now, most;

	snprintf(url, sizeof(url), "%lld", at);
	rc = h->http(h, AB_NEW(ab_request, .url = url), &r);
	if (rc != AB_OK)
		return rc;
	now = atomic_fetch_add(&held, 1) + 1;
	most = atomic_load(&most_held);
	while (now > most && !atomic_compare_exchange_weak(&most_held, &most, now))
		continue;
	rc = h->wait(h, -1, 0, (uint32_t)g->hold_ms);
	atomic_fetch_sub(&held, 1);
	return rc;
}

static ab_status
lanes_read_page(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct lanes *g = self;
	struct ab_host *h = g->host;
	long long part = h->json_int(h->json_get(r->partition, "p"));
	long long at = r->token != NULL ? strtoll(r->token, NULL, 10) : 1;
	char text[512];
	ab_status rc = linger(g, r, part, at);

	if (rc == AB_OK && g->url != NULL)
		rc = fetch(g, at);
	if (rc != AB_OK)
		return rc;
	snprintf(text, sizeof(text),
	    "{\"p\": %lld, \"page\": %lld, \"source\": %d, \"state\": %.300s}", part, at, g->source,
	    h->json_text(r->state).ptr);
	rc = h->emit_text(page, (struct ab_str){text, strlen(text)});
	snprintf(text, sizeof(text), "%lld", at + 1);
	return rc != AB_OK ? rc : h->next(page, at < g->pages ? text : NULL);
}

AB_CONNECTOR(.id = "lanes", .version = "1.0.0", .spec = "{\"type\": \"object\"}",
    .open = lanes_open, .close = lanes_close, .check = lanes_check, .streams = lanes_streams,
    .partitions = lanes_partitions, .read_page = lanes_read_page);
