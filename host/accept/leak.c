/* leak.c - does a credential come out, in whatever form a connector may have given it?
 *
 * What the host knows it masks in every text; here is looked for what it cannot: in records, tokens and states, and for a
 * secret in hexadecimal, or half of one. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accept/spoil.h"
#include "base/base64.h"
#include "base/redact.h"

#define SHORTEST 8 /* what is shorter may stand anywhere by chance */

static int
add_form(struct spoil *s, const char *text, size_t n)
{
	char **grown;

	if (n < SHORTEST)
		return 0;
	grown = realloc(s->forms, (s->nforms + 1) * sizeof(*grown));
	if (grown == NULL)
		return -1;
	s->forms = grown;
	s->forms[s->nforms] = strndup(text, n);
	return s->forms[s->nforms++] == NULL ? -1 : 0;
}

static int
add_coded(struct spoil *s, const char *secret, size_t n)
{
	static const char lower[] = "0123456789abcdef", upper[] = "0123456789ABCDEF";
	char *out = malloc(2 * n + 8);
	int rc = out == NULL ? -1 : 0;

	for (int big = 0; big < 2 && rc == 0; big++) {
		for (size_t i = 0; i < n; i++) {
			out[2 * i] = (big ? upper : lower)[(unsigned char)secret[i] >> 4];
			out[2 * i + 1] = (big ? upper : lower)[(unsigned char)secret[i] & 15];
		}
		rc = add_form(s, out, 2 * n);
	}
	if (rc == 0)
		rc = add_form(s, out, base64_encode(secret, n, out));
	if (out != NULL)
		explicit_bzero(out, 2 * n + 8);
	free(out);
	return rc;
}

/* Whole, or the first or last half of it. */
static int
add_secret(struct spoil *s, const char *secret, size_t n)
{
	size_t half = n / 2 < SHORTEST ? n : n / 2;

	return add_form(s, secret, half) != 0 || add_form(s, secret + n - half, half) != 0 ||
		add_coded(s, secret, n) != 0
	    ? -1
	    : 0;
}

/* The spec has said of it that it is one: it is masked. */
static int
is_secret(const char *text)
{
	char *copy = strdup(text);
	int found = copy != NULL && strcmp(redact_text(copy), "****") == 0;

	free(copy);
	return found;
}

static int
find_in(struct spoil *s, const json_t *v)
{
	const char *key;
	json_t *one;
	int rc = 0;

	if (json_is_string(v) && is_secret(json_string_value(v)))
		return add_secret(s, json_string_value(v), json_string_length(v));
	json_object_foreach ((json_t *)(uintptr_t)v, key, one)
		rc |= find_in(s, one);
	for (size_t i = 0; i < json_array_size(v); i++)
		rc |= find_in(s, json_array_get(v, i));
	return rc;
}

int
leak_find(struct spoil *s, const struct kit *k)
{
	return find_in(s, k->config);
}

void
leak_free(struct spoil *s)
{
	for (size_t i = 0; i < s->nforms; i++) {
		if (s->forms[i] != NULL)
			explicit_bzero(s->forms[i], strlen(s->forms[i]));
		free(s->forms[i]);
	}
	free(s->forms);
}

void
leak_look(void *spoil, const char *what, const char *text, size_t n)
{
	struct spoil *s = spoil;

	for (size_t i = 0; i < s->nforms && s->leak[0] == '\0'; i++)
		if (memmem(text, n, s->forms[i], strlen(s->forms[i])) != NULL)
			snprintf(s->leak, sizeof(s->leak), "%s", what);
}
