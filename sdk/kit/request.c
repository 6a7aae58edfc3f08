/* request.c - the request of one page, and the records in its answer. */
#include <stdlib.h>

#include "kit.h"

/* Statuses by which an API refuses an outdated page token, and by which it says that there is no such
 * page number. */
#define STALE	"{\"ok\": [400, 404, 410, 422]}"
#define NO_PAGE "{\"ok\": [404]}"

/* The values of one request's parameters; strings that are not the host's or the table's. */
struct params {
	const char **list; /* k, v, ..., NULL */
	size_t n;
	char size[24], page[24];
};

ab_status
request_no_memory(struct rest *r)
{
	return r->host->fail(r->host, AB_ENOMEM, "out of memory");
}

char *
request_url(const struct rest *r, const struct rest_stream *s)
{
	const char *url = s->url != NULL ? s->url : s->name;
	struct text base = {0}, t = {0};

	text_adds(&base, r->base_url);
	if (!base.failed && (base.len == 0 || base.ptr[base.len - 1] != '/'))
		text_adds(&base, "/");
	if (!base.failed)
		link_resolve(base.ptr, url, strlen(url), &t);
	text_fini(&base);
	if (t.failed)
		text_fini(&t);
	return t.ptr;
}

ab_status
request_size(struct rest *r, const struct rest_stream *s, uint32_t limit, int64_t *out)
{
	struct ab_host *h = r->host;

	*out = s->size.value;
	if (s->size.key != NULL)
		*out = ab_cint(h, h->config(h), s->size.key, s->size.value);
	if (s->size.param == NULL || (*out == 0 && limit == 0)) {
		*out = 0;
		return AB_OK;
	}
	if (*out < 0 || (s->size.max > 0 && *out > s->size.max))
		return ab_failf(h, AB_ECONFIG, "%s is %lld; this API takes 1 to %d",
		    s->size.key != NULL ? s->size.key : s->size.param, (long long)*out,
		    s->size.max > 0 ? s->size.max : INT32_MAX);
	if (limit != 0 && (*out == 0 || *out > (int64_t)limit))
		*out = limit;
	return AB_OK;
}

static void
put(struct params *p, const char *key, const char *value)
{
	if (key != NULL && value != NULL) {
		p->list[p->n++] = key;
		p->list[p->n++] = value;
	}
}

/* Where an incremental read begins: the state's value, else the config's, else the table's. */
static ab_status
put_since(struct rest *r, const struct rest_cursor *c, const struct ab_read *read, struct params *p)
{
	struct ab_host *h = r->host;
	const char *since = NULL;
	ab_status rc = AB_OK;

	if (c->field == NULL || c->param == NULL)
		return AB_OK;
	rc = scalar_text(h, h->json_get(read->state, c->field), c->field, &since);
	if (rc == AB_OK && since == NULL && c->start_key != NULL)
		rc = scalar_text(h, rest_at(h, h->config(h), c->start_key), c->start_key, &since);
	put(p, c->param, since != NULL ? since : c->start);
	return rc;
}

static void
put_page(const struct rest_pager *pager, const char *token, struct params *p)
{
	if (token == NULL && pager->kind == REST_PAGE) {
		snprintf(p->page, sizeof(p->page), "%d", pager->first);
		token = p->page;
	} else if (token == NULL && pager->kind == REST_OFFSET) {
		token = "0";
	}
	put(p, pager->param, token);
}

static ab_status
put_all(struct rest *r, const struct rest_stream *s, const struct ab_read *read, struct params *p)
{
	const char *const *more = s->params;
	int64_t size;
	ab_status rc = request_size(r, s, read->limit, &size);

	if (rc != AB_OK)
		return rc;
	for (; more != NULL && more[0] != NULL; more += 2)
		put(p, more[0], more[1]);
	if (size != 0) {
		snprintf(p->size, sizeof(p->size), "%lld", (long long)size);
		put(p, s->size.param, p->size);
	}
	put_page(&s->pager, read->token, p);
	return put_since(r, &s->cursor, read, p);
}

