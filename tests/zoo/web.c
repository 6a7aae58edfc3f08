/* web.c - a connector over HTTP that does what others need not: gives responses back early, reads bodies in
 * pieces, takes an error for an answer.  Config: "url", "key". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <abhost/connector.h>

static ab_status
web_open(struct ab_host *h, void **self)
{
	*self = h;
	return h->endpoint(h,
	    "{\"base_url\": {\"config\": \"url\"}, "
	    "\"auth\": {\"type\": \"bearer\", \"config\": \"key\"}}");
}

static void
web_close(void *self)
{
	(void)self;
}

/* Logs the answer, put together from its pieces. */
static ab_status
web_check(void *self)
{
	struct ab_host *h = self;
	const struct ab_response *r;
	struct ab_str chunk;
	char text[256];
	int n;
	ab_status rc =
	    h->http(h, AB_NEW(ab_request, .url = "none", .options = "{\"ok\": [404]}"), &r);

	if (rc != AB_OK)
		return rc;
	n = snprintf(text, sizeof(text), "%d: ", h->http_status(r));
	do {
		rc = h->http_read(r, &chunk);
		n +=
		    snprintf(text + n, sizeof(text) - (size_t)n, "%.*s", (int)chunk.len, chunk.ptr);
	} while (rc == AB_OK && chunk.len > 0);
	snprintf(text + n, sizeof(text) - (size_t)n, ", and no more");
	h->log(h, AB_INFO, text);
	h->http_done(r);
	return rc;
}

static ab_status
web_streams(void *self, struct ab_catalog *c)
{
	struct ab_host *h = self;

	return h->add_stream(c, "{\"name\": \"items\"}");
}

static ab_status
web_read_page(void *self, const struct ab_read *read, struct ab_page *page)
{
	struct ab_host *h = self;
	const struct ab_response *r;
	ab_status rc = h->http(h,
	    AB_NEW(ab_request, .url = read->stream,
		.params = (const char *const[]){"token", read->token, NULL}),
	    &r);

	if (rc == AB_OK)
		rc = h->emit(page, h->json_get(h->http_json(r), "data"));
	if (rc == AB_OK)
		rc = h->next(page, ab_cstr(h, h->http_json(r), "next", NULL));
	if (rc != AB_OK)
		return rc;
	h->http_done(r);
	/* Whose memory this answer would get, were it free already. */
	return h->http(h, AB_NEW(ab_request, .url = "none", .options = "{\"ok\": [404]}"), &r);
}

static ab_status
web_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct ab_host *h = self;
	long long sum = h->json_int(h->json_get(seen->state, "sum"));
	char text[64];

	for (size_t i = 0; i < h->json_len(seen->records); i++)
		sum += h->json_int(h->json_get(h->json_at(seen->records, i), "id"));
	snprintf(text, sizeof(text), "{\"sum\": %lld}", sum);
	return h->set_state(out, text);
}

AB_CONNECTOR(.id = "web", .version = "1.0.0",
    .spec = "{\"type\": \"object\", \"properties\": "
	    "{\"key\": {\"type\": \"string\", \"airbyte_secret\": true}}}",
    .open = web_open, .close = web_close, .check = web_check, .streams = web_streams,
    .read_page = web_read_page, .update_state = web_update_state);
