/* Laws of host/net/http over real sockets: what is sent, what comes back, what every failure is called. */
#include <config.h>

#include "suite.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/redact.h"
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

static struct outside { /* what the tests inject and look at */
	int cancelled;
	uint32_t slept_ms;
	unsigned sleeps, waits;
	int64_t until_us;
	char why[512], host[128], logged[8192];
} outside;
static struct wire *wire;
static struct http *http;
static json_t *config;
static struct error error;
static struct http_limits limits;

static int
is_cancelled(void *ctx)
{
	return __atomic_load_n(&((struct outside *)ctx)->cancelled, __ATOMIC_SEQ_CST);
}

static int
note_sleep(void *ctx, uint32_t ms)
{
	struct outside *o = ctx;

	o->slept_ms = ms;
	o->sleeps++;
	return is_cancelled(ctx);
}

static int64_t
fixed_now(void *ctx)
{
	(void)ctx;
	return NOW_US;
}

static void
note_wait(void *ctx, int64_t until_us, const char *why, const char *host)
{
	struct outside *o = ctx;

	o->waits++;
	o->until_us = until_us;
	snprintf(o->why, sizeof(o->why), "%s", why);
	snprintf(o->host, sizeof(o->host), "%s", host);
}

static void
note_log(void *ctx, int level, const char *text)
{
	struct outside *o = ctx;
	size_t n = strlen(o->logged);

	(void)level;
	snprintf(o->logged + n, sizeof(o->logged) - n, "%s\n", text);
}

static void
open_http(void)
{
	const struct http_env env = {.ctx = &outside,
	    .cancelled = is_cancelled,
	    .sleep_ms = note_sleep,
	    .now_us = fixed_now,
	    .waiting = note_wait,
	    .log = note_log,
	    .config = config};

	ck_assert_int_eq(http_new(&env, &limits, &http, &error), AB_OK);
}

/* A server with the script, and a source whose base_url is it. */
static void
begin(const struct wire_step *steps, size_t count, const char *endpoint)
{
	char base[64];

	wire = wire_start(steps, count);
	snprintf(base, sizeof(base), "http://127.0.0.1:%u/v1", wire_port(wire));
	config = json_pack("{s:s, s:s}", "api_key", SECRET, "base_url", base);
	open_http();
	ck_assert_msg(http_endpoint(http, endpoint, &error) == AB_OK, "%s", error.text);
}

static void
set_up(void)
{
	signal(SIGPIPE, SIG_IGN);
	unsetenv("http_proxy");
	unsetenv("all_proxy");
	unsetenv("ALL_PROXY");
	memset(&outside, 0, sizeof(outside));
	memset(&limits, 0, sizeof(limits));
	error_clear(&error);
}

/* No text that left http may hold the secret, whatever the test was about. */
static void
tear_down(void)
{
	ck_assert_ptr_null(strstr(error.text, SECRET));
	ck_assert_ptr_null(strstr(outside.logged, SECRET));
	ck_assert_ptr_null(strstr(outside.why, SECRET));
	http_free(http);
	if (wire != NULL)
		wire_stop(wire);
	json_decref(config);
	redact_fini();
}

static ab_status
get(const char *url, struct http_response **out)
{
	const struct ab_request r = {.size = sizeof(r), .url = url};

	error_clear(&error);
	return http_request(http, &r, out, &error);
}

static void
expect_body(const char *url, const char *body)
{
	struct http_response *resp;
	struct ab_str got;

	ck_assert_msg(get(url, &resp) == AB_OK, "%s", error.text);
	got = http_response_body(resp);
	ck_assert_uint_eq(got.len, strlen(body));
	ck_assert_str_eq(got.ptr, body);
	for (size_t i = 0; i < 64; i++)
		ck_assert_int_eq(got.ptr[got.len + i], 0);
	http_response_free(resp);
}

