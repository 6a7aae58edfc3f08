/* Laws of recording and replaying: what comes back is what came, without a network, whoever asks first; no file holds a
 * secret; and a request that was not recorded is told with what differs. */
#include <config.h>

#include "http-fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net/cassette.h"

static char folder[64];

static void
set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/abhost-cassette-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	http_set_up();
}

/* Calls fn with the name and the bytes of each file; counts them. */
static int
each_file(void (*fn)(const char *name, const char *bytes, size_t n))
{
	static char bytes[1 << 20];
	DIR *dir = opendir(folder);
	struct dirent *d;
	char path[512];
	int count = 0, fd;
	ssize_t n;

	ck_assert_ptr_nonnull(dir);
	while ((d = readdir(dir)) != NULL) {
		if (d->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		fd = open(path, O_RDONLY);
		n = read(fd, bytes, sizeof(bytes) - 1);
		ck_assert_int_ge(n, 0);
		close(fd);
		bytes[n] = '\0';
		fn(d->d_name, bytes, (size_t)n);
		count++;
	}
	closedir(dir);
	return count;
}

static void
expect_no_secret(const char *name, const char *bytes, size_t n)
{
	static const char *const forms[] = {
	    SECRET, "czNjcjN0LWtleS0wODE1", "c2Vzc2lvbi0w", "session-0"};
	struct stat st;
	char path[512];

	for (size_t i = 0; i < COUNT(forms); i++)
		ck_assert_msg(
		    memmem(bytes, n, forms[i], strlen(forms[i])) == NULL, "%s: %s", name, bytes);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 0777, 0600);
}

static void
remove_file(const char *name, const char *bytes, size_t n)
{
	char path[512];

	(void)bytes;
	(void)n;
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
}

static void
tear_down(void)
{
	each_file(expect_no_secret);
	each_file(remove_file);
	rmdir(folder);
	http_tear_down();
	cassette_free(cassette);
}

static void
use(int replay)
{
	cassette_free(cassette);
	ck_assert_msg(cassette_open(folder, replay, &cassette, &error) == AB_OK, "%s", error.text);
}

static void
record(const struct wire_step *steps, size_t count)
{
	use(0);
	begin(steps, count, BEARER);
}

/* The server goes, the recording stays; the port does too. */
static void
replay(void)
{
	struct http *old = http;

	wire_stop(wire);
	wire = NULL;
	http = NULL;
	http_free(old);
	use(1);
	begin_again(BEARER);
}

static void
expect_bytes(const char *url, const char *body, size_t n)
{
	struct http_response *resp;

	ck_assert_msg(get(url, &resp) == AB_OK, "%s", error.text);
	ck_assert_uint_eq(http_response_body(resp).len, n);
	ck_assert_int_eq(memcmp(http_response_body(resp).ptr, body, n), 0);
	http_response_free(resp);
}

START_TEST(what_comes_back_is_what_came)
{
	static const char binary[] = "\x00\xff\x01PK\x00\x80 and so on";
	const struct wire_step steps[] = {JSON_200("{\"id\": 12345678901234567890, \"r\": 1.10}"),
	    JSON_200("{\"a\":1}\n{\"a\":\"\\u00e4\"}\n"), JSON_200(" [1] "),
	    {.head = "200 OK\r\n", .body = binary, .len = sizeof(binary)},
	    {.head = "204 No\r\n", .body = ""}};

	record(steps, COUNT(steps));
	for (int i = 0; i < 2; i++) {
		expect_body("a", steps[0].body);
		expect_body("b", steps[1].body);
		expect_body("c", steps[2].body);
		expect_bytes("d", binary, sizeof(binary));
		expect_body("e", "");
		if (i == 0)
			replay();
	}
}
END_TEST

START_TEST(each_record_of_a_list_has_a_line)
{
	static const struct wire_step steps[] = {
	    JSON_200("{\"data\":[{\"a\":\"},{\"},{\"b\":[{},{}]}],\"n\":1}")};

	record(steps, COUNT(steps));
	expect_body("a", steps[0].body);
	replay();
	expect_body("a", "{\"data\":[{\"a\":\"},{\"},\n{\"b\":[{},\n{}]}],\"n\":1}");
}
END_TEST

