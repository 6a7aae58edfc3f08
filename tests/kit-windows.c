/* kit-windows.c - the REST kit: the interval of a cursor, its windows, and what is older. */
#include <abhost/rest.h>
#include <stdlib.h>

#include "kit.h"
#include "kit_host.h"
#include "suite.h"

static const struct canned none = {200, "[]", NULL, NULL, NULL};

/* All partitions of a stream, a page of them a line. */
static void
list(struct fake *f, const struct rest_stream *s, const char *state, struct buf *out)
{
	struct rest *r = fake_open(f, NULL);
	struct ab_read read = {.size = sizeof(read), .stream = s->name};
	char *token = NULL;

	buf_reset(out);
	read.state = state == NULL ? NULL : fake_json(f, state);
	do {
		fake_reset(f);
		read.token = token;
		ck_assert_msg(
		    rest_partition_stream(r, s, &read, FAKE_PAGE(f)) == AB_OK, "%s", f->why);
		buf_adds(out, buf_str(&f->records));
		free(token);
		token = f->token;
		f->token = NULL;
	} while (token != NULL);
	rest_close(r);
}

/* "01 03T23:59:59" for a window of January 2024, one for each. */
static void
shorten(struct fake *f, const struct buf *pages, struct buf *out)
{
	const struct ab_json *all = pages->len == 0 ? NULL : fake_json(f, buf_str(pages));

	for (size_t i = 0; i < view_len(all); i++) {
		const char *from = ab_cstr(&f->host, view_at(all, i), "start_time", "");
		const char *to = ab_cstr(&f->host, view_at(all, i), "end_time", "");

		buf_addf(out, "%s%s..%s", i > 0 ? " " : "", from + 8, to + 8);
	}
}

/* Among them are airbyte-cdk's own cases; but where begin and end are one moment, that is asked for. */
START_TEST(windows_cover_the_interval)
{
	static const struct {
		const char *step, *grain, *lookback, *state, *windows;
	} t[] = {
	    {"P3D", "PT1S", NULL, NULL,
		"01T00:00:00Z..03T23:59:59Z 04T00:00:00Z..06T23:59:59Z 07T00:00:00Z..09T23:59:59Z "
		"10T00:00:00Z..12T23:59:59Z"},
	    {"P3D", "P1D", NULL, "2024-01-04",
		"04T00:00:00Z..06T00:00:00Z 07T00:00:00Z..09T00:00:00Z 10T00:00:00Z..12T00:00:00Z"},
	    {"P3D", NULL, NULL, "2024-01-04",
		"04T00:00:00Z..07T00:00:00Z 07T00:00:00Z..10T00:00:00Z"},
	    /* the last one has a whole one's name, so that the next run finds it again */
	    {"P4D", NULL, NULL, "2024-01-04",
		"04T00:00:00Z..08T00:00:00Z 08T00:00:00Z..12T00:00:00Z"},
	    {"P15D", NULL, NULL, "2024-01-05", "05T00:00:00Z..20T00:00:00Z"},
	    {"P15D", NULL, "P2D", "2024-01-05", "03T00:00:00Z..18T00:00:00Z"},
	    {"P15D", NULL, "P20D", "2024-01-05", "01T00:00:00Z..16T00:00:00Z"},
	    {"P15D", NULL, NULL, "2023-01-05", "01T00:00:00Z..16T00:00:00Z"},
	    {"P15D", NULL, NULL, "2024-01-10", "10T00:00:00Z..25T00:00:00Z"},
	    {"P15D", NULL, NULL, "2024-01-11", ""},
	    {"{config.step}", NULL, NULL, NULL,
		"01T00:00:00Z..06T00:00:00Z 06T00:00:00Z..11T00:00:00Z"},
	    {"P{config.none}D", NULL, NULL, NULL, "01T00:00:00Z..10T00:00:00Z"},
	};
	struct buf pages, got;
	struct fake f;

	fake_init(&f, "{\"start\": \"2024-01-01\", \"step\": \"P5D\"}");
	buf_init(&pages, 1 << 16);
	buf_init(&got, 1 << 16);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = {.name = "items",
		    .cursor = {.field = "at",
			.start_key = "start",
			.end = "2024-01-10",
			.step = t[i].step,
			.granularity = t[i].grain,
			.lookback = t[i].lookback}};
		char state[64];

		snprintf(state, sizeof(state), "{\"at\": \"%s\"}", t[i].state);
		list(&f, &s, t[i].state == NULL ? NULL : state, &pages);
		buf_reset(&got);
		shorten(&f, &pages, &got);
		ck_assert_msg(
		    strcmp(buf_str(&got), t[i].windows) == 0, "%zu: %s", i, buf_str(&got));
	}
	buf_fini(&pages);
	buf_fini(&got);
	fake_fini(&f);
}
END_TEST

