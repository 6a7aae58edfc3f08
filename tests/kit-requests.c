/* kit-requests.c - the REST kit: where things go in a request, and how they are written there. */
#include <abhost/rest.h>
#include <stdlib.h>

#include "kit.h"
#include "kit_host.h"
#include "suite.h"

static const struct canned none = {200, "[]", NULL, NULL, NULL};

START_TEST(a_token_goes_where_the_table_says)
{
	static const struct {
		enum rest_place place;
		const char *param, *asked;
	} t[] = {
	    {REST_IN_QUERY, "after", "items?limit=9&after=a/b\"c\n"},
	    {REST_IN_HEADER, "X-After", "items?limit=9\nX-After: a/b\"c\n"},
	    {REST_IN_JSON, "page.after",
		"POST items?limit=9\n{\"page\": {\"after\": \"a/b\\\"c\"}}\n"},
	    {REST_IN_FORM, "after",
		"POST items?limit=9\nContent-Type: application/x-www-form-urlencoded\n"
		"after=a%2Fb%22c\n"},
	    {REST_IN_PATH, NULL, "items/a%2Fb%22c?limit=9\n"},
	};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = {.name = "items",
		    .size = {.param = "limit", .value = 9},
		    .pager = {.kind = REST_CURSOR,
			.param = t[i].param,
			.from = "next",
			.place = t[i].place}};

		s.records = "d";
		fake_asks(&f, &s, (struct canned){200, "{\"d\": []}", NULL, NULL, NULL}, NULL,
		    "a/b\"c", t[i].asked);
	}
	fake_fini(&f);
}
END_TEST

START_TEST(size_token_and_cursor_share_one_json_body)
{
	struct rest_stream s = {.name = "search",
	    .body = {.kind = REST_JSON,
		.text = AB_JSON({"query" : {"type" : "a"}, "page" : {"size" : 1, "order" : "up"}})},
	    .size = {.param = "page.size", .value = 50, .place = REST_IN_JSON},
	    .cursor = {.field = "at", .param = "query.since", .place = REST_IN_JSON},
	    .pager = {.kind = REST_OFFSET, .param = "page.from", .place = REST_IN_JSON}};
	struct fake f;

	fake_init(&f, "{}");
	fake_asks(&f, &s, none, "{\"at\": 17}", "100",
	    "POST search?\n{\"query\": {\"type\": \"a\", \"since\": 17}, \"page\": {\"size\": 50, "
	    "\"order\": \"up\", \"from\": 100}}\n");
	ck_assert_ptr_nonnull(strstr(buf_str(&f.options), "\"idempotent\": true"));
	fake_asks(&f, &s, none, "{\"at\": \"x\"}", NULL,
	    "POST search?\n{\"query\": {\"type\": \"a\", \"since\": \"x\"}, \"page\": {\"size\": "
	    "50, \"order\": \"up\", \"from\": 0}}\n");
	fake_fini(&f);
}
END_TEST

START_TEST(a_graphql_query_gets_its_variables)
{
	struct rest_stream s = {.name = "repos",
	    .url = "graphql",
	    .records = "data.repos.edges.*.node",
	    .body = {.kind = REST_GRAPHQL,
		.text = "query ($n: Int) { repos(first: $n) {pageInfo{endCursor}} }\n",
		.variables = AB_JSON({"org" : "{config.org}"})},
	    .size = {.param = "variables.n", .value = 2, .place = REST_IN_JSON},
	    .pager = {.kind = REST_CURSOR,
		.param = "variables.after",
		.place = REST_IN_JSON,
		.from = "data.repos.pageInfo.endCursor",
		.more = "data.repos.pageInfo.hasNextPage"}};
	struct canned page = {200,
	    AB_JSON({
		    "data" : {
			    "repos" : {
				    "edges" : [ {"node" : {"id" : 1}}, {"node" : {"id" : 2}} ],
				    "pageInfo" : {"hasNextPage" : true, "endCursor" : "e2"}
			    }
		    }
	    }),
	    NULL, NULL, NULL};
	struct fake f;

	fake_init(&f, "{\"org\": \"a\\\"b\"}");
	fake_asks(&f, &s, page, NULL, "e0",
	    "POST graphql?\n{\"query\": \"query ($n: Int) { repos(first: $n) "
	    "{pageInfo{endCursor}} }\\u000a\", \"variables\": {\"org\": \"a\\\"b\", \"n\": 2, "
	    "\"after\": \"e0\"}}\n");
	ck_assert_str_eq(buf_str(&f.records), "{\"id\" : 1}\n{\"id\" : 2}\n");
	ck_assert_str_eq(f.token, "e2");
	page.body = AB_JSON({
		"data" : {
			"repos" :
			    {"edges" : [], "pageInfo" : {"hasNextPage" : false, "endCursor" : "e2"}}
		}
	});
	ck_assert_int_eq(fake_read(&f, &s, page, NULL, "e1"), AB_OK);
	ck_assert_ptr_null(f.token);
	fake_fini(&f);
}
END_TEST