START_TEST(statuses_headers_redirects_and_retries_come_back)
{
	static const struct wire_step steps[] = {
	    {.head = "503 X\r\nRetry-After: 7\r\n", .body = "wait"},
	    {.head = "302 X\r\nLocation: there\r\n", .body = ""},
	    {.head =
		    "200 OK\r\nContent-Type: application/json\r\nLink: <x>; rel=\"next\"\r\nSet-Cookie: s=session-0\r\n",
		.body = "[1]"},
	    {.head = "404 X\r\n", .body = "nothing"}};
	struct http_response *resp;

	record(steps, COUNT(steps));
	for (int i = 0; i < 2; i++) {
		error_clear(&error);
		outside.sleeps = 0;
		ck_assert_msg(get("users", &resp) == AB_OK, "%s", error.text);
		ck_assert_uint_eq(outside.sleeps, 1);
		ck_assert_uint_eq(outside.slept_ms, 7000);
		ck_assert_str_eq(http_response_header(resp, "link"), "<x>; rel=\"next\"");
		ck_assert_str_eq(http_response_header(resp, "content-type"), "application/json");
		ck_assert_ptr_nonnull(
		    strstr(http_response_what(resp), "/v1/there (200, application/json)"));
		http_response_free(resp);
		expect_error("gone", AB_EDATA, "/v1/gone: 404 Not Found: nothing");
		if (i == 0)
			replay();
	}
}
END_TEST

START_TEST(the_same_request_gets_its_answers_in_their_order)
{
	static const struct wire_step steps[] = {
	    JSON_200("[1]"), JSON_200("[2]"), JSON_200("[3]"), JSON_200("[4]")};

	record(steps, COUNT(steps));
	expect_body("a", "[1]");
	expect_body("b", "[2]");
	expect_body("a", "[3]");
	expect_body("b?x=1", "[4]");
	replay();
	/* other threads, another order */
	expect_body("b?x=1", "[4]");
	expect_body("b", "[2]");
	expect_body("a", "[1]");
	expect_body("a", "[3]");
	expect_error("a", AB_ECONFIG, "/v1/a: was recorded 2 times (/tmp/abhost-cassette-");
}
END_TEST

static ab_status
post(const char *body)
{
	const struct ab_request r = {
	    .size = sizeof(r), .method = "POST", .url = "search", .body = {body, strlen(body)}};
	struct http_response *resp;
	ab_status rc;

	error_clear(&error);
	rc = http_request(http, &r, &resp, &error);
	http_response_free(resp);
	return rc;
}

START_TEST(bodies_of_requests_are_part_of_the_question)
{
	static const struct wire_step steps[] = {JSON_200("[]")};

	record(steps, COUNT(steps));
	ck_assert_int_eq(post("{\"q\": [{},{}]}"), AB_OK);
	ck_assert_int_eq(post(" plain"), AB_OK);
	replay();
	ck_assert_int_eq(post(" plain"), AB_OK);
	ck_assert_int_eq(post("{\"q\": [{},{}]}"), AB_OK);
	ck_assert_int_eq(post("{\"q\": 8}"), AB_ECONFIG);
	ck_assert_msg(
	    strstr(error.text,
		"/00001.json), in its body, has \"{\"q\": [{},{}]}\" in place of \"{\"q\": 8}\"") !=
		NULL,
	    "%s", error.text);
}
END_TEST

START_TEST(what_is_missing_is_told_with_what_differs)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	const struct ab_request put = {.size = sizeof(put), .method = "PUT", .url = "users?page=2"};
	struct http_response *resp;

	record(steps, COUNT(steps));
	expect_body("health", "[]");
	expect_body("users?page=2&size=10", "[]");
	expect_body("users?page=2", "[]");
	replay();
	expect_error("users?page=3&size=10", AB_ECONFIG, "users?page=3&size=10; the nearest one (");
	expect_error("users?page=3&size=10", AB_ECONFIG,
	    "/00002.json) has \"page=2\" in place of \"page=3\"");
	expect_error(
	    "users?page=3", AB_ECONFIG, "/00003.json) has \"page=2\" in place of \"page=3\"");
	/* what is alike counts, wherever it stands */
	expect_error(
	    "users?a=1&size=10", AB_ECONFIG, "/00002.json) has \"page=2\" in place of \"a=1\"");
	expect_error(
	    "users?size=10&page=2", AB_ECONFIG, "/00002.json) has the parameters in another order");
	expect_error("users?page=2&size=10&x=", AB_ECONFIG, "/00002.json) lacks \"x=\"");
	expect_error("users?size=10", AB_ECONFIG, "/00002.json) has also \"page=2\"");
	expect_error("groups", AB_ECONFIG, "/health");
	error_clear(&error);
	ck_assert_int_eq(http_request(http, &put, &resp, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "/00003.json) is a GET"));
}
END_TEST

