/* Laws of host/net/http over real sockets: what is tried again, what ends it, and what every failure is called. */
#include "http-fixture.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

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
	    outside.why, "429 Too Many Requests, Retry-After of 365 days, cut to 60 min");
	ck_assert_ptr_nonnull(
	    strstr(outside.logged, "429 Too Many Requests, Retry-After; again in 7.0 s"));
	ck_assert_ptr_nonnull(
	    strstr(outside.logged, "503 Service Unavailable, Retry-After; again in 120.0 s"));
}
END_TEST

START_TEST(waits_that_the_server_asks_for_cost_no_time)
{
	static const struct wire_step steps[] = {
	    {.head = "429 No\r\nRetry-After: 7\r\n", .body = ""},
	    {.head = "429 No\r\nRetry-After: 7\r\n", .body = ""},
	    {.head = "429 No\r\nRetry-After: 7\r\n", .body = ""}, JSON_200("[]")};

	limits.retry_total_s = 5;
	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[]");
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

START_TEST(an_answer_that_ends_within_its_headers_is_fetched_again)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nLink: </v",
		.then = WIRE_CLOSE},
	    {.head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n", .then = WIRE_CLOSE},
	    {.head = "HTTP/1.1 204 OK\r\n", .then = WIRE_CLOSE},
	    {.head = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nX: y\r\n",
		.then = WIRE_CLOSE},
	    JSON_200("[1]")};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[1]");
	ck_assert_uint_eq(wire_requests(wire), 5);
}
END_TEST

/* A server that takes it, and then closes the kept connection without a word, may have done it: nobody below us may
 * send it again either. */
START_TEST(a_post_is_not_repeated_on_a_connection_that_was_kept)
{
	static const struct wire_step steps[] = {JSON_200("[]"), {.head = "", .then = WIRE_CLOSE}};
	const struct ab_request once = {.size = sizeof(once), .method = "POST", .url = "make"};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[]");
	ck_assert_int_eq(http_request(http, &once, &resp, &error), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(strstr(error.text, "not sent again: a POST may have been done"));
	ck_assert_uint_eq(wire_requests(wire), 2);
}
END_TEST

START_TEST(headers_without_an_end_are_told_as_such)
{
	static char head[400000];
	const struct wire_step steps[] = {{.head = head, .then = WIRE_CLOSE}};
	size_t n = (size_t)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\n");

	while (n < (_i == 0 ? 290000 : 20000))
		n += (size_t)snprintf(
		    head + n, sizeof(head) - n, "X-%zu: %0*d\r\n", n, _i == 0 ? 1000 : 1, 7);
	snprintf(head + n, sizeof(head) - n, "Content-Length: 2\r\n\r\n[]");
	limits.attempts = 1;
	begin(steps, 1, BEARER);
	expect_error("users", AB_EDATA, "/v1/users: the answer has more headers than are taken");
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
	memcpy(body + 192, SECRET, sizeof(SECRET) - 1);
	begin(steps, COUNT(steps), BEARER);
	expect_error("users", AB_EDATA, "400 Bad Request: \xc3\xa9\xc3\xa9");
	ck_assert_uint_lt(strlen(error.text), 300);
	ck_assert_ptr_null(strstr(error.text, "s3cr"));
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
	ck_assert_int_eq(http_new(&env, NULL, NULL, &http, &error), AB_OK);
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
	    {"{\"stream\": 1}", "at /stream: must be true or false", AB_EBUG}};
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

static long until_lack; /* calls up to the one for which libcurl gets no memory; 0: it gets all */

static int
lacks(void)
{
	return until_lack > 0 && --until_lack == 0;
}

static void *
take(size_t size)
{
	return lacks() ? NULL : malloc(size);
}

static void *
retake(void *old, size_t size)
{
	return lacks() ? NULL : realloc(old, size);
}

static char *
copy(const char *text)
{
	return lacks() ? NULL : strdup(text);
}

static void *
clear(size_t n, size_t size)
{
	return lacks() ? NULL : calloc(n, size);
}

/* It may fail, but an API that is asked for another page has another answer. */
START_TEST(a_request_for_which_libcurl_lacks_memory_has_its_query)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	struct http_response *resp;
	int reached = 1;
	long n;

	ck_assert_int_eq(
	    curl_global_init_mem(CURL_GLOBAL_DEFAULT, take, free, retake, copy, clear), 0);
	begin(steps, COUNT(steps), BEARER);
	for (n = 1; reached; n++) {
		until_lack = n;
		if (get("users?page=2", &resp) == AB_OK)
			http_response_free(resp);
		reached = until_lack == 0;
		until_lack = 0;
		error_clear(&error);
	}
	ck_assert_int_gt(n, 20);
	ck_assert_uint_gt(wire_requests(wire), 1);
	for (unsigned i = 0; i < wire_requests(wire) && i < WIRE_MAX; i++)
		ck_assert_msg(
		    has_line(i, "GET /v1/users?page=2 HTTP/1.1\r\n"), "%s", wire_request(wire, i));
}
END_TEST

static Suite *
faults_suite(void)
{
	Suite *s = suite_create("http-faults");
	TCase *t = tcase_create("http-faults");

	tcase_add_checked_fixture(t, http_set_up, http_tear_down);
	tcase_add_test(t, a_503_is_tried_again_after_a_back_off);
	tcase_add_test(t, a_retry_after_is_kept_and_told);
	tcase_add_test(t, waits_that_the_server_asks_for_cost_no_time);
	tcase_add_test(t, what_does_not_pass_is_given_up_with_count);
	tcase_add_test(t, a_body_that_breaks_off_is_fetched_again);
	tcase_add_test(t, an_answer_that_ends_within_its_headers_is_fetched_again);
	tcase_add_test(t, a_post_is_not_repeated_on_a_connection_that_was_kept);
	tcase_add_loop_test(t, headers_without_an_end_are_told_as_such, 0, 2);
	tcase_add_test(t, a_post_is_not_repeated_when_it_may_have_been_done);
	tcase_add_test(t, a_server_that_is_not_there_is_transient);
	tcase_add_test(t, a_body_above_the_cap_is_refused_once);
	tcase_add_test(t, statuses_are_what_the_operator_must_do);
	tcase_add_test(t, a_status_that_is_ok_is_a_response);
	tcase_add_test(t, a_long_answer_is_quoted_short_and_whole_in_its_characters);
	tcase_add_test(t, header_injection_is_refused);
	tcase_add_loop_test(t, a_cancel_ends_a_request_that_hangs, 0, 2);
	tcase_add_test(t, a_cancel_ends_a_wait);
	tcase_add_test(t, a_stall_is_broken_off_and_tried_again);
	tcase_add_test(t, mistakes_in_a_request_are_told);
	tcase_add_test(t, a_request_for_which_libcurl_lacks_memory_has_its_query);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(faults_suite())
