/* session.h - an open source and the loop that listens to it: what run, check, discover and read begin with.
 *
 * The worker is started first and its first answer awaited last, so that a database can be opened meanwhile. */
#ifndef ABHOST_SESSION_H
#define ABHOST_SESSION_H
#include "engine/catalog.h"
#include "engine/reader.h"
#include "engine/sync.h"

struct session {
	const struct sync_options *o;
	struct reader reader; /* reader.source is the session's */
	int lanes;	      /* of the source; what is changed counts when it is started again */
	struct catalog catalog;
};

/* Blocks the signals and starts the worker. The session is session_close's also after an error. */
ab_status session_start(struct session *s, const struct sync_options *o, struct error *e);
/* Waits until the worker has opened the connector. */
ab_status session_open(struct session *s, struct error *e);
/* Fills the catalog. */
ab_status session_discover(struct session *s, struct error *e);
ab_status session_check(struct session *s, struct error *e);
/* The worker is dead or lost: ends it and opens another, for what is left to do. */
ab_status session_restart(struct session *s, struct error *e);
int session_is_dead(const struct session *s);
/* Tells the log of a wait; one that is long is a warning. */
void session_wait(const struct session *s, const struct source_event *ev);
void session_close(struct session *s);
#endif
