/* kit-table.c - the REST kit: what an author got wrong is told at once, with stream and member. */
#include <abhost/rest.h>
#include <stdlib.h>

#include "kit.h"
#include "kit_host.h"
#include "suite.h"

static const char *const odd[] = {"a", "1", "b", NULL};
static const char *const slip[] = {"a", "{partition.users}", NULL};
static const char *const two[] = {"users_id", "name", NULL};

#define CURSOR .pager = {.kind = REST_CURSOR, .param = "c", .from = "next"}

static const struct {
	struct rest_stream s;
	const char *member, *why;
} mistakes[] = {
    {{.name = ""}, "name", "empty"},
    {{.name = "users"}, "name", "same"},
    {{.name = "x", .parent = {.stream = "user"}}, "parent.stream", "no stream \"user\""},
    {{.name = "x", .parent = {.stream = "x"}}, "parent.stream", "circle"},
    {{.name = "x", .parent = {.stream = "loop"}}, "parent.stream", "circle"},
    {{.name = "x", .parent = {.field = "id"}}, "parent.stream", "missing"},
    {{.name = "x", .parent = {.stream = "users", .changed = 1}}, "parent.changed", "cursor.field"},
    {{.name = "x", .parent = {.stream = "users", .extra = two}}, "partition", "two things"},
    {{.name = "x", .parent = {.stream = "posts"}, .lists = {{.as = "users_id", .key = "k"}}},
	"partition", "users_id"},
    {{.name = "x", .lists = {{.as = "k"}}}, "lists", "k needs"},
    {{.name = "x", .lists = {{.as = "k", .key = "k", .values = odd}}}, "lists", "k needs"},
    {{.name = "x", .lists = {{.key = "k"}}}, "lists", "`as`"},
    {{.name = "x", .lists = {{0}, {.as = "k", .key = "k"}}}, "lists", "behind"},
    {{.name = "x", .cursor = {.field = "at", .start = "2024-01-01", .step = "1 month"}},
	"cursor.step", "1 month"},
    {{.name = "x", .cursor = {.field = "at", .lookback = "PD"}}, "cursor.lookback", "PD"},
    {{.name = "x", .cursor = {.lookback = "P1D"}}, "cursor.field", "missing"},
    {{.name = "x", .cursor = {.sorted = 1}}, "cursor.field", "missing"},
    {{.name = "x", .cursor = {.field = "at", .format = "%Q"}}, "cursor.format", "%Q"},
    {{.name = "x", .cursor = {.field = "at", .granularity = "P1D"}}, "cursor.granularity", "step"},
    {{.name = "x", .cursor = {.field = "at", .step = "P1D"}}, "cursor.start", "beginning"},
    {{.name = "x", .cursor = {.field = "at", .step = "P1D", .start = "2024-01-01", .feed = 1}},
	"cursor.feed", "newest"},
    {{.name = "x", .pager = {.kind = (enum rest_paging)77}}, "pager.kind", "77"},
    {{.name = "x", .pager = {.kind = REST_CURSOR, .from = "next"}}, "pager.param", "missing"},
    {{.name = "x", .pager = {.kind = REST_PAGE}}, "pager.param", "missing"},
    {{.name = "x", .pager = {.kind = REST_CURSOR, .param = "c"}}, "pager.from", "missing"},
    {{.name = "x", .pager = {.kind = REST_NEXT_URL}}, "pager.from", "missing"},
    {{.name = "x", .pager = {.kind = REST_LINK, .pages = "p"}}, "pager.pages", "REST_PAGE"},
    {{.name = "x", .lines = 1, CURSOR}, "pager", "header:"},
    {{.name = "x", .lines = 1, .records = "d"}, "records", "lines"},
    {{.name = "x", .lines = 1, .pager = {.kind = REST_LAST_FIELD, .param = "a", .from = "id"}},
	"pager.kind", "LAST_FIELD"},
    {{.name = "x", .body = {.kind = REST_GRAPHQL}}, "body.text", "missing"},
    {{.name = "x", .body = {.kind = REST_FORM}}, "body.fields", "missing"},
    {{.name = "x",
	 .body = {.kind = REST_RAW, .text = "t"},
	 .size = {.param = "n", .value = 1, .place = REST_IN_JSON}},
	"body", "not JSON"},
    {{.name = "x",
	 .body = {.kind = REST_JSON, .text = "{}"},
	 .size = {.param = "n", .value = 1, .place = REST_IN_FORM}},
	"body", "no form"},
    {{.name = "x", .size = {.param = "n"}}, "size", "neither"},
    {{.name = "x", .size = {.param = "n", .value = 9, .max = 8}}, "size.value", "greater"},
    {{.name = "x", .add = odd}, "add", "b has no path"},
    {{.name = "x", .parent = {.stream = "users", .extra = odd}}, "parent.extra", "b has no path"},
    {{.name = "x", .only = {.field = "a"}}, "only", "neither"},
    {{.name = "x", .only = {.is = "a"}}, "only.field", "missing"},
    {{.name = "x", .key_as = "k", .records = "data"}, "key_as", "*"},
    {{.name = "x", .params = odd}, "params", "b has no value"},
    {{.name = "x", .url = "x/{partition.id}"}, "url", "no \"id\""},
    {{.name = "x", .url = "x/{parition.id}"}, "url", "{parition.id}"},
    {{.name = "x", .params = slip, .parent = {.stream = "users"}}, "params", "no \"users\""},
    {{.name = "x", .headers = slip}, "headers", "no \"users\""},
    {{.name = "x", .constants = AB_JSON({"a" : "{confg.a}"})}, "constants", "{confg.a}"},
};

