/* base.h - the good connector of which each file here is one with one mistake.
 *
 * An API with "account", three pages of "items" (sorted, resumable) and one of "tags"; its answers are in fixtures/. */
#ifndef ZOO_KIT_BASE_H
#define ZOO_KIT_BASE_H
#include <stdlib.h>

#include <abhost/connector.h>

#pragma GCC diagnostic ignored "-Woverride-init" /* a mistake takes the good one's place */
#define UNUSED __attribute__((unused))

#define BASE_SPEC \
	AB_JSON({ \
		"type" : "object", \
		"required" : [ "url", "token" ], \
		"properties" : { \
			"url" : {"type" : "string", "description" : "Where the API is"}, \
			"token" : {"type" : "string", "airbyte_secret" : true, "ab_reveal" : true} \
		} \
	})
#define BASE_ITEM_KEYS \
	"\"id\": {\"type\": \"integer\"}, \"name\": {\"type\": \"string\"}, " \
	"\"updated_at\": {\"type\": \"string\", \"format\": \"date-time\"}"
#define BASE_ITEM_SCHEMA \
	"\"json_schema\": {\"type\": \"object\", \"properties\": {" BASE_ITEM_KEYS "}}"
#define BASE_ITEM_KEY "\"source_defined_primary_key\": [[\"id\"]]"
#define BASE_ITEM_CURSOR \
	"\"source_defined_cursor\": true, \"default_cursor_field\": [\"updated_at\"]"
#define BASE_ITEM_MODES "\"supported_sync_modes\": [\"full_refresh\", \"incremental\"]"
#define BASE_ITEM_MORE	BASE_ITEM_MODES ", \"sorted\": true, \"is_resumable\": true"
#define BASE_ITEMS \
	"{\"name\": \"items\", " BASE_ITEM_SCHEMA ", " BASE_ITEM_KEY ", " BASE_ITEM_CURSOR \
	", " BASE_ITEM_MORE "}"
#define BASE_TAGS \
	AB_JSON({ \
		"name" : "tags", \
		"supported_sync_modes" : ["full_refresh"], \
		"json_schema" : {"type" : "object", "properties" : {"tag" : {"type" : "string"}}} \
	})

struct base {
	struct ab_host *host;
	const void *kept; /* for those who keep what they must not */
	long count;	  /* for those who count */
};

UNUSED static ab_status
base_open(struct ab_host *h, void **self)
{
	struct base *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return AB_ENOMEM;
	b->host = h;
	*self = b;
	return h->endpoint(h, AB_JSON({
		"base_url" : {"config" : "url"},
		"auth" : {"type" : "bearer", "config" : "token"}
	}));
}

UNUSED static void
base_close(void *self)
{
	free(self);
}

/* One GET; *out is its body. */
UNUSED static ab_status
base_get(struct ab_host *h, const char *url, const char *page, const struct ab_json **out)
{
	const struct ab_response *r;
	ab_status rc = h->http(h,
	    AB_NEW(ab_request, .url = url, .params = (const char *const[]){"page", page, NULL}),
	    &r);

	*out = rc == AB_OK ? h->http_json(r) : NULL;
	return rc;
}

UNUSED static ab_status
base_check(void *self)
{
	struct base *b = self;
	const struct ab_json *account;

	return base_get(b->host, "account", NULL, &account);
}

UNUSED static ab_status
base_streams(void *self, struct ab_catalog *c)
{
	struct base *b = self;
	ab_status rc = b->host->add_stream(c, BASE_ITEMS);

	return rc == AB_OK ? b->host->add_stream(c, BASE_TAGS) : rc;
}

UNUSED static int
base_is_items(const struct ab_read *r)
{
	return strcmp(r->stream, "items") == 0;
}

UNUSED static const char *
base_page_of(const struct ab_read *r)
{
	return !base_is_items(r) ? NULL : r->token != NULL ? r->token : "1";
}

/* Emits the body's list and names the next page, if there is one. */
UNUSED static ab_status
base_emit(struct ab_host *h, const struct ab_json *body, struct ab_page *p)
{
	ab_status rc = h->emit(p, h->json_get(body, "data"));

	return rc == AB_OK ? h->next(p, ab_cstr(h, body, "next", NULL)) : rc;
}

UNUSED static ab_status
base_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	const struct ab_json *body;
	ab_status rc = base_get(b->host, r->stream, base_page_of(r), &body);

	return rc == AB_OK ? base_emit(b->host, body, p) : rc;
}

UNUSED static ab_status
base_emit_text(struct ab_host *h, struct ab_page *p, const char *text)
{
	return h->emit_text(p, (struct ab_str){text, strlen(text)});
}

/* What the host would keep of its own accord. */
UNUSED static ab_status
base_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	size_t n = h->json_len(seen->records);

	if (n == 0 || strcmp(seen->stream, "items") != 0)
		return AB_OK;
	return ab_state_str(
	    h, out, "updated_at", ab_cstr(h, h->json_at(seen->records, n - 1), "updated_at", ""));
}

#define BASE_CONNECTOR(...) \
	AB_CONNECTOR(.id = "zoo", .version = "1.0.0", .spec = BASE_SPEC, .open = base_open, \
	    .close = base_close, .check = base_check, .streams = base_streams, \
	    .read_page = base_read_page, __VA_ARGS__)
#endif
