/* request.c - see request.h. */
#include "net/request.h"
#include "data/jsonread.h"

#include <string.h>
#include <strings.h>

#include "net/handlers.h"
#include "net/retry.h"

static const struct field option_fields[] = {{"ok", FIELD_ARRAY}, {"errors", FIELD_ARRAY},
    {"idempotent", FIELD_BOOLEAN}, {"stream", FIELD_BOOLEAN}, {NULL, 0}};

void
request_init(struct request *r)
{
	*r = (struct request){0};
	buf_init(&r->url, URL_MAX);
	buf_init(&r->shown, 2 * URL_MAX);
	headers_init(&r->headers);
	buf_init(&r->own_body, SIZE_MAX / 2);
}

static void
wipe(struct buf *b)
{
	if (b->ptr != NULL)
		explicit_bzero(b->ptr, b->cap);
	buf_fini(b);
}

void
request_fini(struct request *r)
{
	wipe(&r->url); /* may hold a key */
	wipe(&r->own_body);
	buf_fini(&r->shown);
	headers_fini(&r->headers);
	json_decref(r->errors);
}

static ab_status
read_ok(struct request *r, const struct fields *f, const json_t *list, struct error *e)
{
	const json_t *item;
	json_int_t status;
	size_t i;

	json_array_foreach (list, i, item) {
		status = json_integer_value(item);
		if (!json_is_integer(item) || status < 400 || status > 599)
			return fields_fail(f, "", "ok", "must hold statuses from 400 to 599", e);
		r->ok[status / 8] |= (unsigned char)(1u << status % 8);
	}
	return AB_OK;
}

static ab_status
read_options(struct request *r, const char *text, struct error *e)
{
	const struct fields f = {"request's options", text};
	const json_t *idempotent, *errors;
	json_t *d;
	ab_status rc = fields_load(&f, &d, e);

	if (rc == AB_OK)
		rc = fields_check(&f, "", d, option_fields, e);
	if (rc == AB_OK)
		rc = read_ok(r, &f, json_object_get(d, "ok"), e);
	errors = json_object_get(d, "errors");
	if (rc == AB_OK && errors != NULL)
		rc = handlers_check(&f, errors, e);
	if (rc == AB_OK)
		r->errors = json_incref((json_t *)(uintptr_t)errors);
	idempotent = json_object_get(d, "idempotent");
	if (idempotent != NULL)
		r->idempotent = json_is_true(idempotent);
	r->is_stream = json_is_true(json_object_get(d, "stream"));
	json_decref(d);
	return rc;
}

static void
show(struct request *r)
{
	buf_reset(&r->shown);
	url_describe(buf_str(&r->url), &r->shown);
}

static ab_status
refuse_url(struct request *r, const char *text, const char *wrong, struct error *e)
{
	buf_reset(&r->shown);
	url_describe(text, &r->shown);
	return error_set(
	    e, AB_ECONFIG, "%s %.300s: the URL %s", r->method, buf_str(&r->shown), wrong);
}

/* The endpoint that has the URL's origin.  Plain http is for the endpoints that were let have it, and for loopback. */
static ab_status
set_url(struct request *r, const char *text, struct endpoint *const *endpoints, size_t count,
    struct error *e)
{
	const char *wrong = url_join(count > 0 ? endpoints[0]->base.ptr : NULL, text, &r->url);
	struct url u;

	if (wrong != NULL)
		return refuse_url(r, text, wrong, e);
	url_parse(buf_str(&r->url), &u);
	r->endpoint = NULL;
	for (size_t i = 0; i < count && r->endpoint == NULL; i++)
		if (url_same_origin(&u, &endpoints[i]->url))
			r->endpoint = endpoints[i];
	if (r->endpoint == NULL && !url_is_https(&u) && !url_is_loopback(&u))
		return refuse_url(
		    r, text, "is plain http, and no base_url in the config has that address", e);
	return AB_OK;
}

static ab_status
add_params(struct request *r, const char *const *params, struct error *e)
{
	for (; params != NULL && params[0] != NULL; params += 2)
		if (params[1] != NULL && url_add_param(&r->url, params[0], params[1]) != 0)
			return refuse_url(
			    r, buf_str(&r->url), "is longer than 64 KiB with its parameters", e);
	return AB_OK;
}

static ab_status
refuse_header(
    const struct request *r, ab_status status, const char *name, const char *wrong, struct error *e)
{
	return error_set(e, status, "%s %.300s: the header \"%.64s\" %s", r->method,
	    buf_str(&r->shown), headers_check_value(name) == NULL ? name : "?", wrong);
}

