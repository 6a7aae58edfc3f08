/* Laws of host/data/scan: what is JSON and what is not, exact spans, bounds, and that a guess never shows. */
#include "suite.h"

#include <string.h>

#include "json_help.h"

static struct scan table;
static struct error fault;

static ab_status
scan_bytes(const char *text, size_t len)
{
	error_clear(&fault);
	return scan_page(&table, wall_copy(text, len, SCAN_PADDING), len, &fault);
}

static int
is_page(const char *text)
{
	return scan_bytes(text, strlen(text)) == AB_OK;
}

/* The value alone, as a field, deep inside, and as the last of many fields. */
static void
check_value(const char *value, size_t len, int valid)
{
	static const char *const around[][2] = {{"{\"k\":", "}"}, {"[{\"a\":[{\"b\":[0,", "]}]}]"},
	    {"{\"k\":1}{\"k\":", " }"}, {"{\"a\":{\"b\":", "},\"c\":2}"}};
	struct error e = ERROR_INIT;
	struct buf text;
	size_t used;
	ab_status rc = scan_value(wall_copy(value, len, 0), len, &used, &e);

	ck_assert_msg((rc == AB_OK && used == len) == valid, "alone: %.*s", (int)len, value);
	buf_init(&text, 1 << 20);
	for (size_t i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
		buf_reset(&text);
		buf_adds(&text, around[i][0]);
		buf_add(&text, value, len);
		buf_adds(&text, around[i][1]);
		ck_assert_msg((scan_bytes(text.ptr, text.len) == AB_OK) == valid, "%s%s", text.ptr,
		    valid ? fault.text : "");
	}
	buf_fini(&text);
}

static void
check_list(const char *const *list, size_t n, int valid)
{
	for (size_t i = 0; i < n; i++)
		check_value(list[i], strlen(list[i]), valid);
}

#define CHECK_LIST(list, valid) check_list(list, sizeof(list) / sizeof(list[0]), valid)

START_TEST(numbers_are_those_of_rfc_8259)
{
	static const char *const good[] = {"0", "-0", "1", "-1", "10", "1234567890123456789",
	    "12345678901234567890123456789012345678901234567890", "0.0", "-0.5", "1.25", "1e5",
	    "1E5", "1e+5", "1e-5", "0e0", "-0e-0", "1.5e300", "1e400", "-1e-400",
	    "123.4567890123456789012345678901234567e1"};
	static const char *const bad[] = {"-", "+1", "01", "-01", "00", "1.", ".5", "-.5", "1.e5",
	    "1e", "1e+", "1e-", "1ee5", "1e5.5", "1.2.3", "0x10", "1_000", "1,", "- 1", "--1", "1-",
	    "1+1", "NaN", "Infinity", "-Infinity", "inf", "1f", "0.", "00.5", "\xef\xbc\x91"};

	CHECK_LIST(good, 1);
	CHECK_LIST(bad, 0);
}
END_TEST

START_TEST(literals_are_three)
{
	static const char *const good[] = {"true", "false", "null"};
	static const char *const bad[] = {"True", "TRUE", "tru", "truee", "nul", "nulll", "none",
	    "fals", "falsey", "undefined", "t", "f", "n", "'x'", "x", "", "\"", "true false",
	    "nu\"ll", "/**/1", "#"};

	CHECK_LIST(good, 1);
	CHECK_LIST(bad, 0);
}
END_TEST

START_TEST(escapes_are_nine)
{
	static const char *const good[] = {"\"\\\"\"", "\"\\\\\"", "\"\\/\"", "\"\\b\\f\\n\\r\\t\"",
	    "\"\\u0000\"", "\"\\u00e9\\uABCD\\uabcd\"", "\"\\ud83d\\ude00\"", "\"\\ud83d\"",
	    "\"\\ude00\"", "\"\\ud83d\\ud83d\"", "\"\\\\\\\\\\\"\"", "\"sixteen bytes..\\n\""};
	static const char *const bad[] = {"\"\\\"", "\"\\", "\"\\a\"", "\"\\x41\"", "\"\\u\"",
	    "\"\\u1\"", "\"\\u12\"", "\"\\u123\"", "\"\\u123g\"", "\"\\u 123\"", "\"\\U0041\"",
	    "\"\\'\"", "\"\\0\"", "\"\\\n\"", "\"\\N\"", "\"\\\xc3\xa9\"", "\"\\u00\xc3\xa9\"",
	    "\"\\v\"", "\"\\B\""};

	CHECK_LIST(good, 1);
	CHECK_LIST(bad, 0);
}
END_TEST

