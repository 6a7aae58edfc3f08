/* kit.c - the REST kit: every paging kind yields every record once, and says the truth when it cannot. */
#include <abhost/rest.h>
#include <jansson.h>
#include <stdlib.h>

#include "kit.h"
#include "kit_host.h"
#include "suite.h"

/* A server of `total` records 0, 1, 2, ...; it never gives more than `cap` a page. */
struct server {
	enum rest_paging kind;
	int total, cap, first;
	int not_found; /* REST_PAGE: 404 behind the last page instead of an empty one */
	char link[256];
	int requests;
};

static int
param(const char *params, const char *name, int fallback)
{
	const char *at = strstr(params, name);

	return at == NULL ? fallback : (int)strtol(at + strlen(name), NULL, 10);
}

static void
add_records(struct buf *b, int from, int to)
{
	buf_adds(b, "{\"data\": [");
	for (int i = from; i < to; i++)
		buf_addf(b, "%s{\"id\": %d}", i > from ? ", " : "", i);
	buf_adds(b, "]");
}

static void
serve(struct fake *f, const char *url, const char *params, struct ab_response *out)
{
	struct server *s = f->ctx;
	const char *query = strchr(url, '?') != NULL ? strchr(url, '?') + 1 : params;
	int size = param(query, "limit=", s->cap), from = param(query, "at=", 0), to;

	s->requests++;
	size = size < s->cap ? size : s->cap;
	if (s->kind == REST_OFFSET)
		from = param(query, "at=", s->first) - s->first;
	if (s->kind == REST_PAGE)
		from = (param(query, "at=", s->first) - s->first) * size;
	if (s->kind == REST_LAST_FIELD)
		from = param(query, "at=", -1) + 1;
	to = s->kind == REST_ONE_PAGE || from + size > s->total ? s->total : from + size;
	if (s->kind == REST_PAGE && s->not_found && from >= s->total && from > 0) {
		out->status = 404;
		buf_adds(&out->body, "no such page");
		return;
	}
	add_records(&out->body, from, to);
	if (to < s->total && s->kind == REST_CURSOR)
		buf_addf(&out->body, ", \"next\": {\"at\": %d}", to);
	if (to < s->total && s->kind == REST_NEXT_URL)
		buf_addf(&out->body, ", \"next\": {\"at\": \"?limit=%d&at=%d\"}", size, to);
	if (to < s->total && s->kind == REST_LINK) {
		snprintf(s->link, sizeof(s->link),
		    "<%sitems?at=0>; rel=\"first\", </v1/items?limit=%d&at=%d>; rel=next",
		    FAKE_BASE, size, to);
		out->link = s->link;
	}
	buf_addf(&out->body,
	    ", \"total\": %d, \"pages\": %d, \"more\": %s, \"state\": {\"last\": \"%s\"}}",
	    s->total, (s->total + size - 1) / size, to < s->total ? "true" : "false",
	    to < s->total ? "" : "yes");
}

/* Reads a stream to its end; the ids in order as "0 1 2 ". */
static void
read_all(struct fake *f, const struct rest_stream *s, struct buf *ids)
{
	struct rest *r = fake_open(f, NULL);
	char *token = NULL;
	int pages = 0;

	do {
		struct ab_read read = {.size = sizeof(read), .stream = s->name, .token = token};
		const struct ab_json *page;

		fake_reset(f);
		ck_assert_msg(rest_read_stream(r, s, &read, FAKE_PAGE(f)) == AB_OK, "%s", f->why);
		if (f->records.len > 0) {
			page = fake_json(f, buf_str(&f->records));
			for (size_t i = 0; i < view_len(page); i++)
				buf_addf(
				    ids, "%d ", (int)ab_cint(&f->host, view_at(page, i), "id", -1));
		}
		free(token);
		token = f->token;
		f->token = NULL;
		ck_assert_int_lt(++pages, 50);
	} while (token != NULL);
	rest_close(r);
}

static void
check_stream(struct server *server, const struct rest_stream *s)
{
	struct buf got, want;
	struct fake f;

	buf_init(&got, 1 << 16);
	buf_init(&want, 1 << 16);
	fake_init(&f, "{}");
	f.answer = serve;
	f.ctx = server;
	for (int i = 0; i < server->total; i++)
		buf_addf(&want, "%d ", i);
	read_all(&f, s, &got);
	ck_assert_msg(strcmp(buf_str(&got), buf_str(&want)) == 0,
	    "kind %d, %d records, cap %d, size %d: got %s", (int)server->kind, server->total,
	    server->cap, s->size.value, buf_str(&got));
	fake_fini(&f);
	buf_fini(&got);
	buf_fini(&want);
}

