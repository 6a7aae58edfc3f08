/* Laws of host/net/decode: every way to pack a body is undone, in pieces of any size, never beyond the target's max, and a
 * body that is cut or damaged is never taken for a whole one. */
#include "suite.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "net/decode.h"

#define PLAIN_BYTES ((size_t)300000)
#define MAX	    ((size_t)1 << 20)
#define COUNT(a)    (sizeof(a) / sizeof((a)[0]))

enum pack { PACK_GZIP, PACK_ZLIB, PACK_RAW, PACK_ZSTD, PACK_ZSTD_SIZELESS };

static const enum decode_kind kinds[] = {
    DECODE_GZIP, DECODE_DEFLATE, DECODE_DEFLATE, DECODE_ZSTD, DECODE_ZSTD};
static char plain[PLAIN_BYTES], packed[2 * PLAIN_BYTES];
static size_t npacked;
static struct decode decode;
static struct body body;

static void
set_up(void)
{
	uint32_t random = 1;

	memset(&decode, 0, sizeof(decode));
	body_init(&body, MAX);
	npacked = 0;
	for (size_t i = 0; i < PLAIN_BYTES; i++) {
		random = random * 1664525u + 1013904223u;
		plain[i] = "{\"id\": 0123456789, }"[random >> 28];
	}
}

static void
tear_down(void)
{
	decode_fini(&decode);
	body_fini(&body);
}

static size_t
deflate_into(char *to, const char *from, size_t n, int window)
{
	z_stream z = {0};

	ck_assert_int_eq(deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)from;
	z.avail_in = (uInt)n;
	z.next_out = (unsigned char *)to;
	z.avail_out = (uInt)(packed + sizeof(packed) - to);
	ck_assert_int_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
	n = z.total_out;
	deflateEnd(&z);
	return n;
}

static size_t
zstd_into(char *to, const char *from, size_t n, int with_size)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_inBuffer in = {from, n, 0};
	ZSTD_outBuffer out = {to, (size_t)(packed + sizeof(packed) - to), 0};

	if (with_size) {
		out.pos = ZSTD_compress2(c, to, out.size, from, n);
	} else {
		ck_assert(!ZSTD_isError(ZSTD_compressStream2(c, &out, &in, ZSTD_e_flush)));
		ck_assert_uint_eq(ZSTD_compressStream2(c, &out, &in, ZSTD_e_end), 0);
	}
	ZSTD_freeCCtx(c);
	return out.pos;
}

/* Adds another member. */
static void
pack(enum pack how, const char *from, size_t n)
{
	static const int windows[] = {31, 15, -15};

	if (how <= PACK_RAW)
		npacked += deflate_into(packed + npacked, from, n, windows[how]);
	else
		npacked += zstd_into(packed + npacked, from, n, how == PACK_ZSTD);
}

static enum decode_result
in_pieces(enum decode_kind kind, size_t piece)
{
	enum decode_result r = DECODE_OK;
	const char *at;
	size_t n;

	decode_begin(&decode, kind);
	body.len = 0;
	for (size_t i = 0; i < npacked && r == DECODE_OK; i += piece) {
		at = packed + i;
		n = npacked - i < piece ? npacked - i : piece;
		r = decode_push(&decode, &at, &n, &body);
	}
	return r == DECODE_OK ? decode_end(&decode) : r;
}

static enum decode_result
whole(enum decode_kind kind)
{
	body.len = 0;
	return decode_whole(&decode, kind, packed, npacked, &body);
}

static void
expect_plain(void)
{
	ck_assert_uint_eq(body.len, PLAIN_BYTES);
	ck_assert_int_eq(memcmp(body.ptr, plain, PLAIN_BYTES), 0);
}

START_TEST(what_was_packed_comes_out_whole_and_in_pieces)
{
	static const size_t pieces[] = {1, 7, 4096, PLAIN_BYTES};

	pack((enum pack)_i, plain, PLAIN_BYTES);
	ck_assert_int_eq(whole(kinds[_i]), DECODE_OK);
	expect_plain();
	for (size_t i = 0; i < COUNT(pieces); i++) {
		ck_assert_int_eq(in_pieces(kinds[_i], pieces[i]), DECODE_OK);
		expect_plain();
	}
}
END_TEST

START_TEST(several_members_are_one_body)
{
	enum pack how = _i == 0 ? PACK_GZIP : PACK_ZSTD;

	pack(how, plain, 1000);
	pack(how, plain + 1000, 0);
	pack(how, plain + 1000, PLAIN_BYTES - 1000);
	ck_assert_int_eq(whole(kinds[how]), DECODE_OK);
	expect_plain();
	ck_assert_int_eq(in_pieces(kinds[how], 3), DECODE_OK);
	expect_plain();
}
END_TEST

START_TEST(zeroes_may_pad_gzip_and_nothing_else_may)
{
	pack(PACK_GZIP, plain, PLAIN_BYTES);
	packed[npacked++] = '\0';
	packed[npacked++] = '\0';
	ck_assert_int_eq(whole(DECODE_GZIP), DECODE_OK);
	expect_plain();
	packed[npacked++] = 'x';
	ck_assert_int_eq(whole(DECODE_GZIP), DECODE_DAMAGED);
	ck_assert_str_eq(decode.why, "something stands behind its end");
	ck_assert_int_eq(in_pieces(DECODE_GZIP, 1), DECODE_DAMAGED);
}
END_TEST

