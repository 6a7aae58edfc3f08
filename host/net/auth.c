/* auth.c - see auth.h: the kinds of credential that stand in the config as they are, and the choice among kinds. */
#include "net/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/auth_internal.h"

static ab_status
no_memory(struct reading *r)
{
	return error_set(r->e, AB_ENOMEM, "out of memory");
}

/* Copies name and prefix + value. */
static ab_status
keep(struct reading *r, struct auth *out, enum auth_place place, const char *name,
    const char *prefix, const char *value)
{
	size_t n = strlen(prefix) + strlen(value) + 1;

	out->place = place;
	out->name = strdup(name);
	out->value = malloc(n);
	if (out->name == NULL || out->value == NULL)
		return no_memory(r);
	snprintf(out->value, n, "%s%s", prefix, value);
	return AB_OK;
}

static ab_status
read_bearer(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"config", FIELD_STRING | FIELD_REQUIRED}, {NULL, 0}};
	char *value;
	ab_status rc;

	if (fields_check(r->f, pointer, d, known, r->e) != AB_OK)
		return r->e->status;
	value = auth_text_config(r, json_string_value(json_object_get(d, "config")), 0);
	rc = value == NULL ? r->e->status
			   : keep(r, out, AUTH_HEADER, "Authorization", "Bearer ", value);
	auth_text_free(value);
	return rc;
}

static ab_status
read_basic(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"username", FIELD_STRING | FIELD_OBJECT | FIELD_REQUIRED},
	    {"password", FIELD_STRING | FIELD_OBJECT}, {NULL, 0}};
	char *user = NULL, *password = NULL, *value = NULL;
	ab_status rc;

	if (fields_check(r->f, pointer, d, known, r->e) != AB_OK)
		return r->e->status;
	user = auth_text_of(r, pointer, d, "username", 0);
	if (user != NULL)
		password = auth_text_of(r, pointer, d, "password", TEXT_EMPTY);
	if (password != NULL && strchr(user, ':') != NULL)
		error_set(r->e, AB_ECONFIG,
		    "the user name for basic authentication (%s in the config) holds a colon",
		    r->keys);
	else if (password != NULL)
		value = auth_basic(r, user, password);
	rc = value == NULL ? r->e->status : keep(r, out, AUTH_HEADER, "Authorization", "", value);
	auth_text_free(user);
	auth_text_free(password);
	auth_text_free(value);
	return rc;
}

/* "in", "name" and "prefix", checked. */
static ab_status
read_place(struct reading *r, const char *pointer, const json_t *d, enum auth_place *place)
{
	static const char *const places[] = {
	    [AUTH_HEADER] = "header", [AUTH_QUERY] = "query", [AUTH_BODY] = "body"};
	const char *in = json_string_value(json_object_get(d, "in"));
	const char *name = json_string_value(json_object_get(d, "name"));
	const char *prefix = json_string_value(json_object_get(d, "prefix")), *wrong;

	*place = AUTH_NONE;
	for (int i = AUTH_HEADER; i <= AUTH_BODY; i++)
		if (strcmp(in, places[i]) == 0)
			*place = (enum auth_place)i;
	if (*place == AUTH_NONE)
		return fields_fail(
		    r->f, pointer, "in", "must be \"header\", \"query\" or \"body\"", r->e);
	wrong = *place == AUTH_HEADER ? headers_check_name(name)
				      : (name[0] == '\0' ? "is empty" : NULL);
	if (wrong != NULL)
		return fields_fail(r->f, pointer, "name", wrong, r->e);
	wrong = prefix == NULL ? NULL : headers_check_value(prefix);
	return wrong == NULL ? AB_OK : fields_fail(r->f, pointer, "prefix", wrong, r->e);
}

static const char *
prefix_of(const json_t *d)
{
	const char *prefix = json_string_value(json_object_get(d, "prefix"));

	return prefix == NULL ? "" : prefix;
}

static ab_status
read_api_key(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"in", FIELD_STRING | FIELD_REQUIRED}, {"name", FIELD_STRING | FIELD_REQUIRED},
	    {"config", FIELD_STRING | FIELD_REQUIRED}, {"prefix", FIELD_STRING}, {NULL, 0}};
	enum auth_place place;
	char *value;
	ab_status rc = fields_check(r->f, pointer, d, known, r->e);

	if (rc == AB_OK)
		rc = read_place(r, pointer, d, &place);
	if (rc != AB_OK)
		return rc;
	value = auth_text_config(r, json_string_value(json_object_get(d, "config")), 0);
	rc = value == NULL ? r->e->status
			   : keep(r, out, place, json_string_value(json_object_get(d, "name")),
				 prefix_of(d), value);
	auth_text_free(value);
	return rc;
}

