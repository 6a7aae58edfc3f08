/* url.c - see url.h. */
#include <config.h>

#include "net/url.h"

#include <string.h>
#include <strings.h>

struct split { /* RFC 3986, appendix B; the fragment is dropped */
	struct ab_str scheme, authority, path, query;
	int has_authority, has_query;
};

static int
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int
is_unreserved(char c)
{
	return is_alpha(c) || is_digit(c) || (c != '\0' && strchr("-._~", c) != NULL);
}

static struct ab_str
take_until(const char **p, const char *stops)
{
	struct ab_str piece = {*p, strcspn(*p, stops)};

	*p += piece.len;
	return piece;
}

static struct split
split_url(const char *text)
{
	struct split s = {0};
	const char *p = text;
	size_t n = 0;

	if (is_alpha(text[0]))
		while (is_alpha(text[n]) || is_digit(text[n]) || text[n] == '+' || text[n] == '-' ||
		    text[n] == '.')
			n++;
	if (n > 0 && strncmp(text + n, "://", 3) == 0) {
		s.scheme = (struct ab_str){text, n};
		p += n + 1;
	}
	if (p[0] == '/' && p[1] == '/') {
		p += 2;
		s.has_authority = 1;
		s.authority = take_until(&p, "/?#");
	}
	s.path = take_until(&p, "?#");
	if (*p == '?') {
		p++;
		s.has_query = 1;
		s.query = take_until(&p, "#");
	}
	return s;
}

static int
is_scheme(struct ab_str s, const char *name)
{
	return s.len == strlen(name) && strncasecmp(s.ptr, name, s.len) == 0;
}

static const char *
check_host(struct ab_str host)
{
	int v6 = host.len > 0 && host.ptr[0] == '[';

	if (host.len == 0)
		return "has no host";
	if (v6 && (host.len < 4 || host.ptr[host.len - 1] != ']'))
		return "has a bad IPv6 address";
	for (size_t i = v6; i < host.len - (size_t)v6; i++) {
		char c = host.ptr[i];

		if (v6 ? strchr("0123456789abcdefABCDEF:.", c) == NULL
		       : !is_unreserved(c) && (unsigned char)c < 0x80)
			return "has a host with characters that no host has";
	}
	return NULL;
}

static const char *
parse_port(struct ab_str digits, uint16_t *port)
{
	uint32_t n = 0;

	for (size_t i = 0; i < digits.len; i++) {
		if (!is_digit(digits.ptr[i]) || n > 6553)
			return "has a bad port";
		n = n * 10 + (uint32_t)(digits.ptr[i] - '0');
	}
	if (n == 0 || n > 65535)
		return "has a bad port";
	*port = (uint16_t)n;
	return NULL;
}

static const char *
parse_authority(struct ab_str a, struct url *out)
{
	size_t n = 0;
	const char *wrong;

	if (memchr(a.ptr, '@', a.len) != NULL)
		return "holds a user name or a password; describe them under \"auth\" instead";
	if (a.len > 0 && a.ptr[0] == '[')
		while (n < a.len && a.ptr[n] != ']')
			n++;
	while (n < a.len && a.ptr[n] != ':')
		n++;
	out->host = (struct ab_str){a.ptr, n};
	wrong = check_host(out->host);
	if (wrong == NULL && n + 1 < a.len)
		wrong = parse_port((struct ab_str){a.ptr + n + 1, a.len - n - 1}, &out->port);
	return wrong;
}

static const char *
check_bytes(const char *text)
{
	size_t n = 0;

	for (; text[n] != '\0'; n++)
		if ((unsigned char)text[n] < 0x20 || text[n] == 0x7f)
			return "holds a line break or another control character";
	return n > URL_MAX ? "is longer than 64 KiB" : NULL;
}

const char *
url_parse(const char *text, struct url *out)
{
	const char *wrong = check_bytes(text);
	struct split s;

	if (wrong != NULL)
		return wrong;
	s = split_url(text);
	if (s.scheme.len == 0)
		return "is not absolute: it must begin with https://";
	if (!is_scheme(s.scheme, "http") && !is_scheme(s.scheme, "https"))
		return "has a scheme other than https and http";
	*out = (struct url){.scheme = s.scheme, .path = s.path, .query = s.query};
	out->port = s.scheme.len == 5 ? 443 : 80;
	return parse_authority(s.authority, out);
}

