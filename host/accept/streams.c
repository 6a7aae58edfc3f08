/* streams.c - family streams: what streams() tells, before anything is read. */
#include <stdlib.h>
#include <string.h>

#include "accept/act.h"
#include "accept/checks.h"
#include "accept/since.h"
#include "data/config.h"
#include "data/jsonread.h"
#include "engine/choice.h"

static void
keep_text(void *ctx, struct ab_str text)
{
	json_t *list = ctx, *v = json_stringn(text.ptr, text.len);

	if (v == NULL || json_array_append_new(list, v) != 0)
		json_array_clear(list); /* no memory: as if nothing had been told */
}

static json_t *
parse(const json_t *text)
{
	return jsonread_text(json_string_value(text), json_string_length(text), 0, NULL);
}

/* Is this stream's name, with its namespace, there before it? */
static int
is_twice(const struct kit *k, size_t n)
{
	json_t *own = parse(json_array_get(k->told, n)), *other;
	int found = 0;

	for (size_t i = 0; i < n && !found; i++) {
		other = parse(json_array_get(k->told, i));
		found = json_equal(json_object_get(own, "name"), json_object_get(other, "name")) &&
		    strcmp(catalog_namespace(own), catalog_namespace(other)) == 0;
		json_decref(other);
	}
	json_decref(own);
	return found;
}

/* The catalog of all whose names are there once; what is wrong otherwise. */
static ab_status
fill_catalog(struct kit *k, struct error *e)
{
	if (catalog_init(&k->catalog) != 0)
		return error_set(e, AB_ENOMEM, "no memory for the catalog");
	k->has_catalog = 1;
	for (size_t i = 0; i < json_array_size(k->told) && e->status == AB_OK; i++) {
		const json_t *text = json_array_get(k->told, i);

		if (!is_twice(k, i) &&
		    catalog_add(
			&k->catalog, json_string_value(text), json_string_length(text), e) != AB_OK)
			error_wrap(e, "stream %zu", i + 1);
	}
	return e->status;
}

enum accept_verdict
check_streams_list(struct kit *k, struct finding *f)
{
	static const char expected[] =
	    "at least one stream, each an AirbyteStream as sdk/schema/stream.json has it";
	const struct act_options o = {0};
	enum accept_verdict v = ACCEPT_OK;
	struct error e = ERROR_INIT;
	struct act a;

	if (act_open(&a, k, &o) != AB_OK || act_streams(&a, keep_text, k->told) != AB_OK)
		v = a.missing[0] == '\0'
		    ? act_failed(&a, f, expected)
		    : finding_fail(f, expected, "not in fixtures: %s", a.missing);
	else if (json_array_size(k->told) == 0)
		v = finding_fail(f, expected, "none");
	else if (fill_catalog(k, &e) != AB_OK)
		v = finding_fail(f, expected, "%s", e.text);
	act_close(&a);
	return v;
}

enum accept_verdict
check_streams_names(struct kit *k, struct finding *f)
{
	for (size_t i = 0; i < json_array_size(k->told); i++) {
		json_t *v = parse(json_array_get(k->told, i));
		const char *name = json_string_value(json_object_get(v, "name"));
		char shown[256];

		snprintf(shown, sizeof(shown), "%s", name != NULL ? name : "");
		json_decref(v);
		if (is_twice(k, i))
			return finding_fail(f, "each name once (in its namespace)",
			    "\"%s\" again, stream %zu", shown, i + 1);
	}
	return ACCEPT_OK;
}

static const char *
name_of(const json_t *stream)
{
	return json_string_value(json_object_get(stream, "name"));
}

/* A schema that says nothing of fields cannot be compared with anything. */
static const json_t *
properties_of(const json_t *stream)
{
	const json_t *p = json_object_get(json_object_get(stream, "json_schema"), "properties");

	return json_object_size(p) > 0 ? p : NULL;
}

