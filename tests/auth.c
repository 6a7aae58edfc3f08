/* Laws of host/net/endpoint and auth: what a description may say, what it makes of the config, what each mistake is called. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "data/config.h"
#include "net/endpoint.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define WITH(auth) "{\"base_url\": \"https://h/\", \"auth\": " auth "}"

static const char config_text[] =
    "{\"api_key\": \"k/e\\\"y-0815\", \"login\": {\"user\": \"al\", \"pass\": \"pa55word\"}, \"empty\": \"\","
    "\"number\": 5, \"lines\": \"a\\r\\nX: y\", \"colon\": \"a:b\", \"url\": \"http://plain.example/v2\","
    "\"bad_url\": \"http://u:pa55word@h/\"}";
static json_t *config;
static struct endpoint ep;
static struct error error;

static void
set_up(void)
{
	config = json_loads(config_text, 0, NULL);
	ck_assert_ptr_nonnull(config);
}

static void
tear_down(void)
{
	json_decref(config);
	redact_fini();
}

static ab_status
read_endpoint(const char *json)
{
	error_clear(&error);
	return endpoint_read(json, config, &ep, &error);
}

START_TEST(each_kind_makes_its_credential)
{
	static const struct {
		const char *json;
		enum auth_place place;
		const char *name, *value, *keys;
	} cases[] = {{WITH("{\"type\": \"none\"}"), AUTH_NONE, NULL, NULL, ""},
	    {WITH("{\"type\": \"bearer\", \"config\": \"api_key\"}"), AUTH_HEADER, "Authorization",
		"Bearer k/e\"y-0815", "\"api_key\""},
	    {WITH(
		 "{\"type\": \"basic\", \"username\": {\"config\": \"login.user\"}, \"password\": {\"config\": "
		 "\"login.pass\"}}"),
		AUTH_HEADER, "Authorization",
		"Basic YWw6cGE1NXdvcmQ=", "\"login.user\" and \"login.pass\""},
	    {WITH(
		 "{\"type\": \"basic\", \"username\": \"al\", \"password\": {\"config\": \"empty\"}}"),
		AUTH_HEADER, "Authorization", "Basic YWw6", "\"empty\""},
	    {WITH("{\"type\": \"basic\", \"username\": {\"config\": \"login.user\"}}"), AUTH_HEADER,
		"Authorization", "Basic YWw6", "\"login.user\""},
	    {WITH(
		 "{\"type\": \"api_key\", \"in\": \"header\", \"name\": \"X-Key\", \"config\": \"login.pass\", "
		 "\"prefix\": \"Token \"}"),
		AUTH_HEADER, "X-Key", "Token pa55word", "\"login.pass\""},
	    {WITH(
		 "{\"type\": \"api_key\", \"in\": \"query\", \"name\": \"key\", \"config\": \"login.pass\"}"),
		AUTH_QUERY, "key", "pa55word", "\"login.pass\""}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_msg(read_endpoint(cases[i].json) == AB_OK, "%zu: %s", i, error.text);
		ck_assert_int_eq(ep.auth.place, cases[i].place);
		ck_assert_pstr_eq(ep.auth.name, cases[i].name);
		ck_assert_pstr_eq(ep.auth.value, cases[i].value);
		ck_assert_str_eq(ep.auth.keys, cases[i].keys);
		endpoint_fini(&ep);
	}
}
END_TEST

START_TEST(a_secret_is_hidden_in_every_form_that_an_api_may_quote)
{
	char text[] =
	    "k/e\"y-0815 k%2Fe%22y-0815 k/e\\\"y-0815 k\\/e\"y-0815 YWw6cGE1NXdvcmQ= pa55word";

	ck_assert_int_eq(
	    read_endpoint(WITH("{\"type\": \"bearer\", \"config\": \"api_key\"}")), AB_OK);
	endpoint_fini(&ep);
	ck_assert_int_eq(
	    read_endpoint(WITH("{\"type\": \"basic\", \"username\": \"al\", \"password\": "
			       "{\"config\": \"login.pass\"}}")),
	    AB_OK);
	endpoint_fini(&ep);
	ck_assert_str_eq(redact_text(text), "**** **** **** **** **** ****");
}
END_TEST

START_TEST(a_config_that_does_not_do_names_its_key)
{
	static const char *const cases[][2] = {
	    {WITH("{\"type\": \"bearer\", \"config\": \"gone\"}"),
		"\"gone\" in the config is missing, or not a text"},
	    {WITH("{\"type\": \"bearer\", \"config\": \"number\"}"),
		"\"number\" in the config is missing, or not"},
	    {WITH("{\"type\": \"bearer\", \"config\": \"login.gone\"}"),
		"\"login.gone\" in the config is missing"},
	    {WITH("{\"type\": \"bearer\", \"config\": \"empty\"}"),
		"\"empty\" in the config is empty"},
	    {WITH("{\"type\": \"bearer\", \"config\": \"lines\"}"),
		"\"lines\" in the config holds a line break"},
	    {WITH("{\"type\": \"basic\", \"username\": {\"config\": \"colon\"}}"), "holds a colon"},
	    {"{\"base_url\": {\"config\": \"gone\"}}", "\"gone\" in the config is missing"},
	    {"{\"base_url\": {\"config\": \"bad_url\"}}",
		"\"bad_url\" in the config holds a user name or a password"},
	    {"{\"base_url\": {\"config\": \"empty\"}}", "\"empty\" in the config is relative"},
	    {"{\"base_url\": \"http://plain.example/\"}", "http://plain.example/: plain http"},
	    {"{\"base_url\": {\"config\": \"gone\", \"default\": \"http://plain.example/\"}}",
		"plain http"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_msg(read_endpoint(cases[i][0]) == AB_ECONFIG, "%zu: %s", i, error.text);
		ck_assert_msg(strstr(error.text, cases[i][1]) != NULL, "%s", error.text);
		ck_assert_ptr_null(strstr(error.text, "pa55word"));
		ck_assert_ptr_null(ep.base.ptr);
	}
}
END_TEST

START_TEST(a_base_url_is_a_folder)
{
	static const char *const cases[][2] = {
	    {"{\"base_url\": \"https://H/v1\"}", "https://h/v1/"},
	    {"{\"base_url\": \"https://h/v1/\"}", "https://h/v1/"},
	    {"{\"base_url\": \"https://h\"}", "https://h/"},
	    {"{\"base_url\": \"http://127.0.0.1:8080\"}", "http://127.0.0.1:8080/"},
	    {"{\"base_url\": {\"config\": \"url\"}}", "http://plain.example/v2/"},
	    {"{\"base_url\": {\"config\": \"url\", \"default\": \"https://h\"}}",
		"http://plain.example/v2/"},
	    {"{\"base_url\": {\"config\": \"gone\", \"default\": \"https://h\"}}", "https://h/"}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_msg(read_endpoint(cases[i][0]) == AB_OK, "%zu: %s", i, error.text);
		ck_assert_str_eq(ep.base.ptr, cases[i][1]);
		endpoint_fini(&ep);
	}
}
END_TEST

/* The mistakes of a connector; those that a JSON Schema can know, sdk/schema/endpoint.json must refuse too. */
static const struct mistake {
	const char *json, *part;
	int schema_knows;
} mistakes[] = {{"", "the endpoint is not JSON", 0}, {"[]", "not a JSON object", 0},
    {"{\"base_url\": \"https://h/\", \"base_url\": \"https://i/\"}", "duplicate", 0},
    {"{\"base_url\": \"https://h/\" \"auth\"}", "line 1, column 32", 0},
    {"{}", "at /base_url: is missing", 1},
    {"{\"base_url\": 5}", "at /base_url: must be a string or an object, near: {\"base_url\": 5}",
	1},
    {"{\"base_url\": {}}", "at /base_url/config: is missing", 1},
    {"{\"base_url\": {\"config\": 5}}", "at /base_url/config: must be a string", 1},
    {"{\"base_url\": \"h\"}", "at /base_url: is relative", 0},
    {"{\"base_url\": \"ftp://h\"}", "at /base_url: has a scheme other than", 0},
    {"{\"base_url\": \"https://h/?x\"}", "at /base_url: has a query", 0},
    {"{\"base_url\": \"https://h\", \"oauth\": {}}",
	"at /oauth: is not a key that abhost knows; did you mean \"auth\"?, near: \": \"https://h\", \"oauth\": {}}",
	1},
    {"{\"base_url\": \"https://h\", \"auth\": []}", "at /auth: must be an object", 1},
    {WITH("{}"), "at /auth/type: must be \"none\"", 1},
    {WITH("{\"type\": \"baerer\"}"), "at /auth/type: must be", 1},
    {WITH("{\"type\": \"none\", \"config\": \"x\"}"), "at /auth/config: is not a key", 1},
    {WITH("{\"type\": \"bearer\"}"), "at /auth/config: is missing", 1},
    {WITH("{\"type\": \"bearer\", \"config\": {}}"), "at /auth/config: must be a string", 1},
    {WITH("{\"type\": \"basic\", \"password\": \"x\"}"), "at /auth/username: is missing", 1},
    {WITH("{\"type\": \"basic\", \"username\": {\"confg\": \"x\"}}"),
	"at /auth/username/confg: is not a key", 1},
    {WITH("{\"type\": \"basic\", \"username\": {}}"), "at /auth/username/config: is missing", 1},
    {WITH("{\"type\": \"api_key\", \"in\": \"cookie\", \"name\": \"k\", \"config\": \"api_key\"}"),
	"at /auth/in: must be", 1},
    {WITH("{\"type\": \"api_key\", \"in\": \"header\", \"name\": \"\", \"config\": \"api_key\"}"),
	"at /auth/name: has a name", 1},
    {WITH(
	 "{\"type\": \"api_key\", \"in\": \"header\", \"name\": \"Host\", \"config\": \"api_key\"}"),
	"at /auth/name: is for abhost", 0},
    {WITH(
	 "{\"type\": \"api_key\", \"in\": \"header\", \"name\": \"k\", \"config\": \"api_key\", \"prefix\": \"\\n\"}"),
	"at /auth/prefix: holds a line break", 0},
    {"{\"base_url\": \"https://h\", \"headers\": {\"X\": 1}}", "at /headers/X: must be a string",
	1},
    {"{\"base_url\": \"https://h\", \"headers\": {\"X:\": \"\"}}", "at /headers/X:: has a name", 0},
    {"{\"base_url\": \"https://h\", \"headers\": {\"X\": \"a\\nb\"}}",
	"at /headers/X: holds a line break", 0},
    {"{\"base_url\": \"https://h\", \"limits\": {\"requests_per_second\": 0}}",
	"requests_per_second: must lie between", 1},
    {"{\"base_url\": \"https://h\", \"limits\": {\"requests_per_second\": \"5\"}}",
	"must be a number", 1},
    {"{\"base_url\": \"https://h\", \"limits\": {\"timeout_seconds\": 0.5}}",
	"timeout_seconds: must lie between", 1},
    {"{\"base_url\": \"https://h\", \"limits\": {\"per_second\": 5}}",
	"at /limits/per_second: is not a key", 1}};

