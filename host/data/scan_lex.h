/* scan_lex.h - the tokens of JSON, for the rest of host/data only.
 *
 * Every function takes the place of a token and returns the place behind it, or NULL after it has
 * noted in struct lex where the text is wrong and what was expected there.  All of them rely on
 * SCAN_PADDING zero bytes behind the text: a zero byte ends every token, so nothing compares with
 * the end.  They must never read more than that padding past the end, whatever the bytes are. */
#ifndef ABHOST_SCAN_LEX_H
#define ABHOST_SCAN_LEX_H
#include <stdint.h>
#include <string.h>

#include "data/scan.h"

#if defined(__SSE2__) && !defined(SCAN_PORTABLE)
#define LEX_SSE2 1
#include <emmintrin.h>
#else
#define LEX_SSE2 0
#endif

#define LEX_LIKELY(x)	__builtin_expect(!!(x), 1)
#define LEX_UNLIKELY(x) __builtin_expect(!!(x), 0)

struct lex {
	const char *at;	      /* where it failed */
	const char *expected; /* what should have stood there; NULL: memory ran out */
	int newline;	      /* a CR or LF was passed by lex_space */
	int surrogate;	      /* half of a pair was passed, alone: an escape of U+D800 to U+DFFF */
};

/* Notes a failure; always NULL, so that it can be returned as it is. */
const char *lex_fail(struct lex *x, const char *at, const char *expected);
/* Writes "at byte 7 expected ..., found ... in ..." as an AB_EDATA (AB_ENOMEM where expected is NULL). */
ab_status lex_error(const struct lex *x, const char *text, size_t len, struct error *e);
/* Bytes made fit to print, cut at 40 with "..."; returns out. */
#define LEX_QUOTE_BYTES 48
const char *lex_quote(char out[LEX_QUOTE_BYTES], const char *bytes, size_t len);

/* The parts of lex_string, lex_space and lex_number that ordinary records seldom need. */
const char *lex_string_rest(struct lex *x, const char *p, unsigned *flags);
const char *lex_space_rest(struct lex *x, const char *p);
const char *lex_number_rest(struct lex *x, const char *p);
/* A container at p ('{' or '['), with everything inside; depth: how many containers are open around it. */
const char *lex_nested(struct lex *x, const char *p, unsigned depth);

#if LEX_SSE2
/* The first byte that is not plain inside a string: a quote, a backslash, a control character, non-ASCII. */
static inline const char *
lex_plain(const char *p)
{
	const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
	const __m128i blank = _mm_set1_epi8(' ');
	__m128i v, stop;
	unsigned mask;

	for (;; p += 16) {
		v = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* signed: bytes from 0x80 up are below the blank, too */
		stop = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
		mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(stop, _mm_cmplt_epi8(v, blank)));
		if (mask != 0)
			return p + __builtin_ctz(mask);
	}
}

static inline const char *
lex_digits(const char *p)
{
	/* '0'..'9' moved to the top of the signed range, so that one comparison does */
	const __m128i lift = _mm_set1_epi8(127 - '9'), least = _mm_set1_epi8(126 - 9);
	__m128i v;
	unsigned n;

	for (;; p += 16) {
		v = _mm_add_epi8(_mm_loadu_si128((const __m128i *)(const void *)p), lift);
		n = (unsigned)__builtin_ctz(~(unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(v, least)));
		if (n < 16)
			return p + n;
	}
}

/* Bit i is set where a[i] == b[i]; 16 bytes of both are readable. */
static inline unsigned
lex_same(const char *a, const char *b)
{
	const __m128i u = _mm_loadu_si128((const __m128i *)(const void *)a);
	const __m128i v = _mm_loadu_si128((const __m128i *)(const void *)b);

	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(u, v));
}
#else
#define LEX_ONES UINT64_C(0x0101010101010101)
#define LEX_TOPS UINT64_C(0x8080808080808080)

/* Not 0 where some byte of v is `c`. */
static inline uint64_t
lex_has(uint64_t v, unsigned char c)
{
	v ^= LEX_ONES * c;
	return (v - LEX_ONES) & ~v & LEX_TOPS;
}

static inline const char *
lex_plain(const char *p)
{
	uint64_t v;
	unsigned char c;

	for (;; p += 8) {
		memcpy(&v, p, 8);
		if ((((v - LEX_ONES * ' ') | v) & LEX_TOPS) == 0 && lex_has(v, '"') == 0 &&
		    lex_has(v, '\\') == 0)
			continue;
		for (int i = 0; i < 8; i++) {
			c = (unsigned char)p[i];
			if (c < ' ' || c >= 0x80 || c == '"' || c == '\\')
				return p + i;
		}
	}
}

static inline const char *
lex_digits(const char *p)
{
	while (*p >= '0' && *p <= '9')
		p++;
	return p;
}

static inline unsigned
lex_same(const char *a, const char *b)
{
	unsigned mask = 0;

	for (int i = 0; i < 16; i++)
		mask |= (unsigned)(a[i] == b[i]) << i;
	return mask;
}
#endif

/* p: behind the opening quote; returns the closing quote. *flags gains SCAN_ESCAPED. */
static inline const char *
lex_string(struct lex *x, const char *p, unsigned *flags)
{
	p = lex_plain(p);
	if (LEX_LIKELY(*p == '"'))
		return p;
	return lex_string_rest(x, p, flags);
}

static inline const char *
lex_space(struct lex *x, const char *p)
{
	if (LEX_LIKELY((unsigned char)*p > ' '))
		return p;
	if (*p == ' ' && (unsigned char)p[1] > ' ')
		return p + 1;
	return lex_space_rest(x, p);
}

static inline const char *
lex_number(struct lex *x, const char *p, unsigned *type)
{
	const char *first = p + (*p == '-'), *end = lex_digits(first);

	*type = SCAN_INT;
	if (LEX_UNLIKELY(end == first))
		return lex_fail(x, first, first == p ? "a value" : "a digit");
	if (LEX_UNLIKELY(*first == '0' && end - first > 1))
		return lex_fail(x, first + 1, "no digit after a leading 0");
	if (*end != '.' && (*end | 0x20) != 'e')
		return end;
	*type = SCAN_REAL;
	return lex_number_rest(x, end);
}

static inline const char *
lex_word(struct lex *x, const char *p, const char *word, size_t len, const char *expected)
{
	if (LEX_UNLIKELY(memcmp(p, word, len) != 0))
		return lex_fail(x, p, expected);
	return p + len;
}

/* Anything but a container or a string. */
static inline const char *
lex_scalar(struct lex *x, const char *p, unsigned *type)
{
	switch (*p) {
	case 't':
		*type = SCAN_TRUE;
		return lex_word(x, p, "true", 4, "true");
	case 'f':
		*type = SCAN_FALSE;
		return lex_word(x, p, "false", 5, "false");
	case 'n':
		*type = SCAN_NULL;
		return lex_word(x, p, "null", 4, "null");
	default:
		return lex_number(x, p, type);
	}
}
#endif
