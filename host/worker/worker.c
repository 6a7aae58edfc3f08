/* worker.c - see worker.h.  This thread receives; every function of the connector runs on a lane's. */
#include "worker/worker.h"

#include <stdlib.h>

#include "net/shared.h"
#include "worker/crash.h"
#include "worker/lane.h"

static int
start(struct worker *w)
{
	int rc;

	w->lane = calloc(w->up.chan.lanes, sizeof(*w->lane));
	if (w->lane == NULL || crumb_map(&w->crumbs, &w->up.chan) != 0 ||
	    http_shared_new(&w->opening.shared, NULL) != AB_OK)
		return -1;
	crash_watch(w->crumbs.head);
	pthread_mutex_lock(&w->up.lock);
	rc = lane_start(w);
	pthread_mutex_unlock(&w->up.lock);
	return rc;
}

/* Lanes that run start no others any more. */
static void
stop(struct worker *w)
{
	for (uint32_t i = 0; i < w->nlanes; i++)
		if (w->lane[i].has_thread)
			pthread_join(w->lane[i].thread, NULL);
	for (uint32_t i = 0; i < w->nlanes; i++)
		hosted_fini(&w->lane[i].hosted);
	sched_fini(&w->sched);
	opening_fini(&w->opening);
	free(w->lane);
}

int
worker_run(int fd, int mem_fd, int so_fd)
{
	struct worker *w = calloc(1, sizeof(*w));
	int rc = 1;

	if (w == NULL || uplink_init(&w->up, fd, mem_fd, NULL) != AB_OK) {
		free(w);
		return 1;
	}
	w->so_fd = so_fd;
	sched_init(&w->sched, &w->up, w->up.chan.lanes, lane_start, w);
	if (start(w) == 0) {
		uplink_serve(&w->up, sched_message, &w->sched);
		rc = 0;
	}
	stop(w);
	crumb_unmap(&w->crumbs);
	uplink_fini(&w->up);
	free(w);
	return rc;
}
