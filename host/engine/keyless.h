/* keyless.h - which records lack a part of their primary key.
 *
 * append_dedup finds a record's row by its key, so one that is read twice is there once; a record with a NULL in its key equals
 * no other, and would be there twice.  So what an append does for all records (track.h, checkpoint.h) is done for these.  What
 * stands in a record or in the constants of its page counts; a name that comes twice counts as it came last.  Not
 * thread-safe. */
#ifndef ABHOST_KEYLESS_H
#define ABHOST_KEYLESS_H
#include <stdint.h>

#include "data/scan.h"
#include "data/view.h"

struct keyless {
	const char *const *const *key; /* borrowed; NULL: nobody asks */
	/* private */
	uint64_t constant; /* of the parts, those that the page gives */
	struct view_root views;
};

void keyless_init(struct keyless *k, const char *const *const *key);
void keyless_fini(struct keyless *k);
/* What is the same for all records of the page that follows: {"constants": {...}}, or "".  -1: no memory. */
int keyless_page(struct keyless *k, struct ab_str about);
/* 1: it lacks a part of the key; 0; -1: no memory. */
int
keyless_is(struct keyless *k, const char *page, const struct scan *s, const struct scan_record *r);
#endif
