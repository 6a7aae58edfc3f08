/* Page numbers from 1 on; the answer says how many pages there are. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "by-page/events", .records = "data", .key = "id",
	    .size = { .param = "limit", .value = 100 },
	    .pager = { REST_PAGE, .param = "page", .first = 1, .pages = "total_pages" } },
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

REST_CONNECTOR(api, .id = "page-number", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
