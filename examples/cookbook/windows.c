/* Date windows: each is a partition, several are read at the same time, one state for all. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "window/events", .records = "data", .key = "id",
	    .pager = { REST_OFFSET, .param = "offset", .total = "total" },
	    .cursor = { .field = "updated_at", .param = "from", .end_param = "to",
		.start_key = "start_date", .end_key = "end_date", .step = "PT1M",
		.granularity = "PT0.001S", .format = "%Y-%m-%dT%H:%M:%S.%_msZ" } },
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

REST_CONNECTOR(api, .id = "windows", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true},
		"start_date": {"type": "string", "default": "2024-01-01T00:00:00Z"},
		"end_date": {"type": "string"}
	}
}));
