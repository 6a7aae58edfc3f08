/* Kinto: records of a collection.  The next page is a URL in a header of its own; `_since` gives
 * what changed after a moment, and what was deleted as a record with "deleted". */
#include <abhost/rest.h>

static const char *const by_change[] = { "_sort", "last_modified", NULL };

static const struct rest_stream streams[] = {
	{ .name = "records", .records = "data", .key = "id", .deleted = "deleted",
	    .params = by_change,
	    .url = "buckets/{config.bucket}/collections/{config.collection}/records",
	    .cursor = { .field = "last_modified", .param = "_since", .start = "0", .sorted = 1 },
	    .size = { .param = "_limit", .key = "page_size" },
	    .pager = { REST_NEXT_URL, .from = "header:Next-Page" } },
	{ .name = "collections", .records = "data", .key = "id",
	    .url = "buckets/{config.bucket}/collections",
	    .pager = { REST_NEXT_URL, .from = "header:Next-Page" } },
	{ .name = NULL }
};

static const struct rest_api kinto = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "basic", "username": {"config": "user"},
			"password": {"config": "password"}}
	}),
	.check = "buckets/{config.bucket}",
	.streams = streams,
};

REST_CONNECTOR(kinto, .id = "kinto", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "user", "password", "bucket", "collection"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"user": {"type": "string"},
		"password": {"type": "string", "airbyte_secret": true},
		"bucket": {"type": "string"},
		"collection": {"type": "string"},
		"page_size": {"type": "integer", "minimum": 1, "default": 20}
	}
}));