START_TEST(no_secret_is_written)
{
	static const struct wire_step steps[] = {
	    JSON_200("{\"you\": \"" SECRET "\", \"b64\": \"czNjcjN0LWtleS0wODE1\"}"),
	    {.head = "200 OK\r\nX-Echo: " SECRET "\r\nSet-Cookie: session=session-0\r\n",
		.body = "\xff\0" SECRET "\0" SECRET,
		.len = 33}};
	const char *const params[] = {"key", SECRET, NULL};
	const char *const headers[] = {
	    "X-Mine", "a " SECRET, "Cookie", "c2Vzc2lvbi0w", "X-Api-Key", "c2Vzc2lvbi0w", NULL};
	const struct ab_request r = {.size = sizeof(r),
	    .method = "PUT",
	    .url = "me/" SECRET,
	    .params = params,
	    .headers = headers,
	    .body = {"[\"" SECRET "\"]", sizeof(SECRET) + 3}};
	struct http_response *resp;

	record(steps, COUNT(steps));
	for (int i = 0; i < 2; i++) {
		for (int k = 0; k < 2; k++) {
			ck_assert_msg(
			    http_request(http, &r, &resp, &error) == AB_OK, "%s", error.text);
			if (i == 1 && k == 0)
				ck_assert_str_eq(http_response_body(resp).ptr,
				    "{\"you\": \"****\", \"b64\": \"****\"}");
			http_response_free(resp);
		}
		if (i == 0)
			replay();
	}
	ck_assert_int_eq(each_file(expect_no_secret), 3);
}
END_TEST

#define OAUTH \
	"{\"base_url\": {\"config\": \"base_url\"}, \"auth\": {\"type\": \"oauth2\", \"grant\": " \
	"\"client_credentials\", \"token_url\": \"/token\", \"client_id\": \"me\", \"client_secret\": " \
	"{\"config\": \"api_key\"}}}"

START_TEST(exchanges_for_a_token_are_not_recorded_and_not_needed)
{
	static const struct wire_step steps[] = {
	    JSON_200("{\"access_token\": \"session-0-one\", \"expires_in\": 3600}"),
	    {.head = "401 X\r\n", .body = "session-0-one has expired"},
	    JSON_200("{\"access_token\": \"session-0-two\", \"expires_in\": 3600}"),
	    JSON_200("[\"session-0-two\"]")};

	use(0);
	begin(steps, COUNT(steps), OAUTH);
	expect_body("users", "[\"session-0-two\"]");
	ck_assert_uint_eq(wire_requests(wire), 4);
	ck_assert_int_eq(each_file(expect_no_secret), 3);
	wire_stop(wire);
	wire = NULL;
	use(1);
	begin_again(OAUTH);
	expect_body("users", "[\"****\"]");
}
END_TEST

static const struct ab_request streamed = {
    .size = sizeof(streamed), .url = "export", .options = "{\"stream\": true}"};

static size_t
read_stream(size_t most)
{
	struct http_response *resp;
	struct ab_str chunk = {"", 1};
	size_t n = 0;

	ck_assert_msg(http_request(http, &streamed, &resp, &error) == AB_OK, "%s", error.text);
	ck_assert(http_response_is_stream(resp));
	while (chunk.len > 0 && n < most) {
		ck_assert_msg(http_response_read(resp, &chunk, &error) == AB_OK, "%s", error.text);
		ck_assert_int_eq(chunk.ptr[chunk.len], '\0');
		for (size_t i = 0; i < chunk.len; i++)
			ck_assert_int_eq(chunk.ptr[i], 'a' + (char)((n + i) % 26));
		n += chunk.len;
	}
	http_response_free(resp);
	return n;
}

