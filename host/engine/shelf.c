/* shelf.c - see shelf.h.
 *
 * An entry is a head and its fields, each a length and its bytes.  One that has grown beyond its place is written anew at
 * the end, and the old place is dead until the shelf is. */
#include "engine/shelf.h"

#include <stdlib.h>
#include <string.h>

#include "data/value.h"
#include "dest/dest.h"

enum { DEAD = 1, TAKEN = 2, DONE = 4, DIRTY = 8, REFRESHED = 16 };
enum { ABSENT, DERIVED, PLAIN }; /* a field's length, and PLAIN more than its bytes */

struct head {
	uint32_t hash, flags;
	uint32_t cap, len; /* of the fields behind it */
	int64_t started_us;
};

struct reading {
	const unsigned char *at;
	int failed;
};

int
shelf_init(struct shelf *s, const char *prefix)
{
	memset(s, 0, sizeof(*s));
	buf_init(&s->bytes, SHELF_MAX_BYTES);
	if (prefix != NULL && (s->prefix = strdup(prefix)) == NULL)
		return -1;
	return 0;
}

void
shelf_fini(struct shelf *s)
{
	buf_fini(&s->bytes);
	free(s->slots);
	free(s->prefix);
	free(s->dirty);
	memset(s, 0, sizeof(*s));
}

static uint32_t
hash_of(const char *partition)
{
	uint64_t hash = value_hash(partition, strlen(partition));

	return (uint32_t)(hash ^ hash >> 32);
}

static struct head
head_at(const struct shelf *s, size_t at)
{
	struct head h;

	memcpy(&h, s->bytes.ptr + at, sizeof(h));
	return h;
}

static void
head_write(struct shelf *s, size_t at, const struct head *h)
{
	memcpy(s->bytes.ptr + at, h, sizeof(*h));
}

static void
put_number(struct buf *b, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		buf_addc(b, (char)((n & 0x7f) | 0x80));
	buf_addc(b, (char)n);
}

static uint64_t
get_number(struct reading *r)
{
	uint64_t n = 0;
	int shift = 0;

	do
		n |= (uint64_t)(*r->at & 0x7f) << shift;
	while (shift += 7, *r->at++ & 0x80);
	return n;
}

static void
put_text(struct buf *b, const char *text)
{
	size_t len = text == NULL ? 0 : strlen(text);

	put_number(b, text == NULL ? ABSENT : PLAIN + len);
	buf_add(b, text, len);
}

/* {"updated_at":7} is {"updated_at": and the cursor and }. */
static int
is_derived(const struct shelf *s, const struct state_point *p)
{
	size_t len = s->prefix == NULL ? 0 : strlen(s->prefix);
	size_t value = p->cursor == NULL ? 0 : strlen(p->cursor);

	return len > 0 && value > 0 && p->json != NULL && strlen(p->json) == len + value + 1 &&
	    memcmp(p->json, s->prefix, len) == 0 && memcmp(p->json + len, p->cursor, value) == 0;
}

static void
put_point(const struct shelf *s, struct buf *b, const struct state_point *p)
{
	if (is_derived(s, p))
		put_number(b, DERIVED);
	else
		put_text(b, p->json);
	put_text(b, p->cursor);
	put_number(b, p->nedge);
	buf_add(b, p->edge, p->nedge * sizeof(*p->edge));
}

static char *
get_text(struct reading *r, uint64_t len)
{
	char *text;

	if (len == ABSENT || len == DERIVED)
		return NULL;
	text = malloc(len - PLAIN + 1);
	if (text == NULL)
		r->failed = 1;
	else
		memcpy(text, r->at, len - PLAIN);
	if (text != NULL)
		text[len - PLAIN] = '\0';
	r->at += len - PLAIN;
	return text;
}

static void
get_point(const struct shelf *s, struct reading *r, struct state_point *p)
{
	uint64_t kind = get_number(r), n;
	struct buf json;

	p->json = get_text(r, kind);
	p->cursor = get_text(r, get_number(r));
	if (kind == DERIVED && p->cursor != NULL) {
		buf_init(&json, SHELF_MAX_BYTES);
		buf_addf(&json, "%s%s}", s->prefix, p->cursor);
		p->json = json.failed ? NULL : buf_steal(&json);
		r->failed |= p->json == NULL;
		buf_fini(&json);
	}
	n = get_number(r);
	if (n > 0) {
		p->edge = malloc(n * sizeof(*p->edge));
		if (p->edge == NULL)
			r->failed = 1;
		else
			memcpy(p->edge, r->at, n * sizeof(*p->edge));
		p->nedge = p->edge == NULL ? 0 : n;
		r->at += n * sizeof(*p->edge);
	}
}

static int
unpack(const struct shelf *s, size_t at, struct state_part *p)
{
	struct head h = head_at(s, at);
	struct reading r = {.at = (const unsigned char *)s->bytes.ptr + at + sizeof(h)};

	p->partition = get_text(&r, get_number(&r));
	p->pages = (int64_t)get_number(&r);
	get_point(s, &r, &p->base);
	get_point(s, &r, &p->run);
	p->started_us = h.started_us;
	p->done = (h.flags & DONE) != 0;
	p->dirty = (h.flags & DIRTY) != 0;
	p->refreshed = (h.flags & REFRESHED) != 0;
	p->lane = DEST_NO_LANE;
	if (!r.failed)
		return 1;
	state_part_fini(p);
	return -1;
}

static int
is_named(const struct shelf *s, size_t at, const char *partition, size_t len)
{
	struct reading r = {.at = (const unsigned char *)s->bytes.ptr + at + sizeof(struct head)};

	return get_number(&r) == PLAIN + len && memcmp(r.at, partition, len) == 0;
}

