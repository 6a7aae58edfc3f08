/* record-type.c - has a record that its schema does not allow */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	ab_status rc = base_read_page(self, r, p);

	return rc == AB_OK && !base_is_items(r) ? base_emit_text(b->host, p, "{\"tag\": 7}") : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
