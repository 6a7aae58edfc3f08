/* Synapse, a Matrix homeserver: a room's messages, a space's rooms, the users.  It limits some
 * requests, and says for how many milliseconds. */
#include <abhost/rest.h>

static const char *const forward[] = { "dir", "f", NULL };

static const struct rest_stream streams[] = {
	{ .name = "messages", .url = "client/v3/rooms/{config.room}/messages", .records = "chunk",
	    .key = "event_id", .params = forward, .size = { .param = "limit", .value = 7 },
	    .pager = { REST_CURSOR, .param = "from", .from = "end" } },
	{ .name = "rooms", .url = "client/v1/rooms/{config.space}/hierarchy", .records = "rooms",
	    .key = "room_id", .size = { .param = "limit", .value = 1 },
	    .pager = { REST_CURSOR, .param = "from", .from = "next_batch", .fleeting = 1 } },
	{ .name = "users", .url = "/_synapse/admin/v2/users", .records = "users", .key = "name",
	    .size = { .param = "limit", .value = 2 },
	    .pager = { REST_CURSOR, .param = "from", .from = "next_token", .fleeting = 1 } },
	{ .name = NULL }
};

static const struct rest_api synapse = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "bearer", "config": "token"},
		"retry": {"retry_after": {"body": "retry_after_ms", "unit": "ms"}}
	}),
	.check = "client/v3/account/whoami",
	.streams = streams,
};

REST_CONNECTOR(synapse, .id = "synapse", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "token", "room", "space"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"token": {"type": "string", "airbyte_secret": true},
		"room": {"type": "string"},
		"space": {"type": "string"}
	}
}));