START_TEST(templates_are_filled_in_for_the_place_where_they_stand)
{
	static const char *const params[] = {"q", "org:{config.org} {x y}", "ids", "{config.ids}",
	    "left_out", "is {config.absent}", "on", "{config.on}", "n", "{config.n}", NULL};
	static const char *const headers[] = {
	    "X-Org", "{config.org}", "X-No", "{config.absent}", NULL};
	struct rest_stream s = {.name = "items",
	    .url = "orgs/{config.org}/items?kind={config.org}",
	    .params = params,
	    .headers = headers,
	    .body = {.kind = REST_JSON,
		.text = "{\"org\": \"o {config.org}\", \"ids\": {config.ids}, \"no\": "
			"{config.absent}, \"nos\": \"{config.absent}\", \"p\": {partition.id}}"}};
	struct fake f;

	fake_init(
	    &f, "{\"org\": \"a/b \\\"\\u00e9\", \"ids\": [1, \"x\"], \"on\": true, \"n\": 12.50}");
	f.partition = "{\"id\": 7}";
	fake_asks(&f, &s, none, NULL, NULL,
	    "POST orgs/a%2Fb%20%22%C3%A9/items?kind=a%2Fb%20%22%C3%A9?q=org:a/b \"\xc3\xa9 {x y}"
	    "&ids=1,x&on=true&n=12.50\n"
	    "X-Org: a/b \"\xc3\xa9\n"
	    "{\"org\": \"o a/b \\\"\xc3\xa9\", \"ids\": [1, \"x\"], \"no\": null, \"nos\": "
	    "\"\", \"p\": 7}\n");
	fake_fini(&f);
}
END_TEST

START_TEST(a_template_that_says_what_it_cannot_say_is_refused)
{
	static const struct {
		const char *url, *why;
		ab_status rc;
	} t[] = {
	    {"x/{config.absent}", "config.absent", AB_ECONFIG},
	    {"x/{config.secret}", "auth", AB_EBUG},
	    {"x/{confg.org}", "{confg.org}", AB_EBUG},
	    {"x/{config}", "{config}", AB_EBUG},
	    {"x/{partition.id}", "partition.id", AB_EBUG},
	    {"x/{config.object}", "object", AB_ECONFIG},
	};
	struct fake f;

	fake_init(&f, "{\"secret\": \"****\", \"object\": {}}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = {.name = "items", .url = t[i].url};

		ck_assert_msg(
		    fake_read(&f, &s, none, NULL, NULL) == t[i].rc, "%s: %s", t[i].url, f.why);
		ck_assert_msg(strstr(f.why, t[i].why) != NULL, "%s", f.why);
		ck_assert_ptr_nonnull(strstr(f.why, "items"));
	}
	fake_fini(&f);
}
END_TEST

START_TEST(forms_and_raw_bodies)
{
	static const char *const fields[] = {
	    "who", "{config.who}", "no", "{config.absent}", "two", "a&b=c", NULL};
	struct rest_stream s = {.name = "items",
	    .method = "PUT",
	    .body = {.kind = REST_FORM, .fields = fields},
	    .size = {.param = "n", .value = 5, .place = REST_IN_FORM}};
	struct fake f;

	fake_init(&f, "{\"who\": \"me & you\"}");
	fake_asks(&f, &s, none, NULL, NULL,
	    "PUT items?\nContent-Type: application/x-www-form-urlencoded\n"
	    "who=me%20%26%20you&two=a%26b%3Dc&n=5\n");
	ck_assert_ptr_null(strstr(buf_str(&f.options), "idempotent"));
	s.body = (struct rest_body){
	    .kind = REST_RAW, .text = "select {id} from t -- {config.who}", .type = "text/sql"};
	s.size.param = NULL;
	fake_asks(&f, &s, none, NULL, NULL,
	    "PUT items?\nContent-Type: text/sql\nselect {id} from t -- me & you\n");
	fake_fini(&f);
}
END_TEST

START_TEST(a_next_url_stands_alone_or_is_completed)
{
	static const char *const params[] = {"expand", "all", "cursor", "1", NULL};
	struct rest_stream s = {.name = "items",
	    .params = params,
	    .size = {.param = "limit", .value = 9},
	    .pager = {.kind = REST_NEXT_URL, .from = "header:Next-Page"}};
	struct canned page = {200, "[]", NULL, "next-page", "/v1/items?cursor=3"};
	struct fake f;

	fake_init(&f, "{}");
	fake_asks(&f, &s, page, NULL, FAKE_BASE "items?cursor=2", FAKE_BASE "items?cursor=2?\n");
	ck_assert_str_eq(f.token, FAKE_BASE "items?cursor=3");
	s.pager.keep = 1;
	fake_asks(&f, &s, page, NULL, FAKE_BASE "items?cursor=2",
	    FAKE_BASE "items?cursor=2?expand=all&limit=9\n");
	s.pager = (struct rest_pager){
	    .kind = REST_CURSOR, .param = "cursor", .from = "header:X-Next", .alone = 1};
	fake_asks(&f, &s, none, NULL, "c", "items?limit=9&cursor=c\n");
	ck_assert_ptr_null(f.token);
	fake_fini(&f);
}
END_TEST

