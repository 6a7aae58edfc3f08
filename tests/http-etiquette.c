/* Laws of host/net/http over real sockets: what a description says of errors and limits, what a server says of its own, and
 * that no clock that jumps changes a wait. */
#include "http-fixture.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)
#define BASE   "{\"base_url\": {\"config\": \"base_url\"}"

static ab_status
ask(const char *method, const char *options, struct http_response **out)
{
	const struct ab_request r = {
	    .size = sizeof(r), .method = method, .url = "users", .options = options};

	error_clear(&error);
	return http_request(http, &r, out, &error);
}

START_TEST(an_answer_taken_for_the_end_is_empty)
{
	static const struct wire_step steps[] = {{.head = "404 X\r\n", .body = "no such list"},
	    {.head = "404 X\r\n", .body = "no such list"}, JSON_200("[]")};
	static const char *const options[] = {
	    "{\"errors\": [{\"status\": 404, \"action\": \"end\"}]}",
	    "{\"errors\": [{\"status\": 404, \"action\": \"skip\", \"message\": \"not ours\"}]}"};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	for (size_t i = 0; i < COUNT(options); i++) {
		ck_assert_msg(ask(NULL, options[i], &resp) == AB_OK, "%s", error.text);
		ck_assert_int_eq(http_response_status(resp), 404);
		ck_assert_uint_eq(http_response_body(resp).len, 0);
		ck_assert_int_eq(http_response_body(resp).ptr[0], 0);
		http_response_free(resp);
	}
	ck_assert_ptr_nonnull(
	    strstr(outside.logged, "passed over, as the connector's description has it: GET "));
	ck_assert_ptr_nonnull(strstr(outside.logged, "404 Not Found: not ours: no such list\n"));
	ck_assert_uint_eq(wire_requests(wire), 2);
}
END_TEST

START_TEST(an_error_is_whose_the_description_says)
{
	static const struct wire_step steps[] = {
	    {.head = "402 X\r\n", .body = "{\"plan\":\"free\"}"},
	    JSON_200("{\"error\": {\"code\": 9}}"), {.head = "500 X\r\n", .body = ""}};
	static const char rules[] =
	    "{\"errors\": [{\"status\": 402, \"action\": \"config\", \"message\": \"upgrade the plan\"}, "
	    "{\"body\": {\"path\": \"error.code\", \"equals\": 9}, \"action\": \"fail\"}, "
	    "{\"status\": \"5xx\", \"action\": \"fail\", \"message\": \"it never gets well\"}]}";
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(ask(NULL, rules, &resp), AB_ECONFIG);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "402 Payment Required: upgrade the plan: {\"plan\":\"free\"}"));
	ck_assert_int_eq(ask(NULL, rules, &resp), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(error.text, "200 OK: {\"error\": {\"code\": 9}}"));
	ck_assert_int_eq(ask(NULL, rules, &resp), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(error.text, "500 Internal Server Error: it never gets well"));
	ck_assert_uint_eq(wire_requests(wire), 3);
}
END_TEST

/* Also where its status is fine and its method is not idempotent: the server says that it has not done it. */
START_TEST(an_answer_may_ask_for_another_try)
{
	static const struct wire_step steps[] = {
	    JSON_200("{\"errors\":[{\"type\":\"THROTTLED\"}]}"),
	    {.head = "420 X\r\n", .body = "calm"}, JSON_200("[]")};
	static const char rules[] =
	    "{\"errors\": [{\"contains\": \"THROTTLED\", \"action\": \"retry\", \"wait_seconds\": 2}, "
	    "{\"status\": 420, \"action\": \"retry\", \"wait_seconds\": 90, \"message\": \"too eager\"}]}";
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_msg(ask("POST", rules, &resp) == AB_OK, "%s", error.text);
	ck_assert_str_eq(http_response_body(resp).ptr, "[]");
	http_response_free(resp);
	ck_assert_uint_eq(outside.waits, 2);
	ck_assert_uint_eq(outside.slept_ms, 90000);
	ck_assert_str_eq(outside.why, "420: too eager");
	ck_assert_ptr_nonnull(strstr(outside.logged, "200 OK; again in 2.0 s"));
}
END_TEST

