/* state-back.c - goes back with its state */
#include "base.h"

static ab_status
zoo_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const struct ab_json *first = h->json_at(seen->records, 0);

	if (strcmp(seen->stream, "items") == 0 && ab_cint(h, first, "id", 0) == 7)
		return h->set_state(out, "{\"updated_at\": \"2026-10-01T10:00:00Z\"}");
	return base_update_state(self, seen, out);
}

BASE_CONNECTOR(.update_state = zoo_update_state);
