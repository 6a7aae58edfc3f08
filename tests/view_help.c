/* view_help.c - see view_help.h. */
#include "view_help.h"

#include <string.h>

static int
same_members(const struct ab_json *v, const json_t *want)
{
	const char *key;
	json_t *item;
	size_t i;

	if (json_is_array(want)) {
		if (view_len(v) != json_array_size(want))
			return 0;
		json_array_foreach (want, i, item) {
			if (!view_is(view_at(v, i), item))
				return 0;
		}
		return 1;
	}
	if (view_len(v) < json_object_size(want))
		return 0;
	json_object_foreach ((json_t *)(uintptr_t)want, key, item) {
		if (!view_is(view_get(v, key), item))
			return 0;
	}
	for (i = 0; i < view_len(v); i++) {
		if (json_object_get(want, view_key(v, i).ptr) == NULL)
			return 0;
	}
	return 1;
}

int
view_is(const struct ab_json *v, const json_t *want)
{
	struct ab_str s;

	switch (view_type(v)) {
	case AB_NULL:
		return json_is_null(want);
	case AB_BOOL:
		return json_is_boolean(want) && view_int(v) == json_is_true(want);
	case AB_INT:
		return json_is_integer(want) && view_int(v) == json_integer_value(want);
	case AB_REAL:
		return json_is_real(want) && view_real(v) == json_real_value(want);
	case AB_STRING:
		s = view_str(v);
		return json_is_string(want) && s.len == json_string_length(want) &&
		    memcmp(s.ptr, json_string_value(want), s.len + 1) == 0;
	case AB_ARRAY:
		return json_is_array(want) && same_members(v, want);
	default:
		return json_is_object(want) && same_members(v, want);
	}
}

void
view_walk(const struct ab_json *v, int depth)
{
	const size_t n = view_type(v) >= AB_ARRAY && depth < 20 ? view_len(v) : 0;

	if (view_type(v) == AB_STRING)
		view_str(v);
	view_text(v);
	for (size_t i = 0; i < n; i++) {
		if (view_type(v) == AB_OBJECT)
			view_get(v, view_key(v, i).ptr);
		view_walk(view_at(v, i), depth + 1);
	}
}