enum accept_verdict
check_streams_schema(struct kit *k, struct finding *f)
{
	const json_t *stream;
	size_t i, bare = 0;

	json_array_foreach (k->catalog.streams, i, stream) {
		struct error e = ERROR_INIT;

		if (config_check_schema(
			json_object_get(stream, "json_schema"), "json_schema", &e) != AB_OK)
			return finding_fail(f, "JSON Schema, draft 7", "stream \"%s\": %s",
			    name_of(stream), e.text);
		bare += properties_of(stream) == NULL;
	}
	if (bare > 0)
		finding_note(f,
		    "%zu of %zu streams name no fields: the host infers them from the records",
		    bare, json_array_size(k->catalog.streams));
	return ACCEPT_OK;
}

/* Does the schema know this field?  An object that says nothing of its members may have it. */
static int
has_field(const json_t *schema, const json_t *path)
{
	for (size_t i = 0; i < json_array_size(path); i++) {
		const json_t *properties = json_object_get(schema, "properties");

		if (json_object_size(properties) == 0)
			return 1;
		schema = json_object_get(properties, json_string_value(json_array_get(path, i)));
		if (schema == NULL)
			return 0;
	}
	return 1;
}

static void
join(const json_t *path, struct buf *out)
{
	for (size_t i = 0; i < json_array_size(path); i++)
		buf_addf(out, "%s%s", i > 0 ? "." : "", json_string_value(json_array_get(path, i)));
}

static enum accept_verdict
unknown_field(struct finding *f, const json_t *stream, const json_t *path, const char *expected)
{
	struct buf shown;
	enum accept_verdict v;

	buf_init(&shown, 600);
	join(path, &shown);
	v = finding_fail(f, expected, "stream \"%s\": no field \"%s\" in its json_schema",
	    name_of(stream), buf_str(&shown));
	buf_fini(&shown);
	return v;
}

enum accept_verdict
check_streams_keys(struct kit *k, struct finding *f)
{
	const json_t *stream, *path;
	size_t i, p;

	json_array_foreach (k->catalog.streams, i, stream)
		json_array_foreach (json_object_get(stream, "source_defined_primary_key"), p, path)
			if (!has_field(json_object_get(stream, "json_schema"), path))
				return unknown_field(f, stream, path,
				    "each field of source_defined_primary_key among the properties");
	return ACCEPT_OK;
}

enum accept_verdict
check_streams_cursors(struct kit *k, struct finding *f)
{
	const json_t *stream;
	size_t i;

	json_array_foreach (k->catalog.streams, i, stream) {
		const json_t *path = json_object_get(stream, "default_cursor_field");

		if (json_array_size(path) > 0 &&
		    !has_field(json_object_get(stream, "json_schema"), path))
			return unknown_field(f, stream, path,
			    "the field of default_cursor_field among the properties");
	}
	return ACCEPT_OK;
}

static int
says(const json_t *stream, const char *key)
{
	return json_is_true(json_object_get(stream, key));
}

/* What a stream promises and cannot keep; NULL: nothing. */
static const char *
broken_promise(const struct kit *k, const json_t *stream)
{
	int cursor = json_array_size(json_object_get(stream, "default_cursor_field")) > 0;
	int incremental = catalog_supports(stream, "incremental");
	int own = k->file.has_update_state;

	if (says(stream, "sorted") && !cursor)
		return "says \"sorted\", and no default_cursor_field by which";
	if (says(stream, "source_defined_cursor") && !cursor && !own)
		return "says \"source_defined_cursor\", and has neither default_cursor_field nor update_state";
	if (incremental && !cursor && !own)
		return "supports \"incremental\", and has neither default_cursor_field nor update_state";
	if (cursor && !incremental)
		return "has a default_cursor_field, and does not support \"incremental\"";
	return NULL;
}

