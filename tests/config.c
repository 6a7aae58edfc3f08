/* Laws of config: mistakes are told where they are, all at once, and no message holds a value. */
#include "suite.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/redact.h"
#include "data/config.h"
#include "data/near.h"

static struct error error;

static json_t *
parse(const char *text)
{
	json_error_t je;
	json_t *v = json_loads(text, JSON_DECODE_ANY, &je);

	ck_assert_msg(v != NULL, "the test's own JSON is wrong: %s: %s", text, je.text);
	return v;
}

/* Checks config against spec; returns the status, error holds the sentence, *after the filled configuration. */
static ab_status
check(const char *spec_text, const char *config_text, char **after)
{
	json_t *spec = parse(spec_text), *config = parse(config_text);
	ab_status rc;

	error_clear(&error);
	rc = config_check(spec, config, &error);
	ck_assert_int_eq(rc, error.status);
	if (after != NULL)
		*after = json_dumps(config, JSON_COMPACT | JSON_SORT_KEYS);
	json_decref(spec);
	json_decref(config);
	return rc;
}

static void
accepts(const char *spec, const char *config)
{
	ck_assert_msg(check(spec, config, NULL) == AB_OK, "%s by %s: %s", config, spec, error.text);
}

static void
refuses(const char *spec, const char *config, const char *words)
{
	ck_assert_msg(check(spec, config, NULL) == AB_ECONFIG, "accepted: %s by %s", config, spec);
	ck_assert_msg(strstr(error.text, words) != NULL, "no \"%s\" in: %s", words, error.text);
}

static void
fills(const char *spec, const char *config, const char *want)
{
	char *after;

	ck_assert_msg(check(spec, config, &after) == AB_OK, "%s: %s", config, error.text);
	ck_assert_str_eq(after, want);
	free(after);
}

#define PROPERTY(schema) "{\"type\":\"object\",\"properties\":{\"x\":" schema "}}"

START_TEST(a_mistake_in_the_text_has_line_and_column)
{
	json_t *v;

	ck_assert_int_eq(
	    config_parse("{\"a\": 1,\n \"key\": 'sk-1234'}", 27, "c.json", AB_ECONFIG, &v, &error),
	    AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "c.json:2:"));
	ck_assert_ptr_null(strstr(error.text, "sk-"));
	error_clear(&error);
	ck_assert_int_eq(config_parse("[1]", 3, "c.json", AB_EBUG, &v, &error), AB_EBUG);
	ck_assert_ptr_nonnull(strstr(error.text, "must be an object"));
	error_clear(&error);
	ck_assert_int_eq(
	    config_parse("{\"a\":1,\"a\":2}", 13, "c.json", AB_ECONFIG, &v, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "duplicate"));
	error_clear(&error);
	ck_assert_int_eq(
	    config_parse("\xef\xbb\xbf{}", 5, "c.json", AB_ECONFIG, &v, &error), AB_OK);
	json_decref(v);
}
END_TEST

START_TEST(no_message_repeats_the_text)
{
	static const char *const wrong[] = {"{\"k\": \"sk-1234\" \"x\"}", "{\"k\" \"sk-1234\"}",
	    "{\"k\": \"sk-1234", "{\"k\": sk-1234}", "{\"k\": \"sk-1234\\q\"}", "{\"k\": 1}sk-1234",
	    "sk-1234"};
	json_t *v;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		error_clear(&error);
		ck_assert_int_eq(
		    config_parse(wrong[i], strlen(wrong[i]), "c", AB_ECONFIG, &v, &error),
		    AB_ECONFIG);
		ck_assert_msg(strstr(error.text, "sk-") == NULL, "%s", error.text);
		ck_assert_ptr_null(v);
	}
}
END_TEST

