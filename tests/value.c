/* Laws of host/data/value: exactly or not at all, whatever the locale. */
#include "suite.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "data/value.h"
#include "json_help.h"

START_TEST(integers_are_exact_or_refused)
{
	static const struct {
		const char *text;
		int rc;
		int64_t value;
	} cases[] = {{"0", 0, 0}, {"7", 0, 7}, {"-7", 0, -7},
	    {"9007199254740993", 0, 9007199254740993}, {"9223372036854775807", 0, INT64_MAX},
	    {"-9223372036854775808", 0, INT64_MIN}, {"9223372036854775808", -1, 0},
	    {"-9223372036854775809", -1, 0}, {"9999999999999999999", -1, 0},
	    {"18446744073709551616", -1, 0}, {"100000000000000000000", -1, 0}, {"-0", -1, 0},
	    {"1.0", -1, 0}, {"1e3", -1, 0}, {"", -1, 0}, {"-", -1, 0}};
	int64_t v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		v = 0;
		ck_assert_msg(value_int(cases[i].text, strlen(cases[i].text), &v) == cases[i].rc,
		    "%s", cases[i].text);
		ck_assert_int_eq(v, cases[i].value);
	}
}
END_TEST

START_TEST(reals_say_whether_they_come_back)
{
	static const struct {
		const char *text;
		int rc;
		double value;
	} cases[] = {{"0", 0, 0}, {"-0", 0, 0}, {"0.000", 0, 0}, {"0e999", 0, 0}, {"1", 0, 1},
	    {"359.40", 0, 359.4}, {"0.1", 0, 0.1}, {"-2.5", 0, -2.5}, {"1e3", 0, 1000},
	    {"1E+3", 0, 1000}, {"25e-1", 0, 2.5}, {"1e22", 0, 1e22}, {"1e23", 0, 1e23},
	    {"123456789012345", 0, 123456789012345.0}, {"9007199254740992", 0, 9007199254740992.0},
	    {"9007199254740993", -1, 9007199254740992.0}, {"0.30000000000000004", 0, 0.1 + 0.2},
	    {"0.30000000000000003", -1, 0.30000000000000004}, {"0.299999999999999999", -1, 0.3},
	    {"0.3000000000000000000000", 0, 0.3}, {"1000000000000000000000000000000000", 0, 1e33},
	    {"5e-324", 0, 5e-324}, {"4.9e-324", -1, 5e-324}, {"4.94e-324", -1, 5e-324},
	    {"1e-400", -1, 0}, {"2.2250738585072014e-308", 0, DBL_MIN},
	    {"2.225073858507201e-308", 0, 2.225073858507201e-308},
	    {"2.2250738585072011e-308", -1, 2.225073858507201e-308},
	    {"1.7976931348623157e308", 0, DBL_MAX}, {"1.7976931348623158e308", -1, DBL_MAX},
	    {"1e400", -1, HUGE_VAL}, {"-1e400", -1, -HUGE_VAL},
	    {"1e99999999999999999999", -1, HUGE_VAL}, {"1e-99999999999999999999", -1, 0},
	    {"123456789012345678", -1, 123456789012345680.0},
	    {"123456789012345680", 0, 123456789012345680.0}, {"0.95", 0, 0.95},
	    {"0.000000000000000000000000000001", 0, 1e-30}, {"8.41", 0, 8.41}};
	double v;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(value_real(cases[i].text, strlen(cases[i].text), &v) == cases[i].rc,
		    "%s", cases[i].text);
		ck_assert_msg(v == cases[i].value, "%s: %.17g", cases[i].text, v);
	}
	value_real("-0.0", 4, &v);
	ck_assert(signbit(v));
}
END_TEST

/* The fewest digits that identify d, not zero: "-D.DDDe+XX". */
static const char *
print_shortest(double d, char text[64])
{
	for (int n = 1; n < 18; n++) {
		snprintf(text, 64, "%.*e", n - 1, d);
		if (strtod(text, NULL) == d)
			break;
	}
	return text;
}

START_TEST(what_is_printed_comes_back)
{
	uint64_t state = 5, bits;
	char text[64];
	double d, v;

	for (int i = 0; i < 40000; i++) {
		bits = random_next(&state);
		memcpy(&d, &bits, sizeof(d));
		if (i % 2 == 0) /* of ordinary size */
			d = (double)(bits >> 11) / (double)(1 + bits % 1000000000);
		if (!isfinite(d) || d == 0)
			continue;
		print_shortest(d, text);
		ck_assert_msg(value_real(text, strlen(text), &v) == 0 && v == d, "%s", text);
		snprintf(text, sizeof(text), "%.*f", (int)(bits % 20), d);
		value_real(text, strlen(text), &v);
		ck_assert_msg(v == strtod(text, NULL), "%s", text);
	}
}
END_TEST

