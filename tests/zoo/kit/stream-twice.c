/* stream-twice.c - has two streams of one name */
#include "base.h"

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	struct base *b = self;
	ab_status rc = base_streams(self, c);

	return rc == AB_OK ? b->host->add_stream(c, BASE_TAGS) : rc;
}

BASE_CONNECTOR(.streams = zoo_streams);
