/* kit-partitions.c - the REST kit: partitions of parents and lists, and what a partition gives its records. */
#include <abhost/rest.h>
#include <jansson.h>
#include <stdlib.h>

#include "kit.h"
#include "kit_host.h"
#include "suite.h"

/* A tree: orgs 0 .. n-1, each with n repos 10*org + i, each with n issues 10*repo + i; pages of two. */
struct tree {
	int n, requests;
};

static void
serve_tree(struct fake *f, const char *url, const char *params, struct ab_response *out)
{
	struct tree *t = f->ctx;
	const char *at = strstr(params, "at=");
	char *end;
	int from = at == NULL ? 0 : (int)strtol(at + 3, NULL, 10), parent = 0;

	t->requests++;
	for (const char *p = url; *p != '\0'; p++)
		if (*p >= '0' && *p <= '9' && (p == url || p[-1] == '/'))
			parent = (int)strtol(p, &end, 10);
	buf_adds(&out->body, "{\"d\": [");
	for (int i = from; i < t->n && i < from + 2; i++)
		buf_addf(&out->body, "%s{\"id\": %d, \"name\": \"n%d\"}", i > from ? ", " : "",
		    10 * parent + i, i);
	buf_adds(&out->body, "]");
	if (from + 2 < t->n)
		buf_addf(&out->body, ", \"next\": %d", from + 2);
	buf_adds(&out->body, "}");
}

#define PAGES .records = "d", .pager = {.kind = REST_CURSOR, .param = "at", .from = "next"}

static const char *const names[] = {"org_name", "name", NULL};
static const struct rest_stream tree[] = {{.name = "orgs", PAGES},
    {.name = "repos", .url = "orgs/{partition.orgs_id}/repos", .parent = {.stream = "orgs"}, PAGES},
    {.name = "issues",
	.url = "repos/{partition.repo}/issues",
	.parent = {.stream = "repos", .as = "repo"},
	PAGES},
    {.name = "named", .parent = {.stream = "orgs", .extra = names}, PAGES}, {.name = NULL}};

