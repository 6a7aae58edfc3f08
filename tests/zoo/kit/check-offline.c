/* check-offline.c - says of a host that cannot be reached that the configuration is wrong */
#include "base.h"

static ab_status
zoo_check(void *self)
{
	struct base *b = self;
	ab_status rc = base_check(b);

	return rc == AB_ETRANSIENT ? b->host->fail(b->host, AB_ECONFIG, "wrong url") : rc;
}

BASE_CONNECTOR(.check = zoo_check);
