/* crumb.h - the worker's breadcrumb: which function of the connector runs, for which stream and page.
 *
 * Written by the source thread into the memfd's first page, so that it outlives a crash; the engine only
 * reads it (chan_crumb_read).  Time in host services is told apart, for the watchdog. */
#ifndef ABHOST_CRUMB_H
#define ABHOST_CRUMB_H
#include "worker/chan.h"

/* Maps the breadcrumb of this channel; NULL: it cannot be mapped. */
struct chan_crumb *crumb_map(const struct chan *c);
void crumb_unmap(struct chan_crumb *c);
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
