/* An object of objects: the members are the records, their names become a field.  One field too many. */
#include <abhost/rest.h>

static const char *const drop[] = { "email", NULL };
static const char *const add[] = { "city", "address.city", NULL };

static const struct rest_stream streams[] = {
	{ .name = "users", .url = "map/users", .records = "data.*", .key_as = "key", .key = "key",
	    .drop = drop, .add = add },
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

REST_CONNECTOR(api, .id = "map", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "api_key"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"api_key": {"type": "string", "airbyte_secret": true}
	}
}));
