/* view_kids.c - the members of a container.
 *
 * The first question about a container makes a table of its members (spans, no values); from then on every question is
 * answered from the table.  A large object's keys are hashed. */
#include <stdlib.h>
#include <string.h>

#include "data/value.h"
#include "data/view_private.h"
#include "data/view_skip.h"

#define SMALL_OBJECT 16 /* members up to which keys are compared one by one */

static struct ab_json *
add_kid(struct view_root *r, size_t n)
{
	size_t most = r->arena.max / sizeof(struct ab_json);
	size_t more = r->cap_scratch == 0 ? 64 : r->cap_scratch * 2;
	struct ab_json *grown;

	if (n < r->cap_scratch)
		return &r->scratch[n];
	if (more > most)
		more = most;
	grown = more <= n ? NULL : realloc(r->scratch, more * sizeof(*grown));
	if (grown == NULL)
		return view_no_memory(r);
	r->scratch = grown;
	r->cap_scratch = more;
	return &r->scratch[n];
}

/* Reads `"key":` at p into kid; returns the value's place. */
static const char *
read_key(struct view_doc *doc, const char *p, const char *end, struct ab_json *kid)
{
	const char *behind = *p == '"' ? skip_string(p, end) : NULL;
	struct ab_str key;

	if (behind == NULL)
		return view_fail_at(doc, p, "a key");
	kid->key = p + 1;
	kid->klen = (uint32_t)(behind - p - 2);
	if (memchr(kid->key, '\\', kid->klen) != NULL) {
		key = view_copy_string(doc, p, (size_t)(behind - p));
		if (doc->root->error.status != AB_OK)
			return NULL;
		kid->key = key.ptr;
		kid->klen = (uint32_t)key.len;
	}
	p = skip_space(behind, end);
	if (p == end || *p != ':')
		return view_fail_at(doc, p, "':'");
	return skip_space(p + 1, end);
}

/* The value at p; NULL: none that ends before end. */
static const char *
pass_value(const struct view_doc *doc, const char *p, const char *end)
{
	return p == doc->most.from ? p + doc->most.len : skip_value(p, end);
}

/* Reads the members of v into the root's scratch table; how many, or -1. */
static int64_t
read_kids(const struct ab_json *v)
{
	const char *end = v->text + v->len - 1, *p = skip_space(v->text + 1, end), *behind;
	struct ab_json *kid;
	int64_t n = 0;

	if (*end != *v->text + 2) {
		view_fail_at(v->doc, end, *v->text == '{' ? "'}'" : "']'");
		return -1;
	}
	if (p == end)
		return 0;
	for (;; p++) {
		kid = add_kid(v->doc->root, (size_t)n);
		if (kid == NULL)
			return -1;
		*kid = (struct ab_json){.doc = v->doc};
		p = skip_space(p, end);
		if (*v->text == '{')
			p = read_key(v->doc, p, end, kid);
		behind = p == NULL ? NULL : pass_value(v->doc, p, end);
		if (behind == NULL) {
			if (p != NULL)
				view_fail_at(v->doc, p, "a value");
			return -1;
		}
		kid->text = p;
		kid->len = (uint32_t)(behind - p);
		n++;
		p = skip_space(behind, end);
		if (p == end)
			return n;
		if (*p != ',') {
			view_fail_at(v->doc, p, *v->text == '{' ? "',' or '}'" : "',' or ']'");
			return -1;
		}
	}
}

static int
same_key(const struct ab_json *kid, const char *key, size_t len)
{
	return kid->klen == len && memcmp(kid->key, key, len) == 0;
}

/* Where `key` is, or belongs, in the hash table. */
static uint32_t *
find_slot(const struct view_kids *kids, const char *key, size_t len)
{
	uint32_t i = (uint32_t)value_hash(key, len) & kids->mask;

	while (kids->slots[i] != 0 && !same_key(&kids->kid[kids->slots[i] - 1], key, len))
		i = (i + 1) & kids->mask;
	return &kids->slots[i];
}

/* -1: no memory. */
static int
hash_keys(struct view_kids *kids, struct arena *arena)
{
	size_t n = 2 * SMALL_OBJECT;

	while (n < 2 * (size_t)kids->count)
		n *= 2;
	kids->slots = arena_alloc(arena, n * sizeof(*kids->slots));
	if (kids->slots == NULL)
		return -1;
	memset(kids->slots, 0, n * sizeof(*kids->slots));
	kids->mask = (uint32_t)(n - 1);
	for (uint32_t i = 0; i < kids->count; i++)
		*find_slot(kids, kids->kid[i].key, kids->kid[i].klen) = i + 1;
	return 0;
}

struct view_kids *
view_kids_of(const struct ab_json *v, const char *wanted)
{
	struct ab_json *self = (struct ab_json *)(uintptr_t)v; /* the table is a cache */
	struct arena *arena;
	struct view_kids *kids;
	int64_t n;

	if (v == NULL || *v->text == 'n')
		return NULL;
	if (*v->text != '{' && (*v->text != '[' || *wanted == '{'))
		return view_fail_type(v, *wanted == '{' ? "an object" : "an array or object");
	if (v->kids != NULL || v->doc->root->error.status != AB_OK)
		return v->kids;
	n = read_kids(v);
	if (n < 0)
		return NULL;
	arena = &v->doc->root->arena;
	kids = arena_alloc(arena, sizeof(*kids));
	if (kids == NULL)
		return view_no_memory(v->doc->root);
	*kids = (struct view_kids){.count = (uint32_t)n};
	kids->kid = arena_alloc(arena, (size_t)n * sizeof(*kids->kid));
	if (kids->kid == NULL)
		return view_no_memory(v->doc->root);
	if (n > 0)
		memcpy(kids->kid, v->doc->root->scratch, (size_t)n * sizeof(*kids->kid));
	if (*v->text == '{' && n > SMALL_OBJECT && hash_keys(kids, arena) != 0)
		return view_no_memory(v->doc->root);
	self->kids = kids;
	return kids;
}

const struct ab_json *
view_kids_find(const struct view_kids *kids, const char *key, size_t len)
{
	uint32_t i;

	if (kids->slots != NULL) {
		i = *find_slot(kids, key, len);
		return i == 0 ? NULL : &kids->kid[i - 1];
	}
	for (i = kids->count; i > 0; i--) {
		if (same_key(&kids->kid[i - 1], key, len))
			return &kids->kid[i - 1];
	}
	return NULL;
}
