/* config_schema.c - a configuration against its connectionSpecification: children, combinations, faults.
 *
 * A spec comes from a third party: depth and steps are bounded.  A fault never holds a value of the configuration. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "data/config.h"
#include "data/config_internal.h"
#include "data/jsontext.h"
#include "data/near.h"

void
schema_init(struct schema_check *c, const json_t *root)
{
	*c = (struct schema_check){.root = root};
	buf_init(&c->where, CONFIG_MAX_BYTES);
	buf_init(&c->faults, sizeof(((struct error *)0)->text) - 200);
}

void
schema_fini(struct schema_check *c)
{
	buf_fini(&c->where);
	buf_fini(&c->faults);
}

void
schema_fault(struct schema_check *c, const char *fmt, ...)
{
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	c->count++;
	buf_addf(&c->faults, "\n  %.200s: %s", path_text(&c->where), text);
}

int
schema_enter(struct schema_check *c)
{
	if (c->steps >= SCHEMA_MAX_STEPS)
		return 0;
	if (c->depth >= SCHEMA_MAX_DEPTH || c->steps == SCHEMA_MAX_STEPS - 1) {
		c->steps = SCHEMA_MAX_STEPS;
		schema_fault(c, "cannot be checked: the spec is too deep or refers to itself");
		return 0;
	}
	c->steps++;
	c->depth++;
	return 1;
}

void
schema_leave(struct schema_check *c)
{
	c->depth--;
}

/* The next member of a JSON pointer, unescaped, into out; returns what is behind it, NULL: too long. */
static const char *
next_member(const char *p, char *out, size_t cap)
{
	size_t n = 0;

	for (; *p != '\0' && *p != '/'; p++) {
		char c = *p;

		if (c == '~' && (p[1] == '0' || p[1] == '1'))
			c = *++p == '0' ? '~' : '/';
		if (n + 1 >= cap)
			return NULL;
		out[n++] = c;
	}
	out[n] = '\0';
	return p;
}

const json_t *
schema_ref(const json_t *root, const char *ref)
{
	char key[256];

	if (*ref++ != '#')
		return NULL;
	while (root != NULL && *ref == '/') {
		ref = next_member(ref + 1, key, sizeof(key));
		if (ref == NULL)
			return NULL;
		root = json_object_get(root, key);
	}
	return *ref == '\0' ? root : NULL;
}

int
schema_matches(struct schema_check *c, const json_t *schema, const json_t *v)
{
	size_t count = c->count, len = c->faults.len;
	int failed = c->faults.failed, same;

	schema_value(c, schema, v);
	same = c->count == count;
	if (c->steps >= SCHEMA_MAX_STEPS)
		return 0;
	c->count = count;
	path_cut(&c->faults, len);
	c->faults.failed = failed;
	return same;
}

int
schema_excluded(const json_t *branch, const json_t *v)
{
	const char *key;
	json_t *property;

	json_object_foreach (json_object_get(branch, "properties"), key, property) {
		const json_t *value = json_object_get(property, "const");
		const json_t *have = json_object_get(v, key);

		if (value != NULL && have != NULL && !json_equal(value, have))
			return 1;
	}
	return 0;
}

/* The property that tells the branches of a oneOf apart: each says a `const` for it. */
static const char *
discriminator(const json_t *branches)
{
	const json_t *first = json_object_get(json_array_get(branches, 0), "properties");
	const char *key;
	json_t *property;

	json_object_foreach ((json_t *)first, key, property) {
		size_t i, n = json_array_size(branches);

		for (i = 0; i < n; i++) {
			const json_t *p =
			    json_object_get(json_array_get(branches, i), "properties");

			if (json_object_get(json_object_get(p, key), "const") == NULL)
				break;
		}
		if (i == n)
			return key;
	}
	return NULL;
}

static void
fault_discriminator(
    struct schema_check *c, const json_t *branches, const char *key, const json_t *v)
{
	size_t i, mark;
	struct buf words;

