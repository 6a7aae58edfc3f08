/* sched.h - what a lane does next: the one place that knows all reads that run and all lanes.
 *
 * Tasks: a command, which runs alone on lane 0; the beginning of a read; one page of its list of partitions, when few are
 * waiting; one page of a partition; the end of a read, when nobody works for it any more.
 * A free lane goes to the read that has the fewest; a lane that has a partition stays with it until its end, and one that
 * has begun to list partitions does all of that, before all else: its source may keep what it needs for the next page.  Where no
 * lane is free and none can be started, a lane takes the partition of a read that has no lane at all besides its own,
 * and reads a page of each in turn: so nothing waits for the end of somebody else's partition.
 * Lanes are started when there are more tasks than lanes that are free, or on their way; never before. */
#ifndef ABHOST_SCHED_H
#define ABHOST_SCHED_H
#include "worker/reading.h"
#include "worker/uplink.h"

enum task_type {
	TASK_COMMAND,
	TASK_HELD,  /* answer so many CHAN_HOLDs */
	TASK_BEGIN, /* read */
	TASK_LIST,  /* read */
	TASK_PART,  /* waiting: announce it, and it is the lane's */
	TASK_PAGE,  /* of the lane's own first partition */
	TASK_END    /* read: it is the lane's to answer and to free */
};

struct task {
	enum task_type type;
	struct reading *read;
	struct waiting *waiting;
	unsigned held;
	const struct chan_msg *command; /* until sched_command_done */
};

struct sched {
	struct uplink *up;
	pthread_cond_t work;
	pthread_mutex_t
	    announce; /* partitions are numbered and announced in one order; taken before up->lock */
	int (*start)(void *ctx); /* starts one more lane, under lock; -1: it cannot */
	void *ctx;
	/* under up->lock */
	struct uplink_lane *lane[CHAN_MAX_LANES];
	unsigned lanes, idle,
	    max; /* that run (or are starting); of these waiting for a task; there may be */
	int quit;
	int has_command, running, command_cancelled;
	struct chan_msg command;
	char *texts;
	struct reading *reads;
	uint64_t served;
	int hold;
	unsigned holds; /* not answered yet */
};

void sched_init(struct sched *s, struct uplink *up, unsigned max, int (*start)(void *), void *ctx);
void sched_fini(struct sched *s);
/* Is an uplink_message. */
int sched_message(void *sched, const struct chan_msg *m);

/* A lane begins; under lock where it is called by `start`. */
void sched_add_lane(struct sched *s, struct uplink_lane *l);
/* It could not open its source: there will be no more than those that run; returns how many. */
unsigned sched_drop_lane(struct sched *s, struct uplink_lane *l);
/* Waits for the lane's next task; own: of its first partition, or NULL; may_command: it is lane 0.  -1: quit. */
int sched_next(
    struct sched *s, struct uplink_lane *l, struct reading *own, int may_command, struct task *out);
/* The command has ended; before that is said, for the next may come at once. */
void sched_command_done(struct sched *s, struct uplink_lane *l);
/* A task for r has ended, and the lane's claim on r with it; e and where: how, if it failed.  has_more: partitions of the
 * lane's own. */
void sched_leave(struct sched *s, struct uplink_lane *l, int has_more, struct reading *r,
    const struct error *e, const char *where);
/* The first part of r is written.  Where there is no list of partitions, only (taken) is all that is left to be read; NULL:
 * nothing is. */
void sched_ready(struct sched *s, struct reading *r, int has_list, struct waiting *only);
/* More partitions (taken) of r; is_last: there will be no more.  Others see them when the lane leaves r. */
void sched_add(struct sched *s, struct reading *r, struct waiting *first, size_t n, int is_last);
/* Announces the partition: AB_OK, and *part is its number; AB_ECANCELLED; SCHED_HELD: it waits again. */
#define SCHED_HELD 1
ab_status sched_announce(
    struct sched *s, struct reading *r, struct waiting *w, uint32_t *part, struct error *e);
/* Answers CHAN_HOLD. */
ab_status sched_say_held(struct sched *s, const struct task *t, struct error *e);
#endif
