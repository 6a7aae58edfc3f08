/* Laws of host/data/lines: every line comes out once, whatever the pieces it came in; no record is lost in silence. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "data/lines.h"

#define RECORD(data) \
	"{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"data\":" data ",\"emitted_at\":7}}"

static char got[1 << 16]; /* one letter per line, data and errors behind it */

static void
note(const struct line *line)
{
	size_t at = strlen(got);
	struct ab_str s = line->type == LINE_RECORD ? line->data : line->text;

	if (line->type == LINE_BROKEN)
		s = (struct ab_str){line->error.text, strlen(line->error.text)};
	ck_assert_uint_lt(at + s.len + 8, sizeof(got));
	snprintf(got + at, sizeof(got) - at, "%c:%.*s\n", "-RSLTCPUKO.!"[line->type],
	    (int)(s.len > 200 ? 200 : s.len), s.ptr);
}

/* All of text in pieces of `step` bytes. */
static const char *
read_all(const char *text, size_t len, size_t step, size_t max_line)
{
	struct lines l;
	struct line line;
	size_t room, n;
	char *to;

	got[0] = '\0';
	lines_init(&l, max_line);
	for (size_t at = 0; at <= len;) {
		lines_next(&l, &line);
		if (line.type != LINE_NONE) {
			note(&line);
			continue;
		}
		if (at == len) {
			if (l.is_ended)
				break;
			lines_end(&l);
			continue;
		}
		to = lines_room(&l, &room);
		ck_assert_ptr_nonnull(to);
		n = len - at < step ? len - at : step;
		if (n > room)
			n = room;
		memcpy(to, text + at, n);
		lines_fed(&l, n);
		at += n;
	}
	lines_fini(&l);
	return got;
}

START_TEST(pieces_make_no_difference)
{
	static const char text[] = "\xef\xbb\xbf" RECORD(
	    "{\"a\":1}") "\n\r\n  \n"
			 "prose\n" RECORD(
			     "{\"n\":123456789012345678901234567890,\"x\":{\"record\":{}}}") "\r\n"
											     "{\"type\":\"STATE\",\"state\":{}}\n{\"type\":\"LOG\",\"log\":{}}\n"
											     "{\"type\":\"TRACE\",\"trace\":{}}\n{\"type\":\"CONTROL\",\"control\":{}}\n"
											     "{\"type\":\"SPEC\",\"spec\":{}}\n{\"type\":\"CATALOG\",\"catalog\":{}}\n"
											     "{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{}}\n"
											     "{\"type\":\"NEWS\",\"news\":[1]}\n{\"a\":1}\n{'type': 'x'}\n" RECORD(
												 "{}");
	static const char want[] =
	    "R:{\"a\":1}\n.:prose\n"
	    "R:{\"n\":123456789012345678901234567890,\"x\":{\"record\":{}}}\n"
	    "S:{\"type\":\"STATE\",\"state\":{}}\nL:{\"type\":\"LOG\",\"log\":{}}\n"
	    "T:{\"type\":\"TRACE\",\"trace\":{}}\nC:{\"type\":\"CONTROL\",\"control\":{}}\n"
	    "P:{\"type\":\"SPEC\",\"spec\":{}}\nK:{\"type\":\"CATALOG\",\"catalog\":{}}\n"
	    "U:{\"type\":\"CONNECTION_STATUS\",\"connectionStatus\":{}}\n"
	    "O:{\"type\":\"NEWS\",\"news\":[1]}\n.:{\"a\":1}\n.:{'type': 'x'}\nR:{}\n";

	for (size_t step = 1; step < sizeof(text); step++)
		ck_assert_str_eq(read_all(text, sizeof(text) - 1, step, 1000), want);
}
END_TEST

static void
broken(const char *text, const char *why)
{
	const char *out = read_all(text, strlen(text), 4096, LINES_MAX_LINE);

	ck_assert_msg(strncmp(out, "!:line 1: ", 10) == 0 || strncmp(out, "!:the last", 10) == 0,
	    "%s: %s", text, out);
	ck_assert_msg(strstr(out, why) != NULL, "%s: %s", text, out);
}

