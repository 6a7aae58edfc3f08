/* read-crashes.c - crashes on the last page */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	if (r->token != NULL && strcmp(r->token, "3") == 0)
		abort();
	return base_read_page(self, r, p);
}

BASE_CONNECTOR(.read_page = zoo_read_page);