int
url_is_https(const struct url *u)
{
	return u->scheme.len == 5;
}

int
url_same_origin(const struct url *a, const struct url *b)
{
	return a->scheme.len == b->scheme.len && a->port == b->port && a->host.len == b->host.len &&
	    strncasecmp(a->host.ptr, b->host.ptr, a->host.len) == 0;
}

int
url_is_loopback(const struct url *u)
{
	size_t n = u->host.len;

	if ((n == 9 && strncasecmp(u->host.ptr, "localhost", n) == 0) ||
	    (n == 5 && memcmp(u->host.ptr, "[::1]", n) == 0))
		return 1;
	if (n < 9 || memcmp(u->host.ptr, "127.", 4) != 0)
		return 0;
	for (size_t i = 4; i < n; i++)
		if (!is_digit(u->host.ptr[i]) && u->host.ptr[i] != '.')
			return 0;
	return 1;
}

static int
add_byte_encoded(struct buf *out, char c)
{
	static const char hex[] = "0123456789ABCDEF";
	const char code[] = {'%', hex[(unsigned char)c >> 4], hex[(unsigned char)c & 15]};

	return buf_add(out, code, sizeof(code));
}

int
url_encode(struct buf *out, const char *text, size_t n)
{
	for (; n > 0; n--, text++)
		if ((is_unreserved(*text) ? buf_addc(out, *text) : add_byte_encoded(out, *text)) !=
		    0)
			return -1;
	return 0;
}

/* What is a URL already stays as it is, '%' included; only bytes that may stand in none are encoded. */
static void
add_legal(struct buf *out, struct ab_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if ((unsigned char)c <= 0x20 || (unsigned char)c >= 0x7f ||
		    strchr("\"<>\\^`{|}", c))
			add_byte_encoded(out, c);
		else
			buf_addc(out, c);
	}
}

static void
add_lower(struct buf *out, struct ab_str s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_addc(
		    out, s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] | 0x20) : s.ptr[i]);
}

/* RFC 3986, 5.2.4, segment by segment; a path that goes above the root stays at the root. */
static void
add_path(struct buf *out, struct ab_str path)
{
	const size_t root = out->len;
	const char *p = path.ptr, *end = path.ptr + path.len, *next;

	for (; p < end; p = next) {
		size_t n;

		next = memchr(p + 1, '/', (size_t)(end - p - 1));
		next = next == NULL ? end : next;
		n = (size_t)(next - p) - 1;
		if (n > 2 || memcmp(p + 1, "..", n) != 0 || n == 0) {
			add_legal(out, (struct ab_str){p, n + 1});
			continue;
		}
		if (n == 2)
			while (out->len > root && out->ptr[--out->len] != '/')
				;
		if (next == end)
			buf_addc(out, '/');
	}
	if (out->len == root)
		buf_addc(out, '/');
}

/* RFC 3986, 5.2.3: the reference's path in the folder of the base's. */
static void
add_merged_path(struct buf *out, struct ab_str base, struct ab_str ref)
{
	struct buf merged;
	size_t folder = base.len;

	buf_init(&merged, 3 * URL_MAX);
	while (folder > 0 && base.ptr[folder - 1] != '/')
		folder--;
	if (folder == 0)
		buf_addc(&merged, '/');
	buf_add(&merged, base.ptr, folder);
	buf_add(&merged, ref.ptr, ref.len);
	out->failed |= merged.failed;
	add_path(out, (struct ab_str){buf_str(&merged), merged.len});
	buf_fini(&merged);
}

static void
resolve(const struct split *base, const struct split *ref, struct buf *out)
{
	const struct split *from = ref->has_authority ? ref : base;
	struct ab_str query = ref->query;

	add_lower(out, ref->scheme.len > 0 ? ref->scheme : base->scheme);
	buf_adds(out, "://");
	add_lower(out, from->authority);
	if (from == ref || (ref->path.len > 0 && ref->path.ptr[0] == '/')) {
		add_path(out, ref->path);
	} else if (ref->path.len > 0) {
		add_merged_path(out, base->path, ref->path);
	} else {
		add_path(out, base->path);
		if (!ref->has_query)
			query = base->query;
	}
	if (query.len > 0) {
		buf_addc(out, '?');
		add_legal(out, query);
	}
}