START_TEST(a_body_that_is_cut_anywhere_is_cut)
{
	size_t all;

	pack((enum pack)_i, plain, 2000);
	for (all = npacked; npacked > 1; npacked--) {
		if (npacked == all)
			continue;
		ck_assert_int_ne(whole(kinds[_i]), DECODE_OK);
		ck_assert_int_eq(in_pieces(kinds[_i], 64), DECODE_CUT);
	}
}
END_TEST

START_TEST(a_flipped_bit_is_never_a_good_body)
{
	static const enum pack checked[] = {PACK_GZIP, PACK_ZLIB};
	enum pack how = checked[_i];
	enum decode_result r;

	pack(how, plain, 2000);
	for (size_t i = how == PACK_GZIP ? 10 : 2; i < npacked; i++) {
		packed[i] ^= 0x10;
		r = whole(kinds[how]);
		ck_assert_msg(r == DECODE_DAMAGED || r == DECODE_CUT, "byte %zu", i);
		r = in_pieces(kinds[how], 100);
		ck_assert_msg(r == DECODE_DAMAGED || r == DECODE_CUT, "byte %zu", i);
		packed[i] ^= 0x10;
	}
}
END_TEST

START_TEST(nothing_is_written_past_max)
{
	body.max = PLAIN_BYTES;
	pack((enum pack)_i, plain, PLAIN_BYTES);
	ck_assert_int_eq(whole(kinds[_i]), DECODE_OK);
	expect_plain();
	body.max = PLAIN_BYTES - 1;
	ck_assert_int_eq(whole(kinds[_i]), DECODE_FULL);
	ck_assert_uint_le(body.len, body.max);
	ck_assert_int_eq(in_pieces(kinds[_i], 50), DECODE_FULL);
	ck_assert_uint_le(body.len, body.max);
}
END_TEST

/* As a stream does: a small target that is emptied again and again. */
START_TEST(a_full_target_goes_on_when_it_is_emptied)
{
	const char *at = packed;
	size_t done = 0;

	body.max = 1000;
	pack((enum pack)_i, plain, PLAIN_BYTES);
	decode_begin(&decode, kinds[_i]);
	while (npacked > 0 || decode.has_more) {
		ck_assert_int_lt(decode_push(&decode, &at, &npacked, &body), DECODE_CUT);
		ck_assert_uint_le(done + body.len, PLAIN_BYTES);
		ck_assert_int_eq(memcmp(body.ptr, plain + done, body.len), 0);
		done += body.len;
		body.len = 0;
	}
	ck_assert_int_eq(decode_end(&decode), DECODE_OK);
	ck_assert_uint_eq(done, PLAIN_BYTES);
}
END_TEST

START_TEST(a_size_that_lies_is_not_believed)
{
	pack(PACK_GZIP, plain, PLAIN_BYTES);
	memcpy(packed + npacked - 4, "\xff\xff\xff\xff", 4);
	ck_assert_int_eq(whole(DECODE_GZIP), DECODE_DAMAGED);
	ck_assert_uint_le(body.cap, MAX);
	memcpy(packed + npacked - 4, "\x01\x00\x00\x00", 4);
	ck_assert_int_eq(whole(DECODE_GZIP), DECODE_DAMAGED);
}
END_TEST

START_TEST(no_bytes_are_an_empty_body)
{
	for (size_t i = 0; i < COUNT(kinds); i++) {
		ck_assert_int_eq(whole(kinds[i]), DECODE_OK);
		ck_assert_uint_eq(body.len, 0);
	}
}
END_TEST

START_TEST(kinds_are_known_by_name_and_by_sight)
{
	ck_assert_int_eq(decode_kind_of(NULL), DECODE_PLAIN);
	ck_assert_int_eq(decode_kind_of("identity"), DECODE_PLAIN);
	ck_assert_int_eq(decode_kind_of("X-GZip"), DECODE_GZIP);
	ck_assert_int_eq(decode_kind_of("deflate"), DECODE_DEFLATE);
	ck_assert_int_eq(decode_kind_of("zstd"), DECODE_ZSTD);
	ck_assert_int_eq(decode_kind_of("br"), -1);
	ck_assert_int_eq(decode_kind_of("gzip, gzip"), -1);
	pack(PACK_GZIP, plain, 10);
	ck_assert_int_eq(decode_sniff(packed, npacked), DECODE_GZIP);
	npacked = 0;
	pack(PACK_ZSTD, plain, 10);
	ck_assert_int_eq(decode_sniff(packed, npacked), DECODE_ZSTD);
	ck_assert_int_eq(decode_sniff("{}", 2), DECODE_PLAIN);
}
END_TEST

static Suite *
decode_suite(void)
{
	Suite *s = suite_create("decode");
	TCase *t = tcase_create("decode");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, what_was_packed_comes_out_whole_and_in_pieces, 0, COUNT(kinds));
	tcase_add_loop_test(t, several_members_are_one_body, 0, 2);
	tcase_add_test(t, zeroes_may_pad_gzip_and_nothing_else_may);
	tcase_add_loop_test(t, a_body_that_is_cut_anywhere_is_cut, 0, COUNT(kinds));
	tcase_add_loop_test(t, a_flipped_bit_is_never_a_good_body, 0, 2);
	tcase_add_loop_test(t, nothing_is_written_past_max, 0, COUNT(kinds));
	tcase_add_loop_test(t, a_full_target_goes_on_when_it_is_emptied, 0, COUNT(kinds));
	tcase_add_test(t, a_size_that_lies_is_not_believed);
	tcase_add_test(t, no_bytes_are_an_empty_body);
	tcase_add_test(t, kinds_are_known_by_name_and_by_sight);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(decode_suite())
