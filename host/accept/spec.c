/* spec.c - the spec, as it stands in the file; runs nothing of it. */
#include <ctype.h>
#include <string.h>

#include "accept/checks.h"
#include "data/config.h"

#define MAX_DEPTH 32
#define MAX_WORDS 16

enum accept_verdict
check_spec_json(struct kit *k, struct finding *f)
{
	struct error e = ERROR_INIT;
	json_t *spec = NULL;
	ab_status rc;

	rc = config_parse(k->file.spec, strlen(k->file.spec), "its spec", AB_EBUG, &spec, &e);
	json_decref(spec);
	return rc == AB_OK ? ACCEPT_OK
			   : finding_fail(f, "a JSON object, each key once", "%s", e.text);
}

enum accept_verdict
check_spec_schema(struct kit *k, struct finding *f)
{
	struct error e = ERROR_INIT;
	const char *type = json_string_value(json_object_get(k->spec, "type"));

	if (config_check_schema(k->spec, "the spec", &e) != AB_OK)
		return finding_fail(
		    f, "JSON Schema, draft 7, with Airbyte's keywords", "%s", e.text);
	if (type == NULL || strcmp(type, "object") != 0)
		return finding_fail(f, "\"type\": \"object\": a configuration is one", "%s",
		    type == NULL ? "no \"type\"" : type);
	return ACCEPT_OK;
}

/* A walk through the objects that a schema describes, branches included. */
struct walk {
	enum accept_verdict verdict;
	struct finding *f;
	struct buf where;
	void (*object)(struct walk *w, const json_t *schema, const json_t *above);
	void (*property)(struct walk *w, const char *key, const json_t *schema);
};

/* above: the object that this schema is a branch of; its properties count here, too. */
static void
walk(struct walk *w, const json_t *schema, const json_t *above, int depth)
{
	static const char *const lists[] = {"oneOf", "anyOf", "allOf"};
	static const char *const parts[] = {"if", "then", "else"};
	const json_t *properties = json_object_get(schema, "properties");
	size_t mark = w->where.len;
	const char *key;
	json_t *one;

	if (!json_is_object(schema) || depth > MAX_DEPTH)
		return;
	if (w->object != NULL)
		w->object(w, schema, above);
	json_object_foreach ((json_t *)properties, key, one) {
		buf_addf(&w->where, "/%s", key);
		if (w->property != NULL)
			w->property(w, key, one);
		walk(w, one, NULL, depth + 1);
		w->where.len = mark;
	}
	walk(w, json_object_get(schema, "items"), NULL, depth + 1);
	for (size_t l = 0; l < 3; l++) {
		const json_t *list = json_object_get(schema, lists[l]);

		for (size_t i = 0; i < json_array_size(list); i++)
			walk(w, json_array_get(list, i), properties != NULL ? schema : above,
			    depth + 1);
		walk(w, json_object_get(schema, parts[l]), properties != NULL ? schema : above,
		    depth + 1);
	}
}

static enum accept_verdict
walk_spec(struct kit *k, struct finding *f, struct walk w)
{
	w.verdict = ACCEPT_OK;
	w.f = f;
	buf_init(&w.where, 4096);
	walk(&w, k->spec, NULL, 0);
	buf_fini(&w.where);
	return w.verdict;
}

static void
wrong(struct walk *w, const char *expected, const char *key, const char *seen)
{
	if (w->verdict == ACCEPT_OK)
		w->verdict = finding_fail(
		    w->f, expected, "%.*s/%s %s", (int)w->where.len, buf_str(&w->where), key, seen);
}

static void
look_required(struct walk *w, const json_t *schema, const json_t *above)
{
	const json_t *required = json_object_get(schema, "required");
	const json_t *own = json_object_get(schema, "properties");
	const json_t *others = json_object_get(above, "properties");

	if (own == NULL && others == NULL)
		return;
	for (size_t i = 0; i < json_array_size(required); i++) {
		const char *key = json_string_value(json_array_get(required, i));

		if (json_object_get(own, key) == NULL && json_object_get(others, key) == NULL)
			wrong(w, "each key of \"required\" among the \"properties\"", key,
			    "is required and described nowhere");
	}
}

enum accept_verdict
check_spec_required(struct kit *k, struct finding *f)
{
	return walk_spec(k, f, (struct walk){.object = look_required});
}

/* "apiKey", "api-key" and "API_KEY" are two words. */
static size_t
split(const char *name, char words[MAX_WORDS][24])
{
	size_t n = 0, len = 0;

	for (const char *p = name; *p != '\0' && n < MAX_WORDS; p++) {
		int starts =
		    isupper((unsigned char)*p) && p > name && islower((unsigned char)p[-1]);

		if ((starts || !isalnum((unsigned char)*p)) && len > 0) {
			words[n++][len] = '\0';
			len = 0;
		}
		if (n < MAX_WORDS && isalnum((unsigned char)*p) && len < 23)
			words[n][len++] = (char)tolower((unsigned char)*p);
	}
	if (n < MAX_WORDS && len > 0)
		words[n++][len] = '\0';
	return n;
}

static int
is_one_of(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return 1;
	return 0;
}

