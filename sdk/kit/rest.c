/* rest.c - the functions of the vtable, over a table of streams. */
#include <stdlib.h>
#include <strings.h>

#include "kit.h"

/* base_url as the host understands the endpoint: a text, or a config key with a default. */
static ab_status
find_base_url(struct rest *r, const char *endpoint)
{
	struct ab_host *h = r->host;
	struct ab_str text = {endpoint, strlen(endpoint)};
	const struct ab_json *base = h->json_get(h->json_parse(h, text), "base_url");
	const struct ab_json *set;

	if (h->json_type(base) == AB_OBJECT) {
		set = rest_at(h, h->config(h), ab_cstr(h, base, "config", ""));
		base = h->json_type(set) == AB_STRING ? set : h->json_get(base, "default");
	}
	if (h->json_type(base) != AB_STRING)
		return h->fail(h, AB_EBUG, "the endpoint has no base_url");
	r->base_url = strdup(h->json_str(base).ptr);
	return r->base_url == NULL ? request_no_memory(r) : AB_OK;
}

static ab_status
tell_endpoint(struct rest *r)
{
	const struct fetch f = {.rest = r, .h = r->host};
	struct text endpoint = {0};
	int missing;
	ab_status rc =
	    template_fill(&f, "base_url", r->api->endpoint, TEMPLATE_JSON, &endpoint, &missing);

	if (rc == AB_OK && missing)
		rc = ab_failf(r->host, AB_ECONFIG,
		    "the config lacks a key that the endpoint is made of: %.512s",
		    r->api->endpoint);
	if (rc == AB_OK && !endpoint.failed)
		rc = table_check_endpoint(r, endpoint.ptr);
	if (rc == AB_OK)
		rc = r->host->endpoint(r->host, endpoint.ptr);
	if (rc == AB_OK)
		rc = find_base_url(r, endpoint.ptr);
	text_fini(&endpoint);
	return rc;
}

ab_status
rest_open(struct ab_host *h, const struct rest_api *api, void **self)
{
	struct rest *r = calloc(1, sizeof(*r));
	ab_status rc;

	if (r == NULL)
		return h->fail(h, AB_ENOMEM, "out of memory");
	*self = r;
	r->host = h;
	r->api = api;
	rc = table_check(r);
	return rc == AB_OK ? tell_endpoint(r) : rc;
}

void
rest_close(void *self)
{
	struct rest *r = self;

	partition_free(r->slices);
	lines_free_all(r->lines);
	free(r->base_url);
	free(r);
}

/* The first stream that needs no partition to be asked for; or the first of all. */
static const struct rest_stream *
simplest(const struct rest_stream *streams)
{
	for (const struct rest_stream *s = streams; s->name != NULL; s++)
		if (s->parent.stream == NULL && s->lists[0].as == NULL)
			return s;
	return streams;
}

/* The first partition of a stream, as JSON; empty: it has none. */
static ab_status
first_partition(struct rest *r, const struct rest_stream *s, struct text *out)
{
	struct slices slices = {.n = 0};
	ab_status rc = s->parent.stream == NULL && s->lists[0].as == NULL
	    ? AB_OK
	    : slices_list(r, s, s, AB_NEW(ab_read, .stream = s->name), "", &slices);

	if (rc == AB_OK && slices.n > 0) {
		text_adds(out, "{");
		text_adds(out, slices.list.ptr);
		text_adds(out, "}");
	}
	slices_fini(&slices);
	return rc == AB_OK && out->failed ? request_no_memory(r) : rc;
}

/* A login page, or that of a wrong address: HTML with status 200 is no API that lets us in. */
static ab_status
refuse_page(struct rest *r, const struct ab_response *resp)
{
	const char *type = r->host->http_header(resp, "Content-Type");

	if (type == NULL || strncasecmp(type, "text/html", 9) != 0)
		return AB_OK;
	return ab_failf(r->host, AB_ECONFIG,
	    "the answer is a web page (%.60s), not data: is %.300s the right address, and may you in?",
	    type, r->base_url);
}

