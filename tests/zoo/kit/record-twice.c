/* record-twice.c - has a record twice */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	ab_status rc = base_read_page(self, r, p);

	return rc == AB_OK && base_is_items(r) && r->token != NULL && r->token[0] == '3'
	    ? base_emit_text(b->host, p,
		  "{\"id\": 9, \"name\": \"item 9\", \"updated_at\": \"2026-11-09T10:00:00Z\"}")
	    : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
