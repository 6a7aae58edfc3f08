/* fault-reset.c - blames the configuration for a lost connection */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const struct ab_response *answer;
	const char *const params[] = {"page", base_page_of(r), NULL};
	char text[4096];
	size_t n = 0;
	struct ab_str chunk = {"", 1};
	ab_status rc = h->http(h,
	    AB_NEW(ab_request, .url = r->stream, .params = params,
		.options = "{\"stream\": true, \"ok\": [429, 500]}"),
	    &answer);

	if (rc == AB_ETRANSIENT)
		return h->fail(h, AB_ECONFIG, "wrong url");
	if (rc == AB_OK && h->http_status(answer) >= 400)
		return h->fail(h, AB_ETRANSIENT, "later");

	while (rc == AB_OK && chunk.len > 0 && n < sizeof(text)) {
		rc = h->http_read(answer, &chunk);
		if (chunk.len < sizeof(text) - n)
			memcpy(text + n, chunk.ptr, chunk.len);
		n += chunk.len;
	}
	if (rc != AB_OK)
		return rc;
	h->http_done(answer);
	return base_emit(h, h->json_parse(h, (struct ab_str){text, n}), p);
}

BASE_CONNECTOR(.read_page = zoo_read_page);
