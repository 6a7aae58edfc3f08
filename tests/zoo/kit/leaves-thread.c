/* leaves-thread.c - leaves a thread behind */
#include <pthread.h>
#include <unistd.h>

#include "base.h"

static void *
sleep_on(void *unused)
{
	while (unused == NULL)
		pause();
	return unused;
}

static ab_status
zoo_open(struct ab_host *h, void **self)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_on, NULL) == 0)
		pthread_detach(thread);
	return base_open(h, self);
}

BASE_CONNECTOR(.open = zoo_open);