START_TEST(many_windows_come_in_pages)
{
	struct rest_stream s = {
	    .name = "items", .cursor = {.field = "at", .start = "2020-01-01", .step = "PT1H"}};
	struct buf pages;
	struct fake f;
	char *line, *save = NULL;
	size_t n = 0, npages = 0;

	fake_init(&f, "{}");
	buf_init(&pages, 16 << 20);
	list(&f, &s, NULL, &pages); /* to now: four years */
	for (line = strtok_r(pages.ptr, "\n", &save); line != NULL; npages++) {
		n += view_len(fake_json(&f, line));
		line = strtok_r(NULL, "\n", &save);
	}
	ck_assert_uint_eq(n, 1461 * 24);
	ck_assert_uint_eq(npages, (n + SPAN_WINDOWS - 1) / SPAN_WINDOWS);
	buf_fini(&pages);
	fake_fini(&f);
}
END_TEST

START_TEST(a_window_is_sent_in_the_formats_that_are_asked_for)
{
	static const char *const params[] = {"q", "at>{start:%Y-%m-%d %H} at<{end:%s} {now}", NULL};
	struct rest_stream s = {.name = "items",
	    .params = params,
	    .cursor = {.field = "at",
		.param = "from",
		.end_param = "to",
		.start = "2024-01-01",
		.end = "2024-02-01",
		.step = "P1D",
		.format = "%ms"}};
	struct fake f;

	fake_init(&f, "{}");
	f.partition =
	    "{\"start_time\": \"2024-01-02T00:00:00Z\", \"end_time\": \"2024-01-02T23:59:59.5Z\"}";
	fake_asks(&f, &s, none, "{\"at\": \"2024-01-01\"}", NULL,
	    "items?q=at>2024-01-02 00 at<1704239999 1704067200000&from=1704153600000"
	    "&to=1704239999500\n");
	ck_assert_str_eq(buf_str(&f.about), ""); /* a window is no column */
	/* an interrupted run has read a part of it, and it has not ended */
	s.cursor.end = "2024-01-02T12:00:00Z";
	fake_asks(&f, &s, none, "{\"at\": \"2024-01-02T06:00:00Z\"}", NULL,
	    "items?q=at>2024-01-02 06 at<1704196800 1704067200000&from=1704175200000"
	    "&to=1704196800000\n");
	fake_asks(&f, &s, none, "{\"at\": \"2024-01-02T18:00:00Z\"}", NULL, "");
	s.cursor.end = "2024-02-01";
	s.params = NULL;
	s.cursor.place = REST_IN_JSON;
	fake_asks(&f, &s, none, NULL, NULL,
	    "POST items?\n{\"from\": 1704153600000, \"to\": 1704239999500}\n");
	s.cursor.format = NULL;
	fake_asks(&f, &s, none, NULL, NULL,
	    "POST items?\n{\"from\": \"2024-01-02T00:00:00Z\", \"to\": \"2024-01-02T23:59:59Z\"}\n");
	fake_fini(&f);
}
END_TEST

START_TEST(a_state_is_read_in_the_format_of_the_records)
{
	static const struct {
		const char *format, *field_format, *lookback, *state, *asked;
	} t[] = {
	    {"%s", NULL, NULL, "1700000000", "1700000000"},
	    {"%s", NULL, NULL, "\"2024-01-01T00:00:00.9Z\"", "1704067200"},
	    {"%Y-%m-%d", "%s", "P1D", "1704067200", "2023-12-31"},
	    {"%Y-%m-%d", "%d/%m/%Y", NULL, "\"02/01/2024\"", "2024-01-02"},
	    {NULL, NULL, "PT1H", "\"2024-01-01T00:00:00+02:00\"", "2023-12-31T21:00:00Z"},
	    {NULL, NULL, NULL, "12345678901234567890", "12345678901234567890"},
	    {NULL, NULL, NULL, "\"as it is\"", "as it is"},
	};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = {.name = "items",
		    .cursor = {.field = "at",
			.param = "from",
			.format = t[i].format,
			.field_format = t[i].field_format,
			.lookback = t[i].lookback}};
		char state[64], asked[64];

		snprintf(state, sizeof(state), "{\"at\": %s}", t[i].state);
		snprintf(asked, sizeof(asked), "items?from=%s\n", t[i].asked);
		fake_asks(&f, &s, none, state, NULL, asked);
	}
	fake_fini(&f);
}
END_TEST

