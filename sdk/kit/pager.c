/* pager.c - where the next page is. */
#include <errno.h>
#include <stdlib.h>

#include "kit.h"

int
pager_counts(const struct rest_stream *s)
{
	return s->pager.kind == REST_PAGE || s->pager.kind == REST_OFFSET;
}

int
pager_is_url(const struct rest_stream *s)
{
	return s->pager.kind == REST_LINK || s->pager.kind == REST_NEXT_URL;
}

int
pager_is_resumable(const struct rest_stream *s)
{
	return !s->pager.fleeting && (s->pager.kind == REST_CURSOR || pager_is_url(s));
}

/* The next page's URL as the token.  A link to elsewhere is refused: our credentials would not go with it,
 * and what came back would not be this API's. */
static ab_status
next_url(struct rest *r, const struct rest_stream *s, const struct ab_read *read, const char *ref,
    size_t len, struct ab_page *out)
{
	char *first = read->token == NULL ? request_url(r, s) : NULL;
	struct text url = {0};
	ab_status rc;

	if (read->token == NULL && first == NULL)
		return request_no_memory(r);
	link_resolve(first != NULL ? first : read->token, ref, len, &url);
	if (url.failed)
		rc = request_no_memory(r);
	else if (!link_same_origin(url.ptr, r->base_url))
		rc = ab_failf(r->host, AB_EDATA,
		    "%s: the next page is said to be at %.512s, which is not of the origin of "
		    "base_url, %.512s",
		    s->name, url.ptr, r->base_url);
	else
		rc = r->host->next(out, url.ptr);
	text_fini(&url);
	free(first);
	return rc;
}

static ab_status
next_link(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response *resp, struct ab_page *out)
{
	const char *header = r->host->http_header(resp, "Link"), *ref;
	size_t len;

	ref = header == NULL ? NULL : link_next(header, &len);
	return ref == NULL ? AB_OK : next_url(r, s, read, ref, len, out);
}

/* A cursor, or a URL, in the body. */
static ab_status
next_in_body(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response *resp, struct ab_page *out)
{
	struct ab_host *h = r->host;
	const char *token;
	ab_status rc;

	rc = scalar_text(h, rest_at(h, h->http_json(resp), s->pager.from), s->pager.from, &token);
	if (rc != AB_OK || token == NULL || *token == '\0')
		return rc;
	if (s->pager.kind == REST_NEXT_URL)
		return next_url(r, s, read, token, strlen(token), out);
	return h->next(out, token);
}

/* A page number, or the number of records so far. */
static ab_status
next_number(struct rest *r, const struct rest_stream *s, const struct ab_read *read, size_t count,
    struct ab_page *out)
{
	long long now = s->pager.kind == REST_PAGE ? s->pager.first : 0;
	int64_t asked;
	char *end, token[24];
	ab_status rc = request_size(r, s, read->limit, &asked);

	if (rc != AB_OK)
		return rc;
	if (count == 0 || (s->size.max > 0 && count < (uint64_t)asked))
		return AB_OK;
	if (read->token != NULL) {
		errno = 0;
		now = strtoll(read->token, &end, 10);
		if (errno != 0 || *end != '\0' || now < 0 || now > INT64_MAX / 2)
			return ab_failf(r->host, AB_EBUG, "%s: \"%.64s\" is no page token", s->name,
			    read->token);
	}
	now += s->pager.kind == REST_PAGE ? 1 : (long long)count;
	snprintf(token, sizeof(token), "%lld", now);
	return r->host->next(out, token);
}

ab_status
rest_next(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response *resp, size_t count, struct ab_page *out)
{
	switch (s->pager.kind) {
	case REST_ONE_PAGE:
		return AB_OK;
	case REST_CURSOR:
	case REST_NEXT_URL:
		return next_in_body(r, s, read, resp, out);
	case REST_LINK:
		return next_link(r, s, read, resp, out);
	case REST_PAGE:
	case REST_OFFSET:
		return next_number(r, s, read, count, out);
	}
	return ab_failf(
	    r->host, AB_EBUG, "%s: unknown kind of pager %d", s->name, (int)s->pager.kind);
}
