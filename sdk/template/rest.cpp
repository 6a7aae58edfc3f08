// @NAME@: what it reads, and from where.  A table; abhost/rest.h explains every field.
#include <abhost/rest.h>

static constexpr rest_size pages = { .param = "limit", .value = 100 };
static constexpr rest_pager cursor = { .kind = REST_CURSOR, .param = "cursor", .from = "next_cursor" };

static constexpr rest_stream streams[] = {
	{ .name = "owners", .records = "data", .key = "id", .size = pages, .pager = cursor },
	{ .name = "items", .records = "data", .key = "id",
	    .schema = R"({"type": "object", "properties": {
		"id": {"type": "integer"},
		"owner_id": {"type": "integer"},
		"name": {"type": ["string", "null"]},
		"price": {"type": ["number", "null"]},
		"updated_at": {"type": "string", "format": "date-time"}
	    }})",
	    .cursor = { .field = "updated_at", .param = "since",
		.start_key = "start_date", .start = "2024-01-01", .sorted = 1 },
	    .size = pages, .pager = cursor },
	{}
};

static constexpr rest_api api = {
	.endpoint = R"({
		"base_url": {"config": "base_url", "default": "https://api.example.com/v1/"},
		"auth": {"type": "bearer", "config": "api_key"}
	})",
	.check = "me",
	.streams = streams,
};

extern "C" {
static ab_status open_api(ab_host *host, void **self)
{
	return rest_open(host, &api, self);
}

const ab_connector ab_connector_v1 = {
	.magic = AB_MAGIC, .size = sizeof(ab_connector), .abi = AB_ABI, .min_host = AB_TARGET,
	.id = "@NAME@", .version = "0.1.0", .spec = R"({
		"type": "object", "required": ["api_key"],
		"properties": {
			"api_key": {"type": "string", "airbyte_secret": true},
			"start_date": {"type": "string", "format": "date", "default": "2024-01-01"},
			"base_url": {"type": "string", "format": "uri", "default": "https://api.example.com/v1/"}
		}
	})",
	.open = open_api, .close = rest_close, .check = rest_check, .streams = rest_streams,
	.partitions = rest_partitions, .read_page = rest_read_page,
};
}
