/* response.c - one finished exchange; its memory is used again by the next one. */
#include "net/response.h"

#include <stdlib.h>

#include "net/transfer.h"

struct http_response *
response_new(struct http *owner, size_t body_cap)
{
	struct http_response *resp = calloc(1, sizeof(*resp));

	if (resp == NULL)
		return NULL;
	resp->owner = owner;
	headers_init(&resp->headers);
	body_init(&resp->body, body_cap);
	buf_init(&resp->what, 2 * URL_MAX);
	return resp;
}

void
response_free(struct http_response *resp)
{
	if (resp == NULL)
		return;
	headers_fini(&resp->headers);
	body_fini(&resp->body);
	buf_fini(&resp->what);
	free(resp);
}

void
response_reset(struct http_response *resp)
{
	resp->status = 0;
	resp->streamed = 0;
	resp->body.len = 0;
	headers_reset(&resp->headers);
	buf_reset(&resp->what);
}

void
response_empty(struct http_response *resp)
{
	transfer_close(resp->stream);
	resp->stream = NULL;
	resp->body.len = 0;
	(void)body_close(&resp->body); /* it had its padding before */
}

int
http_response_status(const struct http_response *resp)
{
	return resp->status;
}

const char *
http_response_header(const struct http_response *resp, const char *name)
{
	return headers_get(&resp->headers, name);
}

struct ab_str
http_response_body(const struct http_response *resp)
{
	return (struct ab_str){resp->body.ptr, resp->body.len};
}

const char *
http_response_what(const struct http_response *resp)
{
	return buf_str(&resp->what);
}
