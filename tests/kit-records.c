/* kit-records.c - the REST kit: what is found in an answer, and where its links lead. */
#include <abhost/rest.h>
#include <stdlib.h>

#include "kit.h"
#include "kit_host.h"
#include "suite.h"

START_TEST(records_are_an_array_one_object_or_null)
{
	struct rest_stream s = {.name = "items", .records = "a.b"};
	static const struct {
		const char *body;
		ab_status rc;
		const char *records;
	} t[] = {
	    {"{\"a\": {\"b\": [{}, {}]}}", AB_OK, "[{}, {}]\n"},
	    {"{\"a\": {\"b\": {\"id\": 1}}}", AB_OK, "{\"id\": 1}\n"},
	    {"{\"a\": {\"b\": null}}", AB_OK, ""},
	    {"{\"a\": {\"c\": []}}", AB_EDATA, ""},
	    {"{\"a\": []}", AB_EDATA, ""},
	    {"{\"a\": {\"b\": \"x\"}}", AB_EDATA, ""},
	    {"[]", AB_EDATA, ""},
	};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ck_assert_int_eq(fake_read(&f, &s,
				     (struct canned){200, t[i].body, NULL, NULL, NULL}, NULL, NULL),
		    t[i].rc);
		ck_assert_str_eq(buf_str(&f.records), t[i].records);
		if (t[i].rc != AB_OK)
			ck_assert_ptr_nonnull(strstr(f.why, "a.b"));
	}
	fake_fini(&f);
}
END_TEST

START_TEST(a_star_stands_for_all_elements_or_members)
{
	static const struct {
		const char *path, *body;
		ab_status rc;
		const char *records;
	} t[] = {
	    {"d.*.items",
		"{\"d\": [{\"items\": [{\"a\": 1}, {}]}, {\"items\": []}, {}, {\"items\": null}]}",
		AB_OK, "[{\"a\": 1}, {}]\n[]\n"},
	    {"d.*", "{\"d\": {\"x\": {\"a\": 1}, \"y\": {\"a\": 2}}}", AB_OK,
		"{\"a\": 1}\n{\"a\": 2}\n"},
	    {"*.node", "[{\"node\": {\"a\": 1}}, {\"node\": {\"a\": 2}}]", AB_OK,
		"{\"a\": 1}\n{\"a\": 2}\n"},
	    {"*.*", "{\"x\": [{}, {}], \"y\": {\"k\": {}}}", AB_OK, "{}\n{}\n{}\n"},
	    {"d.*", "{\"d\": null}", AB_OK, ""},
	    {"d.*", "{\"d\": {}}", AB_OK, ""},
	    {"d.1", "{\"d\": [[], [{}]]}", AB_OK, "[{}]\n"},
	    {"d.-1", "{\"d\": [[], [{}]]}", AB_OK, "[{}]\n"},
	    {"d.*", "{\"e\": []}", AB_EDATA, ""},
	    {"d.*", "{\"d\": \"x\"}", AB_EDATA, ""},
	    {"d.*", "{\"d\": [1]}", AB_EDATA, ""},
	    {"d.2", "{\"d\": [[], [{}]]}", AB_EDATA, ""},
	};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = {.name = "items", .records = t[i].path};

		ck_assert_msg(fake_read(&f, &s, (struct canned){200, t[i].body, NULL, NULL, NULL},
				  NULL, NULL) == t[i].rc,
		    "%s of %s: %s", t[i].path, t[i].body, f.why);
		ck_assert_str_eq(buf_str(&f.records), t[i].records);
	}
	fake_fini(&f);
}
END_TEST

/* Wherever the chunks are cut. */
START_TEST(json_lines_are_a_record_each)
{
	struct rest_stream s = {
	    .name = "items", .lines = 1, .pager = {.kind = REST_OFFSET, .param = "at"}};
	struct canned page = {
	    200, "{\"a\": 1}\r\n\n{\"b\": \"\\n\"}\n  \n{\"c\": 3}", NULL, NULL, NULL};
	struct fake f;

	fake_init(&f, "{}");
	for (f.response.chunk = 0; f.response.chunk < 40; f.response.chunk++) {
		ck_assert_int_eq(fake_read(&f, &s, page, NULL, NULL), AB_OK);
		ck_assert_str_eq(buf_str(&f.records), "{\"a\": 1}\n{\"b\": \"\\n\"}\n{\"c\": 3}\n");
		ck_assert_str_eq(f.token, "3");
		ck_assert_str_eq(buf_str(&f.options), "{\"stream\": true}");
	}
	fake_fini(&f);
}
END_TEST

