/* PostGraphile: a table of PostgreSQL as a Relay connection, by POST. */
#include <abhost/rest.h>

#define RELAY .url = "graphql", .key = "id", .pager = { REST_CURSOR, .place = REST_IN_JSON, \
	.param = "variables.after", .from = "data.all.pageInfo.endCursor", \
	.more = "data.all.pageInfo.hasNextPage" }

static const struct rest_stream streams[] = {
	{ .name = "people", RELAY, .records = "data.all.edges.*.node",
	    .size = { .param = "variables.first", .key = "page_size", .place = REST_IN_JSON },
	    .body = { REST_GRAPHQL, .text = "query ($first: Int, $after: Cursor) {"
		" all: allPeople(first: $first, after: $after, orderBy: PRIMARY_KEY_ASC) {"
		" edges { node { id name born score vip address } }"
		" pageInfo { hasNextPage endCursor } } }" } },
	{ .name = "orders", RELAY, .records = "data.all.nodes",
	    .cursor = { .field = "changed", .param = "variables.since", .place = REST_IN_JSON,
		.start = "2000-01-01T00:00:00Z" },
	    .body = { REST_GRAPHQL,
		.text = "query ($after: Cursor, $since: Datetime!, $first: Int!) {"
		" all: ordersSince(since: $since, first: $first, after: $after) {"
		" nodes { id personId total changed note } pageInfo { hasNextPage endCursor } } }",
		.variables = "{\"first\": 9}" } },
	{ .name = NULL }
};

static const struct rest_api postgraphile = {
	.endpoint = AB_JSON({"base_url": {"config": "base_url"}}),
	.streams = streams,
};

REST_CONNECTOR(postgraphile, .id = "postgraphile", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"page_size": {"type": "integer", "minimum": 1, "default": 7}
	}
}));