START_TEST(streams_are_recorded_as_far_as_they_were_read)
{
	static char text[900000];
	const struct wire_step steps[] = {
	    {.head = "200 OK\r\n", .body = text, .len = sizeof(text)}};
	size_t some;

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)('a' + i % 26);
	record(steps, COUNT(steps));
	ck_assert_uint_eq(read_stream(sizeof(text) + 1), sizeof(text));
	some = read_stream(1);
	ck_assert_uint_lt(some, sizeof(text));
	replay();
	ck_assert_uint_eq(read_stream(sizeof(text) + 1), sizeof(text));
	ck_assert_uint_eq(read_stream(sizeof(text) + 1), some);
}
END_TEST

static void
replay_with(uint32_t exchange, const char *fault)
{
	http_free(http);
	http = NULL;
	use(1);
	begin_again(BEARER);
	ck_assert_int_eq(cassette_fault(cassette, exchange, fault), 0);
}

#define GOOD "{\"data\": [{\"id\": 1, \"t\": \"a \\\" b\", \"on\": true, \"no\": null}]}"

START_TEST(an_answer_is_replaced_as_often_as_it_is_asked_for)
{
	static const struct {
		const char *name;
		ab_status status;
		unsigned sleeps;
		const char *text;
	} x[] = {{"401", AB_ECONFIG, 0, "401 Unauthorized: {\"error\": {\"message\": "},
	    {"403", AB_ECONFIG, 0, "403 Forbidden"}, {"404", AB_EDATA, 0, "404 Not Found"},
	    {"429", AB_ETRANSIENT, 5, "429 Too Many Requests"},
	    {"500", AB_ETRANSIENT, 5, "500 Internal Server Error"},
	    {"reset", AB_ETRANSIENT, 5, "the connection was reset (tried 6 times"},
	    {"truncated", AB_ETRANSIENT, 5, "the body ended too early (tried 6 times"}};
	static const char *const bodies[][2] = {{"empty", "{}"}, {"null", "null"},
	    {"types",
		"{\"data\": [{\"id\": \"seven\", \"t\": 7, \"on\": \"seven\", \"no\": []}]}"}};
	static const struct wire_step steps[] = {JSON_200("[1]"), JSON_200(GOOD)};

	record(steps, COUNT(steps));
	expect_body("a", "[1]");
	expect_body("b", GOOD);
	replay();
	for (size_t i = 0; i < COUNT(x); i++) {
		replay_with(2, x[i].name);
		outside.sleeps = 0;
		expect_body("a", "[1]");
		expect_error("b", x[i].status, x[i].text);
		ck_assert_uint_eq(outside.sleeps, x[i].sleeps);
		/* whoever is led astray by it is not told that he asked wrong */
		expect_error("c", AB_EDATA, "is not in the recording");
	}
	for (size_t i = 0; i < COUNT(bodies); i++) {
		replay_with(2, bodies[i][0]);
		expect_body("b", bodies[i][1]);
		expect_body("b", bodies[i][1]);
		expect_body("a", "[1]");
	}
	replay_with(1, "html");
	expect_error("c", AB_ECONFIG, "is not in the recording");
	expect_body("a", "<!DOCTYPE html>\n<html><body><h1>Please sign in</h1></body></html>\n");
	ck_assert_int_eq(cassette_fault(cassette, 1, "418"), -1);
}
END_TEST

