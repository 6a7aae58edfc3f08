/* describe.c - see describe.h. */
#include "worker/describe.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "data/jsonread.h"
#include "data/near.h"
#include "data/scan.h"

#define AROUND 24 /* bytes shown on each side of a mistake */

struct text {
	const char *ptr, *what; /* what: "the stream", for sentences */
	size_t len;
	struct error *e;
};

enum kind { BOOLEAN, NAME, OBJECT, COUNT, MODES, PATH, PATHS, PARTITION_STATE };

struct key {
	const char *name;
	enum kind kind;
	int nullable;
};

static const char *const kind_words[] = {"true or false", "a text of 1 to 255 bytes", "an object",
    "a whole number from 0", "an array of \"full_refresh\" and \"incremental\"",
    "an array of texts", "an array of arrays of texts", "\"each\" or \"shared\""};

/* The bytes around text[at], on one line. */
static void
show(const struct text *t, size_t at, char out[2 * AROUND + 1])
{
	size_t from = at > AROUND ? at - AROUND : 0, n = 0;

	for (; from < t->len && n < 2 * AROUND; from++) {
		unsigned char c = (unsigned char)t->ptr[from];

		out[n++] = (char)(c < 0x20 || c == 0x7f ? ' ' : c);
	}
	/* Not inside a UTF-8 sequence. */
	while (n > 0 && from < t->len && ((unsigned char)t->ptr[from] & 0xc0) == 0x80) {
		n--;
		from--;
	}
	out[n] = '\0';
}

static size_t
find_key(const struct text *t, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; n > 0 && i + n + 2 <= t->len; i++)
		if (t->ptr[i] == '"' && memcmp(t->ptr + i + 1, name, n) == 0 &&
		    t->ptr[i + 1 + n] == '"')
			return i;
	return 0;
}

static ab_status
mistake(const struct text *t, const char *key, const char *problem)
{
	char around[2 * AROUND + 1];

	show(t, find_key(t, key), around);
	return error_set(t->e, AB_EBUG, "%s: /%s %s, at: %s", t->what, key, problem, around);
}

static int
is_path(const json_t *v)
{
	size_t i;
	json_t *item;

	if (!json_is_array(v))
		return 0;
	json_array_foreach (v, i, item)
		if (json_string_length(item) == 0)
			return 0;
	return 1;
}

static int
is_paths(const json_t *v)
{
	size_t i;
	json_t *item;

	if (!json_is_array(v))
		return 0;
	json_array_foreach (v, i, item)
		if (json_array_size(item) == 0 || !is_path(item))
			return 0;
	return 1;
}

static int
is_modes(const json_t *v)
{
	size_t i;
	json_t *item;

	json_array_foreach (v, i, item)
		if (!json_is_string(item) ||
		    (strcmp(json_string_value(item), "full_refresh") != 0 &&
			strcmp(json_string_value(item), "incremental") != 0))
			return 0;
	return json_array_size(v) > 0;
}

static int
fits(const json_t *v, const struct key *key)
{
	if (json_is_null(v))
		return key->nullable;
	switch (key->kind) {
	case BOOLEAN:
		return json_is_boolean(v);
	case NAME:
		return json_string_length(v) > 0 && json_string_length(v) <= 255;
	case OBJECT:
		return json_is_object(v);
	case COUNT:
		return json_is_real(v) && json_real_value(v) >= 0 && json_real_value(v) < 0x1p53 &&
		    json_real_value(v) == (double)(int64_t)json_real_value(v);
	case MODES:
		return is_modes(v);
	case PATH:
		return is_path(v);
	case PARTITION_STATE:
		return json_is_string(v) &&
		    (strcmp(json_string_value(v), "each") == 0 ||
			strcmp(json_string_value(v), "shared") == 0);
	default:
		return is_paths(v);
	}
}

