/* Laws of host/net/http over real sockets: what is sent, what comes back, where a redirect may lead. */
#include "http-fixture.h"

#include <stdio.h>
#include <string.h>

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

START_TEST(each_request_sends_its_own_headers)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	const char *headers[] = {"X-A", "1", NULL};
	const struct ab_request r = {.size = sizeof(r), .url = "bot/" SECRET, .headers = headers};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_OK);
		ck_assert_ptr_nonnull(strstr(http_response_what(resp), "/v1/bot/**** (200"));
		http_response_free(resp);
		headers[1] = "2";
	}
	ck_assert(has_line(0, "\r\nX-A: 1\r\n"));
	ck_assert(has_line(1, "\r\nX-A: 2\r\n"));
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

#define KEY_IN_QUERY \
	"{\"base_url\": {\"config\": \"base_url\"}, \"auth\": {\"type\": \"api_key\", \"in\": " \
	"\"query\", \"name\": \"key\", \"config\": \"api_key\"}}"

/* Some servers say the whole query again where they send on, and in their links to the next page. */
START_TEST(a_credential_that_the_server_echoes_goes_nowhere)
{
	static const struct wire_step there[] = {JSON_200("[]")};
	static char head[200];
	const struct wire_step here[] = {{.head = head, .body = ""}, JSON_200("[]")};
	struct wire *other = wire_start(there, COUNT(there));
	struct buf kept;
	char link[200];

	snprintf(head, sizeof(head),
	    "302 X\r\nLocation: http://localhost:%u/x?a=1&key=" SECRET "&key=theirs&b=2\r\n",
	    wire_port(other));
	begin(here, COUNT(here), KEY_IN_QUERY);
	expect_body("users?x=1", "[]");
	ck_assert_ptr_null(strstr(wire_request(other, 0), SECRET));
	ck_assert_ptr_nonnull(strstr(wire_request(other, 0), "GET /x?a=1&key=theirs&b=2 HTTP"));
	snprintf(link, sizeof(link), "http://127.0.0.1:%u/v1/u?key=" SECRET "&page=2&key=" SECRET,
	    wire_port(wire));
	expect_body(link, "[]");
	ck_assert(has_line(1, "GET /v1/u?page=2&key=" SECRET " HTTP"));
	buf_init(&kept, 1 << 16);
	ck_assert_int_eq(http_token_to_keep(http, link, &kept), 0);
	snprintf(link, sizeof(link), "http://127.0.0.1:%u/v1/u?page=2", wire_port(wire));
	ck_assert_str_eq(kept.ptr, link);
	ck_assert_int_eq(http_token_to_keep(http, "opaque?key=a&b", &kept), 0);
	ck_assert_str_eq(kept.ptr, "opaque?key=a&b");
	buf_fini(&kept);
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

START_TEST(a_rate_limit_spaces_requests)
{
	static const struct wire_step steps[] = {JSON_200("[]")};

	begin(steps, COUNT(steps),
	    "{\"base_url\": {\"config\": \"base_url\"}, \"limits\": {\"requests_per_second\": 4}}");
	for (int i = 0; i < 3; i++)
		expect_body("users", "[]");
	ck_assert_uint_eq(outside.sleeps, 2);
	ck_assert_uint_eq(outside.slept_ms, 250);
}
END_TEST

static Suite *
http_suite(void)
{
	Suite *s = suite_create("http");
	TCase *t = tcase_create("http");

	tcase_add_checked_fixture(t, http_set_up, http_tear_down);
	tcase_add_test(t, one_connection_serves_many_requests);
	tcase_add_test(t, parameters_headers_and_body_arrive_as_given);
	tcase_add_test(t, headers_of_one_name_are_joined);
	tcase_add_test(t, each_request_sends_its_own_headers);
	tcase_add_test(t, two_responses_live_side_by_side);
	tcase_add_test(t, gzip_is_unpacked);
	tcase_add_test(t, a_redirect_within_the_origin_keeps_the_credential);
	tcase_add_test(t, a_redirect_to_another_origin_gets_nothing_secret);
	tcase_add_test(t, a_credential_in_the_query_does_not_follow_either);
	tcase_add_test(t, a_credential_that_the_server_echoes_goes_nowhere);
	tcase_add_test(t, a_request_to_a_foreign_origin_carries_no_credential);
	tcase_add_test(t, bad_redirects_are_refused);
	tcase_add_test(t, a_see_other_becomes_a_get);
	tcase_add_test(t, head_and_204_have_no_body);
	tcase_add_test(t, a_rate_limit_spaces_requests);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(http_suite())