static const struct rest_stream *
stream(const char *name)
{
	for (const struct rest_stream *s = tree; s->name != NULL; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

/* All partitions of a stream, as they come, from sources that are closed after every so many calls. */
static void
list(struct fake *f, const struct rest_stream *streams, const char *name, const char *state,
    int calls, struct buf *out)
{
	struct rest *r = fake_open(f, streams);
	struct ab_read read = {.size = sizeof(read), .stream = name};
	char *token = NULL;
	int n = 0;

	buf_reset(out);
	read.state = state == NULL ? NULL : fake_json(f, state);
	do {
		if (n++ == calls) {
			n = 0;
			rest_close(r);
			r = fake_open(f, streams);
		}
		fake_reset(f);
		read.token = token;
		ck_assert_msg(rest_partitions(r, &read, FAKE_PAGE(f)) == AB_OK, "%s", f->why);
		buf_adds(out, buf_str(&f->records));
		free(token);
		token = f->token;
		f->token = NULL;
	} while (token != NULL);
	rest_close(r);
}

/* How many partitions there are in the pages; each must be one that the tree has, and stand there once. */
static int
count(const struct buf *pages, int n, int depth)
{
	int found = 0, most = depth == 1 ? n : n * n;

	for (int i = 0; i < most; i++) {
		int org = depth == 1 ? i : i / n, repo = 10 * org + i % n;
		char text[64];
		const char *at;

		if (depth == 1)
			snprintf(text, sizeof(text), "{\"orgs_id\": %d}", org);
		else
			snprintf(text, sizeof(text), "{\"orgs_id\": %d, \"repo\": %d}", org, repo);
		at = strstr(buf_str(pages), text);
		ck_assert_msg(at != NULL, "no %s", text);
		ck_assert_ptr_null(strstr(at + 1, text));
		found++;
	}

	return found;
}

START_TEST(a_parent_gives_a_partition_for_each_record)
{
	struct buf pages;
	struct fake f;

	buf_init(&pages, 1 << 20);
	for (int n = 0; n <= 5; n++) {
		struct tree t = {n, 0};
		int braces = 0;

		fake_init(&f, "{}");
		f.answer = serve_tree;
		f.ctx = &t;
		list(&f, tree, "repos", NULL, -1, &pages);
		ck_assert_int_eq(count(&pages, n, 1), n);
		ck_assert_int_eq(t.requests, n <= 2 ? 1 : (n + 1) / 2);
		t.requests = 0;
		list(&f, tree, "issues", NULL, -1, &pages);
		ck_assert_int_eq(count(&pages, n, 2), n * n);
		for (const char *p = buf_str(&pages); *p != '\0'; p++)
			braces += *p == '{';
		ck_assert_int_eq(braces, n * n);
		/* no page of a grandparent is asked for twice */
		ck_assert_int_eq(t.requests, n == 0 ? 1 : (n + 1) / 2 + n * ((n + 1) / 2));
		fake_fini(&f);
	}
	buf_fini(&pages);
}
END_TEST

START_TEST(a_token_of_partitions_needs_no_memory_of_the_source)
{
	struct tree t = {5, 0};
	struct buf whole, pieces;
	struct fake f;

	fake_init(&f, "{}");
	f.answer = serve_tree;
	f.ctx = &t;
	buf_init(&whole, 1 << 20);
	buf_init(&pieces, 1 << 20);
	list(&f, tree, "issues", NULL, -1, &whole);
	for (int calls = 1; calls < 4; calls++) {
		list(&f, tree, "issues", NULL, calls, &pieces);
		ck_assert_str_eq(buf_str(&pieces), buf_str(&whole));
	}
	buf_fini(&whole);
	buf_fini(&pieces);
	fake_fini(&f);
}
END_TEST

START_TEST(a_partition_is_asked_for_and_becomes_columns)
{
	struct canned page = {200, "{\"d\": []}", NULL, NULL, NULL};
	struct rest_stream s = *stream("issues");
	struct fake f;

	fake_init(&f, "{\"region\": \"eu\"}");
	s.constants = AB_JSON({"region" : "{config.region}", "of" : {"repo" : {partition.repo}}});
	f.partition = "{\"orgs_id\": 1, \"repo\": 12}";
	fake_asks(&f, &s, page, NULL, NULL, "repos/12/issues?\n");
	ck_assert_str_eq(buf_str(&f.about),
	    "{\"constants\": {\"orgs_id\": 1, \"repo\": 12, \"region\" : \"eu\", \"of\" : "
	    "{\"repo\" : 12}}}");
	s.parent.stream = NULL;
	s.constants = "{ }";
	s.url = "x";
	fake_asks(&f, &s, page, NULL, NULL, "x?\n");
	ck_assert_str_eq(buf_str(&f.about), "");
	fake_fini(&f);
}
END_TEST

START_TEST(a_stream_without_partitions_is_one_that_is_null)
{
	struct buf pages;
	struct fake f;

	fake_init(&f, "{}");
	buf_init(&pages, 1 << 20);
	list(&f, tree, "orgs", NULL, -1, &pages);
	ck_assert_str_eq(buf_str(&pages), "null\n");
	buf_fini(&pages);
	fake_fini(&f);
}
END_TEST

START_TEST(more_of_a_parent_goes_with_it)
{
	struct tree t = {2, 0};
	struct buf pages;
	struct fake f;

	fake_init(&f, "{}");
	f.answer = serve_tree;
	f.ctx = &t;
	buf_init(&pages, 1 << 20);
	list(&f, tree, "named", NULL, -1, &pages);
	ck_assert_str_eq(buf_str(&pages),
	    "[{\"orgs_id\": 0, \"org_name\": \"n0\"}, {\"orgs_id\": 1, \"org_name\": \"n1\"}]\n");
	buf_fini(&pages);
	fake_fini(&f);
}
END_TEST

/* One parent whose only page is given; the partitions of its child, or why there are none. */
static ab_status
children_of(struct fake *f, const char *body, const char *field, struct buf *pages)
{
	const struct rest_stream streams[] = {{.name = "parents"},
	    {.name = "items", .parent = {.stream = "parents", .field = field, .as = "k"}},
	    {.name = NULL}};
	struct ab_read read = {.size = sizeof(read), .stream = "parents"};
	struct rest *r;
	ab_status rc;

	ck_assert_int_eq(
	    fake_read(f, &streams[0], (struct canned){200, "[]", NULL, NULL, NULL}, NULL, NULL),
	    AB_OK);
	f->ctx = &(struct canned){200, body, NULL, NULL, NULL};
	fake_reset(f);
	r = fake_open(f, streams);
	read.stream = "items";
	rc = rest_partitions(r, &read, FAKE_PAGE(f));
	buf_reset(pages);
	buf_adds(pages, buf_str(&f->records));
	rest_close(r);
	return rc;
}

START_TEST(a_parents_field_may_be_deep_or_empty_but_not_unknown)
{
	static const struct {
		const char *body, *field, *partitions;
		ab_status rc;
	} t[] = {
	    {"[{\"a\": {\"b\": \"x\\\"\"}}]", "a.b", "[{\"k\": \"x\\\"\"}]\n", AB_OK},
	    {"[{\"ids\": [1, 2]}, {\"ids\": []}, {\"ids\": [3]}]", "ids.*",
		"[{\"k\": 1}, {\"k\": 2}, {\"k\": 3}]\n", AB_OK},
	    {"[{\"id\": null}, {\"id\": 1}]", NULL, "[{\"k\": 1}]\n", AB_OK},
	    {"[{}, {\"id\": 12345678901234567890}]", NULL, "[{\"k\": 12345678901234567890}]\n",
		AB_OK},
	    {"[]", NULL, "", AB_OK},
	    {"{\"id\": 1}", NULL, "[{\"k\": 1}]\n", AB_OK},
	    {"[{\"uid\": 1}]", NULL, "", AB_EDATA},
	    {"[{\"id\": {}}]", NULL, "", AB_EDATA},
	};
	struct buf pages;
	struct fake f;

	fake_init(&f, "{}");
	buf_init(&pages, 1 << 20);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		ck_assert_msg(children_of(&f, t[i].body, t[i].field, &pages) == t[i].rc, "%s: %s",
		    t[i].body, f.why);
		ck_assert_str_eq(buf_str(&pages), t[i].partitions);
		if (t[i].rc != AB_OK)
			ck_assert_ptr_nonnull(strstr(f.why, "items"));
	}
	buf_fini(&pages);
	fake_fini(&f);
}
END_TEST

START_TEST(lists_are_multiplied_with_each_other_and_with_a_parent)
{
	static const char *const sizes[] = {"s", "l", NULL};
	const struct rest_stream streams[] = {{.name = "orgs", PAGES},
	    {.name = "a",
		.lists = {{.as = "size", .values = sizes}, {.as = "c", .key = "of.colors"}}},
	    {.name = "b", .parent = {.stream = "orgs"}, .lists = {{.as = "c", .key = "one"}}},
	    {.name = "c", .lists = {{.as = "c", .key = "none"}}},
	    {.name = "d", .lists = {{.as = "c", .key = "empty"}}}, {.name = NULL}};
	struct ab_read read = {.size = sizeof(read), .stream = "c"};
	struct tree t = {2, 0};
	struct buf pages;
	struct fake f;
	struct rest *r;

	fake_init(&f, "{\"of\": {\"colors\": [\"r\", 7, \"r\"]}, \"one\": \"x\", \"empty\": []}");
	f.answer = serve_tree;
	f.ctx = &t;
	buf_init(&pages, 1 << 20);
	list(&f, streams, "a", NULL, -1, &pages);
	ck_assert_str_eq(buf_str(&pages),
	    "[{\"size\": \"s\", \"c\": \"r\"}, {\"size\": \"l\", \"c\": \"r\"}, "
	    "{\"size\": \"s\", \"c\": 7}, {\"size\": \"l\", \"c\": 7}]\n");
	list(&f, streams, "b", NULL, -1, &pages);
	ck_assert_str_eq(
	    buf_str(&pages), "[{\"orgs_id\": 0, \"c\": \"x\"}, {\"orgs_id\": 1, \"c\": \"x\"}]\n");
	list(&f, streams, "d", NULL, -1, &pages);
	ck_assert_str_eq(buf_str(&pages), "");
	r = fake_open(&f, streams);
	ck_assert_int_eq(rest_partitions(r, &read, FAKE_PAGE(&f)), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(f.why, "none"));
	rest_close(r);
	buf_fini(&pages);
	fake_fini(&f);
}
END_TEST

/* What the parent is asked for, from the child's state. */
START_TEST(only_parents_that_changed_are_read_where_the_table_says_so)
{
	struct rest_stream streams[] = {
	    {.name = "orgs",
		.cursor = {.field = "changed", .param = "since", .format = "%s"},
		PAGES},
	    {.name = "repos",
		.parent = {.stream = "orgs", .changed = 1},
		.cursor = {.field = "at", .param = "from"},
		PAGES},
	    {.name = NULL}};
	struct tree t = {1, 0};
	struct buf pages;
	struct fake f;

	fake_init(&f, "{}");
	f.answer = serve_tree;
	f.ctx = &t;
	buf_init(&pages, 1 << 20);
	list(&f, streams, "repos", "{\"at\": \"2024-01-03T00:00:00Z\"}", -1, &pages);
	ck_assert_str_eq(buf_str(&f.requests), "orgs?since=1704153600\n"); /* a day before */
	streams[1].parent.lookback = "PT1H";
	list(&f, streams, "repos", "{\"at\": \"2024-01-03T00:00:00Z\"}", -1, &pages);
	ck_assert_str_eq(buf_str(&f.requests), "orgs?since=1704236400\n");
	list(&f, streams, "repos", NULL, -1, &pages);
	ck_assert_str_eq(buf_str(&f.requests), "orgs?\n");
	f.partition = "{\"orgs_id\": 1}";
	fake_asks(&f, &streams[1], (struct canned){200, "{\"d\": []}", NULL, NULL, NULL},
	    "{\"at\": \"2024-01-03T00:00:00Z\"}", NULL, "repos?from=2024-01-02T23:00:00Z\n");
	buf_fini(&pages);
	fake_fini(&f);
}
END_TEST

START_TEST(slices_of_one_axis_have_one_state)
{
	static const struct {
		struct rest_stream s;
		int shared, sorted;
	} t[] = {
	    {{.name = "a",
		 .cursor = {.field = "at", .start = "2024-01-01", .step = "P1D", .sorted = 1}},
		1, 0},
	    {{.name = "a", .cursor = {.field = "at", .sorted = 1}, .parent = {.stream = "p"}}, 0,
		1},
	    {{.name = "a", .cursor = {.field = "at"}, .parent = {.stream = "p", .changed = 1}}, 1,
		0},
	    {{.name = "a",
		 .cursor = {.field = "at", .start = "2024-01-01", .step = "P1D", .sorted = 1},
		 .lists = {{.as = "k", .key = "k"}}},
		0, 1},
	};
	struct fake f;
	struct rest *r;

	fake_init(&f, "{}");
	r = fake_open(&f, NULL);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		json_t *got;

		fake_reset(&f);
		ck_assert_int_eq(rest_add_stream(r, &t[i].s, FAKE_CATALOG(&f)), AB_OK);
		got = json_loads(buf_str(&f.streams), 0, NULL);
		ck_assert_int_eq(json_object_get(got, "partition_state") != NULL, t[i].shared);
		ck_assert_int_eq(json_is_true(json_object_get(got, "sorted")), t[i].sorted);
		json_decref(got);
	}
	rest_close(r);
	fake_fini(&f);
}
END_TEST