static void
expect_error(const char *url, ab_status status, const char *part)
{
	struct http_response *resp;
	ab_status rc = get(url, &resp);

	ck_assert_ptr_null(resp);
	ck_assert_msg(rc == status, "%s, %s", error_word(rc), error.text);
	ck_assert_int_eq(error.status, status);
	ck_assert_msg(strstr(error.text, part) != NULL, "%s", error.text);
}

static int
has_line(unsigned request, const char *line)
{
	return strcasestr(wire_request(wire, request), line) != NULL;
}

START_TEST(one_connection_serves_many_requests)
{
	static const struct wire_step steps[] = {
	    JSON_200("[1]"), JSON_200("[2,2]"), JSON_200("[3]")};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[1]");
	expect_body("/users", "[2,2]");
	expect_body("users", "[3]");
	ck_assert_uint_eq(wire_connections(wire), 1);
	ck_assert(has_line(0, "GET /v1/users HTTP/1.1\r\n"));
	ck_assert(has_line(1, "GET /users HTTP/1.1\r\n"));
	ck_assert(has_line(2, "\r\nAuthorization: Bearer " SECRET "\r\n"));
	ck_assert(has_line(2, "\r\nUser-Agent: abhost/"));
	ck_assert(has_line(2, "\r\nAccept-Encoding: "));
}
END_TEST

START_TEST(parameters_headers_and_body_arrive_as_given)
{
	static const struct wire_step steps[] = {JSON_200("{}")};
	const char *const params[] = {"q", "a b&c", "gone", NULL, "n[]", "\xc3\xa9", NULL};
	const char *const headers[] = {
	    "X-Empty", "", "X-Own", "1", "X-None", NULL, "x-shared", "mine", NULL};
	const struct ab_request r = {.size = sizeof(r),
	    .method = "POST",
	    .url = "search?a=1",
	    .params = params,
	    .headers = headers,
	    .body = {"{\"x\":1}", 7}};
	struct http_response *resp;

	begin(steps, COUNT(steps),
	    "{\"base_url\": {\"config\": \"base_url\"}, \"headers\": {\"X-Shared\": \"theirs\", \"X-More\": \"m\"}, "
	    "\"auth\": {\"type\": \"api_key\", \"in\": \"query\", \"name\": \"key\", \"config\": \"api_key\"}}");
	ck_assert_msg(http_request(http, &r, &resp, &error) == AB_OK, "%s", error.text);
	ck_assert(has_line(
	    0, "POST /v1/search?a=1&q=a%20b%26c&n%5B%5D=%C3%A9&key=" SECRET " HTTP/1.1\r\n"));
	ck_assert(has_line(0, "\r\nX-Empty:\r\n"));
	ck_assert(has_line(0, "\r\nX-Own: 1\r\n"));
	ck_assert(has_line(0, "\r\nX-More: m\r\n"));
	ck_assert(has_line(0, "\r\nx-shared: mine\r\n"));
	ck_assert(!has_line(0, "theirs"));
	ck_assert(!has_line(0, "X-None"));
	ck_assert(has_line(0, "\r\nContent-Type: application/json\r\n"));
	ck_assert(has_line(0, "\r\n\r\n{\"x\":1}"));
	ck_assert_ptr_null(strstr(http_response_what(resp), SECRET));
	ck_assert_ptr_nonnull(
	    strstr(http_response_what(resp), "/v1/search?a&q&n%5B%5D (200, application/json)"));
	http_response_free(resp);
}
END_TEST

START_TEST(headers_of_one_name_are_joined)
{
	static const struct wire_step steps[] = {
	    {.head = "200 OK\r\nLink: <a>\r\nX-A:  b \r\nlink: <c>\r\n", .body = ""}};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(get("users", &resp), AB_OK);
	ck_assert_str_eq(http_response_header(resp, "LINK"), "<a>, <c>");
	ck_assert_str_eq(http_response_header(resp, "x-a"), "b");
	ck_assert_ptr_null(http_response_header(resp, "x-b"));
	http_response_free(resp);
}
END_TEST

