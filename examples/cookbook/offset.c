/* Offset and limit; a total in the body ends it.  The key goes in a header of its own. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "by-offset/events", .records = "data", .key = "id",
	    .size = { .param = "limit", .value = 100 },
	    .pager = { REST_OFFSET, .param = "offset", .total = "total" } },
	{ .name = NULL }
};

static const struct rest_api api = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "api_key", "in": "header", "name": "X-Api-Key", "config": "api_key"}
	}),
	.check = "health",
	.streams = streams,
};

REST_CONNECTOR(api, .id = "offset", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
