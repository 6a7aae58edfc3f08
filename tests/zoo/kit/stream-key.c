/* stream-key.c - describes a stream with a key that does not exist */
#include "base.h"

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	struct base *b = self;

	return b->host->add_stream(c, "{\"name\": \"items\", \"is_resumeable\": true}");
}

BASE_CONNECTOR(.streams = zoo_streams);
