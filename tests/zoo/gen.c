/* gen.c - a good connector that needs no network: it makes its records.
 *
 * Config, all optional: "streams" (1) named s0, s1, ...; "records" (1000) of each stream, or of each of its
 * "partitions" (3; gen-parts.so only); "page_size" (100); "sorted" and "resumable" (true); "seed" (1), "delay_ms" (0) before each
 * page, "pad" (0) more bytes in each record; "fail_page": this page fails (AB_ETRANSIENT); "die_page": the process dies
 * there; "stale": the token of a resumed read is refused; "stale_page": this page's
 * token is, every time; "id_from" (0): the first id.
 *
 * Record i: {"id", "seq", "name", "updated_at", "value"}; cursor "seq" (= id); a state {"seq": n} begins at n, inclusive.
 * Unsorted streams come in falling order.  GEN_STATE: with update_state, state {"seq": n, "pages": m}.
 * GEN_PARTITIONS: with partitions, {"part": k} each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <abhost/connector.h>

struct gen {
	struct ab_host *host;
	long long streams, records, page_size, partitions, seed, delay_ms, pad, fail_page, die_page,
	    stale_page, id_from;
	int sorted, resumable, stale, read_any;
	char *text;
	size_t cap;
};

static long long
option(struct ab_host *h, const char *key, long long fallback)
{
	const struct ab_json *v = h->json_get(h->config(h), key);

	return h->json_type(v) == AB_NULL ? fallback : h->json_int(v);
}

static ab_status
gen_open(struct ab_host *h, void **self)
{
	struct gen *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return AB_ENOMEM;
	*self = g;
	g->host = h;
	g->streams = option(h, "streams", 1);
	g->records = option(h, "records", 1000);
	g->page_size = option(h, "page_size", 100);
	g->partitions = option(h, "partitions", 3);
	g->seed = option(h, "seed", 1);
	g->delay_ms = option(h, "delay_ms", 0);
	g->pad = option(h, "pad", 0);
	g->fail_page = option(h, "fail_page", 0);
	g->die_page = option(h, "die_page", 0);
	g->stale_page = option(h, "stale_page", 0);
	g->id_from = option(h, "id_from", 0);
	g->sorted = option(h, "sorted", 1) != 0;
	g->resumable = option(h, "resumable", 1) != 0;
	g->stale = option(h, "stale", 0) != 0;
	if (g->page_size < 1 || g->pad < 0)
		return h->fail(h, AB_ECONFIG, "page_size must be at least 1");
	g->cap = (size_t)g->page_size * (size_t)(g->pad + 200) + 8;
	g->text = malloc(g->cap);
	return g->text != NULL ? AB_OK : AB_ENOMEM;
}

static void
gen_close(void *self)
{
	free(((struct gen *)self)->text);
	free(self);
}

static ab_status
gen_check(void *self)
{
	(void)self;
	return AB_OK;
}

static ab_status
gen_streams(void *self, struct ab_catalog *catalog)
{
	struct gen *g = self;
	char text[512];
	ab_status rc = AB_OK;

	for (long long i = 0; i < g->streams && rc == AB_OK; i++) {
		snprintf(text, sizeof(text),
		    "{\"name\": \"s%lld\", \"source_defined_primary_key\": [[\"id\"]], "
		    "\"default_cursor_field\": [\"seq\"], \"source_defined_cursor\": true, "
		    "\"sorted\": %s, \"is_resumable\": %s}",
		    i, g->sorted ? "true" : "false", g->resumable ? "true" : "false");
		rc = g->host->add_stream(catalog, text);
	}
	return rc;
}

/* A number that looks random and is always the same for the same record. */
static unsigned long long
mix(unsigned long long x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return x ^ x >> 31;
}

static size_t
put_record(const struct gen *g, char *out, long long id)
{
	unsigned long long r = mix((unsigned long long)id * 31 + (unsigned long long)g->seed);
	int n = snprintf(out, 192,
	    "{\"id\":%lld,\"seq\":%lld,\"name\":\"name %llx\",\"updated_at\":\"2024-01-%02lldT%02lld:"
	    "%02lld:%02lldZ\",\"value\":%llu.%02llu",
	    id, id, r & 0xffff, 1 + id / 86400 % 28, id / 3600 % 24, id / 60 % 60, id % 60,
	    r >> 20 & 0xfffff, r >> 8 & 63);

	if (g->pad > 0) {
		n += snprintf(out + n, 16, ",\"pad\":\"");
		memset(out + n, 'x', (size_t)g->pad);
		n += (int)g->pad;
		out[n++] = '"';
	}
	out[n++] = '}';
	return (size_t)n;
}

