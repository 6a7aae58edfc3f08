/* reading.h - one read of a stream that runs: what it was asked for, the partitions that wait, how it ends.
 *
 * The first part is written once, by the lane that begins it, and only read from then on; the list of partitions is
 * walked by one lane at a time; the rest is the scheduler's (sched.h), under its lock. */
#ifndef ABHOST_READING_H
#define ABHOST_READING_H
#include "worker/chan.h"
#include "worker/committed.h"
#include "worker/walk.h"

/* A partition that nobody reads yet. */
struct waiting {
	struct waiting *next;
	int is_only;	 /* the stream has no partitions: this is all of it */
	char *committed; /* a JSON array of what is, of this one alone; NULL: see the read's */
	size_t len;
	char text[]; /* its JSON, NUL-terminated */
};

struct reading {
	uint32_t stream, limit;
	char *texts; /* owned: what these point into */
	struct ab_str configured, committed_text;
	struct view_root root; /* of the configured stream, for its name */
	const char *name;
	int asks;	      /* committed knows no partitions: see ask.h */
	int is_shared;	      /* "partition_state": "shared": all partitions have one state, */
	struct ab_str shared; /* this one; ptr NULL: none */
	struct committed committed;

	struct walk list; /* over the pages of partitions() */

	/* bytes of its bodies, of those of its list, for the memory's budget */
	_Atomic size_t seen, seen_list;

	/* under lock */
	struct reading *next;
	int is_ready;		      /* the first part is written */
	int is_listing, is_listed;    /* a lane asks for partitions; there are no more */
	const void *lister;	      /* the lane that asks, for all pages; NULL: none yet */
	struct waiting *first, *last; /* partitions that wait */
	size_t waiting, waiting_bytes;
	uint32_t begun;	 /* partitions that were announced */
	uint32_t users;	 /* lanes' tasks that belong to it */
	uint64_t served; /* when it got a lane for the last time */
	int cancelled;	 /* by the engine, or because it failed */
	struct error error;
	char where[320]; /* of the error */
};

/* Takes texts, also where it fails (NULL: no memory). */
struct reading *reading_new(const struct chan_msg *command, char *texts);
void reading_free(struct reading *r);
/* Reads what it was asked for: first the stream's name, then what is committed. */
ab_status reading_name(struct reading *r, struct error *e);
ab_status reading_begin(struct reading *r, struct error *e);
/* The elements of an array, but those that are committed as done, as a list with *n elements; it is the caller's, also
 * where it fails. */
ab_status reading_list(struct reading *r, const struct ab_json *all, struct waiting **first,
    size_t *n, struct error *e);
/* The only partition of a stream that has none; NULL where it is done. */
ab_status reading_only(const struct reading *r, struct waiting **out, struct error *e);
/* Bytes that it takes. */
size_t waiting_size(const struct waiting *w);
/* An entry of what is committed, as CHAN_READ has it. -1: no memory. */
int waiting_set_committed(struct waiting *w, struct ab_str entry);
void waiting_free(struct waiting *first); /* all behind it too */
#endif