static ab_status
open_with(struct fake *f, const struct rest_stream *s)
{
	const struct rest_stream streams[] = {{.name = "users"},
	    {.name = "posts",
		.url = "users/{partition.users_id}/posts",
		.parent = {.stream = "users"}},
	    *s, {.name = "loop", .parent = {.stream = "x"}}, {.name = NULL}};
	void *self = NULL;
	ab_status rc;

	f->api = (struct rest_api){
	    .endpoint = AB_JSON({"base_url" : "https://api.example.com/v1/"}), .streams = streams};
	fake_reset(f);
	rc = rest_open(&f->host, &f->api, &self);
	if (self != NULL)
		rest_close(self);
	return rc;
}

START_TEST(a_mistake_in_the_table_names_stream_and_member)
{
	const struct rest_stream *s = &mistakes[_i].s;
	char place[128];
	struct fake f;

	fake_init(&f, "{}");
	ck_assert_msg(open_with(&f, s) == AB_EBUG, "%s %s", mistakes[_i].member, mistakes[_i].why);
	snprintf(place, sizeof(place), "stream \"%s\": %s: ", s->name, mistakes[_i].member);
	ck_assert_msg(strstr(f.why, place) != NULL, "%s", f.why);
	ck_assert_msg(strstr(f.why, mistakes[_i].why) != NULL, "%s", f.why);
	fake_fini(&f);
}
END_TEST

START_TEST(a_table_that_is_right_is_taken)
{
	static const char *const params[] = {"a", "{partition.posts_id}{partition.users_id}", "b",
	    "{start:%Y} {end} {now:%s} {token} {size} {config.x.y}", NULL};
	const struct rest_stream s = {.name = "x",
	    .parent = {.stream = "posts"},
	    .params = params,
	    .lists = {{.as = "k", .key = "k"}},
	    .cursor = {.field = "at", .start_key = "s", .step = "P{config.n}D"},
	    .pager = {.kind = REST_CURSOR, .from = "next"}};
	struct fake f;

	fake_init(&f, "{}");
	/* all but the circle that the mistakes need */
	ck_assert_int_eq(open_with(&f, &s), AB_OK);
	fake_fini(&f);
}
END_TEST

static Suite *
table_suite(void)
{
	Suite *suite = suite_create("kit-table");
	TCase *tc = tcase_create("table");

	tcase_add_loop_test(tc, a_mistake_in_the_table_names_stream_and_member, 0,
	    (int)(sizeof(mistakes) / sizeof(mistakes[0])));
	tcase_add_test(tc, a_table_that_is_right_is_taken);
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(table_suite())
