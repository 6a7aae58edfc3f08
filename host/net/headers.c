/* headers.c - see headers.h. */
#include "net/headers.h"

#include <string.h>
#include <strings.h>

void
headers_init(struct headers *h)
{
	buf_init(&h->text, HEADERS_MAX_BYTES);
	h->count = 0;
}

void
headers_fini(struct headers *h)
{
	if (h->text.ptr != NULL)
		explicit_bzero(h->text.ptr, h->text.cap);
	buf_fini(&h->text);
	h->count = 0;
}

void
headers_reset(struct headers *h)
{
	buf_reset(&h->text);
	h->count = 0;
}

const char *
headers_next(const struct headers *h, const char *line)
{
	if (h->text.len == 0)
		return NULL;
	line = line == NULL ? h->text.ptr : line + strlen(line) + 1;
	return line < h->text.ptr + h->text.len ? line : NULL;
}

static const char *
find(const struct headers *h, const char *name, size_t n)
{
	const char *line = NULL;

	while ((line = headers_next(h, line)) != NULL)
		if (strncasecmp(line, name, n) == 0 && line[n] == ':')
			return line;
	return NULL;
}

const char *
headers_get(const struct headers *h, const char *name)
{
	const char *line = find(h, name, strlen(name));

	return line == NULL ? NULL : line + strlen(name) + 2;
}

static int
add(struct headers *h, const char *name, size_t nlen, const char *value, size_t vlen)
{
	char *at = buf_reserve(&h->text, nlen + vlen + 3);

	if (at == NULL || h->count >= HEADERS_MAX_COUNT)
		return -1;
	memcpy(at, name, nlen);
	memcpy(at + nlen, ": ", 2);
	memcpy(at + nlen + 2, value, vlen);
	at[nlen + 2 + vlen] = '\0';
	h->text.len += nlen + vlen + 3;
	h->count++;
	return 0;
}

int
headers_set(struct headers *h, const char *name, const char *value)
{
	const char *old = find(h, name, strlen(name));
	size_t at, n;

	if (old != NULL) {
		at = (size_t)(old - h->text.ptr);
		n = strlen(old) + 1;
		memmove(h->text.ptr + at, old + n, h->text.len - at - n);
		h->text.len -= n;
		h->count--;
	}
	return add(h, name, strlen(name), value, strlen(value));
}

int
headers_join(struct headers *h, const char *name, size_t nlen, const char *value, size_t vlen)
{
	const char *old = find(h, name, nlen);
	size_t at;
	char *gap;

	if (old == NULL)
		return add(h, name, nlen, value, vlen);
	at = (size_t)(old - h->text.ptr) + strlen(old);
	if (buf_reserve(&h->text, vlen + 2) == NULL)
		return -1;
	gap = h->text.ptr + at;
	memmove(gap + vlen + 2, gap, h->text.len - at);
	memcpy(gap, ", ", 2);
	memcpy(gap + 2, value, vlen);
	h->text.len += vlen + 2;
	return 0;
}

int
headers_copy(struct headers *to, const struct headers *from)
{
	headers_reset(to);
	to->count = from->count;
	return from->text.len == 0 ? 0 : buf_add(&to->text, from->text.ptr, from->text.len);
}

int
headers_copy_harmless(struct headers *to, const struct headers *from)
{
	static const char *const names[] = {"Accept", "Accept-Language", "User-Agent"};
	const char *value;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		value = headers_get(from, names[i]);
		if (value != NULL && headers_set(to, names[i], value) != 0)
			return -1;
	}
	return 0;
}

const char *
headers_check_name(const char *name)
{
	static const char token[] = "!#$%&'*+-.^_`|~0123456789"
				    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	static const char *const ours[] = {"Host", "Content-Length", "Transfer-Encoding",
	    "Connection", "Accept-Encoding", "Expect", "Upgrade", "TE", "Trailer",
	    "Proxy-Authorization"};

	if (name[0] == '\0' || name[strspn(name, token)] != '\0')
		return "has a name that HTTP does not allow";
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (strcasecmp(name, ours[i]) == 0)
			return "is for abhost to set";
	return NULL;
}

const char *
headers_check_value(const char *value)
{
	for (; *value != '\0'; value++)
		if (((unsigned char)*value < 0x20 && *value != '\t') || *value == 0x7f)
			return "holds a line break or another control character";
	return NULL;
}
