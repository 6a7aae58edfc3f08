/* view_skip.c - see view_skip.h.
 *
 * Containers are passed 64 bytes at a time: one bit per byte for quotes and brackets, brackets inside
 * strings masked out, then only counted unless the container may end in this block. */
#include "data/view_skip.h"

#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(SCAN_PORTABLE)
#include <emmintrin.h>
#define SKIP_SSE2 1
#else
#define SKIP_SSE2 0
#endif

#define BLOCK 64

/* Bit i tells of byte i of a block. */
struct marks {
	uint64_t quote, slash, open, close;
};

#if SKIP_SSE2
static inline uint64_t
bits(__m128i found, int at)
{
	return (uint64_t)(unsigned)_mm_movemask_epi8(found) << at;
}

static inline uint64_t
find(const __m128i v[4], char c)
{
	const __m128i same = _mm_set1_epi8(c);

	return bits(_mm_cmpeq_epi8(v[0], same), 0) | bits(_mm_cmpeq_epi8(v[1], same), 16) |
	    bits(_mm_cmpeq_epi8(v[2], same), 32) | bits(_mm_cmpeq_epi8(v[3], same), 48);
}

static inline struct marks
mark_block(const char *p)
{
	const __m128i *at = (const __m128i *)(const void *)p, lower = _mm_set1_epi8(0x20);
	const __m128i v[4] = {_mm_loadu_si128(at), _mm_loadu_si128(at + 1), _mm_loadu_si128(at + 2),
	    _mm_loadu_si128(at + 3)};
	/* '[' becomes '{', ']' becomes '}' */
	const __m128i w[4] = {_mm_or_si128(v[0], lower), _mm_or_si128(v[1], lower),
	    _mm_or_si128(v[2], lower), _mm_or_si128(v[3], lower)};

	return (struct marks){find(v, '"'), find(v, '\\'), find(w, '{'), find(w, '}')};
}
#else
#define ONES UINT64_C(0x0101010101010101)
#define LOWS UINT64_C(0x7f7f7f7f7f7f7f7f)

/* Bit i is set where byte i of v is c. */
static inline uint64_t
find8(uint64_t v, unsigned char c)
{
	uint64_t x = v ^ ONES * c;

	x = ~(((x & LOWS) + LOWS) | x | LOWS); /* the top bit of each byte that is zero */
	return (x >> 7) * UINT64_C(0x0102040810204080) >> 56;
}

