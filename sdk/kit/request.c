/* request.c - the request of one page. */
#include <stdlib.h>

#include "kit.h"

/* A request in the making. */
struct build {
	const struct fetch *f;
	struct pairs query, headers, form;
	struct text url, body, options;
	struct text values[BODY_SETS]; /* of the sets */
	struct body_set sets[BODY_SETS];
	size_t nsets;
};

/* A value and how it is written into JSON. */
struct part {
	const char *name, *text;
	enum rest_place place;
	int is_number;
};

ab_status
request_no_memory(struct rest *r)
{
	return r->host->fail(r->host, AB_ENOMEM, "out of memory");
}

ab_status
request_size(struct rest *r, const struct rest_stream *s, uint32_t limit, int64_t *out)
{
	struct ab_host *h = r->host;
	const struct ab_json *set =
	    s->size.key == NULL ? NULL : rest_at(h, h->config(h), s->size.key);
	int is_sent = s->size.param != NULL;

	*out = h->json_type(set) == AB_NULL ? s->size.value : h->json_int(set);
	if (*out == 0 && (limit == 0 || !is_sent))
		return AB_OK;
	if (*out < 0 || (s->size.max > 0 && *out > s->size.max))
		return ab_failf(h, AB_ECONFIG, "%s is %lld; this API takes 1 to %d",
		    s->size.key != NULL ? s->size.key : s->size.param, (long long)*out,
		    s->size.max > 0 ? s->size.max : INT32_MAX);
	if (is_sent && limit != 0 && (*out == 0 || *out > (int64_t)limit))
		*out = limit;
	return AB_OK;
}

/* The table's URL, filled in.  Only the first page's token may be missing. */
static ab_status
fill_url(const struct fetch *f, struct text *out)
{
	const char *url = f->s->url != NULL ? f->s->url : f->s->name;
	int missing;
	ab_status rc = template_fill(f, "url", url, TEMPLATE_URL, out, &missing);

	if (rc != AB_OK || !missing || (f->token == NULL && strstr(url, "{token}") != NULL))
		return rc;
	return ab_failf(f->h, strstr(url, "{config.") != NULL ? AB_ECONFIG : AB_EBUG,
	    "%s: url: a placeholder of %.512s has no value", f->s->name, url);
}

ab_status
request_url(const struct fetch *f, struct text *out)
{
	struct text base = {0}, url = {0};
	ab_status rc = fill_url(f, &url);

	text_adds(&base, f->rest->base_url);
	if (!base.failed && (base.len == 0 || base.ptr[base.len - 1] != '/'))
		text_adds(&base, "/");
	if (rc == AB_OK && !base.failed)
		link_resolve(base.ptr, url.ptr, url.len, out);
	if (rc == AB_OK && (base.failed || out->failed))
		rc = request_no_memory(f->rest);
	text_fini(&base);
	text_fini(&url);
	return rc;
}

static ab_status
put_json(struct build *b, const struct part *p)
{
	struct text *value = &b->values[b->nsets];

	if (b->nsets == BODY_SETS)
		return ab_failf(b->f->h, AB_EBUG, "%s: more than %d values in the body",
		    b->f->s->name, BODY_SETS);
	if (p->is_number)
		text_adds(value, p->text);
	else
		text_add_quoted(value, p->text, strlen(p->text));
	b->sets[b->nsets++] = (struct body_set){p->name, value->ptr};
	return value->failed ? request_no_memory(b->f->rest) : AB_OK;
}

/* Puts the value where it belongs; one without a name or a text is left out. */
static ab_status
put(struct build *b, struct part p)
{
	if (p.text == NULL || (p.name == NULL && p.place != REST_IN_PATH))
		return AB_OK;
	switch (p.place) {
	case REST_IN_HEADER:
		pairs_add(&b->headers, p.name, p.text);
		return AB_OK;
	case REST_IN_FORM:
		pairs_add(&b->form, p.name, p.text);
		return AB_OK;
	case REST_IN_JSON:
		return put_json(b, &p);
	case REST_IN_PATH:
		if (b->url.len > 0 && b->url.ptr[b->url.len - 1] != '/')
			text_adds(&b->url, "/");
		text_add_percent(&b->url, p.text, strlen(p.text));
		return AB_OK;
	default:
		pairs_add(&b->query, p.name, p.text);
		return AB_OK;
	}
}

