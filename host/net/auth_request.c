/* auth_request.c - see auth_internal.h: how a token is asked for, and where the answer has it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/auth_internal.h"
#include "net/token_internal.h"

#define LIFETIME_MAX_S 1e9

ab_status
auth_set(struct reading *r, json_t *object, const char *name, const char *value)
{
	if (value == NULL || name[0] == '\0')
		return AB_OK;
	return json_object_set_new(object, name, json_string(value)) == 0
	    ? AB_OK
	    : error_set(r->e, AB_ECONFIG, "%s in the config: no UTF-8 text",
		  r->keys[0] != '\0' ? r->keys : "what is sent to sign in");
}

void
auth_join_keys(char all[AUTH_KEYS], const char *part)
{
	size_t n = strlen(all);

	if (part[0] != '\0' && strstr(all, part) == NULL)
		snprintf(all + n, AUTH_KEYS - n, "%s%s", n > 0 ? " and " : "", part);
}

static ab_status
read_send(struct reading *r, const char *pointer, const json_t *d, struct token_recipe *out)
{
	static const char *const ways[] = {[TOKEN_FORM] = "form",
	    [TOKEN_JSON] = "json",
	    [TOKEN_QUERY] = "query",
	    [TOKEN_NOTHING] = NULL};
	const char *method = json_string_value(json_object_get(d, "method"));
	const char *send = json_string_value(json_object_get(d, "send"));

	out->method = "POST";
	if (method != NULL && strcmp(method, "GET") == 0)
		out->method = "GET";
	else if (method != NULL && strcmp(method, "PUT") == 0)
		out->method = "PUT";
	else if (method != NULL && strcmp(method, "POST") != 0)
		return fields_fail(
		    r->f, pointer, "method", "must be \"GET\", \"POST\" or \"PUT\"", r->e);
	if (send == NULL) {
		if (strcmp(out->method, "GET") == 0)
			out->send = TOKEN_QUERY;
		return AB_OK;
	}
	for (int i = 0; ways[i] != NULL; i++) {
		if (strcmp(send, ways[i]) == 0) {
			out->send = (enum token_send)i;
			return AB_OK;
		}
	}
	return fields_fail(r->f, pointer, "send", "must be \"form\", \"json\" or \"query\"", r->e);
}

/* What a form or a query holds is text. */
static ab_status
check_flat(struct reading *r, const char *pointer, json_t *params)
{
	const char *name;
	json_t *value;

	json_object_foreach (params, name, value)
		if (!json_is_string(value))
			return fields_fail(r->f, pointer, name,
			    "must be a text, unless the parameters are sent as \"json\"", r->e);
	return AB_OK;
}

static ab_status
read_params(struct reading *r, const char *pointer, const json_t *d, struct token_recipe *out)
{
	const json_t *params = json_object_get(d, "params");
	char below[AUTH_POINTER];
	json_t *made;
	ab_status rc;

	if (params == NULL)
		return AB_OK;
	snprintf(below, sizeof(below), "%.90s/params", pointer);
	made = auth_text_tree(r, below, params, TEXT_EMPTY | TEXT_LINES);
	if (made == NULL)
		return r->e->status;
	rc = out->send == TOKEN_JSON ? AB_OK : check_flat(r, below, made);
	if (rc == AB_OK && json_object_update(out->params, made) != 0)
		rc = error_set(r->e, AB_ENOMEM, "out of memory");
	json_decref(made);
	return rc;
}

static ab_status
read_headers(struct reading *r, const char *pointer, const json_t *d, struct token_recipe *out)
{
	char below[AUTH_POINTER], *value;
	const char *name, *wrong;
	json_t *text;
	ab_status rc = AB_OK;

	snprintf(below, sizeof(below), "%.90s/headers", pointer);
	json_object_foreach (json_object_get(d, "headers"), name, text) {
		wrong = headers_check_name(name);
		if (wrong == NULL && json_object_size(out->headers) == TOKEN_HEADERS_MAX)
			wrong = "is one header too many";
		if (wrong == NULL && json_is_string(text))
			wrong = headers_check_value(json_string_value(text));
		if (wrong != NULL)
			return fields_fail(r->f, below, name, wrong, r->e);
		value = auth_text_of(r, below, json_object_get(d, "headers"), name, 0);
		rc = value == NULL ? r->e->status : auth_set(r, out->headers, name, value);
		auth_text_free(value);
		if (rc != AB_OK)
			return rc;
	}
	return rc;
}

ab_status
auth_read_request(struct reading *r, const char *pointer, const json_t *d, const char *url,
    struct token_recipe *out)
{
	struct buf text;
	ab_status rc;

