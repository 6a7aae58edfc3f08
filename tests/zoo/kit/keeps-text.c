/* keeps-text.c - keeps a text of a view for the next call */
#include "base.h"

static volatile char last;

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;

	if (b->kept != NULL)
		last = *(const char *)b->kept;
	b->kept = ab_cstr(b->host, r->configured, "sync_mode", NULL);
	return base_read_page(self, r, p);
}

BASE_CONNECTOR(.read_page = zoo_read_page);
