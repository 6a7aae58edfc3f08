/* json-server: lists in a file, with Link headers; posts in the order in which they changed. */
#include <abhost/rest.h>

static const char *const first_page[] = { "_page", "1", NULL };
static const char *const by_change[] = { "_page", "1", "_sort", "updated", "_order", "asc", NULL };

#define PAGES .key = "id", .size = { .param = "_limit", .value = 7 }, .pager = { REST_LINK }

static const struct rest_stream streams[] = {
	{ .name = "authors", PAGES, .params = first_page },
	{ .name = "posts", PAGES, .params = by_change,
	    .cursor = { .field = "updated", .param = "updated_gte", .sorted = 1 } },
	{ .name = NULL }
};

static const struct rest_api json_server = {
	.endpoint = AB_JSON({"base_url": {"config": "base_url"}}),
	.streams = streams,
};

REST_CONNECTOR(json_server, .id = "json-server", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url"],
	"properties": {"base_url": {"type": "string", "format": "uri"}}
}));
