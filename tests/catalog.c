/* Laws of engine/catalog and engine/plan: what a description may hold, what a user may choose, and what follows. */
#include "suite.h"

#include <string.h>

#include "engine/plan.h"

#define KEYED \
	"{\"name\":\"events\",\"default_cursor_field\":[\"at\"],\"source_defined_primary_key\":[[\"id\"]]," \
	"\"sorted\":true,\"is_resumable\":true,\"json_schema\":{\"properties\":{\"at\":{\"type\":\"string\"," \
	"\"format\":\"date-time\"}}}}"
#define PLAIN  "{\"name\":\"users\"}"
#define CURSED "{\"name\":\"log\",\"default_cursor_field\":[\"meta\",\"seq\"]}"

static struct catalog catalog;
static struct plan plan;
static struct error err;

static void
setup(void)
{
	error_clear(&err);
	ck_assert_int_eq(catalog_init(&catalog), 0);
}

static void
teardown(void)
{
	plan_fini(&plan);
	catalog_fini(&catalog);
}

static ab_status
add(const char *text)
{
	error_clear(&err);
	return catalog_add(&catalog, text, strlen(text), &err);
}

static void
add_three(void)
{
	ck_assert_int_eq(add(KEYED), AB_OK);
	ck_assert_int_eq(add(PLAIN), AB_OK);
	ck_assert_int_eq(add(CURSED), AB_OK);
}

static ab_status
make(const char *streams, const char *configured, const char *mode)
{
	const char *const modes[] = {mode, NULL};
	json_t *file = configured == NULL ? NULL : json_loads(configured, 0, NULL);
	const struct plan_options o = {.streams = streams, .configured = file, .modes = modes};
	ab_status status;

	ck_assert(configured == NULL || file != NULL);
	plan_fini(&plan);
	error_clear(&err);
	status = plan_make(&plan, &catalog, &o, &err);
	json_decref(file);
	return status;
}

START_TEST(a_description_is_completed)
{
	const json_t *s;

	add_three();
	s = json_array_get(catalog.streams, 0);
	ck_assert_int_eq(catalog_supports(s, "full_refresh"), 1);
	ck_assert_int_eq(catalog_supports(s, "incremental"), 1);
	s = json_array_get(catalog.streams, 1);
	ck_assert_int_eq(catalog_supports(s, "incremental"), 0);
	ck_assert(json_is_object(json_object_get(s, "json_schema")));
	ck_assert_int_eq(
	    add("{\"name\":\"own\",\"source_defined_cursor\":true,\"namespace\":null,\"x\":[1]}"),
	    AB_OK);
	s = json_array_get(catalog.streams, 3);
	ck_assert_int_eq(catalog_supports(s, "incremental"), 1);
	ck_assert_str_eq(catalog_namespace(s), "");
	ck_assert_int_eq(json_array_size(json_object_get(s, "x")), 1);
}
END_TEST