/* The slot of the name, or the free one that is its; slots are never all used. */
static uint32_t *
find_slot(const struct shelf *s, const char *partition, uint32_t hash)
{
	size_t len = strlen(partition), i = hash & (s->nslots - 1);

	while (s->slots[i] != 0 &&
	    (head_at(s, s->slots[i] - 1).hash != hash ||
		!is_named(s, s->slots[i] - 1, partition, len)))
		i = (i + 1) & (s->nslots - 1);
	return &s->slots[i];
}

static int
grow(struct shelf *s)
{
	size_t nslots = s->nslots == 0 ? 64 : s->nslots * 2;
	uint32_t *old = s->slots, *slots;
	size_t i;

	if (4 * (s->used + 1) <= 3 * s->nslots)
		return 0;
	if ((slots = calloc(nslots, sizeof(*slots))) == NULL)
		return -1;
	for (size_t k = 0; k < s->nslots; k++) {
		if (old[k] == 0)
			continue;
		i = head_at(s, old[k] - 1).hash & (nslots - 1);
		while (slots[i] != 0)
			i = (i + 1) & (nslots - 1);
		slots[i] = old[k];
	}
	free(old);
	s->slots = slots;
	s->nslots = nslots;
	return 0;
}

static int
remember_dirty(struct shelf *s, uint32_t slot)
{
	uint32_t *dirty;

	if (s->ndirty == s->cap_dirty) {
		dirty = realloc(s->dirty, (2 * s->cap_dirty + 16) * sizeof(*dirty));
		if (dirty == NULL)
			return -1;
		s->dirty = dirty;
		s->cap_dirty = 2 * s->cap_dirty + 16;
	}
	s->dirty[s->ndirty++] = slot;
	return 0;
}

/* Writes the fields over an entry that has room for them, else behind all; returns its offset + 1, 0: no room. */
static uint32_t
place(struct shelf *s, uint32_t old, struct head *h, const struct buf *fields)
{
	size_t at = s->bytes.len;

	h->len = h->cap = (uint32_t)fields->len;
	if (old != 0 && head_at(s, old - 1).cap >= fields->len) {
		h->cap = head_at(s, old - 1).cap;
		at = old - 1;
		memcpy(s->bytes.ptr + at + sizeof(*h), fields->ptr, fields->len);
		head_write(s, at, h);
		return old;
	}
	if (buf_reserve(&s->bytes, sizeof(*h) + fields->len) == NULL)
		return 0;
	buf_add(&s->bytes, h, sizeof(*h));
	buf_add(&s->bytes, fields->ptr, fields->len);
	if (old != 0) {
		struct head dead = head_at(s, old - 1);

		dead.flags |= DEAD;
		head_write(s, old - 1, &dead);
	}
	return (uint32_t)at + 1;
}

int
shelf_put(struct shelf *s, const struct state_part *p)
{
	struct head h = {.hash = hash_of(p->partition),
	    .flags = (p->done ? DONE : 0) | (p->dirty ? DIRTY : 0) | (p->refreshed ? REFRESHED : 0),
	    .started_us = p->started_us};
	struct buf fields;
	uint32_t *slot, at = 0;
	int is_new = 0;

	buf_init(&fields, SHELF_MAX_BYTES);
	put_text(&fields, p->partition);
	put_number(&fields, (uint64_t)p->pages);
	put_point(s, &fields, &p->base);
	put_point(s, &fields, &p->run);
	if (!fields.failed && grow(s) == 0) {
		slot = find_slot(s, p->partition, h.hash);
		is_new = *slot == 0 || head_at(s, *slot - 1).flags & TAKEN;
		at = place(s, *slot, &h, &fields);
		if (at != 0) {
			s->used += *slot == 0;
			s->n += is_new != 0;
			*slot = at;
		}
	}
	buf_fini(&fields);
	return at == 0 || (p->dirty && remember_dirty(s, at) != 0) ? -1 : 0;
}

int
shelf_look(const struct shelf *s, const char *partition, struct state_part *p)
{
	uint32_t slot = s->nslots == 0 ? 0 : *find_slot(s, partition, hash_of(partition));

	if (slot == 0 || head_at(s, slot - 1).flags & TAKEN)
		return 0;
	return unpack(s, slot - 1, p);
}

int
shelf_take(struct shelf *s, const char *partition, struct state_part *p)
{
	int found = shelf_look(s, partition, p);
	struct head h;
	uint32_t slot;

	if (found != 1)
		return found;
	slot = *find_slot(s, partition, hash_of(partition));
	h = head_at(s, slot - 1);
	h.flags |= TAKEN;
	h.flags &= ~(uint32_t)DIRTY;
	head_write(s, slot - 1, &h);
	s->n--;
	return 1;
}

int
shelf_next(const struct shelf *s, size_t *at, struct state_part *p)
{
	while (*at < s->bytes.len) {
		size_t this = *at;
		struct head h = head_at(s, this);

		*at += sizeof(h) + h.cap;
		if (!(h.flags & (DEAD | TAKEN)))
			return unpack(s, this, p);
	}
	return 0;
}

int
shelf_next_dirty(const struct shelf *s, size_t *at, struct state_part *p)
{
	while (*at < s->ndirty) {
		uint32_t slot = s->dirty[(*at)++];
		struct head h = head_at(s, slot - 1);

		if (h.flags & DIRTY && !(h.flags & (DEAD | TAKEN))) {
			int found = unpack(s, slot - 1, p);

			h.flags &= ~(uint32_t)DIRTY;
			memcpy(s->bytes.ptr + slot - 1, &h, sizeof(h));
			return found;
		}
	}
	return 0;
}

void
shelf_clean(struct shelf *s)
{
	s->ndirty = 0;
}
