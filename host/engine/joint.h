/* joint.h - streams that share one state, as an Airbyte source has it that sends GLOBAL or LEGACY ones: whose state is
 * this, and may it be committed?
 *
 * Each stream stores its part of such a state, and the next run begins for all of them at the oldest part that it finds.  A
 * stream that went on without another would have rows twice then, or the other miss some.  So what is committed are always
 * the parts of one state, all of them:
 * - A part says that it is one (joint, in source.h), and whether the next page has another: nothing is committed before the
 *   last one.  A read that begins at such a state says so, too.
 * - Once a stream is given up on our side, no commit is sent: that stream has not what the others' parts say.  All end with it
 *   at what is committed.  In a first run it may be given up before a state has come, so it is noted in every case.
 * - The writer may have refused a stream of which the reader does not know when it sends a commit.  So the commit says that
 *   it is of such states (is_joint, in writer.h), and the writer then fails it.
 * - What the source itself calls failed is not given up: it has sent the parts of that stream as those of all.  Unless its
 *   rows can be taken back only together with those of the others, which would then go on without it.
 * Of the reader's thread. */
#ifndef ABHOST_JOINT_H
#define ABHOST_JOINT_H
#include "source/source.h"

struct joint {
	int is_on;	  /* states are those of all streams */
	int is_partial;	  /* of the last one other parts are to come */
	size_t stream;	  /* the first that was given up, and */
	struct error why; /* AB_OK: none was */
};

/* An event came. */
void joint_take(struct joint *j, const struct source_event *ev);
/* The stream is given up. */
void joint_lose(struct joint *j, size_t stream, const struct error *why);
/* All streams are to end. */
int joint_is_lost(const struct joint *j);
int joint_may_commit(const struct joint *j);
/* Why another stream ends; name: of the one that was given up. */
void joint_tell(const struct joint *j, const char *name, struct error *e);
#endif
