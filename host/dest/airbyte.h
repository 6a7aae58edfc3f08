/* airbyte.h - a destination that is whoever reads Airbyte's messages: records become RECORD lines, with their own bytes,
 * commits become STATE lines.
 *
 * It keeps nothing and takes nothing back: at least once, as the protocol has it.  What it counts as committed is what it
 * has printed; the states that it begins with are those that the reader gave.  It is not named by --to: the command
 * `abhost airbyte` makes it. */
#ifndef ABHOST_AIRBYTE_H
#define ABHOST_AIRBYTE_H
#include "dest/airbyte_out.h"
#include "dest/dest.h"

struct airbyte_options {
	struct airbyte_out *out;       /* borrowed */
	const struct dest_state *rows; /* copied */
	size_t n;
	/* Adds the stream_state of one stream, whose rows these are, to `to`: what a row means is not known here. -1: no
	 * memory, or too large. */
	int (*state)(const struct dest_state *rows, size_t n, struct buf *to);
};

/* For the caller to close, through its ops. */
ab_status airbyte_open(const struct airbyte_options *o, struct dest **out, struct error *e);
#endif
