/* check-fails.c - does not like a good configuration */
#include "base.h"

static ab_status
zoo_check(void *self)
{
	struct base *b = self;

	return b->host->fail(b->host, AB_ECONFIG, "no");
}

BASE_CONNECTOR(.check = zoo_check);
