/* world.h - a source and a destination in memory, in the place of the real ones, for the laws of the engine.
 *
 * The source serves records with an id and a cursor "at", page by page, from the state or the token that it is told is
 * committed; it can fail, die, refuse tokens and pause.  Its streams all have the same records; streams and partitions that
 * it reads at once take turns in an order that a seed decides.  The destination has transactions and modes, and can fail at any
 * of its calls, after which nothing of it works until the next run: to the engine that is a full disk, to what is
 * committed it is a crash. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H
#include <stdint.h>

#include "engine/sync.h"

#define WORLD_RECORDS 128
#define WORLD_ROWS    512
#define WORLD_STREAMS 4
#define WORLD_LANES   8

struct world_record {
	int id, at, part; /* at below 0: it has none; part 0: the stream has no partitions */
};

struct world_row {
	int id, at, part;
	int is_keyless; /* its key is NULL: in append_dedup it equals no other */
	int64_t us, generation_id;
};

struct world_table {
	struct world_row rows[WORLD_ROWS];
	size_t n;
};

struct world_source {
	struct world_record records[WORLD_RECORDS]; /* in the order in which they are served */
	size_t n;
	int parts; /* 0: none, else as many */
	int page_size;
	int sorted, resumable, own_state, has_key; /* as the stream describes itself */
	int keyless;	    /* every fourth id is null: "row" has the number, as of all */
	int has_likes;	    /* fill and grow add records that are alike to the last byte */
	int fail_part;	    /* the partition that fails whenever it is read, 0: none */
	int fail_at;	    /* the page of the run at which it fails, 0: never; */
	int dies;	    /* and is dead then */
	int is_stale;	    /* refuses every token */
	int empty_token_at; /* the page whose token is "", 0: none */
	int pauses;	    /* waits behind every page and partition, so that the engine commits */
	int second_stream;  /* there is one more, */
	int second_is_good; /* and it does not fail at its first page */
	int streams;	    /* as many, of good ones; 0: as above */
	ab_status
	    fails[WORLD_STREAMS]; /* what each of them fails with at once, AB_OK: it does not */
	unsigned seed;		  /* of the turns; 0: in order */
	int shared_state;	  /* partition_state: its partitions have one state together */
	int is_deaf; /* hears no cancel; SIGTERM comes with the SIGINT, and then it says nothing more */
	int raise_at;	  /* the page of the run at which SIGINT comes, 0: never */
	int garbage_at;	  /* the page that is not JSON, 0: none */
	int bad_about_at; /* the page about which something is said that is not JSON, 0: none */
	int respells;	  /* writes its partitions' JSON in another way */
	int null_state;	  /* own_state: it keeps none */
	int state_every; /* world_program.c: a state comes behind the values of "at" that this divides, and the last */
	int ends_at; /* world_program.c: the last value, 0: there is none such */
};

struct world_dest {
	int fail_at;	 /* the call at which it breaks, 0: never */
	int calls;	 /* so far in this run */
	int refuses;	 /* does not begin the first stream: it is not its table */
	int keeps_rows;	 /* it cannot take rows back */
	ab_status wrong; /* what a write to the first stream says, AB_OK: all is well */
	int wrong_after; /* so many writes to it */
};

extern struct world_source world_source;
extern struct world_dest world_dest;
extern struct loader_file world_connector;

void world_reset(void);
/* What is committed of a stream. */
const struct world_table *world_table(size_t stream);
/* The state rows that are committed. */
const struct dest_state *world_states(size_t *n);
/* "things", "others", ... */
const char *world_stream_name(size_t stream);
int world_is_keyless(int id);
/* Most partitions that were open at once in the last run. */
int world_most_open(void);
/* How often records were asked for in the last run, for tests of resumption. */
int world_pages_served(void);
#endif
