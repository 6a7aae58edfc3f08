/* state-asks.c - asks the API for its state */
#include "base.h"

static ab_status
zoo_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct base *b = self;
	const struct ab_json *body;
	ab_status rc = base_get(b->host, "account", NULL, &body);

	return rc == AB_OK ? base_update_state(self, seen, out) : rc;
}

BASE_CONNECTOR(.update_state = zoo_update_state);
