/* value.c - numbers and strings from their JSON bytes; see value.h.
 *
 * Must never depend on the locale, and never read past the span. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* strtod_l */
#endif
#include "data/value.h"

#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DIGITS 800	 /* more than any double needs to be rounded right (767) */
#define MOST_POWER  9999 /* larger exponents overflow or vanish all the same */

/* A decimal number: 0.DIGITS times 10 to the power, without zeros at either end of DIGITS. */
struct decimal {
	int negative;
	long power;
	size_t n; /* significant digits; 0: the number is zero */
	char digits[MOST_DIGITS];
};

int
value_int(const char *num, size_t len, int64_t *out)
{
	const int negative = len > 0 && num[0] == '-';
	uint64_t v = 0;

	num += negative;
	len -= (size_t)negative;
	if (len == 0 || len > 19 || (negative && num[0] == '0'))
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (num[i] < '0' || num[i] > '9')
			return -1;
		v = v * 10 + (uint64_t)(num[i] - '0');
	}
	if (v > (uint64_t)INT64_MAX + (uint64_t)negative)
		return -1;
	*out = negative ? (int64_t)(0 - v) : (int64_t)v;
	return 0;
}

/* Adds a digit; what lies behind MOST_DIGITS only matters as "more than nothing". */
static void
add_digit(struct decimal *d, char c, size_t *zeros)
{
	if (c == '0') {
		*zeros += d->n > 0;
		return;
	}
	for (; *zeros > 0 && d->n < MOST_DIGITS; (*zeros)--)
		d->digits[d->n++] = '0';
	*zeros = 0;
	if (d->n < MOST_DIGITS)
		d->digits[d->n++] = c;
	else
		d->digits[MOST_DIGITS - 1] = '1';
}

static long
read_power(const char *p, const char *end)
{
	int negative = p < end && *p == '-';
	long v = 0;

	for (p += p < end && (*p == '-' || *p == '+'); p < end; p++)
		v = v > MOST_POWER * 100L ? v : v * 10 + (*p - '0');
	return negative ? -v : v;
}

static void
decimal_read(struct decimal *d, const char *num, size_t len)
{
	const char *p = num, *end = num + len;
	size_t zeros = 0;
	int64_t power = 0;

	d->n = 0;
	d->negative = len > 0 && *p == '-';
	for (p += d->negative; p < end && *p >= '0' && *p <= '9'; p++) {
		add_digit(d, *p, &zeros);
		power += d->n > 0;
	}
	if (p < end && *p == '.') {
		for (p++; p < end && *p >= '0' && *p <= '9'; p++) {
			power -= d->n == 0 && *p == '0';
			add_digit(d, *p, &zeros);
		}
	}
	if (p < end)
		power += read_power(p + 1, end);
	d->power = power > MOST_POWER ? MOST_POWER
	    : power < -MOST_POWER     ? -MOST_POWER
				      : (long)power;
}

static const uint64_t tens[] = {UINT64_C(1), UINT64_C(10), UINT64_C(100), UINT64_C(1000),
    UINT64_C(10000), UINT64_C(100000), UINT64_C(1000000), UINT64_C(10000000), UINT64_C(100000000),
    UINT64_C(1000000000), UINT64_C(10000000000), UINT64_C(100000000000), UINT64_C(1000000000000),
    UINT64_C(10000000000000), UINT64_C(100000000000000), UINT64_C(1000000000000000),
    UINT64_C(10000000000000000), UINT64_C(100000000000000000), UINT64_C(1000000000000000000),
    UINT64_C(10000000000000000000)};

static locale_t c_locale;
static pthread_once_t c_locale_once = PTHREAD_ONCE_INIT;

static void
make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

/* The nearest double; NAN where not even the C locale is to be had. */
static double
decimal_round(const struct decimal *d)
{
	char text[MOST_DIGITS + 32];

	pthread_once(&c_locale_once, make_c_locale);
	if (c_locale == (locale_t)0)
		return NAN;
	if (d->n == 0)
		return d->negative ? -0.0 : 0.0;
	snprintf(text, sizeof(text), "%s.%.*se%ld", d->negative ? "-" : "", (int)d->n, d->digits,
	    d->power);
	return strtod_l(text, NULL, c_locale);
}

/* v, not zero, rounded to n significant digits. */
static void
decimal_print(struct decimal *d, double v, int n)
{
	char text[64];
	const char *p = text;

	snprintf(text, sizeof(text), "%.*e", n - 1, v);
	*d = (struct decimal){.negative = *p == '-'};
	for (; *p != 'e'; p++) {
		if (*p >= '0' && *p <= '9') /* the rest is a sign, or a point of some locale */
			d->digits[d->n++] = *p;
	}
	while (d->n > 0 && d->digits[d->n - 1] == '0')
		d->n--;
	d->power = strtol(p + 1, NULL, 10) + 1;
}

