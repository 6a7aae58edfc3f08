/* A partition for each value of a list in the config; it becomes a column. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "all", .url = "{partition.list}", .records = "data", .key = "list,id",
	    .lists = { { .as = "list", .key = "lists" } },
	    .size = { .param = "limit", .value = 100 },
	    .pager = { REST_CURSOR, .param = "cursor", .from = "nextCursor" } },
	{ .name = NULL }
};

static const struct rest_api api = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "bearer", "config": "api_key"}
	}),
	.streams = streams,
};

REST_CONNECTOR(api, .id = "lists", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true},
		"lists": {"type": "array", "items": {"type": "string"}, "default": ["users", "events"]}
	}
}));
