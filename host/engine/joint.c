/* joint.c - see joint.h. */
#include "engine/joint.h"

void
joint_take(struct joint *j, const struct source_event *ev)
{
	j->is_on |= ev->joint;
	j->is_partial = ev->joined;
}

void
joint_lose(struct joint *j, size_t stream, const struct error *why)
{
	if (j->why.status != AB_OK)
		return;
	j->stream = stream;
	j->why = *why;
}

int
joint_is_lost(const struct joint *j)
{
	return j->is_on && j->why.status != AB_OK;
}

int
joint_may_commit(const struct joint *j)
{
	return !j->is_partial && !joint_is_lost(j);
}

void
joint_tell(const struct joint *j, const char *name, struct error *e)
{
	error_set(e, j->why.status,
	    "it ends with stream \"%s\", since a state of this source covers both; that failed: %s",
	    name, j->why.text);
}
