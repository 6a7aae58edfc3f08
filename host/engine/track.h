/* track.h - what a read has seen of its cursor: the greatest value, and which records stand at it.
 *
 * A read that begins at a state asks for the newest value again, inclusively, since more records with that value may have
 * come meanwhile.  A destination that appends would then hold the old ones twice; so the hashes of the records at the
 * edge, with the constants of their pages, are kept with the state, and such records are taken out of the page.  Bounded:
 * TRACK_MAX_EDGE hashes.  In append_dedup that is done for records without a key only: those with one replace themselves,
 * and an older form of one may rightly come back.
 * Not thread-safe. */
#ifndef ABHOST_TRACK_H
#define ABHOST_TRACK_H
#include "engine/cursor.h"
#include "engine/keyless.h"

#define TRACK_MAX_EDGE 10000

struct track_edge {
	uint64_t *hashes;
	size_t n, cap;
};

struct track {
	struct cursor cursor;
	int has_edge;		/* keep the edge: the destination appends, */
	struct keyless keyless; /* or where that has a key, records that lack it */
	struct track_edge edge; /* hashes of the records whose value is the greatest */
	int overflowed; /* more than TRACK_MAX_EDGE stand there: some may be written again */
	/* private */
	uint64_t constants;	 /* the hash of the page's; 0: it has none */
	struct track_edge known; /* sorted: what the read began with, while it may meet it again */
};

/* path NULL: nothing is tracked.  keys: the primary key where the destination finds rows by it; NULL: it appends. */
void
track_init(struct track *t, const char *const *path, int is_time, const char *const *const *keys);
void track_fini(struct track *t);
/* A read of a partition begins at a value with these records at it; at_token: it goes on behind a page, so it meets none
 * of them again, but see track_know. -1: no memory. */
int track_begin(struct track *t, const char *value, const uint64_t *hashes, size_t n, int at_token);
/* The read that goes on at a token had once begun at this value, where these records stood: it may still meet those. */
int track_know(struct track *t, const char *value, const uint64_t *hashes, size_t n);
/* Takes a page into account, and takes records that are already written out of the scan.  about: as dest_page has it, or "".
 * -1: no memory. */
int track_page(struct track *t, const char *page, struct scan *s, struct ab_str about);
/* What `from` has seen counts for `to`, too, which began at the same value: its greatest, and who stands there. -1: no
 * memory. */
int track_merge(struct track *to, const struct track *from);
/* The greatest value as JSON, empty: none. */
struct ab_str track_value(const struct track *t);
#endif
