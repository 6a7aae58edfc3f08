/* verify.h - is this message what a worker may say now?  The protocol of chan.h as a state machine.
 *
 * A worker that runs foreign code can send anything; whoever handles its messages must only see those
 * that verify_message let through.  Pure but for its struct. */
#ifndef ABHOST_VERIFY_H
#define ABHOST_VERIFY_H
#include "worker/chan.h"

struct verify {
	uint32_t command; /* the running one, 0: none */
	uint32_t stream;  /* of a CHAN_READ */
	size_t page_cap;
	int in_partition, restarted;
	int64_t partitions, pages; /* in this read, in this partition */
	int held[CHAN_SLOTS];	   /* the slot is ours: its page was not taken yet */
	size_t held_bytes[CHAN_SLOTS];
};

/* A command is about to be sent.  AB_EBUG: another one runs. */
ab_status verify_command(struct verify *v, uint32_t command, uint32_t stream, struct error *e);
/* AB_OK, and v has moved on; AB_EDATA: rubbish, with the reason. */
ab_status verify_message(struct verify *v, const struct chan_msg *m, struct error *e);
#endif
