/* since.c - see since.h. */
#include "accept/since.h"
#include "data/jsonread.h"

#include <abhost/abi.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 32
#define MAX_TEXT  (1u << 20)

/* The schemas, as files of sdk/schema, NUL behind them. */
static const char stream_schema[] = {
#include "accept/stream_schema.inc"
};
static const char endpoint_schema[] = {
#include "accept/endpoint_schema.inc"
};
static const char options_schema[] = {
#include "accept/options_schema.inc"
};

/* "1.2"; 0: it says nothing. */
static uint32_t
version_of(const json_t *schema)
{
	const char *text = json_string_value(json_object_get(schema, "x-since"));
	char *end;
	unsigned long major, minor;

	if (text == NULL)
		return 0;
	major = strtoul(text, &end, 10);
	minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return AB_VERSION(major & 0xffff, minor & 0xffff);
}

struct look {
	struct since *s;
	const json_t *root;
	char where[sizeof(((struct since *)0)->key)];
};

static const json_t *
follow(const struct look *l, const json_t *schema)
{
	const char *ref = json_string_value(json_object_get(schema, "$ref"));

	if (ref == NULL || strncmp(ref, "#/definitions/", 14) != 0)
		return NULL;
	return json_object_get(json_object_get(l->root, "definitions"), ref + 14);
}

static void look(struct look *l, const json_t *schema, const json_t *v, int depth);

static void
look_member(struct look *l, const json_t *schema, const char *key, const json_t *v, int depth)
{
	size_t mark = strlen(l->where);
	uint32_t version = version_of(schema);

	snprintf(l->where + mark, sizeof(l->where) - mark, "%s%s", mark > 0 ? "." : "", key);
	if (version > l->s->version) {
		l->s->version = version;
		snprintf(l->s->key, sizeof(l->s->key), "%s", l->where);
	}
	look(l, schema, v, depth + 1);
	l->where[mark] = '\0';
}

/* A key counts in whatever branch it is described; only one that needs more than the others could be counted wrongly. */
static void
look(struct look *l, const json_t *schema, const json_t *v, int depth)
{
	static const char *const lists[] = {"oneOf", "anyOf", "allOf"};
	const json_t *items = json_object_get(schema, "items");
	const char *key;
	json_t *one;

	if (schema == NULL || depth > MAX_DEPTH)
		return;
	look(l, follow(l, schema), v, depth + 1);
	json_object_foreach ((json_t *)v, key, one) {
		const json_t *p = json_object_get(json_object_get(schema, "properties"), key);

		if (p != NULL)
			look_member(l, p, key, one, depth);
	}
	for (size_t i = 0; i < json_array_size(v); i++)
		look(l, items, json_array_get(v, i), depth + 1);
	for (size_t k = 0; k < 3; k++) {
		const json_t *list = json_object_get(schema, lists[k]);

		for (size_t i = 0; i < json_array_size(list); i++)
			look(l, json_array_get(list, i), v, depth + 1);
	}
}

void
since_look(struct since *s, const json_t *schema, const json_t *document)
{
	struct look l = {.s = s, .root = schema};

	look(&l, schema, document, 0);
}

static void
look_by(struct since *s, const char *text, const json_t *document)
{
	json_t *schema = jsonread_string(text, 0, NULL);

	since_look(s, schema, document);
	json_decref(schema);
}

void
since_stream(struct since *s, const json_t *stream)
{
	look_by(s, stream_schema, stream);
}

static int
take_text(void *ctx, const char *text)
{
	json_t *v = jsonread_string(text, 0, NULL);

	if (json_object_get(v, "base_url") != NULL)
		look_by(ctx, endpoint_schema, v);
	else if (json_object_get(v, "ok") != NULL || json_object_get(v, "errors") != NULL ||
	    json_object_get(v, "stream") != NULL || json_object_get(v, "idempotent") != NULL)
		look_by(ctx, options_schema, v);
	json_decref(v);
	return 0;
}

int
since_texts(struct since *s, const struct sofile *so)
{
	return sofile_texts(so, '{', MAX_TEXT, take_text, s);
}