/* A part of a known key ("primary_key") or a slip for one ("sortd"). */
static const char *
meant(const char *name, const struct key *keys)
{
	for (; keys->name != NULL; keys++)
		if (near_word(keys->name, name) ||
		    (strlen(name) >= 6 && strstr(keys->name, name) != NULL))
			return keys->name;
	return NULL;
}

static ab_status
check_key(const struct text *t, const char *name, const json_t *v, const struct key *keys, int open)
{
	const struct key *k = keys;
	const char *near;
	char problem[160];

	while (k->name != NULL && strcmp(k->name, name) != 0)
		k++;
	if (k->name != NULL && fits(v, k))
		return AB_OK;
	near = k->name == NULL ? meant(name, keys) : NULL;
	if (k->name != NULL)
		snprintf(problem, sizeof(problem), "must be %s", kind_words[k->kind]);
	else if (near != NULL)
		snprintf(problem, sizeof(problem), "is no known key; did you mean \"%s\"?", near);
	else if (!open)
		snprintf(problem, sizeof(problem), "is no known key");
	else
		return AB_OK;
	return mistake(t, name, problem);
}

/* Integers become reals, which is enough to check them and takes every size. */
static ab_status
parse(const struct text *t, json_t **out)
{
	json_error_t je;
	char around[2 * AROUND + 1];
	size_t at;

	*out = jsonread_text(t->ptr, t->len, JSON_REJECT_DUPLICATES | JSON_DECODE_INT_AS_REAL, &je);
	if (json_is_object(*out))
		return AB_OK;
	at = *out == NULL && je.position > 0 ? (size_t)je.position - 1 : 0;
	show(t, at, around);
	return error_set(t->e, *out == NULL && jsonread_lacked(&je) ? AB_ENOMEM : AB_EBUG,
	    "%s: %s at byte %zu: %s", t->what, *out == NULL ? je.text : "not an object", at,
	    around);
}

static ab_status
check(const struct text *t, const struct key *keys, int open, const char *required)
{
	json_t *root, *v;
	const char *name;
	ab_status rc = parse(t, &root);

	if (rc == AB_OK && required != NULL && json_object_get(root, required) == NULL)
		rc = mistake(t, required, "is missing");
	if (rc == AB_OK)
		json_object_foreach (root, name, v)
			if ((rc = check_key(t, name, v, keys, open)) != AB_OK)
				break;
	json_decref(root);
	return rc;
}

ab_status
describe_stream(const char *text, size_t len, struct error *e)
{
	static const struct key keys[] = {{"name", NAME, 0}, {"namespace", NAME, 1},
	    {"json_schema", OBJECT, 0}, {"supported_sync_modes", MODES, 0},
	    {"source_defined_cursor", BOOLEAN, 1}, {"default_cursor_field", PATH, 1},
	    {"source_defined_primary_key", PATHS, 1}, {"is_resumable", BOOLEAN, 1},
	    {"is_file_based", BOOLEAN, 1}, {"sorted", BOOLEAN, 0}, {"deleted_field", NAME, 1},
	    {"partition_state", PARTITION_STATE, 0}, {NULL, BOOLEAN, 0}};
	struct text t = {text, "the stream", len, e};

	return check(&t, keys, 1, "name");
}

ab_status
describe_about(const char *text, size_t len, struct error *e)
{
	static const struct key keys[] = {
	    {"constants", OBJECT, 0}, {"total", COUNT, 0}, {NULL, BOOLEAN, 0}};
	struct text t = {text, "about", len, e};

	return check(&t, keys, 0, NULL);
}

/* Not with jansson: a state may hold numbers that it cannot. */
ab_status
describe_state(const char *text, size_t len, struct error *e)
{
	size_t used;

	if (scan_value(text, len, &used, e) != AB_OK) {
		e->status = AB_EBUG;
		return error_wrap(e, "the state");
	}
	text += strspn(text, " \t\r\n");
	return used == len && *text == '{'
	    ? AB_OK
	    : error_set(e, AB_EBUG, "the state: must be one object, not: %.48s", text);
}