/* Does v, printed with the fewest digits that identify it, show d? */
static int
decimal_is(const struct decimal *d, double v)
{
	struct decimal shown;
	int n = fabs(v) < DBL_MIN ? 1 : DBL_DIG;

	do
		decimal_print(&shown, v, n);
	while (n++ < DBL_DECIMAL_DIG && decimal_round(&shown) != v);
	return shown.n == d->n && shown.power == d->power &&
	    memcmp(shown.digits, d->digits, d->n) == 0;
}

static int
real_slowly(const char *num, size_t len, double *out)
{
	struct decimal d;

	decimal_read(&d, num, len);
	*out = decimal_round(&d);
	if (d.n == 0)
		return 0;
	if (!isfinite(*out) || *out == 0.0 || d.n > DBL_DECIMAL_DIG)
		return -1;
	if (d.n <= DBL_DIG && fabs(*out) >= DBL_MIN)
		return 0; /* so few digits always come back */
	return decimal_is(&d, *out) ? 0 : -1;
}

#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 uint128;

/* The double nearest to w / ten, w having 16 or 17 digits, as mantissa (53 bits) and power of two. */
static uint64_t
divide(uint64_t w, uint64_t ten, int *power)
{
	const uint128 quotient = ((uint128)w << 70) / ten;
	const int sticky = quotient * ten != (uint128)w << 70;
	const uint64_t high = (uint64_t)(quotient >> 64);
	const int drop =
	    (high != 0 ? 128 - __builtin_clzll(high) : 64 - __builtin_clzll((uint64_t)quotient)) -
	    53;
	const uint128 half = (uint128)1 << (drop - 1), rest = quotient & (2 * half - 1);
	uint64_t mantissa = (uint64_t)(quotient >> drop);

	*power = drop - 70;
	mantissa += rest > half || (rest == half && (sticky || (mantissa & 1) != 0));
	if (mantissa >> 53 == 0)
		return mantissa;
	++*power;
	return mantissa >> 1;
}

/* Numbers such as 0.30000000000000004, which programs print that print doubles: w / 10^decimals, w without a zero at
 * its end and of 16 or 17 digits.  0 or -1 as value_real; 1: none of the ways here decides. */
static int
real_quickly(uint64_t w, size_t decimals, double *out)
{
	const uint64_t ten = tens[decimals], shorter = w / 10;
	int power, even;
	uint64_t mantissa = divide(w, ten, &power), bits;
	uint128 value, low, high, unit, is, distance;

	if (power > 2 || mantissa == UINT64_C(1) << 52)
		return 1;
	bits = (uint64_t)(power + 52 + 1023) << 52 | (mantissa & ((UINT64_C(1) << 52) - 1));
	memcpy(out, &bits, sizeof(bits));
	/* Everything times 10^decimals and 2^(2 - power), so that it is an integer: the double, the ends of what
	 * is rounded to it, and one unit of the literal's last digit. */
	unit = (uint128)1 << (2 - power);
	value = (uint128)(4 * mantissa) * ten;
	low = value - 2 * (uint128)ten;
	high = value + 2 * (uint128)ten;
	even = (mantissa & 1) == 0;
	is = shorter * 10 * unit;
	if (is > low || (is == low && even))
		return -1; /* one digit less does, too */
	is += 10 * unit;
	if (is < high || (is == high && even))
		return -1;
	distance = w * unit > value ? w * unit - value : value - w * unit;
	return 2 * distance == unit ? 1 : 2 * distance < unit ? 0 : -1;
}
#else
static int
real_quickly(uint64_t w, size_t decimals, double *out)
{
	(void)w;
	(void)decimals;
	(void)out;
	return 1;
}
#endif

int
value_real(const char *num, size_t len, double *out)
{
	const int negative = len > 0 && num[0] == '-';
	size_t i = (size_t)negative, digits = 0, decimals = 0;
	uint64_t w = 0;
	int rc = 0;

	for (; i < len && num[i] >= '0' && num[i] <= '9'; i++) {
		w = w * 10 + (uint64_t)(num[i] - '0');
		digits += w != 0;
	}
	if (i < len && num[i] == '.') {
		for (i++; i < len && num[i] >= '0' && num[i] <= '9'; i++, decimals++) {
			w = w * 10 + (uint64_t)(num[i] - '0');
			digits += w != 0;
		}
	}
	if (FLT_EVAL_METHOD != 0 || i < len || digits > 19 ||
	    decimals >= sizeof(tens) / sizeof(tens[0]))
		return real_slowly(num, len, out);
	for (; digits > DBL_DIG && decimals > 0 && w % 10 == 0; w /= 10, digits--)
		decimals--;
	/* Up to 15 digits and a power of ten below 10^23 are exact in a double: one division rounds once. */
	if (digits <= DBL_DIG)
		*out = (double)w / (double)tens[decimals];
	else
		rc = digits > DBL_DECIMAL_DIG || w % 10 == 0 ? 1 : real_quickly(w, decimals, out);
	if (rc == 1)
		return real_slowly(num, len, out);
	if (negative)
		*out = -*out;
	return rc;
}
