/* token-again.c - names the page that it has just read as the next one */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	ab_status rc = base_read_page(self, r, p);

	return rc == AB_OK && r->token != NULL ? b->host->next(p, r->token) : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
