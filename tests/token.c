/* Laws of host/net/token over real sockets: how a token is asked for, when again, and what each failure is called. */
#include "http-fixture.h"

#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "passing.h"

#define AUTH(auth) "{\"base_url\": {\"config\": \"base_url\"}, \"auth\": " auth "}"
#define URL	   "\"token_url\": \"/oauth/token\""
#define CLIENT	   "\"client_id\": \"me\", \"client_secret\": {\"config\": \"api_key\"}"
#define CREDENTIALS(more) \
	AUTH("{\"type\": \"oauth2\", \"grant\": \"client_credentials\", " URL ", " CLIENT more "}")
#define REFRESH \
	AUTH("{\"type\": \"oauth2\", \"grant\": \"refresh_token\", " URL \
	     ", \"client_id\": \"me\", \"refresh_token\": {\"config\": \"api_key\"}}")
#define TOKEN(value, more) JSON_200("{\"access_token\": \"" value "\"" more "}")
#define HOUR		   ", \"expires_in\": 3600"
#define FAILED(status, b) \
	{ \
		.head = status "\r\nContent-Type: application/json\r\n", .body = (b) \
	}
#define OK    JSON_200("[]")
#define NO    FAILED("401 Unauthorized", "{\"message\": \"expired\"}")
#define USUAL "POST /oauth/token HTTP/1.1\r\n"

static int
bears(unsigned request, const char *token)
{
	char line[200];

	snprintf(line, sizeof(line), "\r\nAuthorization: Bearer %s\r\n", token);
	return has_line(request, line);
}

