/* Laws of bodies over real sockets: what unpacks, what a body that is not what it says is called, and streams, which hold
 * little however much comes. */
#include "http-fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/clock.h"

#define PACKED(encoding, bytes, n) \
	{ \
		.head = "200 OK\r\nContent-Type: application/json\r\nContent-Encoding: " encoding \
			"\r\n", \
		.body = (bytes), .len = (n) \
	}
#define LARGE ((size_t)6 << 20)

static char zipped[8 << 20];

static size_t
gzip(const char *from, size_t n)
{
	z_stream z = {.next_in = (unsigned char *)(uintptr_t)from,
	    .avail_in = (uInt)n,
	    .next_out = (unsigned char *)zipped,
	    .avail_out = sizeof(zipped)};

	ck_assert_int_eq(deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return z.total_out;
}

/* Hardly any of it can be packed. */
static char *
noise(size_t n)
{
	char *bytes = malloc(n + 1);
	uint64_t random = 1;

	ck_assert_ptr_nonnull(bytes);
	for (size_t i = 0; i < n; i++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407u;
		bytes[i] = (char)(0x30 + (random >> 58));
	}
	bytes[n] = '\0';
	return bytes;
}

START_TEST(what_is_asked_for_is_what_can_be_undone)
{
	static const struct wire_step steps[] = {JSON_200("[]")};

	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[]");
	ck_assert(has_line(0, "\r\nAccept-Encoding: zstd, gzip, deflate\r\n"));
}
END_TEST

START_TEST(gzip_is_unpacked_whether_it_is_announced_or_not)
{
	const size_t n = gzip("[1,2,3]", 7);
	const struct wire_step steps[] = {
	    PACKED("gzip", zipped, n), PACKED("X-GZIP", zipped, n), PACKED("identity", zipped, n)};

	begin(steps, COUNT(steps), BEARER);
	for (int i = 0; i < 3; i++)
		expect_body("users", "[1,2,3]");
}
END_TEST

START_TEST(a_body_that_is_large_even_when_it_is_packed_comes_whole)
{
	char *text = noise(LARGE);
	const size_t n = gzip(text, LARGE);
	const struct wire_step steps[] = {PACKED("gzip", zipped, n),
	    {.head = "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n", .then = WIRE_KEEP}};

	ck_assert_uint_gt(n, (size_t)4 << 20);
	begin(steps, 1, BEARER);
	expect_body("users", text);
	free(text);
}
END_TEST

START_TEST(a_body_that_is_packed_wrong_is_told)
{
	const size_t n = gzip("[1,2,3]", 7);
	static char bad[64], cut[64];
	const struct wire_step steps[] = {
	    PACKED("br", "\x0b\x03\x80[1,2,3]\x03", 11),
	    PACKED("gzip", "{\"data\": [\x01]}", 13),
	    PACKED("gzip", bad, n),
	    PACKED("gzip", cut, n - 4),
	};

	memcpy(bad, zipped, n);
	bad[n - 6] ^= 1; /* of the CRC */
	memcpy(cut, zipped, n);
	limits.attempts = 1;
	begin(steps, COUNT(steps), BEARER);
	expect_error("users", AB_EDATA,
	    "/v1/users: the body has the Content-Encoding \"br\", which was not asked for and cannot be read");
	expect_error("users", AB_EDATA,
	    "/v1/users: the body is said to be gzip and is not: it begins with \"{\"data\": [?]}\"");
	expect_error(
	    "users", AB_EDATA, "/v1/users: the gzip body is damaged: incorrect data check");
	expect_error("users", AB_ETRANSIENT,
	    "/v1/users: the body ends in the middle of its gzip data (tried 1 time in ");
}
END_TEST

START_TEST(a_packed_body_that_was_cut_or_damaged_is_fetched_again)
{
	const size_t n = gzip("[1,2,3]", 7);
	static char bad[64];
	const struct wire_step steps[] = {
	    PACKED("gzip", zipped, n - 1), PACKED("gzip", bad, n), PACKED("gzip", zipped, n)};

	memcpy(bad, zipped, n);
	bad[n - 6] ^= 1;
	begin(steps, COUNT(steps), BEARER);
	expect_body("users", "[1,2,3]");
	ck_assert_uint_eq(wire_requests(wire), 3);
}
END_TEST

START_TEST(a_bomb_stops_at_the_cap)
{
	char *zeroes = calloc(1, LARGE);
	const size_t n = gzip(zeroes, LARGE);
	const struct wire_step steps[] = {PACKED("gzip", zipped, n)};

	limits.body_cap = (size_t)1 << 20;
	begin(steps, COUNT(steps), BEARER);
	expect_error("users", AB_EDATA,
	    "/v1/users: the body is larger than 1048576 bytes, the most that is taken; ask for "
	    "smaller pages, or raise it with --page-cap");
	ck_assert_uint_eq(wire_requests(wire), 1);
	free(zeroes);
}
END_TEST

static const struct ab_request streamed = {
    .size = sizeof(streamed), .url = "export", .options = "{\"stream\": true}"};

static struct http_response *
open_stream(void)
{
	struct http_response *resp;

	ck_assert_msg(http_request(http, &streamed, &resp, &error) == AB_OK, "%s", error.text);
	ck_assert(http_response_is_stream(resp));
	return resp;
}

/* Reads to the end; what came must be the text. */
static void
expect_stream(struct http_response *resp, const char *text, size_t n)
{
	struct ab_str chunk;
	size_t done = 0;

	do {
		ck_assert_msg(http_response_read(resp, &chunk, &error) == AB_OK, "%s", error.text);
		ck_assert_uint_le(chunk.len, (size_t)600 << 10);
		ck_assert_uint_le(done + chunk.len, n);
		ck_assert_int_eq(memcmp(chunk.ptr, text + done, chunk.len), 0);
		done += chunk.len;
	} while (chunk.len > 0);
	ck_assert_uint_eq(done, n);
}

START_TEST(a_stream_comes_in_pieces_plain_and_packed)
{
	char *text = noise(LARGE);
	const size_t n = gzip(text, LARGE);
	const struct wire_step steps[] = {{.head = "200 OK\r\n", .body = text, .len = LARGE},
	    PACKED("gzip", zipped, n), JSON_200("[7]")};
	struct http_response *resp;

	limits.body_cap = (size_t)1 << 20; /* is no matter to a stream */
	begin(steps, COUNT(steps), BEARER);
	for (int i = 0; i < 2; i++) {
		resp = open_stream();
		expect_stream(resp, text, LARGE);
		http_response_free(resp);
	}
	expect_body("users", "[7]");
	ck_assert_uint_eq(wire_connections(wire), 1);
	free(text);
}
END_TEST

START_TEST(other_requests_run_while_a_stream_is_open)
{
	char *text = noise(LARGE);
	const struct wire_step steps[] = {
	    {.head = "200 OK\r\n", .body = text, .len = LARGE}, JSON_200("[7]")};
	struct http_response *resp;
	struct ab_str first;

	begin(steps, COUNT(steps), BEARER);
	resp = open_stream();
	ck_assert_int_eq(http_response_read(resp, &first, &error), AB_OK);
	expect_body("users", "[7]");
	expect_body("users", "[7]");
	ck_assert_int_eq(memcmp(first.ptr, text, first.len), 0);
	expect_stream(resp, text + first.len, LARGE - first.len);
	http_response_free(resp);
	free(text);
}
END_TEST

START_TEST(a_piece_that_was_given_out_stays_while_more_comes)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n0123456789",
		.later = "abcdefghij"},
	    JSON_200("[7]")};
	struct http_response *resp;
	struct ab_str first, second;

	begin(steps, COUNT(steps), BEARER);
	resp = open_stream();
	ck_assert_int_eq(http_response_read(resp, &first, &error), AB_OK);
	ck_assert_uint_eq(first.len, 10);
	expect_body("users", "[7]");
	usleep(50000); /* the rest is there */
	expect_body("users", "[7]");
	ck_assert_str_eq(first.ptr, "0123456789");
	ck_assert_int_eq(http_response_read(resp, &second, &error), AB_OK);
	ck_assert_str_eq(second.ptr, "abcdefghij");
	http_response_free(resp);
}
END_TEST

