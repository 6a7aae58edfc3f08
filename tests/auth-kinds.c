/* Laws of the kinds of credential that have to be got (host/net/auth_oauth2, auth_session, auth_jwt) and of the choice
 * among kinds: what a description may say, what each mistake is called, that sdk/schema says the same.  What is then
 * sent is in tests/token.c. */
#include "suite.h"

#include <stdio.h>
#include <string.h>

#include "base/redact.h"
#include "data/config.h"
#include "net/endpoint.h"

#define COUNT(a)   (sizeof(a) / sizeof((a)[0]))
#define WITH(auth) "{\"base_url\": \"https://h/v1\", \"auth\": " auth "}"
#define CLIENT	   "\"client_id\": {\"config\": \"id\"}, \"client_secret\": {\"config\": \"secret\"}"
#define OAUTH(more) \
	WITH("{\"type\": \"oauth2\", \"grant\": \"client_credentials\", " CLIENT \
	     ", \"token_url\": \"https://a/token\"" more "}")
#define GRANT(grant, more) \
	WITH("{\"type\": \"oauth2\", \"grant\": \"" grant \
	     "\", \"token_url\": \"https://a/token\"" more "}")
#define AT(url) \
	WITH("{\"type\": \"oauth2\", \"grant\": \"client_credentials\", \"token_url\": " url "}")
#define SESSION(login, more) \
	WITH("{\"type\": \"session\", \"login\": {" login \
	     "}, \"answer\": {\"token\": \"id\"}" more "}")
#define JWT(algorithm, key, more) \
	WITH("{\"type\": \"jwt\", \"algorithm\": \"" algorithm "\", \"key\": {\"config\": \"" key \
	     "\"}" more "}")
#define SELECT(more) WITH("{\"type\": \"select\"" more "}")
#define BEARER	     "{\"type\": \"bearer\", \"config\": \"secret\"}"

static json_t *config;
static struct endpoint ep;
static struct error error;

static void
set_up(void)
{
	config = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:i}", "id", "client-1",
	    "secret", "cl13nt-s3cr3t", "url", "http://plain.example/token", "how", "b", "tenant",
	    "a b/c", "bad", "ftp://u:p4ssw0rd@h/", "pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n",
	    "hex", "00ff1", "account", "{\"private_key\": \"n0t-a-key\"}", "number", 5);
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

