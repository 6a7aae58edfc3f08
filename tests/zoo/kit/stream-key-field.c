/* stream-key-field.c - has a primary key that its schema does not know */
#include "base.h"

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	struct base *b = self;

	return b->host->add_stream(c,
	    "{\"name\": \"items\", " BASE_ITEM_SCHEMA ", "
	    "\"source_defined_primary_key\": [[\"idd\"]]"
	    ", " BASE_ITEM_CURSOR ", " BASE_ITEM_MORE "}");
}

BASE_CONNECTOR(.streams = zoo_streams);
