/* logs-token.c - logs its credential in a form that nobody recognizes */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const char *token = ab_cstr(h, h->config(h), "token", "");
	char text[256];
	int n = snprintf(text, sizeof(text), "signed with ");

	for (; *token != '\0' && n < 200; token++)
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%02x", (unsigned char)*token);
	h->log(h, AB_INFO, text);
	return base_read_page(self, r, p);
}

BASE_CONNECTOR(.read_page = zoo_read_page);