START_TEST(a_start_may_be_counted_from_now)
{
	struct rest_stream s = {.name = "items",
	    .cursor = {.field = "at",
		.param = "from",
		.end_param = "to",
		.start = "-P{config.days}D",
		.format = "%Y-%m-%d",
		.end = "P1D"}};
	struct fake f;

	fake_init(&f, "{\"days\": 30}");
	fake_asks(&f, &s, none, NULL, NULL, "items?from=2023-12-02&to=2024-01-02\n");
	fake_asks(&f, &s, none, "{\"at\": \"2023-12-24\"}", NULL,
	    "items?from=2023-12-24&to=2024-01-02\n");
	fake_fini(&f);
}
END_TEST

START_TEST(times_that_are_none_name_where_they_stand)
{
	static const struct {
		struct rest_cursor cursor;
		const char *state, *why;
		ab_status rc;
	} t[] = {
	    {{.field = "at", .param = "p", .format = "%s", .start_key = "bad"}, NULL,
		"bad is \"soon\"", AB_ECONFIG},
	    {{.field = "at", .param = "p", .format = "%s", .start = "soon"}, NULL,
		"cursor is \"soon\"", AB_EBUG},
	    {{.field = "at", .param = "p", .format = "%s"}, "{\"at\": \"x\"}", "field_format",
		AB_EDATA},
	    {{.field = "at", .lookback = "1 day"}, NULL, "cursor.lookback: \"1 day\"", AB_EBUG},
	    {{.field = "at", .lookback = "{config.bad}"}, NULL, "\"soon\"", AB_ECONFIG},
	    {{.field = "at", .start = "2020-01-01", .step = "PT0S"}, NULL, "no length", AB_EBUG},
	    {{.field = "at", .start_key = "absent", .step = "P1D"}, NULL, "absent", AB_ECONFIG},
	};
	struct fake f;

	fake_init(&f, "{\"bad\": \"soon\"}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = {.name = "items", .cursor = t[i].cursor};

		ck_assert_msg(
		    fake_read(&f, &s, none, t[i].state, NULL) == t[i].rc, "%zu: %s", i, f.why);
		ck_assert_msg(strstr(f.why, t[i].why) != NULL, "%s", f.why);
		ck_assert_ptr_nonnull(strstr(f.why, "items"));
	}
	fake_fini(&f);
}
END_TEST

/* A server of a record a day in January 2024, which counts its requests. */
static void
serve_days(struct fake *f, const char *url, const char *params, struct ab_response *out)
{
	int from = (int)strtol(strstr(params, "from=") + 13, NULL, 10);
	int to = (int)strtol(strstr(params, "to=") + 11, NULL, 10);
	const char *at = strstr(params, "at="), *comma = "";
	int offset = at == NULL ? 0 : (int)strtol(at + 3, NULL, 10);

	(void)url;
	++*(int *)f->ctx;
	buf_adds(&out->body, "[");
	for (int day = from + offset; day <= to && day < from + offset + 2; day++) {
		if (day > 20) /* then there is nothing any more */
			break;
		buf_addf(&out->body, "%s{\"day\": %d}", comma, day);
		comma = ", ";
	}
	buf_adds(&out->body, "]");
}

/* In the partitions of a list the windows follow each other by token; the empty ones cost no call. */
START_TEST(windows_in_a_partition_are_read_one_after_the_other)
{
	static const char *const values[] = {"a", NULL};
	struct rest_stream s = {.name = "items",
	    .lists = {{.as = "k", .values = values}},
	    .pager = {.kind = REST_OFFSET, .param = "at"},
	    .cursor = {.field = "day",
		.param = "from",
		.end_param = "to",
		.start = "2024-01-01",
		.end = "2024-01-31",
		.format = "%Y-%m-%d",
		.step = "P3D",
		.granularity = "P1D"}};
	struct ab_read read = {.size = sizeof(read), .stream = "items"};
	struct buf got;
	struct fake f;
	struct rest *r;
	char *token = NULL;
	int requests = 0, pages = 0;

	fake_init(&f, "{}");
	f.answer = serve_days;
	f.ctx = &requests;
	buf_init(&got, 1 << 16);
	r = fake_open(&f, NULL);
	read.partition = fake_json(&f, "{\"k\": \"a\"}");
	do {
		fake_reset(&f);
		read.token = token;
		ck_assert_msg(rest_read_stream(r, &s, &read, FAKE_PAGE(&f)) == AB_OK, "%s", f.why);
		ck_assert_str_eq(buf_str(&f.about), "{\"constants\": {\"k\": \"a\"}}");
		if (strcmp(buf_str(&f.records), "[]\n") != 0)
			buf_adds(&got, buf_str(&f.records));
		free(token);
		token = f.token;
		f.token = NULL;
		ck_assert_int_lt(++pages, 50);
	} while (token != NULL);
	ck_assert_int_gt(requests, pages); /* empty windows were passed over within a call */
	for (int day = 1; day <= 20; day++) {
		char text[32];

		snprintf(text, sizeof(text), "{\"day\": %d}", day);
		ck_assert_msg(strstr(buf_str(&got), text) != NULL, "no day %d", day);
		ck_assert_ptr_null(strstr(strstr(buf_str(&got), text) + 1, text));
	}
	rest_close(r);
	buf_fini(&got);
	fake_fini(&f);
}
END_TEST

