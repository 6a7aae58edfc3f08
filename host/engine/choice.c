/* choice.c - see choice.h. */
#include "engine/choice.h"

#include <stddef.h>
#include <string.h>

#include "base/buf.h"

static const char *
stream_name(const struct catalog *c, size_t i)
{
	return json_string_value(json_object_get(json_array_get(c->streams, i), "name"));
}

int
choice_is_named(const struct catalog *c, size_t i, const char *name, size_t len)
{
	const char *have = stream_name(c, i);

	return strlen(have) == len && memcmp(have, name, len) == 0;
}

ab_status
choice_unknown(
    const struct catalog *c, const char *name, size_t len, const char *where, struct error *e)
{
	size_t n = json_array_size(c->streams);
	struct buf known;
	ab_status status;

	buf_init(&known, 1200);
	for (size_t i = 0; i < n && !known.failed; i++)
		buf_addf(&known, "%s%s", i == 0 ? "" : ", ", stream_name(c, i));
	status = error_set(e, AB_ECONFIG,
	    "%s names the stream \"%.*s\", which the connector does not have; it has: %s%s", where,
	    (int)(len > 200 ? 200 : len), name, n == 0 ? "none" : buf_str(&known),
	    known.failed ? ", ..." : "");
	buf_fini(&known);
	return status;
}

json_t *
choice_get(const json_t *object, const char *snake, const char *camel)
{
	json_t *v = json_object_get(object, snake);

	if (v == NULL || json_is_null(v))
		v = json_object_get(object, camel);
	return json_is_null(v) ? NULL : v;
}

static ab_status
set_sync_mode(struct choice *ch, const char *word, size_t len, const char *where, struct error *e)
{
	for (int m = PLAN_FULL_REFRESH; m <= PLAN_INCREMENTAL; m++) {
		const char *have = plan_sync_word(m);

		if (strlen(have) == len && memcmp(have, word, len) == 0) {
			ch->sync_mode = m;
			ch->has_sync_mode = 1;
			return AB_OK;
		}
	}
	return error_set(e, AB_ECONFIG,
	    "%s: \"%.*s\" is not a sync mode; use full_refresh or incremental", where,
	    (int)(len > 200 ? 200 : len), word);
}

static ab_status
set_mode(struct choice *ch, const char *word, size_t len, const char *where, struct error *e)
{
	for (int m = DEST_APPEND; m <= DEST_APPEND_DEDUP; m++) {
		const char *have = plan_dest_word(m);

		if (strlen(have) == len && memcmp(have, word, len) == 0) {
			ch->mode = m;
			ch->has_mode = 1;
			return AB_OK;
		}
	}
	return error_set(e, AB_ECONFIG,
	    "%s: \"%.*s\" is not a destination sync mode; use overwrite, append or append_dedup",
	    where, (int)(len > 200 ? 200 : len), word);
}

/* A cursor_field or primary_key, copied, with every part a non-empty text. */
static ab_status
set_paths(json_t **out, json_t *value, int depth, const char *where, struct error *e)
{
	json_t *part;
	size_t i;

	if (value == NULL)
		return AB_OK;
	if (!json_is_array(value))
		return error_set(e, AB_ECONFIG, "%s: expected an array of %s", where,
		    depth == 1 ? "names (cursor_field)" : "paths (primary_key)");
	json_array_foreach (value, i, part) {
		const json_t *name;
		size_t k;

		if (depth == 1 && json_string_length(part) == 0)
			return error_set(e, AB_ECONFIG, "%s: cursor_field must hold names", where);
		if (depth == 2 && json_array_size(part) == 0)
			return error_set(e, AB_ECONFIG, "%s: primary_key must hold paths", where);
		json_array_foreach (part, k, name)
			if (json_string_length(name) == 0)
				return error_set(e, AB_ECONFIG,
				    "%s: primary_key's paths must hold names", where);
	}
	json_decref(*out);
	*out = json_incref(value);
	return AB_OK;
}