START_TEST(two_responses_live_side_by_side)
{
	static const struct wire_step steps[] = {JSON_200("[1]"), JSON_200("[2]"), JSON_200("[3]")};
	struct http_response *a, *b;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(get("a", &a), AB_OK);
	ck_assert_int_eq(get("b", &b), AB_OK);
	ck_assert_str_eq(http_response_body(a).ptr, "[1]");
	ck_assert_str_eq(http_response_body(b).ptr, "[2]");
	http_response_free(a);
	http_response_free(b);
	http_response_free(NULL);
	expect_body("c", "[3]");
}
END_TEST

START_TEST(a_503_is_tried_again_after_a_back_off)
{
	static const struct wire_step steps[] = {{.head = "503 No\r\n", .body = "busy"},
	    {.head = "500 No\r\n", .body = "busy"}, JSON_200("[]")};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[]");
	ck_assert_uint_eq(wire_requests(wire), 3);
	ck_assert_uint_le(outside.slept_ms, 1000);
	ck_assert_ptr_nonnull(
	    strstr(outside.logged, "/v1/users: 503 Service Unavailable; again in"));
}
END_TEST

START_TEST(a_retry_after_is_kept_and_told)
{
	static const struct wire_step steps[] = {
	    {.head = "429 No\r\nRetry-After: 7\r\n", .body = "slow down"},
	    {.head = "503 No\r\nRetry-After: Tue, 14 Nov 2023 22:15:20 GMT\r\n", .body = ""},
	    {.head = "429 No\r\nRetry-After: 31536000\r\n", .body = ""}, JSON_200("[]")};
	struct http_response *resp;
	char host[64];

	begin(steps, COUNT(steps), BEARER);
	snprintf(host, sizeof(host), "127.0.0.1:%u", wire_port(wire));
	ck_assert_int_eq(get("users", &resp), AB_OK);
	http_response_free(resp);
	ck_assert_uint_eq(outside.waits, 3);
	ck_assert_uint_eq(outside.slept_ms, 3600000);
	ck_assert_int_eq(outside.until_us, NOW_US + INT64_C(3600000000));
	ck_assert_str_eq(outside.host, host);
	ck_assert_str_eq(
	    outside.why, "429 Too Many Requests, Retry-After of more than an hour, cut to an hour");
	ck_assert_ptr_nonnull(
	    strstr(outside.logged, "429 Too Many Requests, Retry-After; again in 7.0 s"));
	ck_assert_ptr_nonnull(
	    strstr(outside.logged, "503 Service Unavailable, Retry-After; again in 120.0 s"));
}
END_TEST

START_TEST(what_does_not_pass_is_given_up_with_count)
{
	static const struct wire_step steps[] = {
	    {.head = "503 No\r\n", .body = "down  for\n maintenance"}};

	limits.attempts = 3;
	begin(steps, COUNT(steps), BEARER);
	expect_error("users", AB_ETRANSIENT,
	    "/v1/users: 503 Service Unavailable: down for maintenance (tried 3 times in ");
	ck_assert_uint_eq(wire_requests(wire), 3);
}
END_TEST

START_TEST(a_body_that_breaks_off_is_fetched_again)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2", .then = WIRE_RESET},
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,2", .then = WIRE_CLOSE},
	    {.head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n[1,2\r\n",
		.then = WIRE_CLOSE},
	    {.head =
		    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"}};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[1,2]");
	ck_assert_uint_eq(wire_requests(wire), 4);
}
END_TEST

START_TEST(a_post_is_not_repeated_when_it_may_have_been_done)
{
	static const struct wire_step steps[] = {{.head = "502 Bad\r\n", .body = "?"},
	    {.head = "502 Bad\r\n", .body = "?"},
	    {.head = "429 Bad\r\nRetry-After: 1\r\n", .body = "?"}, JSON_200("[]")};
	const struct ab_request once = {.size = sizeof(once), .method = "POST", .url = "make"};
	const struct ab_request often = {.size = sizeof(often),
	    .method = "POST",
	    .url = "make",
	    .options = "{\"idempotent\": true}"};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(http_request(http, &once, &resp, &error), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "502 Bad Gateway: ? (not sent again: a POST may have been done;"));
	ck_assert_uint_eq(wire_requests(wire), 1);
	ck_assert_msg(http_request(http, &often, &resp, &error) == AB_OK, "%s", error.text);
	ck_assert_uint_eq(wire_requests(wire), 4);
	http_response_free(resp);
}
END_TEST