START_TEST(records_may_be_chosen_and_made_anew)
{
	static const char *const add[] = {"city", "home.city", "a", "home.a", NULL};
	static const char *const drop[] = {"secret", NULL};
	static const struct {
		struct rest_stream s;
		const char *body, *records;
	} t[] = {
	    {{.records = "d.*", .key_as = "code"},
		"{\"d\": {\"x\\\"\": {\"a\": 1}, \"y\": {\"code\": 2}}}",
		"{\"code\": \"x\\\"\", \"a\": 1}\n{\"code\": \"y\"}\n\n"},
	    {{.add = add}, "[{\"a\": 1, \"home\": {\"city\": \"\\u00e9\", \"a\": [2]}}, {}]",
		"{\"city\": \"\\u00e9\", \"a\": [2], \"home\": {\"city\": \"\\u00e9\", \"a\": [2]}}\n"
		"{\"city\": null, \"a\": null}\n\n"},
	    {{.drop = drop}, "[{\"secret\": 1, \"n\": 1.50}, {\"secret\": 2}]",
		"{\"n\": 1.50}\n{}\n\n"},
	    {{.only = {.field = "t.k", .is = "a"}},
		"[{\"t\": {\"k\": \"a\"}}, {\"t\": {\"k\": \"b\"}}, {}]",
		"{\"t\": {\"k\": \"a\"}}\n"},
	    {{.only = {.field = "gone", .is_not = "true"}},
		"[{\"gone\": true}, {\"gone\": false}, {}]", "{\"gone\": false}\n{}\n"},
	    {{.lines = 1, .drop = drop}, "{\"secret\": 1, \"n\": 1}\n{\"n\": 2}",
		"{\"n\": 1}\n{\"n\": 2}\n\n"},
	};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = t[i].s;

		s.name = "items";
		ck_assert_msg(fake_read(&f, &s, (struct canned){200, t[i].body, NULL, NULL, NULL},
				  NULL, NULL) == AB_OK,
		    "%s", f.why);
		ck_assert_str_eq(buf_str(&f.records), t[i].records);
	}
	fake_fini(&f);
}
END_TEST

static void
answer_lines(struct fake *f, const char *url, const char *params, struct ab_response *out)
{
	const struct buf *body = f->ctx;

	(void)url;
	(void)params;
	buf_add(&out->body, buf_str(body), body->len);
}

/* An export of any size: pages of some megabytes, each line once, whatever the chunks. */
START_TEST(a_long_body_of_lines_fills_many_pages)
{
	struct rest_stream s = {.name = "items", .lines = 1};
	struct ab_read read = {.size = sizeof(read), .stream = "items"};
	struct buf body, got;
	struct fake f;
	struct rest *r;
	char *token = NULL;
	int pages = 0;

	fake_init(&f, "{}");
	buf_init(&body, 64 << 20);
	buf_init(&got, 64 << 20);
	while (body.len < (9u << 20))
		buf_addf(&body, "{\"n\": %zu}\n", body.len);
	f.answer = answer_lines;
	f.ctx = &body;
	f.response.chunk = 1000003;
	r = fake_open(&f, NULL);
	do {
		fake_reset(&f);
		read.token = token;
		ck_assert_msg(rest_read_stream(r, &s, &read, FAKE_PAGE(&f)) == AB_OK, "%s", f.why);
		ck_assert_uint_lt(f.records.len, 6u << 20);
		for (const char *p = buf_str(&f.records); *p != '\0'; p++)
			if (*p != '\n' || p[1] != '\n') /* the fake ends each emit with one more */
				buf_addc(&got, *p);
		free(token);
		token = f.token;
		f.token = NULL;
		pages++;
	} while (token != NULL);
	ck_assert_int_eq(pages, 3); /* the last one finds the end */
	ck_assert_uint_eq(got.len, body.len);
	ck_assert_int_eq(memcmp(buf_str(&got), buf_str(&body), body.len), 0);
	read.token = "lines:1.1"; /* of a source that is gone */
	ck_assert_int_eq(rest_read_stream(r, &s, &read, FAKE_PAGE(&f)), AB_ESTALE);
	rest_close(r);
	buf_fini(&body);
	buf_fini(&got);
	fake_fini(&f);
}
END_TEST