START_TEST(files_that_cannot_be_read_are_named)
{
	char path[] = "/tmp/abhost-config-XXXXXX";
	int fd = mkstemp(path);
	json_t *v;

	ck_assert_int_eq(config_read("/nowhere/c.json", &v, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "/nowhere/c.json"));
	error_clear(&error);
	ck_assert_int_eq(config_read("/", &v, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "folder"));
	error_clear(&error);
	ck_assert_int_eq(config_read(path, &v, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "empty"));
	error_clear(&error);
	ck_assert_int_eq(ftruncate(fd, CONFIG_MAX_BYTES + 1), 0);
	ck_assert_int_eq(config_read(path, &v, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "16 MiB"));
	error_clear(&error);
	ck_assert_int_eq(ftruncate(fd, 0), 0);
	ck_assert_int_eq(write(fd, "{\"a\":{\"b\":\"c\"}}", 15), 15);
	ck_assert_int_eq(config_read(path, &v, &error), AB_OK);
	ck_assert_str_eq(config_string(v, "a.b"), "c");
	ck_assert_ptr_null(config_string(v, "a"));
	ck_assert_ptr_null(config_string(v, "a.b.c"));
	ck_assert_ptr_null(config_string(v, "z.b"));
	json_decref(v);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(the_environment_goes_in_once)
{
	json_t *v =
	    parse("{\"a\":\"${T_ONE}\",\"b\":[\"x${T_ONE}y${T_TWO}\",7],\"c\":\"$${T_ONE} $5 $\"}");
	char *text;

	setenv("T_ONE", "1${T_TWO}", 1);
	setenv("T_TWO", "", 1);
	ck_assert_int_eq(config_expand(v, &error), AB_OK);
	text = json_dumps(v, JSON_COMPACT);
	ck_assert_str_eq(
	    text, "{\"a\":\"1${T_TWO}\",\"b\":[\"x1${T_TWO}y\",7],\"c\":\"${T_ONE} $5 $\"}");
	free(text);
	json_decref(v);
}
END_TEST

START_TEST(every_missing_name_is_told)
{
	json_t *v = parse("{\"a\":\"${T_NONE}\",\"b\":{\"c/d\":[\"${T_NADA}\"]}}");

	ck_assert_int_eq(config_expand(v, &error), AB_ECONFIG);
	ck_assert_str_eq(error.text,
	    "not set in the environment: T_NONE (wanted by /a), T_NADA (wanted by /b/c~1d/0)");
	json_decref(v);
	error_clear(&error);
	v = parse("{\"a\":\"${no-name}\"}");
	ck_assert_int_eq(config_expand(v, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "/a: "));
	json_decref(v);
	error_clear(&error);
	setenv("T_BAD", "\xff", 1);
	v = parse("{\"a\":\"${T_BAD}\"}");
	ck_assert_int_eq(config_expand(v, &error), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "UTF-8"));
	json_decref(v);
}
END_TEST

START_TEST(all_faults_are_told_at_once_without_values)
{
	const char *spec =
	    "{\"type\":\"object\",\"required\":[\"api_key\",\"host\"],\"additionalProperties\":false,"
	    "\"properties\":{\"api_key\":{\"type\":\"string\",\"airbyte_secret\":true},"
	    "\"pin\":{\"type\":\"string\",\"airbyte_secret\":true,\"pattern\":\"^[0-9]+$\",\"maxLength\":3},"
	    "\"page_size\":{\"type\":\"integer\",\"minimum\":1},\"host\":{\"type\":\"string\"}}}";

	refuses(spec, "{\"apikey\":\"sk-1234\",\"pin\":\"sk-5678\",\"page_size\":0}", "6 mistakes");
	ck_assert_ptr_nonnull(
	    strstr(error.text, "\n  /api_key: is required, but missing (is \"apikey\" meant"));
	ck_assert_ptr_nonnull(strstr(error.text, "\n  /host: is required, but missing"));
	ck_assert_ptr_nonnull(strstr(error.text, "\n  /pin: must match the pattern ^[0-9]+$"));
	ck_assert_ptr_nonnull(strstr(error.text, "\n  /page_size: must be at least 1"));
	ck_assert_ptr_null(strstr(error.text, "sk-"));
}
END_TEST

START_TEST(types_are_kept)
{
	accepts(PROPERTY("{\"type\":\"integer\"}"), "{\"x\":2.0}");
	accepts(PROPERTY("{\"type\":[\"string\",\"null\"]}"), "{\"x\":null}");
	accepts(PROPERTY("{\"type\":\"number\"}"), "{\"x\":1}");
	refuses(PROPERTY("{\"type\":\"integer\"}"), "{\"x\":\"5\"}",
	    "/x: must be an integer, but is a string");
	refuses(PROPERTY("{\"type\":[\"string\",\"null\"]}"), "{\"x\":1}",
	    "must be a string or null, but is an integer");
	refuses(PROPERTY("{\"type\":\"boolean\"}"), "{\"x\":0}", "must be a boolean");
	refuses(
	    PROPERTY("{\"type\":\"object\"}"), "{\"x\":[]}", "must be an object, but is an array");
	refuses("{\"type\":\"array\"}", "{}", "the whole: must be an array");
}
END_TEST

