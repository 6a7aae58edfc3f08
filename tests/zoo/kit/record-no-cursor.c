/* record-no-cursor.c - has a record without a cursor */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	ab_status rc = base_read_page(self, r, p);

	return rc == AB_OK && base_is_items(r) && r->token != NULL && r->token[0] == '3'
	    ? base_emit_text(b->host, p, "{\"id\": 10, \"name\": \"x\"}")
	    : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
