/* crowd.c - see crowd.h. */
#include "net/crowd.h"

unsigned
crowd_allowed(const struct crowd *c)
{
	return c->allowed != 0 ? c->allowed : c->most;
}

int
crowd_may_enter(const struct crowd *c)
{
	unsigned allowed = crowd_allowed(c);

	return allowed == 0 || c->inside < allowed;
}

unsigned
crowd_enter(struct crowd *c)
{
	c->inside++;
	return c->halvings;
}

/* What was under way says more than what was allowed: a cap of 64 that one request is using is not halved to 32. */
static void
halve(struct crowd *c)
{
	unsigned now = crowd_allowed(c);

	if (now == 0 || c->inside < now)
		now = c->inside;
	c->allowed = now / 2 > 0 ? now / 2 : 1;
	c->good = 0;
	c->halvings++;
}

void
crowd_leave(struct crowd *c, unsigned ticket, enum crowd_news news)
{
	if (news == CROWD_TIRED && ticket == c->halvings)
		halve(c);
	c->inside--;
	if (news != CROWD_FINE || c->allowed == 0 || ++c->good < CROWD_GOOD)
		return;
	c->good = 0;
	c->allowed++;
	if (c->allowed == c->most)
		c->allowed = 0;
}
