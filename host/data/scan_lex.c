/* scan_lex.c - the slow halves of the tokens, nested containers, and the sentence for a mistake.
 *
 * Nothing here recurses: nesting is a bit per open container. */
#include "data/scan_lex.h"

#include "base/utf8.h"

#define SHOWN_BEFORE 20 /* bytes of the text in a message, before and from the mistake on */
#define SHOWN_AFTER  20

const char *
lex_fail(struct lex *x, const char *at, const char *expected)
{
	x->at = at;
	x->expected = expected;
	return NULL;
}

static uint32_t
load4(const char *p)
{
	const unsigned char *s = (const unsigned char *)p;

	return (uint32_t)s[0] | (uint32_t)s[1] << 8 | (uint32_t)s[2] << 16 | (uint32_t)s[3] << 24;
}

/* Bytes of the UTF-8 sequence at p, which is not ASCII; 0 where RFC 3629 forbids it. */
static size_t
utf8_sequence(const char *p)
{
	uint32_t w = load4(p), bits;

	if ((w & 0xc0c0f0u) == 0x8080e0u) {
		bits = w & 0x200fu; /* all 0: overlong; e0 + 0xd and a0: a surrogate */
		return bits == 0 || bits == 0x200du ? 0 : 3;
	}
	if ((w & 0xc0e0u) == 0x80c0u)
		return (w & 0x1eu) == 0 ? 0 : 2;
	if ((w & 0xc0c0c0f8u) == 0x808080f0u) {
		bits = w & 0x3007u; /* all 0: overlong; above f4 8f: past U+10FFFF */
		return bits == 0 || ((bits & 4) != 0 && (w & 0x3003u) != 0) ? 0 : 4;
	}
	return 0;
}

static int
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

/* Is p the first of two escapes that name one character beyond U+FFFF (RFC 8259, section 7)?  Looks no further than what
 * it has seen allows. */
static int
is_pair(const char *p)
{
	if (p[3] >= 'c' || (p[3] >= 'C' && p[3] <= 'F') || p[6] != '\\' || p[7] != 'u' ||
	    (p[8] | 0x20) != 'd')
		return 0;
	return ((p[9] | 0x20) >= 'c' && (p[9] | 0x20) <= 'f') && is_hex(p[10]) && is_hex(p[11]);
}

/* p: the backslash. */
static const char *
lex_escape(struct lex *x, const char *p)
{
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't':
		return p + 2;
	case 'u':
		for (int i = 2; i < 6; i++) {
			if (!is_hex(p[i]))
				return lex_fail(x, p + i, "a hexadecimal digit");
		}
		if ((p[2] | 0x20) != 'd' || p[3] < '8')
			return p + 6;
		if (is_pair(p))
			return p + 12;
		x->surrogate = 1;
		return p + 6;
	default:
		return lex_fail(x, p + 1, "one of \"\\/bfnrtu after a backslash");
	}
}

const char *
lex_string_rest(struct lex *x, const char *p, unsigned *flags)
{
	size_t n;

	for (; *p != '"'; p = lex_plain(p)) {
		if (*p == '\\') {
			*flags |= SCAN_ESCAPED;
			p = lex_escape(x, p);
			if (p == NULL)
				return NULL;
			continue;
		}
		if ((unsigned char)*p < 0x80)
			return lex_fail(
			    x, p, "a closing quote (control characters must be escaped)");
		do {
			n = utf8_sequence(p);
			if (n == 0)
				return lex_fail(x, p, "UTF-8");
			p += n;
		} while ((unsigned char)*p >= 0x80);
	}
	return p;
}

const char *
lex_space_rest(struct lex *x, const char *p)
{
	for (;; p++) {
		if (*p == '\n' || *p == '\r')
			x->newline = 1;
		else if (*p != ' ' && *p != '\t')
			return p;
	}
}

/* p: the '.' or 'e' behind the integer part. */
const char *
lex_number_rest(struct lex *x, const char *p)
{
	const char *digits;

	if (*p == '.') {
		digits = p + 1;
		p = lex_digits(digits);
		if (p == digits)
			return lex_fail(x, p, "a digit");
	}
	if ((*p | 0x20) == 'e') {
		digits = p + 1 + (p[1] == '+' || p[1] == '-');
		p = lex_digits(digits);
		if (p == digits)
			return lex_fail(x, p, "a digit");
	}
	return p;
}

