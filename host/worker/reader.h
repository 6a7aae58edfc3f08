/* reader.h - the read loop: partitions, pages, state; one CHAN_READ from beginning to end. */
#ifndef ABHOST_READER_H
#define ABHOST_READER_H
#include "worker/session.h"

/* Runs the command; the caller answers it.  On failure the sentence is in *e. */
ab_status reader_serve(struct session *s, const struct chan_msg *command, struct error *e);
#endif
