/* token-lost.c - does not know its own page tokens in another process */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;

	if (base_is_items(r) && r->token == NULL)
		b->count = 1;
	return r->token == NULL || b->count == 1 ? base_read_page(self, r, p) : AB_OK;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
