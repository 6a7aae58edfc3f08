/* fields.c - see fields.h. */
#include "net/fields.h"

#include <stdio.h>
#include <string.h>

#include "data/jsonread.h"
#include "data/near.h"

#define BEFORE 16
#define BEHIND 48

/* The bytes around `at`, on one line. */
static void
quote_near(const char *text, size_t at, char out[BEFORE + BEHIND + 1])
{
	size_t from = at > BEFORE ? at - BEFORE : 0, n = strnlen(text + from, BEFORE + BEHIND);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[from + i];

		out[i] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
	out[n] = '\0';
}

ab_status
fields_load(const struct fields *f, json_t **out, struct error *e)
{
	char near[BEFORE + BEHIND + 1];
	json_error_t why;
	size_t at;

	*out = jsonread_string(f->text, JSON_REJECT_DUPLICATES, &why);
	if (*out != NULL && json_is_object(*out))
		return AB_OK;
	if (*out != NULL) {
		json_decref(*out);
		*out = NULL;
		return error_set(e, AB_EBUG, "the %s is not a JSON object", f->what);
	}
	at = why.position < 0 ? 0 : (size_t)why.position;
	quote_near(f->text, at > strlen(f->text) ? strlen(f->text) : at, near);
	return error_set(e, jsonread_lacked(&why) ? AB_ENOMEM : AB_EBUG,
	    "the %s is not JSON: line %d, column %d: %s, near: %s", f->what, why.line, why.column,
	    why.text, near);
}

ab_status
fields_fail(const struct fields *f, const char *pointer, const char *key, const char *wrong,
    struct error *e)
{
	char near[BEFORE + BEHIND + 1], quoted[72];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%.64s\"", key);
	at = strstr(f->text, quoted);
	quote_near(f->text, at == NULL ? 0 : (size_t)(at - f->text), near);
	return error_set(e, AB_EBUG, "the %s, at %s%s%.64s: %s, near: %s", f->what, pointer,
	    key[0] == '\0' ? "" : "/", key, wrong, near);
}

static const struct field *
find_field(const struct field *known, const char *key)
{
	for (; known->key != NULL; known++)
		if (strcmp(known->key, key) == 0)
			return known;
	return NULL;
}

static ab_status
fail_unknown(const struct fields *f, const char *pointer, const char *key,
    const struct field *known, struct error *e)
{
	char wrong[128] = "is not a key that abhost knows";

	for (; known->key != NULL; known++)
		if (near_word(known->key, key))
			snprintf(wrong, sizeof(wrong),
			    "is not a key that abhost knows; did you mean \"%s\"?", known->key);
	return fields_fail(f, pointer, key, wrong, e);
}

static const char *
wanted(int types)
{
	switch (types & ~FIELD_REQUIRED) {
	case FIELD_STRING:
		return "must be a string";
	case FIELD_NUMBER:
		return "must be a number";
	case FIELD_BOOLEAN:
		return "must be true or false";
	case FIELD_ARRAY:
		return "must be an array";
	case FIELD_OBJECT:
		return "must be an object";
	case FIELD_STRING | FIELD_OBJECT:
		return "must be a string or an object";
	case FIELD_NUMBER | FIELD_STRING | FIELD_ARRAY:
		return "must be a number, a string or an array";
	default:
		return "must be no object and no array";
	}
}

ab_status
fields_check(const struct fields *f, const char *pointer, const json_t *object,
    const struct field *known, struct error *e)
{
	const struct field *field;
	const char *key;
	json_t *value;

	json_object_foreach ((json_t *)object, key, value) {
		field = find_field(known, key);
		if (field == NULL)
			return fail_unknown(f, pointer, key, known, e);
		if ((field->types & 1 << json_typeof(value)) == 0)
			return fields_fail(f, pointer, key, wanted(field->types), e);
	}
	for (field = known; field->key != NULL; field++)
		if ((field->types & FIELD_REQUIRED) && json_object_get(object, field->key) == NULL)
			return fields_fail(f, pointer, field->key, "is missing", e);
	return AB_OK;
}