static ab_status
read_entry(struct choice *ch, const json_t *config, int airbyte, const char *where, struct error *e)
{
	const json_t *sync_mode = choice_get(config, "sync_mode", "syncMode");
	const json_t *mode = choice_get(config, "destination_sync_mode", "destinationSyncMode");
	ab_status status = AB_OK;

	if (airbyte)
		mode = NULL; /* also one that abhost has no name for: update, soft_delete */
	if ((sync_mode != NULL && !json_is_string(sync_mode)) ||
	    (mode != NULL && !json_is_string(mode)))
		return error_set(e, AB_ECONFIG, "%s: a mode must be a text", where);
	if (sync_mode != NULL)
		status = set_sync_mode(
		    ch, json_string_value(sync_mode), json_string_length(sync_mode), where, e);
	if (status == AB_OK && mode != NULL)
		status = set_mode(ch, json_string_value(mode), json_string_length(mode), where, e);
	if (status == AB_OK)
		status = set_paths(
		    &ch->cursor, choice_get(config, "cursor_field", "cursorField"), 1, where, e);
	if (status == AB_OK)
		status = set_paths(
		    &ch->key, choice_get(config, "primary_key", "primaryKey"), 2, where, e);
	if (status == AB_OK && !airbyte)
		status = choice_rule_entry(ch, config, where, e);
	return status;
}

/* A stream of this name stands outside of any namespace. */
static int
has_bare(const struct catalog *c, const json_t *name)
{
	for (size_t i = 0; i < json_array_size(c->streams); i++)
		if (choice_is_named(c, i, json_string_value(name), json_string_length(name)) &&
		    *catalog_namespace(json_array_get(c->streams, i)) == '\0')
			return 1;
	return 0;
}

/* Whether one stream's two entries differ; one that names a namespace, and one for all of them, are about different ones. */
static int
is_other(const json_t *before, const json_t *entry, const char *ns)
{
	return before != NULL && !json_equal(before, entry) &&
	    strcmp(catalog_namespace(json_object_get(before, "stream")), ns) == 0;
}

/* One entry of a catalog file: a ConfiguredAirbyteStream, or the form of Airbyte's API, which keeps the modes under
 * "config" and lists what is not selected too. */
static ab_status
read_configured(struct choice *choices, const struct catalog *c, const json_t *entry,
    const char *where, int airbyte, struct error *e)
{
	const json_t *stream = json_object_get(entry, "stream");
	const json_t *config = json_object_get(entry, "config");
	const json_t *name = json_object_get(stream, "name");
	const char *ns = catalog_namespace(stream);
	int found = 0;
	ab_status status = AB_OK;

	if (!json_is_string(name))
		return error_set(e, AB_ECONFIG,
		    "%s: /stream/name is missing; `abhost discover --configured` prints such a file",
		    where);
	config = json_is_object(config) ? config : entry;
	if (json_is_false(json_object_get(config, "selected")))
		return AB_OK;
	for (size_t i = 0; i < json_array_size(c->streams) && status == AB_OK; i++) {
		if (!choice_is_named(c, i, json_string_value(name), json_string_length(name)) ||
		    ((*ns != '\0' || (airbyte && has_bare(c, name))) &&
			strcmp(ns, catalog_namespace(json_array_get(c->streams, i))) != 0))
			continue;
		if (!airbyte && is_other(choices[i].entry, entry, ns))
			return error_set(e, AB_ECONFIG,
			    "%s names the stream \"%s\" again, with other words than before it: one entry must do",
			    where, json_string_value(name));
		choices[i].entry = entry;
		found = choices[i].selected = 1;
		status = read_entry(&choices[i], config, airbyte, where, e);
	}
	if (status == AB_OK && !found && !airbyte)
		return choice_unknown(
		    c, json_string_value(name), json_string_length(name), where, e);
	return status;
}

static ab_status
read_catalog(
    struct choice *choices, const struct catalog *c, const struct plan_options *o, struct error *e)
{
	const char *from = o->configured_from != NULL ? o->configured_from : "the catalog file";
	const json_t *streams = json_object_get(o->configured, "streams");
	char where[1024];
	const json_t *entry;
	ab_status status = AB_OK;
	size_t i;

	if (!json_is_array(streams))
		return error_set(e, AB_ECONFIG,
		    "%s is no ConfiguredAirbyteCatalog: expected {\"streams\": [...]}", from);
	json_array_foreach (streams, i, entry) {
		snprintf(where, sizeof(where), "%s, /streams/%zu", from, i);
		status = read_configured(choices, c, entry, where, o->airbyte, e);
		if (status != AB_OK)
			break;
	}
	return status;
}