/* Is what has this name a secret?  "token_url", "secret_name" and "page_token" are not. */
static int
sounds_secret(const char *name)
{
	static const char *const alone[] = {"password", "passwd", "pwd", "passphrase", "secret",
	    "secrets", "token", "apikey", "accesskey", "privatekey", "apitoken", NULL};
	static const char *const of_key[] = {"api", "access", "private", "secret", "signing",
	    "auth", "encryption", "account", "shared", "master", "license", "app", "application",
	    NULL};
	static const char *const about[] = {"url", "uri", "type", "expiry", "expires", "ttl",
	    "lifetime", "field", "name", "header", "param", "parameter", "path", "endpoint", "id",
	    "method", "format", "date", "location", "prefix", "count", "size", "limit", "seconds",
	    "mode", "file", "version", "required", NULL};
	static const char *const of_pages[] = {"page", "next", "pagination", "cursor", NULL};
	char words[MAX_WORDS][24];
	size_t n = split(name, words);
	int found = 0;

	if (n == 0 || is_one_of(words[n - 1], about) || is_one_of(words[0], of_pages))
		return 0;
	for (size_t i = 0; i < n; i++)
		found |= is_one_of(words[i], alone) ||
		    (i > 0 && strcmp(words[i], "key") == 0 && is_one_of(words[i - 1], of_key));
	return found;
}

static int
may_be_text(const json_t *schema)
{
	const json_t *type = json_object_get(schema, "type");

	if (json_object_get(schema, "properties") != NULL ||
	    json_object_get(schema, "const") != NULL || json_object_get(schema, "enum") != NULL ||
	    json_object_get(schema, "items") != NULL)
		return 0;
	if (json_is_string(type))
		return strcmp(json_string_value(type), "string") == 0;
	for (size_t i = 0; i < json_array_size(type); i++) {
		const char *word = json_string_value(json_array_get(type, i));

		if (word != NULL && strcmp(word, "string") == 0)
			return 1;
	}
	return type == NULL;
}

/* Itself, or a branch of it: "a secret or null". */
static int
is_marked(const json_t *schema)
{
	static const char *const lists[] = {"oneOf", "anyOf", "allOf"};

	if (json_is_true(json_object_get(schema, "airbyte_secret")))
		return 1;
	for (size_t l = 0; l < 3; l++) {
		const json_t *list = json_object_get(schema, lists[l]);

		for (size_t i = 0; i < json_array_size(list); i++)
			if (json_is_true(
				json_object_get(json_array_get(list, i), "airbyte_secret")))
				return 1;
	}
	return 0;
}

static void
look_secret(struct walk *w, const char *key, const json_t *schema)
{
	size_t mark = w->where.len - strlen(key) - 1;

	w->where.len = mark;
	if (sounds_secret(key) && may_be_text(schema) && !is_marked(schema) &&
	    json_object_get(schema, "$ref") == NULL)
		wrong(w, "\"airbyte_secret\": true at every key that holds a credential", key,
		    "sounds like one and is not marked");
	else if (is_marked(schema) && json_string_length(json_object_get(schema, "default")) > 0)
		wrong(w, "a secret without a default", key,
		    "has a default, which everybody can read in the file");
	buf_addf(&w->where, "/%s", key);
}

enum accept_verdict
check_spec_secrets(struct kit *k, struct finding *f)
{
	return walk_spec(k, f, (struct walk){.property = look_secret});
}

enum accept_verdict
check_spec_defaults(struct kit *k, struct finding *f)
{
	struct error e = ERROR_INIT;

	if (config_check_defaults(k->spec, &e) == AB_OK)
		return ACCEPT_OK;
	return finding_fail(f,
	    "each \"default\", and each of \"examples\", as its own schema wants it", "%s", e.text);
}

/* Takes each required key of the object out of a copy of the whole configuration, which must then be refused. */
static enum accept_verdict
try_without(struct kit *k, struct finding *f, const json_t *schema, const char *below)
{
	const json_t *required = json_object_get(schema, "required");
	enum accept_verdict v = ACCEPT_OK;

	for (size_t i = 0; v == ACCEPT_OK && i < json_array_size(required); i++) {
		const char *key = json_string_value(json_array_get(required, i));
		json_t *copy = json_deep_copy(k->config);
		json_t *object = below == NULL ? copy : json_object_get(copy, below);
		struct error e = ERROR_INIT;

		json_object_del(object, key);
		if (config_check_by(k->spec, "the connector's spec", copy, &e) != AB_ECONFIG)
			v = finding_fail(f, "a configuration without it is refused, class config",
			    "%s%s%s can be left out: it has a default, so that \"required\" means nothing",
			    below != NULL ? below : "", below != NULL ? "." : "", key);
		json_decref(copy);
	}
	return v;
}

enum accept_verdict
check_spec_missing(struct kit *k, struct finding *f)
{
	enum accept_verdict v;
	const char *key;
	json_t *property;

	if (k->config == NULL)
		return finding_skip(f, "there is no configuration to take a key from");
	v = try_without(k, f, k->spec, NULL);
	json_object_foreach (json_object_get(k->spec, "properties"), key, property)
		if (v == ACCEPT_OK && json_is_object(json_object_get(k->config, key)))
			v = try_without(k, f, property, key);
	return v;
}

enum accept_verdict
check_spec_example(struct kit *k, struct finding *f)
{
	if (k->config_error.status != AB_OK)
		return finding_fail(f,
		    "a config.json or config.example.json beside the connector that its spec takes",
		    "%s", k->config_error.text);
	if (k->config_path == NULL)
		finding_note(f, "there is none, and nothing is required");
	return kit_check_example(k, f);
}