static inline struct marks
mark_block(const char *p)
{
	struct marks m = {0};
	uint64_t v, w;

	for (int i = 0; i < BLOCK; i += 8) {
		memcpy(&v, p + i, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
		v = __builtin_bswap64(v);
#endif
		w = v | ONES * 0x20; /* '[' becomes '{', ']' becomes '}' */
		m.quote |= find8(v, '"') << i;
		m.slash |= find8(v, '\\') << i;
		m.open |= find8(w, '{') << i;
		m.close |= find8(w, '}') << i;
	}
	return m;
}
#endif

/* Bit i of the result: how many bits at or below i are set, modulo 2. */
static inline uint64_t
prefix_xor(uint64_t v)
{
	v ^= v << 1;
	v ^= v << 2;
	v ^= v << 4;
	v ^= v << 8;
	v ^= v << 16;
	return v ^ v << 32;
}

/* x86-64 without extensions has no instruction for it, and the library's function is slow. */
static inline unsigned
count_bits(uint64_t v)
{
	v -= v >> 1 & UINT64_C(0x5555555555555555);
	v = (v & UINT64_C(0x3333333333333333)) + (v >> 2 & UINT64_C(0x3333333333333333));
	v = (v + (v >> 4)) & UINT64_C(0x0f0f0f0f0f0f0f0f);
	return (unsigned)(v * UINT64_C(0x0101010101010101) >> 56);
}

/* Which bytes stand behind an odd number of backslashes; *carry: does the first one (in), the one behind
 * the block (out)? A run that begins at an odd place, plus its bits, carries over to the even ones. */
static inline uint64_t
find_escaped(uint64_t slash, uint64_t *carry)
{
	const uint64_t even = UINT64_C(0x5555555555555555);
	uint64_t behind, odd_starts, sum;

	if (slash == 0) {
		behind = *carry;
		*carry = 0;
		return behind;
	}
	slash &= ~*carry;
	behind = slash << 1 | *carry;
	odd_starts = slash & ~even & ~behind;
	*carry = __builtin_add_overflow(odd_starts, slash, &sum);
	return (even ^ sum << 1) & behind;
}

/* Goes through the brackets of the block at p, outside strings, one by one.  NULL: the container goes on behind it. */
static inline __attribute__((always_inline)) const char *
pass_brackets(const char *p, struct marks m, size_t *depth, const char **from, struct skipped *most)
{
	for (uint64_t both = m.open | m.close, bit; both != 0; both &= both - 1) {
		const char *at = p + __builtin_ctzll(both);

		bit = both & (0 - both);
		if ((m.open & bit) != 0) {
			if (++*depth == 2 && most != NULL)
				*from = at;
			continue;
		}
		if (*depth <= 1)
			return at + 1;
		if (--*depth == 1 && most != NULL && (size_t)(at - *from) >= most->len)
			*most = (struct skipped){*from, (size_t)(at - *from) + 1};
	}
	return NULL;
}

/* most: NULL for nobody wants to know. */
static inline __attribute__((always_inline)) const char *
pass_nested(const char *p, const char *end, struct skipped *most)
{
	char last[BLOCK];
	uint64_t in_string = 0, carry = 0, string;
	const size_t watched = most != NULL; /* depths above 0 at which each bracket counts */
	const char *src, *behind, *from = p;
	size_t depth = 0;
	struct marks m;

	for (; p < end; p += BLOCK) {
		src = p;
		if (end - p < BLOCK) {
			memset(last, 0, sizeof(last));
			memcpy(last, p, (size_t)(end - p));
			src = last;
		}
		m = mark_block(src);
		string = prefix_xor(m.quote & ~find_escaped(m.slash, &carry)) ^ in_string;
		in_string = 0 - (string >> 63);
		m.open &= ~string;
		m.close &= ~string;
		if ((m.open | m.close) == 0)
			continue;
		if (count_bits(m.close) + watched < depth) {
			depth += count_bits(m.open);
			depth -= count_bits(m.close);
			continue;
		}
		behind = pass_brackets(p, m, &depth, &from, most);
		if (behind != NULL)
			return behind;
	}
	return NULL;
}

const char *
skip_nested(const char *p, const char *end)
{
	return pass_nested(p, end, NULL);
}

const char *
skip_object(const char *p, const char *end, struct skipped *most)
{
	*most = (struct skipped){NULL, 0};
	return pass_nested(p, end, most);
}

const char *
skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
		p++;
	return p;
}

const char *
skip_string(const char *p, const char *end)
{
	for (p++; p < end; p++) {
#if SKIP_SSE2
		const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');

		while (end - p >= 16) {
			const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
			const unsigned mask = (unsigned)_mm_movemask_epi8(
			    _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)));

			p += mask == 0 ? 16 : __builtin_ctz(mask);
			if (mask != 0)
				break;
		}
		if (p == end)
			break;
#endif
		if (*p == '"')
			return p + 1;
		if (*p == '\\')
			p++;
	}
	return NULL;
}

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

static const char *
skip_number(const char *p, const char *end)
{
	const char *digits = p + (p < end && *p == '-');

	p = skip_digits(digits, end);
	if (p == digits || (*digits == '0' && p - digits > 1))
		return NULL;
	if (p < end && *p == '.') {
		digits = p + 1;
		p = skip_digits(digits, end);
		if (p == digits)
			return NULL;
	}
	if (p < end && (*p | 0x20) == 'e') {
		digits = p + 1;
		digits += digits < end && (*digits == '+' || *digits == '-');
		p = skip_digits(digits, end);
		if (p == digits)
			return NULL;
	}
	return p;
}

const char *
skip_scalar(const char *p, const char *end)
{
	static const char *const words[] = {"true", "false", "null"};
	size_t n;

	for (size_t i = 0; i < 3; i++) {
		n = strlen(words[i]);
		if ((size_t)(end - p) >= n && memcmp(p, words[i], n) == 0)
			return p + n;
	}
	return skip_number(p, end);
}

const char *
skip_value(const char *p, const char *end)
{
	if (p == end)
		return NULL;
	if (*p == '"')
		return skip_string(p, end);
	if (*p == '{' || *p == '[')
		return skip_nested(p, end);
	return skip_scalar(p, end);
}
