/* shape_schema.c - what is known of a stream before its first record: schema, selection, the table as it is; see
 * shape.h. */
#include "dest/shape.h"

#include <string.h>

static int
is_selected(const struct shape *s, const char *key)
{
	for (const char *const *p = s->selected; p != NULL && *p != NULL; p++)
		if (strcmp(*p, key) == 0)
			return 1;
	return s->selected == NULL;
}

void
shape_select(struct shape *s, const char *const *selected)
{
	s->selected = selected;
	for (uint32_t i = 0; i < s->ncols; i++)
		s->cols[i].hidden =
		    s->cols[i].role == SHAPE_FIELD && !is_selected(s, s->cols[i].key);
}

ab_status
shape_add_selected(struct shape *s, struct error *e)
{
	for (const char *const *p = s->selected; p != NULL && *p != NULL; p++)
		if (shape_column(s, *p, strlen(*p), e) == SHAPE_NOWHERE)
			return e->status;
	return AB_OK;
}

ab_status
shape_add_schema(struct shape *s, const json_t *schema, struct error *e)
{
	const char *key;
	json_t *property;
	uint32_t col;

	json_object_foreach (json_object_get(schema, "properties"), key, property) {
		if (!is_selected(s, key))
			continue;
		col = shape_column(s, key, strlen(key), e);
		if (col == SHAPE_NOWHERE)
			return e->status;
		if (s->cols[col].role == SHAPE_FIELD)
			s->cols[col].type = (uint8_t)shape_join(
			    (enum shape_type)s->cols[col].type, shape_type_of_schema(property));
	}
	return AB_OK;
}

ab_status
shape_add_like(struct shape *s, const struct shape *like, struct error *e)
{
	uint32_t col;

	for (uint32_t i = 0; i < like->ncols; i++) {
		const struct shape_column *c = &like->cols[i];

		if (c->role == SHAPE_REST)
			col = shape_add_rest(s);
		else if (c->role == SHAPE_FIELD && is_selected(s, c->key))
			col = shape_column(s, c->key, c->klen, e);
		else
			continue;
		if (col == SHAPE_NOWHERE)
			return error_set(e, AB_ENOMEM, "no memory for another column");
		if (s->cols[col].role == SHAPE_FIELD)
			s->cols[col].type = (uint8_t)shape_join(
			    (enum shape_type)s->cols[col].type, (enum shape_type)c->type);
	}
	return AB_OK;
}

/* A property whose type differs from its column's, or that has none. */
static ab_status
check_property(
    struct shape *s, uint32_t col, const char *key, enum shape_type type, struct error *e)
{
	struct shape_column *c = col == SHAPE_NOWHERE ? NULL : &s->cols[col];

	if (c != NULL && c->type == SHAPE_NONE && c->role == SHAPE_FIELD)
		c->type = (uint8_t)type;
	if (s->contract != DEST_FREEZE ||
	    (c != NULL &&
		(c->role != SHAPE_FIELD ||
		    shape_join((enum shape_type)c->type, type) == (enum shape_type)c->type)))
		return AB_OK;
	if (c == NULL)
		return error_set(e, AB_ECONFIG,
		    "its contract is freeze, and the source now describes a field \"%s\" that the table has no "
		    "column for: let the table follow with the contract evolve",
		    key);
	return error_set(e, AB_ECONFIG,
	    "its contract is freeze, and the source now describes the field \"%s\" as %s, but its column is %s: let the "
	    "table follow with the contract evolve",
	    key, shape_type_word(type), shape_type_word((enum shape_type)c->type));
}

ab_status
shape_check_schema(struct shape *s, const json_t *schema, struct error *e)
{
	const char *key;
	json_t *property;
	uint32_t col;

	json_object_foreach (json_object_get(schema, "properties"), key, property) {
		if (!is_selected(s, key))
			continue;
		col = shape_find(s, key, strlen(key));
		if (col == SHAPE_NOWHERE && s->rest != SHAPE_NOWHERE)
			continue;
		if (check_property(s, col, key, shape_type_of_schema(property), e) != AB_OK)
			return e->status;
	}
	return AB_OK;
}

uint32_t
shape_add_deleted(struct shape *s, struct error *e)
{
	const char *name = shape_system_name(SHAPE_DELETED_AT);
	uint32_t col = shape_find_name(s, name);

	if (col == SHAPE_NOWHERE)
		col = shape_add_system_column(s, SHAPE_DELETED_AT, SHAPE_TEXT);
	if (col == SHAPE_NOWHERE)
		error_set(e, AB_ENOMEM, "no memory for another column");
	else if (s->cols[col].role == SHAPE_FOREIGN)
		s->cols[col].role = SHAPE_DELETED_AT;
	if (col != SHAPE_NOWHERE && s->cols[col].role != SHAPE_DELETED_AT) {
		error_set(e, AB_ECONFIG,
		    "its records have a field %s of their own: name that as deleted_field", name);
		col = SHAPE_NOWHERE;
	}
	return col;
}
