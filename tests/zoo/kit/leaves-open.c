/* leaves-open.c - does not close a file that it has opened */
#define _DEFAULT_SOURCE
#include <fcntl.h>

#include "base.h"

static int last;

static ab_status
zoo_open(struct ab_host *h, void **self)
{
	last = open("/dev/null", O_RDONLY | O_CLOEXEC);
	return last < 0 ? h->fail(h, AB_EBUG, "no /dev/null") : base_open(h, self);
}

BASE_CONNECTOR(.open = zoo_open);
