/* shape.c - the list of columns, its index by key, and its text form; see shape.h.
 * Columns are never reordered or taken away: a destination's table has them in this order. */
#include "dest/shape.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data/jsonread.h"
#include "data/value.h"

#define MAX_TEXT ((size_t)64 << 20) /* of one name while it is made, of a saved shape */

void
shape_init(struct shape *s, uint32_t limit)
{
	*s = (struct shape){.limit = limit,
	    .key = SHAPE_NOWHERE,
	    .rest = SHAPE_NOWHERE,
	    .received = SHAPE_NOWHERE,
	    .deleted = SHAPE_NOWHERE};
	buf_init(&s->text, MAX_TEXT);
}

void
shape_fini(struct shape *s)
{
	for (uint32_t i = 0; i < s->ncols; i++) {
		free(s->cols[i].key);
		free(s->cols[i].name);
	}
	free(s->cols);
	free(s->slots);
	free(s->name_slots);
	buf_fini(&s->text);
	shape_init(s, s->limit);
}

void
shape_use_names(struct shape *s, const struct shape *names)
{
	s->names = names;
}

static void
index_add(struct shape *s, uint32_t col)
{
	const struct shape_column *c = &s->cols[col];
	uint32_t i = (uint32_t)value_hash(c->key, c->klen) & (s->nslots - 1);

	while (s->slots[i] != 0)
		i = (i + 1) & (s->nslots - 1);
	s->slots[i] = col + 1;
}

/* Keeps the index at most half full. */
static int
index_grow(struct shape *s)
{
	uint32_t n = s->nslots == 0 ? 64 : s->nslots * 2;
	uint32_t *slots = calloc(n, sizeof(*slots));

	if (slots == NULL)
		return -1;
	free(s->slots);
	s->slots = slots;
	s->nslots = n;
	for (uint32_t i = 0; i < s->ncols; i++)
		if (s->cols[i].key != NULL)
			index_add(s, i);
	return 0;
}

uint32_t
shape_find(const struct shape *s, const char *key, size_t klen)
{
	uint32_t i, col;

	if (s->nslots == 0)
		return SHAPE_NOWHERE;
	i = (uint32_t)value_hash(key, klen) & (s->nslots - 1);
	for (; (col = s->slots[i]) != 0; i = (i + 1) & (s->nslots - 1))
		if (s->cols[col - 1].klen == klen && memcmp(s->cols[col - 1].key, key, klen) == 0)
			return col - 1;
	return SHAPE_NOWHERE;
}

/* FNV-1a of a name, A-Z being a-z. */
static uint32_t
name_hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name != '\0'; name++)
		h = (h ^ (unsigned char)(*name >= 'A' && *name <= 'Z' ? *name | 0x20 : *name)) *
		    16777619u;
	return h;
}

static void
name_add(struct shape *s, uint32_t col)
{
	uint32_t i = name_hash(s->cols[col].name) & (s->nname_slots - 1);

	while (s->name_slots[i] != 0)
		i = (i + 1) & (s->nname_slots - 1);
	s->name_slots[i] = col + 1;
}

/* Room for one more name; the index is at most half full. */
static int
name_reserve(struct shape *s)
{
	uint32_t n = s->nname_slots == 0 ? 64 : s->nname_slots * 2;
	uint32_t *slots;

	if ((s->ncols + 1) * 2 <= s->nname_slots)
		return 0;
	slots = calloc(n, sizeof(*slots));
	if (slots == NULL)
		return -1;
	free(s->name_slots);
	s->name_slots = slots;
	s->nname_slots = n;
	for (uint32_t i = 0; i < s->ncols; i++)
		name_add(s, i);
	return 0;
}

uint32_t
shape_find_name(const struct shape *s, const char *name)
{
	uint32_t i, col;

	if (s->nname_slots == 0)
		return SHAPE_NOWHERE;
	i = name_hash(name) & (s->nname_slots - 1);
	for (; (col = s->name_slots[i]) != 0; i = (i + 1) & (s->nname_slots - 1))
		if (shape_same_name(s->cols[col - 1].name, name))
			return col - 1;
	return SHAPE_NOWHERE;
}