START_TEST(a_server_that_is_not_there_is_transient)
{
	static const struct wire_step steps[] = {JSON_200("[]")};

	limits.attempts = 2;
	begin(steps, COUNT(steps), BEARER);
	wire_stop(wire);
	wire = NULL;
	expect_error("users", AB_ETRANSIENT, "(tried 2 times in ");
}
END_TEST

static const unsigned char gzipped[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03,
    0x8b, 0x36, 0xd4, 0x31, 0xd2, 0x31, 0x8e, 0x05, 0x00, 0xe9, 0xb3, 0x6d, 0xfd, 0x07, 0x00, 0x00,
    0x00};

START_TEST(gzip_is_unpacked)
{
	const struct wire_step steps[] = {{.head = "200 OK\r\nContent-Encoding: gzip\r\n",
	    .body = (const char *)gzipped,
	    .len = sizeof(gzipped)}};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[1,2,3]");
}
END_TEST

START_TEST(a_body_above_the_cap_is_refused_once)
{
	static const struct wire_step steps[] = {JSON_200("0123456789"),
	    {.head = "HTTP/1.1 200 OK\r\n\r\n0123456789", .then = WIRE_CLOSE},
	    JSON_200("012345678")};

	limits.body_cap = 9;
	begin(steps, COUNT(steps), BEARER);
	expect_error("users", AB_EDATA, "the body is larger than 9 bytes");
	expect_error("users", AB_EDATA, "the body is larger than 9 bytes");
	expect_body("users", "012345678");
	ck_assert_uint_eq(wire_requests(wire), 3);
}
END_TEST

START_TEST(statuses_are_what_the_operator_must_do)
{
	static const struct wire_step steps[] = {
	    {.head = "401 X\r\n", .body = "{\"error\":\"invalid key " SECRET "\"}"},
	    {.head = "403 X\r\n", .body = ""}, {.head = "404 X\r\n", .body = "no\x01such"},
	    {.head = "422 X\r\n", .body = ""}, {.head = "501 X\r\n", .body = ""}};
	char sentence[200];

	begin(steps, COUNT(steps), BEARER);
	snprintf(sentence, sizeof(sentence),
	    "GET http://127.0.0.1:%u/v1/users: 401 Unauthorized: {\"error\":\"invalid key ****\"} - check \"api_key\" in "
	    "the config",
	    wire_port(wire));
	expect_error("users", AB_ECONFIG, sentence);
	expect_error("users", AB_ECONFIG, "403 Forbidden - check \"api_key\"");
	expect_error("users?token=abc", AB_EDATA, "/v1/users?token: 404 Not Found: no such");
	expect_error("users", AB_EDATA, "422 Unprocessable Content");
	expect_error("users", AB_EDATA, "501 Not Implemented");
	ck_assert_uint_eq(wire_requests(wire), 5);
}
END_TEST

START_TEST(a_status_that_is_ok_is_a_response)
{
	static const struct wire_step steps[] = {{.head = "404 X\r\n", .body = "none"}};
	const struct ab_request r = {
	    .size = sizeof(r), .url = "users", .options = "{\"ok\": [404, 410]}"};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_OK);
	ck_assert_int_eq(http_response_status(resp), 404);
	ck_assert_str_eq(http_response_body(resp).ptr, "none");
	http_response_free(resp);
}
END_TEST

