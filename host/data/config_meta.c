/* config_meta.c - is a JSON Schema one at all?  For authors, who learn here what a check of a value would pass over in
 * silence: a type that does not exist, a keyword with a slip in it. */
#include <string.h>

#include "data/config.h"
#include "data/config_internal.h"
#include "data/near.h"

enum form {
	ANYTHING,
	TEXT,
	FLAG,
	NUMBER,
	COUNT,
	SCHEMA,
	SCHEMAS, /* a list of them, not empty */
	NAMED,	 /* an object of them */
	ITEMS,	 /* one, or a list */
	TYPE,
	NAMES,
	VALUES,
	PATTERN,
	REF,
	DEPENDENCIES
};

static const struct {
	const char *name;
	enum form form;
} keywords[] = {
    {"type", TYPE},
    {"properties", NAMED},
    {"required", NAMES},
    {"additionalProperties", SCHEMA},
    {"patternProperties", NAMED},
    {"propertyNames", SCHEMA},
    {"dependencies", DEPENDENCIES},
    {"minProperties", COUNT},
    {"maxProperties", COUNT},
    {"items", ITEMS},
    {"additionalItems", SCHEMA},
    {"contains", SCHEMA},
    {"minItems", COUNT},
    {"maxItems", COUNT},
    {"uniqueItems", FLAG},
    {"enum", VALUES},
    {"const", ANYTHING},
    {"pattern", PATTERN},
    {"format", TEXT},
    {"minLength", COUNT},
    {"maxLength", COUNT},
    {"minimum", NUMBER},
    {"maximum", NUMBER},
    {"exclusiveMinimum", ANYTHING},
    {"exclusiveMaximum", ANYTHING},
    {"multipleOf", NUMBER},
    {"oneOf", SCHEMAS},
    {"anyOf", SCHEMAS},
    {"allOf", SCHEMAS},
    {"not", SCHEMA},
    {"if", SCHEMA},
    {"then", SCHEMA},
    {"else", SCHEMA},
    {"$ref", REF},
    {"definitions", NAMED},
    {"$defs", NAMED},
    {"$schema", TEXT},
    {"$id", TEXT},
    {"$comment", TEXT},
    {"title", TEXT},
    {"description", TEXT},
    {"default", ANYTHING},
    {"examples", ANYTHING},
    {"example", ANYTHING},
    {"readOnly", FLAG},
    {"writeOnly", FLAG},
    {"deprecated", FLAG},
    {"contentEncoding", TEXT},
    {"contentMediaType", TEXT},
    /* Airbyte's, and one of ours */
    {"airbyte_secret", FLAG},
    {"airbyte_hidden", FLAG},
    {"airbyte_type", TEXT},
    {"order", ANYTHING},
    {"group", TEXT},
    {"groups", ANYTHING},
    {"always_show", FLAG},
    {"multiline", FLAG},
    {"pattern_descriptor", TEXT},
    {"display_type", TEXT},
    {"discriminator", ANYTHING},
    {"ab_reveal", FLAG},
};

static const char *const types[] = {
    "object", "array", "string", "integer", "number", "boolean", "null"};

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

static void look(struct schema_check *c, const json_t *schema);

static int
is_known_type(const char *word)
{
	for (size_t i = 0; word != NULL && i < COUNT_OF(types); i++)
		if (strcmp(word, types[i]) == 0)
			return 1;
	return 0;
}

static void
look_type(struct schema_check *c, const json_t *v)
{
	size_t n = json_is_array(v) ? json_array_size(v) : 1;

	if (n == 0)
		schema_fault(c, "is an empty list: name a type");
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_is_array(v) ? json_array_get(v, i) : v;
		const char *word = json_string_value(one), *meant = NULL;

		if (is_known_type(word))
			continue;
		for (size_t t = 0; word != NULL && t < COUNT_OF(types); t++)
			if (near_word(types[t], word))
				meant = types[t];
		if (word == NULL)
			schema_fault(c, "must be the name of a type, or a list of names");
		else
			schema_fault(c, "\"%.60s\" is no type of JSON Schema%s%s%s", word,
			    meant != NULL ? "; is \"" : "", meant != NULL ? meant : "",
			    meant != NULL ? "\" meant?" : "");
	}
}

static void
look_names(struct schema_check *c, const json_t *v)
{
	if (json_is_boolean(v)) {
		schema_fault(c, "stands at the object, as a list of its keys: \"required\": [...]");
		return;
	}
	if (!json_is_array(v))
		schema_fault(c, "must be a list of keys");
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (!json_is_string(json_array_get(v, i)))
			schema_fault(c, "must be a list of keys; number %zu is none", i);
		for (size_t j = 0; j < i; j++)
			if (json_equal(json_array_get(v, i), json_array_get(v, j)))
				schema_fault(c, "names a key twice (%zu and %zu)", j, i);
	}
}

