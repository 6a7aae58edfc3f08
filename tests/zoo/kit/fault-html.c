/* fault-html.c - takes a page for people for the end */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const struct ab_response *answer;
	const char *const params[] = {"page", base_page_of(r), NULL};
	ab_status rc = h->http(h, AB_NEW(ab_request, .url = r->stream, .params = params), &answer);

	if (rc == AB_OK && h->http_body(answer).ptr[0] == '<')
		return AB_OK;
	return rc == AB_OK ? base_emit(h, h->http_json(answer), p) : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