/* The records [from, from + n) of those with seq >= since, as one array. */
static ab_status
emit_records(struct gen *g, struct ab_page *page, long long base, long long since, long long from,
    long long n)
{
	long long last = base + g->records - 1;
	size_t at = 0;

	g->text[at++] = '[';
	for (long long i = from; i < from + n; i++) {
		if (i > from)
			g->text[at++] = ',';
		at += put_record(g, g->text + at, g->sorted ? since + i : last - i);
	}
	g->text[at++] = ']';
	return g->host->emit_text(page, (struct ab_str){g->text, at});
}

static ab_status
misbehave(struct gen *g, long long page, const char *token)
{
	struct ab_host *h = g->host;
	int first = !g->read_any;

	g->read_any = 1;
	if ((g->stale && first && token != NULL) || page == g->stale_page)
		return h->fail(h, AB_ESTALE, "this token is too old");
	if (page == g->die_page)
		abort();
	if (page == g->fail_page)
		return h->fail(h, AB_ETRANSIENT, "this page always fails");
	return g->delay_ms > 0 ? h->wait(h, -1, 0, (uint32_t)g->delay_ms) : AB_OK;
}

static ab_status
gen_read_page(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct gen *g = self;
	struct ab_host *h = g->host;
	const struct ab_json *state = h->json_get(r->state, "seq");
	long long part = h->json_int(h->json_get(r->partition, "part"));
	long long base = g->id_from + part * g->records, since = base;
	long long from = r->token != NULL ? strtoll(r->token, NULL, 10) : 0, left, n;
	char next[32];
	ab_status rc = misbehave(g, from / g->page_size + 1, r->token);

	if (rc != AB_OK)
		return rc;
	if (h->json_type(state) != AB_NULL && h->json_int(state) > since)
		since = h->json_int(state);
	left = base + g->records - since - from;
	n = left < 0 ? 0 : left > g->page_size ? g->page_size : left;
	rc = emit_records(g, page, base, since, from, n);
	snprintf(next, sizeof(next), "%lld", from + n);
	return rc != AB_OK ? rc : h->next(page, left > n ? next : NULL);
}

#ifdef GEN_PARTITIONS
static ab_status
gen_partitions(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct gen *g = self;
	struct ab_host *h = g->host;
	long long i = r->token != NULL ? strtoll(r->token, NULL, 10) : 0;
	char text[48];
	ab_status rc = AB_OK;

	/* Two a page, to use the paging. */
	for (int n = 0; n < 2 && i < g->partitions && rc == AB_OK; n++, i++) {
		snprintf(text, sizeof(text), "{\"part\": %lld}", i);
		rc = h->emit_text(page, (struct ab_str){text, strlen(text)});
	}
	snprintf(text, sizeof(text), "%lld", i);
	return rc != AB_OK ? rc : h->next(page, i < g->partitions ? text : NULL);
}
#endif

#ifdef GEN_STATE
static ab_status
gen_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct gen *g = self;
	struct ab_host *h = g->host;
	long long max = h->json_int(h->json_get(seen->state, "seq"));
	long long pages = h->json_int(h->json_get(seen->state, "pages")) + 1;
	size_t n = h->json_len(seen->records);
	char text[80];

	for (size_t i = 0; i < n; i++) {
		long long seq = h->json_int(h->json_get(h->json_at(seen->records, i), "seq"));

		max = seq > max ? seq : max;
	}
	snprintf(text, sizeof(text), "{\"seq\": %lld, \"pages\": %lld}", max, pages);
	return h->set_state(out, text);
}
#endif

AB_CONNECTOR(.id = "gen", .version = "1.0.0",
    .spec = "{\"type\": \"object\", \"properties\": {"
	    "\"records\": {\"type\": \"integer\"}, \"page_size\": {\"type\": \"integer\"}, "
	    "\"secret\": {\"type\": \"string\", \"airbyte_secret\": true}}}",
    .open = gen_open, .close = gen_close, .check = gen_check, .streams = gen_streams,
    .read_page = gen_read_page,
#ifdef GEN_PARTITIONS
    .partitions = gen_partitions,
#endif
#ifdef GEN_STATE
    .update_state = gen_update_state,
#endif
);
