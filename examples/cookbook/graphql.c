/* GraphQL with Relay cursors: edges, and pageInfo inside the data. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .url = "graphql", .records = "data.events.edges.*.node", .key = "id",
	    .body = { REST_GRAPHQL, .text =
		"query ($first: Int, $after: String) { events(first: $first, after: $after) {"
		"  edges { node { id updated_at name } } pageInfo { endCursor hasNextPage } } }" },
	    .size = { .param = "variables.first", .value = 100, .place = REST_IN_JSON },
	    .pager = { REST_CURSOR, .param = "variables.after", .place = REST_IN_JSON,
		.from = "data.events.pageInfo.endCursor",
		.more = "data.events.pageInfo.hasNextPage" } },
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

REST_CONNECTOR(api, .id = "graphql", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
