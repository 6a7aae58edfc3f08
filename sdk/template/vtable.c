/* @NAME@: what it reads, and from where.  Written by hand; abhost/abi.h is the whole contract. */
#include <stdlib.h>
#include <abhost/connector.h>

struct api {
	struct ab_host *host;
	const char *start_date; /* the config's, which lives as long as we do */
};

/* Makes the source and says where the API is; sends nothing.  The host adds the key to the requests. */
static ab_status api_open(struct ab_host *h, void **self)
{
	struct api *api = calloc(1, sizeof(*api));

	if (api == NULL)
		return AB_ENOMEM;
	*self = api;
	api->host = h;
	api->start_date = ab_cstr(h, h->config(h), "start_date", "2024-01-01");
	return h->endpoint(h, AB_JSON({
		"base_url": {"config": "base_url", "default": "https://api.example.com/v1/"},
		"auth": {"type": "bearer", "config": "api_key"}
	}));
}

/* A failure is already told by http: its status is passed on. */
static ab_status api_check(void *self)
{
	struct ab_host *h = ((struct api *)self)->host;
	const struct ab_response *resp;

	return h->http(h, AB_NEW(ab_request, .url = "me"), &resp);
}

static ab_status api_streams(void *self, struct ab_catalog *cat)
{
	struct ab_host *h = ((struct api *)self)->host;
	ab_status rc = h->add_stream(cat, AB_JSON({
		"name": "owners", "source_defined_primary_key": [["id"]], "is_resumable": true
	}));

	return rc != AB_OK ? rc : h->add_stream(cat, AB_JSON({
		"name": "items", "source_defined_primary_key": [["id"]], "is_resumable": true,
		"source_defined_cursor": true, "default_cursor_field": ["updated_at"], "sorted": true,
		"json_schema": {"type": "object", "properties": {
			"id": {"type": "integer"},
			"owner_id": {"type": "integer"},
			"name": {"type": ["string", "null"]},
			"price": {"type": ["number", "null"]},
			"updated_at": {"type": "string", "format": "date-time"}
		}}
	}));
}

/* One page: its records, and how the next one is asked for (NULL: it was the last). */
static ab_status api_read_page(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct api *api = self;
	struct ab_host *h = api->host;
	const struct ab_response *resp;
	const char *since = NULL;
	ab_status rc;

	if (strcmp(r->stream, "items") == 0)
		since = ab_cstr(h, r->state, "updated_at", api->start_date);
	rc = h->http(h, AB_NEW(ab_request, .url = r->stream, .params = (const char *const[]){
	    "limit", "100", "cursor", r->token, "since", since, NULL }), &resp);
	if (rc == AB_OK)
		rc = h->emit(page, h->json_get(h->http_json(resp), "data"));
	return rc != AB_OK ? rc : h->next(page, ab_cstr(h, h->http_json(resp), "next_cursor", NULL));
}

/* No update_state: the host keeps the greatest updated_at that it has seen. */
AB_CONNECTOR(.id = "@NAME@", .version = "0.1.0", .spec = AB_JSON({
	"type": "object", "required": ["api_key"],
	"properties": {
		"api_key": {"type": "string", "airbyte_secret": true},
		"start_date": {"type": "string", "format": "date", "default": "2024-01-01"},
		"base_url": {"type": "string", "format": "uri", "default": "https://api.example.com/v1/"}
	} }),
    .open = api_open, .close = free, .check = api_check, .streams = api_streams,
    .read_page = api_read_page);