	buf_init(&words, 300);
	for (i = 0; i < json_array_size(branches); i++) {
		const json_t *p = json_object_get(json_array_get(branches, i), "properties");
		char *text = jsontext_make(
		    json_object_get(json_object_get(p, key), "const"), JSON_ENCODE_ANY);

		buf_addf(&words, "%s%s", i > 0 ? ", " : "", text != NULL ? text : "...");
		free(text);
	}
	mark = path_key(&c->where, key);
	schema_fault(c, "%s one of %s",
	    json_object_get(v, key) == NULL ? "is missing: must be" : "must be", buf_str(&words));
	path_cut(&c->where, mark);
	buf_fini(&words);
}

/* The value is of no type that a branch takes, and each names its own.  1: it was told. */
static int
fault_types(struct schema_check *c, const json_t *branches, const json_t *v)
{
	json_t *types = json_array(), *schema = json_pack("{s:O*}", "type", types);
	size_t i, n = json_array_size(branches);
	int told = schema != NULL;

	for (i = 0; i < n && told; i++) {
		json_t *type = json_object_get(json_array_get(branches, i), "type");

		told = json_is_string(type) && !schema_is_type(json_array_get(branches, i), v) &&
		    json_array_append(types, type) == 0;
	}
	if (told)
		schema_assert(c, schema, v);
	json_decref(types);
	json_decref(schema);
	return told;
}

/* No branch fits: says what is wrong with the one that is meant, if that can be told. */
static void
fault_branches(struct schema_check *c, const json_t *branches, const json_t *v)
{
	const char *key = json_is_object(v) ? discriminator(branches) : NULL;
	size_t i, n = json_array_size(branches), meant = n, candidates = 0;

	for (i = 0; i < n; i++)
		if (!schema_excluded(json_array_get(branches, i), v) &&
		    schema_is_type(json_array_get(branches, i), v)) {
			meant = i;
			candidates++;
		}
	if (candidates == 1)
		schema_value(c, json_array_get(branches, meant), v);
	else if (key != NULL)
		fault_discriminator(c, branches, key, v);
	else if (!fault_types(c, branches, v))
		schema_fault(c, "fits none of the %zu alternatives of the spec", n);
}

static void
check_branches(struct schema_check *c, const json_t *branches, int only_one, const json_t *v)
{
	size_t i, n = json_array_size(branches), matching = 0;

	for (i = 0; i < n; i++)
		matching += (size_t)schema_matches(c, json_array_get(branches, i), v);
	if (matching == 0 && n > 0)
		fault_branches(c, branches, v);
	else if (matching > 1 && only_one)
		schema_fault(
		    c, "fits %zu alternatives of the spec where it must fit one", matching);
}

static void
check_combinations(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const json_t *all = json_object_get(schema, "allOf"), *no = json_object_get(schema, "not");
	const json_t *cond = json_object_get(schema, "if"), *then;
	size_t i;

	for (i = 0; i < json_array_size(all); i++)
		schema_value(c, json_array_get(all, i), v);
	check_branches(c, json_object_get(schema, "oneOf"), 1, v);
	check_branches(c, json_object_get(schema, "anyOf"), 0, v);
	if (no != NULL && schema_matches(c, no, v))
		schema_fault(c, "has a form that the spec excludes");
	if (cond == NULL)
		return;
	then = json_object_get(schema, schema_matches(c, cond, v) ? "then" : "else");
	if (then != NULL)
		schema_value(c, then, v);
}

/* The unknown key of v that may be a slip for `key`, or NULL. */
static const char *
slip_for(const json_t *properties, const json_t *v, const char *key)
{
	const char *other;
	json_t *value;

	json_object_foreach ((json_t *)v, other, value)
		if (json_object_get(properties, other) == NULL && near_word(key, other))
			return other;
	return NULL;
}