/* Names and templates of the table. */
static ab_status
put_list(struct build *b, const char *what, const char *const *list, struct pairs *out)
{
	struct text value = {0};
	int missing;
	ab_status rc = AB_OK;

	for (; rc == AB_OK && list != NULL && list[0] != NULL; list += 2) {
		if (list[1] == NULL) {
			rc = ab_failf(b->f->h, AB_EBUG, "%s: %s: %s has no value", b->f->s->name,
			    what, list[0]);
			break;
		}
		value.len = 0;
		text_adds(&value, "");
		rc = template_fill(b->f, what, list[1], TEMPLATE_TEXT, &value, &missing);
		if (rc == AB_OK && !missing)
			pairs_add(out, list[0], value.ptr);
	}
	text_fini(&value);
	return rc;
}

/* The bounds of the cursor's interval. */
static ab_status
put_span(struct build *b)
{
	const struct rest_cursor *c = &b->f->s->cursor;
	struct text bound = {0};
	int is_number = 0;
	ab_status rc = AB_OK;

	if (c->param != NULL)
		rc = span_start(b->f, "", &bound, &is_number);
	if (rc == AB_OK && bound.len > 0)
		rc = put(b, (struct part){c->param, bound.ptr, c->place, is_number});
	if (rc == AB_OK && c->end_param != NULL) {
		bound.len = 0;
		span_write(b->f, b->f->span.end, "", &bound);
		rc = bound.failed ? request_no_memory(b->f->rest)
				  : put(b,
					(struct part){c->end_param, bound.ptr, c->place,
					    c->format != NULL && when_is_number(c->format)});
	}
	if (rc == AB_OK && bound.failed)
		rc = request_no_memory(b->f->rest);
	text_fini(&bound);
	return rc;
}

static ab_status
put_size(struct build *b)
{
	char size[24];

	if (b->f->size == 0)
		return AB_OK;
	snprintf(size, sizeof(size), "%lld", (long long)b->f->size);
	return put(b, (struct part){b->f->s->size.param, size, b->f->s->size.place, 1});
}

/* The number at the head of a token; a count may stand behind it. */
static ab_status
put_token(struct build *b)
{
	const struct rest_pager *pager = &b->f->s->pager;
	const char *token = b->f->token != NULL ? b->f->token : pager->start;
	int is_number = pager->kind == REST_PAGE || pager->kind == REST_OFFSET;
	char number[24];

	if (is_number) {
		if (b->f->token == NULL && pager->skip_first)
			return AB_OK;
		snprintf(number, sizeof(number), "%lld",
		    b->f->token == NULL ? (long long)pager->first : strtoll(b->f->token, NULL, 10));
		token = number;
	}
	return put(b, (struct part){pager->param, token, pager->place, is_number || pager->bare});
}

/* What stands in the URL already, the API's own next one, is not said again. */
static void
drop_known(struct pairs *p, const char *url)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i += 2) {
		if (link_has_param(url, p->list[i])) {
			free(p->list[i]);
			free(p->list[i + 1]);
			continue;
		}
		p->list[kept] = p->list[i];
		p->list[kept + 1] = p->list[i + 1];
		kept += 2;
	}
	p->n = kept;
	if (p->list != NULL)
		p->list[kept] = NULL;
}

static ab_status
put_all(struct build *b)
{
	const struct rest_stream *s = b->f->s;
	int is_next_url = pager_is_url(s) && b->f->token != NULL;
	int alone = s->pager.alone && b->f->token != NULL;
	ab_status rc = AB_OK;

	if (is_next_url)
		text_adds(&b->url, b->f->token);
	else
		rc = fill_url(b->f, &b->url);
	if (rc == AB_OK)
		rc = put_list(b, "headers", s->headers, &b->headers);
	if (rc == AB_OK && !alone)
		rc = put_list(b, "params", s->params, &b->query);
	if (rc == AB_OK)
		rc = put_size(b);
	if (rc == AB_OK && !is_next_url)
		rc = put_token(b);
	if (rc == AB_OK && !alone)
		rc = put_span(b);
	if (rc == AB_OK && is_next_url) {
		if (!s->pager.keep)
			pairs_fini(&b->query);
		else
			drop_known(&b->query, b->f->token);
	}
	return rc;
}

