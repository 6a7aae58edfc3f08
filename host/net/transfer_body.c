/* transfer_body.c - what arrives, on its way into a response's body or a stream's chunk.
 *
 * Must never hold more than a body's max, a chunk and what libcurl hands over at a time. */
#include <config.h>

#include <string.h>
#include <strings.h>

#include "net/transfer_private.h"

#define HOLD_BYTES \
	((size_t)4 << 20) /* encoded bodies up to here are kept, to be decoded in one step */
/* Encoded bytes that decode to less than themselves are no body that anyone means. */
#define EXCESS(max) ((uint64_t)(max) + (max) / 8 + (1u << 20))

/* One call per line.  A status line begins again: after 1xx, and after a proxy's own answer. */
size_t
exchange_header(char *line, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	struct headers *h = &x->resp->headers;
	const size_t all = size * n;
	const char *colon = memchr(line, ':', all), *value, *end = line + all;

	if (all > 5 && strncasecmp(line, "HTTP/", 5) == 0) {
		headers_reset(h);
		x->has_head = 0;
		return all;
	}
	x->has_head |= line[0] == '\r' || line[0] == '\n';
	if (colon == NULL || colon == line || x->has_begun || memchr(line, '\0', all) != NULL)
		return all;
	for (value = colon + 1; value < end && (*value == ' ' || *value == '\t'); value++)
		;
	while (end > value && (unsigned char)end[-1] <= ' ')
		end--;
	if (headers_join(h, line, (size_t)(colon - line), value, (size_t)(end - value)) == 0)
		return all;
	x->refusal = REFUSED_HEADERS;
	return 0;
}

/* -1 with the refusal. */
static int
refuse(struct exchange *x, enum refusal why)
{
	x->refusal = why;
	return -1;
}

/* What the body is packed with: by its header, or, where that says nothing, by its first bytes. */
static int
find_kind(struct exchange *x, const char *bytes, size_t n)
{
	const char *said = headers_get(&x->resp->headers, "Content-Encoding");
	enum decode_kind seen = decode_sniff(bytes, n);
	int kind = decode_kind_of(said);

	if (kind < 0) {
		strncat(x->encoding, said, sizeof(x->encoding) - 1);
		return refuse(x, REFUSED_ENCODING);
	}
	x->kind = kind == DECODE_PLAIN ? seen : (enum decode_kind)kind;
	if (x->kind != DECODE_DEFLATE && n >= 4 && seen != x->kind) {
		body_add(&x->raw, bytes, n < 200 ? n : 200);
		return refuse(x, REFUSED_UNLIKE);
	}
	decode_begin(&x->decode, x->kind);
	return 0;
}

static int
begin_body(struct exchange *x, const char *bytes, size_t n)
{
	struct body *b = &x->resp->body;
	curl_off_t length = -1;
	long status = 0;

	x->has_begun = 1;
	if (find_kind(x, bytes, n) != 0)
		return -1;
	curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
	x->is_stream = x->wants_stream && status >= 200 && status < 300;
	curl_easy_getinfo(x->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (x->is_stream || length <= 0)
		return 0;
	if (x->kind != DECODE_PLAIN)
		x->is_piecewise = (uint64_t)length > HOLD_BYTES;
	else if ((uint64_t)length > b->max)
		return refuse(x, REFUSED_LARGE);
	else
		body_reserve(b, (size_t)length);
	return 0;
}

static int
take(struct exchange *x, enum decode_result r)
{
	switch (r) {
	case DECODE_OK:
		return 0;
	case DECODE_FULL:
		return refuse(x, REFUSED_LARGE);
	case DECODE_NO_MEMORY:
		return refuse(x, REFUSED_MEMORY);
	default:
		return refuse(x, REFUSED_DAMAGED);
	}
}

static int
push(struct exchange *x, const char *bytes, size_t n)
{
	return take(x, decode_push(&x->decode, &bytes, &n, &x->resp->body));
}

/* A body that is taken whole. */
static int
add_to_body(struct exchange *x, const char *bytes, size_t n)
{
	struct body *b = &x->resp->body;

	if (x->kind == DECODE_PLAIN) {
		if (n > b->max - b->len)
			return refuse(x, REFUSED_LARGE);
		return body_add(b, bytes, n) == 0 ? 0 : refuse(x, REFUSED_MEMORY);
	}
	if (x->received > EXCESS(b->max))
		return refuse(x, REFUSED_LARGE);
	if (!x->is_piecewise && x->raw.len + n <= HOLD_BYTES)
		return body_add(&x->raw, bytes, n) == 0 ? 0 : refuse(x, REFUSED_MEMORY);
	if (!x->is_piecewise && push(x, x->raw.ptr, x->raw.len) != 0)
		return -1;
	x->is_piecewise = 1;
	x->raw.len = 0;
	return push(x, bytes, n);
}

void
exchange_fill(struct exchange *x)
{
	const char *bytes;
	size_t n = x->raw.len - x->raw_at;
	enum decode_result r;

	if (x->kind == DECODE_PLAIN || x->refusal != REFUSED_NOT || (n == 0 && !x->decode.has_more))
		return;
	bytes = x->raw.ptr + x->raw_at;
	r = decode_push(&x->decode, &bytes, &n, &x->chunk);
	if (r != DECODE_FULL)
		(void)take(x, r);
	x->raw_at = x->raw.len - n;
	if (n == 0)
		x->raw.len = x->raw_at = 0;
}

/* 0: taken; 1: it must wait; -1: refused. */
static int
add_to_chunk(struct exchange *x, const char *bytes, size_t n)
{
	struct body *to = x->kind == DECODE_PLAIN ? &x->chunk : &x->raw;

	if (x->is_lent || x->chunk.len >= STREAM_CHUNK || x->raw.len > 0 || x->decode.has_more)
		return 1;
	if (body_add(to, bytes, n) != 0)
		return refuse(x, REFUSED_MEMORY);
	exchange_fill(x);
	return x->refusal == REFUSED_NOT ? 0 : -1;
}

size_t
exchange_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct exchange *x = ctx;
	int rc = 0;

	n *= size;
	if (n == 0)
		return 0;
	x->received += n;
	if (x->is_drained)
		return n;
	if (!x->has_begun)
		rc = begin_body(x, bytes, n);
	if (rc == 0 && x->is_stream)
		rc = add_to_chunk(x, bytes, n);
	else if (rc == 0)
		rc = add_to_body(x, bytes, n);
	if (rc <= 0)
		return rc == 0 ? n : 0;
	x->received -= n;
	x->is_paused = 1;
	return CURL_WRITEFUNC_PAUSE;
}

int
exchange_complete(struct exchange *x)
{
	struct body *b = &x->resp->body;
	enum decode_result r = DECODE_OK;

	if (x->kind != DECODE_PLAIN && x->has_begun && !x->is_stream && !x->is_piecewise)
		r = decode_whole(&x->decode, x->kind, x->raw.ptr, x->raw.len, b);
	else if (x->kind != DECODE_PLAIN && x->has_begun)
		r = decode_end(&x->decode);
	if (r == DECODE_CUT)
		return 1;
	(void)take(x, r);
	return 0;
}
