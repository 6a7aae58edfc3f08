/* state_part.c - see state_part.h. */
#include "engine/state_part.h"

#include <stdlib.h>
#include <string.h>

#include "data/view.h"
#include "dest/dest.h"

#define VIEWS_MAX ((size_t)4 << 20) /* one state */

int
state_set(char **text, const char *bytes, size_t len)
{
	char *copy = NULL;

	if (len > 0) {
		if ((copy = malloc(len + 1)) == NULL)
			return -1;
		memcpy(copy, bytes, len);
		copy[len] = '\0';
	}
	free(*text);
	*text = copy;
	return 0;
}

void
state_point_fini(struct state_point *p)
{
	free(p->json);
	free(p->cursor);
	free(p->edge);
	memset(p, 0, sizeof(*p));
}

int
state_set_edge(struct state_point *p, const uint64_t *hashes, size_t n)
{
	uint64_t *edge = NULL;

	if (n > 0) {
		if ((edge = malloc(n * sizeof(*edge))) == NULL)
			return -1;
		memcpy(edge, hashes, n * sizeof(*edge));
	}
	free(p->edge);
	p->edge = edge;
	p->nedge = n;
	return 0;
}

/* A point is what it was, or all of it is new: half of one would take records that are not there for read. */
static int
replace_point(struct state_point *p, const char *json, size_t len, struct ab_str cursor,
    const uint64_t *hashes, size_t n)
{
	struct state_point made = {NULL, NULL, NULL, 0};

	if (state_set(&made.json, json, len) != 0 ||
	    state_set(&made.cursor, cursor.ptr, cursor.len) != 0 ||
	    state_set_edge(&made, hashes, n) != 0) {
		state_point_fini(&made);
		return -1;
	}
	state_point_fini(p);
	*p = made;
	return 0;
}

int
state_set_point(struct state_point *p, const char *json, size_t len, const struct track *t)
{
	struct ab_str value = t == NULL ? (struct ab_str){"", 0} : track_value(t);

	return replace_point(
	    p, json, len, value, t == NULL ? NULL : t->edge.hashes, t == NULL ? 0 : t->edge.n);
}

int
state_copy_point(struct state_point *to, const struct state_point *from)
{
	size_t len = from->json == NULL ? 0 : strlen(from->json);
	struct ab_str cursor = {from->cursor, from->cursor == NULL ? 0 : strlen(from->cursor)};

	return replace_point(to, from->json, len, cursor, from->edge, from->nedge);
}

int
state_point_value(const struct state_point *p, const char *const *path, char **out)
{
	struct ab_str value = {"", 0};
	struct view_root root;
	struct buf key;
	int failed;

	view_root_init(&root, VIEWS_MAX);
	buf_init(&key, CURSOR_MAX_VALUE);
	for (const char *const *s = path; s != NULL && *s != NULL; s++)
		buf_addf(&key, "%s%s", s == path ? "" : ".", *s);
	if (p->json != NULL && path != NULL) {
		const struct ab_json *state =
		    view_parse(&root, p->json, strlen(p->json), "the stored state");

		if (view_type(state) == AB_OBJECT && view_get(state, buf_str(&key)) != NULL)
			value = view_span(view_get(state, buf_str(&key)));
	}
	failed =
	    key.failed | (root.error.status == AB_ENOMEM) | state_set(out, value.ptr, value.len);
	buf_fini(&key);
	view_root_fini(&root);
	return failed ? -1 : 0;
}

int
state_set_met(struct state_part *p, const struct track *t)
{
	free(p->met);
	p->met = NULL;
	p->nmet = 0;
	return t == NULL ? 0 : track_met(t, &p->met, &p->nmet);
}

void
state_part_forget(struct state_part *p)
{
	state_set(&p->token, NULL, 0);
	state_set_met(p, NULL);
	state_point_fini(&p->run);
	p->started_us = p->void_us = p->pages = p->done = 0;
	p->lane = DEST_NO_LANE;
}

void
state_part_fini(struct state_part *p)
{
	free(p->partition);
	free(p->token);
	free(p->met);
	state_point_fini(&p->base);
	state_point_fini(&p->run);
	memset(p, 0, sizeof(*p));
}