/* One source may read many streams in turns: none of them loses its place. */
START_TEST(many_bodies_of_lines_may_be_open)
{
	struct rest_stream s = {.name = "items", .lines = 1};
	struct ab_read read = {.size = sizeof(read), .stream = "items"};
	struct buf body;
	struct fake f;
	struct rest *r;

	fake_init(&f, "{}");
	buf_init(&body, 64 << 20);
	while (body.len < (5u << 20))
		buf_addf(&body, "{\"n\": %zu}\n", body.len);
	f.answer = answer_lines;
	f.ctx = &body;
	f.response.chunk = 1000003;
	r = fake_open(&f, NULL);
	for (int i = 0; i < 8; i++) {
		fake_reset(&f);
		ck_assert_msg(rest_read_stream(r, &s, &read, FAKE_PAGE(&f)) == AB_OK, "%s", f.why);
	}
	fake_reset(&f);
	read.token = "lines:1.1";
	ck_assert_msg(rest_read_stream(r, &s, &read, FAKE_PAGE(&f)) == AB_OK, "%s", f.why);
	rest_close(r);
	buf_fini(&body);
	fake_fini(&f);
}
END_TEST

START_TEST(a_line_without_an_end_is_given_up)
{
	struct rest_stream s = {.name = "items", .lines = 1};
	struct ab_read read = {.size = sizeof(read), .stream = "items"};
	struct buf body;
	struct fake f;
	struct rest *r;
	ab_status rc;

	fake_init(&f, "{}");
	buf_init(&body, 128 << 20);
	ck_assert_ptr_nonnull(buf_reserve(&body, 66 << 20));
	memset(body.ptr, 'x', 66 << 20);
	body.len = 66 << 20;
	f.answer = answer_lines;
	f.ctx = &body;
	f.response.chunk = 1 << 20;
	r = fake_open(&f, NULL);
	do {
		free(f.token);
		f.token = NULL;
		rc = rest_read_stream(r, &s, &read, FAKE_PAGE(&f));
		read.token = "lines:1.1";
	} while (rc == AB_OK && f.token != NULL);
	ck_assert_int_eq(rc, AB_EDATA);
	ck_assert_str_eq(
	    f.why, "items: a line of the answer has not ended after 64 MiB: are these JSON Lines?");
	rest_close(r);
	buf_fini(&body);
	fake_fini(&f);
}
END_TEST

START_TEST(a_next_page_of_another_origin_is_refused)
{
	struct rest_stream s = {.name = "items", .pager = {.kind = REST_LINK}};
	static const char *const links[] = {"<https://evil.example/v1/items>; rel=next",
	    "<http://api.example.com/v1/items>; rel=next", "<//evil.example/>; rel=next",
	    "<https://api.example.com:444/>; rel=next",
	    "<https://api.example.com@evil.example/>; rel=next"};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		ck_assert_int_eq(
		    fake_read(&f, &s, (struct canned){200, "[]", links[i], NULL, NULL}, NULL, NULL),
		    AB_EDATA);
		ck_assert_ptr_nonnull(strstr(f.why, "origin"));
		ck_assert_ptr_null(f.token);
	}
	ck_assert_int_eq(
	    fake_read(&f, &s,
		(struct canned){200, "[]", "<https://API.example.com:443/x>; rel=next", NULL, NULL},
		NULL, NULL),
	    AB_OK);
	ck_assert_str_eq(f.token, "https://API.example.com:443/x");
	fake_fini(&f);
}
END_TEST

START_TEST(link_headers_are_read_as_rfc_8288_has_them)
{
	static const struct {
		const char *header, *next;
	} t[] = {
	    {"<u>; rel=next", "u"},
	    {"<u>; rel=\"next\"", "u"},
	    {"<u> ; REL = \"NeXT\"", "u"},
	    {"<a>; rel=prev, <u>; rel=\"last next\"", "u"},
	    {"<a,b;c>; rel=next", "a,b;c"},
	    {"<a>; title=\"rel=next, <x>; \\\"\"; rel=prev, <u>; rel=next", "u"},
	    {"<a>; rel=prev; rel=next", NULL}, /* the first rel counts */
	    {"<a>; rel=nextish", NULL},
	    {"<a>; anchor; rel=next", "a"},
	    {", ,<u>;rel=next,", "u"},
	    {"<a>", NULL},
	    {"<a", NULL},
	    {"a; rel=next", NULL},
	    {"", NULL},
	    {"<>; rel=next", ""},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		size_t len = 0;
		const char *got = link_next(t[i].header, &len);

		ck_assert_msg((got == NULL) == (t[i].next == NULL), "%s", t[i].header);
		if (got != NULL)
			ck_assert_msg(len == strlen(t[i].next) && memcmp(got, t[i].next, len) == 0,
			    "%s gave %.*s", t[i].header, (int)len, got);
	}
}
END_TEST

