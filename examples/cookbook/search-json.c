/* A search by POST: size, cursor and the beginning of the interval in its JSON body. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "search/events", .records = "results", .key = "id",
	    .body = { REST_JSON, .text = AB_JSON({"page": {"order": "asc"}, "filter": {}}) },
	    .size = { .param = "page.limit", .value = 100, .place = REST_IN_JSON },
	    .pager = { REST_CURSOR, .param = "page.cursor", .place = REST_IN_JSON,
		.from = "page.next", .more = "page.has_more" },
	    .cursor = { .field = "updated_at", .param = "filter.updated_after", .place = REST_IN_JSON,
		.start = "2024-01-01", .sorted = 1 } },
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

REST_CONNECTOR(api, .id = "search-json", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
