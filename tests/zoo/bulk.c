/* bulk.c - a connector that reads one large body of JSON lines over many pages, and holds a piece of it at a time.
 *
 * Config: "url", "key"; "path" (the stream's name); "page_bytes" (1 MB) a page at least; "do": something wrong instead
 * ("json", "body": asks a stream for its whole body; "forget": opens streams and never ends them; "leave": ends after the
 * first page).  A token is the number of bytes of whole lines so far: a read that goes on passes over them. */
#define _GNU_SOURCE /* memrchr */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <abhost/connector.h>

struct bulk {
	struct ab_host *host;
	const struct ab_response *body; /* open, or NULL */
	char token[32];			/* where it stands, as the last page said it */
	long long at, skip;		/* the same, and bytes to pass over on the way there */
	char *rest;			/* the begin of a line whose end has not come */
	size_t nrest, cap;
};

static ab_status
bulk_open(struct ab_host *h, void **self)
{
	struct bulk *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return AB_ENOMEM;
	*self = b;
	b->host = h;
	return h->endpoint(h,
	    "{\"base_url\": {\"config\": \"url\"}, "
	    "\"auth\": {\"type\": \"bearer\", \"config\": \"key\"}}");
}

static void
bulk_close(void *self)
{
	struct bulk *b = self;

	free(b->rest);
	free(b);
}

static ab_status
bulk_check(void *self)
{
	(void)self;
	return AB_OK;
}

static ab_status
bulk_streams(void *self, struct ab_catalog *c)
{
	struct bulk *b = self;

	return b->host->add_stream(c, "{\"name\": \"export\", \"is_resumable\": true}");
}

static ab_status
begin_body(struct bulk *b, const struct ab_read *read)
{
	struct ab_host *h = b->host;

	if (b->body != NULL)
		h->http_done(b->body);
	b->body = NULL;
	b->nrest = 0;
	b->at = b->skip = read->token != NULL ? strtoll(read->token, NULL, 10) : 0;
	return h->http(h,
	    AB_NEW(ab_request, .url = ab_cstr(h, h->config(h), "path", read->stream),
		.options = "{\"stream\": true}"),
	    &b->body);
}

static ab_status
keep_rest(struct bulk *b, const char *bytes, size_t n)
{
	char *grown;

	if (n == 0)
		return AB_OK;
	if (b->nrest + n > b->cap) {
		grown = realloc(b->rest, b->nrest + n);
		if (grown == NULL)
			return AB_ENOMEM;
		b->rest = grown;
		b->cap = b->nrest + n;
	}
	memcpy(b->rest + b->nrest, bytes, n);
	b->nrest += n;
	return AB_OK;
}

/* The whole lines go out, the begin of one is kept. */
static ab_status
emit_lines(struct bulk *b, struct ab_str chunk, struct ab_page *page)
{
	const char *end = memchr(chunk.ptr, '\n', chunk.len);
	size_t n;
	ab_status rc = AB_OK;

	if (end != NULL && b->nrest > 0) { /* the line that was begun */
		n = (size_t)(end + 1 - chunk.ptr);
		rc = keep_rest(b, chunk.ptr, n);
		if (rc == AB_OK)
			rc = b->host->emit_text(page, (struct ab_str){b->rest, b->nrest});
		b->at += (long long)b->nrest;
		b->nrest = 0;
		chunk = (struct ab_str){chunk.ptr + n, chunk.len - n};
	}
	end = memrchr(chunk.ptr, '\n', chunk.len);
	n = end == NULL ? 0 : (size_t)(end + 1 - chunk.ptr);
	if (rc == AB_OK && n > 0)
		rc = b->host->emit_text(page, (struct ab_str){chunk.ptr, n});
	b->at += (long long)n;
	return rc == AB_OK ? keep_rest(b, chunk.ptr + n, chunk.len - n) : rc;
}

/* The next bytes behind the first b->skip ones; an empty chunk is the end. */
static ab_status
next_chunk(struct bulk *b, struct ab_str *chunk)
{
	size_t pass;
	ab_status rc;

	do {
		rc = b->host->http_read(b->body, chunk);
		if (rc != AB_OK || chunk->len == 0)
			return rc;
		pass = (unsigned long long)b->skip < chunk->len ? (size_t)b->skip : chunk->len;
		b->skip -= (long long)pass;
		*chunk = (struct ab_str){chunk->ptr + pass, chunk->len - pass};
	} while (chunk->len == 0);
	return AB_OK;
}

static ab_status
do_wrong(struct bulk *b, const char *what, const struct ab_read *read)
{
	struct ab_host *h = b->host;
	ab_status rc = AB_OK;

	if (strcmp(what, "json") == 0)
		h->http_json(b->body);
	if (strcmp(what, "body") == 0)
		h->http_body(b->body);
	for (int i = 0; strcmp(what, "forget") == 0 && rc == AB_OK && i < 200; i++) {
		b->body = NULL;
		rc = begin_body(b, read);
	}
	return rc;
}

static ab_status
bulk_read_page(void *self, const struct ab_read *read, struct ab_page *page)
{
	struct bulk *b = self;
	struct ab_host *h = b->host;
	const char *what = ab_cstr(h, h->config(h), "do", "");
	long long page_bytes = ab_cint(h, h->config(h), "page_bytes", 1000000), begin;
	struct ab_str chunk = {"", 1};
	ab_status rc = AB_OK;

	if (b->body == NULL || read->token == NULL || strcmp(read->token, b->token) != 0)
		rc = begin_body(b, read);
	b->token[0] = '\0'; /* of no use, should this page fail */
	if (rc == AB_OK)
		rc = do_wrong(b, what, read);
	begin = b->at;
	while (rc == AB_OK && chunk.len > 0 && b->at - begin < page_bytes) {
		rc = next_chunk(b, &chunk);
		if (rc == AB_OK && chunk.len > 0)
			rc = emit_lines(b, chunk, page);
	}
	if (rc != AB_OK)
		return rc;
	if (chunk.len > 0) {
		snprintf(b->token, sizeof(b->token), "%lld", b->at);
		return strcmp(what, "leave") == 0 ? AB_OK : h->next(page, b->token);
	}
	rc = h->emit_text(page, (struct ab_str){b->rest, b->nrest});
	h->http_done(b->body);
	b->body = NULL;
	return rc;
}

AB_CONNECTOR(.id = "bulk", .version = "1.0.0",
    .spec = "{\"type\": \"object\", \"properties\": "
	    "{\"key\": {\"type\": \"string\", \"airbyte_secret\": true}}}",
    .open = bulk_open, .close = bulk_close, .check = bulk_check, .streams = bulk_streams,
    .read_page = bulk_read_page);