/* Behind the bracket expression at p, "[^]a-z]"; NULL: it is not closed. */
static const char *
behind_set(const char *p)
{
	p += p[1] == '^' ? 2 : 1;
	for (const char *first = p; *p != '\0' && (*p != ']' || p == first); p++)
		if (*p == '\\' && p[1] != '\0')
			p++;
	return *p == ']' ? p : NULL;
}

/* What a regular expression's brackets and repeats must be, whoever reads it. */
static const char *
pattern_fault(const char *p)
{
	int groups = 0, has_before = 0; /* something that a repeat could repeat */

	for (; *p != '\0'; p++) {
		if (*p == '\\') {
			if (*++p == '\0')
				return "ends in a backslash";
			has_before = 1;
		} else if (*p == '[') {
			if ((p = behind_set(p)) == NULL)
				return "has a [ that is not closed";
			has_before = 1;
		} else if (*p == '(') {
			groups++;
			if (p[1] == '?' && p[2] != '\0') /* (?:  (?=  (?! */
				p += 2;
			has_before = 0;
		} else if (*p == ')') {
			if (groups-- == 0)
				return "closes a group that is not open";
			has_before = 1;
		} else if (*p == '*' || *p == '+' || *p == '?') {
			if (!has_before)
				return "repeats nothing";
		} else {
			has_before = *p != '|';
		}
	}
	return groups > 0 ? "has a ( that is not closed" : NULL;
}

static void
look_pattern(struct schema_check *c, const json_t *v)
{
	const char *wrong = json_is_string(v) ? pattern_fault(json_string_value(v)) : NULL;

	if (!json_is_string(v))
		schema_fault(c, "must be a text, a regular expression");
	else if (wrong != NULL)
		schema_fault(c, "is no regular expression: it %s", wrong);
}

static void
look_list(struct schema_check *c, const json_t *v)
{
	if (json_array_size(v) == 0)
		schema_fault(c, "must be a list of schemas, not empty");
	for (size_t i = 0; i < json_array_size(v); i++) {
		size_t mark = path_index(&c->where, i);

		look(c, json_array_get(v, i));
		path_cut(&c->where, mark);
	}
}

static void
look_named(struct schema_check *c, const json_t *v, int lists_too)
{
	const char *key;
	json_t *one;

	if (!json_is_object(v))
		schema_fault(c, "must be an object: a schema for each name");
	json_object_foreach ((json_t *)v, key, one) {
		size_t mark = path_key(&c->where, key);

		if (lists_too && json_is_array(one))
			look_names(c, one);
		else
			look(c, one);
		path_cut(&c->where, mark);
	}
}

static void
look_ref(struct schema_check *c, const json_t *v)
{
	const char *ref = json_string_value(v);

	if (ref == NULL || schema_ref(c->root, ref) == NULL)
		schema_fault(c, "leads to nothing in this document%s%.100s",
		    ref == NULL ? "" : ": ", ref == NULL ? "" : ref);
}

static void
look_count(struct schema_check *c, const json_t *v)
{
	if (!(json_is_integer(v) && json_integer_value(v) >= 0) &&
	    !(json_is_real(v) && json_real_value(v) >= 0))
		schema_fault(c, "must be a whole number from 0");
}

static void
look_keyword(struct schema_check *c, enum form form, const json_t *v)
{
	switch (form) {
	case TEXT:
		if (!json_is_string(v))
			schema_fault(c, "must be a text");
		break;
	case FLAG:
		if (!json_is_boolean(v))
			schema_fault(c, "must be true or false");
		break;
	case NUMBER:
		if (!json_is_number(v))
			schema_fault(c, "must be a number");
		break;
	case COUNT:
		look_count(c, v);
		break;
	case SCHEMA:
		look(c, v);
		break;
	case ITEMS:
		if (!json_is_array(v))
			look(c, v);
		else
			look_list(c, v);
		break;
	case SCHEMAS:
		look_list(c, v);
		break;
	case NAMED:
	case DEPENDENCIES:
		look_named(c, v, form == DEPENDENCIES);
		break;
	case TYPE:
		look_type(c, v);
		break;
	case NAMES:
		look_names(c, v);
		break;
	case VALUES:
		if (json_array_size(v) == 0)
			schema_fault(c, "must be a list of values, not empty");
		break;
	case PATTERN:
		look_pattern(c, v);
		break;
	case REF:
		look_ref(c, v);
		break;
	case ANYTHING:
		break;
	}
}