START_TEST(relative_links_are_resolved_against_the_page_they_stand_on)
{
	static const struct {
		const char *base, *ref, *want;
	} t[] = {
	    {"https://h/v1/items?p=1", "?p=2", "https://h/v1/items?p=2"},
	    {"https://h/v1/items?p=1", "/v2/x", "https://h/v2/x"},
	    {"https://h/v1/items", "x?p=2", "https://h/v1/x?p=2"},
	    {"https://h/v1/", "x", "https://h/v1/x"},
	    {"https://h", "x", "https://h/x"},
	    {"https://h?a=/b", "x", "https://h/x"},
	    {"http://h/v1/", "//g/x", "http://g/x"},
	    {"http://h/v1/", "https://g/x", "https://g/x"},
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct text out = {0};

		link_resolve(t[i].base, t[i].ref, strlen(t[i].ref), &out);
		ck_assert_str_eq(out.ptr, t[i].want);
		text_fini(&out);
	}
}
END_TEST

START_TEST(a_full_page_that_does_not_say_whether_there_is_more_is_doubted)
{
	static const struct {
		const char *body, *from, *more;
		int doubted;
	} t[] = {
	    {"{\"d\": [{}, {}]}", "meta.next", NULL, 1},
	    {"{\"d\": [{}, {}], \"meta\": {\"next\": \"x\"}}", "meta.next", "mata.more", 1},
	    {"{\"d\": [{}, {}], \"meta\": {}}", "meta.next", NULL, 1},
	    {"{\"d\": [{}, {}], \"meta\": {\"next\": null}}", "meta.next", NULL, 0},
	    {"{\"d\": [{}, {}], \"meta\": {\"next\": \"\"}}", "meta.next", NULL, 0},
	    {"{\"d\": [{}]}", "meta.next", NULL, 0},
	    {"{\"d\": [{}, {}]}", "next", NULL, 1},
	    {"{\"d\": [{}]}", "next", NULL, 0},
	    {"{\"d\": [{}, {}]}", "header:X.Next", NULL, 1},
	    /* it has said that there is no more */
	    {"{\"d\": [{}, {}], \"more\": false}", "next", "more", 0},
	};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = {.name = "items",
		    .records = "d",
		    .size = {.param = "limit", .value = 2},
		    .pager = {REST_CURSOR, .param = "at", .from = t[i].from, .more = t[i].more}};

		f.logged[0] = '\0';
		ck_assert_int_eq(fake_read(&f, &s,
				     (struct canned){200, t[i].body, NULL, NULL, NULL}, NULL, NULL),
		    AB_OK);
		ck_assert_msg((strstr(f.logged, "is the path right?") != NULL) == t[i].doubted,
		    "%zu: %s", i, f.logged);
	}
	fake_fini(&f);
}
END_TEST

static Suite *
records_suite(void)
{
	Suite *suite = suite_create("kit-records");
	TCase *records = tcase_create("records"), *links = tcase_create("links");

	tcase_add_test(records, records_are_an_array_one_object_or_null);
	tcase_add_test(records, a_star_stands_for_all_elements_or_members);
	tcase_add_test(records, records_may_be_chosen_and_made_anew);
	tcase_add_test(records, a_long_body_of_lines_fills_many_pages);
	tcase_add_test(records, many_bodies_of_lines_may_be_open);
	tcase_add_test(records, a_line_without_an_end_is_given_up);
	tcase_add_test(records, json_lines_are_a_record_each);
	tcase_add_test(records, a_full_page_that_does_not_say_whether_there_is_more_is_doubted);
	suite_add_tcase(suite, records);
	tcase_add_test(links, a_next_page_of_another_origin_is_refused);
	tcase_add_test(links, link_headers_are_read_as_rfc_8288_has_them);
	tcase_add_test(links, relative_links_are_resolved_against_the_page_they_stand_on);
	suite_add_tcase(suite, links);
	return suite;
}

SUITE_MAIN(records_suite())
