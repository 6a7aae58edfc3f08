/* Three ways to sign in, of which the config chooses one. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "events", .records = "data", .key = "id",
	    .size = { .param = "limit", .value = 100 },
	    .pager = { REST_CURSOR, .param = "cursor", .from = "nextCursor" } },
	{ .name = NULL }
};

static const struct rest_api api = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "select", "config": "auth_type", "default": "app", "cases": {
			"app": {"type": "oauth2", "grant": "client_credentials",
				"token_url": "oauth/token", "client_id": {"config": "client_id"},
				"client_secret": {"config": "client_secret"}, "scopes": ["read"]},
			"user": {"type": "oauth2", "grant": "refresh_token", "rotates": true,
				"token_url": "oauth/token", "refresh_token": {"config": "refresh_token"}},
			"session": {"type": "session", "answer": {"token": "session.id"},
				"login": {"url": "login", "params": {
					"user": {"config": "user"}, "password": {"config": "password"}}}}
		}}
	}),
	.check = "health",
	.streams = streams,
};

REST_CONNECTOR(api, .id = "sign-in", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"auth_type": {"enum": ["app", "user", "session"], "default": "app"},
		"client_id": {"type": "string"},
		"client_secret": {"type": "string", "airbyte_secret": true},
		"refresh_token": {"type": "string", "airbyte_secret": true},
		"user": {"type": "string"},
		"password": {"type": "string", "airbyte_secret": true}
	}
}));
