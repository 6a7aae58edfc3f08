/* auth_session.c - reads {"type": "session"}: a login that answers with the token of a session. */
#include <stdio.h>
#include <string.h>

#include "net/auth_internal.h"

static ab_status
read_basic(struct reading *r, const char *pointer, const json_t *d, struct token_recipe *out)
{
	static const struct field known[] = {
	    {"username", FIELD_STRING | FIELD_OBJECT | FIELD_REQUIRED},
	    {"password", FIELD_STRING | FIELD_OBJECT}, {NULL, 0}};
	char below[AUTH_POINTER], *user, *password = NULL, *value = NULL;
	ab_status rc;

	snprintf(below, sizeof(below), "%.90s/basic", pointer);
	if (fields_check(r->f, below, d, known, r->e) != AB_OK)
		return r->e->status;
	user = auth_text_of(r, below, d, "username", 0);
	if (user != NULL)
		password = auth_text_of(r, below, d, "password", TEXT_EMPTY);
	if (password != NULL)
		value = auth_basic(r, user, password);
	rc = value == NULL ? r->e->status : auth_set(r, out->headers, "Authorization", value);
	auth_text_free(user);
	auth_text_free(password);
	auth_text_free(value);
	return rc;
}

static ab_status
read_login(struct reading *r, const char *pointer, const json_t *login, struct token_recipe *out)
{
	static const struct field known[] = {{"url", FIELD_STRING | FIELD_OBJECT | FIELD_REQUIRED},
	    {"method", FIELD_STRING}, {"send", FIELD_STRING}, {"params", FIELD_OBJECT},
	    {"headers", FIELD_OBJECT}, {"basic", FIELD_OBJECT}, {NULL, 0}};
	char below[AUTH_POINTER];
	const json_t *basic = json_object_get(login, "basic");
	ab_status rc;

	snprintf(below, sizeof(below), "%.90s/login", pointer);
	rc = fields_check(r->f, below, login, known, r->e);
	out->send = TOKEN_JSON;
	if (rc == AB_OK)
		rc = auth_read_request(r, below, login, "url", out);
	if (rc == AB_OK && basic != NULL)
		rc = read_basic(r, below, basic, out);
	if (rc == AB_OK && json_object_get(login, "params") == NULL)
		out->send = TOKEN_NOTHING;
	return rc;
}

ab_status
auth_read_session(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"login", FIELD_OBJECT | FIELD_REQUIRED}, {"answer", FIELD_OBJECT | FIELD_REQUIRED},
	    {"lifetime_seconds", FIELD_NUMBER}, {"expired", FIELD_ARRAY}, {"token", FIELD_OBJECT},
	    {NULL, 0}};
	static const char *const defaults[3] = {NULL, NULL, NULL};
	struct token_recipe recipe = {.what = "log in"};
	ab_status rc = fields_check(r->f, pointer, d, known, r->e);

	if (rc == AB_OK)
		rc = read_login(r, pointer, json_object_get(d, "login"), &recipe);
	if (rc == AB_OK)
		rc = auth_read_life(r, pointer, d, defaults, &recipe);
	if (rc == AB_OK)
		return auth_make_token(r, pointer, d, &recipe, out);
	token_recipe_fini(&recipe);
	return rc;
}
