/* lookup.c - see lookup.h. */
#include "net/lookup.h"

#include <stdlib.h>
#include <string.h>

#include "data/jsonread.h"
#include "data/view.h"

#define VIEWS_MAX ((size_t)16 << 20)
#define VALUE_MAX ((size_t)64 << 10)
#define KEY_MAX	  256

static const struct ab_json *
step(const struct ab_json *v, const char *key)
{
	int type = view_type(v);
	char *end;
	unsigned long i;

	if (type == AB_OBJECT)
		return view_get(v, key);
	i = strtoul(key, &end, 10);
	return type == AB_ARRAY && key[0] >= '0' && key[0] <= '9' && *end == '\0' ? view_at(v, i)
										  : NULL;
}

static const struct ab_json *
walk(const struct ab_json *v, const char *path)
{
	char key[KEY_MAX];
	size_t n;

	while (v != NULL && *path != '\0') {
		n = strcspn(path, ".");
		if (n >= sizeof(key))
			return NULL;
		memcpy(key, path, n);
		key[n] = '\0';
		v = step(v, key);
		path += n + (path[n] == '.');
	}
	return v;
}

static json_t *
copy_value(const struct ab_json *v)
{
	struct ab_str span;
	int type = view_type(v);

	if (type == AB_OBJECT)
		return json_object();
	if (type == AB_ARRAY)
		return json_array();
	span = view_span(v);
	if (span.len > VALUE_MAX)
		return json_string("");
	return jsonread_text(span.ptr, span.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
}

json_t *
lookup_value(struct ab_str body, const char *path)
{
	struct view_root root;
	const struct ab_json *v;
	json_t *value = NULL;

	if (body.len == 0)
		return NULL;
	view_root_init(&root, VIEWS_MAX);
	v = walk(view_parse(&root, body.ptr, body.len, "the answer"), path);
	if (v != NULL)
		value = copy_value(v);
	if (root.error.status != AB_OK) {
		json_decref(value);
		value = NULL;
	}
	view_root_fini(&root);
	return value;
}
