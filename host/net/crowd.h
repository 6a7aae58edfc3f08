/* crowd.h - how many requests may be under way to one origin at once: additive increase, multiplicative decrease.
 *
 * An answer that asks for rest (429, 503) halves the number, once for all requests that were under way together; so many good
 * answers let in one more.  Pure, not locked (gate.h). */
#ifndef ABHOST_CROWD_H
#define ABHOST_CROWD_H

#define CROWD_GOOD 20u /* good answers for one more */

enum crowd_news { CROWD_FINE, CROWD_TIRED, CROWD_NOTHING };

struct crowd {
	unsigned most;	  /* as the description has it; 0: any number */
	unsigned allowed; /* now; 0: as `most` */
	unsigned inside;
	unsigned good;
	unsigned halvings;
};

/* How many now; 0: any number. */
unsigned crowd_allowed(const struct crowd *c);
int crowd_may_enter(const struct crowd *c);
/* One more is under way; what it must hand to crowd_leave. */
unsigned crowd_enter(struct crowd *c);
/* It has ended; `ticket` is what crowd_enter returned. */
void crowd_leave(struct crowd *c, unsigned ticket, enum crowd_news news);
#endif
