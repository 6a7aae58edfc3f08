/* judge.h - what is wrong with the records of a read, found while they pass: the first of each kind, as a sentence. */
#ifndef ABHOST_ACCEPT_JUDGE_H
#define ABHOST_ACCEPT_JUDGE_H
#include "accept/readout.h"
#include "engine/cursor.h"

#define JUDGE_TEXT 900

struct judge {
	const struct plan_stream *plan;
	struct cursor cursor;
	uint64_t *keys; /* of each record, where the stream has a key */
	size_t nkeys, cap_keys;
	size_t looked;		  /* records that were compared with the schema */
	int has_text, has_number; /* cursor values */
	char json[JUDGE_TEXT], schema[JUDGE_TEXT], key[JUDGE_TEXT], cursor_fault[JUDGE_TEXT],
	    sorted[JUDGE_TEXT], state[JUDGE_TEXT];
	int failed; /* no memory */
};

void judge_init(struct judge *j, const struct plan_stream *plan);
void judge_fini(struct judge *j);
/* One page that was scanned; about: as the event had it. */
void judge_page(struct judge *j, struct readout *r, const struct source_event *ev, const char *page,
    const struct scan *s);
/* Two records of the same key, by their numbers from 0, into *a and *b; 0: there are none; -1: no memory. */
int judge_twice(const struct judge *j, size_t *a, size_t *b);
#endif
