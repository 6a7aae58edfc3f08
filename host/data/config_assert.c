/* config_assert.c - the JSON Schema keywords that look at one value alone. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/config_internal.h"
#include "data/jsontext.h"

static const char *
type_name(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_OBJECT:
		return "object";
	case JSON_ARRAY:
		return "array";
	case JSON_STRING:
		return "string";
	case JSON_INTEGER:
		return "integer";
	case JSON_REAL:
		return "number";
	case JSON_NULL:
		return "null";
	default:
		return "boolean";
	}
}

static const char *
article(const char *type)
{
	return strcmp(type, "null") == 0 ? "" : strchr("aio", type[0]) != NULL ? "an " : "a ";
}

static int
is_type(const json_t *v, const char *type)
{
	if (strcmp(type, "number") == 0)
		return json_is_number(v);
	if (strcmp(type, "integer") == 0 && json_is_real(v))
		return json_real_value(v) == floor(json_real_value(v));
	return strcmp(type, type_name(v)) == 0;
}

int
schema_is_type(const json_t *schema, const json_t *v)
{
	const json_t *types = json_object_get(schema, "type");
	size_t n = json_is_array(types) ? json_array_size(types) : types != NULL;

	for (size_t i = 0; i < n; i++) {
		const char *type =
		    json_string_value(json_is_array(types) ? json_array_get(types, i) : types);

		if (type == NULL || is_type(v, type))
			return 1;
	}
	return n == 0;
}

static void
check_type(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const json_t *types = json_object_get(schema, "type");
	size_t n = json_is_array(types) ? json_array_size(types) : 1;
	struct buf words;

	if (schema_is_type(schema, v))
		return;
	buf_init(&words, 200);
	for (size_t i = 0; i < n; i++) {
		const char *type =
		    json_string_value(json_is_array(types) ? json_array_get(types, i) : types);

		buf_addf(&words, "%s%s%s", i > 0 ? " or " : "", article(type), type);
	}
	schema_fault(
	    c, "must be %s, but is %s%s", buf_str(&words), article(type_name(v)), type_name(v));
	buf_fini(&words);
}

/* A value of the spec (never of the configuration) as text; free it. */
static char *
spec_text(const json_t *v)
{
	char *text = jsontext_make(v, JSON_ENCODE_ANY | JSON_COMPACT);

	return text != NULL && strlen(text) <= 100 ? text : (free(text), NULL);
}

static void
check_enum(struct schema_check *c, const json_t *values, const json_t *v)
{
	struct buf words;
	size_t i, n = json_array_size(values);
	char *text;

	for (i = 0; i < n; i++)
		if (json_equal(json_array_get(values, i), v))
			return;
	buf_init(&words, 500);
	for (i = 0; i < n && !words.failed; i++) {
		text = spec_text(json_array_get(values, i));
		buf_addf(&words, "%s%s", i > 0 ? ", " : "", text != NULL ? text : "...");
		free(text);
	}
	schema_fault(c, "must be %s%s%s", n > 1 ? "one of " : "", buf_str(&words),
	    words.failed ? ", ..." : "");
	buf_fini(&words);
}

static void
check_const(struct schema_check *c, const json_t *value, const json_t *v)
{
	char *text;

	if (json_equal(value, v))
		return;
	text = spec_text(value);
	schema_fault(c, "must be %s", text != NULL ? text : "the constant that the spec names");
	free(text);
}

/* -1, 0, 1: a is below, equal to, above b; exact for integers. */
static int
compare(const json_t *a, const json_t *b)
{
	if (json_is_integer(a) && json_is_integer(b)) {
		json_int_t x = json_integer_value(a), y = json_integer_value(b);

		return (x > y) - (x < y);
	}
	return (json_number_value(a) > json_number_value(b)) -
	    (json_number_value(a) < json_number_value(b));
}