static ab_status
params_init(struct rest *r, const struct rest_stream *s, struct params *p)
{
	size_t room = 2 * 3 + 1;

	for (const char *const *more = s->params; more != NULL && more[0] != NULL; more += 2)
		room += 2;
	p->n = 0;
	p->list = calloc(room, sizeof(*p->list));
	return p->list == NULL ? request_no_memory(r) : AB_OK;
}

/* Which refusals are answers: of a token, of a page number behind the last. */
static const char *
request_options(const struct rest_stream *s, const struct ab_read *read)
{
	if (read->token == NULL)
		return NULL;
	if (pager_is_resumable(s))
		return STALE;
	return s->pager.kind == REST_PAGE ? NO_PAGE : NULL;
}

static ab_status
refuse_token(struct rest *r, const struct rest_stream *s, const struct ab_response *resp)
{
	struct ab_str body = r->host->http_body(resp);

	return ab_failf(r->host, AB_ESTALE, "%s: the API refused a page token with status %d: %.*s",
	    s->name, r->host->http_status(resp), (int)(body.len < 512 ? body.len : 512), body.ptr);
}

ab_status
rest_get(struct rest *r, const struct rest_stream *s, const struct ab_read *read,
    const struct ab_response **out)
{
	struct ab_host *h = r->host;
	struct ab_request request = {.size = sizeof(request)};
	struct params params;
	ab_status rc = params_init(r, s, &params);

	if (rc != AB_OK)
		return rc;
	request.url = s->url != NULL ? s->url : s->name;
	request.options = request_options(s, read);
	if (pager_is_url(s) && read->token != NULL) {
		request.url = read->token; /* carries all parameters */
	} else {
		rc = put_all(r, s, read, &params);
		request.params = params.list;
	}
	if (rc == AB_OK)
		rc = h->http(h, &request, out);
	if (rc == AB_OK && h->http_status(*out) >= 400 && pager_is_resumable(s))
		rc = refuse_token(r, s, *out);
	free(params.list);
	return rc;
}

/* Names what there is instead: mostly an error of the API, or a slip in `records`. */
static ab_status
fail_records(struct ab_host *h, const struct rest_stream *s, const struct ab_json *body)
{
	size_t n = h->json_type(body) == AB_OBJECT ? h->json_len(body) : 0, at = 0;
	char keys[256] = "";

	for (size_t i = 0; i < n && at + 1 < sizeof(keys); i++) {
		struct ab_str key = h->json_key(body, i);
		int len = key.len < 64 ? (int)key.len : 64;

		at += (size_t)snprintf(keys + at, sizeof(keys) - at, "%s%.*s",
		    i == 0 ? ", but: " : ", ", len, key.ptr);
	}
	return ab_failf(h, AB_EDATA, "%s: the answer has nothing at \"%s\"%s", s->name,
	    s->records != NULL ? s->records : "", keys);
}

ab_status
rest_records(struct rest *r, const struct rest_stream *s, const struct ab_response *resp,
    const struct ab_json **out)
{
	struct ab_host *h = r->host;
	const struct ab_json *body, *records;
	int type;

	*out = NULL;
	if (h->http_status(resp) >= 400)
		return AB_OK; /* a page number behind the last */
	body = h->http_json(resp);
	records = rest_at(h, body, s->records);
	if (records == NULL && body != NULL)
		return fail_records(h, s, body);
	type = h->json_type(records);
	if (type != AB_ARRAY && type != AB_OBJECT && type != AB_NULL)
		return ab_failf(h, AB_EDATA,
		    "%s: the answer has neither an array nor an object at \"%s\"", s->name,
		    s->records != NULL ? s->records : "");
	*out = type == AB_NULL ? NULL : records;
	return AB_OK;
}