ab_status
rest_check(void *self)
{
	struct rest *r = self;
	struct ab_host *h = r->host;
	const struct rest_stream check = {.name = "check", .url = r->api->check};
	const struct rest_stream *s = check.url != NULL ? &check : simplest(r->api->streams);
	struct ab_read read = {.size = sizeof(read), .stream = s->name, .limit = 1};
	const struct ab_response *resp = NULL;
	struct text partition = {0};
	ab_status rc = first_partition(r, s, &partition);

	if (rc == AB_OK && partition.len > 0)
		read.partition = h->json_parse(h, (struct ab_str){partition.ptr, partition.len});
	if (rc == AB_OK && (s->lists[0].as == NULL || partition.len > 0))
		rc = rest_get(r, s, &read, &resp);
	text_fini(&partition);
	return rc == AB_OK && resp != NULL ? refuse_page(r, resp) : rc;
}

ab_status
rest_streams(void *self, struct ab_catalog *out)
{
	struct rest *r = self;
	ab_status rc = AB_OK;

	for (const struct rest_stream *s = r->api->streams; rc == AB_OK && s->name != NULL; s++)
		rc = rest_add_stream(r, s, out);
	return rc;
}

/* "org,id" as [["org"],["id"]] */
static void
add_key(struct text *t, const char *key)
{
	size_t n;

	text_adds(t, ", \"source_defined_primary_key\": [");
	for (;;) {
		n = strcspn(key, ",");
		text_adds(t, "[");
		text_add_quoted(t, key, n);
		text_adds(t, "]");
		if (key[n] == '\0')
			break;
		text_adds(t, ", ");
		key += n + 1;
	}
	text_adds(t, "]");
}

ab_status
rest_add_stream(struct rest *r, const struct rest_stream *s, struct ab_catalog *out)
{
	struct text t = {0};
	ab_status rc;

	text_adds(&t, "{\"name\": ");
	text_add_quoted(&t, s->name, strlen(s->name));
	if (s->schema != NULL) {
		text_adds(&t, ", \"json_schema\": ");
		text_adds(&t, s->schema);
	}
	if (s->key != NULL)
		add_key(&t, s->key);
	if (s->cursor.field != NULL) {
		text_adds(&t, ", \"source_defined_cursor\": true, \"default_cursor_field\": [");
		text_add_quoted(&t, s->cursor.field, strlen(s->cursor.field));
		text_adds(&t, "]");
		if (s->cursor.sorted && !partition_is_shared(s))
			text_adds(&t, ", \"sorted\": true");
	}
	if (partition_is_shared(s))
		text_adds(&t, ", \"partition_state\": \"shared\"");
	if (pager_is_resumable(s))
		text_adds(&t, ", \"is_resumable\": true");
	if (s->deleted != NULL) {
		text_adds(&t, ", \"deleted_field\": ");
		text_add_quoted(&t, s->deleted, strlen(s->deleted));
	}
	text_adds(&t, "}");
	rc = t.failed ? request_no_memory(r) : r->host->add_stream(out, t.ptr);
	text_fini(&t);
	return rc;
}

static ab_status
no_stream(struct rest *r, const char *name)
{
	return ab_failf(r->host, AB_EBUG, "no stream is called %s", name);
}

ab_status
rest_partitions(void *self, const struct ab_read *read, struct ab_page *out)
{
	struct rest *r = self;
	const struct rest_stream *s = table_find(r, read->stream);

	return s == NULL ? no_stream(r, read->stream) : rest_partition_stream(r, s, read, out);
}

ab_status
rest_read_page(void *self, const struct ab_read *read, struct ab_page *out)
{
	struct rest *r = self;
	const struct rest_stream *s = table_find(r, read->stream);

	return s == NULL ? no_stream(r, read->stream) : rest_read_stream(r, s, read, out);
}