START_TEST(a_mistake_in_a_description_is_told_by_its_pointer)
{
	static const struct {
		const char *text, *told;
	} cases[] = {
	    {"", "not a JSON object"},
	    {"[]", "expected an object"},
	    {"{\"name\": \"a\"", "not a JSON object"},
	    {"{}", "/name: expected a name"},
	    {"{\"name\": \"\"}", "/name"},
	    {"{\"name\": 7}", "/name: expected a name of 1 to 512 bytes, found 7"},
	    {"{\"name\": \"a\", \"json_schema\": []}", "/json_schema"},
	    {"{\"name\": \"a\", \"supported_sync_modes\": [\"full\"]}", "/supported_sync_modes"},
	    {"{\"name\": \"a\", \"default_cursor_field\": \"at\"}", "/default_cursor_field"},
	    {"{\"name\": \"a\", \"source_defined_primary_key\": [\"id\"]}",
		"/source_defined_primary_key"},
	    {"{\"name\": \"a\", \"source_defined_primary_key\": [[]]}",
		"/source_defined_primary_key"},
	    {"{\"name\": \"a\", \"partition_state\": \"all\"}",
		"/partition_state: expected \"each\" or \"shared\", found \"all\""},
	    {"{\"name\": \"a\", \"sorted\": 1}", "/sorted: expected true or false, found 1"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(add(cases[i].text), AB_EBUG);
		ck_assert_msg(
		    strstr(err.text, cases[i].told) != NULL, "%s: %s", cases[i].text, err.text);
	}
	ck_assert_int_eq(json_array_size(catalog.streams), 0);
}
END_TEST

START_TEST(a_name_is_there_once_per_namespace)
{
	ck_assert_int_eq(add(PLAIN), AB_OK);
	ck_assert_int_eq(add(PLAIN), AB_EBUG);
	ck_assert_ptr_nonnull(strstr(err.text, "\"users\" is described twice"));
	ck_assert_int_eq(add("{\"name\":\"users\",\"namespace\":\"b\"}"), AB_OK);
}
END_TEST

START_TEST(defaults_follow_cursor_and_key)
{
	add_three();
	ck_assert_int_eq(make(NULL, NULL, NULL), AB_OK);
	ck_assert_int_eq(plan.n, 3);
	ck_assert_int_eq(plan.streams[0].sync_mode, PLAN_INCREMENTAL);
	ck_assert_int_eq(plan.streams[0].mode, DEST_APPEND_DEDUP);
	ck_assert_int_eq(plan.streams[0].cursor_is_time, 1);
	ck_assert_int_eq(plan.streams[0].sorted, 1);
	ck_assert_int_eq(plan.streams[0].resumable, 1);
	ck_assert_str_eq(plan.streams[0].primary_key[0][0], "id");
	ck_assert_ptr_null(plan.streams[0].primary_key[1]);
	ck_assert_int_eq(plan.streams[1].sync_mode, PLAN_FULL_REFRESH);
	ck_assert_int_eq(plan.streams[1].mode, DEST_OVERWRITE);
	ck_assert_ptr_null(plan.streams[1].cursor);
	ck_assert_ptr_null(plan.streams[1].schema);
	ck_assert_int_eq(plan.streams[2].sync_mode, PLAN_INCREMENTAL);
	ck_assert_int_eq(plan.streams[2].mode, DEST_APPEND);
	ck_assert_str_eq(plan.streams[2].cursor[1], "seq");
	ck_assert_int_eq(plan.streams[2].sorted, 0);
}
END_TEST

START_TEST(the_connector_gets_its_configured_stream)
{
	json_t *doc;

	add_three();
	ck_assert_int_eq(make("events", NULL, NULL), AB_OK);
	ck_assert_int_eq(plan.n, 1);
	doc = json_loads(plan.streams[0].configured, 0, NULL);
	ck_assert_str_eq(
	    json_string_value(json_object_get(json_object_get(doc, "stream"), "name")), "events");
	ck_assert_str_eq(json_string_value(json_object_get(doc, "sync_mode")), "incremental");
	ck_assert_str_eq(
	    json_string_value(json_object_get(doc, "destination_sync_mode")), "append_dedup");
	ck_assert_str_eq(
	    json_string_value(json_array_get(json_object_get(doc, "cursor_field"), 0)), "at");
	json_decref(doc);
}
END_TEST

START_TEST(the_command_line_chooses_modes)
{
	add_three();
	ck_assert_int_eq(make(NULL, NULL, "events=incremental:append"), AB_OK);
	ck_assert_int_eq(plan.streams[0].mode, DEST_APPEND);
	ck_assert_int_eq(make(NULL, NULL, "events=full_refresh"), AB_OK);
	ck_assert_int_eq(plan.streams[0].mode, DEST_OVERWRITE);
	ck_assert_int_eq(make(NULL, NULL, "events=full_refresh:append_dedup"), AB_OK);
	ck_assert_int_eq(plan.streams[0].sync_mode, PLAN_FULL_REFRESH);
	ck_assert_int_eq(plan.streams[0].mode, DEST_APPEND_DEDUP);
}
END_TEST

START_TEST(what_cannot_work_is_refused_in_the_users_words)
{
	static const struct {
		const char *streams, *configured, *mode, *told;
	} cases[] = {
	    {"nope", NULL, NULL,
		"\"nope\", which the connector does not have; it has: events, users, log"},
	    {"events,", NULL, NULL, "\"\""},
	    {"", NULL, NULL, "--streams"},
	    {NULL, NULL, "nope=full_refresh", "it has: events, users, log"},
	    {NULL, NULL, "users", "expected STREAM=SYNC_MODE"},
	    {NULL, NULL, "users=fullrefresh", "\"fullrefresh\" is not a sync mode"},
	    {NULL, NULL, "users=full_refresh:", "\"\" is not a destination sync mode"},
	    {NULL, NULL, "users=incremental", "no cursor field"},
	    {NULL, NULL, "users=full_refresh:append_dedup", "no primary key"},
	    {NULL, NULL, "log=incremental:append_dedup", "no primary key"},
	    {NULL, NULL, "events=incremental:overwrite", "nothing but the newest records"},
	    {NULL, "{}", NULL, "no ConfiguredAirbyteCatalog"},
	    {NULL, "{\"streams\":[]}", NULL, "no stream to read"},
	    {NULL, "{\"streams\":[7]}", NULL, "/streams/0: /stream/name is missing"},
	    {NULL, "{\"streams\":[{\"stream\":{\"name\":\"nope\"}}]}", NULL, "it has: events"},
	    {NULL, "{\"streams\":[{\"stream\":{\"name\":\"users\"},\"sync_mode\":1}]}", NULL,
		"/streams/0"},
	    {NULL, "{\"streams\":[{\"stream\":{\"name\":\"users\"},\"primary_key\":[\"id\"]}]}",
		NULL, "paths"},
	    {NULL, "{\"streams\":[{\"stream\":{\"name\":\"events\"},\"primary_key\":[[\"x\"]]}]}",
		NULL, "primary key is defined by the source"},
	};

	add_three();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_msg(
		    make(cases[i].streams, cases[i].configured, cases[i].mode) == AB_ECONFIG,
		    "case %zu was accepted", i);
		ck_assert_msg(strstr(err.text, cases[i].told) != NULL, "case %zu: %s", i, err.text);
	}
}
END_TEST