/* The names that the user gave: a mistake in them is not the connector's. */
static ab_status
find_named(struct kit *k, const char *list)
{
	const size_t n = json_array_size(k->catalog.streams);

	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ","), i = 0;

		while (i < n && !choice_is_named(&k->catalog, i, p, len))
			i++;
		if (i == n)
			return choice_unknown(&k->catalog, p, len, "--stream", &k->unknown);
		p += len;
		if (*p == '\0')
			return AB_OK;
	}
}

enum accept_verdict
check_streams_modes(struct kit *k, struct finding *f)
{
	const struct plan_options o = {.streams = k->o->stream,
	    .streams_from = "--stream",
	    .has_update_state = k->file.has_update_state};
	struct error e = ERROR_INIT;
	const json_t *stream;
	const char *broken;
	size_t i;

	json_array_foreach (k->catalog.streams, i, stream)
		if ((broken = broken_promise(k, stream)) != NULL)
			return finding_fail(f, "promises that the stream can keep",
			    "stream \"%s\" %s", name_of(stream), broken);
	if (o.streams != NULL && find_named(k, o.streams) != AB_OK)
		return finding_fail(f, "streams that it has", "%s", k->unknown.text);
	if (plan_make(&k->plan, &k->catalog, &o, &e) != AB_OK)
		return finding_fail(
		    f, "each stream can be read in its default modes", "%s", e.text);
	k->has_plan = 1;
	return ACCEPT_OK;
}

/* The same texts, in any order: what comes from an API need not have one. */
static int
is_same(const json_t *a, const json_t *b)
{
	size_t n = json_array_size(a), found = 0;

	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < json_array_size(b); j++)
			if (json_equal(json_array_get(a, i), json_array_get(b, j))) {
				found++;
				break;
			}
	return n == json_array_size(b) && found == n;
}

static enum accept_verdict
compare(const struct kit *k, struct finding *f, const json_t *again, const char *who)
{
	static const char expected[] = "the same streams, described in the same way";

	if (is_same(k->told, again))
		return ACCEPT_OK;
	if (json_array_size(k->told) != json_array_size(again))
		return finding_fail(f, expected, "%zu streams, and %zu %s",
		    json_array_size(k->told), json_array_size(again), who);
	return finding_fail(f, expected, "another description of at least one %s", who);
}

enum accept_verdict
check_streams_same(struct kit *k, struct finding *f)
{
	static const char expected[] = "streams() can be called again";
	const struct act_options o = {0};
	enum accept_verdict v = ACCEPT_OK;
	json_t *list = json_array();
	struct act a;

	for (int time = 2; time <= 3 && v == ACCEPT_OK; time++) {
		json_array_clear(list);
		if ((time == 2 && act_open(&a, k, &o) != AB_OK) ||
		    act_streams(&a, keep_text, list) != AB_OK)
			v = act_failed(&a, f, expected);
		else
			v = compare(k, f, list,
			    time == 2 ? "in another process" : "when it is called again");
	}
	act_close(&a);
	json_decref(list);
	return v;
}

enum accept_verdict
check_streams_since(struct kit *k, struct finding *f)
{
	struct since need = {.version = AB_VERSION(1, 0)};
	uint32_t told = k->file.min_host;
	const json_t *stream;
	size_t i;

	json_array_foreach (k->catalog.streams, i, stream)
		since_stream(&need, stream);
	if (since_texts(&need, k->so) != 0)
		return finding_fail(f, "descriptions that can be read from the file", "no memory");
	finding_note(f, "needs %u.%u", need.version >> 16, need.version & 0xffff);
	if (need.version <= told)
		return ACCEPT_OK;
	return finding_fail(f,
	    "a min_host of at least what the newest key of its descriptions needs: define AB_TARGET "
	    "before the include",
	    "min_host %u.%u, and the key \"%s\" is there since %u.%u", told >> 16, told & 0xffff,
	    need.key, need.version >> 16, need.version & 0xffff);
}
