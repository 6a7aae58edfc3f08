/* meta.c - laws of config_meta.c: what is a JSON Schema and what is none, told with the place of each mistake. */
#include "suite.h"

#include <jansson.h>
#include <string.h>

#include "data/config.h"

static const struct {
	const char *text, *says; /* says NULL: it is one */
} schemas[] = {
    {"{}", NULL},
    {"{'type': 'object', 'required': ['a'], 'properties': {'a': {'type': ['string', 'null']}}}",
	NULL},
    {"{'properties': {'type': {'type': 'string'}, 'properties': {}, 'requird': {}}}", NULL},
    {"{'properties': {'a': true, 'b': false}}", NULL},
    {"{'items': [{'type': 'integer'}, {}], 'x-mine': 3, 'order': 1, 'whatever': {}}", NULL},
    {"{'oneOf': [{'const': 1}, {'$ref': '#/definitions/d'}], 'definitions': {'d': {}}}", NULL},
    {"{'pattern': '^[0-9]{4}-[^]a-z]+(?:T(a|b)*)?\\\\*?$'}", NULL},
    {"{'pattern': '[[(]\\\\[+|\\\\(?'}", NULL},
    {"{'dependencies': {'a': ['b'], 'c': {'type': 'object'}}}", NULL},
    {"{'type': 'objct'}", "/type: \"objct\" is no type of JSON Schema; is \"object\" meant?"},
    {"{'type': ['string', 'nul']}", "\"nul\" is no type"},
    {"{'type': 3}", "must be the name of a type"},
    {"{'type': []}", "an empty list"},
    {"{'properties': {'a': {'typ': 'string'}}}", "/properties/a/typ: is no keyword"},
    {"{'requird': ['a']}", "is \"required\" meant?"},
    {"{'required': 'a'}", "/required: must be a list of keys"},
    {"{'properties': {'a': {'required': true}}}", "stands at the object"},
    {"{'required': ['a', 'a']}", "names a key twice (0 and 1)"},
    {"{'required': [1]}", "number 0 is none"},
    {"{'properties': []}", "/properties: must be an object"},
    {"{'properties': {'a': 'string'}}", "/properties/a: must be a schema"},
    {"{'items': 3}", "/items: must be a schema"},
    {"{'oneOf': []}", "/oneOf: must be a list of schemas, not empty"},
    {"{'anyOf': [{'type': 'sting'}]}", "/anyOf/0/type"},
    {"{'enum': []}", "/enum: must be a list of values"},
    {"{'minLength': -1}", "/minLength: must be a whole number"},
    {"{'minimum': '1'}", "/minimum: must be a number"},
    {"{'minimum': 3, 'maximum': 2}", "minimum is above maximum"},
    {"{'pattern': '('}", "a ( that is not closed"},
    {"{'pattern': 'a)'}", "a group that is not open"},
    {"{'pattern': '[a-'}", "a [ that is not closed"},
    {"{'pattern': '*a'}", "repeats nothing"},
    {"{'pattern': 'a\\\\'}", "a backslash"},
    {"{'pattern': 3}", "must be a text"},
    {"{'$ref': '#/definitions/none'}", "leads to nothing"},
    {"{'airbyte_secret': 'yes'}", "/airbyte_secret: must be true or false"},
    {"{'airbyte_secrets': true}", "is \"airbyte_secret\" meant?"},
    {"{'ab_reveal': true}", "ab_reveal"},
    {"{'not': [1]}", "/not: must be a schema"},
};

/* With ' for ". */
static json_t *
parse(const char *text)
{
	char copy[600];
	json_t *v;

	ck_assert_uint_lt(strlen(text), sizeof(copy));
	memcpy(copy, text, strlen(text) + 1);
	for (char *p = copy; *p != '\0'; p++)
		if (*p == '\'')
			*p = '"';
	v = json_loads(copy, 0, NULL);
	ck_assert_msg(v != NULL, "no JSON: %s", copy);
	return v;
}

START_TEST(a_schema_is_one_or_its_mistake_is_told)
{
	struct error e = ERROR_INIT;
	json_t *v = parse(schemas[_i].text);
	ab_status rc = config_check_schema(v, "the schema", &e);

	if (schemas[_i].says == NULL)
		ck_assert_msg(rc == AB_OK, "%s: %s", schemas[_i].text, e.text);
	else
		ck_assert_msg(rc == AB_EBUG && strstr(e.text, schemas[_i].says) != NULL, "%s: %s",
		    schemas[_i].text, e.text);
	json_decref(v);
}
END_TEST

START_TEST(a_schema_that_refers_to_itself_ends)
{
	struct error e = ERROR_INIT;
	json_t *v = parse("{'$ref': '#', 'properties': {'a': {'$ref': '#/properties/a'}}}");

	ck_assert_int_eq(config_check_schema(v, "the schema", &e), AB_OK);
	json_decref(v);
}
END_TEST

static const struct {
	const char *text, *says;
} defaults[] = {
    {"{'properties': {'n': {'type': 'integer', 'default': 7, 'examples': [1, 2]}}}", NULL},
    {"{'properties': {'default': {'type': 'integer'}, 'examples': {'type': 'array'}}}", NULL},
    {"{'properties': {'n': {'type': 'integer', 'default': '7'}}}", "/properties/n/default"},
    {"{'properties': {'n': {'type': 'integer', 'examples': [1, 'x']}}}",
	"/properties/n/examples/1"},
    {"{'oneOf': [{'properties': {'n': {'enum': ['a'], 'default': 'b'}}}]}",
	"/oneOf/0/properties/n"},
    {"{'items': {'minimum': 3, 'default': 2}}", "/items/default"},
    {"{'properties': {'n': {'$ref': '#/definitions/d', 'default': 1}}, 'definitions': {'d': {'type': 'string'}}}",
	"/properties/n/default"},
};

START_TEST(defaults_fit_or_are_told)
{
	struct error e = ERROR_INIT;
	json_t *v = parse(defaults[_i].text);
	ab_status rc = config_check_defaults(v, &e);

	if (defaults[_i].says == NULL)
		ck_assert_msg(rc == AB_OK, "%s: %s", defaults[_i].text, e.text);
	else
		ck_assert_msg(rc == AB_EBUG && strstr(e.text, defaults[_i].says) != NULL, "%s: %s",
		    defaults[_i].text, e.text);
	json_decref(v);
}
END_TEST

static Suite *
meta_suite(void)
{
	Suite *s = suite_create("meta");
	TCase *t = tcase_create("meta");

	tcase_add_loop_test(t, a_schema_is_one_or_its_mistake_is_told, 0,
	    (int)(sizeof(schemas) / sizeof(schemas[0])));
	tcase_add_test(t, a_schema_that_refers_to_itself_ends);
	tcase_add_loop_test(
	    t, defaults_fit_or_are_told, 0, (int)(sizeof(defaults) / sizeof(defaults[0])));
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(meta_suite())
