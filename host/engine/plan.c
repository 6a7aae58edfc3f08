/* plan.c - see plan.h.  choice.c reads what the user wrote; here it becomes a plan. */
#include "engine/plan.h"

#include <stdlib.h>
#include <string.h>

#include "data/jsontext.h"
#include "engine/choice.h"
#include "engine/plan_rule.h"

#define PLAN_MAX_BYTES (64u << 20)

struct dest_stream_spec
plan_dest_spec(const struct plan_stream *p)
{
	return (struct dest_stream_spec){
	    .name = p->name,
	    .namespace_ = *p->namespace_ == '\0' ? NULL : p->namespace_,
	    .schema = p->schema,
	    .mode = p->mode,
	    .primary_key = p->primary_key,
	    .cursor = p->cursor,
	    .contract = p->contract,
	    .columns = p->columns,
	    .deleted_field = p->deleted_field,
	    .deleted = p->deleted,
	};
}

const char *
plan_sync_word(enum plan_sync_mode mode)
{
	return mode == PLAN_INCREMENTAL ? "incremental" : "full_refresh";
}

const char *
plan_dest_word(enum dest_mode mode)
{
	static const char *const words[] = {
	    [DEST_APPEND] = "append",
	    [DEST_OVERWRITE] = "overwrite",
	    [DEST_APPEND_DEDUP] = "append_dedup",
	};

	return words[mode];
}

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the plan of the streams");
}

/* ["a", "b"] to {"a", "b", NULL}; the texts stay the document's. */
static const char *const *
path_make(struct arena *a, const json_t *path)
{
	const char **out = arena_alloc(a, (json_array_size(path) + 1) * sizeof(*out));
	const json_t *part;
	size_t i;

	if (out == NULL)
		return NULL;
	json_array_foreach (path, i, part)
		out[i] = json_string_value(part);
	out[json_array_size(path)] = NULL;
	return out;
}

static const char *const *const *
key_make(struct arena *a, const json_t *key)
{
	const char *const **out = arena_alloc(a, (json_array_size(key) + 1) * sizeof(*out));
	const json_t *path;
	size_t i;

	if (out == NULL)
		return NULL;
	json_array_foreach (key, i, path)
		if ((out[i] = path_make(a, path)) == NULL)
			return NULL;
	out[json_array_size(key)] = NULL;
	return out;
}

/* The schema of a nested field, or NULL. */
static const json_t *
schema_at(const json_t *schema, const json_t *path)
{
	const json_t *part;
	size_t i;

	json_array_foreach (path, i, part)
		schema =
		    json_object_get(json_object_get(schema, "properties"), json_string_value(part));
	return schema;
}

static int
is_time(const json_t *schema, const json_t *path)
{
	const char *format = json_string_value(json_object_get(schema_at(schema, path), "format"));

	return format != NULL && strcmp(format, "date-time") == 0;
}

/* What the source defines cannot be chosen (or is not asked for: OURS); what it only suggests can. */
enum fixed { SUGGESTED, FIXED, OURS };

/* *out: borrowed, an empty array for none. */
static ab_status
pick(const json_t *stream, const json_t *defined, enum fixed fixed, const json_t *wanted,
    const char *what, const json_t **out, struct error *e)
{
	const char *name = json_string_value(json_object_get(stream, "name"));

	if (json_array_size(wanted) == 0) {
		*out = defined;
		return AB_OK;
	}
	if (fixed == OURS && json_array_size(defined) > 0) {
		*out = defined;
		return AB_OK;
	}
	if (fixed == FIXED && json_array_size(defined) > 0 && !json_equal(defined, wanted))
		return error_set(e, AB_ECONFIG,
		    "stream \"%s\": its %s is defined by the source and cannot be changed; leave it out of the "
		    "catalog file",
		    name, what);
	*out = wanted;
	return AB_OK;
}

static enum dest_mode
default_mode(enum plan_sync_mode sync_mode, int has_key)
{
	if (sync_mode == PLAN_FULL_REFRESH)
		return DEST_OVERWRITE;
	return has_key ? DEST_APPEND_DEDUP : DEST_APPEND;
}