START_TEST(a_long_answer_is_quoted_short_and_whole_in_its_characters)
{
	static char body[9000];
	const struct wire_step steps[] = {{.head = "400 X\r\n", .body = body}};
	size_t n;

	for (n = 0; n + 3 < sizeof(body); n += 2)
		memcpy(body + n, "\xc3\xa9", 2);
	memcpy(body + 180, SECRET, sizeof(SECRET) - 1);
	begin(steps, COUNT(steps), BEARER);
	expect_error("users", AB_EDATA, "400 Bad Request: \xc3\xa9\xc3\xa9");
	ck_assert_uint_lt(strlen(error.text), 300);
	ck_assert_ptr_null(strstr(error.text, "s3cr"));
}
END_TEST

START_TEST(a_redirect_within_the_origin_keeps_the_credential)
{
	static const struct wire_step steps[] = {
	    {.head = "302 X\r\nLocation: ../v2/users?page=1\r\n", .body = "moved"}, JSON_200("[]")};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[]");
	ck_assert(has_line(1, "GET /v2/users?page=1 HTTP/1.1\r\n"));
	ck_assert(has_line(1, "Bearer " SECRET));
}
END_TEST

START_TEST(a_redirect_to_another_origin_gets_nothing_secret)
{
	static const struct wire_step there[] = {{.head = "401 X\r\n", .body = "who are you"}};
	static char head[128];
	const struct wire_step here[] = {{.head = head, .body = ""}};
	const char *const headers[] = {
	    "X-Api-Key", SECRET, "Cookie", "a=" SECRET, "Accept", "text/csv", NULL};
	const struct ab_request r = {.size = sizeof(r), .url = "users", .headers = headers};
	struct http_response *resp;
	struct wire *other = wire_start(there, COUNT(there));

	snprintf(
	    head, sizeof(head), "307 X\r\nLocation: http://127.0.0.1:%u/\r\n", wire_port(other));
	begin(here, COUNT(here), BEARER);
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "redirected to another origin, which gets no credentials"));
	ck_assert_ptr_null(strstr(wire_request(other, 0), SECRET));
	ck_assert_ptr_nonnull(strstr(wire_request(other, 0), "Accept: text/csv\r\n"));
	ck_assert(has_line(0, SECRET));
	wire_stop(other);
}
END_TEST

START_TEST(a_credential_in_the_query_does_not_follow_either)
{
	static const struct wire_step there[] = {JSON_200("[]")};
	static char head[128];
	const struct wire_step here[] = {{.head = head, .body = ""}};
	struct wire *other = wire_start(there, COUNT(there));

	snprintf(head, sizeof(head), "302 X\r\nLocation: //localhost:%u/x\r\n", wire_port(other));
	begin(here, COUNT(here),
	    "{\"base_url\": {\"config\": \"base_url\"}, "
	    "\"auth\": {\"type\": \"api_key\", \"in\": \"query\", \"name\": \"key\", \"config\": \"api_key\"}}");
	expect_body("users", "[]");
	ck_assert(has_line(0, "key=" SECRET));
	ck_assert_ptr_null(strstr(wire_request(other, 0), SECRET));
	wire_stop(other);
}
END_TEST

START_TEST(a_request_to_a_foreign_origin_carries_no_credential)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	struct wire *other = wire_start(steps, COUNT(steps));
	char url[64];

	begin(steps, COUNT(steps), BEARER);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/next", wire_port(other));
	expect_body(url, "[]");
	ck_assert_ptr_null(strstr(wire_request(other, 0), SECRET));
	expect_error("http://example.com/", AB_ECONFIG, "plain http");
	wire_stop(other);
}
END_TEST

START_TEST(bad_redirects_are_refused)
{
	static const struct wire_step steps[] = {
	    {.head = "302 X\r\nLocation: file:///etc/passwd\r\n", .body = ""},
	    {.head = "302 X\r\n", .body = ""},
	    {.head = "302 X\r\nLocation: http://u:p@h/\r\n", .body = ""},
	    {.head = "302 X\r\nLocation: /again\r\n", .body = ""}};

	begin(steps, COUNT(steps), BEARER);
	expect_error("users", AB_EDATA, "a scheme other than https and http");
	expect_error("users", AB_EDATA, "does not say where to");
	expect_error("users", AB_EDATA, "user name or a password");
	expect_error("users", AB_EDATA, "/again: more than 10 redirects");
	ck_assert_uint_eq(wire_requests(wire), 3 + 11);
}
END_TEST

