/* track.h - what a read has seen of its cursor: the greatest value, and which records stand at it.
 *
 * A read that begins at a state asks for the newest value again, inclusively, since more records with that value may have
 * come meanwhile.  A destination that appends would then hold the old ones twice; so the hashes of the records at the
 * edge, with the constants of their pages, are kept with the state, and such records are taken out of the page.  Records
 * may be alike to the last byte, so a hash stands there as often as its record is stored, and so many are taken out: one
 * more is new.  Bounded: TRACK_MAX_EDGE hashes.  In append_dedup that is done for records without a key only: those with
 * one replace themselves, and an older form of one may rightly come back.
 * Not thread-safe. */
#ifndef ABHOST_TRACK_H
#define ABHOST_TRACK_H
#include "data/beside.h"
#include "engine/cursor.h"
#include "engine/keyless.h"

#define TRACK_MAX_EDGE 10000

struct track_edge {
	uint64_t *hashes;
	size_t n, cap;
};

/* Those that a read may meet again: each hash once, ascending. */
struct track_known {
	struct track_met {
		uint64_t hash;
		size_t stored; /* so often */
		size_t left;   /* and so often it is yet to come again */
	} * met;
	size_t n;
};

struct track {
	struct cursor cursor;
	int has_edge;		/* keep the edge: the destination appends, */
	struct keyless keyless; /* or where that has a key, records that lack it */
	struct track_edge
	    edge;	 /* hashes of the records whose value is the greatest, of like ones each */
	int overflowed;	 /* more than TRACK_MAX_EDGE stand there: some may be written again */
	int knows_older; /* what stands below the value that the read began with is written, too, whatever the source thinks */
	/* private */
	uint64_t constants;	  /* the hash of the page's; 0: it has none */
	struct track_known known; /* what the read began with */
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
/* The hashes of those that the read has met again, for a read that goes on at its token: track_know without them.  *out is
 * malloc'ed, or NULL. -1: no memory. */
int track_met(const struct track *t, uint64_t **out, size_t *n);
/* They are not met once more; what was never known does not matter. */
void track_forget(struct track *t, const uint64_t *hashes, size_t n);
/* Takes a page into account, and takes records that are already written out of the scan, and out of what is said beside them
 * (NULL, or empty: nothing is).  about: as dest_page has it, or "".  -1: no memory. */
int track_page(struct track *t, const char *page, struct scan *s, struct beside_list *beside,
    struct ab_str about);
/* What `from` has seen counts for `to`, too: its greatest, and who stands there; what both began with counts once.  `from` is
 * of no use then, but for track_fini. -1: no memory. */
int track_merge(struct track *to, struct track *from);
/* The greatest value as JSON, empty: none. */
struct ab_str track_value(const struct track *t);
#endif