static void
look_unknown(struct schema_check *c, const char *key)
{
	for (size_t i = 0; i < COUNT_OF(keywords); i++)
		if (near_word(keywords[i].name, key)) {
			schema_fault(
			    c, "is no keyword of JSON Schema; is \"%s\" meant?", keywords[i].name);
			return;
		}
}

/* A range that holds nothing. */
static void
look_range(struct schema_check *c, const json_t *schema, const char *least, const char *most)
{
	const json_t *a = json_object_get(schema, least), *b = json_object_get(schema, most);

	if (json_is_number(a) && json_is_number(b) && json_number_value(a) > json_number_value(b))
		schema_fault(c, "%s is above %s: nothing fits", least, most);
}

static void
look_object(struct schema_check *c, const json_t *schema)
{
	const char *key;
	json_t *v;

	json_object_foreach ((json_t *)schema, key, v) {
		size_t mark = path_key(&c->where, key), i = 0;

		while (i < COUNT_OF(keywords) && strcmp(keywords[i].name, key) != 0)
			i++;
		if (i < COUNT_OF(keywords))
			look_keyword(c, keywords[i].form, v);
		else if (strncmp(key, "x-", 2) != 0)
			look_unknown(c, key);
		path_cut(&c->where, mark);
	}
	look_range(c, schema, "minimum", "maximum");
	look_range(c, schema, "minLength", "maxLength");
	look_range(c, schema, "minItems", "maxItems");
	if (json_is_true(json_object_get(schema, "ab_reveal")) &&
	    !json_is_true(json_object_get(schema, "airbyte_secret")))
		schema_fault(
		    c, "\"ab_reveal\" means something beside \"airbyte_secret\": true only");
}

static void
look(struct schema_check *c, const json_t *schema)
{
	if (!schema_enter(c))
		return;
	if (json_is_object(schema))
		look_object(c, schema);
	else if (!json_is_boolean(schema))
		schema_fault(c, "must be a schema: an object, true or false");
	schema_leave(c);
}

static ab_status
told(struct schema_check *c, const char *what, struct error *e)
{
	ab_status rc = AB_OK;

	if (c->count > 0)
		rc = error_set(e, AB_EBUG, "%zu mistake%s in %s:%s%s", c->count,
		    c->count == 1 ? "" : "s", what, buf_str(&c->faults),
		    c->faults.failed ? "\n  ... and more" : "");
	schema_fini(c);
	return rc;
}

ab_status
config_check_schema(const json_t *schema, const char *what, struct error *e)
{
	struct schema_check c;

	schema_init(&c, schema);
	look(&c, schema);
	return told(&c, what, e);
}

static void defaults(struct schema_check *c, const json_t *schema);

/* The schemas in a list, or under the names of an object. */
static void
defaults_below(struct schema_check *c, const json_t *v)
{
	const char *key;
	json_t *one;
	size_t mark;

	json_object_foreach ((json_t *)v, key, one) {
		mark = path_key(&c->where, key);
		defaults(c, one);
		path_cut(&c->where, mark);
	}
	for (size_t i = 0; i < json_array_size(v); i++) {
		mark = path_index(&c->where, i);
		defaults(c, json_array_get(v, i));
		path_cut(&c->where, mark);
	}
}

static void
check_default(struct schema_check *c, const json_t *schema)
{
	const json_t *value = json_object_get(schema, "default");
	const json_t *list = json_object_get(schema, "examples");
	size_t mark;

	if (value != NULL) {
		mark = path_key(&c->where, "default");
		schema_value(c, schema, value);
		path_cut(&c->where, mark);
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		mark = path_key(&c->where, "examples");
		path_index(&c->where, i);
		schema_value(c, schema, json_array_get(list, i));
		path_cut(&c->where, mark);
	}
}

static void
defaults(struct schema_check *c, const json_t *schema)
{
	if (!json_is_object(schema) || !schema_enter(c))
		return;
	check_default(c, schema);
	for (size_t i = 0; i < COUNT_OF(keywords); i++) {
		const json_t *v = json_object_get(schema, keywords[i].name);
		size_t mark = path_key(&c->where, keywords[i].name);

		if (keywords[i].form == NAMED || keywords[i].form == SCHEMAS ||
		    (keywords[i].form == ITEMS && json_is_array(v)))
			defaults_below(c, v);
		else if (keywords[i].form == SCHEMA || keywords[i].form == ITEMS)
			defaults(c, v);
		path_cut(&c->where, mark);
	}
	schema_leave(c);
}

ab_status
config_check_defaults(const json_t *schema, struct error *e)
{
	struct schema_check c;

	schema_init(&c, schema);
	defaults(&c, schema);
	return told(&c, "the defaults and examples", e);
}