static int
is_taken(const struct shape *s, const char *name)
{
	for (int role = SHAPE_EXTRACTED_AT; role <= SHAPE_RECEIVED; role++)
		if (shape_same_name(shape_system_name((enum shape_role)role), name))
			return 1;
	return shape_find_name(s, name) != SHAPE_NOWHERE;
}

/* Leaves the name of a new column in s->text: as the shape behind us has it, else the first that is free. */
static int
name_column(struct shape *s, const char *key, size_t klen)
{
	uint32_t known = s->names ? shape_find(s->names, key, klen) : SHAPE_NOWHERE;
	size_t len;

	if (known != SHAPE_NOWHERE && !is_taken(s, s->names->cols[known].name)) {
		buf_reset(&s->text);
		return buf_adds(&s->text, s->names->cols[known].name);
	}
	if (shape_column_name(&s->text, key, klen) != 0)
		return -1;
	len = s->text.len;
	for (unsigned n = 2; is_taken(s, buf_str(&s->text)); n++) {
		s->text.len = len;
		if (buf_addf(&s->text, "_%u", n) != 0)
			return -1;
	}
	return 0;
}

static struct shape_column *
append(struct shape *s, const char *name, enum shape_type type, enum shape_role role)
{
	uint32_t cap = s->cap < 16 ? 16 : s->cap * 2;
	struct shape_column *cols, *c;

	if (name_reserve(s) != 0)
		return NULL;
	if (s->ncols == s->cap) {
		cols = realloc(s->cols, cap * sizeof(*cols));
		if (cols == NULL)
			return NULL;
		s->cols = cols;
		s->cap = cap;
	}
	c = &s->cols[s->ncols];
	*c = (struct shape_column){
	    .name = strdup(name), .type = (uint8_t)type, .made = SHAPE_UNMADE, .role = role};
	if (c->name == NULL)
		return NULL;
	name_add(s, s->ncols++);
	return c;
}

/* A column for a key that has none; name NULL: find one. */
static uint32_t
add(struct shape *s, const char *key, size_t klen, const char *name)
{
	struct shape_column *c;
	char *copy = malloc(klen + 1);

	if (copy == NULL || ((s->ncols + 1) * 2 > s->nslots && index_grow(s) != 0) ||
	    (name == NULL && name_column(s, key, klen) != 0) ||
	    (c = append(s, name ? name : buf_str(&s->text), SHAPE_NONE, SHAPE_FIELD)) == NULL) {
		free(copy);
		return SHAPE_NOWHERE;
	}
	memcpy(copy, key, klen);
	copy[klen] = '\0';
	c->key = copy;
	c->klen = (uint32_t)klen;
	index_add(s, s->ncols - 1);
	return s->ncols - 1;
}

/* Room is kept for the rest, and for the system's columns where they are not there yet. */
static int
is_full(const struct shape *s)
{
	uint32_t reserved = (s->rest == SHAPE_NOWHERE ? 1 : 0) + (s->has_system ? 0 : 3);

	return s->ncols + reserved >= s->limit;
}

uint32_t
shape_column(struct shape *s, const char *key, size_t klen, struct error *e)
{
	uint32_t col = shape_find(s, key, klen);

	if (col != SHAPE_NOWHERE)
		return col;
	col = is_full(s) ? shape_add_rest(s) : add(s, key, klen, NULL);
	if (col == SHAPE_NOWHERE)
		error_set(e, AB_ENOMEM, "no memory for another column");
	return col;
}

uint32_t
shape_add_system_column(struct shape *s, enum shape_role role, enum shape_type type)
{
	return append(s, shape_system_name(role), type, role) == NULL ? SHAPE_NOWHERE
								      : s->ncols - 1;
}

uint32_t
shape_add_rest(struct shape *s)
{
	if (s->rest == SHAPE_NOWHERE)
		s->rest = shape_add_system_column(s, SHAPE_REST, SHAPE_JSON);
	return s->rest;
}

int
shape_add_received(struct shape *s, uint32_t most)
{
	const char *name = shape_system_name(SHAPE_RECEIVED);

	if (s->received != SHAPE_NOWHERE || s->ncols >= most ||
	    shape_find_name(s, name) != SHAPE_NOWHERE)
		return 0;
	s->received = shape_add_system_column(s, SHAPE_RECEIVED, SHAPE_INTEGER);
	return s->received == SHAPE_NOWHERE ? -1 : 0;
}

