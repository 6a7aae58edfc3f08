/* state.h - what the files of `abhost state` share. */
#ifndef ABHOST_CLI_STATE_H
#define ABHOST_CLI_STATE_H
#include "base/buf.h"
#include "cli/cli.h"
#include "dest/dest.h"

struct state_command {
	const struct cli_args *args; /* VERB DEST ... */
	const char *namespace_;	     /* that was asked for, or NULL */
	struct dest *dest;
	struct dest_state *rows, *out; /* as they are; as they are to be */
	size_t n, nout;
	struct buf said; /* once it is durable */
};

/* state_show.c */
/* By stream, namespace, partition. */
void state_sort(struct state_command *c);
/* The first row of the stream that the third word names; NULL and e: there is none, or there are two. */
const struct dest_state *state_find(const struct state_command *c, struct error *e);
/* A table for people. */
ab_status state_show(struct state_command *c, struct error *e);
#endif
