/* GitHub's issues, as GitHub's own recorded answers have them: a key after "token ", Link headers
 * that lead to another path than the first page's. */
#include <abhost/rest.h>

static const struct rest_stream streams[] = {
	{ .name = "issues", .url = "repos/octokit-fixture-org/paginate-issues/issues", .key = "id",
	    .size = { .param = "per_page", .value = 3, .max = 100 }, .pager = { REST_LINK } },
	{ .name = NULL }
};

static const struct rest_api octokit = {
	.endpoint = AB_JSON({
		"base_url": {"config": "base_url", "default": "https://api.github.com/"},
		"auth": {"type": "api_key", "in": "header", "name": "Authorization",
			"prefix": "token ", "config": "token"},
		"headers": {"Accept": "application/vnd.github.v3+json"}
	}),
	.streams = streams,
};

REST_CONNECTOR(octokit, .id = "octokit", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["token"],
	"properties": {
		"token": {"type": "string", "airbyte_secret": true},
		"base_url": {"type": "string", "format": "uri",
			"default": "https://api.github.com/"}
	}
}));
