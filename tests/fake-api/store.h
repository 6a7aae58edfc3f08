/* store.h - the lists that the fake API serves: rendered once, kept for ever, only added to.
 *
 * A list is an order of records.  A record's bytes never move, so a reply may point at them after the lock is
 * released.  A record that is changed leaves a dead entry behind and its new form goes to the end, as in an API
 * that sorts by updated_at; so a position, which is what a page token holds, stays true.
 * store_* functions must be called with the lock held, once serving has begun. */
#ifndef FAKE_STORE_H
#define FAKE_STORE_H
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

#include "render.h"

struct store_record {
	const char *
	    bytes; /* followed by a comma, so that neighbours can be sent as one piece; NULL: dead */
	int64_t updated_us;
	uint32_t len, id;
};

struct store_list {
	char *name;
	struct store_record *records;
	size_t count, cap, dead;
	enum render_shape shape;
	int64_t last_us; /* the greatest updated_at given out */
	uint64_t ticks;	 /* steps of the clock since the first record */
	uint32_t last_id;
	int is_sorted; /* by updated_at */
};

struct store_chunk {
	struct store_chunk *next;
	char bytes[];
};

struct store {
	pthread_mutex_t lock;
	struct store_list *lists;
	size_t nlists;
	uint64_t seed;
	uint64_t random;
	/* where the next record's bytes go */
	char *at, *end;
	struct store_chunk *chunks;
};

void store_init(struct store *s, uint64_t seed);
void store_fini(struct store *s);
/* A new, empty list; valid until the next store_add_list. NULL: no memory. */
struct store_list *store_add_list(struct store *s, const char *name, enum render_shape shape);
struct store_list *store_find(struct store *s, const char *name, size_t len);
/* n new records with the next ids; 0, or -1 (no memory). With is_tie the first has the same updated_at as
 * the last one there. */
int store_add_records(struct store *s, struct store_list *l, size_t n, int is_tie);
/* n records picked at random get a new updated_at and new content. */
int store_change_records(struct store *s, struct store_list *l, size_t n);
/* One record whose text is given. */
int store_add_text(struct store *s, struct store_list *l, const char *text, size_t len);
/* Gives the list an order of its own, from the seed. */
void store_shuffle(struct store *s, struct store_list *l);
/* Repeats so many percent of the records, at most `distance` records behind the first. */
int store_repeat(struct store *s, struct store_list *l, unsigned percent, size_t distance);
/* The first position at or behind `from` whose record is alive and not older than since_us; count if none. */
size_t store_seek(const struct store_list *l, size_t from, int64_t since_us);
/* How many records are alive and not older; and the position of the n-th of them, counted from 0. */
size_t store_count(const struct store_list *l, int64_t since_us);
size_t store_skip(const struct store_list *l, int64_t since_us, uint64_t n);
/* The same record in another shape; returns its end. */
char *store_render_as(
    const struct store *s, char *out, const struct store_record *r, enum render_shape shape);
#endif