START_TEST(strings_are_utf8)
{
	static const char *const good[] = {"\"\x7f\"", "\"\xc2\x80\"", "\"\xdf\xbf\"",
	    "\"\xe0\xa0\x80\"", "\"\xed\x9f\xbf\"", "\"\xee\x80\x80\"", "\"\xef\xbf\xbf\"",
	    "\"\xf0\x90\x80\x80\"", "\"\xf4\x8f\xbf\xbf\"", "\"\xef\xbb\xbf\"",
	    "\"\xf3\xbf\xbf\xbf\"", "\"\xe1\x80\x80x\xc3\xa9\""};
	static const char *const bad[] = {"\"\x80\"", "\"\xbf\"", "\"\xc0\x80\"", "\"\xc1\xbf\"",
	    "\"\xc2\"", "\"\xc2x\"", "\"\xc2\xc2\"", "\"\xe0\x80\x80\"", "\"\xe0\x9f\xbf\"",
	    "\"\xe1\x80\"", "\"\xe1\x80x\"", "\"\xe1x\x80\"", "\"\xed\xa0\x80\"",
	    "\"\xed\xbf\xbf\"", "\"\xf0\x80\x80\x80\"", "\"\xf0\x8f\xbf\xbf\"", "\"\xf0\x90\x80\"",
	    "\"\xf0\x90\x80x\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"",
	    "\"\xf8\x88\x80\x80\x80\"", "\"\xfe\"", "\"\xff\"", "\"\xe9\"", "\"\xc3\xa9\xa9\"",
	    "\"\xf1\x80\x80\"", "\xc3\xa9", "\"\xf7\xbf\xbf\xbf\""};

	CHECK_LIST(good, 1);
	CHECK_LIST(bad, 0);
}
END_TEST

START_TEST(every_two_bytes_are_judged_as_utf8_says)
{
	char text[] = "\"..\"";
	int lead, trail, is_ascii;
	size_t used;

	for (int a = 0; a < 256; a++) {
		for (int b = 0; b < 256; b++) {
			text[1] = (char)a;
			text[2] = (char)b;
			lead = a >= 0xc2 && a < 0xe0;
			trail = b >= 0x80 && b < 0xc0;
			is_ascii = a >= 0x20 && a < 0x80 && b >= 0x20 && b < 0x80;
			if (memchr("\"\\", a, 2) != NULL || memchr("\"\\", b, 2) != NULL)
				continue;
			error_clear(&fault);
			ck_assert_msg((scan_value(text, 4, &used, &fault) == AB_OK) ==
				((lead && trail) || is_ascii),
			    "%02x %02x", (unsigned)a, (unsigned)b);
		}
	}
}
END_TEST

START_TEST(control_characters_are_refused_at_every_place)
{
	char text[80];

	for (int c = 0; c < 0x20; c++) {
		for (size_t at = 1; at < 40; at++) {
			memset(text, 'x', sizeof(text));
			text[0] = text[41] = '"';
			text[at] = (char)c;
			check_value(text, 42, 0);
			text[at] = ' ';
		}
	}
}
END_TEST

START_TEST(containers_must_close_and_separate)
{
	static const char *const good[] = {"[]", "{}", "[ ]", "{ }", "[[],{}]",
	    "{\"a\":{},\"a\":[]}", "[1,2]", " [ 1 , 2 ] ", "{\"\":0}", "\t{ \"a\" : 1 }\r\n",
	    "[[[[[]]]]]", "[{\"a\":[{}]}]", "{\"a\":1,\"b\":{\"c\":[1,{\"d\":null}]}}"};
	static const char *const bad[] = {"[", "]", "{", "}", "[}", "{]", "[1,]", "[,1]", "[,]",
	    "[1 2]", "[1,,2]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{,}", "{\"a\" 1}",
	    "{\"a\":1 \"b\":2}", "{a:1}", "{1:1}", "{\"a\"::1}", "{\"a\":1,,\"b\":2}", "[\"a\":1]",
	    "{\"a\",1}", "{\"a\":1]", "[1}", "[[]", "[]]", "{null:1}", "{[]:1}", "[1;2]", "[\v1]",
	    "[\f1]", "[\xc2\xa0]", "{\"a\":1}}", "{'a':1}"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t used;

		error_clear(&fault);
		ck_assert_msg(
		    scan_value(good[i], strlen(good[i]), &used, &fault) == AB_OK, "%s", good[i]);
		ck_assert_uint_eq(used, strlen(good[i]));
	}
	CHECK_LIST(bad, 0);
}
END_TEST

