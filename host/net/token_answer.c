/* token_answer.c - see token_internal.h.  Must never quote an answer that may hold a token. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/redact.h"
#include "data/jsonread.h"
#include "net/auth_internal.h"
#include "net/explain.h"
#include "net/token_internal.h"
#include "net/when.h"

#define LIFETIME_MAX_S 1e9 /* thirty years */
#define EPOCH_S	       1e9 /* a number that is larger is a moment */
#define EPOCH_MS       1e11
#define EPOCH_MAX      1e15
#define SHOWN	       400

void
token_answer_fini(struct token_answer *a)
{
	auth_text_free(a->access);
	auth_text_free(a->refresh);
	*a = (struct token_answer){0};
}

/* The value at "data.tokens.0.id"; "": the whole. */
static const json_t *
find(const json_t *at, const char *path)
{
	while (at != NULL && path[0] != '\0') {
		size_t len = strcspn(path, ".");

		if (json_is_array(at))
			at = len > 0 && strspn(path, "0123456789") == len
			    ? json_array_get(at, strtoul(path, NULL, 10))
			    : NULL;
		else
			at = json_object_getn(at, path, len);
		path += len + (path[len] == '.');
	}
	return at;
}

/* Seconds, as a number or as digits; NAN: none. */
static double
read_number(const json_t *value)
{
	const char *text = json_string_value(value);
	char *end;
	double n;

	if (json_is_number(value))
		return json_number_value(value);
	if (text == NULL)
		return NAN;
	n = strtod(text, &end);
	return end != text && *end == '\0' ? n : NAN;
}

static int64_t
to_lifetime(double seconds)
{
	if (!(seconds > 0)) /* some say 0 or -1 of a token that has no end */
		return 0;
	return seconds > LIFETIME_MAX_S ? 0 : (int64_t)(seconds * 1e6);
}

/* A moment: a date, or seconds or milliseconds since 1970. */
static int64_t
until_moment(const json_t *value, int64_t now_us)
{
	const char *text = json_string_value(value);
	double n = read_number(value);
	int64_t at;

	if (n > EPOCH_MAX)
		return 0;
	if (n > EPOCH_S)
		at = (int64_t)(n > EPOCH_MS ? n * 1e3 : n * 1e6);
	else if (text == NULL || clock_parse(text, strlen(text), &at) != 0)
		return 0;
	/* One that is past already: what it was good for, one request may try. */
	return at > now_us ? at - now_us : 1;
}

static int64_t
read_lifetime(const struct token_recipe *r, const json_t *body, int64_t now_us)
{
	const json_t *at = r->expires_at_path == NULL ? NULL : find(body, r->expires_at_path);
	const json_t *in = r->expires_in_path == NULL ? NULL : find(body, r->expires_in_path);
	int64_t us = at == NULL ? 0 : until_moment(at, now_us);

	if (us == 0 && in != NULL)
		us = to_lifetime(read_number(in));
	return us != 0 ? us : r->lifetime_us;
}

/* Names of the members, never a value. */
static void
list_members(const json_t *body, char *out, size_t size)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	out[0] = '\0';
	json_object_foreach ((json_t *)(uintptr_t)body, name, value)
		if (n + 1 < size)
			n += (size_t)snprintf(
			    out + n, size - n, "%s\"%.40s\"", n > 0 ? ", " : "", name);
}

static ab_status
fail_without_token(const struct token_recipe *r, const struct http_response *resp,
    const json_t *body, struct error *e)
{
	char members[SHOWN];

	if (r->token_header != NULL)
		return error_set(e, AB_EDATA, "%s: the answer has no header %s",
		    http_response_what(resp), r->token_header);
	list_members(body, members, sizeof(members));
	return error_set(e, AB_EDATA, "%s: the answer has no text at \"%s\"; it has %s",
	    http_response_what(resp), r->token_path, members[0] != '\0' ? members : "nothing");
}

/* A page of HTML holds no token; anything else might. */
static ab_status
fail_no_json(const struct token_recipe *r, const struct http_response *resp, struct error *e)
{
	const char *type = http_response_header(resp, "Content-Type");
	char shown[EXPLAIN_BODY] = "";

	if (resp->body.len > 0 && resp->body.ptr[0] == '<')
		explain_body(resp, shown);
	return error_set(e, AB_ECONFIG,
	    "%s: the answer is no JSON but %zu bytes of %.100s%s%s - is this the right address? "
	    "check %s in the config",
	    http_response_what(resp), resp->body.len, type != NULL ? type : "an unknown type",
	    shown[0] != '\0' ? ": " : "", shown, r->keys[0] != '\0' ? r->keys : "what you entered");
}

