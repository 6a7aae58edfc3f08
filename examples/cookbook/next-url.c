/* The body has the next page's URL.  The key is a parameter of the query. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "by-next/events", .records = "data", .key = "id",
	    .size = { .param = "limit", .value = 100 },
	    .pager = { REST_NEXT_URL, .from = "next_url" } },
	{ .name = NULL }
};

static const struct rest_api api = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "api_key", "in": "query", "name": "api_key", "config": "api_key"}
	}),
	.check = "health",
	.streams = streams,
};

REST_CONNECTOR(api, .id = "next-url", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
