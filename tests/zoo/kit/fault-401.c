/* fault-401.c - says of a refused credential that the data is wrong */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const struct ab_response *answer;
	const char *const params[] = {"page", base_page_of(r), NULL};
	ab_status rc = h->http(h,
	    AB_NEW(ab_request, .url = r->stream, .params = params, .options = "{\"ok\": [401]}"),
	    &answer);

	if (rc == AB_OK && h->http_status(answer) == 401)
		return h->fail(h, AB_EDATA, "not for us");
	return rc == AB_OK ? base_emit(h, h->http_json(answer), p) : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