static int *
flag_of(struct choice *ch, size_t flag)
{
	return (int *)((char *)ch + flag);
}

/* "a,b": of exactly these the flag is set, in whatever order they stand. */
static ab_status
read_names(struct choice *choices, const struct catalog *c, const char *list, size_t flag,
    const char *option, struct error *e)
{
	size_t n = json_array_size(c->streams);

	for (size_t i = 0; i < n; i++)
		*flag_of(&choices[i], flag) = 0;
	for (const char *p = list;; p++) {
		size_t len = strcspn(p, ",");
		int found = 0;

		for (size_t i = 0; i < n; i++)
			if (choice_is_named(c, i, p, len))
				found = *flag_of(&choices[i], flag) = 1;
		if (!found)
			return choice_unknown(c, p, len, option, e);
		p += len;
		if (*p == '\0')
			return AB_OK;
	}
}

/* A stream that is to be read from the beginning, and not at all, was forgotten in one of two lists. */
static ab_status
read_full_refresh(
    struct choice *choices, const struct catalog *c, const char *list, struct error *e)
{
	size_t n = json_array_size(c->streams);
	ab_status status;

	for (size_t i = 0; *list == '\0' && i < n; i++)
		choices[i].from_start = 1;
	if (*list == '\0')
		return AB_OK;
	status =
	    read_names(choices, c, list, offsetof(struct choice, from_start), "--full-refresh", e);
	for (size_t i = 0; i < n && status == AB_OK; i++)
		if (choices[i].from_start && !choices[i].selected)
			status = error_set(e, AB_ECONFIG,
			    "--full-refresh names the stream \"%s\", which is not among those that this run reads",
			    stream_name(c, i));
	return status;
}

/* "events=incremental:append"; a stream's name may hold '='. */
static ab_status
read_mode(struct choice *choices, const struct catalog *c, const char *text, struct error *e)
{
	const char *eq = strrchr(text, '='), *colon;
	ab_status status = AB_OK;
	char where[256];
	int found = 0;

	if (eq == NULL)
		return error_set(e, AB_ECONFIG,
		    "--mode \"%.200s\": expected STREAM=SYNC_MODE or STREAM=SYNC_MODE:DESTINATION_SYNC_MODE",
		    text);
	snprintf(where, sizeof(where), "--mode \"%.200s\"", text);
	colon = strchr(eq, ':');
	for (size_t i = 0; i < json_array_size(c->streams) && status == AB_OK; i++) {
		if (!choice_is_named(c, i, text, (size_t)(eq - text)))
			continue;
		found = 1;
		choices[i].has_mode = 0;
		status = set_sync_mode(&choices[i], eq + 1,
		    colon != NULL ? (size_t)(colon - eq - 1) : strlen(eq + 1), where, e);
		if (status == AB_OK && colon != NULL)
			status = set_mode(&choices[i], colon + 1, strlen(colon + 1), where, e);
	}
	if (status == AB_OK && !found)
		return choice_unknown(c, text, (size_t)(eq - text), where, e);
	return status;
}

ab_status
choice_make(
    struct choice *choices, const struct catalog *c, const struct plan_options *o, struct error *e)
{
	ab_status status = AB_OK;

	for (size_t i = 0; i < json_array_size(c->streams); i++) {
		choices[i].selected = o->configured == NULL;
		choices[i].generation_id = choices[i].minimum_generation_id = choices[i].sync_id =
		    -1;
	}
	if (o->configured != NULL)
		status = read_catalog(choices, c, o, e);
	if (status == AB_OK && o->streams != NULL)
		status = read_names(choices, c, o->streams, offsetof(struct choice, selected),
		    o->streams_from != NULL ? o->streams_from : "--streams", e);
	if (status == AB_OK && o->full_refresh != NULL)
		status = read_full_refresh(choices, c, o->full_refresh, e);
	for (const char *const *m = o->modes; m != NULL && *m != NULL && status == AB_OK; m++)
		status = read_mode(choices, c, *m, e);
	return status == AB_OK ? choice_rule_options(choices, c, o, e) : status;
}

void
choice_fini(struct choice *choices, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		json_decref(choices[i].cursor);
		json_decref(choices[i].key);
		json_decref(choices[i].columns);
		json_decref(choices[i].deleted_field);
	}
}
