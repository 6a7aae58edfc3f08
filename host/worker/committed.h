/* committed.h - what the engine says is committed of a stream (CHAN_READ, text 1), looked up by partition.
 *
 * Everything given out points into the text or into this struct. */
#ifndef ABHOST_COMMITTED_H
#define ABHOST_COMMITTED_H
#include <jansson.h>

#include "base/error.h"
#include "data/view.h"

struct committed_entry {
	struct ab_str state, running; /* JSON; ptr NULL: none */
	const char *token;	      /* NULL: begin from the state */
	int done;
};
struct committed {
	struct view_root root;
	struct committed_entry *entries;
	size_t n;
	json_t *by_partition; /* canonical text -> index */
};

/* Reads the text, which is borrowed until committed_fini (to be called also after a failure). */
ab_status committed_init(struct committed *c, struct ab_str text, struct error *e);
void committed_fini(struct committed *c);
/* partition: its JSON, or ptr NULL for the only one.  Equal is what is equal as JSON, whatever the order of keys.
 * *out NULL and AB_OK: nothing is committed. */
ab_status committed_find(const struct committed *c, struct ab_str partition,
    const struct committed_entry **out, struct error *e);
#endif
