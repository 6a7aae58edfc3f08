/* infer.c - see infer.h. */
#include "engine/infer.h"

#include "data/view.h"

#define VIEWS_MAX ((size_t)64 << 20)

enum { BOOL = 1, INTEGER = 2, NUMBER = 4, STRING = 8, NESTED = 16, ARRAY = 32 };

int
infer_init(struct infer *f)
{
	f->fields = json_object();
	return f->fields == NULL ? -1 : 0;
}

void
infer_fini(struct infer *f)
{
	json_decref(f->fields);
}

static int
kind_of(const struct ab_json *v)
{
	switch (view_type(v)) {
	case AB_BOOL:
		return BOOL;
	case AB_INT:
		return INTEGER;
	case AB_REAL:
		return NUMBER;
	case AB_STRING:
		return STRING;
	case AB_OBJECT:
		return NESTED;
	case AB_ARRAY:
		return ARRAY;
	default:
		return 0;
	}
}

static int
note_field(struct infer *f, const struct ab_json *record, struct ab_str key)
{
	json_int_t kinds = json_integer_value(json_object_get(f->fields, key.ptr));
	json_int_t seen = kinds | kind_of(view_get(record, key.ptr));

	if (key.len == 0 || json_object_size(f->fields) >= INFER_MAX_FIELDS)
		return 0;
	if (seen == kinds && json_object_get(f->fields, key.ptr) != NULL)
		return 0;
	return json_object_set_new(f->fields, key.ptr, json_integer(seen));
}

int
infer_record(struct infer *f, const char *record, size_t len)
{
	struct view_root root;
	const struct ab_json *v;
	int failed = 0;

	view_root_init(&root, VIEWS_MAX);
	v = view_parse(&root, record, len, "a record");
	for (size_t i = 0; view_type(v) == AB_OBJECT && i < view_len(v) && !failed; i++)
		failed = note_field(f, v, view_key(v, i));
	view_root_fini(&root);
	return failed;
}

/* What holds all that was seen. */
static const char *
word_of(int kinds)
{
	switch (kinds) {
	case BOOL:
		return "boolean";
	case INTEGER:
		return "integer";
	case NUMBER:
	case NUMBER | INTEGER:
		return "number";
	case ARRAY:
		return "array";
	default:
		return kinds & (NESTED | ARRAY) ? "object" : "string";
	}
}

json_t *
infer_properties(const struct infer *f)
{
	json_t *out = json_object(), *kinds;
	const char *key;

	if (out == NULL)
		return NULL;
	json_object_foreach (f->fields, key, kinds) {
		json_t *type = json_pack(
		    "{s:[s, s]}", "type", "null", word_of((int)json_integer_value(kinds)));

		if (json_object_set_new(out, key, type) != 0) {
			json_decref(out);
			return NULL;
		}
	}
	return out;
}