/* Statuses by which an API refuses an outdated page token, and by which it says that there is no such page
 * number. */
static const char *
good_statuses(const struct fetch *f)
{
	if (f->token == NULL)
		return NULL;
	if (pager_is_resumable(f->s))
		return "400, 404, 410, 422";
	return f->s->pager.kind == REST_PAGE ? "404" : NULL;
}

static void
add_option(struct text *t, const char *key, const char *open, const char *value, const char *close)
{
	text_adds(t, t->len == 0 ? "{\"" : ", \"");
	text_adds(t, key);
	text_adds(t, "\": ");
	text_adds(t, open);
	text_adds(t, value);
	text_adds(t, close);
}

static void
make_options(struct build *b, const char *method)
{
	const struct fetch *f = b->f;
	const char *ok = good_statuses(f);

	if (ok != NULL)
		add_option(&b->options, "ok", "[", ok, "]");
	if (f->s->errors != NULL)
		add_option(&b->options, "errors", "", f->s->errors, "");
	if (strcmp(method, "POST") == 0 || strcmp(method, "PATCH") == 0)
		add_option(&b->options, "idempotent", "", "true", ""); /* it only reads */
	if (f->s->lines)
		add_option(&b->options, "stream", "", "true", "");
	if (b->options.len > 0)
		text_adds(&b->options, "}");
}

static int
has_failed(const struct build *b)
{
	return b->query.failed || b->headers.failed || b->form.failed || b->url.failed ||
	    b->body.failed || b->options.failed;
}

static void
build_fini(struct build *b)
{
	pairs_fini(&b->query);
	pairs_fini(&b->headers);
	pairs_fini(&b->form);
	text_fini(&b->url);
	text_fini(&b->body);
	text_fini(&b->options);
	for (size_t i = 0; i < BODY_SETS; i++)
		text_fini(&b->values[i]);
}

/* Did the API refuse the page token? A status that `errors` makes an end of has no body. */
static int
is_refusal(const struct fetch *f, const struct ab_response *resp)
{
	return f->token != NULL && pager_is_resumable(f->s) && f->h->http_status(resp) >= 400 &&
	    (f->s->errors == NULL || f->s->lines || f->h->http_body(resp).len > 0);
}

static ab_status
refuse_token(const struct fetch *f, const struct ab_response *resp)
{
	struct ab_str body = f->h->http_body(resp);

	return ab_failf(f->h, AB_ESTALE, "%s: the API refused a page token with status %d: %.*s",
	    f->s->name, f->h->http_status(resp), (int)(body.len < 512 ? body.len : 512), body.ptr);
}

static ab_status
send_it(struct build *b, const struct ab_response **out)
{
	const struct fetch *f = b->f;
	const char *method = f->s->method, *type = NULL;
	struct ab_request request = {.size = sizeof(request)};
	ab_status rc = body_make(f, b->sets, b->nsets, &b->form, &b->body, &type);

	if (rc != AB_OK)
		return rc;
	if (method == NULL)
		method = b->body.ptr != NULL ? "POST" : "GET";
	if (type != NULL)
		pairs_add(&b->headers, "Content-Type", type);
	make_options(b, method);
	if (has_failed(b))
		return request_no_memory(f->rest);
	request.method = strcmp(method, "GET") == 0 ? NULL : method;
	request.url = b->url.ptr;
	request.params = (const char *const *)b->query.list;
	request.headers = (const char *const *)b->headers.list;
	request.body = (struct ab_str){b->body.ptr, b->body.len};
	request.options = b->options.ptr;
	rc = f->h->http(f->h, &request, out);
	return rc == AB_OK && is_refusal(f, *out) ? refuse_token(f, *out) : rc;
}

ab_status
request_send(const struct fetch *f, const struct ab_response **out)
{
	struct build b = {.f = f};
	ab_status rc = put_all(&b);

	if (rc == AB_OK)
		rc = has_failed(&b) ? request_no_memory(f->rest) : send_it(&b, out);
	build_fini(&b);
	return rc;
}

int
request_is_empty(const struct fetch *f, const struct ab_response *resp)
{
	int status = f->h->http_status(resp);

	return status >= 400 || status == 204 || status == 205 ||
	    (f->s->errors != NULL && !f->s->lines && f->h->http_body(resp).len == 0);
}