/* The literal's digits and power of ten, without zeros at the ends, as "DDDePOWER". */
static const char *
canonical(const char *num, char out[64])
{
	const char *e = strchr(num, 'e');
	long power = e == NULL ? 0 : strtol(e + 1, NULL, 10);
	size_t n = 0;
	int point = 0;

	for (; *num != '\0' && num != e; num++) {
		if (*num == '.')
			point = 1;
		else if (n > 0 || *num != '0')
			out[n++] = *num;
		power -= point && *num != '.';
	}
	for (; n > 0 && out[n - 1] == '0'; n--)
		power++;
	snprintf(out + n, 64 - n, "e%ld", power);
	return out;
}

START_TEST(a_literal_is_exact_where_its_double_prints_it)
{
	uint64_t state = 6;
	char text[64], printed[64], want[64], have[64];
	size_t digits, at, n, exact = 0;
	double v;
	int rc, same;

	for (int i = 0; i < 60000; i++) {
		digits = 14 + random_next(&state) % 5;
		at = random_next(&state) % digits; /* where the point stands; 0: "0.DDD" */
		n = at == 0 ? (size_t)snprintf(text, sizeof(text), "0.") : 0;
		for (size_t k = 0; k < digits; k++) {
			if (k == at && at > 0)
				text[n++] = '.';
			text[n++] = (char)(k == 0 ? '1' + random_next(&state) % 9
						  : '0' + random_next(&state) % 10);
		}
		text[n] = '\0';
		rc = value_real(text, strlen(text), &v);
		ck_assert_msg(v == strtod(text, NULL), "%s", text);
		same =
		    strcmp(canonical(print_shortest(v, printed), have), canonical(text, want)) == 0;
		ck_assert_msg((rc == 0) == same, "%s: %d, prints as %s", text, rc, printed);
		exact += (size_t)same;
	}
	ck_assert_uint_gt(exact, 20000);
	ck_assert_uint_lt(exact, 50000);
}
END_TEST

START_TEST(halfway_cases_are_rounded_to_even)
{
	/* 2^53 + 1 is halfway; any digit behind it, however far, decides. */
	char text[1200] = "9007199254740993.";
	double v;

	memset(text + 17, '0', 1100);
	value_real(text, 1100, &v);
	ck_assert(v == 9007199254740992.0);
	text[1099] = '1';
	value_real(text, 1100, &v);
	ck_assert(v == 9007199254740994.0);
}
END_TEST

START_TEST(the_locale_does_not_matter)
{
	static const char *const names[] = {
	    "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "ru_RU.UTF-8"};
	double v;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (setlocale(LC_ALL, names[i]) == NULL)
			continue;
		ck_assert_int_eq(value_real("0.30000000000000004", 19, &v), 0);
		ck_assert(v == 0.1 + 0.2);
	}
	setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(strings_are_unescaped)
{
	static const struct {
		const char *text, *want;
		size_t len;
		int lossy;
	} cases[] = {{"", "", 0, 0}, {"plain", "plain", 5, 0},
	    {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 8, 0},
	    {"\\u0041\\u00e9\\u65e5", "A\xc3\xa9\xe6\x97\xa5", 6, 0}, {"a\\u0000b", "a\0b", 3, 0},
	    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80", 4, 0},
	    {"\\uD83D\\uDE00!", "\xf0\x9f\x98\x80!", 5, 0},
	    {"\\uffff\\ud7ff\\ue000", "\xef\xbf\xbf\xed\x9f\xbf\xee\x80\x80", 9, 0},
	    {"\\udbff\\udfff", "\xf4\x8f\xbf\xbf", 4, 0}, {"\\ud83d", "\xef\xbf\xbd", 3, 1},
	    {"x\\ude00y", "x\xef\xbf\xbdy", 5, 1},
	    {"\\ud83d\\ud83d\\ude00", "\xef\xbf\xbd\xf0\x9f\x98\x80", 7, 1},
	    {"\\ud83d\\n", "\xef\xbf\xbd\n", 4, 1},
	    {"\\ud83dx\\ude00", "\xef\xbf\xbdx\xef\xbf\xbd", 7, 1},
	    {"caf\xc3\xa9\\n", "caf\xc3\xa9\n", 6, 0}};
	char out[64];
	int lossy;
	size_t n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = value_unescape(cases[i].text, strlen(cases[i].text), out, &lossy);
		ck_assert_uint_eq(n, cases[i].len);
		ck_assert_mem_eq(out, cases[i].want, n + 1);
		ck_assert_int_eq(lossy, cases[i].lossy);
		/* in its own place, too */
		memcpy(out, cases[i].text, strlen(cases[i].text));
		ck_assert_uint_eq(value_unescape(out, strlen(cases[i].text), out, &lossy), n);
		ck_assert_mem_eq(out, cases[i].want, n + 1);
	}
}
END_TEST