/* Refuses what cannot work, in the user's words. */
static ab_status
check_modes(
    const struct plan_stream *p, const json_t *stream, int has_update_state, struct error *e)
{
	if (!catalog_supports(stream, plan_sync_word(p->sync_mode)) &&
	    !(p->sync_mode == PLAN_INCREMENTAL && p->cursor != NULL))
		return error_set(e, AB_ECONFIG, "stream \"%s\" cannot be read in sync mode %s%s",
		    p->name, plan_sync_word(p->sync_mode),
		    p->sync_mode == PLAN_INCREMENTAL
			? ": it has no cursor field; use full_refresh, or name a cursor_field in a catalog file"
			: "; use incremental");
	if (p->sync_mode == PLAN_INCREMENTAL && p->cursor == NULL && !has_update_state)
		return error_set(e, AB_ECONFIG,
		    "stream \"%s\" cannot be read in sync mode incremental: it has no cursor field; use "
		    "full_refresh, or name a cursor_field in a catalog file",
		    p->name);
	if (p->mode == DEST_APPEND_DEDUP && p->primary_key == NULL)
		return error_set(e, AB_ECONFIG,
		    "stream \"%s\" cannot be written as append_dedup: it has no primary key; use append, or name "
		    "a primary_key in a catalog file",
		    p->name);
	if (p->sync_mode == PLAN_INCREMENTAL && p->mode == DEST_OVERWRITE)
		return error_set(e, AB_ECONFIG,
		    "stream \"%s\": incremental with overwrite would keep nothing but the newest records; use "
		    "append or append_dedup, or full_refresh with overwrite",
		    p->name);
	return AB_OK;
}

/* The text that the connector gets as ab_read.configured. */
static ab_status
configured_make(struct plan *plan, struct plan_stream *p, json_t *stream, const json_t *cursor,
    const json_t *key, struct error *e)
{
	json_t *doc = json_pack("{s:O, s:s, s:s, s:O?, s:O?}", "stream", stream, "sync_mode",
	    plan_sync_word(p->sync_mode), "destination_sync_mode", plan_dest_word(p->mode),
	    "cursor_field", cursor, "primary_key", key);
	char *text;
	int failed = doc == NULL;

	if (p->has_generation)
		failed |= json_object_set_new(
			      doc, "generation_id", json_integer((json_int_t)p->generation_id)) |
		    json_object_set_new(doc, "minimum_generation_id",
			json_integer((json_int_t)p->minimum_generation_id));
	if (p->has_generation && p->sync_id >= 0)
		failed |= json_object_set_new(doc, "sync_id", json_integer((json_int_t)p->sync_id));
	if (failed) {
		json_decref(doc);
		return no_memory(e);
	}
	if (json_array_append_new(plan->kept, doc) != 0)
		return no_memory(e);
	if ((text = jsontext_make(doc, JSON_COMPACT)) == NULL)
		return no_memory(e);
	p->configured = arena_dup(&plan->arena, text, strlen(text));
	free(text);
	return p->configured == NULL ? no_memory(e) : AB_OK;
}

static int
is_word(const json_t *v, const char *word)
{
	return json_is_string(v) && strcmp(json_string_value(v), word) == 0;
}

static void
fill_facts(struct plan_stream *p, const json_t *stream, const json_t *cursor)
{
	const json_t *schema = json_object_get(stream, "json_schema");

	p->name = json_string_value(json_object_get(stream, "name"));
	p->namespace_ = catalog_namespace(stream);
	p->schema = json_object_size(json_object_get(schema, "properties")) > 0 ? schema : NULL;
	p->resumable = json_is_true(json_object_get(stream, "is_resumable"));
	p->shared_state = is_word(json_object_get(stream, "partition_state"), "shared");
	p->cursor_is_time = is_time(schema, cursor);
	/* the promise is about the source's own cursor, not about one that a user chose */
	p->sorted = json_is_true(json_object_get(stream, "sorted")) &&
	    json_equal(cursor, json_object_get(stream, "default_cursor_field"));
}

