/* read.h - what the checks of family read share: the first full read of each stream, made once. */
#ifndef ABHOST_ACCEPT_READ_H
#define ABHOST_ACCEPT_READ_H
#include "accept/judge.h"

struct read {
	struct judge judge;
	struct readout whole; /* of a process of its own */
	struct readout again; /* by the same source, behind it */
	int has_again;
};

/* The reads of the plan's streams, made when they are asked for first; as many as the plan has. NULL: no memory. */
struct read *reads_of(struct kit *k);
void reads_free(struct kit *k);
/* The read says that it cannot be used for a comparison: why, in finding. 0: it can. */
int read_is_poor(const struct readout *r, struct kit *k, struct finding *f, enum accept_verdict *v);
#endif
