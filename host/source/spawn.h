/* spawn.h - the worker's process: started with nothing but what it needs, ended for certain.
 *
 * The worker dies with the thread that started it (PR_SET_PDEATHSIG): start it from one that lives as long as the
 * source does. */
#ifndef ABHOST_SPAWN_H
#define ABHOST_SPAWN_H
#include <signal.h>
#include <sys/types.h>

#include "base/error.h"

struct spawn {
	pid_t pid;  /* 0: none; also the process group */
	int pid_fd; /* readable when the process has ended */
	int log_fd; /* what it prints, on either stream; does not block */
};

/* Runs abhost-worker with these three descriptors, which stay the caller's. */
ab_status spawn_worker(struct spawn *p, int fd, int mem_fd, int so_fd, struct error *e);
/* 1: it has ended, and *info says how; it is not reaped.  0: it runs. */
int spawn_ended(const struct spawn *p, siginfo_t *info);
/* Waits up to ms for its end; 1: it has ended. */
int spawn_wait(const struct spawn *p, int ms);
/* Kills the whole process group, reaps, closes. Nothing to do is fine. */
void spawn_end(struct spawn *p);
#endif