START_TEST(numbers_are_compared_exactly)
{
	accepts(PROPERTY("{\"maximum\":9007199254740993}"), "{\"x\":9007199254740993}");
	refuses(PROPERTY("{\"maximum\":9007199254740993}"), "{\"x\":9007199254740994}",
	    "at most 9007199254740993");
	refuses(PROPERTY("{\"exclusiveMinimum\":1}"), "{\"x\":1}", "more than 1");
	refuses(PROPERTY("{\"exclusiveMaximum\":1}"), "{\"x\":1.0}", "less than 1");
	accepts(PROPERTY("{\"multipleOf\":0.1}"), "{\"x\":0.3}");
	refuses(PROPERTY("{\"multipleOf\":5}"), "{\"x\":12}", "multiple of 5");
}
END_TEST

START_TEST(texts_and_arrays_have_sizes_and_forms)
{
	accepts(PROPERTY("{\"maxLength\":2}"), "{\"x\":\"\u00e9\u00e9\"}");
	refuses(PROPERTY("{\"minLength\":1}"), "{\"x\":\"\"}", "at least 1 characters");
	refuses(PROPERTY("{\"format\":\"date\"}"), "{\"x\":\"2024-02-30\"}", "a date like");
	refuses(PROPERTY("{\"format\":\"date-time\"}"), "{\"x\":\"2024-02-03\"}", "a time like");
	accepts(PROPERTY("{\"format\":\"date-time\"}"), "{\"x\":\"2024-02-03T00:00:00Z\"}");
	accepts(PROPERTY("{\"format\":\"uri\"}"), "{\"x\":\"http://127.0.0.1:80/v1/\"}");
	refuses(PROPERTY("{\"format\":\"uri\"}"), "{\"x\":\"api.example.com/v1\"}", "a URL like");
	accepts(PROPERTY("{\"format\":\"of-our-own\"}"), "{\"x\":\"anything\"}");
	refuses(PROPERTY("{\"maxItems\":1}"), "{\"x\":[1,2]}", "at most 1 items");
	refuses(PROPERTY("{\"uniqueItems\":true}"), "{\"x\":[1,2,1]}", "(0 and 2)");
	refuses(PROPERTY("{\"items\":{\"type\":\"string\"}}"), "{\"x\":[\"a\",2]}",
	    "/x/1: must be a string");
	refuses(PROPERTY("{\"enum\":[\"a\",\"b\"]}"), "{\"x\":\"c\"}", "one of \"a\", \"b\"");
	refuses(PROPERTY("{\"const\":\"a\"}"), "{\"x\":\"c\"}", "must be \"a\"");
}
END_TEST

START_TEST(patterns_of_specs_work)
{
	accepts(PROPERTY("{\"pattern\":\"^\\\\d{4}-\\\\d{2}$\"}"), "{\"x\":\"2024-01\"}");
	refuses(PROPERTY("{\"pattern\":\"^\\\\d{4}-\\\\d{2}$\"}"), "{\"x\":\"2024-1\"}", "pattern");
	accepts(PROPERTY("{\"pattern\":\"^(?:https?:\\\\/\\\\/)[\\\\w.\\\\-]+?$\"}"),
	    "{\"x\":\"https://a-b.c\"}");
	refuses(PROPERTY("{\"pattern\":\"^[^\\\\]\\\\s]+$\"}"), "{\"x\":\"a]\"}", "pattern");
	accepts(PROPERTY("{\"pattern\":\"^(?!no)\"}"), "{\"x\":\"no\"}");
	accepts(PROPERTY("{\"pattern\":\"[unclosed\"}"), "{\"x\":\"no\"}");
	refuses(PROPERTY("{\"pattern\":\"^a$\",\"pattern_descriptor\":\"the letter a\"}"),
	    "{\"x\":\"b\"}", "must look like the letter a");
}
END_TEST

#define CREDENTIALS \
	"{\"type\":\"object\",\"properties\":{\"c\":{\"type\":\"object\",\"oneOf\":[" \
	"{\"required\":[\"auth\",\"token\"],\"properties\":{\"auth\":{\"const\":\"token\",\"default\":\"token\"}," \
	"\"token\":{\"type\":\"string\",\"airbyte_secret\":true}}}," \
	"{\"required\":[\"auth\",\"user\"],\"properties\":{\"auth\":{\"const\":\"basic\",\"default\":\"basic\"}," \
	"\"user\":{\"type\":\"string\"},\"realm\":{\"type\":\"string\",\"default\":\"main\"}}}]}}}"

