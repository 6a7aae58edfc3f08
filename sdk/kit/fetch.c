/* fetch.c - one page: asked for, handed over, and what comes behind it. */
#include <stdlib.h>

#include "kit.h"

#define EMPTY_WINDOWS 100	 /* passed over in one call */
#define LINES_BYTES   (4u << 20) /* of a body of lines, in one page */

ab_status
fetch_init(struct fetch *f, struct rest *r, const struct rest_stream *s, const struct ab_read *read)
{
	ab_status rc;

	*f = (struct fetch){.rest = r, .h = r->host, .s = s, .read = read, .token = read->token};
	rc = request_size(r, s, read->limit, &f->size);
	if (rc == AB_OK)
		rc = span_enter(f);
	return rc == AB_OK && s->lines ? lines_enter(f) : rc;
}

/* The token for read_page of what comes behind this page; empty: nothing does. */
static ab_status
next_token(const struct fetch *f, const struct ab_response *resp, const struct found *found,
    struct text *out, int64_t *total)
{
	struct text token = {0};
	const char *own;
	ab_status rc = AB_OK;

	*total = -1;
	if (found->more.len == 0)
		rc = pager_next(f, resp, found, &token, total);
	own = found->more.len > 0 ? found->more.ptr : token.len > 0 ? token.ptr : NULL;
	if (rc == AB_OK && f->walks && (own != NULL || f->span.has_next))
		span_token(f, own, out);
	else if (rc == AB_OK && !f->walks && own != NULL)
		text_adds(out, own);
	text_fini(&token);
	return rc == AB_OK && (out->failed || found->more.failed) ? request_no_memory(f->rest) : rc;
}

static ab_status
get_response(const struct fetch *f, const struct ab_response **out)
{
	if (f->lines == NULL)
		return request_send(f, out);
	*out = lines_response(f->lines);
	return AB_OK;
}

/* *again: it was an empty window, and another one follows. */
static ab_status
fetch_one(
    const struct fetch *f, const struct sink *sink, struct text *next, int64_t *total, int *again)
{
	const struct ab_response *resp;
	struct found found = {.count = 0};
	ab_status rc = get_response(f, &resp);

	*again = 0;
	if (rc != AB_OK)
		return rc;
	rc = records_each(f, resp, sink, LINES_BYTES, &found);
	if (rc == AB_OK)
		rc = next_token(f, resp, &found, next, total);
	*again = rc == AB_OK && f->walks && found.count == 0 && next->len > 0;
	if (f->s->lines && (rc != AB_OK || found.more.len == 0))
		lines_end(f, resp);
	else if (*again)
		f->h->http_done(resp);
	text_fini(&found.more);
	return rc;
}

ab_status
fetch_page(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct sink *sink, struct text *next, int64_t *total)
{
	struct ab_read now = *read;
	struct text token = {0};
	struct fetch f;
	int again = 1;
	ab_status rc = AB_OK;

	*total = -1;
	for (int n = 0; rc == AB_OK && again && n < EMPTY_WINDOWS; n++) {
		struct text swap = token;

		token = *next; /* it holds what the window before has named */
		*next = swap;
		next->len = 0;
		now.token = n == 0 ? read->token : token.ptr;
		rc = fetch_init(&f, r, s, &now);
		if (rc != AB_OK || f.is_void)
			break;
		rc = fetch_one(&f, sink, next, total, &again);
	}
	text_fini(&token);
	return rc;
}

ab_status
rest_get(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response **out)
{
	struct fetch f;
	ab_status rc = fetch_init(&f, r, s, read);

	return rc == AB_OK ? get_response(&f, out) : rc;
}

ab_status
rest_next(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response *resp, size_t count, struct ab_page *out)
{
	struct fetch f;
	struct found found = {.count = count};
	struct text token = {0};
	int64_t total;
	ab_status rc = fetch_init(&f, r, s, read);

	if (rc == AB_OK && (s->pager.kind == REST_LAST_FIELD || s->cursor.feed))
		rc = records_each(&f, resp, NULL, 0, &found);
	if (rc == AB_OK)
		rc = next_token(&f, resp, &found, &token, &total);
	if (rc == AB_OK && token.len > 0)
		rc = r->host->next(out, token.ptr);
	if (s->lines)
		lines_end(&f, resp);
	text_fini(&token);
	return rc;
}

/* Records go to the page as they are. */
struct emit {
	struct ab_host *h;
	struct ab_page *page;
};

static ab_status
emit_records(void *ctx, const struct ab_json *records)
{
	const struct emit *e = ctx;

	return e->h->emit(e->page, records);
}

static ab_status
emit_text(void *ctx, struct ab_str text)
{
	const struct emit *e = ctx;

	return e->h->emit_text(e->page, text);
}

ab_status
rest_emit(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response *resp, struct ab_page *out, size_t *count)
{
	struct fetch f;
	struct emit emit = {r->host, out};
	const struct sink sink = {emit_records, emit_text, &emit};
	struct found found = {.count = 0};
	ab_status rc = fetch_init(&f, r, s, read);

	if (rc == AB_OK)
		rc = records_each(&f, resp, &sink, 0, &found);
	*count = found.count;
	return rc;
}

/* What is the same for all records of the page, and the total as progress. */
static ab_status
tell_about(struct rest *r, const struct rest_stream *s, const struct ab_read *read, int64_t total,
    struct ab_page *out)
{
	const struct fetch f = {.rest = r, .h = r->host, .s = s, .read = read};
	struct text members = {0}, about = {0};
	char number[48];
	ab_status rc = partition_constants(&f, &members);

	if (rc == AB_OK && members.len > 0) {
		text_adds(&about, "{\"constants\": {");
		text_add(&about, members.ptr, members.len);
		text_adds(&about, total >= 0 ? "}, " : "}");
	} else if (total >= 0) {
		text_adds(&about, "{");
	}
	if (total >= 0) {
		snprintf(number, sizeof(number), "\"total\": %lld", (long long)total);
		text_adds(&about, number);
	}
	if (about.len > 0)
		text_adds(&about, "}");
	if (rc == AB_OK && (about.failed || members.failed))
		rc = request_no_memory(r);
	if (rc == AB_OK && about.len > 0)
		rc = r->host->about(out, about.ptr);
	text_fini(&members);
	text_fini(&about);
	return rc;
}

ab_status
rest_read_stream(
    struct rest *r, const struct rest_stream *s, const struct ab_read *read, struct ab_page *out)
{
	struct emit emit = {r->host, out};
	const struct sink sink = {emit_records, emit_text, &emit};
	struct text token = {0};
	int64_t total;
	ab_status rc = fetch_page(r, s, read, &sink, &token, &total);

	if (rc == AB_OK)
		rc = tell_about(r, s, read, total, out);
	if (rc == AB_OK && token.len > 0)
		rc = r->host->next(out, token.ptr);
	text_fini(&token);
	return rc;
}
