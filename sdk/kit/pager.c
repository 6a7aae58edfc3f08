/* pager.c - where the next page is. */
#include <errno.h>
#include <stdlib.h>

#include "kit.h"

#define HEADER	   "header:"
#define HEADER_LEN 7

static int
is_numbered(const struct rest_stream *s)
{
	return s->pager.kind == REST_PAGE || s->pager.kind == REST_OFFSET;
}

int
pager_counts(const struct rest_stream *s)
{
	return is_numbered(s) || s->pager.kind == REST_LAST_FIELD;
}

int
pager_is_url(const struct rest_stream *s)
{
	return s->pager.kind == REST_LINK || s->pager.kind == REST_NEXT_URL;
}

int
pager_is_resumable(const struct rest_stream *s)
{
	return !s->pager.fleeting && s->pager.kind != REST_ONE_PAGE && !is_numbered(s);
}

/* What the answer has at a path, or in a header; *json NULL: it is a header's text, or nothing. */
static ab_status
answer_text(
    const struct fetch *f, const struct ab_response *resp, const char *path, const char **text)
{
	struct ab_host *h = f->h;

	if (strncmp(path, HEADER, HEADER_LEN) == 0) {
		*text = h->http_header(resp, path + HEADER_LEN);
		return AB_OK;
	}
	return scalar_text(h, rest_at(h, h->http_json(resp), path), path, text);
}

/* Is there something there that does not say no? */
static int
answer_flag(const struct fetch *f, const struct ab_response *resp, const char *path)
{
	struct ab_host *h = f->h;
	const struct ab_json *json;
	const char *text;

	if (strncmp(path, HEADER, HEADER_LEN) == 0) {
		text = h->http_header(resp, path + HEADER_LEN);
		return text != NULL && *text != '\0' && strcmp(text, "0") != 0 &&
		    strcmp(text, "false") != 0;
	}
	json = rest_at(h, h->http_json(resp), path);
	switch (h->json_type(json)) {
	case AB_NULL:
		return 0;
	case AB_BOOL:
		return h->json_int(json) != 0;
	case AB_INT:
	case AB_REAL:
		return h->json_real(json) != 0;
	case AB_STRING:
		text = h->json_str(json).ptr;
		return *text != '\0' && strcmp(text, "0") != 0 && strcmp(text, "false") != 0;
	default:
		return h->json_len(json) > 0;
	}
}

/* A count in the answer, -1 where there is none. */
static ab_status
answer_count(const struct fetch *f, const struct ab_response *resp, const char *path, int64_t *out)
{
	const char *text;
	char *end;
	ab_status rc;

	*out = -1;
	if (path == NULL)
		return AB_OK;
	rc = answer_text(f, resp, path, &text);
	if (rc != AB_OK || text == NULL || *text == '\0')
		return rc;
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno != 0 || *end != '\0' || *out < 0)
		return ab_failf(f->h, AB_EDATA, "%s: %s is \"%.64s\", which is no count",
		    f->s->name, path, text);
	return AB_OK;
}

/* The next page's URL as the token.  A link to elsewhere is refused: our credentials would not go with it,
 * and what came back would not be this API's. */
static ab_status
next_url(const struct fetch *f, const char *ref, size_t len, struct text *out)
{
	struct text first = {0};
	ab_status rc = f->token == NULL ? request_url(f, &first) : AB_OK;

	if (rc == AB_OK)
		link_resolve(f->token == NULL ? first.ptr : f->token, ref, len, out);
	text_fini(&first);
	if (rc != AB_OK || out->failed)
		return rc != AB_OK ? rc : request_no_memory(f->rest);
	if (link_same_origin(out->ptr, f->rest->base_url))
		return AB_OK;
	return ab_failf(f->h, AB_EDATA,
	    "%s: the next page is said to be at %.512s, which is not of the origin of "
	    "base_url, %.512s",
	    f->s->name, out->ptr, f->rest->base_url);
}