START_TEST(a_page_is_records_and_arrays_of_records)
{
	static const struct {
		const char *text;
		size_t records;
	} good[] = {{"", 0}, {" \r\n\t ", 0}, {"[]", 0}, {"[ ] [\n]", 0}, {"{}", 1},
	    {"{}\n{}\n", 2}, {"[{},{}]", 2}, {"[{}]{}[{} , {}]\n", 4},
	    {"{\"a\":1} {\"a\":2}\r\n{\"a\":3}", 3}, {"{}{}", 2},
	    {"[{\"a\":[1]}]\n[]\n{\"b\":{}}", 2}};
	static const char *const bad[] = {"1", "null", "\"x\"", "[1]", "[[]]", "[[{}]]", "[null]",
	    "[{},1]", "{} x", "{},{}", ",{}", "[{}", "[{},]", "[{} {}]", "{}]", "\xef\xbb\xbf{}",
	    "[{}][", "{}\v{}", "[,{}]", "<html>"};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		ck_assert_msg(is_page(good[i].text), "%s", fault.text);
		ck_assert_uint_eq(table.nrecords, good[i].records);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!is_page(bad[i]), "accepted: %s", bad[i]);
	ck_assert_int_eq(scan_bytes("{}\0{}", 5), AB_EDATA);
	ck_assert_int_eq(scan_bytes("{}\0", 3), AB_EDATA);
	ck_assert_int_eq(scan_bytes("{\"a\":1\0}", 8), AB_EDATA);
}
END_TEST

static const char whole[] =
    "[{\"id\":1,\"n\":-1.5e3,\"s\":\"caf\xc3\xa9 \xe6\x97\xa5 \\\"\\u00e9\\\\\",\"o\":{\"a\":[true,{}]},"
    "\"z\":null},\n {\"id\":22 , \"n\":0,\"s\":\"a string longer than sixteen bytes\",\"b\":false}]";

static void
check_cuts(const char *text)
{
	const size_t len = strlen(text);

	ck_assert_msg(is_page(text), "%s", fault.text);
	for (size_t n = 1; n < len; n++) {
		ck_assert_msg(scan_bytes(text, n) == AB_EDATA, "accepted %zu bytes", n);
		ck_assert_uint_eq(table.nrecords, 0);
		ck_assert_uint_eq(table.nfields, 0);
	}
}

START_TEST(cut_anywhere_it_is_refused)
{
	struct buf text;

	check_cuts(whole);
	/* Keys of every length: what is guessed must not be looked for past the padding. */
	buf_init(&text, 4096);
	for (int len = 1; len < 200; len++) {
		buf_reset(&text);
		for (int i = 0; i < 3; i++)
			buf_addf(&text, "%s{\"a\":%d,\"%0*d\":\"x\"}", i == 0 ? "[" : ",", i, len,
			    i == 1);
		buf_adds(&text, "]");
		check_cuts(text.ptr);
	}
	buf_fini(&text);
}
END_TEST

