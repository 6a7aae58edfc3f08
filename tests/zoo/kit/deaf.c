/* deaf.c - does not look at whether it is cancelled while it waits */
#define _DEFAULT_SOURCE
#include <unistd.h>

#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;

	/* what takes long, the first time */
	for (int i = 0;
	     i < 300 && b->count == 0 && !base_is_items(r) && !b->host->cancelled(b->host); i++)
		usleep(1000);
	b->count += !base_is_items(r);
	if (b->host->cancelled(b->host))
		usleep(1500000);
	return base_read_page(self, r, p);
}

BASE_CONNECTOR(.read_page = zoo_read_page);
