/* Laws of host/net/request and headers: whose credential goes where, and what a redirect makes of a request. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "net/request.h"

#define SECRET "s3cr3t-key-0815"

static struct endpoint endpoints[2], *const both[] = {&endpoints[0], &endpoints[1]};
static struct request request;
static struct error error;
static json_t *config;

static void
set_up(void)
{
	static const char *const descriptions[] = {
	    "{\"base_url\": \"https://api.example/v1\", \"auth\": {\"type\": \"bearer\", \"config\": \"key\"}}",
	    "{\"base_url\": \"https://files.example\", \"headers\": {\"X-F\": \"f\"}, "
	    "\"auth\": {\"type\": \"api_key\", \"in\": \"header\", \"name\": \"X-Key\", \"config\": \"key\"}}"};

	config = json_pack("{s:s}", "key", SECRET);
	request_init(&request);
	error_clear(&error);
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(
		    endpoint_read(descriptions[i], config, &endpoints[i], &error), AB_OK);
}

static void
tear_down(void)
{
	request_fini(&request);
	for (int i = 0; i < 2; i++)
		endpoint_fini(&endpoints[i]);
	json_decref(config);
	redact_fini();
}

static ab_status
prepare(const char *method, const char *url, const char *const *headers)
{
	const struct ab_request ask = {
	    .size = sizeof(ask), .method = method, .url = url, .headers = headers};

	error_clear(&error);
	return request_prepare(&request, &ask, both, 2, &error);
}

static const char *
header(const char *name)
{
	return headers_get(&request.headers, name);
}

START_TEST(each_origin_gets_its_own_credential)
{
	ck_assert_int_eq(prepare(NULL, "users", NULL), AB_OK);
	ck_assert_str_eq(request.url.ptr, "https://api.example/v1/users");
	ck_assert_pstr_eq(header("Authorization"), "Bearer " SECRET);
	ck_assert_int_eq(prepare(NULL, "https://files.example/a", NULL), AB_OK);
	ck_assert_ptr_null(header("Authorization"));
	ck_assert_pstr_eq(header("x-key"), SECRET);
	ck_assert_pstr_eq(header("X-F"), "f");
	ck_assert_int_eq(prepare(NULL, "https://evil.example/a", NULL), AB_OK);
	ck_assert_ptr_null(request.endpoint);
	ck_assert_uint_eq(request.headers.count, 0);
	ck_assert_int_eq(prepare(NULL, "https://api.example:444/v1/users", NULL), AB_OK);
	ck_assert_ptr_null(request.endpoint);
	ck_assert_int_eq(prepare(NULL, "http://api.example/v1/users", NULL), AB_ECONFIG);
}
END_TEST

START_TEST(a_header_of_the_requests_own_wins)
{
	static const char *const headers[] = {"authorization", "Own 1", NULL};

	ck_assert_int_eq(prepare(NULL, "users", headers), AB_OK);
	ck_assert_pstr_eq(header("Authorization"), "Own 1");
	ck_assert_uint_eq(request.headers.count, 1);
}
END_TEST

START_TEST(a_redirect_to_plain_http_is_not_followed)
{
	ck_assert_int_eq(prepare(NULL, "users", NULL), AB_OK);
	ck_assert_int_eq(
	    request_redirect(&request, 302, "http://api.example/v1/users", &error), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(error.text, "is plain http"));
}
END_TEST

START_TEST(what_was_dropped_does_not_come_back)
{
	ck_assert_int_eq(prepare(NULL, "users", NULL), AB_OK);
	ck_assert_int_eq(request_redirect(&request, 302, "/v2/users", &error), AB_OK);
	ck_assert_pstr_eq(header("Authorization"), "Bearer " SECRET);
	ck_assert_int_eq(request_redirect(&request, 302, "https://evil.example/", &error), AB_OK);
	ck_assert_ptr_null(header("Authorization"));
	ck_assert_int_eq(
	    request_redirect(&request, 302, "https://api.example/v1/delete-all", &error), AB_OK);
	ck_assert_ptr_null(header("Authorization"));
	ck_assert_ptr_null(request.endpoint);
}
END_TEST

START_TEST(a_body_does_not_leave_its_origin)
{
	const struct ab_request ask = {
	    .size = sizeof(ask), .method = "POST", .url = "login", .body = {"password", 8}};

	ck_assert_int_eq(request_prepare(&request, &ask, both, 2, &error), AB_OK);
	ck_assert_int_eq(
	    request_redirect(&request, 307, "https://evil.example/", &error), AB_EDATA);
	error_clear(&error);
	ck_assert_int_eq(request_prepare(&request, &ask, both, 2, &error), AB_OK);
	ck_assert_int_eq(request_redirect(&request, 303, "https://evil.example/", &error), AB_OK);
	ck_assert_str_eq(request.method, "GET");
	ck_assert_uint_eq(request.body.len, 0);
}
END_TEST

START_TEST(methods_are_words_in_capitals)
{
	ck_assert_int_eq(prepare("PATCH", "users", NULL), AB_OK);
	ck_assert_int_eq(prepare("get", "users", NULL), AB_EBUG);
	ck_assert_int_eq(prepare("", "users", NULL), AB_EBUG);
	ck_assert_int_eq(prepare("GET /x HTTP/1.1\r\nX:", "users", NULL), AB_EBUG);
	ck_assert_int_eq(prepare("CONNECT", "users", NULL), AB_EBUG);
	ck_assert_int_eq(prepare(NULL, NULL, NULL), AB_EBUG);
}
END_TEST

START_TEST(a_list_of_headers_has_a_longest)
{
	struct headers h;
	char name[16];

	headers_init(&h);
	for (unsigned i = 0; i < HEADERS_MAX_COUNT; i++) {
		snprintf(name, sizeof(name), "x-%u", i);
		ck_assert_int_eq(headers_set(&h, name, ""), 0);
	}
	ck_assert_int_eq(headers_set(&h, "X-7", "new"), 0);
	ck_assert_int_eq(headers_set(&h, "more", ""), -1);
	ck_assert_int_eq(headers_join(&h, "x-8", 3, "a", 1), 0);
	ck_assert_str_eq(headers_get(&h, "x-7"), "new");
	ck_assert_str_eq(headers_get(&h, "x-8"), ", a");
	ck_assert_str_eq(headers_get(&h, "x-999"), "");
	ck_assert_ptr_null(headers_get(&h, "x"));
	headers_fini(&h);
}
END_TEST

static Suite *
request_suite(void)
{
	Suite *s = suite_create("request");
	TCase *t = tcase_create("request");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, each_origin_gets_its_own_credential);
	tcase_add_test(t, a_header_of_the_requests_own_wins);
	tcase_add_test(t, a_redirect_to_plain_http_is_not_followed);
	tcase_add_test(t, what_was_dropped_does_not_come_back);
	tcase_add_test(t, a_body_does_not_leave_its_origin);
	tcase_add_test(t, methods_are_words_in_capitals);
	tcase_add_test(t, a_list_of_headers_has_a_longest);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(request_suite())
