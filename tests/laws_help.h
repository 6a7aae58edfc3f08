/* laws_help.h - one run of the engine in the world (world.h), and the check that its table holds the truth. */
#ifndef TESTS_LAWS_HELP_H
#define TESTS_LAWS_HELP_H
#include "world.h"

struct variant {
	const char *mode;
	int key, parts, sorted, resumable, own_state, shuffled;
};

extern struct sync_options options;
extern struct sync_report report; /* of the last run */
extern struct error err;
extern const char *mode; /* "things=incremental:append"; of all streams where there are several */
extern unsigned dice;	 /* the next roll follows from it */

/* 0 to n - 1, by chance. */
unsigned roll(unsigned n);
/* What the environment says. */
unsigned number_of(const char *variable, unsigned otherwise);
/* The fixture: an empty world in pages of three, no log. */
void setup(void);
/* One sync_run; fills report and err. */
ab_status run(void);
/* Records with ties within and across pages; `shuffled`: the cursor goes down at times. */
void fill(int shuffled);
/* New ones: at the edge's value, and above it; in append_dedup also a newer version of an old one. */
void grow(int with_update);
/* Every record once (dedup: its newest version), and nothing else; `what` names the case. */
void assert_truth(const char *what, int dedup);
/* The same of another stream. */
void assert_truth_of(size_t stream, const char *what, int dedup);
/* A world as the variant says, filled. */
void begin_variant(const struct variant *v);
#endif