static const char *
text_at(const json_t *body, const char *const *paths)
{
	const char *text = NULL;

	for (; *paths != NULL && text == NULL; paths++)
		text = json_string_value(find(body, *paths));
	return text;
}

/* RFC 6749, 5.2; some answer so with 200. */
static ab_status
fail_refused(const struct token_recipe *r, const struct http_response *resp, const json_t *body,
    struct error *e)
{
	static const char *const codes[] = {"error", "error.code", "error.type", "code", NULL};
	static const char *const details[] = {
	    "error_description", "error.message", "message", NULL};
	const char *code = text_at(body, codes), *detail = text_at(body, details), *keys = r->keys;
	const char *advice = resp->status == 404 ? "is this the right address? check" : "check";
	char shown[EXPLAIN_BODY], status[EXPLAIN_STATUS];

	if (code == NULL && detail == NULL)
		explain_body(resp, shown);
	else
		explain_text(code == NULL ? "" : code, detail == NULL ? "" : detail, shown);
	if (code != NULL && r->client_keys[0] != '\0' &&
	    (strcmp(code, "invalid_client") == 0 || strcmp(code, "unauthorized_client") == 0))
		keys = r->client_keys;
	if (code != NULL && r->grant_keys[0] != '\0' && strcmp(code, "invalid_grant") == 0) {
		keys = r->grant_keys;
		if (r->refresh != NULL)
			advice =
			    "the refresh token is expired, revoked or used already: sign in again "
			    "and change";
	}
	return error_set(e, AB_ECONFIG, "%s %.600s: %s%s%s - %s %s in the config", r->method,
	    r->at->base.ptr, explain_status(resp->status, status), shown[0] != '\0' ? ": " : "",
	    shown, advice, keys[0] != '\0' ? keys : "what you entered");
}

static ab_status
copy_secret(const char *text, char **out, struct error *e)
{
	*out = strdup(text);
	return *out == NULL ? error_set(e, AB_ENOMEM, "out of memory") : auth_hide(text, e);
}

/* `given` is the token; the rest stands in the body. */
static ab_status
take(const struct token_recipe *r, const json_t *body, const char *given, int64_t now_us,
    struct token_answer *out, struct error *e)
{
	const char *refresh =
	    r->refresh_path == NULL ? NULL : json_string_value(find(body, r->refresh_path));
	ab_status rc = copy_secret(given, &out->access, e);

	if (rc == AB_OK && refresh != NULL && refresh[0] != '\0')
		rc = copy_secret(refresh, &out->refresh, e);
	out->lifetime_us = read_lifetime(r, body, now_us);
	return rc;
}

static ab_status
check_token(const struct http_response *resp, const char *token, struct error *e)
{
	const char *wrong = headers_check_value(token);

	if (wrong == NULL && strlen(token) > TOKEN_MAX)
		wrong = "is longer than 64 KiB";
	return wrong == NULL ? AB_OK
			     : error_set(e, AB_EDATA, "%s: the token in the answer %s",
				   http_response_what(resp), wrong);
}

ab_status
token_answer_read(const struct token_recipe *r, const struct http_response *resp, int64_t now_us,
    struct token_answer *out, struct error *e)
{
	json_t *body = jsonread_text(
	    resp->body.ptr != NULL ? resp->body.ptr : "", resp->body.len, JSON_DECODE_ANY, NULL);
	const char *given = r->token_header != NULL ? http_response_header(resp, r->token_header)
						    : json_string_value(find(body, r->token_path));
	const char *date = http_response_header(resp, "Date");
	int64_t theirs;
	ab_status rc;

	/* A moment that the server names is one on its own clock. */
	if (date != NULL && when_moment(date, 0, &theirs) == 0)
		now_us = theirs;
	*out = (struct token_answer){0};
	if (resp->status >= 400)
		rc = fail_refused(r, resp, body, e);
	else if (given != NULL && given[0] != '\0')
		rc = check_token(resp, given, e);
	else if (json_is_string(json_object_get(body, "error")))
		rc = fail_refused(r, resp, body, e);
	else if (body == NULL && r->token_header == NULL)
		rc = fail_no_json(r, resp, e);
	else
		rc = fail_without_token(r, resp, body, e);
	if (rc == AB_OK)
		rc = take(r, body, given, now_us, out, e);
	json_decref(body);
	if (rc != AB_OK)
		token_answer_fini(out);
	return rc;
}
