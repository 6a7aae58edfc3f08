/* Four streams: a list, its children and theirs, and date windows.  No orders is a 404 here. */
#include <abhost/rest.h>

#define PAGES .size = { .param = "limit", .value = 100 }, \
	.pager = { REST_CURSOR, .param = "cursor", .from = "nextCursor" }

static const struct rest_stream streams[] = {
	{ .name = "users", .records = "data", .key = "id", PAGES },
	{ .name = "orders", .url = "users/{partition.user_id}/orders", .records = "data", .key = "id",
	    .parent = { .stream = "users", .as = "user_id" },
	    .errors = AB_JSON([{"status": 404, "action": "end"}]),
	    .pager = { REST_PAGE, .param = "page", .first = 1 } },
	{ .name = "order_lines", .url = "orders/{partition.orders_id}/lines", .records = "data", .key = "id",
	    .parent = { .stream = "orders" } },
	{ .name = "events", .url = "window/events", .records = "data", .key = "id",
	    .pager = { REST_OFFSET, .param = "offset", .total = "total" },
	    .cursor = { .field = "updated_at", .param = "from", .end_param = "to",
		.start = "2024-01-01", .end = "2024-01-02", .step = "PT6H" } },
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

REST_CONNECTOR(api, .id = "shop", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
