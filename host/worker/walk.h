/* walk.h - the way from page to page: the token of the next one, and the proof that the way has an end. */
#ifndef ABHOST_WALK_H
#define ABHOST_WALK_H
#include <stdint.h>

#include "worker/page.h"

struct walk {
	int64_t page;	  /* the next one, from 1 */
	struct buf token; /* of that page */
	int has_token;
	/* the token that page 1, 3, 7, 15, ... named, to see where they go round */
	struct buf mark;
	int64_t mark_next; /* 0: there is none yet */
	int empties;	   /* pages without a record just now */
};

void walk_init(struct walk *w);
void walk_fini(struct walk *w);
/* The page that was just read names this next one: may it?  AB_EDATA where the reading would never end. */
ab_status walk_check(struct walk *w, const struct ab_page *page, struct error *e);
/* The same for pages of records, which must not be empty for ever. */
ab_status walk_check_empties(struct walk *w, const struct ab_page *page, struct error *e);
/* And for pages of a list of partitions; many may be empty, for a page may be one parent's. */
ab_status walk_check_list(struct walk *w, const struct ab_page *page, struct error *e);
/* On to the page that it names, if any. */
ab_status walk_on(struct walk *w, const struct ab_page *page, struct error *e);
#endif
