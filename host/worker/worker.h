/* worker.h - a worker's life: commands from the engine, one connector, a source of it in each lane (lane.h). */
#ifndef ABHOST_WORKER_H
#define ABHOST_WORKER_H

/* Serves the channel until the engine ends it; takes the descriptors but for so_fd, which stays open for as long as
 * the process lives (see load.h).  Returns the exit status: 0 where the engine said so.  Called from a thread that
 * nothing else needs: it becomes the receiving one. */
int worker_run(int fd, int mem_fd, int so_fd);
#endif
