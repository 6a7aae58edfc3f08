/* open-fails.c - cannot be opened */
#include "base.h"

static ab_status
zoo_open(struct ab_host *h, void **self)
{
	*self = NULL;
	return h->fail(h, AB_EBUG, "cannot be opened");
}

BASE_CONNECTOR(.open = zoo_open);