static ab_status
next_link(const struct fetch *f, const struct ab_response *resp, struct text *out)
{
	const char *header = f->h->http_header(resp, "Link"), *ref;
	size_t len;

	ref = header == NULL ? NULL : link_next(header, &len);
	return ref == NULL ? AB_OK : next_url(f, ref, len, out);
}

/* A cursor, or a URL, in the body or a header. */
static ab_status
next_in_answer(const struct fetch *f, const struct ab_response *resp, struct text *out)
{
	const char *token;
	ab_status rc = answer_text(f, resp, f->s->pager.from, &token);

	if (rc != AB_OK || token == NULL || *token == '\0')
		return rc;
	if (f->s->pager.kind == REST_NEXT_URL)
		return next_url(f, token, strlen(token), out);
	text_adds(out, token);
	return AB_OK;
}

static ab_status
next_field(const struct fetch *f, const struct found *found, struct text *out)
{
	const char *from = f->s->pager.from, *token;
	ab_status rc;

	if (found->count == 0 ||
	    (f->s->size.max > 0 && f->size > 0 && found->count < (uint64_t)f->size))
		return AB_OK;
	rc = scalar_text(f->h, rest_at(f->h, found->last, from), from, &token);
	if (rc != AB_OK)
		return rc;
	if (token == NULL)
		return ab_failf(f->h, AB_EDATA,
		    "%s: the last record of a page has no %s, which asks for the next one",
		    f->s->name, from);
	text_adds(out, token);
	return AB_OK;
}

/* "NUMBER", or "NUMBER+RECORDS" where a total is waited for. */
static ab_status
read_number(const struct fetch *f, long long *number, long long *seen)
{
	char *end;

	*number = f->s->pager.first;
	*seen = 0;
	if (f->token == NULL)
		return AB_OK;
	errno = 0;
	*number = strtoll(f->token, &end, 10);
	if (*end == '+')
		*seen = strtoll(end + 1, &end, 10);
	if (errno != 0 || *end != '\0' || *number < 0 || *number > INT64_MAX / 2 || *seen < 0 ||
	    *seen > INT64_MAX / 2)
		return ab_failf(
		    f->h, AB_EBUG, "%s: \"%.64s\" is no page token", f->s->name, f->token);
	return AB_OK;
}

/* Is this page the last one, as far as numbers say? */
static int
is_last_number(const struct fetch *f, size_t count, long long seen, long long pages, int64_t total)
{
	const struct rest_pager *p = &f->s->pager;

	if (p->more != NULL || p->done != NULL)
		return 0; /* they decide alone */
	if (pages >= 0)
		return 0;
	if (count == 0)
		return 1;
	if (total >= 0)
		return seen + (long long)count >= total;
	return f->s->size.max > 0 && f->size > 0 && count < (uint64_t)f->size;
}

/* A page number, or the number of records so far. */
static ab_status
next_number(const struct fetch *f, const struct ab_response *resp, size_t count, int64_t total,
    struct text *out)
{
	const struct rest_pager *p = &f->s->pager;
	long long number, seen, step;
	int64_t pages;
	char token[64];
	ab_status rc = read_number(f, &number, &seen);

	if (rc == AB_OK)
		rc = answer_count(f, resp, p->pages, &pages);
	if (rc != AB_OK)
		return rc;
	step = p->step > 0 ? p->step : p->kind == REST_PAGE ? 1 : (long long)count;
	if (p->kind == REST_OFFSET)
		seen = number - p->first;
	else if (pages >= 0 && (number - p->first) / step + 1 >= pages)
		return AB_OK;
	if (is_last_number(f, count, seen, pages, total))
		return AB_OK;
	if (p->kind == REST_PAGE && p->total != NULL)
		snprintf(token, sizeof(token), "%lld+%lld", number + step, seen + (long long)count);
	else
		snprintf(token, sizeof(token), "%lld", number + step);
	text_adds(out, token);
	return AB_OK;
}

static int
says_last(const struct fetch *f, const struct ab_response *resp)
{
	const struct rest_pager *p = &f->s->pager;

	return (p->more != NULL && !answer_flag(f, resp, p->more)) ||
	    (p->done != NULL && answer_flag(f, resp, p->done));
}

