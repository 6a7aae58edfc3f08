/* stream-schema.c - has a schema that is none */
#include "base.h"

static ab_status
zoo_streams(void *self, struct ab_catalog *c)
{
	struct base *b = self;

	return b->host->add_stream(
	    c, "{\"name\": \"items\", \"json_schema\": {\"type\": \"objct\"}}");
}

BASE_CONNECTOR(.streams = zoo_streams);
