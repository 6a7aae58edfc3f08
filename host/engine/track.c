/* track.c - see track.h. */
#include "engine/track.h"

#include <stdlib.h>
#include <string.h>

#include "data/lines.h"
#include "data/value.h"

void
track_init(struct track *t, const char *const *path, int is_time, const char *const *const *keys)
{
	memset(t, 0, sizeof(*t));
	cursor_init(&t->cursor, path, is_time);
	keyless_init(&t->keyless, keys);
	t->has_edge = path != NULL;
}

void
track_fini(struct track *t)
{
	cursor_fini(&t->cursor);
	keyless_fini(&t->keyless);
	free(t->edge.hashes);
	free(t->known.met);
}

static int
edge_add(struct track_edge *e, uint64_t hash)
{
	if (e->n == e->cap) {
		size_t cap = e->cap == 0 ? 16 : e->cap * 2;
		uint64_t *hashes = realloc(e->hashes, cap * sizeof(*hashes));

		if (hashes == NULL)
			return -1;
		e->hashes = hashes;
		e->cap = cap;
	}
	e->hashes[e->n++] = hash;
	return 0;
}

static int
compare_met(const void *a, const void *b)
{
	uint64_t x = ((const struct track_met *)a)->hash, y = ((const struct track_met *)b)->hash;

	return (x > y) - (x < y);
}

static int
know_all(struct track_known *k, const uint64_t *hashes, size_t n)
{
	struct track_met *met = n == 0 ? NULL : realloc(k->met, n * sizeof(*met));

	k->n = 0;
	if (n == 0)
		return 0;
	if (met == NULL)
		return -1;
	k->met = met;
	for (size_t i = 0; i < n; i++)
		met[i] = (struct track_met){hashes[i], 1, 1};
	qsort(met, n, sizeof(*met), compare_met);
	for (size_t i = 0; i < n; i++) {
		if (k->n > 0 && met[k->n - 1].hash == met[i].hash)
			met[k->n - 1].left = ++met[k->n - 1].stored;
		else
			met[k->n++] = met[i];
	}
	return 0;
}

static struct track_met *
find_met(const struct track_known *k, uint64_t hash)
{
	const struct track_met key = {.hash = hash};

	return k->n == 0 ? NULL : bsearch(&key, k->met, k->n, sizeof(key), compare_met);
}

int
track_begin(struct track *t, const char *value, const uint64_t *hashes, size_t n, int at_token)
{
	t->edge.n = t->known.n = 0;
	t->overflowed = t->knows_older = 0;
	if (cursor_begin(&t->cursor, value, strlen(value)) != 0)
		return -1;
	if (!t->has_edge)
		return 0;
	for (size_t i = 0; i < n && i < TRACK_MAX_EDGE; i++)
		if (edge_add(&t->edge, hashes[i]) != 0)
			return -1;
	return at_token ? 0 : track_know(t, value, hashes, n);
}

int
track_know(struct track *t, const char *value, const uint64_t *hashes, size_t n)
{
	t->known.n = 0;
	if (!t->has_edge)
		return 0;
	if (cursor_know(&t->cursor, value, strlen(value)) != 0)
		return -1;
	return know_all(&t->known, hashes, n < TRACK_MAX_EDGE ? n : TRACK_MAX_EDGE);
}

int
track_met(const struct track *t, uint64_t **out, size_t *n)
{
	const struct track_known *k = &t->known;
	size_t at = 0;

	*n = 0;
	*out = NULL;
	for (size_t i = 0; i < k->n; i++)
		*n += k->met[i].stored - k->met[i].left;
	if (*n == 0)
		return 0;
	if ((*out = malloc(*n * sizeof(**out))) == NULL)
		return -1;
	for (size_t i = 0; i < k->n; i++)
		for (size_t met = k->met[i].stored - k->met[i].left; met > 0; met--)
			(*out)[at++] = k->met[i].hash;
	return 0;
}

void
track_forget(struct track *t, const uint64_t *hashes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct track_met *met = find_met(&t->known, hashes[i]);

		if (met != NULL && met->left > 0)
			met->left--;
	}
}

/* Records of two partitions may differ in nothing but the constants of their pages. */
static uint64_t
constants_hash(struct ab_str about)
{
	struct ab_str constants = line_get(about, "constants");

	return constants.len == 0 ? 0
				  : 0x9e3779b97f4a7c15u * value_hash(constants.ptr, constants.len);
}

static uint64_t
record_hash(const struct track *t, const char *page, const struct scan_record *r)
{
	return t->constants ^ value_hash(page + r->off, r->len);
}

/* It is stored, and has not come again in this read.  -1: no memory. */
static int
is_known(struct track *t, const struct cursor_value *v, const char *page, const struct scan *s,
    const struct scan_record *r)
{
	int order =
	    v->kind == CURSOR_NONE ? 1 : cursor_compare(&t->cursor, v, &t->cursor.known.value);
	struct track_met *met;

	if (t->knows_older && order < 0)
		return t->keyless.key == NULL || keyless_is(&t->keyless, page, s, r);
	if (t->known.n == 0 || order != 0)
		return 0;
	met = find_met(&t->known, record_hash(t, page, r));
	if (met == NULL || met->left == 0)
		return 0;
	met->left--;
	return 1;
}

