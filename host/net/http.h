/* http.h - one source's HTTP: origins with their credentials, requests, redirects, retries.
 *
 * One struct http per open source, used by one thread; it keeps its connections alive.  Credentials are attached by the
 * host to requests for the endpoint's own origin only, and are dropped on redirects to another.  Only transfer.c includes
 * curl.h.  The process must ignore SIGPIPE: TLS may write to a connection that the server has closed. */
#ifndef ABHOST_HTTP_H
#define ABHOST_HTTP_H
#include <abhost/abi.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"

struct http;
struct http_response;
struct cassette;    /* net/cassette.h */
struct http_shared; /* net/shared.h */

struct http_wait {		/* of more than a second, that begins */
	int64_t until_us;	/* UTC */
	const char *why, *host; /* "429 Too Many Requests, Retry-After"; "api.example.com" */
	uint64_t done;		/* requests that the host has answered so far */
	int limited;		/* it is a rate limit, not trouble */
};

struct http_trace {			  /* one exchange that has ended */
	const char *method, *url, *error; /* without secrets; error: what broke, or "" */
	int status;			  /* 0: no answer */
	uint64_t bytes;			  /* of the body, decoded */
	uint32_t ms, attempt;
};

/* How http asks the outside; all may be NULL but `cancelled`. Called on the thread that runs http_request. */
struct http_env {
	void *ctx;
	int (*cancelled)(void *ctx); /* polled five times a second, and after http_wake */
	/* Sleeps up to ms, returns early (1) when cancelled. */
	int (*sleep_ms)(void *ctx, uint32_t ms);
	int64_t (*now_us)(void *ctx);  /* UTC */
	int64_t (*mono_us)(void *ctx); /* a clock that never steps, whose time sleep_ms passes */
	/* on: it waits until others have had their turn, and holds nothing that they need; off: it goes on.  1: cancelled. */
	int (*rest)(void *ctx, int on);
	void (*waiting)(void *ctx, const struct http_wait *wait);
	void (*trace)(void *ctx, const struct http_trace *t); /* each exchange */
	void (*log)(void *ctx, int level, const char *text);
	/* What the config has at `key` was spent; this refresh token stands for it. */
	void (*replaced)(void *ctx, const char *key, const char *refresh);
	/* The real config, with secrets: what "config": "api_key" names. Borrowed until http_free. */
	const json_t *config;
	struct cassette
	    *cassette; /* what records, or stands for the network; borrowed; NULL: neither */
};

struct http_limits {		/* a 0 stands for the default */
	size_t body_cap;	/* bytes of a decoded body: 64 MiB */
	uint32_t connect_ms;	/* 10,000 */
	uint32_t stall_s;	/* hardly a byte for so long: 60 */
	uint32_t attempts;	/* as the endpoint's description has it (6) */
	uint32_t retry_total_s; /* likewise (600), without waits that a server asked for */
};

/* Copies env and limits (NULL: all defaults).  `shared` holds the endpoints, and outlives it; NULL: it has its own. */
ab_status http_new(const struct http_env *env, const struct http_limits *limits,
    struct http_shared *shared, struct http **out, struct error *e);
/* After its responses; NULL is fine. */
void http_free(struct http *h);
/* [any thread] Lets a running http_request look at env->cancelled at once. */
void http_wake(struct http *h);
/* An endpoint description (JSON text; sdk/schema/endpoint.json): base_url, auth, limits, headers. The first is the base; one
 * that was told before is found again. A mistake or an unknown key: AB_EBUG with JSON pointer; a config key that is missing or has a bad value: AB_ECONFIG. */
ab_status http_endpoint(struct http *h, const char *json, struct error *e);
/* Replaces out's content by a page token, as it may be kept: where it is a URL of an endpoint whose credential stands in the
 * query, without that, which the next request has anyway. -1: no room. */
int http_token_to_keep(const struct http *h, const char *token, struct buf *out);
/* Runs the request, retries included; its options are sdk/schema/options.json. The response is http_response_free's
 * (NULL is fine), which keeps its memory for the next request.  What "errors" in the options say of an answer comes first:
 * with "end" and "skip" it is empty.  A status >= 400 that "ok" does not list is an error: 401, 403 AB_ECONFIG; 404 and other 4xx AB_EDATA; what retrying did not help
 * AB_ETRANSIENT.  The sentence holds method, URL without query values and secrets, status, the answer's first bytes. */
ab_status http_request(
    struct http *h, const struct ab_request *r, struct http_response **out, struct error *e);
void http_response_free(struct http_response *resp);
/* Gives back what is kept for the next request, where that is more than so many bytes. NULL is fine. */
void http_trim(struct http *h, size_t keep);
int http_response_status(const struct http_response *resp);
const char *http_response_header(
    const struct http_response *resp, const char *name); /* joined with ", "; NULL: none */
/* 1: the answer to a request with "stream" that is still open; its body is http_response_read's. */
int http_response_is_stream(const struct http_response *resp);
/* The next decoded bytes of a stream, until the next call; none: its end.  Waits for the first byte, no longer. A stream that
 * breaks cannot be asked for again from its middle: AB_ETRANSIENT (or AB_EDATA, AB_ECANCELLED, AB_ENOMEM). */
ab_status http_response_read(struct http_response *resp, struct ab_str *chunk, struct error *e);
/* Decoded; at least 64 zero bytes stand behind it (SCAN_PADDING). */
struct ab_str http_response_body(const struct http_response *resp);
const char *http_response_what(
    const struct http_response *resp); /* "GET https://host/path (200, application/json)" */
#endif
