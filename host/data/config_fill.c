/* config_fill.c - the spec's defaults, put where the configuration says nothing. */
#include "data/config_internal.h"

/* The one branch of a oneOf or anyOf that v means: it fits as it stands, or once its own defaults are in, or it is the
 * only one that v's constants leave. NULL: it cannot be told. */
static const json_t *
meant_branch(struct schema_check *c, const json_t *branches, const json_t *v)
{
	const json_t *found[3] = {NULL, NULL, NULL};
	size_t count[3] = {0, 0, 0}, n = json_array_size(branches);

	for (size_t i = 0; i < n; i++) {
		const json_t *branch = json_array_get(branches, i);
		json_t *filled = json_deep_copy(v);
		int fits[3] = {schema_matches(c, branch, v), 0, !schema_excluded(branch, v)};

		if (filled != NULL && !fits[0] && fits[2]) {
			schema_fill(c, branch, filled);
			fits[1] = schema_matches(c, branch, filled);
		}
		json_decref(filled);
		for (int k = 0; k < 3; k++)
			if (fits[k]) {
				found[k] = branch;
				count[k]++;
			}
	}
	for (int k = 0; k < 3; k++)
		if (count[k] > 0)
			return count[k] == 1 ? found[k] : NULL;
	return NULL;
}

static void
fill_branches(struct schema_check *c, const json_t *branches, json_t *v)
{
	const json_t *branch = json_array_size(branches) > 0 ? meant_branch(c, branches, v) : NULL;

	if (branch != NULL)
		schema_fill(c, branch, v);
}

static void
fill_object(struct schema_check *c, const json_t *schema, json_t *v)
{
	json_t *property, *value, *def;
	const char *key;

	json_object_foreach (json_object_get(schema, "properties"), key, property) {
		value = json_object_get(v, key);
		def = json_object_get(property, "default");
		if (value == NULL && def != NULL &&
		    json_object_set_new(v, key, json_deep_copy(def)) == 0)
			value = json_object_get(v, key);
		if (value != NULL)
			schema_fill(c, property, value);
	}
}

void
schema_fill(struct schema_check *c, const json_t *schema, json_t *v)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *all = json_object_get(schema, "allOf"), *cond = json_object_get(schema, "if");
	size_t i;

	if (!(json_is_object(v) || json_is_array(v)) || !schema_enter(c))
		return;
	if (ref != NULL)
		schema_fill(c, schema_ref(c->root, ref), v);
	if (json_is_object(v))
		fill_object(c, schema, v);
	for (i = 0; i < json_array_size(v); i++)
		schema_fill(c, json_object_get(schema, "items"), json_array_get(v, i));
	for (i = 0; i < json_array_size(all); i++)
		schema_fill(c, json_array_get(all, i), v);
	fill_branches(c, json_object_get(schema, "oneOf"), v);
	fill_branches(c, json_object_get(schema, "anyOf"), v);
	if (cond != NULL)
		schema_fill(
		    c, json_object_get(schema, schema_matches(c, cond, v) ? "then" : "else"), v);
	schema_leave(c);
}
