/* record-number.c - has a record that is no object */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	ab_status rc = base_read_page(self, r, p);

	return rc == AB_OK && !base_is_items(r) ? base_emit_text(b->host, p, "[7]") : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