START_TEST(a_stream_is_let_go_early)
{
	char *text = noise(LARGE);
	struct http_response *resp;
	const struct wire_step steps[] = {{.head = "200 OK\r\n", .body = text, .len = LARGE},
	    {.head = "200 OK\r\n", .body = text, .len = 300000}, JSON_200("[7]")};

	begin(steps, COUNT(steps), BEARER);
	http_response_free(open_stream()); /* much is left: the connection ends */
	resp = open_stream();
	wire_await_answers(wire, 2);
	http_response_free(resp); /* little: it is read, and the connection stays */
	expect_body("users", "[7]");
	ck_assert_uint_eq(wire_connections(wire), 2);
	http_response_free(open_stream());
	free(text);
}
END_TEST

START_TEST(what_fails_before_a_stream_begins_is_tried_again)
{
	static const struct wire_step steps[] = {{.head = "503 X\r\n", .body = "wait"},
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", .then = WIRE_CLOSE},
	    JSON_200("[1,2]")};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	resp = open_stream();
	expect_stream(resp, "[1,2]", 5);
	ck_assert_uint_eq(wire_requests(wire), 3);
	http_response_free(resp);
}
END_TEST

START_TEST(a_stream_that_breaks_is_told_and_not_repeated)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[1,2", .then = WIRE_CLOSE}};
	struct http_response *resp;
	struct ab_str chunk;

	begin(steps, COUNT(steps), BEARER);
	resp = open_stream();
	ck_assert_int_eq(http_response_read(resp, &chunk, &error), AB_OK);
	ck_assert_uint_eq(chunk.len, 4);
	ck_assert_int_eq(http_response_read(resp, &chunk, &error), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(strstr(error.text, "/v1/export (200): transfer closed with "));
	ck_assert_ptr_nonnull(
	    strstr(error.text, ", behind the first 4 bytes; a body that is read "));
	ck_assert_uint_eq(wire_requests(wire), 1);
	http_response_free(resp);
}
END_TEST

START_TEST(a_stream_that_is_cut_or_stalls_is_told)
{
	const size_t n = gzip("[1,2,3,4,5,6,7,8]", 17);
	static char head[256];
	size_t at = (size_t)snprintf(
	    head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
	const struct wire_step steps[] = {{.head = head, .len = at + n - 6, .then = WIRE_CLOSE},
	    {.head = head, .len = at + n - 6, .then = WIRE_HANG}};
	struct http_response *resp;
	struct ab_str chunk;

	memcpy(head + at, zipped, n);
	limits.stall_s = 1;
	begin(steps, COUNT(steps), BEARER);
	for (int i = 0; i < 2; i++) {
		error_clear(&error);
		resp = open_stream();
		ck_assert_int_eq(http_response_read(resp, &chunk, &error), AB_OK);
		ck_assert_int_eq(memcmp(chunk.ptr, "[1,2,3,4,5,6,7,8]", chunk.len), 0);
		ck_assert_int_eq(http_response_read(resp, &chunk, &error), AB_ETRANSIENT);
		ck_assert_msg(
		    strstr(error.text,
			i == 0 ? "ends in the middle of its gzip data" : "too slow") != NULL,
		    "%s", error.text);
		http_response_free(resp);
	}
}
END_TEST

START_TEST(only_a_good_answer_is_a_stream)
{
	static const struct wire_step steps[] = {{.head = "404 X\r\n", .body = "none"},
	    {.head = "302 X\r\nLocation: /there\r\n", .body = "moved"}, JSON_200("[1]"),
	    {.head = "403 X\r\n", .body = "no " SECRET}};
	const struct ab_request r = {
	    .size = sizeof(r), .url = "x", .options = "{\"stream\": true, \"ok\": [404]}"};
	struct http_response *resp;

	begin(steps, COUNT(steps), BEARER);
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_OK);
	ck_assert(!http_response_is_stream(resp));
	ck_assert_str_eq(http_response_body(resp).ptr, "none");
	http_response_free(resp);
	resp = open_stream();
	expect_stream(resp, "[1]", 3);
	http_response_free(resp);
	ck_assert_int_eq(http_request(http, &r, &resp, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "403 Forbidden: no ****"));
}
END_TEST

static void *
cancel_soon(void *arg)
{
	(void)arg;
	usleep(50000);
	__atomic_store_n(&outside.cancelled, 1, __ATOMIC_SEQ_CST);
	http_wake(http);
	return NULL;
}

START_TEST(a_cancel_ends_a_stream_that_hangs)
{
	static const struct wire_step steps[] = {
	    {.head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[", .then = WIRE_HANG}};
	struct http_response *resp;
	struct ab_str chunk;
	pthread_t thread;
	int64_t begun = clock_mono_us();

	begin(steps, COUNT(steps), BEARER);
	resp = open_stream();
	ck_assert_int_eq(http_response_read(resp, &chunk, &error), AB_OK);
	pthread_create(&thread, NULL, cancel_soon, NULL);
	ck_assert_int_eq(http_response_read(resp, &chunk, &error), AB_ECANCELLED);
	ck_assert_int_lt(clock_mono_us() - begun, 30000000);
	pthread_join(thread, NULL);
	http_response_free(resp);
}
END_TEST

static Suite *
bodies_suite(void)
{
	Suite *s = suite_create("bodies");
	TCase *t = tcase_create("bodies");

	tcase_add_checked_fixture(t, http_set_up, http_tear_down);
	tcase_add_test(t, what_is_asked_for_is_what_can_be_undone);
	tcase_add_test(t, gzip_is_unpacked_whether_it_is_announced_or_not);
	tcase_add_test(t, a_body_that_is_large_even_when_it_is_packed_comes_whole);
	tcase_add_test(t, a_body_that_is_packed_wrong_is_told);
	tcase_add_test(t, a_packed_body_that_was_cut_or_damaged_is_fetched_again);
	tcase_add_test(t, a_bomb_stops_at_the_cap);
	tcase_add_test(t, a_stream_comes_in_pieces_plain_and_packed);
	tcase_add_test(t, other_requests_run_while_a_stream_is_open);
	tcase_add_test(t, a_piece_that_was_given_out_stays_while_more_comes);
	tcase_add_test(t, a_stream_is_let_go_early);
	tcase_add_test(t, what_fails_before_a_stream_begins_is_tried_again);
	tcase_add_test(t, a_stream_that_breaks_is_told_and_not_repeated);
	tcase_add_test(t, a_stream_that_is_cut_or_stalls_is_told);
	tcase_add_test(t, only_a_good_answer_is_a_stream);
	tcase_add_test(t, a_cancel_ends_a_stream_that_hangs);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(bodies_suite())
