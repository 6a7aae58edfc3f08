/* stream-modes.c - is sorted by nothing */
#include "base.h"

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	struct base *b = self;

	return b->host->add_stream(
	    c, "{\"name\": \"items\", " BASE_ITEM_SCHEMA ", \"sorted\": true}");
}

BASE_CONNECTOR(.streams = zoo_streams);