START_TEST(a_see_other_becomes_a_get)
{
	static const struct wire_step steps[] = {
	    {.head = "303 X\r\nLocation: done\r\n", .body = ""}, JSON_200("[]"),
	    {.head = "308 X\r\nLocation: done\r\n", .body = ""}, JSON_200("[]")};
	const struct ab_request r = {
	    .size = sizeof(r), .method = "POST", .url = "make", .body = {"{}", 2}};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_OK);
	http_response_free(resp);
	ck_assert(has_line(1, "GET /v1/done HTTP/1.1\r\n"));
	ck_assert(!has_line(1, "{}"));
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_OK);
	http_response_free(resp);
	ck_assert(has_line(3, "POST /v1/done HTTP/1.1\r\n"));
	ck_assert(has_line(3, "\r\n\r\n{}"));
}
END_TEST

START_TEST(head_and_204_have_no_body)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
	    {.head = "HTTP/1.1 204 No Content\r\n\r\n"}, JSON_200("[]")};
	const struct ab_request r = {.size = sizeof(r), .method = "HEAD", .url = "users"};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_OK);
	ck_assert_uint_eq(http_response_body(resp).len, 0);
	http_response_free(resp);
	expect_body("users", "");
	expect_body("users", "[]");
	ck_assert_uint_eq(wire_connections(wire), 1);
}
END_TEST

START_TEST(header_injection_is_refused)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	const char *const bad_value[] = {"X-A", "1\r\nX-B: 2", NULL};
	const char *const bad_name[] = {"X-A: 1\r\nX-B", "2", NULL};
	const char *const ours[] = {"content-length", "2", NULL};
	struct ab_request r = {.size = sizeof(r), .url = "users", .headers = bad_value};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "the header \"X-A\" holds a line break"));
	error_clear(&error);
	r.headers = bad_name;
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_EBUG);
	error_clear(&error);
	r.headers = ours;
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_EBUG);
	expect_error("users\r\nX: y", AB_ECONFIG, "line break");
	ck_assert_uint_eq(wire_requests(wire), 0);
}
END_TEST

static void *
cancel_soon(void *arg)
{
	while (wire_requests(wire) == 0)
		usleep(1000);
	__atomic_store_n(&outside.cancelled, 1, __ATOMIC_SEQ_CST);
	if (arg != NULL)
		http_wake(http);
	return NULL;
}

START_TEST(a_cancel_ends_a_request_that_hangs)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", .then = WIRE_HANG}};
	pthread_t thread;
	int64_t begun;

	begin(steps, COUNT(steps), BEARER);
	pthread_create(&thread, NULL, cancel_soon, _i == 0 ? NULL : &outside);
	begun = clock_mono_us();
	expect_error("users", AB_ECANCELLED, "cancelled");
	ck_assert_int_lt(clock_mono_us() - begun, 30000000); /* the stall limit is a minute */
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_cancel_ends_a_wait)
{
	static const struct wire_step steps[] = {
	    {.head = "429 X\r\nRetry-After: 100\r\n", .body = ""}};
	const struct http_env env = {.ctx = &outside, .cancelled = is_cancelled};
	pthread_t thread;
	char url[64];

	wire = wire_start(steps, COUNT(steps));
	ck_assert_int_eq(http_new(&env, NULL, &http, &error), AB_OK);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/", wire_port(wire));
	pthread_create(&thread, NULL, cancel_soon, &outside);
	expect_error(url, AB_ECANCELLED, "cancelled");
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(a_stall_is_broken_off_and_tried_again)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", .then = WIRE_HANG},
	    JSON_200("[]")};

	limits.stall_s = 1;
	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[]");
}
END_TEST

