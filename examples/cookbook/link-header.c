/* The header Link names the next page (RFC 8288).  Basic auth, the key as the user's name. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "by-link/events", .key = "id",
	    .size = { .param = "limit", .value = 100 }, .pager = { REST_LINK } },
	{ .name = NULL }
};

static const struct rest_api api = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "basic", "username": {"config": "api_key"}}
	}),
	.check = "health",
	.streams = streams,
};

REST_CONNECTOR(api, .id = "link-header", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