static void
check_paging(struct server server, struct rest_size size, const char *from)
{
	struct rest_stream s = {.name = "items",
	    .records = "data",
	    .size = size,
	    .pager = {server.kind, .param = "at", .from = from, .first = server.first}};

	check_stream(&server, &s);
}

/* Also where the server caps a page below what is asked, and where the last page is full. */
START_TEST(every_kind_yields_every_record_once)
{
	static const char *const from[] = {NULL, "next.at", NULL, NULL, NULL, "next.at", "id"};

	for (int total = 0; total <= 7; total++)
		for (int cap = 1; cap <= 4; cap++)
			for (int size = 1; size <= 4; size++) {
				struct server s = {
				    (enum rest_paging)_i, total, cap, size % 2, 0, "", 0};

				check_paging(s,
				    (struct rest_size){"limit", NULL, size, 0, REST_IN_QUERY},
				    from[_i]);
				s.not_found = 1;
				check_paging(s,
				    (struct rest_size){"limit", NULL, size, 0, REST_IN_QUERY},
				    from[_i]);
			}
}
END_TEST

/* What else an answer says of the end saves the request of an empty page, and never a record. */
START_TEST(an_answer_that_knows_the_end_is_the_last_one)
{
	static const struct rest_pager pagers[] = {
	    {.kind = REST_PAGE, .total = "total", .first = 1},
	    {.kind = REST_PAGE, .pages = "pages", .first = 1},
	    {.kind = REST_PAGE, .pages = "pages"},
	    {.kind = REST_PAGE, .more = "more"},
	    {.kind = REST_PAGE, .done = "state.last"},
	    {.kind = REST_PAGE, .total = "total", .skip_first = 1},
	    {.kind = REST_OFFSET, .total = "total"},
	    {.kind = REST_OFFSET, .total = "total", .first = 1, .skip_first = 1},
	    {.kind = REST_OFFSET, .more = "more", .first = 1},
	    {.kind = REST_OFFSET, .done = "state.last"},
	    {.kind = REST_LAST_FIELD, .more = "more", .from = "id"},
	    {.kind = REST_LAST_FIELD, .done = "state.last", .from = "id"},
	};
	struct rest_stream s = {.name = "items", .records = "data", .pager = pagers[_i]};

	s.pager.param = "at";
	for (int total = 0; total <= 7; total++)
		for (int cap = 1; cap <= 4; cap++)
			for (int size = 1; size <= 4; size++) {
				struct server server = {
				    s.pager.kind, total, cap, s.pager.first, 0, "", 0};
				int got = size < cap ? size : cap, pages = (total + got - 1) / got;

				s.size = (struct rest_size){"limit", NULL, size, 0, REST_IN_QUERY};
				check_stream(&server, &s);
				ck_assert_int_eq(server.requests, pages > 0 ? pages : 1);
			}
}
END_TEST

START_TEST(a_step_counts_what_the_api_counts)
{
	struct rest_stream s = {.name = "items",
	    .size = {.value = 10, .max = 10},
	    .pager = {.kind = REST_OFFSET, .param = "at", .step = 10}};
	struct fake f;

	fake_init(&f, "{}");
	fake_asks(
	    &f, &s, (struct canned){200, "[{}]", NULL, NULL, NULL}, NULL, "20", "items?at=20\n");
	ck_assert_ptr_null(f.token); /* a short page of an API that always gives ten */
	s.size.max = 0;
	fake_asks(
	    &f, &s, (struct canned){200, "[{}]", NULL, NULL, NULL}, NULL, "20", "items?at=20\n");
	ck_assert_str_eq(f.token, "30");
	s.pager = (struct rest_pager){.kind = REST_PAGE, .param = "at", .first = 2, .step = 5};
	fake_asks(
	    &f, &s, (struct canned){200, "[{}]", NULL, NULL, NULL}, NULL, NULL, "items?at=2\n");
	ck_assert_str_eq(f.token, "7");
	s.pager.skip_first = 1;
	fake_asks(&f, &s, (struct canned){200, "[{}]", NULL, NULL, NULL}, NULL, NULL, "items?\n");
	fake_asks(
	    &f, &s, (struct canned){200, "[{}]", NULL, NULL, NULL}, NULL, "7", "items?at=7\n");
	fake_fini(&f);
}
END_TEST