START_TEST(a_token_is_got_once_and_used_for_all_requests)
{
	static const struct wire_step steps[] = {TOKEN("tok-1-abc", HOUR), OK, OK, OK};

	begin(steps, COUNT(steps), CREDENTIALS(", \"scopes\": [\"a\", \"b:c\"]"));
	for (int i = 0; i < 3; i++)
		expect_body("users", "[]");
	ck_assert_uint_eq(wire_requests(wire), 4);
	ck_assert(has_line(0, USUAL));
	ck_assert(has_line(0, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
	ck_assert(has_line(0, "\r\nAccept: application/json\r\n"));
	ck_assert(!has_line(0, "\r\nAuthorization:"));
	ck_assert(has_line(0,
	    "\r\n\r\nclient_id=me&client_secret=" SECRET
	    "&grant_type=client_credentials&scope=a%20b%3Ac"));
	for (unsigned i = 1; i < 4; i++)
		ck_assert(bears(i, "tok-1-abc"));
}
END_TEST

START_TEST(a_token_request_is_as_described)
{
	static const struct {
		const char *endpoint, *lines[4];
	} cases[] = {{CREDENTIALS(", \"client_auth\": \"basic\""),
			 {USUAL, "\r\nAuthorization: Basic bWU6czNjcjN0LWtleS0wODE1\r\n",
			     "\r\n\r\ngrant_type=client_credentials"}},
	    {CREDENTIALS(
		 ", \"send\": \"json\", \"params\": {\"audience\": \"x\", \"deep\": {\"n\": 1, \"k\": "
		 "{\"config\": \"api_key\"}}}, \"headers\": {\"X-T\": {\"template\": \"<{api_key}>\"}}"),
		{"\r\nContent-Type: application/json\r\n", "\r\nX-T: <" SECRET ">\r\n",
		    "{\"audience\":\"x\",\"deep\":{\"n\":1,\"k\":\"" SECRET
		    "\"},\"client_id\":\"me\"",
		    "\"grant_type\":\"client_credentials\"}"}},
	    {CREDENTIALS(", \"method\": \"GET\", \"names\": {\"grant_type\": \"\", \"client_id\": "
			 "\"app\", \"client_secret\": \"key\"}"),
		{"GET /oauth/token?app=me&key=" SECRET " HTTP/1.1\r\n"}},
	    {CREDENTIALS(", \"send\": \"query\", \"headers\": {\"accept\": \"text/x\"}"),
		{"POST /oauth/token?client_id=me&client_secret=" SECRET
		 "&grant_type=client_credentials HTTP/1.1\r\n",
		    "\r\naccept: text/x\r\n"}},
	    {REFRESH, {"\r\n\r\nclient_id=me&grant_type=refresh_token&refresh_token=" SECRET}},
	    {AUTH(
		 "{\"type\": \"oauth2\", \"grant\": \"password\", \"token_url\": \"sub/token?v=1\", "
		 "\"username\": \"al b\", \"password\": {\"config\": \"api_key\"}}"),
		{"POST /v1/sub/token?v=1 HTTP/1.1\r\n",
		    "\r\n\r\ngrant_type=password&username=al%20b&password=" SECRET}},
	    {AUTH(
		 "{\"type\": \"oauth2\", \"grant\": \"jwt_bearer\", " URL
		 ", \"assertion\": {\"algorithm\": \"HS256\", \"key\": {\"config\": \"api_key\"}}}"),
		{"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=eyJhbGci"}},
	    {AUTH(
		 "{\"type\": \"oauth2\", \"grant\": \"client_credentials\", " URL
		 ", \"client_auth\": \"private_key_jwt\", \"assertion\": {\"algorithm\": \"HS256\", "
		 "\"key\": {\"config\": \"api_key\"}}}"),
		{"client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
		    "&client_assertion=eyJhbGci", "&grant_type=client_credentials"}}};
	static const struct wire_step steps[] = {TOKEN("tok-1-abc", ""), OK};

	begin(steps, COUNT(steps), cases[_i].endpoint);
	expect_body("users", "[]");
	for (int i = 0; i < 4 && cases[_i].lines[i] != NULL; i++)
		ck_assert_msg(has_line(0, cases[_i].lines[i]), "no %s in %s", cases[_i].lines[i],
		    wire_request(wire, 0));
	ck_assert(bears(1, "tok-1-abc"));
}
END_TEST

START_TEST(an_answer_is_read_as_described)
{
	static const struct {
		const char *endpoint;
		struct wire_step answer;
		const char *line;
	} cases[] = {
	    {CREDENTIALS(", \"answer\": {\"token\": \"data.0.t\"}, \"token\": {\"in\": \"header\", "
			 "\"name\": \"X-Token\", \"prefix\": \"T \"}"),
		JSON_200("{\"data\": [{\"t\": \"tok-1-abc\"}]}"), "\r\nX-Token: T tok-1-abc\r\n"},
	    {CREDENTIALS(
		 ", \"answer\": {\"token\": \"\"}, \"token\": {\"in\": \"query\", \"name\": "
		 "\"t\"}"),
		JSON_200("\"tok-1-abc\""), "GET /v1/users?t=tok-1-abc HTTP"},
	    {CREDENTIALS(", \"answer\": {\"header\": \"X-Auth\"}, \"token\": {\"in\": \"header\", "
			 "\"name\": \"Cookie\", \"prefix\": \"s=\"}"),
		{.head = "201 Created\r\nX-Auth: tok-1-abc\r\n", .body = "welcome"},
		"\r\nCookie: s=tok-1-abc\r\n"}};
	struct wire_step steps[] = {cases[_i].answer, OK};
	char text[] = "what tok-1-abc says";

	begin(steps, COUNT(steps), cases[_i].endpoint);
	expect_body("users", "[]");
	ck_assert_msg(has_line(1, cases[_i].line), "%s", wire_request(wire, 1));
	ck_assert_str_eq(redact_text(text), "what **** says");
}
END_TEST

START_TEST(a_token_is_renewed_before_it_ends)
{
	static const struct wire_step steps[] = {TOKEN("tok-1-abc", ", \"expires_in\": \"100\""),
	    OK, OK, TOKEN("tok-2-abc", ", \"expires_in\": 3600"), OK};

	begin(steps, COUNT(steps), CREDENTIALS(""));
	expect_body("users", "[]");
	expect_body("users", "[]");
	pass_seconds(95); /* a tenth of its life is left out */
	expect_body("users", "[]");
	ck_assert(bears(2, "tok-1-abc"));
	ck_assert(has_line(3, USUAL));
	ck_assert(bears(4, "tok-2-abc"));
}
END_TEST

/* NOW_US is 2023-11-14T22:13:20Z. */
START_TEST(a_moment_is_a_life_too)
{
	static const char *const moments[] = {"\"2023-11-14T22:15:00Z\"", "1700000100",
	    "1700000100000", "\"2023-11-14T22:13:00Z\"", "\"1700000100\""};
	char first[200];
	struct wire_step steps[] = {
	    JSON_200(first), OK, TOKEN("tok-2-abc", ", \"until\": \"2033-11-14T22:13:20Z\""), OK};

	snprintf(
	    first, sizeof(first), "{\"access_token\": \"tok-1-abc\", \"until\": %s}", moments[_i]);
	begin(steps, COUNT(steps), CREDENTIALS(", \"answer\": {\"expires_at\": \"until\"}"));
	expect_body("users", "[]");
	pass_seconds(95);
	expect_body("users", "[]");
	expect_body("users", "[]");
	ck_assert(has_line(2, USUAL));
	ck_assert(bears(3, "tok-2-abc"));
	ck_assert(bears(4, "tok-2-abc"));
}
END_TEST

/* A moment counts on the clock that named it: ours may be an hour ahead, and no moment is too far. */
START_TEST(a_moment_counts_on_the_servers_clock)
{
	static const struct {
		const char *until, *date;
	} cases[] = {{"\"2023-11-14T22:13:00Z\"", "Date: Tue, 14 Nov 2023 21:13:00 GMT\r\n"},
	    {"1e300", ""}, {"\"1e40\"", ""}, {"9e18", ""}};
	char head[160], body[160];
	struct wire_step steps[] = {{.head = head, .body = body}, OK, OK};

	snprintf(head, sizeof(head), "200 OK\r\n%s", cases[_i].date);
	snprintf(body, sizeof(body), "{\"access_token\": \"tok-1-abc\", \"until\": %s}",
	    cases[_i].until);
	begin(steps, COUNT(steps), CREDENTIALS(", \"answer\": {\"expires_at\": \"until\"}"));
	expect_body("users", "[]");
	expect_body("users", "[]");
	ck_assert_uint_eq(wire_requests(wire), 3);
}
END_TEST

START_TEST(a_token_without_an_end_is_used_until_it_is_refused)
{
	static const struct wire_step steps[] = {
	    TOKEN("tok-1-abc", ", \"expires_in\": 0"), OK, OK, NO, TOKEN("tok-2-abc", ""), OK, OK};
	const struct ab_request post = {
	    .size = sizeof(post), .method = "POST", .url = "search", .body = {"{}", 2}};
	struct http_response *resp;

	begin(steps, COUNT(steps), CREDENTIALS(""));
	expect_body("users", "[]");
	expect_body("users", "[]");
	/* Refused, so it was not done: a POST, too, is sent again. */
	ck_assert_msg(http_request(http, &post, &resp, &error) == AB_OK, "%s", error.text);
	http_response_free(resp);
	expect_body("users", "[]");
	ck_assert(bears(3, "tok-1-abc"));
	ck_assert(bears(5, "tok-2-abc"));
	ck_assert(has_line(5, "POST /v1/search "));
	ck_assert(bears(6, "tok-2-abc"));
	ck_assert_uint_eq(outside.sleeps, 0);
}
END_TEST

START_TEST(a_token_that_is_refused_at_once_is_given_up)
{
	static const struct wire_step steps[] = {
	    TOKEN("tok-1-abc", HOUR), NO, TOKEN("tok-2-abc", HOUR), NO};

	begin(steps, COUNT(steps), CREDENTIALS(""));
	expect_error("users", AB_ECONFIG,
	    "/v1/users: 401 Unauthorized: {\"message\": \"expired\"} - check \"api_key\" in the config "
	    "(with a new token as well)");
	ck_assert_uint_eq(wire_requests(wire), 4);
	ck_assert(bears(3, "tok-2-abc"));
}
END_TEST

START_TEST(other_statuses_may_say_that_a_token_is_over)
{
	static const struct wire_step steps[] = {
	    TOKEN("tok-1-abc", ""), FAILED("403 Forbidden", ""), TOKEN("tok-2-abc", ""), OK, NO};

	begin(steps, COUNT(steps), CREDENTIALS(", \"expired\": [403]"));
	expect_body("users", "[]");
	expect_error("users", AB_ECONFIG, "401 Unauthorized");
	ck_assert_uint_eq(wire_requests(wire), 5);
}
END_TEST

START_TEST(a_request_with_a_credential_of_its_own_gets_no_token)
{
	static const struct wire_step steps[] = {OK, NO};
	const char *const headers[] = {"authorization", "Mine", NULL};
	const struct ab_request r = {.size = sizeof(r), .url = "users", .headers = headers};
	struct http_response *resp;

	begin(steps, COUNT(steps), CREDENTIALS(""));
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_OK);
	http_response_free(resp);
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_ECONFIG);
	ck_assert_uint_eq(wire_requests(wire), 2);
	ck_assert(has_line(1, "\r\nauthorization: Mine\r\n"));
}
END_TEST