const char *
url_join(const char *base, const char *ref, struct buf *out)
{
	const char *wrong = check_bytes(ref);
	struct split b = {0}, r;
	struct url ignored;

	buf_reset(out);
	if (wrong != NULL)
		return wrong;
	r = split_url(ref);
	if (base != NULL)
		b = split_url(base);
	else if (r.scheme.len == 0)
		return "is relative, and there is no base_url";
	resolve(&b, &r, out);
	return out->failed ? "is longer than 64 KiB" : url_parse(buf_str(out), &ignored);
}

int
url_add_param(struct buf *url, const char *key, const char *value)
{
	buf_addc(url, strchr(buf_str(url), '?') == NULL ? '?' : '&');
	url_encode(url, key, strlen(key));
	buf_addc(url, '=');
	url_encode(url, value, strlen(value));
	return url->failed ? -1 : 0;
}

/* The parameter "key=..." at or behind p in a query; its length, or NULL. */
static const char *
find_param(const char *p, const char *key, size_t *n)
{
	size_t len = strlen(key);

	for (; p != NULL && *p != '\0' && *p != '#'; p += *p == '&') {
		*n = strcspn(p, "&#");
		if (*n > len && p[len] == '=' && memcmp(p, key, len) == 0)
			return p;
		p += *n;
	}
	return NULL;
}

static const char *
query_of(const char *url)
{
	const char *p = strchr(url, '?');

	return p == NULL ? "" : p + 1;
}

/* Out of the text go these bytes, and the mark beside them. */
static void
cut_param(struct buf *url, size_t at, size_t n)
{
	if (url->ptr[at + n] == '&')
		n++;
	else
		at--, n++;
	memmove(url->ptr + at, url->ptr + at + n, url->len - at - n + 1);
	url->len -= n;
}

void
url_drop_param(struct buf *url, const char *key, const char *like)
{
	struct buf name;
	const char *p = query_of(buf_str(url)), *theirs = NULL;
	size_t n, wanted = 0;

	buf_init(&name, 3 * URL_MAX);
	if (url->len == 0 || url_encode(&name, key, strlen(key)) != 0)
		p = NULL;
	else if (like != NULL &&
	    (theirs = find_param(query_of(like), buf_str(&name), &wanted)) == NULL)
		p = NULL;
	while ((p = find_param(p, buf_str(&name), &n)) != NULL) {
		size_t at = (size_t)(p - url->ptr);

		if (like != NULL && (n != wanted || memcmp(p, theirs, n) != 0)) {
			p += n + (p[n] == '&');
			continue;
		}
		cut_param(url, at, n);
		p = at < url->len ? url->ptr + at : NULL;
	}
	buf_fini(&name);
}

static void
add_visible(struct buf *out, struct ab_str s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_addc(out, (unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f ? '?' : s.ptr[i]);
}

int
url_describe(const char *text, struct buf *out)
{
	struct split s = split_url(text);
	const char *at = s.has_authority ? memrchr(s.authority.ptr, '@', s.authority.len) : NULL;
	const char *p = s.query.ptr, *end = p + s.query.len, *next;
	char mark = '?';

	if (at != NULL) {
		s.authority.len -= (size_t)(at + 1 - s.authority.ptr);
		s.authority.ptr = at + 1;
	}
	if (s.scheme.len > 0) {
		add_visible(out, s.scheme);
		buf_adds(out, "://");
	}
	add_visible(out, s.authority);
	add_visible(out, s.path);
	for (; p < end; p = next + 1, mark = '&') {
		next = memchr(p, '&', (size_t)(end - p));
		next = next == NULL ? end : next;
		buf_addc(out, mark);
		add_visible(out, (struct ab_str){p, strcspn(p, "=&#")});
	}
	return out->failed ? -1 : 0;
}
