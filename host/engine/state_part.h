/* state_part.h - where the read of one partition stands, as it is committed, or will be with the next checkpoint. */
#ifndef ABHOST_STATE_PART_H
#define ABHOST_STATE_PART_H
#include "engine/track.h"

/* A state, and the records that stand at it. */
struct state_point {
	char *json;	/* what the connector gets; NULL: none */
	char *cursor;	/* the greatest value as JSON, or NULL */
	uint64_t *edge; /* hashes of the records at it */
	size_t nedge;
};

struct state_part {
	struct state_part *next;
	char *partition;	 /* JSON, "" for the only one, or for what all share */
	struct state_point base; /* where a read begins */
	struct state_point
	    run;     /* as of token; in a refresh also the final one of a partition that is done */
	char *token; /* the next page, or NULL */
	uint64_t *met; /* hashes of base's edge that have come again before token (track.h) */
	size_t nmet;
	int64_t pages, started_us; /* started_us 0: no unfinished read */
	int64_t
	    void_us; /* rows since then go before the read goes on: nothing covers them; 0: none */
	int lane;    /* that the times of its rows end in (dest.h), or DEST_NO_LANE */
	int done;    /* ended in the unfinished read */
	int dirty;   /* differs from its row */
	int is_open; /* is being read now */
	int is_own; /* as stored: run, of all partitions, is of a read in which each keeps a state, too (state_adopt) */
	/* private */
	int refreshed;
};

/* Replaces *text by a copy; len 0: by NULL. -1: no memory. */
int state_set(char **text, const char *bytes, size_t len);
/* Replaces the point by copies; track may be NULL. -1: no memory, and it is what it was. */
int state_set_point(struct state_point *p, const char *json, size_t len, const struct track *t);
int state_set_edge(struct state_point *p, const uint64_t *hashes, size_t n);
/* What the read has met before its token; track NULL: nothing. -1: no memory. */
int state_set_met(struct state_part *p, const struct track *t);
int state_copy_point(struct state_point *to, const struct state_point *from);
/* The value that a state of abhost's own holds for the cursor field; *out is malloc'ed, NULL: none. -1: no memory. */
int state_point_value(const struct state_point *p, const char *const *path, char **out);
void state_point_fini(struct state_point *p);
void state_part_fini(struct state_part *p);
/* The unfinished read of the partition is forgotten; where it begins stays. */
void state_part_forget(struct state_part *p);
#endif
