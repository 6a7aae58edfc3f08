/* Newest first, and no way to ask for what is new: the reading ends where the last one was. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "feed/events", .records = "items", .key = "id",
	    .pager = { REST_PAGE, .param = "page", .done = "isLast" },
	    .cursor = { .field = "updated_at", .feed = 1 } },
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

REST_CONNECTOR(api, .id = "feed", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
