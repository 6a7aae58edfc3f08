/* json-server behind a gate that wants a token; which grant brings it, the config says. */
#include <abhost/rest.h>

static const char *const by_change[] = { "_page", "1", "_sort", "updated", "_order", "asc", NULL };

static const struct rest_stream streams[] = {
	{ .name = "posts", .key = "id", .params = by_change,
	    .size = { .param = "_limit", .value = 7 }, .pager = { REST_LINK },
	    .cursor = { .field = "updated", .param = "updated_gte", .sorted = 1 } },
	{ .name = NULL }
};

static const struct rest_api tokens = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url"},
		"auth": {"type": "select", "config": "grant", "cases": {
		    "basic": {"type": "oauth2", "grant": "client_credentials",
			"client_auth": "basic", "scopes": ["api"], "token_url": {"config": "token_url"},
			"client_id": {"config": "client"}, "client_secret": {"config": "secret"}},
		    "form": {"type": "oauth2", "grant": "client_credentials",
			"client_auth": "body", "scopes": ["api"], "token_url": {"config": "token_url"},
			"client_id": {"config": "client"}, "client_secret": {"config": "secret"}},
		    "refresh": {"type": "oauth2", "grant": "refresh_token", "rotates": true,
			"client_auth": "basic", "token_url": {"config": "token_url"},
			"client_id": {"config": "client"}, "client_secret": {"config": "secret"},
			"refresh_token": {"config": "refresh_token"}}
		}}
	}),
	.streams = streams,
};

REST_CONNECTOR(tokens, .id = "tokens", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "token_url", "grant", "client", "secret"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"token_url": {"type": "string", "format": "uri"},
		"grant": {"enum": ["basic", "form", "refresh"]},
		"client": {"type": "string"},
		"secret": {"type": "string", "airbyte_secret": true},
		"refresh_token": {"type": "string", "airbyte_secret": true}
	}
}));
