/* readloop.h - what a lane does for a read: the steps by which partitions and pages come from the connector.
 *
 * Each is called on the lane's thread, with its source; none knows the other lanes. */
#ifndef ABHOST_READLOOP_H
#define ABHOST_READLOOP_H
#include "worker/hosted.h"
#include "worker/reading.h"

/* A partition on its way, from page to page of one lane. */
struct part {
	struct part *next;
	struct reading *read;
	struct waiting *waiting; /* owned: its JSON */
	struct committed own;	 /* of what is committed, where it came for this one alone */
	struct ab_str state;	 /* as the read began; ptr NULL: none */
	struct buf running;	 /* what update_state has made of it; "" none yet */
	struct walk walk;
	uint32_t number;
	int resumed; /* the first page is at a committed token */
};

/* The stream's name, then what is committed; without partitions(), its only partition. */
ab_status
readloop_begin(struct hosted *s, struct reading *r, struct waiting **only, struct error *e);
/* One page of partitions(); *first is the caller's. */
ab_status readloop_list(
    struct hosted *s, struct reading *r, struct waiting **first, size_t *n, struct error *e);
/* Takes w. NULL: no memory. */
struct part *part_new(struct reading *r, struct waiting *w, uint32_t number, struct error *e);
void part_free(struct part *p);
/* One page, from the connector to the engine. *more: there is another. */
ab_status readloop_page(struct hosted *s, struct part *p, int *more, struct error *e);
ab_status readloop_end(struct hosted *s, const struct part *p, struct error *e);
#endif
