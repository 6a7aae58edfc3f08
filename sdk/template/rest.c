/* @NAME@: what it reads, and from where.  A table; abhost/rest.h explains every field. */
#include <abhost/rest.h>

#define PAGES .size = { .param = "limit", .value = 100 }, \
	.pager = { REST_CURSOR, .param = "cursor", .from = "next_cursor" }

static const struct rest_stream streams[] = {
	{ .name = "owners", .records = "data", .key = "id", PAGES },
	{ .name = "items", .records = "data", .key = "id", PAGES,
	    .cursor = { .field = "updated_at", .param = "since",
		.start_key = "start_date", .start = "2024-01-01", .sorted = 1 },
	    .schema = AB_JSON({"type": "object", "properties": {
		"id": {"type": "integer"},
		"owner_id": {"type": "integer"},
		"name": {"type": ["string", "null"]},
		"price": {"type": ["number", "null"]},
		"updated_at": {"type": "string", "format": "date-time"}
	    }}) },
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

REST_CONNECTOR(api, .id = "@NAME@", .version = "0.1.0", .spec = AB_JSON({
	"type": "object", "required": ["api_key"],
	"properties": {
		"api_key": {"type": "string", "airbyte_secret": true},
		"start_date": {"type": "string", "format": "date", "default": "2024-01-01"},
		"base_url": {"type": "string", "format": "uri", "default": "https://api.example.com/v1/"}
	}
}));
