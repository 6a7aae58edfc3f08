/* go-httpbin: one answer a stream, each to be had, read or refused in its own way.
 * -DBEARER, -DAPI_KEY: with another credential than Basic. */
#include <abhost/rest.h>

#if defined(BEARER)
#define AUTH AB_JSON({"type": "bearer", "config": "secret"})
#define PRIVATE "bearer"
#elif defined(API_KEY)
#define AUTH AB_JSON({"type": "api_key", "in": "query", "name": "api key", "config": "secret"})
#define PRIVATE "get?a=1"
#else
#define AUTH AB_JSON({"type": "basic", "username": {"config": "user"}, \
	"password": {"config": "secret"}})
#define PRIVATE "basic-auth/user%20name/p%C3%A4ss%3Aw%C3%B6rd"
#endif

static const struct rest_stream streams[] = {
	{ .name = "private", .url = PRIVATE },
	{ .name = "echo", .url = "anything/a%2Fb?x=1&y=%26%20%2B&x=2" },
	{ .name = "gzip" },
	{ .name = "deflate" },
	{ .name = "slow", .url = "delay/1" },
	{ .name = "chunked", .url = "trailers?x-end=1" },
	{ .name = "relative", .url = "relative-redirect/3" },
	{ .name = "absolute", .url = "absolute-redirect/3" },
	{ .name = "tagged", .url = "etag/abc" },
	{ .name = "uuid" },
	{ .name = "lines", .url = "jsonl", .lines = 1, .key = "id" },
	{ .name = "marked", .url = "base64/decode/77u_W3siYSI6MX1d?content-type=application/json" },
	{ .name = "elsewhere", .url = "redirect-to?status_code=307&url={config.elsewhere}" },
	{ .name = "nothing", .url = "status/204" },
	{ .name = "slides", .url = "json", .records = "slideshow.slides", .key = "title" },
	/* not to be had */
	{ .name = "unstable", .url = "unstable?failure_rate=0.3" }, /* 500, or not a byte */
	{ .name = "teapot", .url = "status/418" },
	{ .name = "unauthorized", .url = "status/401" },
	{ .name = "forbidden", .url = "status/403" },
	{ .name = "not-implemented", .url = "status/501" },
	{ .name = "page", .url = "html" },
	{ .name = "stars", .url = "drip?duration=0&numbytes=20" },
	{ .name = "refused", .url = "drip?duration=0&numbytes=0" },
	{ .name = "digest", .url = "digest-auth/auth/u/p" },
	{ .name = "circle", .url = "redirect/60" },
	{ .name = NULL }
};

static const struct rest_api httpbin = {
	.endpoint = "{\"base_url\": {\"config\": \"base_url\"}, \"auth\": " AUTH "}",
	.check = PRIVATE,
	.streams = streams,
};

REST_CONNECTOR(httpbin, .id = "httpbin", .version = "1.0.0", .spec = AB_JSON({
	"type": "object", "required": ["base_url", "secret"],
	"properties": {
		"base_url": {"type": "string", "format": "uri"},
		"user": {"type": "string"},
		"elsewhere": {"type": "string", "format": "uri"},
		"secret": {"type": "string", "airbyte_secret": true}
	}
}));
