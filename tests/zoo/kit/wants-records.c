/* wants-records.c - takes an empty list for an error */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const struct ab_json *body;
	ab_status rc = base_get(h, r->stream, base_page_of(r), &body);

	if (rc == AB_OK && h->json_len(h->json_get(body, "data")) == 0)
		return h->fail(h, AB_EDATA, "no records");
	return rc == AB_OK ? base_emit(h, body, p) : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
