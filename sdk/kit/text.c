/* text.c - growing text, and values as text. */
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
text_add_quoted(struct text *t, const char *s, size_t n)
{
	char one[2] = "", quoted[16];

	text_adds(t, "\"");
	for (size_t i = 0; i < n; i++) {
		one[0] = s[i];
		text_add(t, quoted + 1, ab_quote(quoted, sizeof(quoted), one) - 2);
	}
	text_adds(t, "\"");
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
