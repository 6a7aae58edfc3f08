/* Laws of host/net/url: references resolve as RFC 3986 says, nothing dangerous passes, nothing secret is shown. */
#include "suite.h"

#include <string.h>

#include "net/url.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct buf out;

static void
set_up(void)
{
	buf_init(&out, URL_MAX);
}

static void
tear_down(void)
{
	buf_fini(&out);
}

START_TEST(references_resolve_as_the_rfc_says)
{
	/* RFC 3986, 5.4, against http://a/b/c/d;p?q; fragments are dropped, a scheme needs "://". */
	static const char *const cases[][2] = {{"g", "/b/c/g"}, {"./g", "/b/c/g"},
	    {"g/", "/b/c/g/"}, {"/g", "/g"}, {"?y", "/b/c/d;p?y"}, {"g?y", "/b/c/g?y"},
	    {"#s", "/b/c/d;p?q"}, {"g#s", "/b/c/g"}, {"g?y#s", "/b/c/g?y"}, {";x", "/b/c/;x"},
	    {"g;x", "/b/c/g;x"}, {"", "/b/c/d;p?q"}, {".", "/b/c/"}, {"./", "/b/c/"}, {"..", "/b/"},
	    {"../", "/b/"}, {"../g", "/b/g"}, {"../..", "/"}, {"../../", "/"}, {"../../g", "/g"},
	    {"../../../g", "/g"}, {"../../../../g", "/g"}, {"/./g", "/g"}, {"/../g", "/g"},
	    {"g.", "/b/c/g."}, {".g", "/b/c/.g"}, {"g..", "/b/c/g.."}, {"..g", "/b/c/..g"},
	    {"./../g", "/b/g"}, {"./g/.", "/b/c/g/"}, {"g/./h", "/b/c/g/h"}, {"g/../h", "/b/c/h"},
	    {"g;x=1/./y", "/b/c/g;x=1/y"}, {"g;x=1/../y", "/b/c/y"}, {"g?y/./x", "/b/c/g?y/./x"},
	    {"g?y/../x", "/b/c/g?y/../x"}, {"docs:batchGet", "/b/c/docs:batchGet"},
	    {"a//b", "/b/c/a//b"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_ptr_null(url_join("http://a/b/c/d;p?q", cases[i][0], &out));
		ck_assert_msg(strcmp(out.ptr + strlen("http://a"), cases[i][1]) == 0, "%s: %s",
		    cases[i][0], out.ptr);
	}
}
END_TEST

START_TEST(whole_urls_are_normalised)
{
	static const char *const cases[][3] = {{"https://h/v1/", "users", "https://h/v1/users"},
	    {"https://h/v1/", "/users", "https://h/users"},
	    {"https://h/v1/", "http://Other.Example:81/x", "http://other.example:81/x"},
	    {"https://h/v1/", "//other/x?y", "https://other/x?y"},
	    {NULL, "HTTPS://H", "https://h/"}, {NULL, "https://h?x", "https://h/?x"},
	    {NULL, "https://[::1]:8080/x", "https://[::1]:8080/x"},
	    {NULL, "https://h/a b/\xc3\xa9?q=\"<x>\"#f", "https://h/a%20b/%C3%A9?q=%22%3Cx%3E%22"},
	    {NULL, "https://h/100%25?a[b]=c|d", "https://h/100%25?a[b]=c%7Cd"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_ptr_null(url_join(cases[i][0], cases[i][1], &out));
		ck_assert_str_eq(out.ptr, cases[i][2]);
	}
}
END_TEST

START_TEST(what_is_no_url_of_ours_is_refused)
{
	static const char *const cases[][2] = {{"users", "no base_url"},
	    {"https://u:p@h/", "user name or a password"},
	    {"https://u@h/", "user name or a password"}, {"https:///x", "no host"},
	    {"https://:80/", "no host"}, {"file:///etc/passwd", "scheme"}, {"ftp://h/", "scheme"},
	    {"https://h:0/", "port"}, {"https://h:65536/", "port"}, {"https://h:8x/", "port"},
	    {"https://a b/", "characters"}, {"https://good\\evil/", "characters"},
	    {"https://good%2eevil/", "characters"}, {"https://[::1/", "IPv6"},
	    {"https://[fe80::1%25eth0]/", "characters"}, {"https://h/\r\nX: y", "line break"},
	    {"https://h/\x7f", "line break"}, {"", "no base_url"}};
	const char *wrong;

	for (size_t i = 0; i < COUNT(cases); i++) {
		wrong = url_join(NULL, cases[i][0], &out);
		ck_assert_msg(wrong != NULL && strstr(wrong, cases[i][1]) != NULL, "%s: %s",
		    cases[i][0], wrong);
	}
	ck_assert_ptr_nonnull(url_join("https://h/", "//u:p@h/x", &out));
}
END_TEST

START_TEST(a_url_has_a_longest)
{
	static char text[URL_MAX + 2] = "https://h/";

	memset(text + 10, 'a', URL_MAX - 10);
	ck_assert_ptr_null(url_join(NULL, text, &out));
	text[URL_MAX] = 'a';
	ck_assert_ptr_nonnull(url_join(NULL, text, &out));
	text[URL_MAX] = '\0';
	text[100] = ' '; /* three bytes once encoded */
	ck_assert_ptr_nonnull(url_join(NULL, text, &out));
}
END_TEST

START_TEST(origins_are_scheme_host_and_port)
{
	static const struct {
		const char *a, *b;
		int same;
	} cases[] = {{"https://h/x", "https://H:443/y", 1}, {"http://h/", "http://h:80", 1},
	    {"http://h/", "https://h/", 0}, {"https://h/", "https://h:444/", 0},
	    {"https://h/", "https://h.x/", 0}, {"https://h:/", "https://h/", 1},
	    {"http://h:443/", "https://h/", 0}};
	struct url a, b;

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_ptr_null(url_parse(cases[i].a, &a));
		ck_assert_ptr_null(url_parse(cases[i].b, &b));
		ck_assert_msg(
		    url_same_origin(&a, &b) == cases[i].same, "%s %s", cases[i].a, cases[i].b);
		ck_assert_int_eq(url_same_origin(&b, &a), cases[i].same);
	}
}
END_TEST

START_TEST(loopback_is_this_machine_only)
{
	static const char *const yes[] = {"http://localhost/", "http://LOCALHOST:8/",
	    "http://127.0.0.1/", "http://127.9.9.9:1/", "http://[::1]/"};
	static const char *const no[] = {"http://localhost.evil/", "http://127.0.0.1.evil/",
	    "http://10.0.0.1/", "http://[::2]/", "http://127.evil/", "http://xlocalhost/"};
	struct url u;

	for (size_t i = 0; i < COUNT(yes); i++) {
		ck_assert_ptr_null(url_parse(yes[i], &u));
		ck_assert_msg(url_is_loopback(&u), "%s", yes[i]);
	}
	for (size_t i = 0; i < COUNT(no); i++) {
		ck_assert_ptr_null(url_parse(no[i], &u));
		ck_assert_msg(!url_is_loopback(&u), "%s", no[i]);
	}
}
END_TEST

START_TEST(parameters_keep_only_what_is_unreserved)
{
	buf_adds(&out, "https://h/x");
	ck_assert_int_eq(url_add_param(&out, "az-AZ_09.~", "a/b c+d&e=f"), 0);
	ck_assert_int_eq(url_add_param(&out, "\xc3\xa9", ""), 0);
	ck_assert_str_eq(out.ptr, "https://h/x?az-AZ_09.~=a%2Fb%20c%2Bd%26e%3Df&%C3%A9=");
}
END_TEST

START_TEST(messages_show_no_value_and_no_user)
{
	static const char *const cases[][2] = {
	    {"https://h:8/p?a=1&key=s3cret&b#f", "https://h:8/p?a&key&b"},
	    {"https://user:s3cret@h/p", "https://h/p"}, {"https://us@er:s3cret@h/p", "https://h/p"},
	    {"users?x=s3cret", "users?x"}, {"a\r\nb", "a??b"}, {"?=s3cret&&", "?&"}, {"", ""},
	    {"//user:s3cret@h", "h"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		buf_reset(&out);
		ck_assert_int_eq(url_describe(cases[i][0], &out), 0);
		ck_assert_str_eq(buf_str(&out), cases[i][1]);
	}
}
END_TEST

static Suite *
url_suite(void)
{
	Suite *s = suite_create("url");
	TCase *t = tcase_create("url");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, references_resolve_as_the_rfc_says);
	tcase_add_test(t, whole_urls_are_normalised);
	tcase_add_test(t, what_is_no_url_of_ours_is_refused);
	tcase_add_test(t, a_url_has_a_longest);
	tcase_add_test(t, origins_are_scheme_host_and_port);
	tcase_add_test(t, loopback_is_this_machine_only);
	tcase_add_test(t, parameters_keep_only_what_is_unreserved);
	tcase_add_test(t, messages_show_no_value_and_no_user);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(url_suite())
