/* readout.h - one read of a stream, as far as checks ask about it: hashes of its records, the tokens and states of its pages.
 *
 * Bounded: 8 bytes a record up to READOUT_MAX_RECORDS, and READOUT_MAX_TEXT bytes of tokens and states; a stream that has more
 * is read so far and no further, and says so (is_cut). */
#ifndef ABHOST_ACCEPT_READOUT_H
#define ABHOST_ACCEPT_READOUT_H
#include "accept/act.h"
#include "data/scan.h"

#define READOUT_MAX_RECORDS 2000000
#define READOUT_MAX_PAGES   100000
#define READOUT_MAX_TEXT    ((size_t)32 << 20)

struct readout_page {
	uint32_t part;
	size_t first, n; /* its records */
	char *token;	 /* NULL: the last */
	char *state;	 /* behind it, as JSON; NULL: none */
};

struct readout_part {
	char *json;  /* NULL: the only one */
	char *last;  /* cursor value of its last record so far, as JSON; NULL: none */
	char *state; /* cursor value of its last state; NULL: none */
};

struct judge; /* judge.h: looks at each record of a first read */

struct readout {
	const struct plan_stream *plan;
	int is_done;	    /* it has ended, well or not */
	int is_cut;	    /* there would be more */
	int is_restarted;   /* the token that it began at was refused */
	struct error error; /* why it ended; AB_OK: well */
	char missing[1400]; /* the request that is not in the fixtures, or "" */
	char warned[512];   /* the first warning of the connector's, or "" */
	struct readout_page *pages;
	struct readout_part *parts;
	size_t npages, nparts, nrecords;
	uint64_t *records; /* hashes */
	size_t text;	   /* bytes of tokens and states */
	/* private */
	size_t cap_pages, cap_parts, cap_records;
	struct scan scan;
	struct judge *judge;
};

void readout_init(struct readout *r, const struct plan_stream *plan, struct judge *judge);
void readout_fini(struct readout *r);
/* Begins a read of the source's; committed as source_read has it, NULL: none. */
void readout_begin(struct readout *r, struct act *a, uint32_t index, const char *committed);
/* Takes events until all n have ended; the read of index i is r[i]'s. */
void readouts_run(struct act *a, struct readout *r, size_t n);
/* The whole, alone, in a process of its own. */
void
readout_whole(struct readout *r, struct kit *k, const struct act_options *o, const char *committed);
/* The hashes in their order, to be freed; NULL: no memory. */
uint64_t *readout_sorted(const struct readout *r);
/* 1: the same records, each as often, in any order.  -1: no memory. */
int readout_same(const struct readout *a, const struct readout *b);
/* The greatest cursor value so far, in the host's form of a state: {"updated_at": ...}. NULL: none, or no memory. */
char *readout_host_state(const struct plan_stream *plan, const char *value);
#endif
