/* catalog.c - see catalog.h. */
#include "engine/catalog.h"

#include <string.h>

#include "data/jsonread.h"
#include "data/jsontext.h"

#define SHOWN 80 /* bytes of a wrong value in a sentence */

int
catalog_init(struct catalog *c)
{
	c->streams = json_array();
	c->names = json_object();
	return c->streams == NULL || c->names == NULL ? -1 : 0;
}

void
catalog_fini(struct catalog *c)
{
	json_decref(c->streams);
	json_decref(c->names);
	c->streams = c->names = NULL;
}

int
catalog_supports(const json_t *stream, const char *sync_mode)
{
	const json_t *modes = json_object_get(stream, "supported_sync_modes");
	const json_t *mode;
	size_t i;

	json_array_foreach (modes, i, mode)
		if (json_is_string(mode) && strcmp(json_string_value(mode), sync_mode) == 0)
			return 1;
	return 0;
}

const char *
catalog_namespace(const json_t *stream)
{
	const char *s = json_string_value(json_object_get(stream, "namespace"));

	return s == NULL ? "" : s;
}

/* What stands at the pointer, cut: an author sees at once which text is meant. */
static ab_status
refuse(const char *pointer, const char *expected, const json_t *found, struct error *e)
{
	char *text = jsontext_make(found, JSON_COMPACT | JSON_ENCODE_ANY);
	ab_status status;

	status = error_set(e, AB_EBUG, "%s: expected %s, found %.*s", pointer, expected, SHOWN,
	    text != NULL ? text : "nothing");
	free(text);
	return status;
}

static int
is_name(const json_t *v)
{
	return json_is_string(v) && json_string_length(v) > 0 &&
	    json_string_length(v) <= CATALOG_MAX_NAME;
}

static int
is_path(const json_t *v)
{
	const json_t *part;
	size_t i;

	if (!json_is_array(v))
		return 0;
	json_array_foreach (v, i, part)
		if (!is_name(part))
			return 0;
	return 1;
}

static int
is_key(const json_t *v)
{
	const json_t *path;
	size_t i;

	if (!json_is_array(v))
		return 0;
	json_array_foreach (v, i, path)
		if (!is_path(path) || json_array_size(path) == 0)
			return 0;
	return 1;
}

static int
is_modes(const json_t *v)
{
	const json_t *mode;
	size_t i;

	if (!json_is_array(v))
		return 0;
	json_array_foreach (v, i, mode)
		if (!json_is_string(mode) ||
		    (strcmp(json_string_value(mode), "full_refresh") != 0 &&
			strcmp(json_string_value(mode), "incremental") != 0))
			return 0;
	return 1;
}

static int
is_flag(const json_t *v)
{
	return json_is_boolean(v);
}

static int
is_partition_state(const json_t *v)
{
	const char *word = json_string_value(v);

	return word != NULL && (strcmp(word, "each") == 0 || strcmp(word, "shared") == 0);
}

static int
is_object(const json_t *v)
{
	return json_is_object(v);
}

/* The keys that the engine reads.  A null counts as absent: Airbyte's own tools write them. */
static ab_status
check_keys(json_t *stream, struct error *e)
{
	static const struct {
		const char *key, *expected;
		int (*is)(const json_t *);
	} keys[] = {
	    {"name", "a name of 1 to 512 bytes", is_name},
	    {"namespace", "a name of 1 to 512 bytes", is_name},
	    {"json_schema", "an object (JSON Schema)", is_object},
	    {"supported_sync_modes", "an array of \"full_refresh\" and \"incremental\"", is_modes},
	    {"source_defined_cursor", "true or false", is_flag},
	    {"default_cursor_field", "an array of names, the path of the cursor field", is_path},
	    {"source_defined_primary_key", "an array of paths, each an array of names", is_key},
	    {"is_resumable", "true or false", is_flag},
	    {"sorted", "true or false", is_flag},
	    {"partition_state", "\"each\" or \"shared\"", is_partition_state},
	    {"deleted_field", "a name of 1 to 512 bytes", is_name},
	};
	char pointer[64];

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const json_t *v = json_object_get(stream, keys[i].key);

		if (json_is_null(v)) {
			json_object_del(stream, keys[i].key);
			v = NULL;
		}
		snprintf(pointer, sizeof(pointer), "/%s", keys[i].key);
		if (v != NULL ? !keys[i].is(v) : i == 0)
			return refuse(pointer, keys[i].expected, v, e);
	}
	return AB_OK;
}

/* Fills in what a connector may leave out.  A stream is incremental where it names a cursor field, or says that
 * the source has a cursor of its own. */
static ab_status
complete(json_t *stream, struct error *e)
{
	int failed = 0;
	int incremental = json_array_size(json_object_get(stream, "default_cursor_field")) > 0 ||
	    json_is_true(json_object_get(stream, "source_defined_cursor"));

	if (json_object_get(stream, "json_schema") == NULL)
		failed |= json_object_set_new(stream, "json_schema",
		    json_pack("{s:s, s:b}", "type", "object", "additionalProperties", 1));
	if (json_array_size(json_object_get(stream, "supported_sync_modes")) == 0)
		failed |= json_object_set_new(stream, "supported_sync_modes",
		    incremental ? json_pack("[s, s]", "full_refresh", "incremental")
				: json_pack("[s]", "full_refresh"));
	return failed ? error_set(e, AB_ENOMEM, "no memory for a stream's description") : AB_OK;
}

/* A name may be there once per namespace; the line feed keeps the two apart. */
static ab_status
remember(struct catalog *c, const json_t *stream, struct error *e)
{
	const char *name = json_string_value(json_object_get(stream, "name"));
	char key[2 * CATALOG_MAX_NAME + 2];

	snprintf(key, sizeof(key), "%s\n%s", catalog_namespace(stream), name);
	if (json_object_get(c->names, key) != NULL)
		return error_set(
		    e, AB_EBUG, "the stream \"%s\" is described twice; names must be unique", name);
	if (json_array_size(c->streams) >= CATALOG_MAX_STREAMS)
		return error_set(e, AB_EBUG, "more than %d streams", CATALOG_MAX_STREAMS);
	if (json_object_set_new(c->names, key, json_true()) != 0)
		return error_set(e, AB_ENOMEM, "no memory for a stream's name");
	return AB_OK;
}

ab_status
catalog_add(struct catalog *c, const char *text, size_t len, struct error *e)
{
	json_error_t where;
	json_t *stream = jsonread_text(text, len, 0, &where);
	ab_status status;

	if (stream == NULL) {
		size_t at = where.position < 0 ? 0 : (size_t)where.position;

		at = at > len ? len : at;
		return error_set(e, jsonread_lacked(&where) ? AB_ENOMEM : AB_EBUG,
		    "a stream's description is not a JSON object: %s, after \"%.*s\"", where.text,
		    (int)(at < SHOWN ? at : SHOWN), text + (at < SHOWN ? 0 : at - SHOWN));
	}
	if (!json_is_object(stream))
		status = refuse("/", "an object (AirbyteStream)", stream, e);
	else if ((status = check_keys(stream, e)) == AB_OK &&
	    (status = complete(stream, e)) == AB_OK)
		status = remember(c, stream, e);
	if (status == AB_OK && json_array_append(c->streams, stream) != 0)
		status = error_set(e, AB_ENOMEM, "no memory for a stream's description");
	json_decref(stream);
	return status;
}
