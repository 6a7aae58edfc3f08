/* endpoint.c - see endpoint.h. */
#include "net/endpoint.h"

#include <string.h>

#include "data/config.h"

#define TOKEN_TIMEOUT_S 60

static const struct field base_fields[] = {
    {"config", FIELD_STRING | FIELD_REQUIRED}, {"default", FIELD_STRING}, {NULL, 0}};
static const struct field endpoint_fields[] = {
    {"base_url", FIELD_STRING | FIELD_OBJECT | FIELD_REQUIRED}, {"auth", FIELD_OBJECT},
    {"headers", FIELD_OBJECT}, {"limits", FIELD_OBJECT}, {"retry", FIELD_OBJECT}, {NULL, 0}};

/* Joins the URL to nothing, to normalise it; relative references then resolve below it as in a folder. */
static const char *
set_base(struct endpoint *ep, const char *text)
{
	const char *wrong = url_join(NULL, text, &ep->base);

	if (wrong == NULL && strpbrk(text, "?#") != NULL)
		wrong = "has a query or a fragment";
	if (wrong == NULL && ep->base.ptr[ep->base.len - 1] != '/' && buf_addc(&ep->base, '/') != 0)
		wrong = "is longer than 64 KiB";
	return wrong != NULL ? wrong : url_parse(ep->base.ptr, &ep->url);
}

/* The user's own URL may be plain http; one that a connector brought must not be. */
static ab_status
read_base(const struct fields *f, const json_t *d, const json_t *config, struct endpoint *ep,
    struct error *e)
{
	const char *text = json_string_value(d), *key = NULL, *wrong = NULL;

	if (json_is_object(d)) {
		if (fields_check(f, "/base_url", d, base_fields, e) != AB_OK)
			return e->status;
		key = json_string_value(json_object_get(d, "config"));
		text = config_string(config, key);
		wrong = "is missing, or not a text";
		if (text == NULL) {
			text = json_string_value(json_object_get(d, "default"));
			key = text == NULL ? key : NULL;
		}
	}
	if (text != NULL)
		wrong = set_base(ep, text);
	if ((text == NULL || wrong != NULL) && key != NULL)
		return error_set(e, AB_ECONFIG, "\"%s\" in the config %s", key, wrong);
	if (wrong != NULL)
		return fields_fail(f, "", "base_url", wrong, e);
	if (key == NULL && !url_is_https(&ep->url) && !url_is_loopback(&ep->url))
		return error_set(e, AB_ECONFIG,
		    "%s: plain http is used only where the config says so, and this address comes from "
		    "the connector",
		    ep->base.ptr);
	return AB_OK;
}

static ab_status
read_headers(const struct fields *f, const json_t *d, struct endpoint *ep, struct error *e)
{
	const char *name, *wrong;
	json_t *value;

	json_object_foreach ((json_t *)d, name, value) {
		wrong = headers_check_name(name);
		if (wrong == NULL && !json_is_string(value))
			wrong = "must be a string";
		if (wrong == NULL)
			wrong = headers_check_value(json_string_value(value));
		if (wrong == NULL && headers_set(&ep->headers, name, json_string_value(value)) != 0)
			wrong = "is too long";
		if (wrong != NULL)
			return fields_fail(f, "/headers", name, wrong, e);
	}
	return AB_OK;
}

static ab_status
read_limits(const struct fields *f, const json_t *d, struct endpoint *ep, struct error *e)
{
	ab_status rc = limits_read(
	    f, json_object_get(d, "limits"), json_object_get(d, "retry"), &ep->limits, e);

	if (rc == AB_OK && gate_init(&ep->gate, &ep->limits.rate, ep->limits.concurrency) != 0)
		rc = error_set(e, AB_ENOMEM, "out of memory");
	ep->has_gate = rc == AB_OK;
	return rc;
}

ab_status
endpoint_read(const char *json, const json_t *config, struct endpoint *out, struct error *e)
{
	const struct fields f = {"endpoint", json};
	const json_t *auth, *headers;
	json_t *d;
	ab_status rc = fields_load(&f, &d, e);

	*out = (struct endpoint){0};
	buf_init(&out->base, URL_MAX);
	headers_init(&out->headers);
	if (rc == AB_OK)
		rc = fields_check(&f, "", d, endpoint_fields, e);
	auth = json_object_get(d, "auth");
	headers = json_object_get(d, "headers");
	if (rc == AB_OK)
		rc = read_base(&f, json_object_get(d, "base_url"), config, out, e);
	if (rc == AB_OK)
		rc = read_limits(&f, d, out, e);
	if (rc == AB_OK && auth != NULL)
		rc = auth_read(&f, "/auth", auth, config, out, &out->auth, e);
	if (rc == AB_OK && headers != NULL)
		rc = read_headers(&f, headers, out, e);
	json_decref(d);
	if (rc != AB_OK)
		endpoint_fini(out);
	return rc;
}

ab_status
endpoint_init_at(
    struct endpoint *out, const char *url, const struct endpoint *whose, struct error *e)
{
	const struct fields none = {"endpoint", ""};
	ab_status rc;

	*out = (struct endpoint){0};
	buf_init(&out->base, URL_MAX);
	headers_init(&out->headers);
	rc = buf_adds(&out->base, url) == 0 && url_parse(out->base.ptr, &out->url) == NULL
	    ? read_limits(&none, NULL, out, e)
	    : error_set(e, AB_ENOMEM, "out of memory");
	out->limits.retry = whose->limits.retry;
	out->limits.timeout_s = whose->limits.timeout_s;
	if (out->limits.timeout_s == 0)
		out->limits.timeout_s = TOKEN_TIMEOUT_S;
	if (rc != AB_OK)
		endpoint_fini(out);
	return rc;
}

void
endpoint_fini(struct endpoint *ep)
{
	buf_fini(&ep->base);
	auth_fini(&ep->auth);
	headers_fini(&ep->headers);
	limits_fini(&ep->limits);
	if (ep->has_gate)
		gate_fini(&ep->gate);
	*ep = (struct endpoint){0};
}