/* plan_options.airbyte says why. */
static void
settle_airbyte(struct plan_stream *p, const json_t *stream, int has_update_state)
{
	if (!catalog_supports(stream, plan_sync_word(PLAN_INCREMENTAL)) ||
	    (p->cursor == NULL && !has_update_state))
		p->sync_mode = PLAN_FULL_REFRESH;
	p->mode = p->sync_mode == PLAN_INCREMENTAL ? DEST_APPEND : DEST_OVERWRITE;
}

static ab_status
add_stream(struct plan *plan, json_t *stream, const struct choice *ch, const struct plan_options *o,
    struct error *e)
{
	struct plan_stream *p = &plan->streams[plan->n];
	const json_t *cursor, *key;
	int own_cursor = json_is_true(json_object_get(stream, "source_defined_cursor"));
	enum fixed fixed = o->airbyte ? OURS : FIXED;
	ab_status status;

	status = pick(stream, json_object_get(stream, "default_cursor_field"),
	    own_cursor ? fixed : SUGGESTED, ch->cursor, "cursor field", &cursor, e);
	if (status == AB_OK)
		status = pick(stream, json_object_get(stream, "source_defined_primary_key"), fixed,
		    ch->key, "primary key", &key, e);
	if (status != AB_OK)
		return status;
	fill_facts(p, stream, cursor);
	p->from_start = ch->from_start;
	p->is_covered = o->is_covered;
	if (p->is_covered) /* words of ours that another program cannot mean */
		p->sorted = p->shared_state = 0;
	p->own_state = o->has_update_state && !p->shared_state;
	if ((json_array_size(cursor) > 0 &&
		(p->cursor = path_make(&plan->arena, cursor)) == NULL) ||
	    (json_array_size(key) > 0 && (p->primary_key = key_make(&plan->arena, key)) == NULL))
		return no_memory(e);
	p->sync_mode = catalog_supports(stream, "incremental") &&
		(p->cursor != NULL || (own_cursor && o->has_update_state))
	    ? PLAN_INCREMENTAL
	    : PLAN_FULL_REFRESH;
	if (ch->has_sync_mode)
		p->sync_mode = ch->sync_mode;
	p->mode = ch->has_mode ? ch->mode : default_mode(p->sync_mode, p->primary_key != NULL);
	if (o->airbyte)
		settle_airbyte(p, stream, o->has_update_state);
	if ((status = check_modes(p, stream, o->has_update_state, e)) != AB_OK ||
	    (status = plan_rule(&plan->arena, p, stream, ch, e)) != AB_OK)
		return status;
	plan->n++;
	return configured_make(plan, p, stream, cursor, key, e);
}

ab_status
plan_make(struct plan *p, const struct catalog *c, const struct plan_options *o, struct error *e)
{
	size_t n = json_array_size(c->streams);
	struct choice *choices;
	ab_status status;

	memset(p, 0, sizeof(*p));
	arena_init(&p->arena, PLAN_MAX_BYTES);
	p->kept = json_array();
	p->streams = calloc(n + 1, sizeof(*p->streams));
	choices = calloc(n + 1, sizeof(*choices));
	if (p->kept == NULL || p->streams == NULL || choices == NULL)
		status = no_memory(e);
	else
		status = choice_make(choices, c, o, e);
	for (size_t i = 0; i < n && status == AB_OK; i++)
		if (choices[i].selected)
			status = add_stream(p, json_array_get(c->streams, i), &choices[i], o, e);
	if (status == AB_OK && p->n == 0 && !o->airbyte)
		status = error_set(e, AB_ECONFIG, "there is no stream to read");
	if (choices != NULL)
		choice_fini(choices, n);
	free(choices);
	return status;
}

void
plan_fini(struct plan *p)
{
	free(p->streams);
	json_decref(p->kept);
	arena_fini(&p->arena);
	memset(p, 0, sizeof(*p));
}
