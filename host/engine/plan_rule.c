/* plan_rule.c - what a plan says of the content of a stream: contract, columns, deleted records.  See plan.h. */
#include "engine/plan_rule.h"

#include <string.h>

#include "base/buf.h"

#define MOST_TEXT 1200 /* bytes of the names that an error lists */

static int
holds(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return 1;
	return 0;
}

/* A selection of a field that the schema does not know is a mistake, where the schema knows any. */
static ab_status
check_name(const struct plan_stream *p, const char *name, struct error *e)
{
	const json_t *properties = json_object_get(p->schema, "properties");
	const char *known, *between = "";
	const json_t *unused;
	struct buf list;
	ab_status status;

	if (p->schema == NULL || json_object_get(properties, name) != NULL)
		return AB_OK;
	buf_init(&list, MOST_TEXT);
	json_object_foreach ((json_t *)(uintptr_t)properties, known, unused) {
		buf_addf(&list, "%s%s", between, known);
		between = ", ";
	}
	status = error_set(e, AB_ECONFIG,
	    "stream \"%s\" has no field \"%.200s\" to select; it has: %s%s", p->name, name,
	    buf_str(&list), list.failed ? ", ..." : "");
	buf_fini(&list);
	return status;
}

/* What was chosen, and what the stream's mode cannot do without. */
static ab_status
set_columns(struct arena *a, struct plan_stream *p, const json_t *columns, struct error *e)
{
	size_t nkeys = 0, n = 0, i;
	const char **out;
	const json_t *name;

	if (columns == NULL)
		return AB_OK;
	while (p->primary_key != NULL && p->primary_key[nkeys] != NULL)
		nkeys++;
	out = arena_alloc(a, (json_array_size(columns) + nkeys + 3) * sizeof(*out));
	if (out == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the plan of the streams");
	json_array_foreach (columns, i, name) {
		const char *text = json_string_value(name);

		if (check_name(p, text, e) != AB_OK)
			return e->status;
		if (holds(out, n, text))
			continue;
		out[n] = arena_dup(a, text, strlen(text));
		if (out[n++] == NULL)
			return error_set(e, AB_ENOMEM, "no memory for the plan of the streams");
	}
	for (i = 0; i < nkeys; i++)
		if (!holds(out, n, p->primary_key[i][0]))
			out[n++] = p->primary_key[i][0];
	if (p->cursor != NULL && !holds(out, n, p->cursor[0]))
		out[n++] = p->cursor[0];
	if (p->deleted != DEST_KEEP && !holds(out, n, p->deleted_field))
		out[n++] = p->deleted_field;
	out[n] = NULL;
	p->columns = out;
	return AB_OK;
}

static ab_status
set_deleted(struct arena *a, struct plan_stream *p, const json_t *stream, const struct choice *ch,
    struct error *e)
{
	const char *declared = json_string_value(json_object_get(stream, "deleted_field"));
	const char *chosen = json_string_value(ch->deleted_field);

	if (chosen != NULL && (chosen = arena_dup(a, chosen, strlen(chosen))) == NULL)
		return error_set(e, AB_ENOMEM, "no memory for the plan of the streams");
	p->deleted_field = chosen != NULL ? chosen : declared;
	p->deleted = ch->has_deleted ? ch->deleted : DEST_MARK;
	if (ch->deleted_is_named && p->deleted != DEST_KEEP) {
		if (p->mode != DEST_APPEND_DEDUP)
			return error_set(e, AB_ECONFIG,
			    "stream \"%s\" is written as %s, in which a record that is deleted changes no row: "
			    "use append_dedup, or leave out its \"deleted\"",
			    p->name, plan_dest_word(p->mode));
		if (p->deleted_field == NULL)
			return error_set(e, AB_ECONFIG,
			    "stream \"%s\" does not say which field marks a record as deleted: name it, as in "
			    "--deleted %s=%s:FIELD",
			    p->name, p->name, plan_deleted_word(p->deleted));
	}
	if (p->mode != DEST_APPEND_DEDUP || p->deleted_field == NULL)
		p->deleted = DEST_KEEP;
	return AB_OK;
}

ab_status
plan_rule(struct arena *a, struct plan_stream *p, const json_t *stream, const struct choice *ch,
    struct error *e)
{
	p->has_generation = ch->generation_id >= 0;
	p->generation_id = ch->generation_id;
	p->minimum_generation_id = ch->minimum_generation_id < 0 ? 0 : ch->minimum_generation_id;
	p->sync_id = ch->sync_id;
	p->contract = ch->has_contract ? ch->contract : DEST_EVOLVE;
	if (set_deleted(a, p, stream, ch, e) != AB_OK)
		return e->status;
	return set_columns(a, p, ch->columns, e);
}
