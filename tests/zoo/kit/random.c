/* random.c - reads something else in each process */
#include <unistd.h>

#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const struct ab_json *body;
	ab_status rc = base_get(h, r->stream, base_page_of(r), &body);
	char text[64];

	if (rc == AB_OK)
		rc = base_emit(h, body, p);
	snprintf(text, sizeof(text), "{\"tag\": \"%ld\"}", (long)getpid());
	return rc == AB_OK && !base_is_items(r) && h->json_len(h->json_get(body, "data")) > 0
	    ? base_emit_text(h, p, text)
	    : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
