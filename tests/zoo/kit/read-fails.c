/* read-fails.c - cannot read one of its streams */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;

	return base_is_items(r) ? base_read_page(self, r, p)
				: b->host->fail(b->host, AB_EDATA, "no tags today");
}

BASE_CONNECTOR(.read_page = zoo_read_page);
