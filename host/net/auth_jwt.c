/* auth_jwt.c - reads {"type": "jwt"}, and the assertions of "oauth2": what is signed, and with which key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/auth_internal.h"

#define LIFETIME_S     1200
#define LIFETIME_MAX_S 31536000 /* a year */

static int
base64_digit(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' || c == '-' ? 62 : c == '/' || c == '_' ? 63 : -1;
}

/* In place, either alphabet; the length, or -1. */
static long
decode_base64(char *text)
{
	unsigned bits = 0, have = 0;
	char *to = text;

	for (const char *p = text; *p != '\0' && *p != '='; p++) {
		int digit = base64_digit(*p);

		if (digit < 0)
			return -1;
		bits = (bits << 6 | (unsigned)digit) & 0xffff;
		have += 6;
		if (have >= 8)
			*to++ = (char)(bits >> (have -= 8));
	}
	return to - text;
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

static long
decode_hex(char *text)
{
	char *to = text;

	for (const char *p = text; *p != '\0'; p += 2) {
		int high = hex_digit(p[0]), low = high < 0 ? -1 : hex_digit(p[1]);

		if (low < 0)
			return -1;
		*to++ = (char)(high << 4 | low);
	}
	return to - text;
}

static int
is_algorithm(const char *name)
{
	for (int i = 0; jwt_algorithms[i] != NULL; i++)
		if (strcmp(jwt_algorithms[i], name) == 0)
			return 1;
	return 0;
}

static ab_status
fail_key(struct reading *r, const char *key_names, const char *wrong)
{
	return error_set(r->e, AB_ECONFIG, "the key to sign with (%s in the config) %s",
	    key_names[0] != '\0' ? key_names : "not", wrong);
}

static ab_status
make_signer(struct reading *r, const char *pointer, const json_t *d, struct jwt_parts *parts,
    struct jwt **out)
{
	const char *encoding = json_string_value(json_object_get(d, "key_encoding")), *wrong = NULL;
	char *all = r->keys, keys[AUTH_KEYS] = "", *text;
	long n = 0;

	r->keys = keys;
	text = auth_text_of(r, pointer, d, "key", TEXT_LINES);
	r->keys = all;
	auth_join_keys(all, keys);
	if (text == NULL)
		return r->e->status;
	parts->key_len = strlen(text);
	if (encoding != NULL && strcmp(encoding, "base64") == 0)
		n = decode_base64(text);
	else if (encoding != NULL && strcmp(encoding, "hex") == 0)
		n = decode_hex(text);
	else if (encoding == NULL || strcmp(encoding, "text") == 0)
		n = (long)parts->key_len;
	else
		fields_fail(
		    r->f, pointer, "key_encoding", "must be \"text\", \"base64\" or \"hex\"", r->e);
	if (n < 0)
		fail_key(r, keys, "is not encoded as it should be");
	if (r->e->status == AB_OK) {
		size_t all_len = parts->key_len;

		parts->key = text;
		parts->key_len = (size_t)n;
		wrong = jwt_new(parts, out);
		explicit_bzero(text, all_len);
	}
	if (wrong != NULL)
		fail_key(r, keys, wrong);
	auth_text_free(text);
	return r->e->status;
}

static ab_status
read_signer(struct reading *r, const char *pointer, const json_t *d, int with_id, struct jwt **out)
{
	const json_t *seconds = json_object_get(d, "lifetime_seconds");
	const json_t *header = json_object_get(d, "header"), *claims = json_object_get(d, "claims");
	struct jwt_parts parts = {.lifetime_s = LIFETIME_S, .with_id = with_id};
	char below[AUTH_POINTER];
	json_t *made[2] = {NULL, NULL};
	ab_status rc = AB_OK;

	parts.algorithm = json_string_value(json_object_get(d, "algorithm"));
	if (!is_algorithm(parts.algorithm))
		return fields_fail(r->f, pointer, "algorithm",
		    "must be HS, RS, PS or ES with 256, 384 or 512, or EdDSA", r->e);
	if (seconds != NULL) {
		if (!(json_number_value(seconds) >= 1 &&
			json_number_value(seconds) <= LIFETIME_MAX_S))
			return fields_fail(r->f, pointer, "lifetime_seconds",
			    "must lie between 1 and 31536000", r->e);
		parts.lifetime_s = (int64_t)json_number_value(seconds);
	}
	snprintf(below, sizeof(below), "%.90s/header", pointer);
	if (header != NULL && (made[0] = auth_text_tree(r, below, header, TEXT_PLAIN)) == NULL)
		rc = r->e->status;
	snprintf(below, sizeof(below), "%.90s/claims", pointer);
	if (rc == AB_OK && claims != NULL &&
	    (made[1] = auth_text_tree(r, below, claims, TEXT_PLAIN)) == NULL)
		rc = r->e->status;
	parts.header = made[0];
	parts.claims = made[1];
	if (rc == AB_OK)
		rc = make_signer(r, pointer, d, &parts, out);
	json_decref(made[0]);
	json_decref(made[1]);
	return rc;
}

ab_status
auth_read_assertion(struct reading *r, const char *pointer, const json_t *d, struct jwt **out)
{
	static const struct field known[] = {{"algorithm", FIELD_STRING | FIELD_REQUIRED},
	    {"key", FIELD_STRING | FIELD_OBJECT | FIELD_REQUIRED}, {"key_encoding", FIELD_STRING},
	    {"lifetime_seconds", FIELD_NUMBER}, {"header", FIELD_OBJECT}, {"claims", FIELD_OBJECT},
	    {NULL, 0}};

	if (fields_check(r->f, pointer, d, known, r->e) != AB_OK)
		return r->e->status;
	return read_signer(r, pointer, d, 1, out);
}

ab_status
auth_read_jwt(struct reading *r, const char *pointer, const json_t *d, struct auth *out)
{
	static const struct field known[] = {{"type", FIELD_STRING | FIELD_REQUIRED},
	    {"algorithm", FIELD_STRING | FIELD_REQUIRED},
	    {"key", FIELD_STRING | FIELD_OBJECT | FIELD_REQUIRED}, {"key_encoding", FIELD_STRING},
	    {"lifetime_seconds", FIELD_NUMBER}, {"header", FIELD_OBJECT}, {"claims", FIELD_OBJECT},
	    {"token", FIELD_OBJECT}, {NULL, 0}};
	struct token_recipe recipe = {.what = "sign a token"};
	ab_status rc = fields_check(r->f, pointer, d, known, r->e);

	recipe.expired[401 / 8] |= 1u << 401 % 8;
	if (rc == AB_OK)
		rc = read_signer(r, pointer, d, 0, &recipe.jwt);
	if (rc == AB_OK)
		return auth_make_token(r, pointer, d, &recipe, out);
	token_recipe_fini(&recipe);
	return rc;
}
