/* buf.c - see buf.h. */
#include "base/buf.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_fini(struct buf *b)
{
	free(b->ptr);
	buf_init(b, b->max);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
	b->failed = 0;
	if (b->ptr != NULL)
		b->ptr[0] = '\0';
}

static int
grow(struct buf *b, size_t need)
{
	size_t cap = b->cap < 64 ? 64 : b->cap;
	char *ptr;

	while (cap < need)
		cap += cap / 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	ptr = realloc(b->ptr, cap);
	if (ptr == NULL)
		return -1;
	b->ptr = ptr;
	b->cap = cap;
	return 0;
}

char *
buf_reserve(struct buf *b, size_t n)
{
	if (n > b->max || b->len > b->max - n ||
	    (b->len + n + 1 > b->cap && grow(b, b->len + n + 1) != 0)) {
		b->failed = 1;
		return NULL;
	}
	return b->ptr + b->len;
}

int
buf_add(struct buf *b, const void *bytes, size_t n)
{
	char *at = buf_reserve(b, n);

	if (at == NULL)
		return -1;
	if (n > 0)
		memcpy(at, bytes, n);
	b->len += n;
	b->ptr[b->len] = '\0';
	return 0;
}

int
buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int
buf_adds(struct buf *b, const char *text)
{
	return buf_add(b, text, strlen(text));
}

int
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	char *at;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	at = n < 0 ? NULL : buf_reserve(b, (size_t)n);
	if (at == NULL) {
		b->failed = 1;
		return -1;
	}
	va_start(ap, fmt);
	vsnprintf(at, (size_t)n + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)n;
	return 0;
}

static int
add_escaped(struct buf *b, unsigned char c)
{
	switch (c) {
	case '"':
		return buf_adds(b, "\\\"");
	case '\\':
		return buf_adds(b, "\\\\");
	case '\n':
		return buf_adds(b, "\\n");
	case '\r':
		return buf_adds(b, "\\r");
	case '\t':
		return buf_adds(b, "\\t");
	default:
		return buf_addf(b, "\\u%04x", c);
	}
}

int
buf_add_json_string(struct buf *b, const char *text, size_t n)
{
	const char *s = text;
	size_t start = b->len, len;
	int rc = buf_addc(b, '"');

	while (rc == 0 && n > 0) {
		len = utf8_len(s, n);
		if (len == 0)
			rc = buf_adds(b, "\xef\xbf\xbd");
		else if (len == 1 && ((unsigned char)s[0] < 0x20 || s[0] == '"' || s[0] == '\\'))
			rc = add_escaped(b, (unsigned char)s[0]);
		else
			rc = buf_add(b, s, len);
		len += len == 0;
		s += len;
		n -= len;
	}
	if (rc == 0)
		rc = buf_addc(b, '"');
	if (rc != 0)
		b->len = start;
	return rc;
}

const char *
buf_str(const struct buf *b)
{
	return b->len > 0 ? b->ptr : "";
}

char *
buf_steal(struct buf *b)
{
	char *ptr;

	if (b->ptr == NULL && grow(b, 1) != 0)
		return NULL;
	ptr = b->ptr;
	ptr[b->len] = '\0';
	buf_init(b, b->max);
	return ptr;
}