static const char *const good[] = {OAUTH(""),
    OAUTH(", \"client_auth\": \"basic\", \"send\": \"json\", \"method\": \"PUT\""),
    OAUTH(
	", \"scopes\": [\"a\", \"b\"], \"params\": {\"audience\": \"x\", \"t\": {\"config\": \"id\"}}, "
	"\"headers\": {\"X-A\": {\"template\": \"{id}\"}}, \"names\": {\"scope\": \"scp\", "
	"\"grant_type\": \"\"}"),
    OAUTH(", \"answer\": {\"token\": \"d.t\", \"expires_in\": \"d.e\", \"expires_at\": \"d.u\", "
	  "\"refresh_token\": \"d.r\"}, \"lifetime_seconds\": 60, \"expired\": [401, 419], "
	  "\"token\": {\"in\": \"query\", \"name\": \"t\", \"prefix\": \"p\"}"),
    OAUTH(", \"send\": \"json\", \"params\": {\"deep\": {\"n\": 1, \"l\": [true, null, "
	  "{\"config\": \"id\"}]}}"),
    GRANT("refresh_token", ", \"refresh_token\": {\"config\": \"secret\"}, \"rotates\": true"),
    GRANT("password",
	", \"username\": \"u\", \"password\": {\"config\": \"gone\", \"default\": \"\"}"),
    GRANT("jwt_bearer",
	", \"assertion\": {\"algorithm\": \"HS256\", \"key\": {\"config\": \"secret\"}, "
	"\"lifetime_seconds\": 60, \"header\": {\"kid\": \"1\"}, \"claims\": {\"iss\": \"i\"}}"),
    GRANT("client_credentials",
	", \"client_auth\": \"private_key_jwt\", \"assertion\": {\"algorithm\": \"HS512\", "
	"\"key\": {\"config\": \"secret\"}, \"key_encoding\": \"text\"}"),
    AT("{\"config\": \"url\"}"), AT("{\"config\": \"gone\", \"default\": \"https://a/t\"}"),
    AT("{\"template\": \"https://login.example/{tenant}/token\"}"), AT("\"oauth/token\""),
    AT("\"http://127.0.0.1/token\""),
    SESSION("\"url\": \"login\", \"params\": {\"user\": {\"config\": \"id\"}}", ""),
    SESSION(
	"\"url\": \"/login\", \"method\": \"GET\", \"basic\": {\"username\": {\"config\": \"id\"}, "
	"\"password\": {\"config\": \"secret\"}}, \"headers\": {\"X\": \"y\"}",
	", \"lifetime_seconds\": 3600, \"expired\": [403], \"token\": {\"in\": \"header\", \"name\": "
	"\"X-S\"}"),
    JWT("HS256", "secret",
	", \"lifetime_seconds\": 300, \"header\": {\"kid\": {\"config\": \"id\"}}, "
	"\"claims\": {\"iss\": {\"config\": \"id\"}, \"n\": 1, \"aud\": [\"a\"]}, \"token\": {\"in\": "
	"\"header\", \"name\": \"Authorization\", \"prefix\": \"JWT \"}"),
    SELECT(", \"config\": \"how\", \"cases\": {\"a\": {\"type\": \"none\"}, \"b\": " BEARER "}"),
    SELECT(", \"config\": \"gone\", \"default\": \"b\", \"cases\": {\"b\": " BEARER "}"),
    WITH("{\"type\": \"api_key\", \"in\": \"body\", \"name\": \"k\", \"config\": \"secret\"}"),
    WITH("{\"type\": \"basic\", \"username\": {\"template\": \"{id}/token\"}}")};

