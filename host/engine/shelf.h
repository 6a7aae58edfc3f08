/* shelf.h - the partitions of a stream that are not being read, kept small: some eighty bytes each.
 *
 * A hundred thousand of them are usual (a child per record of a parent), and nearly all lie still nearly all of the time.
 * So each is one run of bytes in one buffer, found through a hash table of offsets, and becomes a struct state_part
 * again only while somebody reads it.  What is exact stays exact: nothing is folded, nothing is thrown away.
 * Not thread-safe. */
#ifndef ABHOST_SHELF_H
#define ABHOST_SHELF_H
#include "base/buf.h"
#include "engine/state_part.h"

#define SHELF_MAX_BYTES ((size_t)2 << 30)

struct shelf {
	struct buf bytes; /* the entries, one behind the other */
	uint32_t *slots;  /* offset + 1, 0: free */
	size_t nslots, used, n;
	char *
	    prefix; /* {"updated_at": - a state that is this, the cursor and } is not kept twice; or NULL */
	/* entries whose rows differ from what is committed, by offset + 1 */
	uint32_t *dirty;
	size_t ndirty, cap_dirty;
};

/* prefix is copied, may be NULL. -1: no memory. */
int shelf_init(struct shelf *s, const char *prefix);
void shelf_fini(struct shelf *s);
/* Puts the part on the shelf, in the place of an older one of its name; its dirty flag is remembered.  The part stays the
 * caller's.  A token is not kept: what has one is not to lie here. -1: no memory. */
int shelf_put(struct shelf *s, const struct state_part *p);
/* Takes it off into *p (zeroed by the caller): 1; 0: it is not there; -1: no memory. */
int shelf_take(struct shelf *s, const char *partition, struct state_part *p);
/* The same without taking it off. */
int shelf_look(const struct shelf *s, const char *partition, struct state_part *p);
/* Goes through all: *at begins as 0. 1: *p is filled (state_part_fini is the caller's); 0: there are no more; -1: no memory. */
int shelf_next(const struct shelf *s, size_t *at, struct state_part *p);
/* Goes through those that are dirty, which they are no longer: as shelf_next, but *at counts. Call shelf_clean at its end. */
int shelf_next_dirty(const struct shelf *s, size_t *at, struct state_part *p);
void shelf_clean(struct shelf *s);
#endif
