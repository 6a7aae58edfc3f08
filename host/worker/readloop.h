/* readloop.h - the read loop: partitions, pages, state; one CHAN_READ from beginning to end. */
#ifndef ABHOST_READLOOP_H
#define ABHOST_READLOOP_H
#include "worker/hosted.h"

/* Runs the command; the caller answers it.  On failure the sentence is in *e. */
ab_status readloop_run(struct hosted *s, const struct chan_msg *command, struct error *e);
#endif
