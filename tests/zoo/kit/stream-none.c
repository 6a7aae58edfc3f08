/* stream-none.c - has no stream */
#include "base.h"

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	(void)self;
	(void)c;
	return AB_OK;
}

BASE_CONNECTOR(.streams = zoo_streams);