START_TEST(a_catalog_file_is_read_in_every_spelling)
{
	static const char *const files[] = {
	    "{\"streams\":[{\"stream\":{\"name\":\"users\",\"namespace\":null},\"sync_mode\":\"incremental\","
	    "\"destination_sync_mode\":\"append_dedup\",\"cursor_field\":[\"seen\"],\"primary_key\":[[\"id\"]],"
	    "\"generation_id\":1}],\"extra\":null}",
	    "{\"streams\":[{\"stream\":{\"name\":\"users\"},\"syncMode\":\"incremental\",\"sync_mode\":null,"
	    "\"destinationSyncMode\":\"append_dedup\",\"cursorField\":[\"seen\"],\"primaryKey\":[[\"id\"]]}]}",
	    "{\"streams\":[{\"stream\":{\"name\":\"users\"},\"config\":{\"syncMode\":\"incremental\",\"selected\":true,"
	    "\"destinationSyncMode\":\"append_dedup\",\"cursorField\":[\"seen\"],\"primaryKey\":[[\"id\"]]}},"
	    "{\"stream\":{\"name\":\"log\"},\"config\":{\"selected\":false}}]}",
	};

	add_three();
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		ck_assert_msg(make(NULL, files[i], NULL) == AB_OK, "file %zu: %s", i, err.text);
		ck_assert_int_eq(plan.n, 1);
		ck_assert_str_eq(plan.streams[0].name, "users");
		ck_assert_int_eq(plan.streams[0].sync_mode, PLAN_INCREMENTAL);
		ck_assert_int_eq(plan.streams[0].mode, DEST_APPEND_DEDUP);
		ck_assert_str_eq(plan.streams[0].cursor[0], "seen");
	}
	/* the command line is nearer to the user than the file */
	ck_assert_int_eq(make(NULL, files[0], "users=full_refresh"), AB_OK);
	ck_assert_int_eq(plan.streams[0].mode, DEST_OVERWRITE);
}
END_TEST

START_TEST(another_cursor_than_the_sources_is_not_sorted)
{
	add_three();
	ck_assert_int_eq(
	    make(NULL,
		"{\"streams\":[{\"stream\":{\"name\":\"events\"},\"cursor_field\":[\"id\"]}]}",
		NULL),
	    AB_OK);
	ck_assert_int_eq(plan.streams[0].sorted, 0);
	ck_assert_int_eq(plan.streams[0].cursor_is_time, 0);
}
END_TEST

static Suite *
catalog_suite(void)
{
	Suite *s = suite_create("catalog");
	TCase *t = tcase_create("catalog");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_description_is_completed);
	tcase_add_test(t, a_mistake_in_a_description_is_told_by_its_pointer);
	tcase_add_test(t, a_name_is_there_once_per_namespace);
	tcase_add_test(t, defaults_follow_cursor_and_key);
	tcase_add_test(t, the_connector_gets_its_configured_stream);
	tcase_add_test(t, the_command_line_chooses_modes);
	tcase_add_test(t, what_cannot_work_is_refused_in_the_users_words);
	tcase_add_test(t, a_catalog_file_is_read_in_every_spelling);
	tcase_add_test(t, another_cursor_than_the_sources_is_not_sorted);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(catalog_suite())
