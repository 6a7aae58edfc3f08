/* my-api on the bare vtable: the same requests, records and state as my-api.c.  See README.md. */
#include <stdlib.h>
#include <abhost/connector.h>

struct my_api {
	struct ab_host *host;
	const char *start_date; /* borrowed from the config */
	char limit[24];
};

static ab_status my_open(struct ab_host *h, void **self)
{
	struct my_api *api = calloc(1, sizeof(*api));

	if (api == NULL)
		return AB_ENOMEM;
	*self = api;
	api->host = h;
	api->start_date = ab_cstr(h, h->config(h), "start_date", "2024-01-01");
	snprintf(api->limit, sizeof(api->limit), "%d", (int)ab_cint(h, h->config(h), "page_size", 200));
	return h->endpoint(h, AB_JSON({
		"base_url": {"config": "base_url", "default": "https://api.myservice.com/v1/"},
		"auth": {"type": "bearer", "config": "api_key"}
	}));
}

static ab_status my_check(void *self)
{
	struct ab_host *h = ((struct my_api *)self)->host;
	const struct ab_response *resp;

	return h->http(h, AB_NEW(ab_request, .url = "health"), &resp);
}

static ab_status my_streams(void *self, struct ab_catalog *cat)
{
	struct ab_host *h = ((struct my_api *)self)->host;
	ab_status rc = h->add_stream(cat, AB_JSON({
		"name": "users", "source_defined_primary_key": [["id"]], "is_resumable": true
	}));

	return rc != AB_OK ? rc : h->add_stream(cat, AB_JSON({
		"name": "events", "source_defined_primary_key": [["id"]], "is_resumable": true,
		"source_defined_cursor": true, "default_cursor_field": ["updated_at"], "sorted": true
	}));
}

static ab_status my_read_page(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct my_api *api = self;
	struct ab_host *h = api->host;
	const struct ab_response *resp;
	const char *since = NULL;
	ab_status rc;

	if (strcmp(r->stream, "events") == 0)
		since = ab_cstr(h, r->state, "updated_at", api->start_date);
	rc = h->http(h, AB_NEW(ab_request, .url = r->stream, .params = (const char *const[]){
	    "limit", api->limit, "cursor", r->token, "updated_after", since, NULL }), &resp);
	if (rc == AB_OK)
		rc = h->emit(page, h->json_get(h->http_json(resp), "data"));
	return rc != AB_OK ? rc : h->next(page, ab_cstr(h, h->http_json(resp), "nextCursor", NULL));
}

static ab_status my_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct my_api *api = self;
	struct ab_host *h = api->host;
	const char *at, *max = ab_cstr(h, seen->state, "updated_at", "");

	if (strcmp(seen->stream, "events") != 0)
		return AB_OK; /* users has no cursor, so no state */
	for (size_t i = 0; i < h->json_len(seen->records); i++) {
		at = ab_cstr(h, h->json_at(seen->records, i), "updated_at", "");
		max = strcmp(at, max) > 0 ? at : max;
	}
	return *max == '\0' ? AB_OK : ab_state_str(h, out, "updated_at", max);
}

AB_CONNECTOR(.id = "my-api-low", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["api_key"],
	"properties": {
		"api_key": {"type": "string", "airbyte_secret": true},
		"start_date": {"type": "string", "format": "date", "default": "2024-01-01"},
		"page_size": {"type": "integer", "minimum": 1, "default": 200},
		"base_url": {"type": "string", "format": "uri", "default": "https://api.myservice.com/v1/"}
	} }),
    .open = my_open, .close = free, .check = my_check, .streams = my_streams,
    .read_page = my_read_page, .update_state = my_update_state);