START_TEST(spans_are_exact)
{
	static const struct {
		const char *key, *val;
		int type, flags;
	} want[] = {{"id", "1", SCAN_INT, 0}, {"n", "-1.5e3", SCAN_REAL, 0},
	    {"s", "caf\xc3\xa9 \xe6\x97\xa5 \\\"\\u00e9\\\\", SCAN_STRING, SCAN_ESCAPED},
	    {"o", "{\"a\":[true,{}]}", SCAN_OBJECT, 0}, {"z", "null", SCAN_NULL, 0},
	    {"id", "22", SCAN_INT, SCAN_SAME_KEY}, {"n", "0", SCAN_INT, 0},
	    {"s", "a string longer than sixteen bytes", SCAN_STRING, SCAN_SAME_KEY},
	    {"b", "false", SCAN_FALSE, 0}};
	const char *page;

	error_clear(&fault);
	page = wall_copy(whole, sizeof(whole) - 1, SCAN_PADDING);
	ck_assert_int_eq(scan_page(&table, page, sizeof(whole) - 1, &fault), AB_OK);
	ck_assert_uint_eq(table.nrecords, 2);
	ck_assert_uint_eq(table.records[0].count, 5);
	ck_assert_uint_eq(table.records[1].count, 4);
	ck_assert_uint_eq(table.records[1].field, 5);
	ck_assert_uint_eq(table.records[0].off, 1);
	ck_assert_int_eq(page[table.records[0].off + table.records[0].len], ',');
	ck_assert_uint_eq(table.records[1].off + table.records[1].len, sizeof(whole) - 2);
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		const struct scan_field *f = &table.fields[i];

		ck_assert_uint_eq(f->klen, strlen(want[i].key));
		ck_assert_mem_eq(page + f->key, want[i].key, f->klen);
		ck_assert_uint_eq(f->vlen, strlen(want[i].val));
		ck_assert_mem_eq(page + f->val, want[i].val, f->vlen);
		ck_assert_int_eq(f->type, want[i].type);
		ck_assert_int_eq(f->flags, want[i].flags);
	}
}
END_TEST

START_TEST(equal_keys_are_all_kept)
{
	ck_assert(is_page("{\"a\":1,\"\\u0061\":2,\"a\":3}"));
	ck_assert_uint_eq(table.records[0].count, 3);
	ck_assert_int_eq(table.fields[0].flags, 0);
	ck_assert_int_eq(table.fields[1].flags, SCAN_KEY_ESCAPED);
	ck_assert_int_eq(table.fields[2].flags, 0);
}
END_TEST

START_TEST(strings_end_at_every_place)
{
	char text[160];
	const char *page;
	size_t n;

	for (size_t len = 0; len < 100; len++) {
		n = 0;
		memcpy(text, "{\"k\":\"", 6);
		memset(text + 6, 'x', len);
		memcpy(text + 6 + len, "\"}", 2);
		n = len + 8;
		page = wall_copy(text, n, SCAN_PADDING);
		ck_assert_int_eq(scan_page(&table, page, n, &fault), AB_OK);
		ck_assert_uint_eq(table.fields[0].vlen, len);
		ck_assert_uint_eq(table.fields[0].val, 6);
	}
}
END_TEST

/* Each record scanned as a page of its own has no record before it to guess from. */
static void
check_guessing(const char *text)
{
	struct buf copy;
	struct scan all, one;
	struct error e = ERROR_INIT;
	const char *page;

	buf_init(&copy, 1 << 20);
	scan_init(&all);
	scan_init(&one);
	buf_adds(&copy, text);
	ck_assert_ptr_nonnull(buf_reserve(&copy, SCAN_PADDING));
	memset(copy.ptr + copy.len, 0, SCAN_PADDING);
	ck_assert_msg(scan_page(&all, copy.ptr, copy.len, &e) == AB_OK, "%s: %s", e.text, text);
	for (size_t r = 0; r < all.nrecords; r++) {
		const struct scan_record *rec = &all.records[r];

		page = wall_copy(copy.ptr + rec->off, rec->len, SCAN_PADDING);
		ck_assert_int_eq(scan_page(&one, page, rec->len, &e), AB_OK);
		ck_assert_uint_eq(one.nrecords, 1);
		ck_assert_uint_eq(one.records[0].len, rec->len);
		ck_assert_uint_eq(one.nfields, rec->count);
		for (uint32_t i = 0; i < rec->count; i++) {
			struct scan_field a = one.fields[i], b = all.fields[rec->field + i];

			b.key -= rec->off;
			b.val -= rec->off;
			if ((b.flags & SCAN_SAME_KEY) != 0) {
				const struct scan_record *before = rec - 1;
				const struct scan_field *same;

				ck_assert_uint_gt(r, 0);
				ck_assert_uint_lt(i, before->count);
				same = &all.fields[before->field + i];
				ck_assert_uint_eq(same->klen, b.klen);
				ck_assert_mem_eq(copy.ptr + same->key, page + b.key, b.klen);
				b.flags &= (uint8_t)~SCAN_SAME_KEY;
			}
			ck_assert_mem_eq(&a, &b, sizeof(a));
		}
	}
	scan_fini(&all);
	scan_fini(&one);
	buf_fini(&copy);
}