START_TEST(a_mistake_is_told_with_pointer_and_bytes)
{
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		ck_assert_msg(read_endpoint(mistakes[i].json) == AB_EBUG, "%zu: %s", i, error.text);
		ck_assert_msg(strstr(error.text, mistakes[i].part) != NULL, "%s", error.text);
	}
}
END_TEST

static ab_status
check_schema(const json_t *schema, const char *json)
{
	json_t *value = json_loads(json, 0, NULL);
	ab_status rc;

	error_clear(&error);
	rc = value == NULL ? AB_ECONFIG : config_check(schema, value, &error);
	json_decref(value);
	return rc;
}

START_TEST(the_schema_says_the_same)
{
	static const char *const good[] = {WITH("{\"type\": \"none\"}"),
	    WITH("{\"type\": \"bearer\", \"config\": \"api_key\"}"),
	    WITH(
		"{\"type\": \"basic\", \"username\": \"a\", \"password\": {\"config\": \"login.pass\"}}"),
	    WITH(
		"{\"type\": \"api_key\", \"in\": \"query\", \"name\": \"k\", \"config\": \"api_key\", \"prefix\": \"p\"}"),
	    "{\"base_url\": {\"config\": \"url\", \"default\": \"https://h\"}, \"headers\": {\"A\": \"b\"}, "
	    "\"limits\": {\"requests_per_second\": 0.5, \"timeout_seconds\": 120}}"};
	char path[1024];
	json_t *schema;

	snprintf(path, sizeof(path), "%s/sdk/schema/endpoint.json", getenv("top_srcdir"));
	schema = json_load_file(path, 0, NULL);
	ck_assert_msg(schema != NULL, "%s", path);
	for (size_t i = 0; i < COUNT(good); i++) {
		ck_assert_msg(
		    check_schema(schema, good[i]) == AB_OK, "%s: %s", good[i], error.text);
		ck_assert_msg(read_endpoint(good[i]) == AB_OK, "%s: %s", good[i], error.text);
		endpoint_fini(&ep);
	}
	for (size_t i = 0; i < COUNT(mistakes); i++)
		if (mistakes[i].schema_knows)
			ck_assert_msg(check_schema(schema, mistakes[i].json) != AB_OK, "%s",
			    mistakes[i].json);
	json_decref(schema);
}
END_TEST

static Suite *
auth_suite(void)
{
	Suite *s = suite_create("auth");
	TCase *t = tcase_create("auth");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, each_kind_makes_its_credential);
	tcase_add_test(t, a_secret_is_hidden_in_every_form_that_an_api_may_quote);
	tcase_add_test(t, a_config_that_does_not_do_names_its_key);
	tcase_add_test(t, a_base_url_is_a_folder);
	tcase_add_test(t, a_mistake_is_told_with_pointer_and_bytes);
	tcase_add_test(t, the_schema_says_the_same);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(auth_suite())
