/* link.c - Link headers, and the URLs of next pages.  Pure functions. */
#include <strings.h>

#include "kit.h"

static const char blanks[] = " \t";

/* Is "next" among the blank-separated words?  Relation types compare without case. */
static int
has_next(const char *words, size_t len)
{
	size_t i = 0, n;

	while (i < len) {
		for (n = 0; i + n < len && strchr(blanks, words[i + n]) == NULL; n++)
			;
		if (n == 4 && strncasecmp(words + i, "next", 4) == 0)
			return 1;
		i += n + 1;
	}
	return 0;
}

/* One parameter, ";" already passed: name, and value without quotes.  Returns the rest. */
static const char *
take_param(const char *p, const char **name, size_t *name_len, const char **val, size_t *val_len)
{
	p += strspn(p, blanks);
	*name = p;
	*name_len = strcspn(p, " \t=;,");
	p += *name_len;
	p += strspn(p, blanks);
	*val = "";
	*val_len = 0;
	if (*p != '=')
		return p;
	p++;
	p += strspn(p, blanks);
	if (*p != '"') {
		*val = p;
		*val_len = strcspn(p, " \t;,");
		return p + *val_len;
	}
	*val = ++p;
	while (*p != '\0' && *p != '"')
		p += p[0] == '\\' && p[1] != '\0' ? 2 : 1;
	*val_len = (size_t)(p - *val);
	return *p == '"' ? p + 1 : p;
}

/* The parameters of one link; only its first rel counts.  Returns the rest. */
static const char *
take_params(const char *p, int *is_next)
{
	const char *name, *val;
	size_t name_len, val_len;
	int seen = 0;

	*is_next = 0;
	for (;;) {
		p += strspn(p, blanks);
		if (*p != ';')
			return p;
		p = take_param(p + 1, &name, &name_len, &val, &val_len);
		if (name_len == 3 && strncasecmp(name, "rel", 3) == 0 && !seen) {
			seen = 1;
			*is_next = has_next(val, val_len);
		}
	}
}

const char *
link_next(const char *p, size_t *len)
{
	const char *url, *end;
	int is_next;

	for (;;) {
		p += strspn(p, " \t,");
		if (*p != '<' || (end = strchr(p, '>')) == NULL)
			return NULL;
		url = p + 1;
		p = take_params(end + 1, &is_next);
		if (is_next) {
			*len = (size_t)(end - url);
			return url;
		}
		p += strcspn(p, ",");
	}
}

/* The length of "https:" in a URL, 0 where it has no such scheme. */
static size_t
scheme_len(const char *url)
{
	if (strncasecmp(url, "https://", 8) == 0)
		return 6;
	return strncasecmp(url, "http://", 7) == 0 ? 5 : 0;
}

static size_t
origin_len(const char *url)
{
	size_t scheme = scheme_len(url);

	return scheme == 0 ? 0 : scheme + 2 + strcspn(url + scheme + 2, "/?#");
}

void
link_resolve(const char *base, const char *ref, size_t len, struct text *out)
{
	size_t origin = origin_len(base), path = strcspn(base, "?#");

	if (scheme_len(ref) != 0) {
		/* absolute already */
	} else if (len >= 2 && ref[0] == '/' && ref[1] == '/') {
		text_add(out, base, scheme_len(base));
	} else if (len >= 1 && ref[0] == '/') {
		text_add(out, base, origin);
	} else if (len >= 1 && ref[0] == '?') {
		text_add(out, base, path);
	} else {
		while (path > origin && base[path - 1] != '/')
			path--;
		text_add(out, base, path);
		if (path == origin)
			text_adds(out, "/");
	}
	text_add(out, ref, len);
}

int
link_same_origin(const char *a, const char *b)
{
	size_t alen = origin_len(a), blen = origin_len(b), scheme = scheme_len(a);
	const char *port = scheme == 6 ? ":443" : ":80";
	size_t n = strlen(port);

	if (scheme == 0 || scheme != scheme_len(b))
		return 0;
	if (alen > n && strncmp(a + alen - n, port, n) == 0)
		alen -= n;
	if (blen > n && strncmp(b + blen - n, port, n) == 0)
		blen -= n;
	return alen == blen && strncasecmp(a, b, alen) == 0;
}

int
link_has_param(const char *url, const char *name)
{
	const char *p = strchr(url, '?');
	size_t n = strlen(name);

	while (p != NULL && *p != '\0' && *p != '#') {
		p++;
		if (strncmp(p, name, n) == 0 && (p[n] == '\0' || strchr("=&#", p[n]) != NULL))
			return 1;
		p += strcspn(p, "&#");
	}
	return 0;
}