/* The record before this one is gone, so its keys predict nothing. */
static void
forget_keys(struct scan *s, const struct scan_record *r)
{
	for (uint32_t i = 0; i < r->count; i++)
		s->fields[r->field + i].flags &= (uint8_t)~SCAN_SAME_KEY;
}

/* Adds the records of s->records[from..] that stand at the greatest value. */
static int
edge_extend(struct track *t, const char *page, const struct scan *s, size_t from)
{
	const struct cursor_value *greatest = cursor_greatest(&t->cursor);

	if (greatest->kind == CURSOR_NONE)
		return 0;
	for (size_t i = from; i < s->nrecords; i++) {
		struct cursor_value v = cursor_at(&t->cursor, page, s, &s->records[i]);
		int counts = cursor_compare(&t->cursor, &v, greatest) == 0;

		if (counts && t->keyless.key != NULL)
			counts = keyless_is(&t->keyless, page, s, &s->records[i]);
		if (counts < 0)
			return -1;
		if (!counts)
			continue;
		if (t->edge.n == TRACK_MAX_EDGE)
			t->overflowed = 1;
		else if (edge_add(&t->edge, record_hash(t, page, &s->records[i])) != 0)
			return -1;
	}
	return 0;
}

static void
keep(struct scan *s, struct beside_list *beside, size_t from, size_t to)
{
	s->records[to] = s->records[from];
	if (beside != NULL && beside->n > 0)
		beside->of[to] = beside->of[from];
}

int
track_page(struct track *t, const char *page, struct scan *s, struct beside_list *beside,
    struct ab_str about)
{
	struct cursor *c = &t->cursor;
	size_t kept = 0, newest = 0;
	int dropped = 0, grew = 0;

	if (c->path == NULL)
		return 0;
	t->constants = constants_hash(about);
	if (keyless_page(&t->keyless, about) != 0)
		return -1;
	for (size_t i = 0; i < s->nrecords; i++) {
		struct cursor_value v = cursor_at(c, page, s, &s->records[i]);
		int seen;

		if (dropped)
			forget_keys(s, &s->records[i]);
		dropped = is_known(t, &v, page, s, &s->records[i]);
		if (dropped < 0)
			return -1;
		if (dropped)
			continue;
		if ((seen = cursor_see(c, &v)) < 0)
			return -1;
		if (seen > 0) {
			newest = kept;
			grew = 1;
		}
		keep(s, beside, i, kept++);
	}
	s->nrecords = kept;
	if (beside != NULL && beside->n > 0)
		beside->n = kept;
	if (cursor_settle(c) != 0)
		return -1;
	if (!t->has_edge)
		return 0;
	/* a value above all before: who stood at the edge does not any more */
	if (grew && cursor_compare(c, &c->best.value, &c->floor.value) > 0) {
		t->edge.n = 0;
		t->overflowed = 0;
	}
	return edge_extend(t, page, s, newest);
}

/* Takes it for one of those with which the read began, as long as there are such left. */
static int
was_stored(const struct track_known *k, uint64_t hash)
{
	struct track_met *met = find_met(k, hash);

	return met != NULL && met->stored > 0 && met->stored-- > 0;
}

/* What `from` began with may be more than that: it had a state of its own.  That is new to `to`. */
static void
cap_stored(struct track_known *from, const struct track_known *to)
{
	for (size_t i = 0; i < from->n; i++) {
		const struct track_met *met = find_met(to, from->met[i].hash);
		size_t most = met == NULL ? 0 : met->stored;

		if (from->met[i].stored > most)
			from->met[i].stored = most;
	}
}

int
track_merge(struct track *to, struct track *from)
{
	const struct cursor_value *theirs = cursor_greatest(&from->cursor);
	int order = cursor_compare(&to->cursor, theirs, cursor_greatest(&to->cursor));
	/* both have those with which they began, where that was one value */
	int is_old = cursor_compare(&to->cursor, theirs, &from->cursor.known.value) == 0 &&
	    cursor_compare(&to->cursor, theirs, &to->cursor.known.value) == 0;

	if (theirs->kind == CURSOR_NONE || order < 0)
		return 0;
	if (order > 0) {
		to->edge.n = 0;
		to->overflowed = 0;
		if (cursor_see(&to->cursor, theirs) < 0 || cursor_settle(&to->cursor) != 0)
			return -1;
	}
	to->overflowed |= from->overflowed;
	if (is_old)
		cap_stored(&from->known, &to->known);
	for (size_t i = 0; i < from->edge.n && to->has_edge; i++) {
		if (is_old && was_stored(&from->known, from->edge.hashes[i]))
			continue;
		if (to->edge.n == TRACK_MAX_EDGE)
			to->overflowed = 1;
		else if (edge_add(&to->edge, from->edge.hashes[i]) != 0)
			return -1;
	}
	return 0;
}

struct ab_str
track_value(const struct track *t)
{
	const struct cursor_value *v = cursor_greatest(&t->cursor);

	return v->kind == CURSOR_NONE ? (struct ab_str){"", 0} : v->raw;
}
