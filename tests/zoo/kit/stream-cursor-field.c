/* stream-cursor-field.c - has a cursor that its schema does not know */
#include "base.h"

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	struct base *b = self;

	return b->host->add_stream(c,
	    "{\"name\": \"items\", " BASE_ITEM_SCHEMA ", " BASE_ITEM_KEY ", "
	    "\"default_cursor_field\": [\"updated\"]"
	    ", " BASE_ITEM_MORE "}");
}

BASE_CONNECTOR(.streams = zoo_streams);