	buf_init(&text, URL_MAX);
	out->at = calloc(1, sizeof(*out->at));
	if (out->params == NULL)
		out->params = json_object();
	if (out->headers == NULL)
		out->headers = json_object();
	rc = out->at == NULL || out->params == NULL || out->headers == NULL
	    ? error_set(r->e, AB_ENOMEM, "out of memory")
	    : auth_url(r, pointer, d, url, &text);
	if (rc == AB_OK)
		rc = endpoint_init_at(out->at, text.ptr, r->endpoint, r->e);
	buf_fini(&text);
	if (rc != AB_OK) {
		free(out->at);
		out->at = NULL;
		return rc;
	}
	rc = read_send(r, pointer, d, out);
	if (rc == AB_OK)
		rc = read_params(r, pointer, d, out);
	return rc == AB_OK ? read_headers(r, pointer, d, out) : rc;
}

static ab_status
read_expired(struct reading *r, const char *pointer, const json_t *d, struct token_recipe *out)
{
	const json_t *list = json_object_get(d, "expired"), *item;
	json_int_t status;
	size_t i;

	if (list == NULL)
		out->expired[401 / 8] |= 1u << 401 % 8;
	json_array_foreach (list, i, item) {
		status = json_integer_value(item);
		if (!json_is_integer(item) || status < 400 || status > 499)
			return fields_fail(
			    r->f, pointer, "expired", "must hold statuses from 400 to 499", r->e);
		out->expired[status / 8] |= (unsigned char)(1u << status % 8);
	}
	return AB_OK;
}

static ab_status
copy_path(
    struct reading *r, const json_t *answer, const char *key, const char *fallback, char **out)
{
	const char *path = json_string_value(json_object_get(answer, key));

	path = path != NULL ? path : fallback;
	if (path == NULL)
		return AB_OK;
	*out = strdup(path);
	return *out != NULL ? AB_OK : error_set(r->e, AB_ENOMEM, "out of memory");
}

static ab_status
read_answer(struct reading *r, const char *pointer, const json_t *d, const char *const defaults[3],
    struct token_recipe *out)
{
	static const struct field known[] = {{"token", FIELD_STRING}, {"header", FIELD_STRING},
	    {"expires_in", FIELD_STRING}, {"expires_at", FIELD_STRING},
	    {"refresh_token", FIELD_STRING}, {NULL, 0}};
	const json_t *answer = json_object_get(d, "answer");
	char below[AUTH_POINTER];

	snprintf(below, sizeof(below), "%.90s/answer", pointer);
	if (answer != NULL && fields_check(r->f, below, answer, known, r->e) != AB_OK)
		return r->e->status;
	if (copy_path(r, answer, "token", defaults[0], &out->token_path) != AB_OK ||
	    copy_path(r, answer, "header", NULL, &out->token_header) != AB_OK ||
	    copy_path(r, answer, "expires_in", defaults[1], &out->expires_in_path) != AB_OK ||
	    copy_path(r, answer, "expires_at", NULL, &out->expires_at_path) != AB_OK ||
	    copy_path(r, answer, "refresh_token", defaults[2], &out->refresh_path) != AB_OK)
		return r->e->status;
	return out->token_path != NULL || out->token_header != NULL
	    ? AB_OK
	    : fields_fail(r->f, below, "token", "is missing", r->e);
}

ab_status
auth_read_life(struct reading *r, const char *pointer, const json_t *d,
    const char *const defaults[3], struct token_recipe *out)
{
	const json_t *seconds = json_object_get(d, "lifetime_seconds");

	if (seconds != NULL &&
	    !(json_number_value(seconds) >= 1 && json_number_value(seconds) <= LIFETIME_MAX_S))
		return fields_fail(
		    r->f, pointer, "lifetime_seconds", "must lie between 1 and 1000000000", r->e);
	out->lifetime_us = (int64_t)(json_number_value(seconds) * 1e6);
	if (read_answer(r, pointer, d, defaults, out) != AB_OK)
		return r->e->status;
	return read_expired(r, pointer, d, out);
}

ab_status
auth_make_token(struct reading *r, const char *pointer, const json_t *d, struct token_recipe *taken,
    struct auth *out)
{
	ab_status rc = auth_read_place(r, pointer, d, out);

	if (rc != AB_OK) {
		token_recipe_fini(taken);
		return rc;
	}
	snprintf(taken->keys, sizeof(taken->keys), "%s", r->keys);
	if (taken->at != NULL)
		snprintf(taken->at->auth.keys, sizeof(taken->at->auth.keys), "%s", r->keys);
	out->token = token_new(taken, out->value);
	return out->token != NULL ? AB_OK : error_set(r->e, AB_ENOMEM, "out of memory");
}
