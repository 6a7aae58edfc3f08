/* lines_span.c - reading on inside of a line that lines.c has validated. */
#include <string.h>

#include "data/lines.h"
#include "data/value.h"
#include "data/view_skip.h"

static const struct ab_str nothing = {"", 0};

/* p stands at a key or at '}'; moves behind the member. 0: there is none. */
static int
next_member(const char **p, const char *end, struct ab_str *key, struct ab_str *value)
{
	const char *at = skip_space(*p, end), *from;

	if (at != NULL && at < end && *at == ',')
		at = skip_space(at + 1, end);
	if (at == NULL || at >= end || *at != '"')
		return 0;
	from = at;
	at = skip_string(at, end);
	if (at == NULL)
		return 0;
	*key = (struct ab_str){from + 1, (size_t)(at - from) - 2};
	at = skip_space(at, end);
	if (at == NULL || at >= end || *at != ':')
		return 0;
	from = skip_space(at + 1, end);
	at = from == NULL ? NULL : skip_value(from, end);
	if (at == NULL)
		return 0;
	*value = (struct ab_str){from, (size_t)(at - from)};
	*p = at;
	return 1;
}

struct ab_str
line_get(struct ab_str object, const char *key)
{
	const char *p = object.ptr + 1, *end = object.ptr + object.len;
	struct ab_str found = nothing, k, v;
	size_t len = strlen(key);

	if (object.len < 2 || object.ptr[0] != '{')
		return nothing;
	while (next_member(&p, end, &k, &v))
		if (k.len == len && memcmp(k.ptr, key, len) == 0)
			found = v;
	return found;
}

int
line_each(struct ab_str array, size_t *at, struct ab_str *out)
{
	const char *p, *q, *end = array.ptr + array.len;

	*out = nothing;
	if (array.len < 2 || array.ptr[0] != '[')
		return 0;
	p = skip_space(array.ptr + (*at == 0 ? 1 : *at), end);
	if (p != NULL && p < end && *p == ',')
		p = skip_space(p + 1, end);
	if (p == NULL || p >= end || *p == ']')
		return 0;
	q = skip_value(p, end);
	if (q == NULL)
		return 0;
	*out = (struct ab_str){p, (size_t)(q - p)};
	*at = (size_t)(q - array.ptr);
	return 1;
}

int
line_string(struct ab_str value, struct buf *out)
{
	char *at;
	int lossy;

	if (value.len < 2 || value.ptr[0] != '"')
		return 0;
	at = buf_reserve(out, value.len);
	if (at == NULL)
		return -1;
	out->len += value_unescape(value.ptr + 1, value.len - 2, at, &lossy);
	out->ptr[out->len] = '\0';
	return 0;
}

int
line_is(struct ab_str value, const char *string)
{
	size_t len = strlen(string);

	return value.len == len + 2 && value.ptr[0] == '"' &&
	    memcmp(value.ptr + 1, string, len) == 0;
}

int64_t
line_int(struct ab_str value, int64_t otherwise)
{
	int64_t n;
	double d;

	if (value.len == 0 || (value.ptr[0] != '-' && (value.ptr[0] < '0' || value.ptr[0] > '9')))
		return otherwise;
	if (value_int(value.ptr, value.len, &n) == 0)
		return n;
	(void)value_real(value.ptr, value.len, &d);
	if (!(d > -9e18 && d < 9e18))
		return otherwise;
	n = (int64_t)d;
	return n - ((double)n > d);
}