static const struct refusal {
	const char *endpoint;
	struct wire_step answer;
	ab_status status;
	const char *part;
} refusals[] = {
    {CREDENTIALS(""),
	FAILED("401 Unauthorized",
	    "{\"error\": \"invalid_client\", \"error_description\": \"no client me with " SECRET
	    "\"}"),
	AB_ECONFIG,
	"/oauth/token: 401 Unauthorized: invalid_client: no client me with **** - check \"api_key\" in "
	"the config"},
    {REFRESH, FAILED("400 Bad Request", "{\"error\": \"invalid_grant\"}"), AB_ECONFIG,
	"400 Bad Request: invalid_grant - the refresh token is expired, revoked or used already: sign "
	"in again and change \"api_key\" in the config"},
    {CREDENTIALS(""), JSON_200("{\"error\": \"invalid_code\"}"), AB_ECONFIG,
	": 200 OK: invalid_code - check \"api_key\""},
    {CREDENTIALS(""), FAILED("404 Not Found", "nothing\r\nhere"), AB_ECONFIG,
	"404 Not Found: nothing here - is this the right address? check \"api_key\""},
    {CREDENTIALS(""),
	{.head = "200 OK\r\nContent-Type: text/html\r\n", .body = "<html><h1>Log in</h1></html>"},
	AB_ECONFIG,
	"(200, text/html): the answer is no JSON but 28 bytes of text/html: <html><h1>Log in</h1></html> "
	"- is this the right address? check \"api_key\""},
    {CREDENTIALS(""), {.head = "200 OK\r\n", .body = "access_token=t0p-s3cr3t"}, AB_ECONFIG,
	"the answer is no JSON but 23 bytes of an unknown type - is this"},
    {CREDENTIALS(""), JSON_200("{\"token\": \"t0p-s3cr3t\", \"for\": {\"a\": 1}}"), AB_EDATA,
	"the answer has no text at \"access_token\"; it has \"token\", \"for\""},
    {CREDENTIALS(""), JSON_200("[\"t0p-s3cr3t\"]"), AB_EDATA, "it has nothing"},
    {CREDENTIALS(", \"answer\": {\"header\": \"X-T\"}"), JSON_200("{}"), AB_EDATA,
	"the answer has no header X-T"},
    {CREDENTIALS(""), TOKEN("t0p\\r\\ns3cr3t", ""), AB_EDATA,
	"the token in the answer holds a line break"},
    {CREDENTIALS(""),
	{.head = "307 Temporary Redirect\r\nLocation: http://localhost:1/\r\n", .body = ""},
	AB_EDATA, "redirected to another origin, where a body is not sent"},
    {CREDENTIALS(""), FAILED("503 Service Unavailable", ""), AB_ETRANSIENT,
	"/oauth/token: 503 Service Unavailable (tried 6 times in"},
    {CREDENTIALS(""),
	{.head = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{\"acc", .then = WIRE_RESET},
	AB_ETRANSIENT, "(tried 6 times in"}};

START_TEST(a_refusal_is_told_whole)
{
	struct wire_step steps[] = {refusals[_i].answer};

	begin(steps, COUNT(steps), refusals[_i].endpoint);
	expect_error("users", refusals[_i].status, refusals[_i].part);
	ck_assert_ptr_eq(strstr(error.text, "cannot get an access token: "), error.text);
	ck_assert_ptr_null(strstr(error.text, "t0p"));
	ck_assert(has_line(0, USUAL));
}
END_TEST

START_TEST(what_is_refused_for_good_is_not_asked_again)
{
	static const struct wire_step steps[] = {
	    FAILED("400 Bad Request", "{\"error\": \"invalid_grant\"}"), TOKEN("tok-1-abc", "")};
	char first[2048];

	begin(steps, COUNT(steps), REFRESH);
	expect_error("users", AB_ECONFIG, "invalid_grant");
	snprintf(first, sizeof(first), "%s", error.text);
	expect_error("events", AB_ECONFIG, "invalid_grant");
	ck_assert_str_eq(error.text, first);
	ck_assert_uint_eq(wire_requests(wire), 1);
}
END_TEST

START_TEST(a_token_server_that_is_down_is_asked_again)
{
	static const struct wire_step steps[] = {{.head = "", .then = WIRE_RESET},
	    {.head = "429 Too Many Requests\r\nRetry-After: 7\r\n", .body = ""},
	    FAILED("500 Internal Server Error", ""), TOKEN("tok-1-abc", HOUR), OK};

	begin(steps, COUNT(steps), CREDENTIALS(""));
	expect_body("users", "[]");
	ck_assert_uint_eq(wire_requests(wire), 5);
	ck_assert(bears(4, "tok-1-abc"));
	ck_assert_uint_eq(outside.waits > 0, 1);
}
END_TEST

START_TEST(a_token_server_that_hangs_is_not_waited_for)
{
	static const struct wire_step steps[] = {{.head = "", .then = WIRE_HANG}};

	begin(steps, COUNT(steps),
	    "{\"base_url\": {\"config\": \"base_url\"}, \"limits\": {\"timeout_seconds\": 1}, "
	    "\"retry\": {\"attempts\": 2}, \"auth\": {\"type\": \"oauth2\", \"grant\": "
	    "\"client_credentials\", " URL "}}");
	expect_error("users", AB_ETRANSIENT, "/oauth/token: Operation timed out after 10");
	ck_assert_ptr_nonnull(strstr(error.text, "(tried 2 times in "));
	ck_assert_uint_eq(wire_requests(wire), 2);
}
END_TEST

START_TEST(a_token_is_not_taken_to_another_origin)
{
	static const struct wire_step steps[] = {TOKEN("tok-1-abc", HOUR), OK, OK};
	struct http_response *resp;
	char url[100];

	begin(steps, COUNT(steps), CREDENTIALS(""));
	snprintf(url, sizeof(url), "http://localhost:%u/other", wire_port(wire));
	expect_body("users", "[]");
	if (get(url, &resp) == AB_OK)
		http_response_free(resp);
	ck_assert_uint_eq(wire_requests(wire), 3);
	ck_assert(has_line(2, "GET /other "));
	ck_assert(!has_line(2, "tok-1"));
}
END_TEST

START_TEST(a_token_of_another_origin_is_not_believed)
{
	char found[100];
	struct wire_step steps[] = {{.head = found, .body = ""}, TOKEN("tok-1-abc", HOUR)};

	begin(steps, COUNT(steps), CREDENTIALS(""));
	snprintf(found, sizeof(found), "302 Found\r\nLocation: http://localhost:%u/token\r\n",
	    wire_port(wire));
	expect_error("users", AB_EDATA, "/token: the answer came from another origin");
	ck_assert_uint_eq(wire_requests(wire), 2);
	ck_assert(!has_line(1, SECRET));
}
END_TEST

/* A clock that is set neither keeps a token beyond its end nor makes the host ask for more. */
START_TEST(a_clock_that_jumps_changes_nothing)
{
	static const struct wire_step steps[] = {TOKEN("tok-1-abc", ", \"expires_in\": 100"), OK,
	    OK, OK, TOKEN("tok-2-abc", ", \"expires_in\": 3600"), OK, OK};
	const int64_t year = INT64_C(365) * 86400 * 1000000;

	begin(steps, COUNT(steps), CREDENTIALS(""));
	expect_body("users", "[]");
	outside.now_us = NOW_US + year;
	expect_body("users", "[]");
	outside.now_us = NOW_US - year;
	expect_body("users", "[]");
	pass_seconds(100);
	expect_body("users", "[]");
	outside.now_us = NOW_US + 50 * year;
	expect_body("users", "[]");
	ck_assert_uint_eq(wire_requests(wire), 7);
	ck_assert(bears(3, "tok-1-abc"));
	ck_assert(bears(6, "tok-2-abc"));
}
END_TEST

#define LOGIN(more) \
	AUTH( \
	    "{\"type\": \"session\", \"login\": {\"url\": \"login\"" more \
	    "}, \"answer\": {\"token\": \"id\"}, \"token\": {\"in\": \"header\", \"name\": \"X-S\"}}")

START_TEST(a_session_is_logged_in_once_and_again_when_refused)
{
	static const struct wire_step steps[] = {JSON_200("{\"id\": \"ses-1-abc\"}"), OK, OK, NO,
	    JSON_200("{\"id\": \"ses-2-abc\"}"), OK};

	begin(steps, COUNT(steps),
	    LOGIN(
		", \"params\": {\"user\": \"al\", \"in\": {\"pass\": {\"config\": \"api_key\"}}}"));
	for (int i = 0; i < 3; i++)
		expect_body("users", "[]");
	ck_assert(has_line(0, "POST /v1/login HTTP/1.1\r\n"));
	ck_assert(has_line(0, "\r\n\r\n{\"user\":\"al\",\"in\":{\"pass\":\"" SECRET "\"}}"));
	ck_assert(has_line(2, "\r\nX-S: ses-1-abc\r\n"));
	ck_assert(has_line(4, "POST /v1/login "));
	ck_assert(has_line(5, "\r\nX-S: ses-2-abc\r\n"));
}
END_TEST

START_TEST(a_login_may_be_basic_authentication)
{
	static const struct wire_step steps[] = {JSON_200("{\"id\": \"ses-1-abc\"}"), OK, NO,
	    FAILED("401 Unauthorized", "{\"message\": \"wrong password\"}")};

	begin(steps, COUNT(steps),
	    LOGIN(
		", \"method\": \"GET\", \"basic\": {\"username\": \"me\", \"password\": {\"config\": "
		"\"api_key\"}}"));
	expect_body("users", "[]");
	ck_assert(has_line(0, "GET /v1/login HTTP/1.1\r\n"));
	ck_assert(has_line(0, "\r\nAuthorization: Basic bWU6czNjcjN0LWtleS0wODE1\r\n"));
	expect_error("users", AB_ECONFIG,
	    "/v1/login: 401 Unauthorized: wrong password - check \"api_key\" in the config");
	ck_assert_ptr_eq(strstr(error.text, "cannot log in: GET http://127.0.0.1"), error.text);
}
END_TEST

START_TEST(a_token_that_is_signed_here_asks_nobody)
{
	static const struct wire_step steps[] = {OK, OK, NO, OK};

	begin(steps, COUNT(steps),
	    AUTH(
		"{\"type\": \"jwt\", \"algorithm\": \"HS256\", \"key\": {\"config\": \"api_key\"}, "
		"\"claims\": {\"iss\": \"me\"}}"));
	for (int i = 0; i < 3; i++)
		expect_body("users", "[]");
	ck_assert_uint_eq(wire_requests(wire), 4);
	for (unsigned i = 0; i < 4; i++)
		ck_assert(has_line(i, "\r\nAuthorization: Bearer eyJhbGciOiJIUzI1NiI"));
}
END_TEST

START_TEST(a_key_goes_into_the_body)
{
	static const struct {
		const char *type, *body, *sent;
	} cases[] = {{NULL, NULL, "\r\n\r\n{\"key\":\"" SECRET "\"}"},
	    {NULL, " {\"a\": 1.10}", "\r\n\r\n {\"key\":\"" SECRET "\",\"a\": 1.10}"},
	    {NULL, "{ }", "\r\n\r\n{\"key\":\"" SECRET "\" }"},
	    {NULL, "{\"key\": 5}", "\r\n\r\n{\"key\": 5}"},
	    {"application/x-www-form-urlencoded; charset=utf-8", "a=b", "\r\n\r\na=b&key=" SECRET},
	    {"application/x-www-form-urlencoded", NULL, "\r\n\r\nkey=" SECRET}, {NULL, "[1]", NULL},
	    {"text/plain", "hello", NULL}};
	static const struct wire_step steps[] = {OK};
	const char *const headers[] = {"Content-Type", cases[_i].type, NULL};
	const struct ab_request r = {.size = sizeof(r),
	    .method = "POST",
	    .url = "search",
	    .headers = headers,
	    .body = {cases[_i].body, cases[_i].body == NULL ? 0 : strlen(cases[_i].body)}};
	struct http_response *resp;
	ab_status rc;

	begin(steps, COUNT(steps),
	    AUTH(
		"{\"type\": \"api_key\", \"in\": \"body\", \"name\": \"key\", \"config\": \"api_key\"}"));
	rc = http_request(http, &r, &resp, &error);
	if (cases[_i].sent == NULL) {
		ck_assert_int_eq(rc, AB_EBUG);
		ck_assert_ptr_nonnull(strstr(error.text, "must be a JSON object or a form"));
		return;
	}
	ck_assert_msg(rc == AB_OK, "%s", error.text);
	ck_assert_msg(has_line(0, cases[_i].sent), "%s", wire_request(wire, 0));
	http_response_free(resp);
}
END_TEST

static Suite *
token_suite(void)
{
	Suite *s = suite_create("token");
	TCase *t = tcase_create("token");

	tcase_add_checked_fixture(t, http_set_up, http_tear_down);
	tcase_add_test(t, a_token_is_got_once_and_used_for_all_requests);
	tcase_add_loop_test(t, a_token_request_is_as_described, 0, 8);
	tcase_add_loop_test(t, an_answer_is_read_as_described, 0, 3);
	tcase_add_test(t, a_token_is_renewed_before_it_ends);
	tcase_add_loop_test(t, a_moment_is_a_life_too, 0, 5);
	tcase_add_loop_test(t, a_moment_counts_on_the_servers_clock, 0, 4);
	tcase_add_test(t, a_token_without_an_end_is_used_until_it_is_refused);
	tcase_add_test(t, a_token_that_is_refused_at_once_is_given_up);
	tcase_add_test(t, other_statuses_may_say_that_a_token_is_over);
	tcase_add_test(t, a_request_with_a_credential_of_its_own_gets_no_token);
	tcase_add_loop_test(t, a_refusal_is_told_whole, 0, COUNT(refusals));
	tcase_add_test(t, what_is_refused_for_good_is_not_asked_again);
	tcase_add_test(t, a_token_server_that_is_down_is_asked_again);
	tcase_add_test(t, a_token_server_that_hangs_is_not_waited_for);
	tcase_add_test(t, a_token_is_not_taken_to_another_origin);
	tcase_add_test(t, a_token_of_another_origin_is_not_believed);
	tcase_add_test(t, a_clock_that_jumps_changes_nothing);
	tcase_add_test(t, a_session_is_logged_in_once_and_again_when_refused);
	tcase_add_test(t, a_login_may_be_basic_authentication);
	tcase_add_test(t, a_token_that_is_signed_here_asks_nobody);
	tcase_add_loop_test(t, a_key_goes_into_the_body, 0, 8);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(token_suite())
