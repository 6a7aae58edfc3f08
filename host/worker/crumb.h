/* crumb.h - a lane's breadcrumb: which function of the connector runs, for which stream and page.
 *
 * Written by the lane's thread into the front of the memfd, so that it outlives a crash; the engine only
 * reads it (chan_crumb_read).  Time in host services is told apart, for the watchdog. */
#ifndef ABHOST_CRUMB_H
#define ABHOST_CRUMB_H
#include "worker/chan.h"

struct crumbs {
	struct chan_head *head; /* what lies in front of the breadcrumbs */
	size_t bytes;
};

/* Maps the breadcrumbs of this channel; -1: they cannot be mapped. */
int crumb_map(struct crumbs *all, const struct chan *c);
void crumb_unmap(struct crumbs *all);
struct chan_crumb *crumb_of(const struct crumbs *all, uint32_t lane);
/* A function of the connector begins; stream may be NULL, page 0. */
void crumb_enter(struct chan_crumb *c, const char *function, const char *stream, uint64_t page);
/* It returned.  The texts stay, for what a stray thread or an exit handler does next. */
void crumb_leave(struct chan_crumb *c);
/* A host service that may take long begins, ends.  Does nothing inside another one. */
void crumb_host_enter(struct chan_crumb *c);
void crumb_host_leave(struct chan_crumb *c);
/* "read_page of stream events, page 12" */
void crumb_where(const struct chan_crumb *c, char *out, size_t size);
#endif