START_TEST(totals_may_stand_in_a_header_and_are_told_as_progress)
{
	struct rest_stream s = {.name = "items",
	    .pager = {.kind = REST_OFFSET, .param = "at", .total = "header:X-Total-Count"}};
	struct canned page = {200, "[{}, {}]", NULL, "x-total-count", "3"};
	struct fake f;

	fake_init(&f, "{}");
	ck_assert_int_eq(fake_read(&f, &s, page, NULL, NULL), AB_OK);
	ck_assert_str_eq(f.token, "2");
	ck_assert_str_eq(buf_str(&f.about), "{\"total\": 3}");
	page.value = "2";
	ck_assert_int_eq(fake_read(&f, &s, page, NULL, NULL), AB_OK);
	ck_assert_ptr_null(f.token);
	page.value = "many";
	ck_assert_int_eq(fake_read(&f, &s, page, NULL, NULL), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(f.why, "many"));
	fake_fini(&f);
}
END_TEST

START_TEST(a_token_may_ask_for_the_first_page)
{
	struct rest_stream s = {.name = "items",
	    .records = "d",
	    .pager = {
		.kind = REST_CURSOR, .param = "cursor", .from = "@odata\\.next.0", .start = "*"}};
	struct fake f;

	fake_init(&f, "{}");
	fake_asks(&f, &s,
	    (struct canned){200, "{\"d\": [], \"@odata.next\": [\"c\"]}", NULL, NULL, NULL}, NULL,
	    NULL, "items?cursor=*\n");
	ck_assert_str_eq(f.token, "c");
	fake_fini(&f);
}
END_TEST

START_TEST(a_last_record_without_its_field_is_an_error)
{
	struct rest_stream s = {
	    .name = "items", .pager = {.kind = REST_LAST_FIELD, .param = "after", .from = "id"}};
	struct fake f;

	fake_init(&f, "{}");
	ck_assert_int_eq(
	    fake_read(
		&f, &s, (struct canned){200, "[{\"id\": 1}, {}]", NULL, NULL, NULL}, NULL, NULL),
	    AB_EDATA);
	ck_assert_ptr_nonnull(strstr(f.why, "last record"));
	fake_fini(&f);
}
END_TEST

START_TEST(a_promised_maximum_saves_the_last_request)
{
	struct server server = {REST_OFFSET, 5, 100, 0, 0, "", 0};
	struct rest_stream s = {.name = "items",
	    .records = "data",
	    .size = {"limit", "page_size", 3, 10, REST_IN_QUERY},
	    .pager = {REST_OFFSET, .param = "at"}};
	struct ab_read read = {.size = sizeof(read), .stream = "items", .token = "3"};
	struct fake f;
	struct rest *r;

	fake_init(&f, "{}");
	f.answer = serve;
	f.ctx = &server;
	r = fake_open(&f, NULL);
	ck_assert_int_eq(rest_read_stream(r, &s, &read, FAKE_PAGE(&f)), AB_OK);
	ck_assert_ptr_null(f.token); /* 2 records of 3 asked */
	ck_assert_str_eq(buf_str(&f.requests), "items?limit=3&at=3\n");
	rest_close(r);
	fake_fini(&f);
}
END_TEST

START_TEST(a_larger_page_than_the_maximum_is_refused)
{
	struct rest_stream s = {
	    .name = "items", .size = {"limit", "page_size", 3, 10, REST_IN_QUERY}};
	struct fake f;
	struct rest *r;
	int64_t size;

	fake_init(&f, "{\"page_size\": 11}");
	r = fake_open(&f, NULL);
	ck_assert_int_eq(request_size(r, &s, 0, &size), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(f.why, "page_size is 11"));
	rest_close(r);
	fake_fini(&f);
}
END_TEST

