/* global.c - keeps in a global what belongs to one source */
#include "base.h"

static int opens;

static ab_status
zoo_open(struct ab_host *h, void **self)
{
	opens++;
	return base_open(h, self);
}

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	ab_status rc = base_read_page(self, r, p);

	return rc == AB_OK && opens > 1 ? base_emit_text(b->host, p, "{\"tag\": \"two\"}") : rc;
}

BASE_CONNECTOR(.open = zoo_open, .read_page = zoo_read_page);