/* A member's key with its colon; returns the place of the value. */
static const char *
lex_key(struct lex *x, const char *p)
{
	unsigned flags;

	if (*p != '"')
		return lex_fail(x, p, "a key");
	p = lex_string(x, p + 1, &flags);
	if (p == NULL)
		return NULL;
	p = lex_space(x, p + 1);
	if (*p != ':')
		return lex_fail(x, p, "':'");
	return lex_space(x, p + 1);
}

/* The containers that are open inside lex_nested. */
struct nest {
	uint64_t objects[SCAN_MAX_DEPTH / 64]; /* a bit each: is it an object? */
	unsigned depth, base;
	char closer; /* of the innermost */
};

static const char *
nest_open(struct lex *x, struct nest *n, const char *p)
{
	uint64_t bit = UINT64_C(1) << (n->depth & 63);

	if (n->depth >= SCAN_MAX_DEPTH)
		return lex_fail(x, p, "at most 512 levels of nesting");
	if (*p == '{')
		n->objects[n->depth >> 6] |= bit;
	else
		n->objects[n->depth >> 6] &= ~bit;
	n->depth++;
	n->closer = (char)(*p + 2); /* '{' + 2 is '}', '[' + 2 is ']' */
	return lex_space(x, p + 1);
}

/* Leaves every container that ends here; returns the place behind them. */
static const char *
nest_close(struct lex *x, struct nest *n, const char *p)
{
	while (*p == n->closer) {
		p++;
		if (--n->depth == n->base)
			return p;
		n->closer =
		    n->objects[(n->depth - 1) >> 6] >> ((n->depth - 1) & 63) & 1 ? '}' : ']';
		p = lex_space(x, p);
	}
	return p;
}

const char *
lex_nested(struct lex *x, const char *p, unsigned depth)
{
	struct nest n = {.depth = depth, .base = depth};
	unsigned type, flags;

	for (;;) {
		if (n.depth > n.base && n.closer == '}')
			p = lex_key(x, p);
		if (p == NULL)
			return NULL;
		if (*p == '{' || *p == '[') {
			p = nest_open(x, &n, p);
			if (p == NULL)
				return NULL;
			if (*p != n.closer)
				continue;
		} else {
			if (*p == '"') {
				p = lex_string(x, p + 1, &flags);
				p = p == NULL ? NULL : p + 1;
			} else {
				p = lex_scalar(x, p, &type);
			}
			if (p == NULL)
				return NULL;
			p = lex_space(x, p);
		}
		p = nest_close(x, &n, p);
		if (n.depth == n.base)
			return p;
		if (*p != ',')
			return lex_fail(x, p, n.closer == '}' ? "',' or '}'" : "',' or ']'");
		p = lex_space(x, p + 1);
	}
}

const char *
lex_quote(char out[LEX_QUOTE_BYTES], const char *bytes, size_t len)
{
	size_t n = len > 40 ? 40 : len, at = 0, step;

	while (at < n) {
		step = utf8_len(bytes + at, n - at);
		if (step > 1) {
			memcpy(out + at, bytes + at, step);
		} else {
			out[at] = step == 0 ? '?' : bytes[at];
			if (out[at] < ' ' || out[at] == 0x7f)
				out[at] = '.';
			step = 1;
		}
		at += step;
	}
	memcpy(out + n, n < len ? "..." : "", n < len ? 4 : 1);
	return out;
}

ab_status
lex_error(const struct lex *x, const char *text, size_t len, struct error *e)
{
	char around[LEX_QUOTE_BYTES];
	size_t at = (size_t)(x->at - text), from;

	if (x->expected == NULL)
		return error_set(e, AB_ENOMEM, "out of memory while scanning %zu bytes", len);
	if (at > len)
		at = len;
	from = at > SHOWN_BEFORE ? at - SHOWN_BEFORE : 0;
	lex_quote(
	    around, text + from, at + SHOWN_AFTER < len ? at + SHOWN_AFTER - from : len - from);
	if (at == len)
		return error_set(e, AB_EDATA,
		    "not valid JSON: it ends at byte %zu, where %s was expected, behind \"%s\"", at,
		    x->expected, around);
	return error_set(e, AB_EDATA, "not valid JSON at byte %zu: expected %s, around \"%s\"", at,
	    x->expected, around);
}
