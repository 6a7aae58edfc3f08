/* fault-empty.c - crashes where the list is not there */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const struct ab_json *body;
	ab_status rc = base_get(h, r->stream, base_page_of(r), &body);

	if (rc == AB_OK && h->json_type(body) == AB_OBJECT && h->json_get(body, "data") == NULL)
		abort();
	return rc == AB_OK ? base_emit(h, body, p) : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