START_TEST(limit_asks_for_less_never_for_more)
{
	struct rest_stream s = {.name = "items", .size = {"limit", NULL, 100, 0, REST_IN_QUERY}};
	struct fake f;
	struct rest *r;
	int64_t size;

	fake_init(&f, "{}");
	r = fake_open(&f, NULL);
	ck_assert_int_eq(request_size(r, &s, 10, &size), AB_OK);
	ck_assert_int_eq(size, 10);
	ck_assert_int_eq(request_size(r, &s, 1000, &size), AB_OK);
	ck_assert_int_eq(size, 100);
	rest_close(r);
	fake_fini(&f);
}
END_TEST

START_TEST(a_refused_token_is_stale_only_where_tokens_outlive_a_run)
{
	struct rest_stream s = {
	    .name = "items", .pager = {.kind = REST_CURSOR, .param = "cursor", .from = "next"}};
	struct fake f;

	fake_init(&f, "{}");
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){410, "gone", NULL, NULL, NULL}, NULL, "t"),
	    AB_ESTALE);
	ck_assert_ptr_nonnull(strstr(f.why, "410"));
	ck_assert_ptr_nonnull(strstr(f.why, "gone"));
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){410, "gone", NULL, NULL, NULL}, NULL, NULL),
	    AB_EDATA);
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){500, "oh", NULL, NULL, NULL}, NULL, "t"), AB_EDATA);
	s.pager.fleeting = 1;
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){410, "gone", NULL, NULL, NULL}, NULL, "t"), AB_EDATA);
	fake_fini(&f);
}
END_TEST

START_TEST(a_read_begins_at_state_then_config_then_table)
{
	struct rest_stream s = {.name = "items",
	    .cursor = {
		.field = "at", .param = "since", .start_key = "start.date", .start = "2024-01-01"}};
	const struct canned none = {200, "[]", NULL, NULL, NULL};
	struct fake f;

	fake_init(&f, "{\"start\": {\"date\": \"2025-05-05\"}}");
	ck_assert_int_eq(fake_read(&f, &s, none, "{\"at\": \"2026-06-06\"}", NULL), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "items?since=2026-06-06\n");
	ck_assert_int_eq(fake_read(&f, &s, none, "{\"at\": 12345678901234567890}", NULL), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "items?since=12345678901234567890\n");
	ck_assert_int_eq(fake_read(&f, &s, none, NULL, NULL), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "items?since=2025-05-05\n");
	s.cursor.start_key = "other";
	ck_assert_int_eq(fake_read(&f, &s, none, "{}", NULL), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "items?since=2024-01-01\n");
	s.cursor.start = NULL;
	ck_assert_int_eq(fake_read(&f, &s, none, NULL, NULL), AB_OK);
	ck_assert_str_eq(buf_str(&f.requests), "items?\n");
	ck_assert_int_eq(fake_read(&f, &s, none, "{\"at\": [1]}", NULL), AB_EDATA);
	fake_fini(&f);
}
END_TEST

START_TEST(an_empty_token_ends_the_stream)
{
	struct rest_stream s = {.name = "items",
	    .records = "d",
	    .pager = {.kind = REST_CURSOR, .param = "cursor", .from = "next"}};
	static const char *const last[] = {
	    "{\"d\": []}", "{\"d\": [], \"next\": null}", "{\"d\": [], \"next\": \"\"}"};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(
		    fake_read(&f, &s, (struct canned){200, last[i], NULL, NULL, NULL}, NULL, "t"),
		    AB_OK);
		ck_assert_ptr_null(f.token);
	}
	ck_assert_int_eq(
	    fake_read(&f, &s, (struct canned){200, "{\"d\": [], \"next\": {}}", NULL}, NULL, NULL),
	    AB_EDATA);
	fake_fini(&f);
}
END_TEST