static ab_status
add_headers(struct request *r, const char *const *headers, struct error *e)
{
	const char *wrong;

	for (; headers != NULL && headers[0] != NULL; headers += 2) {
		if (headers[1] == NULL)
			continue;
		wrong = headers_check_name(headers[0]);
		if (wrong != NULL)
			return refuse_header(r, AB_EBUG, headers[0], wrong, e);
		wrong = headers_check_value(headers[1]);
		if (wrong == NULL && headers_set(&r->headers, headers[0], headers[1]) != 0)
			wrong = "is too long";
		if (wrong != NULL)
			return refuse_header(r, AB_ECONFIG, headers[0], wrong, e);
	}
	return AB_OK;
}

static int
is_form(const struct request *r)
{
	const char *type = headers_get(&r->headers, "Content-Type");

	return type != NULL &&
	    strncasecmp(type, "application/x-www-form-urlencoded",
		sizeof("application/x-www-form-urlencoded") - 1) == 0;
}

/* name=value behind the others. */
static int
add_to_form(struct request *r, const char *name, const char *value)
{
	struct buf *b = &r->own_body;
	int rc = buf_add(b, r->body.ptr, r->body.len);

	if (r->body.len > 0)
		rc |= buf_addc(b, '&');
	return rc | url_encode(b, name, strlen(name)) | buf_addc(b, '=') |
	    url_encode(b, value, strlen(value));
}

/* As the first member, so that every other byte stays what it was.  1: the body has one already; -2: no object. */
static int
add_to_object(struct request *r, const char *name, const char *value)
{
	struct ab_str in = r->body.len > 0 ? r->body : (struct ab_str){"{}", 2};
	json_t *object = jsonread_text(in.ptr, in.len, 0, NULL);
	size_t members = json_object_size(object), at = 0;
	int rc = !json_is_object(object) ? -2 : json_object_get(object, name) != NULL;

	json_decref(object);
	if (rc != 0)
		return rc;
	while (in.ptr[at] != '{')
		at++;
	rc = buf_add(&r->own_body, in.ptr, at + 1);
	rc |= buf_add_json_string(&r->own_body, name, strlen(name));
	rc |= buf_addc(&r->own_body, ':');
	rc |= buf_add_json_string(&r->own_body, value, strlen(value));
	if (members > 0)
		rc |= buf_addc(&r->own_body, ',');
	return rc | buf_add(&r->own_body, in.ptr + at + 1, in.len - at - 1);
}

static ab_status
add_to_body(struct request *r, const char *name, const char *value, struct error *e)
{
	int rc;

	buf_reset(&r->own_body);
	rc = is_form(r) ? add_to_form(r, name, value) : add_to_object(r, name, value);
	if (rc == -2)
		return error_set(e, AB_EBUG,
		    "%s %.300s: the credential goes into the body, which must be a JSON object or a form",
		    r->method, buf_str(&r->shown));
	if (rc < 0)
		return error_set(e, AB_ENOMEM, "out of memory");
	if (rc == 0)
		r->body = (struct ab_str){r->own_body.ptr, r->own_body.len};
	if (headers_get(&r->headers, "Content-Type") == NULL &&
	    headers_set(&r->headers, "Content-Type", "application/json") != 0)
		return error_set(e, AB_ENOMEM, "out of memory");
	return AB_OK;
}

int
request_needs_token(const struct request *r)
{
	const struct auth *auth = r->endpoint == NULL ? NULL : &r->endpoint->auth;

	return auth != NULL && auth->token != NULL &&
	    (auth->place != AUTH_HEADER || headers_get(&r->headers, auth->name) == NULL);
}

ab_status
request_authorize(struct request *r, const char *value, struct error *e)
{
	const struct auth *auth = &r->endpoint->auth;
	int failed = 0;

	if (auth->place == AUTH_BODY)
		return add_to_body(r, auth->name, value, e);

	if (auth->place == AUTH_HEADER && headers_get(&r->headers, auth->name) == NULL)
		failed = headers_set(&r->headers, auth->name, value);
	if (auth->place == AUTH_QUERY) { /* a next link may say it already */
		url_drop_param(&r->url, auth->name, NULL);
		failed = url_add_param(&r->url, auth->name, value);
	}
	return failed ? error_set(e, AB_ECONFIG, "%s %.300s: URL or headers are too long",
			    r->method, buf_str(&r->shown))
		      : AB_OK;
}