static void
check_limit(struct schema_check *c, const json_t *schema, const char *keyword, int wrong,
    int wrong_equal, const char *words, const json_t *v)
{
	const json_t *limit = json_object_get(schema, keyword);
	char *text;
	int cmp;

	if (!json_is_number(limit))
		return;
	cmp = compare(v, limit);
	if (cmp != wrong && !(cmp == 0 && wrong_equal))
		return;
	text = spec_text(limit);
	schema_fault(c, "must be %s %s", words, text != NULL ? text : "the limit");
	free(text);
}

static void
check_number(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const json_t *step = json_object_get(schema, "multipleOf");
	double quotient;
	char *text;

	check_limit(c, schema, "minimum", -1, 0, "at least", v);
	check_limit(c, schema, "maximum", 1, 0, "at most", v);
	check_limit(c, schema, "exclusiveMinimum", -1, 1, "more than", v);
	check_limit(c, schema, "exclusiveMaximum", 1, 1, "less than", v);
	if (!json_is_number(step) || json_number_value(step) <= 0)
		return;
	quotient = json_number_value(v) / json_number_value(step);
	if (json_is_integer(v) && json_is_integer(step)
		? json_integer_value(v) % json_integer_value(step) == 0
		: fabs(quotient - nearbyint(quotient)) <= 1e-9 * (1 + fabs(quotient)))
		return;
	text = spec_text(step);
	schema_fault(c, "must be a multiple of %s", text != NULL ? text : "the spec's step");
	free(text);
}

static void
check_size(struct schema_check *c, const json_t *schema, const char *least, const char *most,
    const char *unit, size_t n)
{
	const json_t *min = json_object_get(schema, least), *max = json_object_get(schema, most);

	if (json_is_integer(min) && (json_int_t)n < json_integer_value(min))
		schema_fault(
		    c, "must have at least %lld %s", (long long)json_integer_value(min), unit);
	if (json_is_integer(max) && (json_int_t)n > json_integer_value(max))
		schema_fault(
		    c, "must have at most %lld %s", (long long)json_integer_value(max), unit);
}

static void
check_string(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const char *text = json_string_value(v), *what;
	const char *pattern = json_string_value(json_object_get(schema, "pattern"));
	const char *format = json_string_value(json_object_get(schema, "format"));
	const char *like = json_string_value(json_object_get(schema, "pattern_descriptor"));
	size_t chars = 0;

	for (const char *p = text; *p != '\0'; p++)
		chars += ((unsigned char)*p & 0xc0) != 0x80;
	check_size(c, schema, "minLength", "maxLength", "characters", chars);
	if (pattern != NULL && pattern_match(pattern, text) == 0)
		schema_fault(c, "must %s %.200s", like != NULL ? "look like" : "match the pattern",
		    like != NULL ? like : pattern);
	what = format != NULL ? format_fault(format, text) : NULL;
	if (what != NULL)
		schema_fault(c, "must be %s", what);
}

static void
check_unique(struct schema_check *c, const json_t *v)
{
	size_t n = json_array_size(v);

	for (size_t i = 1; i < n; i++)
		for (size_t j = 0; j < i; j++)
			if (json_equal(json_array_get(v, i), json_array_get(v, j))) {
				schema_fault(
				    c, "must not hold the same item twice (%zu and %zu)", j, i);
				return;
			}
}

void
schema_assert(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const json_t *values = json_object_get(schema, "enum");
	const json_t *value = json_object_get(schema, "const");

	check_type(c, schema, v);
	if (json_is_array(values))
		check_enum(c, values, v);
	if (value != NULL)
		check_const(c, value, v);
	if (json_is_number(v))
		check_number(c, schema, v);
	if (json_is_string(v))
		check_string(c, schema, v);
	if (json_is_array(v)) {
		check_size(c, schema, "minItems", "maxItems", "items", json_array_size(v));
		if (json_is_true(json_object_get(schema, "uniqueItems")))
			check_unique(c, v);
	}
}
