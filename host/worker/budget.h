/* budget.h - memory as a budget: which lane may fetch now, so that the bodies that lanes hold do not take too much
 * together.
 *
 * A lane asks before it fetches, with the bytes that it will hold then; those that must wait are served in the order in
 * which they came.  Nobody waits for ever: where no lane is going on that has something to give back, the first one may
 * go, whatever it takes.  Pure but for its structs: whoever uses it holds a lock, and does the waiting. */
#ifndef ABHOST_BUDGET_H
#define ABHOST_BUDGET_H
#include <stddef.h>

struct budget_share { /* a lane's; zeroed at first */
	size_t bytes;
	int resting; /* it sleeps, or waits here: nothing comes back from it soon */
	int queued;
	struct budget_share *next;
};

struct budget {
	size_t memory; /* 0: no limit */
	size_t used;
	unsigned going; /* shares that hold something and do not rest */
	struct budget_share *first, *last;
};

/* May this share come to hold so many bytes in all? */
int budget_may(const struct budget *b, const struct budget_share *s, size_t bytes);
/* It holds so many from now on; 1: there is a reason for those who wait to ask again. */
int budget_set(struct budget *b, struct budget_share *s, size_t bytes, int resting);
/* It waits for its turn, no longer. */
void budget_enqueue(struct budget *b, struct budget_share *s);
void budget_dequeue(struct budget *b, struct budget_share *s);
/* What the next body is expected to take, from the greatest seen of late; 0 bytes seen: nothing is known, and two may
 * find out at the same time. */
size_t budget_expect(const struct budget *b, size_t seen);
/* A body of so many bytes came: what is expected after it. */
size_t budget_learn(size_t seen, size_t bytes);
#endif
