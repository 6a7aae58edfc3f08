/* all.c - a connector that uses everything in abi.h 1.0, and holds the host to what the header promises of it.
 *
 * It knows no other header of the SDK, so that it compiles with every frozen one: tests/abi/meet.py runs it on hosts that
 * are older, newer and of today.  Must never use what came after 1.0, but under ALL_LATER. */
#include <abhost/abi.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef ALL_MIN_HOST
#define ALL_MIN_HOST AB_VERSION(1, 0)
#endif
#define SIZED(type) sizeof(struct type), 0
#define HOLDS(what) \
	do { \
		if (!(what)) \
			return h->fail(h, AB_EBUG, "all.c: the host does not hold: " #what); \
	} while (0)
/* what the struct of the host had in 1.0 */
#define SIZE_1_0(type, last) (offsetof(struct type, last) + sizeof(((struct type *)0)->last))

struct all {
	struct ab_host *host;
	int any; /* what a thread of its own found */
};

static int
is(struct ab_str text, const char *want)
{
	return text.ptr != NULL && text.len == strlen(want) && strcmp(text.ptr, want) == 0;
}

static struct ab_str
str(const char *text)
{
	struct ab_str s = {text, strlen(text)};

	return s;
}

static ab_status
try_views(struct ab_host *h)
{
	const struct ab_json *v = h->json_parse(h,
	    str(" {\"i\": -9007199254740993, \"r\": 1.5, \"s\": \"\\u00e9\\n\","
		" \"b\": true, \"n\": null, \"a\": [1, {\"x\": 2}], \"k\\t\": 9} "));

	HOLDS(h->json_type(v) == AB_OBJECT && h->json_len(v) == 7);
	HOLDS(h->json_type(h->json_get(v, "i")) == AB_INT &&
	    h->json_int(h->json_get(v, "i")) == -9007199254740993);
	HOLDS(h->json_type(h->json_get(v, "r")) == AB_REAL &&
	    h->json_real(h->json_get(v, "r")) == 1.5);
	HOLDS(h->json_type(h->json_get(v, "s")) == AB_STRING &&
	    is(h->json_str(h->json_get(v, "s")), "\303\251\n"));
	HOLDS(
	    h->json_type(h->json_get(v, "b")) == AB_BOOL && h->json_int(h->json_get(v, "b")) == 1);
	HOLDS(
	    h->json_type(h->json_get(v, "n")) == AB_NULL && h->json_int(h->json_get(v, "n")) == 0);
	HOLDS(
	    h->json_type(h->json_get(v, "a")) == AB_ARRAY && h->json_len(h->json_get(v, "a")) == 2);
	HOLDS(is(h->json_text(h->json_at(h->json_get(v, "a"), 1)), "{\"x\": 2}"));
	HOLDS(is(h->json_key(v, 6), "k\t") && h->json_int(h->json_at(v, 6)) == 9);
	HOLDS(h->json_at(v, 7) == NULL && h->json_get(v, "absent") == NULL);
	HOLDS(h->json_type(NULL) == AB_NULL && h->json_len(NULL) == 0 && h->json_int(NULL) == 0);
	HOLDS(
	    h->json_real(NULL) == 0 && is(h->json_str(NULL), "") && is(h->json_text(NULL), "null"));
	HOLDS(h->json_get(NULL, "x") == NULL && h->json_at(NULL, 0) == NULL &&
	    is(h->json_key(NULL, 0), ""));
	return AB_OK;
}

static void *
other_thread(void *arg)
{
	struct all *all = arg;

	all->host->log(all->host, AB_DEBUG, "from a thread of the connector's own");
	all->any = all->host->cancelled(all->host) == 0 &&
	    all->host->now(all->host) > INT64_C(1500000000000000);
	return NULL;
}

static ab_status
try_time(struct ab_host *h, struct all *all)
{
	int64_t before = h->now(h);
	pthread_t thread;
	int ends[2];

	HOLDS(h->wait(h, -1, 0, 2) == AB_OK && h->now(h) >= before + 2000);
	HOLDS(pipe(ends) == 0 && write(ends[1], "x", 1) == 1);
	HOLDS(h->wait(h, ends[0], POLLIN, 60000) == AB_OK && h->cancelled(h) == 0);
	close(ends[0]);
	close(ends[1]);
	HOLDS(pthread_create(&thread, NULL, other_thread, all) == 0 &&
	    pthread_join(thread, NULL) == 0 && all->any);
	return AB_OK;
}

static ab_status
all_open(struct ab_host *h, void **self)
{
	struct all *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return AB_ENOMEM;
	*self = all;
	all->host = h;
	HOLDS(h->size >= SIZE_1_0(ab_host, extension) && h->abi >= AB_VERSION(1, 0) &&
	    h->abi < AB_VERSION(2, 0));
#ifdef ALL_LATER /* built with a header that this host does not know */
	HOLDS(h->size < SIZE_1_0(ab_host, later));
#endif
	for (int level = AB_DEBUG; level <= AB_ERROR; level++)
		h->log(h, level, "all: a line");
	HOLDS(is(h->json_str(h->json_get(h->config(h), "api_key")), "****"));
	HOLDS(h->json_int(h->json_get(h->config(h), "page_size")) == 200);
	HOLDS(h->extension(h, "ab.none/1") == NULL);
	return h->endpoint(h,
	    "{\"base_url\": {\"config\": \"base_url\"}, \"auth\": {\"type\": \"bearer\", \"config\": \"api_key\"}}");
}

/* A body in pieces; and one that is not, whose http_read gives it once. */
static ab_status
try_pieces(struct ab_host *h)
{
	static const char *const params[] = {"limit", "3", "cursor", NULL, NULL};
	struct ab_request r = {
	    SIZED(ab_request), NULL, "users", params, NULL, {NULL, 0}, "{\"stream\": true}"};
	const struct ab_response *resp;
	struct ab_str chunk;
	size_t n = 0;

	HOLDS(h->http(h, &r, &resp) == AB_OK && h->http_status(resp) == 200);
	do {
		HOLDS(h->http_read(resp, &chunk) == AB_OK && chunk.ptr != NULL &&
		    chunk.ptr[chunk.len] == '\0');
		n += chunk.len;
	} while (chunk.len > 0);
	h->http_done(resp);
	r.options = NULL;
	HOLDS(h->http(h, &r, &resp) == AB_OK && h->http_body(resp).len == n);
	HOLDS(h->json_len(h->json_get(h->http_json(resp), "data")) == 3);
	HOLDS(h->http_read(resp, &chunk) == AB_OK && chunk.len == n);
	HOLDS(h->http_read(resp, &chunk) == AB_OK && chunk.len == 0 && chunk.ptr != NULL);
	h->http_done(NULL);
	return AB_OK;
}

static ab_status
all_check(void *self)
{
	static const char *const headers[] = {"Accept", "application/json", "X-None", NULL, NULL};
	struct ab_host *h = ((struct all *)self)->host;
	struct ab_request r = {SIZED(ab_request), "GET", "health", NULL, headers, {NULL, 0}, NULL};
	const struct ab_response *resp;
	ab_status rc = try_views(h);

	if (rc == AB_OK)
		rc = try_time(h, self);
	if (rc != AB_OK)
		return rc;
	HOLDS(h->http(h, &r, &resp) == AB_OK && h->http_status(resp) == 200);
	HOLDS(h->http_body(resp).ptr[h->http_body(resp).len] == '\0' &&
	    h->json_type(h->http_json(resp)) == AB_OBJECT);
	HOLDS(strstr(h->http_header(resp, "cOnTeNt-TyPe"), "json") != NULL &&
	    h->http_header(resp, "X-None") == NULL);
	r.url = "nowhere";
	r.options = "{\"ok\": [404]}";
	HOLDS(h->http(h, &r, &resp) == AB_OK && h->http_status(resp) == 404);
	r.options = NULL;
	HOLDS(h->http(h, &r, &resp) < AB_OK && resp == NULL);
	HOLDS(
	    h->http_status(NULL) == 0 && is(h->http_body(NULL), "") && h->http_json(NULL) == NULL);
	HOLDS(h->http_header(NULL, "a") == NULL);
	r.flags = 1;
	HOLDS(h->http(h, &r, &resp) == AB_EUNSUPPORTED);
	r.flags = 0;
#ifdef ALL_LATER_USED
	r.later = "something that an older host knows nothing of";
	r.url = "health";
	return h->http(h, &r, &resp);
#endif
	return try_pieces(h);
}

static ab_status
all_streams(void *self, struct ab_catalog *catalog)
{
	struct ab_host *h = ((struct all *)self)->host;
	ab_status rc = h->add_stream(catalog,
	    "{\"name\": \"parts\", \"source_defined_primary_key\": [[\"id\"]], \"source_defined_cursor\": true,"
	    " \"default_cursor_field\": [\"at\"], \"is_resumable\": true, \"sorted\": true}");

	return rc != AB_OK ? rc : h->add_stream(catalog, "{\"name\": \"plain\"}");
}

static ab_status
check_read(struct ab_host *h, const struct ab_read *r)
{
	HOLDS(r->size >= SIZE_1_0(ab_read, token) && r->flags == 0 && r->reserved == 0);
#ifdef ALL_LATER
	HOLDS(r->size < SIZE_1_0(ab_read, later));
#endif
	HOLDS(
	    is(h->json_str(h->json_get(h->json_get(r->configured, "stream"), "name")), r->stream));
	return AB_OK;
}

/* Two partitions on two pages, or none. */
static ab_status
all_partitions(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct ab_host *h = ((struct all *)self)->host;
	ab_status rc = check_read(h, r);

	if (rc != AB_OK)
		return rc;
	HOLDS(r->partition == NULL);
	if (strcmp(r->stream, "plain") == 0)
		return h->emit(page, NULL);
	rc = h->emit_text(page, str(r->token == NULL ? "{\"n\": 1}" : "{\"n\": 2}"));
	return rc != AB_OK || r->token != NULL ? rc : h->next(page, "second");
}

static ab_status
all_read_page(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct ab_host *h = ((struct all *)self)->host;
	int n = (int)h->json_int(h->json_get(r->partition, "n"));
	int was = (int)h->json_int(h->json_get(r->state, "at"));
	char text[200];
	ab_status rc = check_read(h, r);

	if (rc != AB_OK)
		return rc;
	if (strcmp(r->stream, "plain") == 0) {
		HOLDS(r->partition == NULL && r->token == NULL);
		return h->emit(page, h->json_parse(h, str("{\"id\": 1}")));
	}
	HOLDS(n == 1 || n == 2);
	if (r->token == NULL) {
		snprintf(text, sizeof(text),
		    "[{\"id\": %d1, \"at\": 1, \"was\": %d}, {\"id\": %d2, \"at\": 2}]", n, was, n);
		rc = h->emit(page, h->json_parse(h, str(text)));
		return rc != AB_OK ? rc : h->next(page, "p2");
	}
	HOLDS(strcmp(r->token, "p2") == 0);
	snprintf(text, sizeof(text), "{\"id\": %d3, \"at\": 3}\n{\"id\": %d4, \"at\": 4}\n", n, n);
	rc = h->emit_text(page, str(text));
	if (rc == AB_OK)
		rc = h->about(page, "{\"constants\": {\"page\": \"last\"}}");
	return rc != AB_OK ? rc : h->next(page, NULL);
}

static ab_status
all_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct ab_host *h = ((struct all *)self)->host;
	size_t n = h->json_len(seen->records);
	char text[64];

	HOLDS(seen->size >= SIZE_1_0(ab_seen, records) && seen->flags == 0 && n > 0);
	HOLDS(is(h->json_str(h->json_get(h->json_get(seen->configured, "stream"), "name")),
	    seen->stream));
	if (strcmp(seen->stream, "plain") == 0)
		return AB_OK;
	HOLDS(h->json_int(h->json_get(seen->partition, "n")) > 0);
	snprintf(text, sizeof(text), "{\"at\": %d}",
	    (int)h->json_int(h->json_get(h->json_at(seen->records, n - 1), "at")));
	return h->set_state(out, text);
}

static const void *
all_extension(const char *id)
{
	(void)id;
	return NULL;
}

const struct ab_connector ab_connector_v1 = {
    AB_MAGIC, sizeof(struct ab_connector), AB_ABI, ALL_MIN_HOST, "all", "1.0.0",
    "{\"type\": \"object\", \"required\": [\"api_key\", \"base_url\"], \"properties\": {\"api_key\": {\"type\": \"string\","
    " \"airbyte_secret\": true}, \"base_url\": {\"type\": \"string\"}, \"page_size\": {\"type\": \"integer\", \"default\": 200}}}",
    all_open, free, all_check, all_streams, all_partitions, all_read_page, all_update_state,
    all_extension
#ifdef ALL_HAS_LATER
    ,
    all_check
#endif
};