START_TEST(statuses_that_the_table_explains_end_the_stream)
{
	struct rest_stream s = {.name = "items",
	    .records = "data",
	    .errors = AB_JSON([ {"status" : 404, "action" : "end"} ]),
	    .pager = {.kind = REST_CURSOR, .param = "c", .from = "next"}};
	struct fake f;

	fake_init(&f, "{}");
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){404, "", NULL, NULL, NULL}, NULL, NULL), AB_OK);
	ck_assert_str_eq(
	    buf_str(&f.options), "{\"errors\": [ {\"status\" : 404, \"action\" : \"end\"} ]}");
	ck_assert_ptr_null(f.token);
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){404, "", NULL, NULL, NULL}, NULL, "t"), AB_OK);
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){410, "gone", NULL, NULL, NULL}, NULL, "t"),
	    AB_ESTALE);
	s.errors = NULL;
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){204, "", NULL, NULL, NULL}, NULL, NULL), AB_OK);
	fake_fini(&f);
}
END_TEST

START_TEST(the_endpoint_is_a_template_of_the_config)
{
	static const struct rest_api api = {.endpoint = AB_JSON({
		"base_url" : "https://{config.sub}.example.com/v1",
		"headers" : {"X-Account" : "{config.account}", "X-Other" : "{token}"}
	})};
	struct fake f;
	void *self = NULL;

	fake_init(&f, "{\"sub\": \"acme\", \"account\": \"a\\\"b\"}");
	ck_assert_int_eq(rest_open(&f.host, &api, &self), AB_OK);
	ck_assert_str_eq(((struct rest *)self)->base_url, "https://acme.example.com/v1");
	ck_assert_ptr_nonnull(strstr(f.endpoint, "\"a\\\"b\""));
	ck_assert_ptr_nonnull(strstr(f.endpoint, "\"{token}\""));
	rest_close(self);
	fake_fini(&f);
	fake_init(&f, "{\"account\": 1}");
	self = NULL;
	ck_assert_int_eq(rest_open(&f.host, &api, &self), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(f.why, "config.sub"));
	rest_close(self);
	fake_fini(&f);
}
END_TEST

static void
refuse_closed(struct fake *f, const char *url, const char *params, struct ab_response *out)
{
	(void)f;
	(void)params;
	out->status = strcmp(url, "closed") == 0 ? 403 : 200;
	out->header = "Content-Type";
	out->value = strcmp(url, "page") == 0 ? "text/HTML; charset=utf-8" : "application/json";
}

START_TEST(check_asks_for_its_url_or_for_the_first_stream)
{
	static const struct rest_stream streams[] = {{.name = "items"}, {.name = NULL}};
	struct fake f;
	struct rest *r;

	fake_init(&f, "{\"org\": \"a/b\"}");
	f.answer = refuse_closed;
	r = fake_open(&f, streams);
	ck_assert_int_eq(rest_check(r), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "items?\n");
	f.api.check = "orgs/{config.org}";
	fake_reset(&f);
	ck_assert_int_eq(rest_check(r), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "orgs/a%2Fb?\n");
	f.api.check = "closed";
	ck_assert_int_ne(rest_check(r), AB_OK);
	f.api.check = "page";
	ck_assert_int_eq(rest_check(r), AB_ECONFIG);
	rest_close(r);
	fake_fini(&f);
}
END_TEST

static Suite *
requests_suite(void)
{
	Suite *suite = suite_create("kit-requests");
	TCase *tc = tcase_create("requests");

	tcase_add_test(tc, a_token_goes_where_the_table_says);
	tcase_add_test(tc, size_token_and_cursor_share_one_json_body);
	tcase_add_test(tc, a_graphql_query_gets_its_variables);
	tcase_add_test(tc, templates_are_filled_in_for_the_place_where_they_stand);
	tcase_add_test(tc, a_template_that_says_what_it_cannot_say_is_refused);
	tcase_add_test(tc, forms_and_raw_bodies);
	tcase_add_test(tc, a_next_url_stands_alone_or_is_completed);
	tcase_add_test(tc, statuses_that_the_table_explains_end_the_stream);
	tcase_add_test(tc, the_endpoint_is_a_template_of_the_config);
	tcase_add_test(tc, check_asks_for_its_url_or_for_the_first_stream);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(requests_suite())
