/* leaks-token.c - puts its credential into a record */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	char text[256];
	ab_status rc = base_read_page(self, r, p);

	snprintf(text, sizeof(text), "{\"tag\": \"by %s\"}", ab_cstr(h, h->config(h), "token", ""));
	return rc == AB_OK && !base_is_items(r) ? base_emit_text(h, p, text) : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