START_TEST(guesses_never_show)
{
	static const char *const pages[] = {
	    "{\"a\":1,\"b\":2,\"c\":3}{\"c\":1,\"b\":2,\"a\":3}{\"b\":1,\"a\":2,\"c\":3}",
	    "{\"a\":1,\"b\":2,\"c\":3}{\"a\":1,\"c\":3}{\"a\":1,\"b\":2,\"c\":3}{}{\"a\":1,\"b\":2,\"c\":3}",
	    "{\"a\":1}{\"a\":1,\"b\":2}{\"a\":1,\"b\":2,\"c\":3,\"d\":4}{\"a\":1,\"b\":2}",
	    "{\"name\":1,\"name_\":2}{\"name_\":1,\"name\":2}{\"name\":1,\"name_of\":2}{\"nam\":1,\"name_\":2}",
	    "{\"\\u0061\":1,\"a\":2}{\"\\u0061\":1,\"a\":2}{\"a\":1,\"\\u0061\":2}",
	    "{\"k\\\"\":1,\"k\":2}{\"k\\\"\":1,\"k\":2}{\"k\":1,\"k\\\"\":2}",
	    "{\"caf\xc3\xa9\":1}{\"caf\xc3\xa9\":2}{\"caf\xc3\xa8\":3}",
	    "{ \"a\" : 1 , \"b\" : 2 }\n{ \"a\" : 1 , \"b\" : 2 }\n{\"a\":1,\"b\":2}\n{\"a\":1, \"b\":2}",
	    "{\n  \"a\": 1,\n  \"b\": \"x\"\n}\n{\n  \"a\": 1,\n  \"b\": \"x\"\n}",
	    "{\"a\":1,\"b\":2}{\"a\": 1,\"b\":\n2}{ \"a\":1,\"b\" :2}{\"a\":1 ,\"b\":2 }{\"a\":1,\"b\":\t\"x\"}",
	    "{\"twelve_bytes\":1,\"twelve_bytes\":2}{\"twelve_bytes\":1,\"twelve_bytes\":2}",
	    "{\"thirteen_byte\":1}{\"thirteen_byte\":1}{\"thirteen_bytE\":1}",
	    "{\"a_key_of_twenty_nine_bytes_ok\":1}{\"a_key_of_twenty_nine_bytes_ok\":1}"
	    "{\"a_key_of_twenty_nine_bytes_oK\":1}{\"a_keY_of_twenty_nine_bytes_ok\":1}",
	    "{\"a_key_that_is_longer_than_forty_eight_bytes_in_all__\":1}"
	    "{\"a_key_that_is_longer_than_forty_eight_bytes_in_all__\":1}"
	    "{\"a_key_that_is_longer_thaN_forty_eight_bytes_in_all__\":1}"
	    "{\"a_key_that_is_longer_than_forty_eight_bytes_in_alL__\":1}",
	    "{\"a_key_that_is_longer_than_what_is_ever_guessed_so_it_is_read_anew_each_time\":1}"
	    "{\"a_key_that_is_longer_than_what_is_ever_guessed_so_it_is_read_anew_each_time\":1}",
	    "{\"\":1}{\"\":2}{\"\":3}{}{}{\"\":4}"};

	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
		check_guessing(pages[i]);
}
END_TEST

START_TEST(guesses_never_show_in_generated_pages)
{
	uint64_t state = 11;
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 3000; i++) {
		text_generate(&text, &state);
		check_guessing(buf_str(&text));
	}
	buf_fini(&text);
}
END_TEST