START_TEST(a_check_asks_for_what_needs_no_partition_or_the_first_one)
{
	static const char *const values[] = {"b", "c", NULL};
	const struct rest_stream streams[] = {
	    {.name = "x", .url = "x/{partition.k}", .lists = {{.as = "k", .values = values}}},
	    {.name = NULL}};
	struct tree t = {1, 0};
	struct fake f;
	struct rest *r;

	fake_init(&f, "{}");
	f.answer = serve_tree;
	f.ctx = &t;
	r = fake_open(&f, streams);
	ck_assert_int_eq(rest_check(r), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "x/b?\n");
	rest_close(r);
	fake_reset(&f);
	r = fake_open(&f, tree);
	ck_assert_int_eq(rest_check(r), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "orgs?\n");
	rest_close(r);
	fake_fini(&f);
}
END_TEST

/* Opens a source, lists partitions of partitions, reads a window of one with everything that a request can have. */
static ab_status
use_all(struct fake *f, struct tree *t)
{
	static const char *const params[] = {"p", "{partition.repo} {end:%Y}", NULL};
	static const char *const drop[] = {"name", NULL};
	static const char *const colors[] = {"r", "g", NULL};
	struct rest_stream streams[4];
	struct ab_read read = {.size = sizeof(read), .stream = "issues"};
	void *self = NULL;
	ab_status rc;

	memcpy(streams, tree, sizeof(streams) - sizeof(streams[0]));
	streams[3].name = NULL;
	streams[2].params = streams[2].headers = params;
	streams[2].lists[0] = (struct rest_list){.as = "color", .values = colors};
	streams[2].body = (struct rest_body){.kind = REST_JSON, .text = AB_JSON({"a" : {"b" : 1}})};
	streams[2].size = (struct rest_size){.param = "a.n", .value = 2, .place = REST_IN_JSON};
	streams[2].cursor = (struct rest_cursor){.field = "at",
	    .param = "from",
	    .end_param = "to",
	    .start = "2023-12-31",
	    .step = "PT6H"};
	streams[2].constants = AB_JSON({"c" : "{partition.color}"});
	streams[2].drop = drop;
	f->answer = serve_tree;
	f->ctx = t;
	f->api = (struct rest_api){
	    .endpoint = AB_JSON({"base_url" : "https://api.example.com/v1/"}), .streams = streams};
	rc = rest_open(&f->host, &f->api, &self);
	if (rc == AB_OK)
		rc = rest_partitions(self, &read, FAKE_PAGE(f));
	if (rc == AB_OK && f->token != NULL) {
		read.token = f->token;
		f->token = NULL;
		rc = rest_partitions(self, &read, FAKE_PAGE(f));
		free((char *)(uintptr_t)read.token);
		read.token = NULL;
	}
	if (rc == AB_OK) {
		read.partition = fake_json(f, "{\"orgs_id\": 1, \"repo\": 12, \"color\": \"r\"}");
		rc = rest_read_page(self, &read, FAKE_PAGE(f));
	}
	if (self != NULL)
		rest_close(self);
	/* A real host fails a call in which a view could not be made. */
	return rc != AB_OK ? rc : f->views.error.status;
}

