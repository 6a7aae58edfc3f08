/* Laws of what lies between host/net/http and a server: where a name leads, and what a proxy of the environment may know. */
#include <config.h>

#include "http-fixture.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "net/address.h"
#include "net/proxy.h"

#define PUBLIC "api.somewhere.com"

/* In the place of libc's, also for libcurl: PUBLIC leads home. */
__attribute__((visibility("default"))) int
getaddrinfo(
    const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **out)
{
	int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
	void *found = dlsym(RTLD_NEXT, "getaddrinfo");

	memcpy(&real, &found, sizeof(real));
	return real(
	    name != NULL && strcmp(name, PUBLIC) == 0 ? "127.0.0.1" : name, service, hints, out);
}

START_TEST(private_addresses_are_known)
{
	static const char *const yes[] = {"127.0.0.1", "10.1.2.3", "172.16.0.1", "172.31.255.255",
	    "192.168.1.1", "169.254.169.254", "100.64.0.1", "100.127.0.1", "0.0.0.0", "::1",
	    "::", "fd00::1", "fc00::1", "fe80::1", "fe80::1%eth0", "febf::1", "::ffff:10.0.0.1"};
	static const char *const no[] = {"8.8.8.8", "172.15.0.1", "172.32.0.1", "100.63.0.1",
	    "100.128.0.1", "192.169.0.1", "11.0.0.1", "2001:db8::1", "fec0::1", "::ffff:8.8.8.8",
	    "", "localhost", "10.0.0", "999.1.1.1",
	    "1111111111111111111111111111111111111111111111111111111"};

	for (size_t i = 0; i < COUNT(yes); i++)
		ck_assert_msg(address_is_private(yes[i]), "%s", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		ck_assert_msg(!address_is_private(no[i]), "%s", no[i]);
}
END_TEST

START_TEST(public_names_are_known)
{
	static const char *const yes[] = {"api.example.com", "a.b", "1.2.3.4.nip.io", "x.de."};
	static const char *const no[] = {"localhost", "api", "api.localhost", "nas.local",
	    "db.internal", "x.LAN", "router.home.arpa", "a.test", "10.0.0.1", "8.8.8.8", "[::1]",
	    "", "x.local."};

	for (size_t i = 0; i < COUNT(yes); i++)
		ck_assert_msg(
		    address_looks_public((struct ab_str){yes[i], strlen(yes[i])}), "%s", yes[i]);
	for (size_t i = 0; i < COUNT(no); i++)
		ck_assert_msg(
		    !address_looks_public((struct ab_str){no[i], strlen(no[i])}), "%s", no[i]);
}
END_TEST

START_TEST(a_public_name_that_leads_home_is_told_once)
{
	static const struct wire_step steps[] = {JSON_200("[]")};
	const struct http_env env = {.ctx = &outside, .cancelled = is_cancelled, .log = note_log};
	char endpoint[128];
	json_t *mine;
	struct http *h;
	struct http_env with = env;
	const struct ab_request r = {.size = sizeof(r), .url = "users"};
	struct http_response *resp;

	wire = wire_start(steps, COUNT(steps));
	snprintf(endpoint, sizeof(endpoint), "http://%s:%u/",
	    _i == 0	  ? PUBLIC
		: _i == 1 ? "localhost"
			  : "127.0.0.1",
	    wire_port(wire));
	mine = json_pack("{s:s}", "base_url", endpoint);
	with.config = mine;
	ck_assert_int_eq(http_new(&with, NULL, NULL, &h, &error), AB_OK);
	ck_assert_int_eq(
	    http_endpoint(h, "{\"base_url\": {\"config\": \"base_url\"}}", &error), AB_OK);
	for (int i = 0; i < 3; i++) {
		ck_assert_msg(http_request(h, &r, &resp, &error) == AB_OK, "%s", error.text);
		http_response_free(resp);
	}
	if (_i == 0)
		ck_assert_str_eq(outside.logged,
		    PUBLIC
		    " looks like a public name and leads to 127.0.0.1, an address of a private "
		    "network; the credentials go there\n");
	else
		ck_assert_str_eq(outside.logged, "");
	http_free(h);
	json_decref(mine);
}
END_TEST

START_TEST(what_a_proxy_wants_to_know_is_hidden)
{
	static const char *const urls[] = {"http://user:pass%2Fw0rd@proxy:3128",
	    "user:pass%2Fw0rd@proxy", "socks5h://user:pass%2Fw0rd@[::1]:1080/",
	    "http://token-0815@proxy", "http://proxy:3128", "", "@", "http://user:@proxy"};
	static const char *const names[] = {
	    "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"};
	char text[128];

	for (size_t i = 0; i < COUNT(urls); i++) {
		setenv(names[i % COUNT(names)], urls[i], 1);
		redact_fini();
		ck_assert_int_eq(proxy_hide(), 0);
		snprintf(text, sizeof(text), "%s pass/w0rd", urls[i]);
		redact_text(text);
		if (i < 3)
			ck_assert_msg(strstr(text, "w0rd") == NULL, "%s", text);
		ck_assert_msg(strstr(text, "0815") == NULL, "%s", text);
		unsetenv(names[i % COUNT(names)]);
	}
}
END_TEST

START_TEST(a_proxy_is_found_as_libcurl_finds_it)
{
	unsetenv("https_proxy");
	unsetenv("HTTPS_PROXY");
	setenv("HTTP_PROXY", "http://evil/", 1);
	ck_assert_ptr_null(proxy_variable(0));
	ck_assert_ptr_null(proxy_variable(1));
	setenv("HTTPS_PROXY", "http://p/", 1);
	ck_assert_ptr_null(proxy_variable(0));
	ck_assert_str_eq(proxy_variable(1), "HTTPS_PROXY");
	setenv("all_proxy", "http://p/", 1);
	ck_assert_str_eq(proxy_variable(0), "all_proxy");
}
END_TEST

/* It may be that somebody else's address is the private one. */
START_TEST(behind_a_proxy_no_address_is_looked_at)
{
	static const struct wire_step steps[] = {
	    JSON_200("[]"), {.head = "407 X\r\n", .body = "who?"}};
	char proxy[64];

	begin(steps, COUNT(steps), BEARER);
	snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", wire_port(wire));
	setenv("http_proxy", proxy, 1);
	http_free(http);
	open_http();
	ck_assert_int_eq(
	    http_endpoint(http, "{\"base_url\": \"http://127.0.0.1:1/\"}", &error), AB_OK);
	expect_body("users", "[]");
	ck_assert(has_line(0, "GET http://127.0.0.1:1/users HTTP/1.1\r\n"));
	ck_assert_str_eq(outside.logged, "");
	expect_error("users", AB_ECONFIG,
	    "407 Proxy Authentication Required: who? - the proxy of the environment wants");
}
END_TEST

static Suite *
transport_suite(void)
{
	Suite *s = suite_create("http-transport");
	TCase *t = tcase_create("http-transport");

	tcase_add_checked_fixture(t, http_set_up, http_tear_down);
	tcase_add_test(t, private_addresses_are_known);
	tcase_add_test(t, public_names_are_known);
	tcase_add_loop_test(t, a_public_name_that_leads_home_is_told_once, 0, 3);
	tcase_add_test(t, what_a_proxy_wants_to_know_is_hidden);
	tcase_add_test(t, a_proxy_is_found_as_libcurl_finds_it);
	tcase_add_test(t, behind_a_proxy_no_address_is_looked_at);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(transport_suite())
