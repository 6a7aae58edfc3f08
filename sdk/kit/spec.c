/* spec.c - which keys a configuration may have, by the spec of the connector that this kit is part of. */
#include "kit.h"

/* Not there in a test of the kit alone. */
#pragma weak ab_connector_v1

#define DEPTH_MAX 32

/* A schema that may allow keys in a way that is not looked at. */
static int
is_open(struct ab_host *h, const struct ab_json *schema)
{
	static const char *const words[] = {"$ref", "patternProperties", "propertyNames", "if",
	    "dependencies", "dependentSchemas", "additionalProperties"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct ab_json *v = h->json_get(schema, words[i]);

		if (v != NULL && (h->json_type(v) != AB_BOOL || h->json_int(v) != 0))
			return 1;
	}
	return 0;
}

/* branch: of an allOf, anyOf or oneOf, which need not say anything of keys. */
static int
may_have(struct ab_host *h, const struct ab_json *schema, const char *path, int branch, int depth)
{
	static const char *const words[] = {"allOf", "anyOf", "oneOf"};
	const struct ab_json *properties, *found;
	char name[256];
	const char *rest;
	int wild, says_nothing = !branch;

	if (*path == '\0' || h->json_type(schema) != AB_OBJECT || depth == 0 || is_open(h, schema))
		return 1;
	rest = path_take(path, name, sizeof(name), &wild);
	properties = h->json_get(schema, "properties");
	says_nothing &= h->json_type(properties) != AB_OBJECT;
	found = rest == NULL || says_nothing ? NULL : h->json_get(properties, name);
	if (rest == NULL || (found != NULL && may_have(h, found, rest, 0, depth - 1)))
		return 1;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct ab_json *list = h->json_get(schema, words[i]), *one;

		for (size_t k = 0; (one = h->json_at(list, k)) != NULL; k++) {
			says_nothing = 0;
			if (may_have(h, one, path, 1, depth - 1))
				return 1;
		}
	}
	return says_nothing;
}

int
spec_has(struct ab_host *h, const char *path, struct text *keys)
{
	const char *text = &ab_connector_v1 == NULL ? NULL : ab_connector_v1.spec;
	const struct ab_json *spec, *properties;

	if (text == NULL)
		return 1;
	spec = h->json_parse(h, (struct ab_str){text, strlen(text)});
	if (may_have(h, spec, path, 0, DEPTH_MAX))
		return 1;
	properties = h->json_get(spec, "properties");
	for (size_t i = 0, n = h->json_len(properties); i < n; i++) {
		text_adds(keys, i == 0 ? "" : ", ");
		text_adds(keys, h->json_key(properties, i).ptr);
	}
	return 0;
}
