/* text.c - growing text, lists of names and values, and values as text. */
#include <stdlib.h>

#include "kit.h"

void
text_add(struct text *t, const char *bytes, size_t n)
{
	if (t->failed)
		return;
	if (n >= t->cap - t->len) {
		size_t cap = t->cap == 0 ? 256 : t->cap;
		char *grown;

		while (cap - t->len <= n && cap <= SIZE_MAX / 2)
			cap *= 2;
		grown = cap - t->len > n ? realloc(t->ptr, cap) : NULL;
		if (grown == NULL) {
			t->failed = 1;
			return;
		}
		t->ptr = grown;
		t->cap = cap;
	}
	memcpy(t->ptr + t->len, bytes, n);
	t->len += n;
	t->ptr[t->len] = '\0';
}

void
text_adds(struct text *t, const char *s)
{
	text_add(t, s, strlen(s));
}

void
text_add_escaped(struct text *t, const char *s, size_t n)
{
	char one[2] = "", quoted[16];
	size_t plain;

	while (n > 0) {
		for (plain = 0; plain < n && (unsigned char)s[plain] >= 0x20 && s[plain] != '"' &&
		     s[plain] != '\\';
		     plain++)
			;
		text_add(t, s, plain);
		s += plain;
		n -= plain;
		if (n == 0)
			break;
		one[0] = *s++;
		n--;
		if (one[0] == '\0')
			text_adds(t, "\\u0000");
		else
			text_add(t, quoted + 1, ab_quote(quoted, sizeof(quoted), one) - 2);
	}
}

void
text_add_quoted(struct text *t, const char *s, size_t n)
{
	text_adds(t, "\"");
	text_add_escaped(t, s, n);
	text_adds(t, "\"");
}

void
text_add_percent(struct text *t, const char *s, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	char code[3] = "%";

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') ||
		    (c != '\0' && strchr("-._~", c) != NULL)) {
			text_add(t, s + i, 1);
			continue;
		}
		code[1] = hex[c >> 4];
		code[2] = hex[c & 15];
		text_add(t, code, 3);
	}
}

void
text_fini(struct text *t)
{
	free(t->ptr);
	memset(t, 0, sizeof(*t));
}

ab_status
scalar_text(struct ab_host *h, const struct ab_json *value, const char *what, const char **out)
{
	*out = NULL;
	switch (h->json_type(value)) {
	case AB_NULL:
		return AB_OK;
	case AB_STRING:
		*out = h->json_str(value).ptr;
		return AB_OK;
	case AB_INT:
	case AB_REAL:
		*out = h->json_text(value).ptr;
		return AB_OK;
	default:
		return ab_failf(h, AB_EDATA, "%s is neither a text nor a number", what);
	}
}

void
pairs_add(struct pairs *p, const char *key, const char *value)
{
	char *k = strdup(key), *v = strdup(value);

	if (p->n + 3 > p->cap && k != NULL && v != NULL) {
		size_t cap = p->cap == 0 ? 16 : 2 * p->cap;
		char **grown = realloc(p->list, cap * sizeof(*grown));

		if (grown != NULL) {
			p->list = grown;
			p->cap = cap;
		}
	}
	if (k == NULL || v == NULL || p->n + 3 > p->cap) {
		free(k);
		free(v);
		p->failed = 1;
		return;
	}
	p->list[p->n++] = k;
	p->list[p->n++] = v;
	p->list[p->n] = NULL;
}

void
pairs_fini(struct pairs *p)
{
	for (size_t i = 0; i < p->n; i++)
		free(p->list[i]);
	free(p->list);
	memset(p, 0, sizeof(*p));
}