START_TEST(a_one_of_is_told_by_its_constant)
{
	accepts(CREDENTIALS, "{\"c\":{\"auth\":\"token\",\"token\":\"t\"}}");
	refuses(CREDENTIALS, "{\"c\":{\"auth\":\"basic\"}}", "/c/user: is required");
	refuses(CREDENTIALS, "{\"c\":{\"auth\":\"oauth\"}}",
	    "/c/auth: must be one of \"token\", \"basic\"");
	refuses(CREDENTIALS, "{\"c\":{}}", "/c/auth: is missing: must be one of");
	fills(CREDENTIALS, "{\"c\":{\"user\":\"u\"}}",
	    "{\"c\":{\"auth\":\"basic\",\"realm\":\"main\",\"user\":\"u\"}}");
	refuses(PROPERTY("{\"oneOf\":[{\"type\":\"string\"},{\"minLength\":1}]}"), "{\"x\":\"a\"}",
	    "fits 2");
	accepts(PROPERTY("{\"anyOf\":[{\"type\":\"string\"},{\"minLength\":1}]}"), "{\"x\":\"a\"}");
	refuses(PROPERTY("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}"), "{\"x\":1}",
	    "/x: must be a string or null, but is an integer");
	refuses(PROPERTY("{\"anyOf\":[{\"type\":\"string\",\"minLength\":3},{\"type\":\"null\"}]}"),
	    "{\"x\":\"a\"}", "/x: must have at least 3");
	refuses(PROPERTY("{\"anyOf\":[{\"type\":\"string\",\"minLength\":3},{\"const\":\"b\"}]}"),
	    "{\"x\":\"a\"}", "none of the 2");
}
END_TEST

START_TEST(other_combinations_hold)
{
	refuses(
	    PROPERTY("{\"allOf\":[{\"minimum\":1},{\"maximum\":3}]}"), "{\"x\":4}", "at most 3");
	refuses(PROPERTY("{\"not\":{\"type\":\"string\"}}"), "{\"x\":\"a\"}", "excludes");
	refuses(
	    "{\"if\":{\"required\":[\"a\"]},\"then\":{\"required\":[\"b\"]},\"else\":{\"required\":[\"c\"]}}",
	    "{\"a\":1}", "/b: is required");
	refuses(
	    "{\"if\":{\"required\":[\"a\"]},\"then\":{\"required\":[\"b\"]},\"else\":{\"required\":[\"c\"]}}",
	    "{}", "/c: is required");
	refuses(
	    "{\"properties\":{\"x\":{\"$ref\":\"#/definitions/a~1b\"}},\"definitions\":{\"a/b\":{\"type\":\"null\"}}}",
	    "{\"x\":1}", "must be null");
	refuses(PROPERTY("{\"$ref\":\"#/nowhere\"}"), "{\"x\":1}", "#/nowhere");
	refuses(PROPERTY("false"), "{\"x\":1}", "not allowed");
}
END_TEST

START_TEST(a_spec_without_end_ends)
{
	refuses("{\"$ref\":\"#\"}", "{\"x\":1}", "refers to itself");
	refuses("{\"allOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}", "{\"x\":1}", "refers to itself");
	refuses("{\"anyOf\":[{\"$ref\":\"#\"},{\"$ref\":\"#\"}]}", "{\"x\":1}", "refers to itself");
}
END_TEST

START_TEST(defaults_go_where_nothing_is_said)
{
	fills(PROPERTY("{\"type\":\"integer\",\"default\":200}"), "{}", "{\"x\":200}");
	fills(PROPERTY("{\"type\":\"integer\",\"default\":200}"), "{\"x\":5}", "{\"x\":5}");
	fills(PROPERTY("{\"type\":\"object\",\"properties\":{\"y\":{\"default\":1}}}"),
	    "{\"x\":{}}", "{\"x\":{\"y\":1}}");
	fills(PROPERTY("{\"items\":{\"properties\":{\"y\":{\"default\":1}}}}"), "{\"x\":[{}]}",
	    "{\"x\":[{\"y\":1}]}");
	fills("{\"required\":[\"x\"],\"properties\":{\"x\":{\"default\":1}}}", "{}", "{\"x\":1}");
}
END_TEST