START_TEST(what_is_older_is_dropped_and_ends_a_feed)
{
	static const struct {
		int feed;
		const char *state, *body, *records;
		int more;
	} t[] = {
	    {0, "{\"at\": 5}", "[{\"at\": 4}, {\"at\": 5}, {\"at\": 6}, {}, {\"at\": null}]",
		"{\"at\": 5}\n{\"at\": 6}\n{}\n{\"at\": null}\n", 1},
	    {0, "{\"at\": 9007199254740993}", "[{\"at\": 9007199254740992}]", "", 1},
	    {0, "{\"at\": \"2024-01-01T00:00:00Z\"}",
		"[{\"at\": \"2024-01-01T01:00:00+02:00\"}, {\"at\": \"2024-01-01T02:00:00+02:00\"}]",
		"{\"at\": \"2024-01-01T02:00:00+02:00\"}\n", 1},
	    {0, "{\"at\": \"b\"}", "[{\"at\": \"a\"}, {\"at\": \"b\"}]", "{\"at\": \"b\"}\n", 1},
	    {0, NULL, "[{\"at\": 1}]", "{\"at\": 1}\n", 1},
	    {1, "{\"at\": 5}", "[{\"at\": 7}, {\"at\": 6}]", "{\"at\": 7}\n{\"at\": 6}\n", 1},
	    {1, "{\"at\": 5}", "[{\"at\": 7}, {\"at\": 5}]", "{\"at\": 7}\n{\"at\": 5}\n", 1},
	    {1, "{\"at\": 5}", "[{\"at\": 7}, {\"at\": 4}]", "{\"at\": 7}\n", 0},
	    /* one that is pinned to the top is not the end */
	    {1, "{\"at\": 5}", "[{\"at\": 1}, {\"at\": 7}]", "{\"at\": 7}\n", 1},
	    {1, NULL, "[{\"at\": 1}]", "{\"at\": 1}\n", 1},
	};
	struct fake f;

	fake_init(&f, "{}");
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct rest_stream s = {.name = "items",
		    .cursor = {.field = "at", .filter = !t[i].feed, .feed = t[i].feed},
		    .pager = {.kind = REST_PAGE, .param = "p"}};

		ck_assert_int_eq(
		    fake_read(&f, &s, (struct canned){200, t[i].body, NULL, NULL, NULL}, t[i].state,
			NULL),
		    AB_OK);
		ck_assert_msg(strcmp(buf_str(&f.records), t[i].records) == 0, "%zu: %s", i,
		    buf_str(&f.records));
		ck_assert_msg((f.token != NULL) == t[i].more, "%zu", i);
	}
	fake_fini(&f);
}
END_TEST

static Suite *
windows_suite(void)
{
	Suite *suite = suite_create("kit-windows");
	TCase *tc = tcase_create("windows");

	tcase_add_test(tc, windows_cover_the_interval);
	tcase_add_test(tc, many_windows_come_in_pages);
	tcase_add_test(tc, a_window_is_sent_in_the_formats_that_are_asked_for);
	tcase_add_test(tc, a_state_is_read_in_the_format_of_the_records);
	tcase_add_test(tc, a_start_may_be_counted_from_now);
	tcase_add_test(tc, times_that_are_none_name_where_they_stand);
	tcase_add_test(tc, windows_in_a_partition_are_read_one_after_the_other);
	tcase_add_test(tc, what_is_older_is_dropped_and_ends_a_feed);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(windows_suite())
