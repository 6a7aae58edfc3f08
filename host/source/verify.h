/* verify.h - is this message what a worker may say now?  The protocol of chan.h as a state machine per read and
 * partition.
 *
 * A worker that runs foreign code can send anything; whoever handles its messages must only see those
 * that verify_message let through.  Pure but for its struct. */
#ifndef ABHOST_VERIFY_H
#define ABHOST_VERIFY_H
#include "worker/chan.h"

#define VERIFY_MAX_READS 64
#define VERIFY_MAX_PARTS (VERIFY_MAX_READS * (CHAN_MAX_LANES + 1))

struct verify_read {
	uint32_t stream;
	uint32_t begun; /* partitions so far, */
	uint32_t open;	/* and of these not ended */
};
struct verify_part {
	uint32_t stream, part;
	int64_t pages;
	int restarted;
};

struct verify {
	size_t page_cap;
	uint32_t lanes, slots;
	uint32_t command; /* the one that runs alone, 0: none */
	struct verify_read reads[VERIFY_MAX_READS];
	uint32_t nreads;
	struct verify_part parts[VERIFY_MAX_PARTS]; /* that have begun and not ended */
	uint32_t nparts;
	uint32_t holds; /* CHAN_HOLDs that are not answered */
	int hold, held; /* what was asked for last, and whether it is in force */
	struct {
		int held; /* the slot is ours: its page was not taken yet */
		size_t bytes;
	} slot[CHAN_MAX_SLOTS];
};

/* Nothing runs, and no slot is the engine's. */
void verify_init(struct verify *v, const struct chan *c, size_t page_cap);
/* A command is about to be sent; stream: of a CHAN_READ.  AB_EBUG: it may not be now. */
ab_status verify_command(struct verify *v, uint32_t command, uint32_t stream, struct error *e);
/* It was not sent after all. */
void verify_forget(struct verify *v, uint32_t command, uint32_t stream);
/* A CHAN_HOLD is about to be sent. */
void verify_hold(struct verify *v, int on);
/* Does anything run? */
int verify_busy(const struct verify *v);
int verify_reads(const struct verify *v, uint32_t stream);
/* AB_OK, and v has moved on; AB_EDATA: rubbish, with the reason. */
ab_status verify_message(struct verify *v, const struct chan_msg *m, struct error *e);
#endif
