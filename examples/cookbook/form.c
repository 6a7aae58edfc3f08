/* The same search by a form; the fields are templates. */
#include <abhost/rest.h>

static const char *const fields[] = { "updated_after", "{start}", "limit", "100", NULL };

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "search/events", .records = "results", .key = "id",
	    .body = { REST_FORM, .fields = fields },
	    .pager = { REST_CURSOR, .param = "cursor", .place = REST_IN_FORM,
		.from = "page.next", .more = "page.has_more" },
	    .cursor = { .field = "updated_at", .start = "2024-01-01", .sorted = 1 } },
	{ .name = NULL }
};

static const struct rest_api api = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "bearer", "config": "api_key"}
	}),
	.check = "health",
	.streams = streams,
};

REST_CONNECTOR(api, .id = "form", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
