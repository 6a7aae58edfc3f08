/* value_text.c - strings and keys from their JSON bytes, and a hash; see value.h. */
#include <string.h>

#include "data/value.h"

static int
hex4(const char *p, const char *end, unsigned *unit)
{
	unsigned v = 0, c;

	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		c = (unsigned char)p[i];
		if (c >= '0' && c <= '9')
			v = v << 4 | (c - '0');
		else if ((c | 0x20) >= 'a' && (c | 0x20) <= 'f')
			v = v << 4 | ((c | 0x20) - 'a' + 10);
		else
			return -1;
	}
	*unit = v;
	return 0;
}

static size_t
put_utf8(char out[4], unsigned cp)
{
	if (cp < 0x80) {
		out[0] = (char)cp;
		return 1;
	}
	if (cp < 0x800) {
		out[0] = (char)(0xc0 | cp >> 6);
		out[1] = (char)(0x80 | (cp & 0x3f));
		return 2;
	}
	if (cp < 0x10000) {
		out[0] = (char)(0xe0 | cp >> 12);
		out[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		out[2] = (char)(0x80 | (cp & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | cp >> 18);
	out[1] = (char)(0x80 | (cp >> 12 & 0x3f));
	out[2] = (char)(0x80 | (cp >> 6 & 0x3f));
	out[3] = (char)(0x80 | (cp & 0x3f));
	return 4;
}

/* The escape behind a backslash at *p (which it passes) as UTF-8; returns its bytes. */
static size_t
read_escape(const char **p, const char *end, char out[4], int *lossy)
{
	static const char names[] = "bfnrt", chars[] = "\b\f\n\r\t";
	const char *s = *p + 1, *name;
	unsigned cp, low;

	if (s == end || *s != 'u' || hex4(s + 1, end, &cp) != 0) {
		name = s == end || *s == '\0' ? NULL : strchr(names, *s);
		out[0] = s == end ? '\\' : name != NULL ? chars[name - names] : *s;
		*p = s == end ? s : s + 1;
		return 1;
	}
	s += 5;
	if (cp >= 0xd800 && cp < 0xdc00 && end - s >= 6 && s[0] == '\\' && s[1] == 'u' &&
	    hex4(s + 2, end, &low) == 0 && low >= 0xdc00 && low < 0xe000) {
		cp = 0x10000 + ((cp - 0xd800) << 10) + (low - 0xdc00);
		s += 6;
	} else if (cp >= 0xd800 && cp < 0xe000) {
		cp = 0xfffd;
		*lossy = 1;
	}
	*p = s;
	return put_utf8(out, cp);
}

size_t
value_unescape(const char *str, size_t len, char *out, int *lossy)
{
	const char *p = str, *end = str + len, *slash;
	char *q = out, utf8[4];
	size_t n;

	*lossy = 0;
	while (p < end) {
		slash = memchr(p, '\\', (size_t)(end - p));
		n = (size_t)((slash == NULL ? end : slash) - p);
		memmove(q, p, n);
		q += n;
		p += n;
		if (slash == NULL)
			break;
		n = read_escape(&p, end, utf8, lossy);
		memcpy(q, utf8, n);
		q += n;
	}
	*q = '\0';
	return (size_t)(q - out);
}

int
value_is_lossy(const char *str, size_t len)
{
	const char *p = str, *end = str + len;
	char utf8[4];
	int lossy = 0;

	while (!lossy && (p = memchr(p, '\\', (size_t)(end - p))) != NULL)
		read_escape(&p, end, utf8, &lossy);
	return lossy;
}

/* One side of a comparison: the bytes of a key as they are after unescaping, a few at a time. */
struct reader {
	const char *p, *end;
	int escaped;
	char held[4];
	size_t nheld, at;
};

/* The next byte, or -1 at the end. */
static int
next_byte(struct reader *r)
{
	int lossy;

	if (r->at < r->nheld)
		return (unsigned char)r->held[r->at++];
	if (r->p == r->end)
		return -1;
	if (!r->escaped || *r->p != '\\')
		return (unsigned char)*r->p++;
	r->nheld = read_escape(&r->p, r->end, r->held, &lossy);
	r->at = 1;
	return (unsigned char)r->held[0];
}

int
value_key_equal(
    const char *a, size_t alen, int a_escaped, const char *b, size_t blen, int b_escaped)
{
	struct reader ra = {.p = a, .end = a + alen, .escaped = a_escaped};
	struct reader rb = {.p = b, .end = b + blen, .escaped = b_escaped};
	int c;

	if (!a_escaped && !b_escaped)
		return alen == blen && (alen == 0 || memcmp(a, b, alen) == 0);
	do {
		c = next_byte(&ra);
		if (c != next_byte(&rb))
			return 0;
	} while (c >= 0);
	return 1;
}

/* XXH64 with seed 0, by its published description. */
#define PRIME1 UINT64_C(0x9e3779b185ebca87)
#define PRIME2 UINT64_C(0xc2b2ae3d27d4eb4f)
#define PRIME3 UINT64_C(0x165667b19e3779f9)
#define PRIME4 UINT64_C(0x85ebca77c2b2ae63)
#define PRIME5 UINT64_C(0x27d4eb2f165667c5)

static uint64_t
rotate(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

/* n bytes, the first the lowest, on any machine. */
static uint64_t
load_low(const char *p, unsigned n)
{
	uint64_t v = 0;

	for (unsigned i = 0; i < n; i++)
		v |= (uint64_t)(unsigned char)p[i] << (8 * i);
	return v;
}

static uint64_t
mix(uint64_t acc, uint64_t v)
{
	return rotate(acc + v * PRIME2, 31) * PRIME1;
}

static uint64_t
hash_stripes(const char *p, size_t n)
{
	uint64_t acc[4] = {PRIME1 + PRIME2, PRIME2, 0, 0 - PRIME1}, h;

	for (; n >= 32; n -= 32, p += 32) {
		for (int i = 0; i < 4; i++)
			acc[i] = mix(acc[i], load_low(p + 8 * i, 8));
	}
	h = rotate(acc[0], 1) + rotate(acc[1], 7) + rotate(acc[2], 12) + rotate(acc[3], 18);
	for (int i = 0; i < 4; i++)
		h = (h ^ mix(0, acc[i])) * PRIME1 + PRIME4;
	return h;
}

uint64_t
value_hash(const char *bytes, size_t len)
{
	uint64_t h = len >= 32 ? hash_stripes(bytes, len) : PRIME5;
	size_t left = len & 31;
	const char *p = len == left ? bytes : bytes + (len - left);

	h += len;
	for (; left >= 8; left -= 8, p += 8)
		h = rotate(h ^ mix(0, load_low(p, 8)), 27) * PRIME1 + PRIME4;
	if (left >= 4) {
		h = rotate(h ^ load_low(p, 4) * PRIME1, 23) * PRIME2 + PRIME3;
		left -= 4;
		p += 4;
	}
	for (; left > 0; left--, p++)
		h = rotate(h ^ (uint64_t)(unsigned char)*p * PRIME5, 11) * PRIME1;
	h = (h ^ h >> 33) * PRIME2;
	h = (h ^ h >> 29) * PRIME3;
	return h ^ h >> 32;
}