START_TEST(a_rate_limit_spaces_requests)
{
	static const struct wire_step steps[] = {JSON_200("[]")};

	begin(steps, COUNT(steps),
	    "{\"base_url\": {\"config\": \"base_url\"}, \"limits\": {\"requests_per_second\": 4}}");
	for (int i = 0; i < 3; i++)
		expect_body("users", "[]");
	ck_assert_uint_eq(outside.sleeps, 2);	  /* the clock of this test stands still: */
	ck_assert_uint_eq(outside.slept_ms, 250); /* a second interval is never waited for */
}
END_TEST

START_TEST(mistakes_in_a_request_are_told)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	static const struct {
		const char *options, *part;
		ab_status status;
	} cases[] = {{"{\"ok\": [404], \"okay\": 1}",
			 "at /okay: is not a key that abhost knows, near: ", AB_EBUG},
	    {"{\"ok\": 404}", "at /ok: must be an array", AB_EBUG},
	    {"{\"ok\": [200.5]}", "at /ok: must hold statuses", AB_EBUG},
	    {"{\"ok\": [404}", "is not JSON: line 1, column 12", AB_EBUG},
	    {"[]", "is not a JSON object", AB_EBUG},
	    {"{\"stream\": true}", "reads bodies whole", AB_EUNSUPPORTED}};
	struct ab_request r = {.size = sizeof(r), .url = "users"};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	for (size_t i = 0; i < COUNT(cases); i++) {
		error_clear(&error);
		r.options = cases[i].options;
		ck_assert_int_eq(http_request(http, &r, &resp, &error), cases[i].status);
		ck_assert_msg(strstr(error.text, cases[i].part) != NULL, "%s", error.text);
	}
	expect_error(
	    "http://u:p@h/", AB_ECONFIG, "GET http://h/: the URL holds a user name or a password");
}
END_TEST

static Suite *
http_suite(void)
{
	Suite *s = suite_create("http");
	TCase *t = tcase_create("http");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, one_connection_serves_many_requests);
	tcase_add_test(t, parameters_headers_and_body_arrive_as_given);
	tcase_add_test(t, headers_of_one_name_are_joined);
	tcase_add_test(t, two_responses_live_side_by_side);
	tcase_add_test(t, a_503_is_tried_again_after_a_back_off);
	tcase_add_test(t, a_retry_after_is_kept_and_told);
	tcase_add_test(t, what_does_not_pass_is_given_up_with_count);
	tcase_add_test(t, a_body_that_breaks_off_is_fetched_again);
	tcase_add_test(t, a_post_is_not_repeated_when_it_may_have_been_done);
	tcase_add_test(t, a_server_that_is_not_there_is_transient);
	tcase_add_test(t, gzip_is_unpacked);
	tcase_add_test(t, a_body_above_the_cap_is_refused_once);
	tcase_add_test(t, statuses_are_what_the_operator_must_do);
	tcase_add_test(t, a_status_that_is_ok_is_a_response);
	tcase_add_test(t, a_long_answer_is_quoted_short_and_whole_in_its_characters);
	tcase_add_test(t, a_redirect_within_the_origin_keeps_the_credential);
	tcase_add_test(t, a_redirect_to_another_origin_gets_nothing_secret);
	tcase_add_test(t, a_credential_in_the_query_does_not_follow_either);
	tcase_add_test(t, a_request_to_a_foreign_origin_carries_no_credential);
	tcase_add_test(t, bad_redirects_are_refused);
	tcase_add_test(t, a_see_other_becomes_a_get);
	tcase_add_test(t, head_and_204_have_no_body);
	tcase_add_test(t, header_injection_is_refused);
	tcase_add_loop_test(t, a_cancel_ends_a_request_that_hangs, 0, 2);
	tcase_add_test(t, a_cancel_ends_a_wait);
	tcase_add_test(t, a_stall_is_broken_off_and_tried_again);
	tcase_add_test(t, a_rate_limit_spaces_requests);
	tcase_add_test(t, mistakes_in_a_request_are_told);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(http_suite())