static void
check_required(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const json_t *required = json_object_get(schema, "required");
	const json_t *properties = json_object_get(schema, "properties");
	size_t i, mark;

	for (i = 0; i < json_array_size(required); i++) {
		const char *key = json_string_value(json_array_get(required, i)), *slip;

		if (key == NULL || json_object_get(v, key) != NULL)
			continue;
		slip = slip_for(properties, v, key);
		mark = path_key(&c->where, key);
		if (slip != NULL)
			schema_fault(
			    c, "is required, but missing (is \"%.60s\" meant for it?)", slip);
		else
			schema_fault(c, "is required, but missing");
		path_cut(&c->where, mark);
	}
}

static void
check_extra(struct schema_check *c, const json_t *schema, const char *key, const json_t *v)
{
	const json_t *extra = json_object_get(schema, "additionalProperties");
	const char *known;
	json_t *property;

	if (json_is_object(extra))
		schema_value(c, extra, v);
	if (!json_is_false(extra))
		return;
	json_object_foreach (json_object_get(schema, "properties"), known, property)
		if (near_word(known, key)) {
			schema_fault(c, "is not a known key (is \"%.60s\" meant?)", known);
			return;
		}
	schema_fault(c, "is not a known key");
}

static void
check_object(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const json_t *properties = json_object_get(schema, "properties"), *property;
	const char *key;
	json_t *value;
	size_t mark;

	check_required(c, schema, v);
	json_object_foreach ((json_t *)v, key, value) {
		mark = path_key(&c->where, key);
		property = json_object_get(properties, key);
		if (property != NULL)
			schema_value(c, property, value);
		else
			check_extra(c, schema, key, value);
		path_cut(&c->where, mark);
	}
}

static void
check_items(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const json_t *items = json_object_get(schema, "items"), *each;
	size_t i, mark;

	for (i = 0; i < json_array_size(v); i++) {
		each = json_is_array(items) ? json_array_get(items, i) : items;
		if (each == NULL)
			return;
		mark = path_index(&c->where, i);
		schema_value(c, each, json_array_get(v, i));
		path_cut(&c->where, mark);
	}
}

void
schema_value(struct schema_check *c, const json_t *schema, const json_t *v)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));
	const json_t *target = ref != NULL ? schema_ref(c->root, ref) : NULL;

	if (!schema_enter(c))
		return;
	if (json_is_false(schema))
		schema_fault(c, "is not allowed by the spec");
	if (ref != NULL && target == NULL)
		schema_fault(c, "cannot be checked: the spec has nothing at its $ref %.100s", ref);
	if (target != NULL)
		schema_value(c, target, v);
	if (json_is_object(schema)) {
		schema_assert(c, schema, v);
		check_combinations(c, schema, v);
		if (json_is_object(v))
			check_object(c, schema, v);
		if (json_is_array(v))
			check_items(c, schema, v);
	}
	schema_leave(c);
}

/* A key that the spec does not know and does not forbid may be a slip for one that is not set. */
static void
warn_of_slips(const json_t *spec, const json_t *config)
{
	const json_t *properties = json_object_get(spec, "properties");
	const char *key, *known;
	json_t *value, *property;

	json_object_foreach ((json_t *)config, key, value) {
		if (json_object_get(properties, key) != NULL)
			continue;
		json_object_foreach ((json_t *)properties, known, property)
			if (json_object_get(config, known) == NULL && near_word(known, key))
				log_line(AB_WARN,
				    "the configuration's \"%.60s\" is not in the connector's spec; is \"%.60s\" meant?",
				    key, known);
	}
}

ab_status
config_check(const json_t *spec, json_t *config, struct error *e)
{
	warn_of_slips(spec, config);
	return config_check_by(spec, "the connector's spec", config, e);
}

ab_status
config_check_by(const json_t *spec, const char *by, json_t *config, struct error *e)
{
	struct schema_check c;
	ab_status rc = AB_OK;

	schema_init(&c, spec);
	schema_fill(&c, spec, config);
	c.steps = 0;
	schema_value(&c, spec, config);
	if (c.count > 0)
		rc = error_set(e, AB_ECONFIG, "%zu mistake%s, by %s:%s%s", c.count,
		    c.count == 1 ? "" : "s", by, buf_str(&c.faults),
		    c.faults.failed ? "\n  ... and more" : "");
	schema_fini(&c);
	return rc;
}
