/* auth.c - see auth.h. */
#include "net/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/buf.h"
#include "base/redact.h"
#include "data/config.h"
#include "net/headers.h"

#define SECRET_MAX (64u << 10)

struct reading { /* one description on its way to a struct auth */
	const struct fields *f;
	const char *pointer;
	const json_t *config;
	struct auth *out;
	struct error *e;
};

/* APIs quote what they were sent: the forms that a secret takes inside JSON are secrets too. */
static ab_status
hide(const char *secret, struct error *e)
{
	struct buf form;
	const char *p;
	int rc = redact_add(secret, strlen(secret));

	buf_init(&form, 6 * SECRET_MAX);
	rc |= buf_add_json_string(&form, secret, strlen(secret));
	if (rc == 0)
		rc = redact_add(form.ptr + 1, form.len - 2);
	buf_reset(&form);
	for (p = secret; *p != '\0'; p++)
		rc |= *p == '/' ? buf_adds(&form, "\\/") : buf_addc(&form, *p);
	if (rc == 0)
		rc = redact_add(form.ptr, form.len);
	if (form.ptr != NULL)
		explicit_bzero(form.ptr, form.cap);
	buf_fini(&form);
	return rc == 0 ? AB_OK : error_set(e, AB_ENOMEM, "out of memory");
}

static void
note_key(struct auth *a, const char *path)
{
	size_t n = strlen(a->keys);

	snprintf(a->keys + n, sizeof(a->keys) - n, "%s\"%.96s\"", n > 0 ? " and " : "", path);
}

/* A value from the config: present, a text, without line breaks; empty only where `may_be_empty`. */
static const char *
read_config(struct reading *r, const char *path, int may_be_empty)
{
	const char *wrong = "is missing, or not a text", *value = config_string(r->config, path);

	if (value != NULL) {
		wrong = headers_check_value(value);
		if (wrong == NULL && value[0] == '\0' && !may_be_empty)
			wrong = "is empty";
		if (wrong == NULL && strlen(value) > SECRET_MAX)
			wrong = "is longer than 64 KiB";
	}
	if (value == NULL || wrong != NULL) {
		error_set(r->e, AB_ECONFIG, "\"%s\" in the config %s; it is needed to sign in",
		    path, wrong);
		return NULL;
	}
	note_key(r->out, path);
	return hide(value, r->e) == AB_OK ? value : NULL;
}

/* "text", or {"config": "path"}; absent: "". */
static const char *
read_value(struct reading *r, const json_t *description, const char *key, int may_be_empty)
{
	static const struct field known[] = {{"config", FIELD_STRING | FIELD_REQUIRED}, {NULL, 0}};
	const json_t *value = json_object_get(description, key);
	char pointer[64];

	if (value == NULL)
		return "";
	if (json_is_string(value))
		return json_string_value(value);
	snprintf(pointer, sizeof(pointer), "%s/%s", r->pointer, key);
	if (fields_check(r->f, pointer, value, known, r->e) != AB_OK)
		return NULL;
	return read_config(r, json_string_value(json_object_get(value, "config")), may_be_empty);
}

static ab_status
keep(struct reading *r, enum auth_place place, const char *name, const char *prefix,
    const char *value)
{
	size_t n = strlen(prefix) + strlen(value) + 1;

	r->out->place = place;
	r->out->name = strdup(name);
	r->out->value = malloc(n);
	if (r->out->name == NULL || r->out->value == NULL)
		return error_set(r->e, AB_ENOMEM, "out of memory");
	snprintf(r->out->value, n, "%s%s", prefix, value);
	return AB_OK;
}

static ab_status
read_bearer(struct reading *r, const json_t *d)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"config", FIELD_STRING | FIELD_REQUIRED}, {NULL, 0}};
	const char *value;

	if (fields_check(r->f, r->pointer, d, known, r->e) != AB_OK)
		return r->e->status;
	value = read_config(r, json_string_value(json_object_get(d, "config")), 0);
	return value == NULL ? r->e->status
			     : keep(r, AUTH_HEADER, "Authorization", "Bearer ", value);
}

