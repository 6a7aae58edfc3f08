/* auth_oauth2.c - reads {"type": "oauth2"}: RFC 6749's grants without a browser, and RFC 7523's assertions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/auth_internal.h"
#include "net/secrets.h"

#define ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
#define JWT_BEARER     "urn:ietf:params:oauth:grant-type:jwt-bearer"

static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
    {"grant", FIELD_STRING | FIELD_REQUIRED},
    {"token_url", FIELD_STRING | FIELD_OBJECT | FIELD_REQUIRED}, {"method", FIELD_STRING},
    {"send", FIELD_STRING}, {"client_id", FIELD_STRING | FIELD_OBJECT},
    {"client_secret", FIELD_STRING | FIELD_OBJECT}, {"client_auth", FIELD_STRING},
    {"refresh_token", FIELD_STRING | FIELD_OBJECT}, {"rotates", FIELD_BOOLEAN},
    {"username", FIELD_STRING | FIELD_OBJECT}, {"password", FIELD_STRING | FIELD_OBJECT},
    {"assertion", FIELD_OBJECT}, {"scopes", FIELD_ARRAY}, {"params", FIELD_OBJECT},
    {"headers", FIELD_OBJECT}, {"names", FIELD_OBJECT}, {"answer", FIELD_OBJECT},
    {"lifetime_seconds", FIELD_NUMBER}, {"expired", FIELD_ARRAY}, {"token", FIELD_OBJECT},
    {NULL, 0}};

struct oauth2 { /* one description on its way to a recipe */
	struct reading *r;
	const char *pointer;
	const json_t *d;
	struct token_recipe *out;
};

static ab_status
need(const struct oauth2 *o, const char *key)
{
	return json_object_get(o->d, key) != NULL
	    ? AB_OK
	    : fields_fail(o->r->f, o->pointer, key, "is missing", o->r->e);
}

/* What a parameter is called on the wire; "": it is not sent. */
static const char *
name_of(const struct oauth2 *o, const char *key)
{
	const char *name = json_string_value(json_object_get(json_object_get(o->d, "names"), key));

	return name != NULL ? name : key;
}

static ab_status
check_names(const struct oauth2 *o)
{
	static const struct field names[] = {{"grant_type", FIELD_STRING},
	    {"client_id", FIELD_STRING}, {"client_secret", FIELD_STRING},
	    {"refresh_token", FIELD_STRING}, {"username", FIELD_STRING}, {"password", FIELD_STRING},
	    {"scope", FIELD_STRING}, {"assertion", FIELD_STRING}, {NULL, 0}};
	const json_t *d = json_object_get(o->d, "names");
	char below[AUTH_POINTER];

	snprintf(below, sizeof(below), "%.90s/names", o->pointer);
	return d == NULL ? AB_OK : fields_check(o->r->f, below, d, names, o->r->e);
}

/* The text at `key` becomes the parameter of its name. */
static ab_status
add_text(const struct oauth2 *o, const char *key, unsigned how)
{
	char *text = auth_text_of(o->r, o->pointer, o->d, key, how);
	ab_status rc =
	    text == NULL ? o->r->e->status : auth_set(o->r, o->out->params, name_of(o, key), text);

	auth_text_free(text);
	return rc;
}

/* RFC 6749, 2.3.1: both are encoded as in a form first. */
static ab_status
add_basic(const struct oauth2 *o, const char *id, const char *secret)
{
	struct buf user, password;
	char *value = NULL;
	ab_status rc;

	buf_init(&user, 256u << 10);
	buf_init(&password, 256u << 10);
	if (url_encode(&user, id, strlen(id)) == 0 &&
	    url_encode(&password, secret, strlen(secret)) == 0)
		value = auth_basic(o->r, buf_str(&user), buf_str(&password));
	else
		error_set(o->r->e, AB_ECONFIG, "%s in the config: too long", o->r->keys);
	rc = value == NULL ? o->r->e->status
			   : auth_set(o->r, o->out->headers, "Authorization", value);
	if (password.ptr != NULL)
		explicit_bzero(password.ptr, password.cap);
	buf_fini(&user);
	buf_fini(&password);
	auth_text_free(value);
	return rc;
}

static ab_status
add_assertion(const struct oauth2 *o, const char *param)
{
	char below[AUTH_POINTER];

	if (need(o, "assertion") != AB_OK)
		return o->r->e->status;
	if (o->out->jwt != NULL)
		return fields_fail(o->r->f, o->pointer, "client_auth",
		    "is private_key_jwt, which the grant jwt_bearer does not need", o->r->e);
	o->out->assertion = strdup(param);
	if (o->out->assertion == NULL)
		return error_set(o->r->e, AB_ENOMEM, "out of memory");
	snprintf(below, sizeof(below), "%.90s/assertion", o->pointer);
	return auth_read_assertion(o->r, below, json_object_get(o->d, "assertion"), &o->out->jwt);
}

