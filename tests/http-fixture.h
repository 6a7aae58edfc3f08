/* http-fixture.h - a source of host/net/http whose server, clock and sleep a test holds in its hands. */
#ifndef TESTS_HTTP_FIXTURE_H
#define TESTS_HTTP_FIXTURE_H
#include "suite.h"

#include "net/http.h"
#include "wire.h"

#define SECRET	 "s3cr3t-key-0815"
#define NOW_US	 INT64_C(1700000000000000) /* Tue, 14 Nov 2023 22:13:20 GMT */
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BEARER \
	"{\"base_url\": {\"config\": \"base_url\"}, \"auth\": {\"type\": \"bearer\", \"config\": \"api_key\"}}"
#define JSON_200(b) \
	{ \
		.head = "200 OK\r\nContent-Type: application/json\r\n", .body = (b) \
	}

struct outside { /* what the tests inject and look at */
	int cancelled;
	uint32_t slept_ms;
	unsigned sleeps, waits;
	int64_t until_us, mono_us, now_us; /* what slept_ms moves; UTC, which stands still */
	uint64_t done;
	int limited;
	char why[512], host[128], logged[8192], traced[4096];
};

extern struct outside outside;
extern struct wire *wire;
extern struct http *http;
extern struct error error;
extern struct http_limits limits; /* set before begin, */
extern struct cassette *cassette; /* and before begin_again */

void http_set_up(void);
/* Also: no text that left http holds SECRET, whatever the test was about. */
void http_tear_down(void);
int is_cancelled(void *ctx);
void note_log(void *ctx, int level, const char *text); /* to outside.logged */
void open_http(void);				       /* a new source; what begin does, too */
/* A server with the script, and a source whose base_url is its /v1 and whose api_key is SECRET. */
void begin(const struct wire_step *steps, size_t count, const char *endpoint);
/* Another source for the same server, which may be gone. */
void begin_again(const char *endpoint);
ab_status get(const char *url, struct http_response **out);
void expect_body(const char *url, const char *body);
void expect_error(const char *url, ab_status status, const char *part);
/* 1: the server's n-th request holds the text, upper and lower case alike. */
int has_line(unsigned request, const char *line);
#endif
