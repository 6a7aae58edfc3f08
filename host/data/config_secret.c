/* config_secret.c - which values of a configuration are secrets, by its spec; see config.h.
 *
 * In doubt a value is a secret: every branch of a oneOf counts for redaction; for masking those count that v's
 * constants do not exclude, and all of them where they exclude every one. */
#include <stdlib.h>
#include <string.h>

#include "base/redact.h"
#include "data/config.h"
#include "data/config_internal.h"
#include "data/jsontext.h"

struct secrets {
	struct schema_check walk; /* its bounds */
	int mask;		  /* 1: replace, 0: register */
	int failed;		  /* memory ran out, or the spec is too deep */
};

static void visit(struct secrets *s, const json_t *schema, json_t *v);

/* Registers every scalar in v. */
static void
register_all(struct secrets *s, const json_t *v)
{
	const char *key;
	json_t *item;
	size_t i;
	char *text;

	json_object_foreach ((json_t *)v, key, item)
		register_all(s, item);
	for (i = 0; i < json_array_size(v); i++)
		register_all(s, json_array_get(v, i));
	if (json_is_string(v) && redact_add(json_string_value(v), json_string_length(v)) != 0)
		s->failed = 1;
	if (!json_is_number(v))
		return;
	text = jsontext_make(v, JSON_ENCODE_ANY);
	if (text == NULL || redact_add(text, strlen(text)) != 0)
		s->failed = 1;
	free(text);
}

/* A mark that is no boolean ("yes", 1) is meant as one: what is masked for nothing does no harm. */
static int
is_marked(const json_t *schema)
{
	const json_t *mark = json_object_get(schema, "airbyte_secret");

	return mark != NULL && !json_is_false(mark) && !json_is_null(mark);
}

/* The part of a property's schema that says airbyte_secret (itself, its $ref, a branch: "a secret or null"), or NULL. */
static const json_t *
secret_in(const struct secrets *s, const json_t *schema, int depth)
{
	static const char *const lists[] = {"oneOf", "anyOf", "allOf"};
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *found = NULL;

	if (is_marked(schema))
		return schema;
	if (depth == 0)
		return NULL;
	if (ref != NULL)
		found = secret_in(s, schema_ref(s->walk.root, ref), depth - 1);
	for (size_t k = 0; k < 3; k++) {
		const json_t *branches = json_object_get(schema, lists[k]);

		for (size_t i = 0; found == NULL && i < json_array_size(branches); i++)
			found = secret_in(s, json_array_get(branches, i), depth - 1);
	}
	return found;
}

/* Deals with a child of an object or array; returns what must stand in its place (a new value), or NULL. */
static json_t *
visit_child(struct secrets *s, const json_t *schema, json_t *v)
{
	const json_t *secret = secret_in(s, schema, 4);
	json_t *masked = NULL;

	if (secret == NULL) {
		visit(s, schema, v);
	} else if (!s->mask) {
		register_all(s, v);
	} else if (!json_is_null(v) && !json_is_true(json_object_get(secret, "ab_reveal"))) {
		masked = json_string("****");
		s->failed |= masked == NULL;
	}
	return masked;
}

static void
visit_object(struct secrets *s, const json_t *schema, json_t *v)
{
	const json_t *properties = json_object_get(schema, "properties"), *property;
	json_t *value, *masked;
	const char *key;
	void *next;

	json_object_foreach_safe (v, next, key, value) {
		property = json_object_get(properties, key);
		if (property == NULL)
			property = json_object_get(schema, "additionalProperties");
		masked = visit_child(s, property, value);
		if (masked != NULL && json_object_set_new(v, key, masked) != 0)
			s->failed = 1;
	}
}

static void
visit_array(struct secrets *s, const json_t *schema, json_t *v)
{
	const json_t *items = json_object_get(schema, "items");

	for (size_t i = 0; i < json_array_size(v); i++) {
		const json_t *each = json_is_array(items) ? json_array_get(items, i) : items;
		json_t *masked = visit_child(s, each, json_array_get(v, i));

		if (masked != NULL && json_array_set_new(v, i, masked) != 0)
			s->failed = 1;
	}
}

static void
visit_branches(struct secrets *s, const json_t *branches, json_t *v)
{
	size_t i, n = json_array_size(branches), left = 0;

	for (i = 0; i < n; i++)
		left += !schema_excluded(json_array_get(branches, i), v);
	for (i = 0; i < n; i++)
		if (!s->mask || left == 0 || !schema_excluded(json_array_get(branches, i), v))
			visit(s, json_array_get(branches, i), v);
}

/* Walks v by schema; v itself is no secret. */
static void
visit(struct secrets *s, const json_t *schema, json_t *v)
{
	static const char *const others[] = {"if", "then", "else"};
	static const char *const lists[] = {"oneOf", "anyOf", "allOf"};
	const char *ref = json_string_value(json_object_get(schema, "$ref"));

	if (!(json_is_object(v) || json_is_array(v)) || !json_is_object(schema))
		return;
	if (!schema_enter(&s->walk)) {
		s->failed = 1;
		return;
	}
	if (ref != NULL)
		visit(s, schema_ref(s->walk.root, ref), v);
	if (json_is_object(v))
		visit_object(s, schema, v);
	else
		visit_array(s, schema, v);
	for (size_t i = 0; i < 3; i++) {
		visit(s, json_object_get(schema, others[i]), v);
		visit_branches(s, json_object_get(schema, lists[i]), v);
	}
	schema_leave(&s->walk);
}

ab_status
config_redact(const json_t *spec, const json_t *config, struct error *e)
{
	struct secrets s = {0};

	schema_init(&s.walk, spec);
	visit(&s, spec, (json_t *)config);
	schema_fini(&s.walk);
	if (s.failed)
		return error_set(e, AB_ENOMEM,
		    "the configuration's secrets cannot be found: no memory, or the spec is too deep");
	return AB_OK;
}

json_t *
config_masked(const json_t *spec, const json_t *config)
{
	struct secrets s = {.mask = 1};
	json_t *copy = json_deep_copy(config);

	schema_init(&s.walk, spec);
	visit(&s, spec, copy);
	schema_fini(&s.walk);
	if (s.failed) {
		json_decref(copy);
		copy = NULL;
	}
	return copy;
}
