/* since.c - laws of host/accept/since.h: a key of a description asks for the host that brought it, and no other key does. */
#include "suite.h"

#include <abhost/abi.h>
#include <jansson.h>
#include <string.h>

#include "accept/since.h"

static const char schema[] =
    "{\"properties\": {"
    "  \"name\": {\"x-since\": \"1.0\"},"
    "  \"newer\": {\"x-since\": \"1.2\"},"
    "  \"deep\": {\"x-since\": \"1.0\", \"properties\": {\"er\": {\"x-since\": \"1.3\", \"type\": \"object\"}}},"
    "  \"list\": {\"x-since\": \"1.1\", \"items\": {\"properties\": {\"a\": {\"x-since\": \"1.4\"}}}},"
    "  \"auth\": {\"x-since\": \"1.0\", \"$ref\": \"#/definitions/auth\"}},"
    " \"definitions\": {\"auth\": {\"oneOf\": ["
    "  {\"properties\": {\"old\": {\"x-since\": \"1.0\"}}},"
    "  {\"properties\": {\"key\": {\"x-since\": \"2.1\"}}}]}}}";

static const struct {
	const char *document;
	uint32_t version;
	const char *key;
} cases[] = {
    {"{}", AB_VERSION(1, 0), ""},
    {"{\"name\": \"newer\", \"er\": 1, \"unknown\": {\"newer\": 1}}", AB_VERSION(1, 0), ""},
    {"{\"newer\": null}", AB_VERSION(1, 2), "newer"},
    {"{\"deep\": {\"er\": {}}, \"newer\": 1}", AB_VERSION(1, 3), "deep.er"},
    {"{\"list\": []}", AB_VERSION(1, 1), "list"},
    {"{\"list\": [{}, {\"a\": 1}]}", AB_VERSION(1, 4), "list.a"},
    {"{\"auth\": {\"old\": 1}}", AB_VERSION(1, 0), ""},
    {"{\"auth\": {\"key\": 1}}", AB_VERSION(2, 1), "auth.key"},
};

START_TEST(the_newest_key_decides)
{
	struct since s = {.version = AB_VERSION(1, 0)};
	json_t *by = json_loads(schema, 0, NULL);
	json_t *document = json_loads(cases[_i].document, 0, NULL);

	ck_assert(by != NULL && document != NULL);
	since_look(&s, by, document);
	ck_assert_uint_eq(s.version, cases[_i].version);
	ck_assert_str_eq(s.key, cases[_i].key);
	json_decref(document);
	json_decref(by);
}
END_TEST

START_TEST(it_is_never_lowered)
{
	struct since s = {.version = AB_VERSION(3, 0)};
	json_t *by = json_loads(schema, 0, NULL), *document = json_loads("{\"newer\": 1}", 0, NULL);

	since_look(&s, by, document);
	ck_assert_uint_eq(s.version, AB_VERSION(3, 0));
	ck_assert_str_eq(s.key, "");
	json_decref(document);
	json_decref(by);
}
END_TEST

/* Each key under "properties" has a version that a connector can ask for. */
static size_t
count_without(const json_t *v, int is_properties)
{
	const char *key;
	json_t *one;
	size_t i, n = 0;

	json_object_foreach ((json_t *)v, key, one) {
		if (is_properties)
			n += json_string_length(json_object_get(one, "x-since")) == 0;
		n += count_without(one, !is_properties && strcmp(key, "properties") == 0);
	}
	json_array_foreach (v, i, one)
		n += count_without(one, 0);
	return n;
}

START_TEST(every_key_of_a_description_says_since_when)
{
	static const char *const names[] = {"about", "endpoint", "options", "stream"};
	const char *top = getenv("top_srcdir");
	char path[4096];
	json_t *v;

	snprintf(path, sizeof(path), "%s/sdk/schema/%s.json", top != NULL ? top : ".", names[_i]);
	v = json_load_file(path, 0, NULL);
	ck_assert_msg(v != NULL, "%s is no JSON", path);
	ck_assert_msg(count_without(v, 0) == 0, "%s: %zu keys without \"x-since\"", path,
	    count_without(v, 0));
	json_decref(v);
}
END_TEST

static Suite *
since_suite(void)
{
	Suite *s = suite_create("since");
	TCase *t = tcase_create("since");

	tcase_add_loop_test(t, the_newest_key_decides, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(t, it_is_never_lowered);
	tcase_add_loop_test(t, every_key_of_a_description_says_since_when, 0, 4);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(since_suite())