ab_status
shape_add_system(struct shape *s, struct error *e)
{
	static const enum shape_type types[] = {
	    [SHAPE_EXTRACTED_AT] = SHAPE_TEXT,
	    [SHAPE_META] = SHAPE_TEXT,
	    [SHAPE_GENERATION] = SHAPE_INTEGER,
	};

	if (s->has_system)
		return AB_OK;
	s->has_system = 1;
	for (int role = SHAPE_EXTRACTED_AT; role <= SHAPE_GENERATION; role++)
		if (shape_add_system_column(s, (enum shape_role)role, types[role]) == SHAPE_NOWHERE)
			return error_set(e, AB_ENOMEM, "no memory for another column");
	return AB_OK;
}

uint32_t
shape_add_foreign(struct shape *s, const char *name)
{
	struct shape_column *c = append(s, name, SHAPE_NONE, SHAPE_FOREIGN);

	if (c == NULL)
		return SHAPE_NOWHERE;
	c->made = SHAPE_NONE;
	return s->ncols - 1;
}

int
shape_is_made(const struct shape *s)
{
	for (uint32_t i = 0; i < s->ncols; i++)
		if (s->cols[i].made != s->cols[i].type)
			return 0;
	return s->has_system;
}

int
shape_save(const struct shape *s, struct buf *out)
{
	const char *before = "[";

	for (uint32_t i = 0; i < s->ncols; i++) {
		const struct shape_column *c = &s->cols[i];

		if (c->role == SHAPE_FOREIGN)
			continue;
		buf_addf(out, "%s{", before);
		before = ",";
		if (c->role == SHAPE_FIELD) {
			buf_adds(out, "\"key\":");
			buf_add_json_string(out, c->key, c->klen);
			buf_addc(out, ',');
		}
		buf_adds(out, "\"column\":");
		buf_add_json_string(out, c->name, strlen(c->name));
		buf_addf(out, ",\"type\":\"%s\"}", shape_type_word((enum shape_type)c->type));
	}
	buf_adds(out, s->ncols == 0 ? "[]" : "]");
	return out->failed ? -1 : 0;
}

static enum shape_role
role_of_name(const char *name)
{
	for (int role = SHAPE_EXTRACTED_AT; role <= SHAPE_DELETED_AT; role++)
		if (strcmp(shape_system_name((enum shape_role)role), name) == 0)
			return (enum shape_role)role;
	return SHAPE_FIELD;
}

/* A key may hold NUL, so its length comes from jansson. */
static int
load_column(struct shape *s, const json_t *saved)
{
	const json_t *key = json_object_get(saved, "key");
	const char *name = json_string_value(json_object_get(saved, "column"));
	const char *word = json_string_value(json_object_get(saved, "type"));
	enum shape_role role;
	uint32_t col = SHAPE_NOWHERE;

	if (name == NULL || word == NULL)
		return -1;
	role = role_of_name(name);
	if (json_is_string(key))
		col = add(s, json_string_value(key), json_string_length(key), name);
	else if (role != SHAPE_FIELD && append(s, name, SHAPE_NONE, role) != NULL)
		col = s->ncols - 1;
	if (col == SHAPE_NOWHERE)
		return -1;
	if (role == SHAPE_REST)
		s->rest = col;
	if (role == SHAPE_RECEIVED)
		s->received = col;
	s->has_system |= role == SHAPE_EXTRACTED_AT;
	s->cols[col].type = s->cols[col].made = (uint8_t)shape_type_from_word(word);
	return 0;
}

ab_status
shape_load(struct shape *s, const char *json, struct error *e)
{
	json_error_t where;
	json_t *saved = jsonread_string(json, JSON_ALLOW_NUL, &where), *column;
	size_t i;
	int bad = !json_is_array(saved);

	json_array_foreach (saved, i, column)
		bad |= load_column(s, column) != 0;
	if (saved == NULL && jsonread_lacked(&where))
		return error_set(e, AB_ENOMEM, "no memory for the saved columns");
	json_decref(saved);
	return bad ? error_set(e, AB_EDATA, "the saved columns make no sense: %.100s", json)
		   : AB_OK;
}
