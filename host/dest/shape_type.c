/* shape_type.c - what type a column needs, from a JSON Schema or from a value; see shape.h. */
#include "dest/shape.h"

#include <string.h>

#include "data/value.h"

#define MAX_DEPTH 16 /* of oneOf in oneOf: a schema deeper than this promises nothing */

static const char *const words[SHAPE_TYPES] = {"", "INTEGER", "NUMBER", "BOOLEAN", "JSON", "TEXT"};

const char *
shape_type_word(enum shape_type t)
{
	return t < SHAPE_TYPES ? words[t] : "";
}

enum shape_type
shape_type_from_word(const char *word)
{
	for (int t = SHAPE_INTEGER; t < SHAPE_TYPES; t++)
		if (strcmp(word, words[t]) == 0)
			return (enum shape_type)t;
	return SHAPE_NONE;
}

enum shape_type
shape_join(enum shape_type a, enum shape_type b)
{
	if (a == b || b == SHAPE_NONE)
		return a;
	if (a == SHAPE_NONE)
		return b;
	return a + b == SHAPE_INTEGER + SHAPE_NUMBER ? SHAPE_NUMBER : SHAPE_TEXT;
}

static enum shape_type
type_of_word(const char *word)
{
	static const struct {
		const char *word;
		enum shape_type type;
	} types[] = {{"string", SHAPE_TEXT}, {"integer", SHAPE_INTEGER}, {"number", SHAPE_NUMBER},
	    {"boolean", SHAPE_BOOLEAN}, {"object", SHAPE_JSON}, {"array", SHAPE_JSON},
	    /* airbyte_type */
	    {"big_integer", SHAPE_INTEGER}, {"big_number", SHAPE_NUMBER}};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(word, types[i].word) == 0)
			return types[i].type;
	return SHAPE_NONE;
}

static enum shape_type
type_of_constant(const json_t *v)
{
	switch (json_typeof(v)) {
	case JSON_STRING:
		return SHAPE_TEXT;
	case JSON_INTEGER:
		return SHAPE_INTEGER;
	case JSON_REAL:
		return SHAPE_NUMBER;
	case JSON_TRUE:
	case JSON_FALSE:
		return SHAPE_BOOLEAN;
	case JSON_ARRAY:
	case JSON_OBJECT:
		return SHAPE_JSON;
	case JSON_NULL:
		break;
	}
	return SHAPE_NONE;
}

/* "type": "string", or a list; "null" in it promises nothing. */
static enum shape_type
type_of_types(const json_t *type)
{
	enum shape_type t = SHAPE_NONE;
	const json_t *one;
	size_t i;

	if (json_is_string(type))
		return type_of_word(json_string_value(type));
	json_array_foreach (type, i, one)
		if (json_is_string(one))
			t = shape_join(t, type_of_word(json_string_value(one)));
	return t;
}

static enum shape_type
type_of_schema(const json_t *p, int depth)
{
	static const char *const unions[] = {"oneOf", "anyOf", "allOf"};
	const char *airbyte = json_string_value(json_object_get(p, "airbyte_type"));
	enum shape_type t;
	const json_t *list, *one;
	size_t i;

	t = airbyte == NULL ? SHAPE_NONE : type_of_word(airbyte);
	if (t == SHAPE_NONE)
		t = type_of_types(json_object_get(p, "type"));
	for (int u = 0; u < 3 && t == SHAPE_NONE && depth < MAX_DEPTH; u++)
		json_array_foreach (json_object_get(p, unions[u]), i, one)
			t = shape_join(t, type_of_schema(one, depth + 1));
	if (t == SHAPE_NONE && (one = json_object_get(p, "const")) != NULL)
		t = type_of_constant(one);
	list = t == SHAPE_NONE ? json_object_get(p, "enum") : NULL;
	json_array_foreach (list, i, one)
		t = shape_join(t, type_of_constant(one));
	if (t == SHAPE_NONE && (json_object_get(p, "properties") || json_object_get(p, "items")))
		t = SHAPE_JSON;
	if (t == SHAPE_NONE && json_is_string(json_object_get(p, "format")))
		t = SHAPE_TEXT;
	return t;
}

enum shape_type
shape_type_of_schema(const json_t *property)
{
	return type_of_schema(property, 0);
}

static int
is_time(const json_t *p, int depth)
{
	static const char *const unions[] = {"oneOf", "anyOf", "allOf"};
	const char *airbyte = json_string_value(json_object_get(p, "airbyte_type"));
	const char *format = json_string_value(json_object_get(p, "format"));
	const json_t *one;
	size_t i;

	if (format != NULL && (strcmp(format, "date-time") == 0 || strcmp(format, "date") == 0))
		return 1;
	if (airbyte != NULL && strncmp(airbyte, "timestamp_", 10) == 0)
		return 1;
	for (int u = 0; u < 3 && depth < MAX_DEPTH; u++)
		json_array_foreach (json_object_get(p, unions[u]), i, one)
			if (is_time(one, depth + 1))
				return 1;
	return 0;
}

int
shape_is_time(const json_t *property)
{
	return is_time(property, 0);
}

int
shape_int(const char *num, size_t len, int64_t *out)
{
	if (len == 2 && num[0] == '-' && num[1] == '0') {
		*out = 0;
		return 0;
	}
	return value_int(num, len, out);
}

enum shape_type
shape_type_of_value(const struct scan_field *f, const char *bytes)
{
	int64_t i;
	double d;

	switch (f->type) {
	case SCAN_NULL:
		return SHAPE_NONE;
	case SCAN_FALSE:
	case SCAN_TRUE:
		return SHAPE_BOOLEAN;
	case SCAN_INT:
		if (shape_int(bytes + f->val, f->vlen, &i) == 0)
			return SHAPE_INTEGER;
		/* fallthrough */
	case SCAN_REAL:
		return value_real(bytes + f->val, f->vlen, &d) == 0 ? SHAPE_NUMBER : SHAPE_TEXT;
	case SCAN_STRING:
		return SHAPE_TEXT;
	default:
		return SHAPE_JSON;
	}
}

/* At most 15 digits and no exponent: a double holds it. */
static int
is_plain_real(const char *num, uint32_t len)
{
	if (len > 16)
		return 0;
	for (uint32_t i = 0; i < len; i++)
		if ((num[i] | 0x20) == 'e')
			return 0;
	return 1;
}

int
shape_fits(enum shape_type t, const struct scan_field *f, const char *bytes)
{
	enum { NO, YES, INT, REAL };
	static const uint8_t answers[SHAPE_TYPES][SCAN_OBJECT + 1] = {
	    [SHAPE_NONE] = {[SCAN_NULL] = YES},
	    [SHAPE_INTEGER] = {[SCAN_NULL] = YES, [SCAN_INT] = INT},
	    [SHAPE_NUMBER] = {[SCAN_NULL] = YES, [SCAN_INT] = INT, [SCAN_REAL] = REAL},
	    [SHAPE_BOOLEAN] = {[SCAN_NULL] = YES, [SCAN_FALSE] = YES, [SCAN_TRUE] = YES},
	    [SHAPE_JSON] = {[SCAN_NULL] = YES, [SCAN_ARRAY] = YES, [SCAN_OBJECT] = YES},
	    [SHAPE_TEXT] = {YES, YES, YES, YES, YES, YES, YES, YES},
	};
	uint8_t answer = answers[t][f->type];

	if (answer == YES || (answer == INT && f->vlen < 19))
		return 1;
	if (answer == REAL && is_plain_real(bytes + f->val, f->vlen))
		return 1;
	return answer != NO && shape_join(t, shape_type_of_value(f, bytes)) == t;
}
