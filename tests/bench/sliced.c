/* sliced.c - for tests/bench/e2e.py: one stream of many partitions, a page each. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
    {.name = "events",
	.url = "by-page/events",
	.records = "data",
	.key = "id",
	.params = (const char *const[]){"page", "{partition.page}", "limit", "200", NULL},
	.lists = {{.as = "page", .key = "pages"}}},
    {.name = NULL}};

static const struct rest_api sliced = {
    .endpoint = AB_JSON(
	{"base_url" : {"config" : "base_url"}, "auth" : {"type" : "bearer", "config" : "api_key"}}),
    .streams = streams,
};

REST_CONNECTOR(sliced, .id = "sliced", .version = "1.0.0", .spec = AB_JSON({
	"type" : "object",
	"required" : [ "api_key", "base_url", "pages" ],
	"properties" : {
		"api_key" : {"type" : "string", "airbyte_secret" : true},
		"base_url" : {"type" : "string"},
		"pages" : {"type" : "array", "items" : {"type" : "integer"}}
	}
}));