static const struct mistake {
	const char *json, *part;
	int schema_knows;
} mistakes[] = {
    {WITH("{\"type\": \"oauth2\", \"token_url\": \"https://a\"}"), "/auth/grant: is missing", 1},
    {WITH("{\"type\": \"oauth2\", \"grant\": \"password\"}"), "/auth/token_url: is missing", 1},
    {GRANT("implicit", ""), "/auth/grant: must be \"client_credentials\"", 1},
    {GRANT("password", ", \"password\": \"x\""), "/auth/username: is missing", 0},
    {GRANT("password", ", \"username\": \"x\""), "/auth/password: is missing", 0},
    {GRANT("refresh_token", ""), "/auth/refresh_token: is missing", 0},
    {GRANT("jwt_bearer", ""), "/auth/assertion: is missing", 0},
    {GRANT("client_credentials", ", \"client_auth\": \"basic\""), "/auth/client_id: is missing", 0},
    {OAUTH(", \"client_auth\": \"post\""), "/auth/client_auth: must be", 1},
    {OAUTH(", \"send\": \"xml\""), "/auth/send: must be", 1},
    {OAUTH(", \"method\": \"DELETE\""), "/auth/method: must be", 1},
    {OAUTH(", \"scope\": \"a\""), "did you mean \"scopes\"?", 1},
    {OAUTH(", \"scopes\": [1]"), "/auth/scopes: must hold strings", 1},
    {OAUTH(", \"params\": {\"n\": 1}"), "/auth/params/n: must be a text, unless", 0},
    {OAUTH(", \"params\": {\"n\": {\"config\": 1}}"), "/auth/params/n/config: must be a string", 0},
    {OAUTH(", \"headers\": {\"Host\": \"x\"}"), "/auth/headers/Host: is for abhost", 0},
    {OAUTH(", \"headers\": {\"X\": \"a\\nb\"}"), "/auth/headers/X: holds a line break", 0},
    {OAUTH(", \"headers\": {\"X\": 1}"), "/auth/headers/X/config: is missing", 1},
    {OAUTH(", \"names\": {\"client\": \"x\"}"), "/auth/names/client: is not a key", 1},
    {OAUTH(", \"answer\": {\"access_token\": \"x\"}"), "/auth/answer/access_token: is not a key",
	1},
    {OAUTH(", \"lifetime_seconds\": 0"), "/auth/lifetime_seconds: must lie between", 1},
    {OAUTH(", \"expired\": [500]"), "/auth/expired: must hold statuses", 1},
    {OAUTH(", \"token\": {\"in\": \"cookie\", \"name\": \"t\"}"), "/auth/token/in: must be", 1},
    {OAUTH(", \"token\": {\"in\": \"query\", \"name\": \"\"}"), "/auth/token/name: is empty", 1},
    {OAUTH(", \"rotates\": \"yes\""), "/auth/rotates: must be true or false", 1},
    {AT("\"http://plain.example/\""), "/auth/token_url: is plain http, which is used only where",
	0},
    {AT("\"ftp://h/\""), "/auth/token_url: has a scheme other than", 0},
    {AT("\"https://u:p@h/\""), "/auth/token_url: holds a user name", 0},
    {AT("{\"template\": \"https://h/{tenant\"}"), "/auth/token_url/template: has a {", 0},
    {AT("{\"template\": \"https://h/{}\"}"), "/auth/token_url/template: has a {", 0},
    {WITH("{\"type\": \"session\", \"login\": {\"url\": \"x\"}}"), "/auth/answer: is missing", 1},
    {WITH("{\"type\": \"session\", \"login\": {\"url\": \"x\"}, \"answer\": {}}"),
	"/auth/answer/token: is missing", 0},
    {SESSION("", ""), "/auth/login/url: is missing", 1},
    {SESSION("\"url\": \"x\", \"basic\": {}", ""), "/auth/login/basic/username: is missing", 1},
    {SESSION("\"url\": \"x\", \"body\": {}", ""), "/auth/login/body: is not a key", 1},
    {JWT("none", "secret", ""), "/auth/algorithm: must be HS, RS, PS or ES", 1},
    {JWT("HS256", "secret", ", \"key_encoding\": \"octal\""), "/auth/key_encoding: must be", 1},
    {JWT("HS256", "secret", ", \"lifetime_seconds\": 1e9"), "/auth/lifetime_seconds: must lie", 1},
    {JWT("HS256", "secret", ", \"claims\": []"), "/auth/claims: must be an object", 1},
    {SELECT(", \"config\": \"how\", \"cases\": {}"), "/auth/cases: is empty", 0},
    {SELECT(", \"cases\": {\"b\": " BEARER "}"), "/auth/config: is missing", 1},
    {SELECT(", \"config\": \"how\", \"cases\": {\"a\": {\"type\": \"x\"}, \"b\": " BEARER "}"),
	"/auth/cases/a/type: must be \"none\"", 1},
    {SELECT(", \"config\": \"how\", \"cases\": {\"b\": {\"type\": \"select\"}}"),
	"/auth/cases/b/type: is a choice inside of a choice", 1},
    {SELECT(", \"config\": \"how\", \"cases\": {\"b\": {\"type\": \"bearer\"}}"),
	"/auth/cases/b/config: is missing", 1}};

START_TEST(a_mistake_is_told_with_pointer_and_bytes)
{
	for (size_t i = 0; i < COUNT(mistakes); i++) {
		ck_assert_msg(read_endpoint(mistakes[i].json) == AB_EBUG, "%zu: %s", i, error.text);
		ck_assert_msg(strstr(error.text, mistakes[i].part) != NULL, "%s", error.text);
		ck_assert_ptr_null(ep.base.ptr);
	}
}
END_TEST