static ab_status
add_client(const struct oauth2 *o)
{
	const char *way = json_string_value(json_object_get(o->d, "client_auth"));
	char *id = NULL, *secret = NULL;
	ab_status rc = AB_OK;

	way = way == NULL ? "body" : way;
	if (strcmp(way, "private_key_jwt") == 0) {
		rc = auth_set(o->r, o->out->params, "client_assertion_type", ASSERTION_TYPE);
		if (rc == AB_OK)
			rc = add_assertion(o, "client_assertion");
		if (rc == AB_OK && json_object_get(o->d, "client_id") != NULL)
			rc = add_text(o, "client_id", TEXT_PLAIN);
	} else if (strcmp(way, "basic") == 0) {
		if (need(o, "client_id") == AB_OK)
			id = auth_text_of(o->r, o->pointer, o->d, "client_id", TEXT_PLAIN);
		if (id != NULL)
			secret = auth_text_of(o->r, o->pointer, o->d, "client_secret", TEXT_EMPTY);
		rc = secret == NULL ? o->r->e->status : add_basic(o, id, secret);
	} else if (strcmp(way, "body") == 0) {
		if (json_object_get(o->d, "client_id") != NULL)
			rc = add_text(o, "client_id", TEXT_PLAIN);
		if (rc == AB_OK && json_object_get(o->d, "client_secret") != NULL)
			rc = add_text(o, "client_secret", TEXT_EMPTY);
	} else {
		rc = fields_fail(o->r->f, o->pointer, "client_auth",
		    "must be \"body\", \"basic\" or \"private_key_jwt\"", o->r->e);
	}
	auth_text_free(id);
	auth_text_free(secret);
	return rc;
}

static ab_status
add_scopes(const struct oauth2 *o)
{
	const json_t *list = json_object_get(o->d, "scopes"), *item;
	struct buf text;
	size_t i;
	ab_status rc = AB_OK;

	buf_init(&text, 16u << 10);
	json_array_foreach (list, i, item) {
		if (!json_is_string(item)) {
			rc = fields_fail(
			    o->r->f, o->pointer, "scopes", "must hold strings", o->r->e);
			break;
		}
		buf_adds(&text, i > 0 ? " " : "");
		buf_adds(&text, json_string_value(item));
	}
	if (rc == AB_OK && text.failed)
		rc = fields_fail(o->r->f, o->pointer, "scopes", "is too long", o->r->e);
	if (rc == AB_OK && text.len > 0)
		rc = auth_set(o->r, o->out->params, name_of(o, "scope"), text.ptr);
	buf_fini(&text);
	return rc;
}

/* The refresh token is not among the parameters: the one in use may be another. */
static ab_status
add_refresh(const struct oauth2 *o)
{
	const char *id, *key;

	if (need(o, "refresh_token") != AB_OK)
		return o->r->e->status;
	o->out->rotates = json_is_true(json_object_get(o->d, "rotates"));
	key = json_string_value(json_object_get(json_object_get(o->d, "refresh_token"), "config"));
	o->out->refresh_key = key == NULL ? NULL : strdup(key);
	o->out->refresh_param = strdup(name_of(o, "refresh_token"));
	o->out->refresh = auth_text_of(o->r, o->pointer, o->d, "refresh_token", 0);
	if (o->out->refresh == NULL)
		return o->r->e->status;
	if (o->out->refresh_param == NULL || (key != NULL && o->out->refresh_key == NULL))
		return error_set(o->r->e, AB_ENOMEM, "out of memory");
	id = json_string_value(json_object_get(o->out->params, name_of(o, "client_id")));
	secrets_key((const char *const[]){o->out->at->base.ptr, id != NULL ? id : "",
			o->out->refresh, NULL},
	    o->out->secrets_key);
	return AB_OK;
}

static ab_status
add_grant(const struct oauth2 *o)
{
	const char *grant = json_string_value(json_object_get(o->d, "grant")), *type = grant;
	ab_status rc;

	if (strcmp(grant, "jwt_bearer") == 0)
		type = JWT_BEARER;
	rc = auth_set(o->r, o->out->params, name_of(o, "grant_type"), type);
	if (rc != AB_OK || strcmp(grant, "client_credentials") == 0)
		return rc;
	if (strcmp(grant, "refresh_token") == 0)
		return add_refresh(o);
	if (strcmp(grant, "jwt_bearer") == 0)
		return add_assertion(o, name_of(o, "assertion"));
	if (strcmp(grant, "password") == 0) {
		if (need(o, "username") != AB_OK || need(o, "password") != AB_OK ||
		    add_text(o, "username", 0) != AB_OK)
			return o->r->e->status;
		return add_text(o, "password", TEXT_EMPTY);
	}
	return fields_fail(o->r->f, o->pointer, "grant",
	    "must be \"client_credentials\", \"refresh_token\", \"password\" or \"jwt_bearer\"",
	    o->r->e);
}

static ab_status
read_all(const struct oauth2 *o)
{
	static const char *const defaults[3] = {"access_token", "expires_in", "refresh_token"};
	struct token_recipe *out = o->out;
	char *all = o->r->keys;
	ab_status rc = fields_check(o->r->f, o->pointer, o->d, known, o->r->e);

	if (rc == AB_OK)
		rc = check_names(o);
	if (rc == AB_OK)
		rc = auth_read_request(o->r, o->pointer, o->d, "token_url", out);
	o->r->keys = out->client_keys;
	if (rc == AB_OK)
		rc = add_client(o);
	o->r->keys = out->grant_keys;
	if (rc == AB_OK)
		rc = add_grant(o);
	o->r->keys = all;
	auth_join_keys(all, out->client_keys);
	auth_join_keys(all, out->grant_keys);
	if (rc == AB_OK)
		rc = add_scopes(o);
	return rc == AB_OK ? auth_read_life(o->r, o->pointer, o->d, defaults, out) : rc;
}

ab_status
auth_read_oauth2(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	struct token_recipe recipe = {.what = "get an access token"};
	const struct oauth2 o = {r, pointer, d, &recipe};
	ab_status rc = read_all(&o);

	if (rc == AB_OK)
		return auth_make_token(r, pointer, d, &recipe, out);
	token_recipe_fini(&recipe);
	return rc;
}