START_TEST(a_stream_is_cut_in_its_middle)
{
	static const struct wire_step steps[] = {{.head = "200 OK\r\n", .body = "abcdefgh"}};
	struct http_response *resp;
	struct ab_str chunk;

	record(steps, COUNT(steps));
	ck_assert_uint_eq(read_stream(100), 8);
	replay();
	replay_with(1, "truncated");
	ck_assert_msg(http_request(http, &streamed, &resp, &error) == AB_OK, "%s", error.text);
	ck_assert_int_eq(http_response_read(resp, &chunk, &error), AB_OK);
	ck_assert_uint_eq(chunk.len, 4);
	ck_assert_int_eq(http_response_read(resp, &chunk, &error), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(
	    strstr(error.text, "the body ended too early, behind the first 4 bytes"));
	http_response_free(resp);
}
END_TEST

START_TEST(what_was_used_up_is_given_again)
{
	static const struct wire_step steps[] = {JSON_200("[1]"), JSON_200("[2]"), JSON_200("[3]")};

	record(steps, COUNT(steps));
	for (size_t i = 0; i < COUNT(steps); i++)
		expect_body("a", steps[i].body);
	replay();
	cassette_again(cassette);
	for (size_t i = 0; i < 3 * COUNT(steps); i++)
		expect_body("a", steps[i % COUNT(steps)].body);
	expect_error("b", AB_ECONFIG, "is not in the recording");
}
END_TEST

START_TEST(answers_can_be_bent)
{
	static const struct wire_step steps[] = {JSON_200(GOOD),
	    JSON_200("{\"ids\": [1, 2], \"on\": [{}]}"),
	    {.head = "200 OK\r\n", .body = "{\"a\":1}\n{\"a\":2}\n"}};

	record(steps, COUNT(steps));
	expect_body("a", GOOD);
	expect_body("b", steps[1].body);
	expect_body("c", steps[2].body);
	replay();
	ck_assert_int_eq(cassette_bend(cassette, "empty"), 0);
	expect_body("a", "{\"data\":[]}");
	expect_body("b", "{\"ids\":[1, 2],\"on\":[]}");
	expect_body("c", "");
	ck_assert_int_eq(cassette_bend(cassette, "401"), 0);
	expect_error("never/recorded", AB_ECONFIG, "401 Unauthorized");
	ck_assert_int_eq(cassette_bend(cassette, "unreachable"), 0);
	expect_error("never/recorded", AB_ETRANSIENT, "every host unreachable");
	ck_assert_int_eq(cassette_bend(cassette, "418"), -1);
}
END_TEST

START_TEST(a_replay_opens_no_socket)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	char path[64];
	struct stat st;

	record(steps, COUNT(steps));
	expect_body("a", "[]");
	replay();
	expect_body("a", "[]");
	for (int fd = 0; fd < 256; fd++) {
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		ck_assert(stat(path, &st) != 0 || !S_ISSOCK(st.st_mode) || fd < 3);
	}
}
END_TEST

START_TEST(recordings_that_make_no_sense_are_refused)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	char path[128];
	FILE *f;

	cassette = NULL;
	ck_assert_int_eq(cassette_open(folder, 1, &cassette, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "recording.json: No such file"));
	record(steps, COUNT(steps));
	expect_body("a", "[]");
	snprintf(path, sizeof(path), "%s/00002.json", folder);
	f = fopen(path, "w");
	chmod(path, 0600);
	fputs("{\"request\": 7}", f);
	fclose(f);
	cassette_free(cassette);
	error_clear(&error);
	ck_assert_int_eq(cassette_open(folder, 1, &cassette, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "/00002.json is no recorded exchange"));
	f = fopen(path, "w");
	fputs("{{", f);
	fclose(f);
	error_clear(&error);
	ck_assert_int_eq(cassette_open(folder, 1, &cassette, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "/00002.json is not valid JSON"));
	http_free(http);
	http = NULL;
	snprintf(path, sizeof(path), "%s/recording.json", folder);
	f = fopen(path, "w");
	fputs("{\"format\": 2}", f);
	fclose(f);
	error_clear(&error);
	ck_assert_int_eq(cassette_open(folder, 1, &cassette, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "has a format that this abhost does not know"));
}
END_TEST

static Suite *
cassette_suite(void)
{
	Suite *s = suite_create("cassette");
	TCase *t = tcase_create("cassette");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_comes_back_is_what_came);
	tcase_add_test(t, each_record_of_a_list_has_a_line);
	tcase_add_test(t, statuses_headers_redirects_and_retries_come_back);
	tcase_add_test(t, the_same_request_gets_its_answers_in_their_order);
	tcase_add_test(t, bodies_of_requests_are_part_of_the_question);
	tcase_add_test(t, what_is_missing_is_told_with_what_differs);
	tcase_add_test(t, no_secret_is_written);
	tcase_add_test(t, exchanges_for_a_token_are_not_recorded_and_not_needed);
	tcase_add_test(t, streams_are_recorded_as_far_as_they_were_read);
	tcase_add_test(t, an_answer_is_replaced_as_often_as_it_is_asked_for);
	tcase_add_test(t, a_stream_is_cut_in_its_middle);
	tcase_add_test(t, what_was_used_up_is_given_again);
	tcase_add_test(t, answers_can_be_bent);
	tcase_add_test(t, a_replay_opens_no_socket);
	tcase_add_test(t, recordings_that_make_no_sense_are_refused);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(cassette_suite())