START_TEST(a_wrong_record_is_found_behind_right_ones)
{
	static const char *const bad[] = {"{\"a\":1,\"b\":2}{\"a\":1,\"b\"}", "{\"a\":1}{\"a\":}",
	    "{\"a\":1,\"b\":2}{\"a\":1 \"b\":2}", "{\"a\":1}{,\"a\":1}",
	    "{\"a\":1,\"b\":2}{\"a\":1,}", "{\"a\":1,\"b\":2}{\"a\":1,\"b\":2,}",
	    "{\"a\":1}{\"a\" 1}", "{\"a\":1,\"b\":1}{\"a\":1,\"b:1}",
	    "{\"caf\xc3\xa9\":1}{\"caf\xc3\":1}", "{\"a\":1,\"b\":2}{\"a\":1}\"b\":2}"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(!is_page(bad[i]), "accepted: %s", bad[i]);
}
END_TEST

/* `depth` containers, alternately objects and arrays, the record included. */
static void
nest(struct buf *text, int depth)
{
	buf_reset(text);
	for (int i = 0; i < depth; i++)
		buf_adds(text, i % 2 == 0 ? "{\"a\":" : "[");
	buf_adds(text, "1");
	for (int i = depth - 1; i >= 0; i--)
		buf_adds(text, i % 2 == 0 ? "}" : "]");
}

START_TEST(depth_has_a_limit)
{
	struct buf text;
	size_t used;

	buf_init(&text, 1 << 22);
	nest(&text, SCAN_MAX_DEPTH);
	ck_assert_int_eq(scan_bytes(text.ptr, text.len), AB_OK);
	error_clear(&fault);
	ck_assert_int_eq(scan_value(text.ptr, text.len, &used, &fault), AB_OK);
	nest(&text, SCAN_MAX_DEPTH + 1);
	ck_assert_int_eq(scan_bytes(text.ptr, text.len), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(fault.text, "512 levels"));
	error_clear(&fault);
	ck_assert_int_eq(scan_value(text.ptr, text.len, &used, &fault), AB_EDATA);
	buf_reset(&text);
	for (int i = 0; i < 1000000; i++)
		buf_adds(&text, i == 0 ? "{\"a\":" : "[");
	ck_assert_int_eq(scan_bytes(text.ptr, text.len), AB_EDATA);
	/* An array of records is a level too. */
	nest(&text, SCAN_MAX_DEPTH);
	ck_assert_int_eq(buf_addc(&text, ' '), 0);
	ck_assert_int_eq(buf_addc(&text, ']'), 0);
	memmove(text.ptr + 1, text.ptr, text.len - 2);
	text.ptr[0] = '[';
	ck_assert_int_eq(scan_bytes(text.ptr, text.len), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(fault.text, "512 levels"));
	buf_fini(&text);
}
END_TEST

static ab_status
scan_long_key(struct buf *text, size_t len)
{
	buf_reset(text);
	buf_adds(text, "{\"");
	for (size_t i = 0; i < len; i++)
		buf_addc(text, 'k');
	buf_adds(text, "\":1}");
	return scan_bytes(text->ptr, text->len);
}

static ab_status
scan_many_fields(struct buf *text, int n)
{
	buf_reset(text);
	for (int i = 0; i < n; i++)
		buf_addf(text, "%c\"%d\":0", i == 0 ? '{' : ',', i);
	buf_addc(text, '}');
	return scan_bytes(text->ptr, text->len);
}

START_TEST(keys_and_fields_have_limits)
{
	struct buf text;

	buf_init(&text, 1 << 22);
	ck_assert_int_eq(scan_long_key(&text, SCAN_MAX_KEY), AB_OK);
	ck_assert_uint_eq(table.fields[0].klen, SCAN_MAX_KEY);
	ck_assert_int_eq(scan_long_key(&text, SCAN_MAX_KEY + 1), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(fault.text, "65535"));
	ck_assert_int_eq(scan_many_fields(&text, SCAN_MAX_FIELDS), AB_OK);
	ck_assert_uint_eq(table.records[0].count, SCAN_MAX_FIELDS);
	ck_assert_int_eq(scan_many_fields(&text, SCAN_MAX_FIELDS + 1), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(fault.text, "65535"));
	error_clear(&fault);
	ck_assert_int_eq(scan_page(&table, "", SCAN_MAX_BYTES + 1, &fault), AB_EDATA);
	buf_fini(&text);
}
END_TEST

START_TEST(newlines_inside_records_are_told)
{
	static const struct {
		const char *text;
		int has;
	} cases[] = {{"{\"a\":1}\n{\"a\":2}\r\n", 0}, {"[{\"a\":1},\n{\"a\":2}]", 0},
	    {"[\n{}\n]\n", 0}, {"{\"a\":\n1}", 1}, {"{\n}", 1}, {"{\"a\":1\r}", 1},
	    {"{\"a\":[1,\n2]}", 1}, {"{\"a\":{\n}}", 1}, {"{\"a\":\"\\n\"}", 0},
	    {"{\"a\" :\t1}", 0}, {"{\"a\"\n:1}", 1}, {"{\"a\":1,\n\"b\":1}{\"a\":1,\n\"b\":1}", 1}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert(is_page(cases[i].text));
		ck_assert_msg(table.has_newline == cases[i].has, "%s", cases[i].text);
	}
}
END_TEST

START_TEST(half_a_pair_is_told_and_a_pair_is_not)
{
	static const struct {
		const char *text;
		int alone;
	} cases[] = {{"\\ud83d\\ude80", 0}, {"\\uD83D\\uDE80\\uDBFF\\uDFFF x", 0},
	    {"\\ud7ff\\ue000", 0}, {"\\ud83d", 1}, {"\\ude80", 1}, {"\\ude80\\ud83d", 1},
	    {"\\ud83d\\ud83d\\ude80", 1}, {"\\ud83d\\ude80\\ude80", 1}, {"\\ud83d \\ude80", 1},
	    {"\\ud83d\\n", 1}, {"\\uDBFF\\uDBFF", 1}, {"\\ud800\\udbff", 1}, {"\\ud83d\\u0041", 1}};
	char text[80];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (int in_key = 0; in_key < 2; in_key++) {
			snprintf(text, sizeof(text), in_key ? "{\"%s\":1}" : "{\"a\":[\"%s\"]}",
			    cases[i].text);
			ck_assert(is_page(text));
			ck_assert_msg(table.has_surrogate == cases[i].alone, "%s", text);
		}
	ck_assert(!is_page("{\"a\":\"\\ud83d\\udeg0\"}"));
	ck_assert(!is_page("{\"a\":\"\\ud83d\\ude8\"}"));
}
END_TEST

START_TEST(errors_say_where_and_what)
{
	ck_assert(!is_page("{\"a\":1,\"b\":tru}"));
	ck_assert_str_eq(
	    fault.text, "not valid JSON at byte 11: expected true, around \"{\"a\":1,\"b\":tru}\"");
	ck_assert(!is_page("{\"a\":1,\"b\":"));
	ck_assert_str_eq(fault.text,
	    "not valid JSON: it ends at byte 11, where a value was expected, behind \"{\"a\":1,\"b\":\"");
	ck_assert(!is_page("{\"0123456789012345678901234567890123456789\" \x01\xff"));
	ck_assert_str_eq(fault.text,
	    "not valid JSON at byte 44: expected ':', around \"234567890123456789\" .?\"");
}
END_TEST

static Suite *
scan_suite(void)
{
	Suite *s = suite_create("scan");
	TCase *t = tcase_create("scan");

	scan_init(&table);
	tcase_add_test(t, numbers_are_those_of_rfc_8259);
	tcase_add_test(t, literals_are_three);
	tcase_add_test(t, escapes_are_nine);
	tcase_add_test(t, strings_are_utf8);
	tcase_add_test(t, every_two_bytes_are_judged_as_utf8_says);
	tcase_add_test(t, control_characters_are_refused_at_every_place);
	tcase_add_test(t, containers_must_close_and_separate);
	tcase_add_test(t, a_page_is_records_and_arrays_of_records);
	tcase_add_test(t, cut_anywhere_it_is_refused);
	tcase_add_test(t, spans_are_exact);
	tcase_add_test(t, equal_keys_are_all_kept);
	tcase_add_test(t, strings_end_at_every_place);
	tcase_add_test(t, guesses_never_show);
	tcase_add_test(t, guesses_never_show_in_generated_pages);
	tcase_add_test(t, a_wrong_record_is_found_behind_right_ones);
	tcase_add_test(t, depth_has_a_limit);
	tcase_add_test(t, keys_and_fields_have_limits);
	tcase_add_test(t, newlines_inside_records_are_told);
	tcase_add_test(t, half_a_pair_is_told_and_a_pair_is_not);
	tcase_add_test(t, errors_say_where_and_what);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(scan_suite())