START_TEST(another_try_has_an_end)
{
	static const struct wire_step steps[] = {JSON_200("{\"busy\": true}")};
	static const char rules[] =
	    "{\"errors\": [{\"body\": {\"path\": \"busy\", \"equals\": true}, "
	    "\"action\": \"retry\", \"message\": \"the export is not ready\"}]}";
	struct http_response *resp;

	limits.attempts = 3;
	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(ask(NULL, rules, &resp), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(strstr(
	    error.text, "200 OK: the export is not ready: {\"busy\": true} (tried 3 times in "));
	ck_assert_uint_eq(wire_requests(wire), 3);
}
END_TEST

START_TEST(a_403_that_is_a_rate_limit_passes)
{
	static const struct wire_step steps[] = {
	    {.head = "403 X\r\nX-RateLimit-Limit: 60\r\nX-RateLimit-Remaining: 0\r\n"
		     "X-RateLimit-Reset: 1700000030\r\n",
		.body = "rate limit exceeded"},
	    JSON_200("[]")};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[]");
	ck_assert_uint_eq(outside.slept_ms, 30000);
	ck_assert_str_eq(outside.why, "403 Forbidden, X-RateLimit-Reset");
	ck_assert_int_eq(outside.limited, 1);
	ck_assert_uint_eq(outside.done, 1);
}
END_TEST

START_TEST(for_ever_is_not_tried_for_ever)
{
	static const struct wire_step steps[] = {
	    {.head = "429 X\r\nRetry-After: 60\r\n", .body = "slow down"}};

	begin(steps, COUNT(steps), BEARER);
	expect_error(
	    "users", AB_ETRANSIENT, "429 Too Many Requests: slow down (tried 6 times in 30");
	ck_assert_uint_eq(wire_requests(wire), 6);
	ck_assert_uint_eq(outside.waits, 5);
}
END_TEST

/* Nothing is left: the next one waits, before the server has to refuse it. */
START_TEST(what_is_left_is_heeded)
{
	static const struct wire_step steps[] = {
	    {.head = "200 OK\r\nRateLimit: \"d\";r=1;t=4\r\n", .body = "[]"},
	    {.head = "200 OK\r\nRateLimit: \"d\";r=0;t=40\r\n", .body = "[]"}, JSON_200("[]")};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[]");
	ck_assert_uint_eq(outside.sleeps, 0);
	expect_body("users", "[]");
	ck_assert_uint_eq(outside.slept_ms, 2000);
	expect_body("users", "[]");
	ck_assert_uint_eq(outside.slept_ms, 40000);
	ck_assert_str_eq(outside.why, "no requests are left");
	ck_assert_uint_eq(outside.done, 2);
	ck_assert_int_eq(outside.limited, 1);
	ck_assert_int_eq((outside.until_us - NOW_US + SECOND / 2) / SECOND, 40);
	ck_assert_uint_eq(wire_requests(wire), 3);
}
END_TEST

START_TEST(a_vendor_says_it_in_the_body)
{
	static const struct wire_step steps[] = {
	    {.head = "429 X\r\n",
		.body = "{\"errcode\":\"M_LIMIT_EXCEEDED\",\"retry_after_ms\":2941}"},
	    JSON_200("[]")};

	begin(steps, COUNT(steps),
	    BASE
	    ", \"retry\": {\"retry_after\": {\"body\": \"retry_after_ms\", \"unit\": \"ms\"}}}");
	expect_body("users", "[]");
	ck_assert_uint_eq(outside.slept_ms, 2941);
	ck_assert_str_eq(outside.why, "429 Too Many Requests, retry_after_ms");
}
END_TEST

START_TEST(a_description_bounds_the_tries)
{
	static const struct wire_step steps[] = {
	    {.head = "503 X\r\nRetry-After: 86400\r\n", .body = ""}};

	begin(steps, COUNT(steps),
	    BASE ", \"retry\": {\"attempts\": 2, \"longest_asked_seconds\": 30}}");
	expect_error("users", AB_ETRANSIENT, "(tried 2 times in ");
	ck_assert_str_eq(
	    outside.why, "503 Service Unavailable, Retry-After of 24 hours, cut to 30 s");
	ck_assert_int_eq(outside.limited, 0);
}
END_TEST

START_TEST(a_sync_has_one_budget_for_all_requests)
{
	static const struct wire_step steps[] = {
	    {.head = "503 X\r\nRetry-After: 30\r\n", .body = ""}, JSON_200("[]"),
	    {.head = "503 X\r\nRetry-After: 40\r\n", .body = ""}, JSON_200("[]")};

	begin(steps, COUNT(steps), BASE ", \"retry\": {\"sync_seconds\": 60}}");
	expect_body("users", "[]");
	expect_error("users", AB_ETRANSIENT, "(not tried again: this sync has lost 30 s");
	ck_assert_uint_eq(wire_requests(wire), 3);
}
END_TEST

/* Waits at the gate cost a request none of its own time. */
START_TEST(waiting_for_leave_is_not_trying)
{
	static const struct wire_step steps[] = {
	    JSON_200("[]"), {.head = "500 X\r\n", .body = ""}, JSON_200("[]")};

	begin(steps, COUNT(steps),
	    BASE
	    ", \"limits\": {\"requests\": 1, \"per_seconds\": 600}, \"retry\": {\"seconds\": 5}}");
	expect_body("users", "[]");
	expect_body("users", "[]");
	ck_assert_uint_eq(wire_requests(wire), 3);
	ck_assert_int_ge(outside.mono_us, 1200 * SECOND);
}
END_TEST

/* The wall clock goes back a day in the middle of it all, or ahead. */
START_TEST(a_clock_that_jumps_changes_nothing)
{
	static const struct wire_step steps[] = {
	    {.head = "429 X\r\nRetry-After: 7\r\n", .body = ""},
	    {.head =
		    "429 X\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nX-RateLimit-Reset: 1700000009\r\n",
		.body = ""},
	    {.head = "200 OK\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: 5\r\n",
		.body = "[]"},
	    JSON_200("[]")};
	const int64_t jump = _i == 0 ? -86400 * SECOND : 86400 * SECOND;
	struct http_response *resp;

	begin(steps, COUNT(steps),
	    BASE ", \"limits\": {\"requests_per_second\": 10, \"concurrency\": 1}}");
	outside.now_us += jump;
	ck_assert_int_eq(get("users", &resp), AB_OK);
	http_response_free(resp);
	ck_assert_int_ge(outside.mono_us, 16 * SECOND);
	ck_assert_int_le(outside.mono_us, 17 * SECOND);
	outside.now_us -= 2 * jump;
	expect_body("users", "[]");
	ck_assert_int_ge(outside.mono_us, 21 * SECOND);
	ck_assert_int_le(outside.mono_us, 22 * SECOND);
}
END_TEST

START_TEST(each_exchange_is_traced)
{
	static const struct wire_step steps[] = {{.head = "503 X\r\n", .body = "busy"},
	    {.head = "302 X\r\nLocation: other?token=abc\r\n", .body = ""}, JSON_200("[1]"),
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", .then = WIRE_RESET}};
	char expected[512];
	unsigned port;

	limits.attempts = 2;
	begin(steps, COUNT(steps), BEARER);
	port = wire_port(wire);
	expect_body("users?key=" SECRET, "[1]");
	snprintf(expected, sizeof(expected),
	    "GET http://127.0.0.1:%u/v1/users?key 503 4 1 \n"
	    "GET http://127.0.0.1:%u/v1/users?key 302 0 2 \n"
	    "GET http://127.0.0.1:%u/v1/other?token 200 3 2 \n",
	    port, port, port);
	ck_assert_str_eq(outside.traced, expected);
	outside.traced[0] = '\0';
	expect_error("users", AB_ETRANSIENT, "(tried 2 times");
	snprintf(expected, sizeof(expected), "GET http://127.0.0.1:%u/v1/users 0 1 1 ", port);
	ck_assert_ptr_eq(strstr(outside.traced, expected), outside.traced);
	ck_assert_uint_gt(strlen(strchr(outside.traced, '\n')), 1);
}
END_TEST

static Suite *
etiquette_suite(void)
{
	Suite *s = suite_create("http-etiquette");
	TCase *t = tcase_create("http-etiquette");

	tcase_add_checked_fixture(t, http_set_up, http_tear_down);
	tcase_add_test(t, an_answer_taken_for_the_end_is_empty);
	tcase_add_test(t, an_error_is_whose_the_description_says);
	tcase_add_test(t, an_answer_may_ask_for_another_try);
	tcase_add_test(t, another_try_has_an_end);
	tcase_add_test(t, a_403_that_is_a_rate_limit_passes);
	tcase_add_test(t, for_ever_is_not_tried_for_ever);
	tcase_add_test(t, what_is_left_is_heeded);
	tcase_add_test(t, a_vendor_says_it_in_the_body);
	tcase_add_test(t, a_description_bounds_the_tries);
	tcase_add_test(t, a_sync_has_one_budget_for_all_requests);
	tcase_add_test(t, waiting_for_leave_is_not_trying);
	tcase_add_loop_test(t, a_clock_that_jumps_changes_nothing, 0, 2);
	tcase_add_test(t, each_exchange_is_traced);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(etiquette_suite())
