/* stream-grows.c - has another stream when it is asked again */
#include "base.h"

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	struct base *b = self;
	ab_status rc = base_streams(self, c);

	if (rc == AB_OK && b->count++ > 0)
		rc = b->host->add_stream(c, "{\"name\": \"more\"}");
	return rc;
}

BASE_CONNECTOR(.streams = zoo_streams);
