/* spoil.h - inside of family faults: what a connector reads when all is well, and whether its credentials come out.
 *
 * Keeps hashes of pages, never pages; secrets are wiped. */
#ifndef ABHOST_ACCEPT_SPOIL_H
#define ABHOST_ACCEPT_SPOIL_H
#include "accept/act.h"

#define SPOIL_MOST 24 /* answers that are replaced: of a longer recording, so many all over it */

/* Of a stream that is longer, so much is read: it may have no end. */
#define SPOIL_PAGES 2000
#define SPOIL_BYTES ((size_t)64 << 20)

/* The pages of one read, in their order. */
struct pages {
	uint64_t *hash;
	size_t n, room, bytes;
	int is_missing; /* the stream cannot be read: its answers are not in the fixtures */
};

struct spoil {
	uint32_t number[SPOIL_MOST]; /* of the answers: "00003.json" is 3 */
	unsigned count, recorded;
	int no_check, no_streams; /* these cannot be called either */
	uint64_t broken;	  /* requests of check() that end in an error when all is well */
	struct pages *good;	  /* of each stream of the plan */
	size_t streams;
	char **forms; /* how secrets are recognized */
	size_t nforms;
	unsigned answers; /* that were replaced so far */
	char leak[200];	  /* where a secret came out, "": nowhere */
};

/* The kit's; finds the answers and reads all streams once, the first time.  NULL, and *e. */
struct spoil *spoil_of(struct kit *k, struct error *e);
void spoil_free(struct spoil *s);
/* Reads a stream of the plan whole, or its first SPOIL_PAGES pages or SPOIL_BYTES; what it ended with. */
ab_status spoil_read(struct act *a, size_t stream, struct pages *out);
/* All that can be asked for, once: check, streams, a read of each. */
ab_status spoil_all(struct act *a);
void pages_fini(struct pages *p);
/* 1: a's pages are the first of b's. */
int pages_begin(const struct pages *a, const struct pages *b);

/* leak.c: for act_options.look. */
int leak_find(struct spoil *s, const struct kit *k);
void leak_free(struct spoil *s);
void leak_look(void *spoil, const char *what, const char *text, size_t n);
#endif