START_TEST(no_memory_is_an_error_wherever_it_runs_out)
{
	int memory = 0, left;
	ab_status rc;

	do {
		struct tree t = {3, 0};
		struct fake f;

		fake_init(&f, "{}");
		fake_memory = memory++;
		rc = use_all(&f, &t);
		left = fake_memory;
		fake_memory = -1;
		if (rc == AB_OK) { /* then nothing is missing */
			ck_assert_str_eq(f.token, "2023-12-31T00:00:00Z/2");
			ck_assert_str_eq(buf_str(&f.about),
			    "{\"constants\": {\"orgs_id\": 1, \"repo\": 12, \"color\": \"r\", "
			    "\"c\" : \"r\"}}");
		}
		fake_fini(&f);
		ck_assert_int_lt(memory, 3000);
	} while (rc != AB_OK || left == 0);
	ck_assert_int_gt(memory, 50);
}
END_TEST

static Suite *
partitions_suite(void)
{
	Suite *suite = suite_create("kit-partitions");
	TCase *tc = tcase_create("partitions");

	tcase_add_test(tc, a_parent_gives_a_partition_for_each_record);
	tcase_add_test(tc, a_token_of_partitions_needs_no_memory_of_the_source);
	tcase_add_test(tc, a_partition_is_asked_for_and_becomes_columns);
	tcase_add_test(tc, a_stream_without_partitions_is_one_that_is_null);
	tcase_add_test(tc, more_of_a_parent_goes_with_it);
	tcase_add_test(tc, a_parents_field_may_be_deep_or_empty_but_not_unknown);
	tcase_add_test(tc, lists_are_multiplied_with_each_other_and_with_a_parent);
	tcase_add_test(tc, only_parents_that_changed_are_read_where_the_table_says_so);
	tcase_add_test(tc, a_check_asks_for_what_needs_no_partition_or_the_first_one);
	tcase_add_test(tc, no_memory_is_an_error_wherever_it_runs_out);
	tcase_add_test(tc, slices_of_one_axis_have_one_state);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(partitions_suite())
