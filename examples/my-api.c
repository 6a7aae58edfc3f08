/* my-api on the REST kit: users (full refresh) and events (incremental).  See README.md. */
#include <abhost/rest.h>

#define PAGES .size = { .param = "limit", .key = "page_size", .value = 200 }, \
	.pager = { REST_CURSOR, .param = "cursor", .from = "nextCursor" }

static const struct rest_stream streams[] = {
	{ .name = "users", .records = "data", .key = "id", PAGES },
	{ .name = "events", .records = "data", .key = "id", PAGES,
	    .cursor = { .field = "updated_at", .param = "updated_after",
		.start_key = "start_date", .start = "2024-01-01", .sorted = 1 } },
	{ .name = NULL }
};

static const struct rest_api my_api = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url", "default": "https://api.myservice.com/v1/"},
		"auth": {"type": "bearer", "config": "api_key"}
	}),
	.check = "health",
	.streams = streams,
};

REST_CONNECTOR(my_api, .id = "my-api", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["api_key"],
	"properties": {
		"api_key": {"type": "string", "airbyte_secret": true},
		"start_date": {"type": "string", "format": "date", "default": "2024-01-01"},
		"page_size": {"type": "integer", "minimum": 1, "default": 200},
		"base_url": {"type": "string", "format": "uri", "default": "https://api.myservice.com/v1/"}
	}
}));