#define SECRETS \
	"{\"properties\":{\"k\":{\"airbyte_secret\":true},\"seen\":{\"airbyte_secret\":true,\"ab_reveal\":true}," \
	"\"list\":{\"items\":{\"airbyte_secret\":\"yes\"}},\"any\":{\"anyOf\":[{\"type\":\"null\"}," \
	"{\"type\":\"string\",\"airbyte_secret\":true}]},\"o\":{\"$ref\":\"#/d/o\"},\"plain\":{}," \
	"\"c\":{\"oneOf\":[{\"properties\":{\"t\":{\"const\":\"a\"},\"p\":{\"airbyte_secret\":true}}}," \
	"{\"properties\":{\"t\":{\"const\":\"b\"},\"p\":{\"airbyte_secret\":true,\"ab_reveal\":true}}}]}}," \
	"\"d\":{\"o\":{\"properties\":{\"deep\":{\"airbyte_secret\":true}}}}}"

START_TEST(secrets_are_masked_wherever_they_are)
{
	json_t *spec = parse(SECRETS);
	json_t *config = parse(
	    "{\"k\":{\"token\":\"abcd-1\",\"n\":123456},\"seen\":\"abcd-2\",\"list\":[\"abcd-3\"],"
	    "\"any\":\"abcd-4\",\"o\":{\"deep\":\"abcd-5\"},\"plain\":\"efgh-6\",\"c\":{\"t\":\"b\",\"p\":\"abcd-7\"}}");
	json_t *masked = config_masked(spec, config);
	char *text = json_dumps(masked, JSON_COMPACT);
	char line[] = "abcd-1 123456 abcd-2 abcd-3 abcd-4 abcd-5 efgh-6 abcd-7";

	ck_assert_str_eq(text,
	    "{\"k\":\"****\",\"seen\":\"abcd-2\",\"list\":[\"****\"],\"any\":\"****\",\"o\":{\"deep\":"
	    "\"****\"},\"plain\":\"efgh-6\",\"c\":{\"t\":\"b\",\"p\":\"abcd-7\"}}");
	ck_assert_int_eq(config_redact(spec, config, &error), AB_OK);
	ck_assert_str_eq(redact_text(line), "**** **** **** **** **** **** efgh-6 ****");
	redact_fini();
	free(text);
	json_decref(masked);
	json_decref(config);
	json_decref(spec);
}
END_TEST

START_TEST(a_branch_that_is_not_meant_reveals_nothing)
{
	json_t *spec = parse(SECRETS);
	json_t *config = parse("{\"c\":{\"t\":\"a\",\"p\":\"abcd-7\"}}");
	json_t *masked = config_masked(spec, config);

	ck_assert_str_eq(config_string(masked, "c.p"), "****");
	json_decref(masked);
	json_decref(config);
	config = parse("{\"c\":{\"t\":\"other\",\"p\":\"abcd-7\"}}");
	masked = config_masked(spec, config);
	ck_assert_str_eq(config_string(masked, "c.p"), "****");
	json_decref(masked);
	json_decref(config);
	json_decref(spec);
}
END_TEST

START_TEST(near_words_are_near)
{
	ck_assert_int_eq(near_word("discover", "dicsover"), 1);
	ck_assert_int_eq(near_word("api_key", "API-key"), 1);
	ck_assert_int_eq(near_word("run", "rum"), 1);
	ck_assert_int_eq(near_word("run", "ran2"), 0);
	ck_assert_int_eq(near_word("list", "state"), 0);
	ck_assert_int_eq(near_word("", "a"), 0);
}
END_TEST

static void
clear(void)
{
	error_clear(&error);
}

static Suite *
config_suite(void)
{
	Suite *s = suite_create("config");
	TCase *t = tcase_create("config");

	tcase_add_checked_fixture(t, clear, NULL);
	tcase_add_test(t, a_mistake_in_the_text_has_line_and_column);
	tcase_add_test(t, no_message_repeats_the_text);
	tcase_add_test(t, files_that_cannot_be_read_are_named);
	tcase_add_test(t, the_environment_goes_in_once);
	tcase_add_test(t, every_missing_name_is_told);
	tcase_add_test(t, all_faults_are_told_at_once_without_values);
	tcase_add_test(t, types_are_kept);
	tcase_add_test(t, numbers_are_compared_exactly);
	tcase_add_test(t, texts_and_arrays_have_sizes_and_forms);
	tcase_add_test(t, patterns_of_specs_work);
	tcase_add_test(t, a_one_of_is_told_by_its_constant);
	tcase_add_test(t, other_combinations_hold);
	tcase_add_test(t, a_spec_without_end_ends);
	tcase_add_test(t, defaults_go_where_nothing_is_said);
	tcase_add_test(t, secrets_are_masked_wherever_they_are);
	tcase_add_test(t, a_branch_that_is_not_meant_reveals_nothing);
	tcase_add_test(t, near_words_are_near);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(config_suite())
