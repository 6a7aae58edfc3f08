/* schema.c - sdk/schema/options.json, and "limits" and "retry" of endpoint.json, and the host agree: what the one takes, the
 * other takes.  (The rest of endpoint.json is in tests/auth.c, stream.json in those of the catalog.) */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "data/config.h"
#include "net/request.h"
#include "suite.h"

static const struct {
	const char *text;
	int good, beyond; /* the schema says it in keywords that config_check does not know */
} options[] = {
    {"{}", 1},
    {"{\"ok\": []}", 1},
    {"{\"ok\": [404, 599]}", 1},
    {"{\"idempotent\": true}", 1},
    {"{\"stream\": true}", 1},
    {"{\"errors\": []}", 1},
    {"{\"errors\": [{\"status\": 404, \"action\": \"end\"}]}", 1},
    {"{\"errors\": [{\"status\": [404, \"5xx\", \"400-499\"], \"action\": \"skip\"}]}", 1},
    {"{\"errors\": [{\"contains\": \"x\", \"action\": \"retry\", \"wait_seconds\": 2.5}]}", 1},
    {"{\"errors\": [{\"body\": {\"path\": \"a.b\", \"equals\": null}, \"action\": \"config\", "
     "\"message\": \"m\"}]}",
	1},
    {"{\"errors\": [{\"body\": {\"path\": \"\", \"exists\": true}, \"action\": \"fail\"}]}", 1},
    {"{\"errors\": {}}", 0},
    {"{\"errors\": [1]}", 0},
    {"{\"errors\": [{\"action\": \"end\"}]}", 0},
    {"{\"errors\": [{\"status\": 404}]}", 0},
    {"{\"errors\": [{\"status\": 100, \"action\": \"end\"}]}", 0},
    {"{\"errors\": [{\"status\": \"4x\", \"action\": \"end\"}]}", 0},
    {"{\"errors\": [{\"status\": [], \"action\": \"end\"}]}", 0},
    {"{\"errors\": [{\"status\": 404, \"action\": \"go\"}]}", 0},
    {"{\"errors\": [{\"status\": 404, \"action\": \"retry\", \"wait_seconds\": -1}]}", 0},
    {"{\"errors\": [{\"body\": {\"path\": \"a\"}, \"action\": \"end\"}]}", 0, 1},
    {"{\"errors\": [{\"body\": {\"path\": \"a\", \"equals\": {}}, \"action\": \"end\"}]}", 0},
    {"{\"ok\": 404}", 0},
    {"{\"ok\": [200]}", 0},
    {"{\"ok\": [600]}", 0},
    {"{\"ok\": [404.5]}", 0},
    {"{\"idempotent\": 1}", 0},
    {"{\"retry\": 3}", 0},
};

static const struct {
	const char *keys; /* of an endpoint */
	int good, beyond;
} endpoints[] = {
    {"\"limits\": {}, \"retry\": {}", 1},
    {"\"limits\": {\"requests_per_second\": 50, \"burst\": 10}", 1},
    {"\"limits\": {\"requests\": 100, \"per_seconds\": 0.5, \"concurrency\": 4}", 1},
    {"\"limits\": {\"remaining_header\": \"X-Left\", \"reset_header\": \"X-Until\", "
     "\"timeout_seconds\": 1.5}",
	1},
    {"\"retry\": {\"attempts\": 1, \"seconds\": 0, \"first_wait_seconds\": 0.001, "
     "\"most_wait_seconds\": 3600, \"longest_asked_seconds\": 86400, \"sync_seconds\": 0}",
	1},
    {"\"retry\": {\"retry_after\": \"X-Wait\"}", 1},
    {"\"retry\": {\"retry_after\": {\"body\": \"retry_after_ms\", \"unit\": \"ms\"}}", 1},
    {"\"retry\": {\"retry_after\": {\"header\": \"X-Wait\", \"unit\": \"auto\"}}", 1},
    {"\"limits\": {\"requests_per_second\": 0}", 0},
    {"\"limits\": {\"burst\": 10}", 0, 1},
    {"\"limits\": {\"requests_per_second\": 1, \"burst\": 1.5}", 0},
    {"\"limits\": {\"requests\": 100}", 0, 1},
    {"\"limits\": {\"per_seconds\": 100}", 0, 1},
    {"\"limits\": {\"requests\": 100001, \"per_seconds\": 1}", 0},
    {"\"limits\": {\"concurrency\": 0}", 0},
    {"\"limits\": {\"concurrency\": \"4\"}", 0},
    {"\"limits\": {\"timeout_seconds\": 0.5}", 0},
    {"\"limits\": {\"remaining_header\": \"\"}", 0},
    {"\"limits\": {\"rate\": 1}", 0},
    {"\"retry\": {\"attempts\": 0}", 0},
    {"\"retry\": {\"seconds\": -1}", 0},
    {"\"retry\": {\"first_wait_seconds\": 3601}", 0},
    {"\"retry\": {\"longest_asked_seconds\": 86401}", 0},
    {"\"retry\": {\"retry_after\": {}}", 0},
    {"\"retry\": {\"retry_after\": {\"unit\": \"ms\"}}", 0},
    {"\"retry\": {\"retry_after\": {\"header\": \"X\", \"unit\": \"min\"}}", 0},
    {"\"retry\": {\"retry_after\": 5}", 0},
    {"\"retry\": {\"tries\": 5}", 0},
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

	if (!options[_i].beyond)
		ck_assert_int_eq(schema_takes(schema, options[_i].text), options[_i].good);
	request_init(&r);
	ck_assert_msg((request_prepare(&r, &ask, NULL, 0, &e) == AB_OK) == options[_i].good,
	    "%s: %s", options[_i].text, e.text);
	request_fini(&r);
	json_decref(schema);
}
END_TEST

START_TEST(limits_and_retry)
{
	json_t *schema = load_schema("endpoint.json");
	struct error e = ERROR_INIT;
	struct endpoint ep;
	char text[512];

	snprintf(text, sizeof(text), "{\"base_url\": \"https://h/\", %s}", endpoints[_i].keys);
	if (!endpoints[_i].beyond)
		ck_assert_msg(schema_takes(schema, text) == endpoints[_i].good, "%s", text);
	ck_assert_msg((endpoint_read(text, NULL, &ep, &e) == AB_OK) == endpoints[_i].good, "%s: %s",
	    text, e.text);
	if (endpoints[_i].good)
		endpoint_fini(&ep);
	json_decref(schema);
}
END_TEST

static Suite *
schema_suite(void)
{
	Suite *suite = suite_create("schema");
	TCase *tc = tcase_create("agree");

	tcase_add_loop_test(tc, request_options, 0, sizeof(options) / sizeof(options[0]));
	tcase_add_loop_test(tc, limits_and_retry, 0, sizeof(endpoints) / sizeof(endpoints[0]));
	suite_add_tcase(suite, tc);
	return suite;
}

SUITE_MAIN(schema_suite())