START_TEST(what_is_half_a_message_is_told)
{
	broken(RECORD("{\"a\":"), "not valid JSON");
	broken(RECORD("{\"a\":1}") "x\n", "the end of the line");
	broken(RECORD("{\"a\":\"\xff\"}") "\n", "UTF-8");
	broken(RECORD("{\"a\":01}") "\n", "leading 0");
	broken(RECORD("[]") "\n", "\"data\"");
	broken("{\"type\":\"RECORD\",\"record\":{\"data\":{}}}\n", "\"stream\"");
	broken("{\"type\":\"RECORD\",\"record\":{\"stream\":1,\"data\":{}}}\n", "\"stream\"");
	broken("{\"type\":\"RECORD\"}\n", "\"record\"");
	broken("{\"type\":\"STATE\",\"state\":[]}\n", "\"state\"");
	broken("{\"type\":\"STA", "cut off");
}
END_TEST

START_TEST(depth_has_an_end)
{
	char text[4096];
	int n = snprintf(text, sizeof(text),
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\","
	    "\"data\":{\"a\":");

	memset(text + n, '[', 1000);
	memset(text + n + 1000, ']', 1000);
	snprintf(text + n + 2000, sizeof(text) - (size_t)n - 2000, "}}}\n");
	broken(text, "512");
}
END_TEST

/* The rest of a line that is too long is passed over, and the next one is read. */
START_TEST(a_line_has_a_most)
{
	static char text[3 << 20];
	char want[300];
	size_t n = sizeof(text) - 100;

	memset(text, 'x', n);
	memcpy(text, "{\"type\":\"RECORD\"", 16);
	n += (size_t)snprintf(text + n, 100, "\n%s\n", RECORD("{\"b\":2}"));
	snprintf(want, sizeof(want),
	    "!:line 1: it is longer than 1048576 bytes, the most that a message may have\n"
	    "R:{\"b\":2}\n");
	ck_assert_str_eq(read_all(text, n, 65536, 1 << 20), want);
	ck_assert_str_eq(read_all(text, n, 1 << 20, 1 << 20), want);
	text[0] = 'p';
	ck_assert_int_eq(read_all(text, n, 65536, 1 << 20)[0], '.');
}
END_TEST

static struct line
only(struct lines *l, const char *text)
{
	struct line line;
	size_t room;

	memcpy(lines_room(l, &room), text, strlen(text));
	lines_fed(l, strlen(text));
	lines_next(l, &line);
	return line;
}

START_TEST(a_record_is_read_in_any_order)
{
	struct lines l;
	struct line line;

	lines_init(&l, LINES_MAX_LINE);
	line = only(&l,
	    "{ \"record\" : { \"emitted_at\": 1795358172846.479, \"meta\":{\"changes\":[]},\"new\":[{}],"
	    " \"data\" : { \"stream\":\"x\" } , \"namespace\":\"a\\/b\","
	    " \"stream\":\"caf\\u00e9\" }, \"type\" : \"RECORD\" }\n");
	ck_assert_int_eq(line.type, LINE_RECORD);
	ck_assert_str_eq(line.stream.ptr, "caf\xc3\xa9");
	ck_assert_str_eq(line.space.ptr, "a/b");
	ck_assert_int_eq(line.emitted_ms, 1795358172846);
	ck_assert_int_eq(strncmp(line.data.ptr, "{ \"stream\":\"x\" }", line.data.len), 0);
	ck_assert_int_eq(strncmp(line.meta.ptr, "{\"changes\":[]}", line.meta.len), 0);
	line = only(&l,
	    "{\"type\":\"RECORD\",\"record\":{\"stream\":\"s\",\"namespace\":null,"
	    "\"meta\":null,\"data\":{}}}\n");
	ck_assert_int_eq(line.type, LINE_RECORD);
	ck_assert_uint_eq(line.space.len + line.meta.len, 0);
	lines_fini(&l);
}
END_TEST

