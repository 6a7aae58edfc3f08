/* The lists of echo.py, described as facts/manifests.py describes them to Airbyte's CDK. */
#include <abhost/rest.h>

#define QUERY "query ($after: String) { items(after: $after) { id } }"
#define LIST .records = "data", .key = "id"
#define SIZE .size = { .param = "limit", .value = 2, .max = 2 }
#define SIZE_IN(where) .size = { .param = "limit", .value = 2, .max = 2, .place = where }
#define CURSOR .pager = { REST_CURSOR, .param = "cursor", .from = "next" }
#define CURSOR_IN(where) .pager = { REST_CURSOR, .param = "cursor", .from = "next", .place = where }
#define SINCE(...) .cursor = { .field = "updated_at", .param = "since", \
	.start = "2026-01-01T00:00:00Z", __VA_ARGS__ }

static const char *const parameters[] = { "a", "x y&z", "empty", "", "b", "\u00e4/:", NULL };
static const char *const extra[] = { "X-Extra", "yes", NULL };
static const char *const all[] = { "kind", "all", NULL };
static const char *const kind[] = { "kind", "{partition.kind}", NULL };
static const char *const kinds[] = { "a b", "c", NULL };
static const char *const form[] = { "kind", "a&b c", NULL };

static const struct rest_stream streams[] = {
	{ .name = "plain", LIST },
	{ .name = "parameters", LIST, .params = parameters, .headers = extra },
	{ .name = "cursor", LIST, SIZE, CURSOR },
	{ .name = "cursor-from-header", LIST, SIZE,
	    .pager = { REST_CURSOR, .param = "cursor", .from = "header:X-Next" } },
	{ .name = "cursor-to-header", LIST, SIZE, .pager = { REST_CURSOR, .param = "X-Cursor",
	    .from = "next", .place = REST_IN_HEADER } },
	{ .name = "cursor-to-json", LIST, SIZE_IN(REST_IN_JSON), CURSOR_IN(REST_IN_JSON),
	    .body = { REST_JSON, .text = "{\"kind\": \"all\"}" } },
	{ .name = "cursor-to-form", LIST, SIZE_IN(REST_IN_FORM), CURSOR_IN(REST_IN_FORM),
	    .body = { REST_FORM, .fields = form } },
	{ .name = "next-url", LIST, .pager = { REST_NEXT_URL, .from = "next_url" } },
	{ .name = "next-url-parameters", LIST, SIZE, .params = all,
	    .pager = { REST_NEXT_URL, .from = "next_url", .keep = 1 } },
	{ .name = "link", LIST, SIZE, .pager = { REST_LINK, .keep = 1 } },
	{ .name = "page", LIST, SIZE,
	    .pager = { REST_PAGE, .param = "page", .first = 1, .skip_first = 1 } },
	{ .name = "page-zero", LIST, SIZE,
	    .pager = { REST_PAGE, .param = "page0", .skip_first = 1 } },
	{ .name = "page-said", LIST, SIZE, .pager = { REST_PAGE, .param = "page", .first = 1 } },
	{ .name = "page-even", LIST, SIZE, .pager = { REST_PAGE, .param = "page", .first = 1 } },
	{ .name = "offset", LIST, SIZE,
	    .pager = { REST_OFFSET, .param = "offset", .skip_first = 1 } },
	{ .name = "offset-said", LIST, SIZE, .pager = { REST_OFFSET, .param = "offset" } },
	{ .name = "offset-even", LIST, SIZE,
	    .pager = { REST_OFFSET, .param = "offset", .skip_first = 1 } },
	{ .name = "last-field", LIST, SIZE,
	    .pager = { REST_LAST_FIELD, .param = "after_id", .from = "id", .more = "has_more" } },
	{ .name = "graphql", LIST, .body = { REST_GRAPHQL, .text = QUERY },
	    .pager = { REST_CURSOR, .param = "variables.after", .from = "pageInfo.endCursor",
		.more = "pageInfo.hasNextPage", .place = REST_IN_JSON } },
	{ .name = "since", LIST, SIZE, CURSOR, SINCE(.sorted = 1) },
	{ .name = "values", LIST, .params = kind, .lists = {{ .as = "kind", .values = kinds }} },
	{ .name = "windows", LIST, SINCE(.end_param = "until", .end = "2026-01-05T00:00:00Z",
	    .step = "P2D", .granularity = "PT1S") },
	{ .name = "parents", LIST, .pager = { REST_NEXT_URL, .from = "next_url" } },
	{ .name = "children", LIST, .url = "children/{partition.parents_id}",
	    .parent = { .stream = "parents" } },
	/* for the credentials */
	{ .name = "auth", LIST, .url = "{config.auth}", SIZE, CURSOR },
	{ .name = "auth-json", LIST, .url = "{config.auth}", SIZE, CURSOR,
	    .body = { REST_JSON, .text = "{}" } },
	{ .name = NULL }
};

static const struct rest_api cdk = {
	.endpoint = AB_JSON({
	    "base_url": {"config": "base_url"},
	    "auth": {"type": "select", "config": "auth", "default": "none", "cases": {
	        "none": {"type": "none"},
	        "bearer": {"type": "bearer", "config": "secret"},
	        "basic": {"type": "basic", "username": {"config": "client"},
	            "password": {"config": "secret"}},
	        "key-header": {"type": "api_key", "in": "header", "name": "X-Api-Key",
	            "prefix": "Token ", "config": "secret"},
	        "key-query": {"type": "api_key", "in": "query", "name": "api_key",
	            "config": "secret"},
	        "key-json": {"type": "api_key", "in": "body", "name": "api_key",
	            "config": "secret"},
	        "client-credentials": {"type": "oauth2", "grant": "client_credentials",
	            "token_url": "/token", "client_id": {"config": "client"},
	            "client_secret": {"config": "secret"},
	            "scopes": ["read", "write"]},
	        "refresh-token": {"type": "oauth2", "grant": "refresh_token", "token_url": "/token",
	            "client_id": {"config": "client"}, "client_secret": {"config": "secret"},
	            "refresh_token": {"config": "refresh"}},
	        "session": {"type": "session", "answer": {"token": "data.session"},
	            "lifetime_seconds": 3600,
	            "login": {"url": "/login",
	            "params": {"user": {"config": "client"}, "password": {"config": "secret"}}},
	            "token": {"in": "header", "name": "X-Session"}},
	        "jwt": {"type": "jwt", "algorithm": "HS256", "key": {"config": "secret"},
	            "lifetime_seconds": 600, "claims": {"iss": {"config": "client"}, "aud": "echo"}}
	    }}
	}),
	.streams = streams,
};

REST_CONNECTOR(cdk, .id = "cdk", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"auth": {"type": "string"},
		"client": {"type": "string"},
		"secret": {"type": "string", "airbyte_secret": true},
		"refresh": {"type": "string", "airbyte_secret": true}
	}
}));