START_TEST(a_stream_of_the_table_becomes_an_airbyte_stream)
{
	struct rest_stream s = {.name = "a \"b\"\n",
	    .key = "org,id",
	    .schema = AB_JSON({"type" : "object"}),
	    .cursor = {.field = "at", .sorted = 1},
	    .pager = {.kind = REST_CURSOR},
	    .deleted = "gone"};
	struct fake f;
	struct rest *r;
	json_t *got, *want;

	fake_init(&f, "{}");
	r = fake_open(&f, NULL);
	ck_assert_int_eq(rest_add_stream(r, &s, FAKE_CATALOG(&f)), AB_OK);
	got = json_loads(buf_str(&f.streams), 0, NULL);
	want = json_pack("{s:s, s:{s:s}, s:[[s],[s]], s:b, s:[s], s:b, s:b, s:s}", "name", s.name,
	    "json_schema", "type", "object", "source_defined_primary_key", "org", "id",
	    "source_defined_cursor", 1, "default_cursor_field", "at", "sorted", 1, "is_resumable",
	    1, "deleted_field", "gone");
	ck_assert_msg(json_equal(got, want), "%s", buf_str(&f.streams));
	json_decref(got);
	json_decref(want);
	fake_reset(&f);
	s = (struct rest_stream){.name = "b", .pager = {.kind = REST_PAGE}};
	ck_assert_int_eq(rest_add_stream(r, &s, FAKE_CATALOG(&f)), AB_OK);
	ck_assert_str_eq(buf_str(&f.streams), "{\"name\": \"b\"}\n");
	rest_close(r);
	fake_fini(&f);
}
END_TEST

/* Opens a source, adds its stream, reads a page. */
static ab_status
use_source(struct fake *f, const struct rest_stream *s)
{
	struct ab_read read = {.size = sizeof(read), .stream = s->name};
	void *self = NULL;
	ab_status rc;

	f->api =
	    (struct rest_api){.endpoint = AB_JSON({"base_url" : "https://api.example.com/v1/"})};
	rc = rest_open(&f->host, &f->api, &self);
	if (rc == AB_OK)
		rc = rest_add_stream(self, s, FAKE_CATALOG(f));
	if (rc == AB_OK)
		rc = rest_read_stream(self, s, &read, FAKE_PAGE(f));
	if (self != NULL)
		rest_close(self);
	/* A real host fails a call in which a view could not be made. */
	return rc != AB_OK ? rc : f->views.error.status;
}

START_TEST(no_memory_is_an_error_wherever_it_runs_out)
{
	static const struct rest_stream s = {.name = "items",
	    .records = "data",
	    .key = "id",
	    .schema = AB_JSON({"type" : "object"}),
	    .size = {"limit", NULL, 2, 0, REST_IN_QUERY},
	    .pager = {.kind = REST_NEXT_URL, .from = "next.at"}};
	struct server server = {REST_NEXT_URL, 5, 2, 0, 0, "", 0};
	int memory = 0, left;
	ab_status rc;

	do {
		struct fake f;

		fake_init(&f, "{}");
		f.answer = serve;
		f.ctx = &server;
		fake_memory = memory++;
		rc = use_source(&f, &s);
		left = fake_memory;
		fake_memory = -1;
		if (rc == AB_OK) /* then nothing is missing */
			ck_assert_str_eq(f.token, FAKE_BASE "items?limit=2&at=2");
		fake_fini(&f);
		ck_assert_int_lt(memory, 1000);
	} while (rc != AB_OK || left == 0);
	ck_assert_int_gt(memory, 5);
}
END_TEST

static Suite *
kit_suite(void)
{
	Suite *suite = suite_create("kit");
	TCase *pages = tcase_create("pages");

	tcase_add_loop_test(
	    pages, every_kind_yields_every_record_once, REST_ONE_PAGE, REST_LAST_FIELD + 1);
	tcase_add_loop_test(pages, an_answer_that_knows_the_end_is_the_last_one, 0, 12);
	tcase_add_test(pages, a_step_counts_what_the_api_counts);
	tcase_add_test(pages, totals_may_stand_in_a_header_and_are_told_as_progress);
	tcase_add_test(pages, a_token_may_ask_for_the_first_page);
	tcase_add_test(pages, a_last_record_without_its_field_is_an_error);
	tcase_add_test(pages, a_promised_maximum_saves_the_last_request);
	tcase_add_test(pages, a_larger_page_than_the_maximum_is_refused);
	tcase_add_test(pages, limit_asks_for_less_never_for_more);
	tcase_add_test(pages, a_refused_token_is_stale_only_where_tokens_outlive_a_run);
	tcase_add_test(pages, a_read_begins_at_state_then_config_then_table);
	tcase_add_test(pages, an_empty_token_ends_the_stream);
	tcase_add_test(pages, a_stream_of_the_table_becomes_an_airbyte_stream);
	tcase_add_test(pages, no_memory_is_an_error_wherever_it_runs_out);
	suite_add_tcase(suite, pages);
	return suite;
}

SUITE_MAIN(kit_suite())
