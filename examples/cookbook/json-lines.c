/* An export as JSON Lines, of any size. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "lines/events", .lines = 1, .key = "id" },
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

REST_CONNECTOR(api, .id = "json-lines", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