/* The endpoint's headers below the request's own; the credential where the request did not bring one itself. */
static ab_status
attach(struct request *r, const struct ab_request *ask, struct error *e)
{
	ab_status rc = AB_OK;
	int failed = 0;

	if (r->endpoint != NULL)
		failed |= headers_copy(&r->headers, &r->endpoint->headers);
	rc = add_headers(r, ask->headers, e);
	if (rc != AB_OK)
		return rc;
	if (ask->body.len > 0 && headers_get(&r->headers, "Content-Type") == NULL)
		failed |= headers_set(&r->headers, "Content-Type", "application/json");
	if (failed)
		return error_set(e, AB_ECONFIG, "%s %.300s: the headers are too long", r->method,
		    buf_str(&r->shown));
	if (r->endpoint == NULL || r->endpoint->auth.token != NULL)
		return AB_OK;
	return request_authorize(r, r->endpoint->auth.value, e);
}

static int
is_method(const char *method)
{
	return method[0] != '\0' && strlen(method) <= 32 &&
	    method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")] == '\0' &&
	    strcmp(method, "CONNECT") != 0;
}

ab_status
request_prepare(struct request *r, const struct ab_request *ask, struct endpoint *const *endpoints,
    size_t count, struct error *e)
{
	ab_status rc;

	buf_reset(&r->url);
	headers_reset(&r->headers);
	memset(r->ok, 0, sizeof(r->ok));
	json_decref(r->errors);
	r->errors = NULL;
	r->is_stream = 0;
	r->method = ask->method == NULL ? "GET" : ask->method;
	r->body = ask->body;
	if (!is_method(r->method))
		return error_set(e, AB_EBUG, "a request has a method that HTTP does not know");
	if (ask->url == NULL)
		return error_set(e, AB_EBUG, "a request has no URL");
	r->idempotent = retry_is_idempotent(r->method);
	rc = ask->options == NULL ? AB_OK : read_options(r, ask->options, e);
	if (rc == AB_OK)
		rc = set_url(r, ask->url, endpoints, count, e);
	if (rc == AB_OK)
		rc = add_params(r, ask->params, e);
	if (rc != AB_OK)
		return rc;
	show(r);
	return attach(r, ask, e);
}

static ab_status
leave_origin(struct request *r, struct error *e)
{
	struct headers kept;
	int failed;

	if (r->body.len > 0)
		return error_set(e, AB_EDATA,
		    "%s: redirected to another origin, where a body is not sent",
		    buf_str(&r->shown));
	headers_init(&kept);
	failed = headers_copy_harmless(&kept, &r->headers);
	headers_fini(&r->headers);
	r->headers = kept;
	r->endpoint = NULL;
	return failed ? error_set(e, AB_ENOMEM, "out of memory") : AB_OK;
}

static void
become_get(struct request *r, int status)
{
	int post = strcmp(r->method, "POST") == 0;

	if ((status == 303 && strcmp(r->method, "HEAD") != 0) ||
	    (post && (status == 301 || status == 302))) {
		r->method = "GET";
		r->body = (struct ab_str){NULL, 0};
	}
}

ab_status
request_redirect(struct request *r, int status, const char *location, struct error *e)
{
	struct buf next;
	struct url from, to;
	const char *wrong;
	ab_status rc = AB_OK;

	buf_init(&next, URL_MAX);
	wrong = url_join(buf_str(&r->url), location, &next);
	url_parse(buf_str(&r->url), &from);
	if (wrong == NULL)
		url_parse(buf_str(&next), &to);
	if (wrong == NULL && url_is_https(&from) && !url_is_https(&to))
		wrong = "is plain http, which anyone on the way could read";
	if (wrong != NULL) {
		buf_fini(&next);
		return error_set(e, AB_EDATA, "%s %.300s: redirected, but the new URL %s",
		    r->method, buf_str(&r->shown), wrong);
	}
	become_get(r, status);
	if (!url_same_origin(&from, &to)) {
		/* Where a server says our own query again, the credential stays here. */
		if (r->endpoint != NULL && r->endpoint->auth.place == AUTH_QUERY)
			url_drop_param(&next, r->endpoint->auth.name, buf_str(&r->url));
		rc = leave_origin(r, e);
	}
	wipe(&r->url);
	r->url = next;
	if (rc == AB_OK)
		show(r);
	return rc;
}

int
request_is_ok(const struct request *r, int status)
{
	return status > 0 && status < 600 &&
	    (status < 400 || (r->ok[status / 8] >> status % 8 & 1));
}
