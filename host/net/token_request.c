/* token_request.c - see token_internal.h. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "data/jsontext.h"
#include "net/auth_internal.h"
#include "net/token_internal.h"

/* A refusal is read here, for what the server says of it; a token may be asked for twice. */
#define OPTIONS \
	"{\"ok\": [400,401,402,403,404,405,406,407,409,410,411,412,413,414,415,416,421,422,423,424," \
	"426,428,431,451], \"idempotent\": true}"

static void
wipe(struct buf *b)
{
	if (b->ptr != NULL)
		explicit_bzero(b->ptr, b->cap);
	buf_fini(b);
}

void
token_request_fini(struct token_request *q)
{
	wipe(&q->url);
	wipe(&q->body);
	json_decref(q->params);
	*q = (struct token_request){.ask = {0}};
}

static int
add_form(struct buf *out, const json_t *params)
{
	const char *name, *text;
	json_t *value;
	int rc = 0;

	json_object_foreach ((json_t *)(uintptr_t)params, name, value) {
		text = json_string_value(value);
		if (out->len > 0)
			rc |= buf_addc(out, '&');
		rc |= url_encode(out, name, strlen(name)) | buf_addc(out, '=') |
		    url_encode(out, text, strlen(text));
	}
	return rc;
}

static int
add_json(struct buf *out, const json_t *params)
{
	char *text = jsontext_make(params, JSON_COMPACT);
	int rc = text == NULL ? -1 : buf_adds(out, text);

	auth_text_free(text);
	return rc;
}

static int
add_query(struct buf *url, const json_t *params)
{
	const char *name;
	json_t *value;
	int rc = 0;

	json_object_foreach ((json_t *)(uintptr_t)params, name, value)
		rc |= url_add_param(url, name, json_string_value(value));
	return rc;
}

static int
has_header(const json_t *headers, const char *wanted)
{
	const char *name;
	json_t *value;

	json_object_foreach ((json_t *)(uintptr_t)headers, name, value)
		if (strcasecmp(name, wanted) == 0)
			return 1;
	return 0;
}

static void
set_headers(struct token_request *q, const struct token_recipe *r)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach (r->headers, name, value) {
		q->headers[n++] = name;
		q->headers[n++] = json_string_value(value);
	}
	if (r->send == TOKEN_FORM && !has_header(r->headers, "Content-Type")) {
		q->headers[n++] = "Content-Type";
		q->headers[n++] = "application/x-www-form-urlencoded";
	}
	if (!has_header(r->headers, "Accept")) {
		q->headers[n++] = "Accept";
		q->headers[n++] = "application/json";
	}
	q->headers[n] = NULL;
}

/* The parameters that are new each time. */
static ab_status
set_params(struct token_request *q, const struct token_recipe *r, const char *refresh,
    int64_t now_us, struct error *e)
{
	struct buf signed_;
	ab_status rc = AB_OK;
	int failed = 0;

	q->params = json_copy(r->params);
	if (q->params == NULL)
		return error_set(e, AB_ENOMEM, "out of memory");
	if (refresh != NULL)
		failed = json_object_set_new(q->params, r->refresh_param, json_string(refresh));
	if (r->jwt != NULL && r->assertion != NULL) {
		buf_init(&signed_, TOKEN_MAX);
		rc = jwt_sign(r->jwt, now_us, &signed_, e);
		if (rc == AB_OK)
			rc = auth_hide(signed_.ptr, e);
		if (rc == AB_OK)
			failed |=
			    json_object_set_new(q->params, r->assertion, json_string(signed_.ptr));
		wipe(&signed_);
	}
	return rc == AB_OK && failed ? error_set(e, AB_ENOMEM, "out of memory") : rc;
}

ab_status
token_request_init(struct token_request *q, const struct token_recipe *r, const char *refresh,
    int64_t now_us, struct error *e)
{
	ab_status rc;
	int failed;

	*q = (struct token_request){.ask = {.size = sizeof(q->ask)}};
	buf_init(&q->url, URL_MAX);
	buf_init(&q->body, 1 << 20);
	rc = set_params(q, r, refresh, now_us, e);
	if (rc != AB_OK)
		return rc;
	failed = buf_adds(&q->url, r->at->base.ptr);
	if (r->send == TOKEN_FORM)
		failed |= add_form(&q->body, q->params);
	else if (r->send == TOKEN_JSON)
		failed |= add_json(&q->body, q->params);
	else if (r->send == TOKEN_QUERY)
		failed |= add_query(&q->url, q->params);
	if (failed)
		return error_set(e, AB_ECONFIG,
		    "the request that is to %s %.300s is too long - check %s in the config",
		    r->what, r->at->base.ptr, r->keys);
	set_headers(q, r);
	q->ask.method = r->method;
	q->ask.url = q->url.ptr;
	q->ask.headers = q->headers;
	q->ask.body = (struct ab_str){buf_str(&q->body), q->body.len};
	q->ask.options = OPTIONS;
	return AB_OK;
}