START_TEST(broken_escapes_stay_inside_the_span)
{
	static const char *const cases[] = {"\\", "\\u", "\\u1", "\\u12", "\\u123", "\\ud83d\\",
	    "\\ud83d\\u", "\\ud83d\\ude0", "\\x", "\\uzzzz"};
	char out[32];
	int lossy;
	size_t len;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		len = strlen(cases[i]);
		ck_assert_uint_le(
		    value_unescape(wall_copy(cases[i], len, 0), len, out, &lossy), len);
	}
}
END_TEST

static int
equal(const char *a, const char *b)
{
	return value_key_equal(
	    a, strlen(a), strchr(a, '\\') != NULL, b, strlen(b), strchr(b, '\\') != NULL);
}

START_TEST(keys_are_compared_by_value)
{
	ck_assert(equal("", "") && equal("name", "name"));
	ck_assert(equal("n\\u0061me", "name") && equal("name", "n\\u0061me"));
	ck_assert(equal("\\u00e9", "\xc3\xa9") && equal("\\u00E9", "\\u00e9"));
	ck_assert(equal("\\ud83d\\ude00", "\xf0\x9f\x98\x80"));
	ck_assert(equal("a\\/b", "a/b"));
	ck_assert(!equal("name", "nam") && !equal("nam", "name") && !equal("a", "b"));
	ck_assert(!equal("n\\u0061me", "nam") && !equal("n\\u0061m", "name"));
	ck_assert(!equal("a\\u0000", "a") && !equal("\\u00e9", "e"));
}
END_TEST

START_TEST(hashes_are_the_same_for_ever)
{
	static const char text[] = "Nobody inspects the spammish repetition";
	char bytes[101];
	uint64_t all = 0;

	ck_assert_uint_eq(value_hash("", 0), UINT64_C(0xef46db3751d8e999));
	ck_assert_uint_eq(value_hash("a", 1), UINT64_C(0xd24ec4f1a98c6e5b));
	ck_assert_uint_eq(value_hash("abc", 3), UINT64_C(0x44bc2cf5ad770999));
	ck_assert_uint_eq(value_hash(text, sizeof(text) - 1), UINT64_C(0xfbcea83c8a378bf1));
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * 37);
	for (size_t i = 0; i <= sizeof(bytes); i++)
		all = all * 31 + value_hash(wall_copy(bytes, i, 0), i);
	ck_assert_uint_eq(all, UINT64_C(1965060985521336005));
}
END_TEST

START_TEST(hashes_spread)
{
	unsigned buckets[256] = {0};
	char text[32];

	for (int i = 0; i < 256 * 100; i++) {
		snprintf(text, sizeof(text), "key-%d", i);
		buckets[value_hash(text, strlen(text)) & 255]++;
	}
	for (size_t i = 0; i < 256; i++)
		ck_assert(buckets[i] > 50 && buckets[i] < 150);
}
END_TEST

static Suite *
value_suite(void)
{
	Suite *s = suite_create("value");
	TCase *t = tcase_create("value");

	tcase_add_test(t, integers_are_exact_or_refused);
	tcase_add_test(t, reals_say_whether_they_come_back);
	tcase_add_test(t, what_is_printed_comes_back);
	tcase_add_test(t, a_literal_is_exact_where_its_double_prints_it);
	tcase_add_test(t, halfway_cases_are_rounded_to_even);
	tcase_add_test(t, the_locale_does_not_matter);
	tcase_add_test(t, strings_are_unescaped);
	tcase_add_test(t, broken_escapes_stay_inside_the_span);
	tcase_add_test(t, keys_are_compared_by_value);
	tcase_add_test(t, hashes_are_the_same_for_ever);
	tcase_add_test(t, hashes_spread);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(value_suite())
