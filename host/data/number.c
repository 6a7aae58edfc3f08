/* number.c - see number.h. */
#include "data/number.h"

#include <string.h>

#include "data/value.h"

static const char *
skip_digits(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

int
number_is(const char *text, size_t len)
{
	const char *p = text, *end = text + len, *digits;

	p += p < end && *p == '-';
	digits = p;
	p = skip_digits(p, end);
	if (p == digits || (*digits == '0' && p - digits > 1))
		return 0;
	if (p < end && *p == '.') {
		digits = ++p;
		p = skip_digits(p, end);
		if (p == digits)
			return 0;
	}
	if (p < end && (*p == 'e' || *p == 'E')) {
		p += 1 + (p + 1 < end && (p[1] == '+' || p[1] == '-'));
		digits = p;
		p = skip_digits(p, end);
		if (p == digits)
			return 0;
	}
	return p == end;
}

struct number
number_of_int(int64_t i)
{
	return (struct number){.kind = NUMBER_INT, .i = i};
}

struct number
number_of_real(double d)
{
	return (struct number){.kind = NUMBER_REAL, .d = d};
}

struct number
number_read(const char *text, size_t len, int is_real)
{
	struct number n = {.kind = NUMBER_REAL, .text = text, .len = len};

	if (!is_real && value_int(text, len, &n.i) == 0) {
		n.kind = NUMBER_INT;
		return n;
	}
	value_real(text, len, &n.d);
	if (!is_real && (n.d >= 9223372036854775808.0 || n.d <= -9223372036854775808.0))
		n.kind = NUMBER_BIG;
	return n;
}

/* Exact: the double is never rounded to an integer, nor the integer to a double. */
static int
compare_int_real(int64_t i, double d)
{
	int64_t whole;

	if (d >= 9223372036854775808.0)
		return -1;
	if (d < -9223372036854775808.0)
		return 1;
	whole = (int64_t)d;
	if (i != whole)
		return i > whole ? 1 : -1;
	return ((double)whole > d) - ((double)whole < d);
}

/* Integers beyond int64, by their digits. */
static int
compare_big(const struct number *a, const struct number *b)
{
	int minus_a = *a->text == '-', minus_b = *b->text == '-', order;

	if (minus_a != minus_b)
		return minus_a ? -1 : 1;
	order = a->len != b->len ? (a->len > b->len ? 1 : -1) : memcmp(a->text, b->text, a->len);
	return minus_a ? -order : order;
}

int
number_compare(const struct number *a, const struct number *b)
{
	if (a->kind == NUMBER_INT && b->kind == NUMBER_INT)
		return (a->i > b->i) - (a->i < b->i);
	if (a->kind == NUMBER_BIG && b->kind == NUMBER_BIG)
		return compare_big(a, b);
	if (a->kind == NUMBER_INT && b->kind == NUMBER_BIG)
		return *b->text == '-' ? 1 : -1;
	if (a->kind == NUMBER_BIG && b->kind == NUMBER_INT)
		return *a->text == '-' ? -1 : 1;
	if (a->kind == NUMBER_INT)
		return compare_int_real(a->i, b->d);
	if (b->kind == NUMBER_INT)
		return -compare_int_real(b->i, a->d);
	return (a->d > b->d) - (a->d < b->d);
}
