/* schema.c - sdk/schema/options.json and the host agree: what the one takes, the other takes.  (endpoint.json is
 * in tests/auth.c, stream.json in those of the catalog.) */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/config.h"
#include "net/request.h"
#include "suite.h"

static const struct {
	const char *text;
	int good;
} options[] = {
    {"{}", 1},
    {"{\"ok\": []}", 1},
    {"{\"ok\": [404, 599]}", 1},
    {"{\"idempotent\": true}", 1},
    {"{\"stream\": true}", 1},
    {"{\"ok\": 404}", 0},
    {"{\"ok\": [200]}", 0},
    {"{\"ok\": [600]}", 0},
    {"{\"ok\": [404.5]}", 0},
    {"{\"idempotent\": 1}", 0},
    {"{\"retry\": 3}", 0},
};

static json_t *
load_schema(const char *name)
{
	const char *top = getenv("top_srcdir");
	char path[4096];
	json_t *schema;

	snprintf(path, sizeof(path), "%s/sdk/schema/%s", top != NULL ? top : ".", name);
	schema = json_load_file(path, 0, NULL);
	ck_assert_msg(schema != NULL, "%s is no JSON", path);
	return schema;
}

static int
schema_takes(const json_t *schema, const char *text)
{
	json_t *value = json_loads(text, 0, NULL);
	struct error e = ERROR_INIT;
	int takes = config_check(schema, value, &e) == AB_OK;

	json_decref(value);
	return takes;
}

START_TEST(request_options)
{
	json_t *schema = load_schema("options.json");
	struct ab_request ask = {
	    .size = sizeof(ask), .url = "https://h/", .options = options[_i].text};
	struct error e = ERROR_INIT;
	struct request r;

	ck_assert_int_eq(schema_takes(schema, options[_i].text), options[_i].good);
	request_init(&r);
	ck_assert_msg((request_prepare(&r, &ask, NULL, 0, &e) == AB_OK) == options[_i].good,
	    "%s: %s", options[_i].text, e.text);
	request_fini(&r);
	json_decref(schema);
}
END_TEST

static Suite *
schema_suite(void)
{
	Suite *suite = suite_create("schema");
	TCase *tc = tcase_create("agree");

	tcase_add_loop_test(tc, request_options, 0, sizeof(options) / sizeof(options[0]));
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(schema_suite())
