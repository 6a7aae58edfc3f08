/* my-connector: ... (what it reads, from where) */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "items", .records = "data", .key = "id",
	    .size = { .param = "limit", .value = 100 },
	    .pager = { REST_CURSOR, .param = "cursor", .from = "next_cursor" },
	    .cursor = { .field = "updated_at", .param = "since", .start_key = "start_date" } },
	{ .name = NULL }
};

static const struct rest_api api = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url", "default": "https://api.example.com/v1/"},
		"auth": {"type": "bearer", "config": "api_key"}
	}),
	.check = "me",
	.streams = streams,
};

REST_CONNECTOR(api, .id = "my-connector", .version = "0.1.0", .spec = AB_JSON({
	"type": "object", "required": ["api_key"],
	"properties": {
		"api_key": {"type": "string", "airbyte_secret": true},
		"start_date": {"type": "string", "format": "date"},
		"base_url": {"type": "string", "format": "uri", "default": "https://api.example.com/v1/"}
	}
}));