ab_status
auth_read_place(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	static const struct field known[] = {{"in", FIELD_STRING | FIELD_REQUIRED},
	    {"name", FIELD_STRING | FIELD_REQUIRED}, {"prefix", FIELD_STRING}, {NULL, 0}};
	const json_t *token = json_object_get(d, "token");
	char below[AUTH_POINTER];
	enum auth_place place;

	if (token == NULL)
		return keep(r, out, AUTH_HEADER, "Authorization", "Bearer ", "");
	snprintf(below, sizeof(below), "%.90s/token", pointer);
	if (fields_check(r->f, below, token, known, r->e) != AB_OK ||
	    read_place(r, below, token, &place) != AB_OK)
		return r->e->status;
	return keep(
	    r, out, place, json_string_value(json_object_get(token, "name")), prefix_of(token), "");
}

static ab_status
read_none(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED}, {NULL, 0}};

	(void)out;
	return fields_check(r->f, pointer, d, known, r->e);
}

static ab_status
read_select(struct reading *r, const char *pointer, const json_t *d, struct auth *out);

static const struct kind {
	const char *type;
	ab_status (*read)(struct reading *, const char *, const json_t *, struct auth *);
} kinds[] = {{"none", read_none}, {"bearer", read_bearer}, {"basic", read_basic},
    {"api_key", read_api_key}, {"oauth2", auth_read_oauth2}, {"jwt", auth_read_jwt},
    {"session", auth_read_session}, {"select", read_select}};

/* NULL: there is no such kind, and the error is set. */
static const struct kind *
find_kind(struct reading *r, const char *pointer, const json_t *d)
{
	const char *type = json_string_value(json_object_get(d, "type"));

	for (size_t i = 0; type != NULL && i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].type, type) == 0)
			return &kinds[i];
	fields_fail(r->f, pointer, "type",
	    "must be \"none\", \"bearer\", \"basic\", \"api_key\", \"oauth2\", \"jwt\", \"session\" or "
	    "\"select\"",
	    r->e);
	return NULL;
}

/* Each case is one of the kinds, whichever the config chooses. */
static ab_status
check_cases(struct reading *r, const char *pointer, const json_t *cases)
{
	char below[AUTH_POINTER];
	const char *value;
	json_t *one;
	const struct kind *kind;

	if (json_object_size(cases) == 0)
		return fields_fail(r->f, pointer, "cases", "is empty", r->e);
	json_object_foreach ((json_t *)(uintptr_t)cases, value, one) {
		snprintf(below, sizeof(below), "%.80s/cases/%.64s", pointer, value);
		kind = find_kind(r, below, one);
		if (kind == NULL)
			return r->e->status;
		if (kind->read == read_select)
			return fields_fail(
			    r->f, below, "type", "is a choice inside of a choice", r->e);
	}
	return AB_OK;
}

static ab_status
fail_choice(struct reading *r, const char *path, const json_t *cases)
{
	char known[400] = "";
	const char *value;
	json_t *one;
	size_t n = 0;

	json_object_foreach ((json_t *)(uintptr_t)cases, value, one)
		if (n + 1 < sizeof(known))
			n += (size_t)snprintf(
			    known + n, sizeof(known) - n, "%s\"%.40s\"", n > 0 ? ", " : "", value);
	return error_set(r->e, AB_ECONFIG,
	    "\"%s\" in the config, which says how to sign in, must be one of %s", path, known);
}

static ab_status
read_select(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"config", FIELD_STRING | FIELD_REQUIRED}, {"default", FIELD_STRING},
	    {"cases", FIELD_OBJECT | FIELD_REQUIRED}, {NULL, 0}};
	const json_t *cases = json_object_get(d, "cases"), *one;
	const char *path = json_string_value(json_object_get(d, "config"));
	struct error unset = ERROR_INIT, *e = r->e;
	char below[AUTH_POINTER], *chosen;
	const char *value;

	if (fields_check(r->f, pointer, d, known, e) != AB_OK ||
	    check_cases(r, pointer, cases) != AB_OK)
		return e->status;
	r->e = &unset; /* that it is not there has a sentence of its own */
	chosen = auth_text_config(r, path, TEXT_PLAIN);
	r->e = e;
	value = chosen != NULL ? chosen : json_string_value(json_object_get(d, "default"));
	one = value == NULL ? NULL : json_object_get(cases, value);
	snprintf(below, sizeof(below), "%.80s/cases/%.64s", pointer, value != NULL ? value : "");
	auth_text_free(chosen);
	if (one == NULL)
		return fail_choice(r, path, cases);
	r->keys[0] = '\0'; /* which credential was chosen is not what fails */
	return find_kind(r, below, one)->read(r, below, one, out);
}

ab_status
auth_read(const struct fields *f, const char *pointer, const json_t *description,
    const json_t *config, const struct endpoint *endpoint, struct auth *out, struct error *e)
{
	struct reading r = {f, config, endpoint, out->keys, e};
	const struct kind *kind;
	ab_status rc;

	*out = (struct auth){0};
	kind = find_kind(&r, pointer, description);
	if (kind == NULL)
		return e->status;
	rc = kind->read(&r, pointer, description, out);
	if (rc != AB_OK)
		auth_fini(out);
	return rc;
}

void
auth_fini(struct auth *a)
{
	auth_text_free(a->value);
	free(a->name);
	token_free(a->token);
	*a = (struct auth){0};
}