START_TEST(a_config_that_does_not_do_names_its_key)
{
	static const char *const cases[][2] = {
	    {GRANT("refresh_token", ", \"refresh_token\": {\"config\": \"gone\"}"),
		"\"gone\" in the config is missing, or not a text; it is needed to sign in"},
	    {AT("{\"config\": \"gone\"}"), "\"gone\" in the config is missing"},
	    {AT("{\"config\": \"bad\"}"), "\"bad\" in the config has a scheme other than"},
	    {AT("{\"template\": \"http://{id}.example/\"}"),
		"the token_url, made with \"id\" in the config, is plain http"},
	    {AT("{\"template\": \"https://{tenant}/\"}"),
		"the token_url, made with \"tenant\" in the config, has a host with characters"},
	    {AT("{\"template\": \"https://h/{gone}\"}"), "\"gone\" in the config is missing"},
	    {JWT("RS256", "secret", ""),
		"the key to sign with (\"secret\" in the config) is no private key in PEM form"},
	    {JWT("ES256", "pem", ""), "(\"pem\" in the config) is no private key in PEM form"},
	    {JWT("RS256", "account.private_key", ""),
		"(\"account.private_key\" in the config) is no private key"},
	    {JWT("RS256", "account.gone", ""), "\"account.gone\" in the config is missing"},
	    {JWT("HS256", "hex", ", \"key_encoding\": \"hex\""), "is not encoded as it should be"},
	    {JWT("HS256", "pem", ", \"key_encoding\": \"base64\""), "is not encoded as it should"},
	    {SELECT(", \"config\": \"how\", \"cases\": {\"a\": " BEARER ", \"c\": " BEARER "}"),
		"\"how\" in the config, which says how to sign in, must be one of \"a\", \"c\""},
	    {SELECT(", \"config\": \"gone\", \"cases\": {\"a\": " BEARER "}"),
		"\"gone\" in the config, which says how to sign in, must be one of \"a\""},
	    {SELECT(", \"config\": \"number\", \"cases\": {\"a\": " BEARER "}"),
		"must be one of \"a\""}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_msg(read_endpoint(cases[i][0]) == AB_ECONFIG, "%zu: %s", i, error.text);
		ck_assert_msg(strstr(error.text, cases[i][1]) != NULL, "%zu: %s", i, error.text);
		ck_assert_ptr_null(strstr(error.text, "cl13nt"));
		ck_assert_ptr_null(strstr(error.text, "p4ssw0rd"));
		ck_assert_ptr_null(strstr(error.text, "n0t-a-key"));
	}
}
END_TEST

START_TEST(the_keys_of_all_parts_are_known)
{
	static const char *const cases[][2] = {{OAUTH(""), "\"id\" and \"secret\""},
	    {GRANT("refresh_token", ", \"refresh_token\": {\"config\": \"secret\"}"), "\"secret\""},
	    {SELECT(", \"config\": \"how\", \"cases\": {\"b\": " BEARER "}"), "\"secret\""},
	    {WITH("{\"type\": \"basic\", \"username\": {\"template\": \"{id}-{id}-{how}\"}}"),
		"\"id\" and \"how\""}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		ck_assert_msg(read_endpoint(cases[i][0]) == AB_OK, "%zu: %s", i, error.text);
		ck_assert_str_eq(ep.auth.keys, cases[i][1]);
		endpoint_fini(&ep);
	}
}
END_TEST

static ab_status
check_schema(const json_t *schema, const char *json)
{
	json_t *value = json_loads(json, 0, NULL);
	ab_status rc;

	error_clear(&error);
	rc = value == NULL ? AB_EBUG : config_check(schema, value, &error);
	json_decref(value);
	return rc;
}

START_TEST(the_schema_says_the_same)
{
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
			ck_assert_msg(check_schema(schema, mistakes[i].json) == AB_ECONFIG,
			    "%s: %s", mistakes[i].json, error.text);
	json_decref(schema);
}
END_TEST

static Suite *
kinds_suite(void)
{
	Suite *s = suite_create("auth-kinds");
	TCase *t = tcase_create("kinds");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, a_mistake_is_told_with_pointer_and_bytes);
	tcase_add_test(t, a_config_that_does_not_do_names_its_key);
	tcase_add_test(t, the_keys_of_all_parts_are_known);
	tcase_add_test(t, the_schema_says_the_same);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(kinds_suite())