/* A program may say more of a message than the protocol asks for, and in any order; the last of a key counts. */
START_TEST(what_counts_may_stand_behind_anything)
{
	static char text[1 << 16];
	struct lines l;
	struct line line;
	size_t n = 0;

	lines_init(&l, LINES_MAX_LINE);
	n +=
	    (size_t)snprintf(text, sizeof(text), "{\"type\":\"LOG\",\"record\":{\"stream\":\"x\",");
	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\"a%d\":%d,", i, i);
	n += (size_t)snprintf(text + n, sizeof(text) - n,
	    "\"data\":{\"b\":1},\"stream\":\"s\",\"namespace\":\"n\",\"meta\":{\"c\":1},\"emitted_at\":8},");
	for (int i = 0; i < 1000; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "\"a%d\":%d,", i, i);
	snprintf(text + n, sizeof(text) - n, "\"type\":\"RECORD\"}\n");
	line = only(&l, text);
	ck_assert_int_eq(line.type, LINE_RECORD);
	ck_assert_int_eq(strncmp(line.data.ptr, "{\"b\":1}", line.data.len), 0);
	ck_assert_int_eq(strncmp(line.stream.ptr, "s\"", 2), 0);
	ck_assert_int_eq(strncmp(line.space.ptr, "n\"", 2), 0);
	ck_assert_int_eq(strncmp(line.meta.ptr, "{\"c\":1}", line.meta.len), 0);
	ck_assert_int_eq(line.emitted_ms, 8);
	line = only(
	    &l, "{\"record\":{\"stream\":\"s\",\"data\":{}},\"record\":7,\"type\":\"RECORD\"}\n");
	ck_assert_int_eq(line.type, LINE_BROKEN);
	lines_fini(&l);
}
END_TEST

START_TEST(spans_are_read_on)
{
	struct lines l;
	struct line line;
	struct ab_str one, list;
	struct buf b, seen;
	size_t at = 0;

	lines_init(&l, LINES_MAX_LINE);
	buf_init(&b, 100);
	buf_init(&seen, 100);
	line = only(&l,
	    "{\"type\":\"STATE\",\"state\":{\"a\":1,\"list\":[1, {\"x\":[]} ,\"z\\n\"],"
	    "\"n\":12.0,\"neg\":-1.5,\"big\":1e300,\"a\":2}}\n");
	ck_assert_int_eq(line.type, LINE_STATE);
	ck_assert_int_eq(line_int(line_get(line.payload, "a"), 0), 2);
	ck_assert_int_eq(line_int(line_get(line.payload, "n"), 0), 12);
	ck_assert_int_eq(line_int(line_get(line.payload, "neg"), 0), -2);
	ck_assert_int_eq(line_int(line_get(line.payload, "big"), -7), -7);
	ck_assert_int_eq(line_int(line_get(line.payload, "none"), -7), -7);
	list = line_get(line.payload, "list");
	while (line_each(list, &at, &one)) {
		buf_addf(&seen, "%.*s|", (int)one.len, one.ptr);
		line_string(one, &b);
	}
	ck_assert_str_eq(buf_str(&seen), "1|{\"x\":[]}|\"z\\n\"|");
	ck_assert_str_eq(buf_str(&b), "z\n");
	ck_assert_uint_eq(line_get(list, "a").len, 0);
	at = 0;
	ck_assert(!line_each(line.payload, &at, &one));
	ck_assert(line_is(line.type_name, "x") == 0);
	buf_fini(&b);
	buf_fini(&seen);
	lines_fini(&l);
}
END_TEST

static Suite *
lines_suite(void)
{
	Suite *s = suite_create("lines");
	TCase *t = tcase_create("lines");

	tcase_add_test(t, pieces_make_no_difference);
	tcase_add_test(t, what_is_half_a_message_is_told);
	tcase_add_test(t, depth_has_an_end);
	tcase_add_test(t, a_line_has_a_most);
	tcase_add_test(t, a_record_is_read_in_any_order);
	tcase_add_test(t, what_counts_may_stand_behind_anything);
	tcase_add_test(t, spans_are_read_on);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(lines_suite())