static ab_status
keep_basic(struct reading *r, const char *user, const char *password)
{
	size_t n = strlen(user) + strlen(password) + 2;
	char *pair = malloc(n), *code = malloc(BASE64_SIZE(n));
	ab_status rc = AB_ENOMEM;

	if (pair != NULL && code != NULL) {
		snprintf(pair, n, "%s:%s", user, password);
		base64_encode(pair, n - 1, code);
		rc = hide(pair, r->e);
		if (rc == AB_OK)
			rc = keep(r, AUTH_HEADER, "Authorization", "Basic ", code);
		explicit_bzero(pair, n);
		explicit_bzero(code, BASE64_SIZE(n));
	}
	free(pair);
	free(code);
	return rc == AB_OK ? rc : error_set(r->e, rc, "out of memory");
}

static ab_status
read_basic(struct reading *r, const json_t *d)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"username", FIELD_STRING | FIELD_OBJECT | FIELD_REQUIRED},
	    {"password", FIELD_STRING | FIELD_OBJECT}, {NULL, 0}};
	const char *user, *password;

	if (fields_check(r->f, r->pointer, d, known, r->e) != AB_OK)
		return r->e->status;
	user = read_value(r, d, "username", 0);
	password = user == NULL ? NULL : read_value(r, d, "password", 1);
	if (password == NULL)
		return r->e->status;
	if (strchr(user, ':') != NULL)
		return error_set(r->e, AB_ECONFIG,
		    "the user name for basic authentication (%s in the config) holds a colon",
		    r->out->keys);
	return keep_basic(r, user, password);
}

static ab_status
read_api_key(struct reading *r, const json_t *d)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"in", FIELD_STRING | FIELD_REQUIRED}, {"name", FIELD_STRING | FIELD_REQUIRED},
	    {"config", FIELD_STRING | FIELD_REQUIRED}, {"prefix", FIELD_STRING}, {NULL, 0}};
	const char *in, *name, *prefix, *value, *wrong = NULL;
	int in_query;

	if (fields_check(r->f, r->pointer, d, known, r->e) != AB_OK)
		return r->e->status;
	in = json_string_value(json_object_get(d, "in"));
	name = json_string_value(json_object_get(d, "name"));
	prefix = json_string_value(json_object_get(d, "prefix"));
	prefix = prefix == NULL ? "" : prefix;
	in_query = strcmp(in, "query") == 0;
	if (!in_query && strcmp(in, "header") != 0)
		return fields_fail(r->f, r->pointer, "in", "must be \"header\" or \"query\"", r->e);
	wrong = in_query ? (name[0] == '\0' ? "is empty" : NULL) : headers_check_name(name);
	if (wrong != NULL)
		return fields_fail(r->f, r->pointer, "name", wrong, r->e);
	wrong = headers_check_value(prefix);
	if (wrong != NULL)
		return fields_fail(r->f, r->pointer, "prefix", wrong, r->e);
	value = read_config(r, json_string_value(json_object_get(d, "config")), 0);
	if (value == NULL)
		return r->e->status;
	return keep(r, in_query ? AUTH_QUERY : AUTH_HEADER, name, prefix, value);
}

static ab_status
read_none(struct reading *r, const json_t *d)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED}, {NULL, 0}};

	return fields_check(r->f, r->pointer, d, known, r->e);
}

ab_status
auth_read(const struct fields *f, const char *pointer, const json_t *description,
    const json_t *config, struct auth *out, struct error *e)
{
	static const struct {
		const char *type;
		ab_status (*read)(struct reading *, const json_t *);
	} kinds[] = {{"none", read_none}, {"bearer", read_bearer}, {"basic", read_basic},
	    {"api_key", read_api_key}};
	struct reading r = {f, pointer, config, out, e};
	const char *type = json_string_value(json_object_get(description, "type"));
	ab_status rc;

	*out = (struct auth){0};
	for (size_t i = 0; type != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(kinds[i].type, type) != 0)
			continue;
		rc = kinds[i].read(&r, description);
		if (rc != AB_OK)
			auth_fini(out);
		return rc;
	}
	return fields_fail(
	    f, pointer, "type", "must be \"none\", \"bearer\", \"basic\" or \"api_key\"", e);
}

void
auth_fini(struct auth *a)
{
	if (a->value != NULL)
		explicit_bzero(a->value, strlen(a->value));
	free(a->value);
	free(a->name);
	*a = (struct auth){0};
}
