/* Synapse, a Matrix homeserver: the messages of every room, a space's rooms, the users.  It limits
 * some requests, and says for how many milliseconds. */
#include <abhost/rest.h>

#define FROM(token) .pager = { REST_CURSOR, .param = "from", .from = token, .fleeting = 1 }

static const char *const forward[] = { "dir", "f", NULL };

static const struct rest_stream streams[] = {
	{ .name = "rooms", .url = "/_synapse/admin/v1/rooms", .records = "rooms", .key = "room_id",
	    .size = { .param = "limit", .value = 4 }, FROM("next_batch") },
	{ .name = "messages", .url = "client/v3/rooms/{partition.room}/messages",
	    .records = "chunk", .key = "event_id", .params = forward,
	    .size = { .param = "limit", .value = 7 },
	    .parent = { .stream = "rooms", .field = "room_id", .as = "room" }, FROM("end") },
	{ .name = "space", .url = "client/v1/rooms/{config.space}/hierarchy", .records = "rooms",
	    .key = "room_id", .size = { .param = "limit", .value = 1 }, FROM("next_batch") },
	{ .name = "users", .url = "/_synapse/admin/v2/users", .records = "users", .key = "name",
	    .size = { .param = "limit", .value = 2 }, FROM("next_token") },
	{ .name = NULL }
};

static const struct rest_api synapse = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "select", "config": "login", "default": "token", "cases": {
			"token": {"type": "bearer", "config": "token"},
			"password": {"type": "session", "answer": {"token": "access_token"},
			    "login": {"url": "client/v3/login",
				"params": {"type": "m.login.password", "user": {"config": "user"},
				    "password": {"config": "password"}}}}
		}},
		"retry": {"retry_after": {"body": "retry_after_ms", "unit": "ms"}}
	}),
	.check = "client/v3/account/whoami",
	.streams = streams,
};

REST_CONNECTOR(synapse, .id = "synapse", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "space"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"space": {"type": "string"},
		"login": {"enum": ["token", "password"]},
		"token": {"type": "string", "airbyte_secret": true},
		"user": {"type": "string"},
		"password": {"type": "string", "airbyte_secret": true}
	}
}));
