/* state-counts.c - makes another state of the same page */
#include "base.h"

static long calls;

static ab_status
zoo_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct base *b = self;
	char text[128];

	if (strcmp(seen->stream, "items") != 0)
		return AB_OK;
	snprintf(
	    text, sizeof(text), "{\"updated_at\": \"2026-11-09T10:00:00Z\", \"n\": %ld}", calls++);
	return b->host->set_state(out, text);
}

BASE_CONNECTOR(.update_state = zoo_update_state);