static ab_status
find_next(const struct fetch *f, const struct ab_response *resp, const struct found *found,
    int64_t total, struct text *out)
{
	switch (f->s->pager.kind) {
	case REST_ONE_PAGE:
		return AB_OK;
	case REST_CURSOR:
	case REST_NEXT_URL:
		return next_in_answer(f, resp, out);
	case REST_LINK:
		return next_link(f, resp, out);
	case REST_PAGE:
	case REST_OFFSET:
		return next_number(f, resp, found->count, total, out);
	case REST_LAST_FIELD:
		return next_field(f, found, out);
	}
	return ab_failf(
	    f->h, AB_EBUG, "%s: unknown kind of pager %d", f->s->name, (int)f->s->pager.kind);
}

/* The value that the first n bytes of a path lead to. */
static const struct ab_json *
answer_at(const struct fetch *f, const struct ab_response *resp, const char *path, size_t n)
{
	const struct ab_json *body = f->h->http_json(resp), *found = NULL;
	struct text part = {0};

	text_add(&part, path, n);
	if (!part.failed)
		found = n == 0 ? body : rest_at(f->h, body, part.ptr);
	text_fini(&part);
	return found;
}

/* Does the answer not have it at all?  null is an answer. */
static int
is_absent(const struct fetch *f, const struct ab_response *resp, const char *path)
{
	if (strncmp(path, HEADER, HEADER_LEN) == 0)
		return f->h->http_header(resp, path + HEADER_LEN) == NULL;
	return answer_at(f, resp, path, strlen(path)) == NULL;
}

/* Records of streams like these are not counted on the way. */
static int
is_full(const struct fetch *f, const struct ab_response *resp)
{
	const char *path = f->s->records == NULL ? "" : f->s->records, *star = strstr(path, ".*");
	const struct ab_json *list =
	    answer_at(f, resp, path, star == NULL ? strlen(path) : (size_t)(star - path));

	return f->size > 0 && f->h->json_type(list) == AB_ARRAY &&
	    f->h->json_len(list) >= (size_t)f->size;
}

/* What should have said whether there is more, and is not there; NULL: something has said that there is not. */
static const char *
silent_path(const struct fetch *f, const struct ab_response *resp, int64_t total)
{
	const struct rest_pager *p = &f->s->pager;
	int is_named = p->kind == REST_CURSOR || p->kind == REST_NEXT_URL;

	if (p->more != NULL)
		return is_absent(f, resp, p->more) ? p->more : NULL;
	if (!is_named || (p->done != NULL && !is_absent(f, resp, p->done)) ||
	    (total >= 0 && total <= f->size))
		return NULL;
	return is_absent(f, resp, p->from) ? p->from : NULL;
}

/* A wrong path looks like the last page, where many an API leaves the member out.  But a first page is full and the last one
 * by chance only: then somebody should look. */
static void
doubt_the_end(const struct fetch *f, const struct ab_response *resp, int64_t total)
{
	const char *path = silent_path(f, resp, total);
	struct text why = {0};

	if (path == NULL || !is_full(f, resp))
		return;
	text_adds(&why, f->s->name);
	text_adds(&why, ": the first page is full, but the answer has nothing where \"");
	text_adds(&why, path);
	text_adds(&why, "\" leads, so no other page is asked for: is the path right?");
	if (!why.failed)
		f->h->log(f->h, AB_WARN, why.ptr);
	text_fini(&why);
}

ab_status
pager_next(const struct fetch *f, const struct ab_response *resp, const struct found *found,
    struct text *out, int64_t *total)
{
	ab_status rc;

	*total = -1;
	if (request_is_empty(f, resp) || found->is_past)
		return AB_OK;
	rc = answer_count(f, resp, f->s->pager.total, total);
	if (rc == AB_OK && !says_last(f, resp))
		rc = find_next(f, resp, found, *total, out);
	if (rc == AB_OK && out->len == 0 && f->token == NULL && !f->s->lines)
		doubt_the_end(f, resp, *total);
	return rc == AB_OK && out->failed ? request_no_memory(f->rest) : rc;
}
