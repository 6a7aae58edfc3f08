/* clock.c - see clock.h. */
#include "base/clock.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static int64_t
read_clock(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_now_us(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t
clock_mono_us(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

static int64_t steady_offset;

static void
set_offset(void)
{
	/* unlike CLOCK_MONOTONIC it goes on while the machine sleeps */
	steady_offset = clock_now_us() - read_clock(CLOCK_BOOTTIME);
}

int64_t
clock_steady_us(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, set_offset);
	return steady_offset + read_clock(CLOCK_BOOTTIME);
}

/* Days since 1970-01-01 of a proleptic Gregorian date; years of 400 make the arithmetic whole. */
static int64_t
days_from_civil(int64_t y, int64_t m, int64_t d)
{
	int64_t era, yoe, doy;

	y -= m <= 2;
	era = (y >= 0 ? y : y - 399) / 400;
	yoe = y - era * 400;
	doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

char *
clock_format(int64_t us, char out[CLOCK_TEXT])
{
	const int64_t least = -62167219200000000, most = 253402300799999999;
	int64_t micro;
	struct tm tm;
	time_t sec;

	us = us < least ? least : us > most ? most : us;
	micro = us % 1000000 < 0 ? us % 1000000 + 1000000 : us % 1000000;
	sec = (time_t)((us - micro) / 1000000);
	gmtime_r(&sec, &tm);
	snprintf(out, CLOCK_TEXT, "%04u-%02u-%02uT%02u:%02u:%02u.%06uZ",
	    (unsigned)(tm.tm_year + 1900) % 10000u, (unsigned)(tm.tm_mon + 1) % 100u,
	    (unsigned)tm.tm_mday % 100u, (unsigned)tm.tm_hour % 100u, (unsigned)tm.tm_min % 100u,
	    (unsigned)tm.tm_sec % 100u, (unsigned)micro % 1000000u);
	return out;
}

/* Reads exactly `digits` digits, then `sep` unless it is 0; -1 where they are not there. */
static int64_t
take_number(const char **p, const char *end, int digits, char sep)
{
	int64_t n = 0;

	if (end - *p < digits + (sep != 0))
		return -1;
	for (; digits > 0; digits--, (*p)++) {
		if (**p < '0' || **p > '9')
			return -1;
		n = n * 10 + (**p - '0');
	}
	if (sep != 0 && *(*p)++ != sep)
		return -1;
	return n;
}

static int
take_fraction(const char **p, const char *end, int64_t *us)
{
	int64_t unit = 100000;

	if (*p == end || **p != '.')
		return 0;
	(*p)++;
	if (*p == end || **p < '0' || **p > '9')
		return -1;
	for (; *p < end && **p >= '0' && **p <= '9'; (*p)++, unit /= 10)
		*us += (**p - '0') * unit;
	return 0;
}

static int
take_offset(const char **p, const char *end, int64_t *us)
{
	int64_t h, m;
	int minus;

	if (*p == end)
		return 0;
	if (**p == 'Z' || **p == 'z') {
		(*p)++;
		return 0;
	}
	if (**p != '+' && **p != '-')
		return -1;
	minus = *(*p)++ == '-';
	h = take_number(p, end, 2, 0);
	if (*p < end && **p == ':')
		(*p)++;
	m = take_number(p, end, 2, 0);
	if (h < 0 || h > 23 || m < 0 || m > 59)
		return -1;
	*us -= (minus ? -1 : 1) * (h * 60 + m) * 60000000;
	return 0;
}

static int
valid_day(int64_t y, int64_t m, int64_t d)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return y >= 0 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

int
clock_parse(const char *text, size_t len, int64_t *us)
{
	const char *p = text, *end = text + len;
	int64_t y = take_number(&p, end, 4, '-'), mo, d, h, mi, s, t;

	mo = y < 0 ? -1 : take_number(&p, end, 2, '-');
	d = mo < 0 ? -1 : take_number(&p, end, 2, 0);
	if (!valid_day(y, mo, d))
		return -1;
	t = days_from_civil(y, mo, d) * 86400 * 1000000;
	if (p < end) {
		if (*p != 'T' && *p != 't' && *p != ' ')
			return -1;
		p++;
		h = take_number(&p, end, 2, ':');
		mi = h < 0 ? -1 : take_number(&p, end, 2, ':');
		s = mi < 0 ? -1 : take_number(&p, end, 2, 0);
		if (s < 0 || h > 23 || mi > 59 || s > 60)
			return -1;
		t += ((h * 60 + mi) * 60 + s) * 1000000;
		if (take_fraction(&p, end, &t) != 0 || take_offset(&p, end, &t) != 0 || p != end)
			return -1;
	}
	*us = t;
	return 0;
}

/* The digits behind a fraction's sixth. */
static const char *
find_rest(const char *text, size_t len, size_t *n)
{
	const char *dot = len == 0 ? NULL : memchr(text, '.', len), *end = text + len, *p;

	*n = 0;
	if (dot == NULL)
		return text;
	for (p = dot + 1; p < end && *p >= '0' && *p <= '9'; p++)
		*n += p - dot > 6;
	return p - *n;
}

int
clock_compare_rest(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t n, m;
	const char *x = find_rest(a, alen, &n), *y = find_rest(b, blen, &m);

	for (size_t i = 0; i < n || i < m; i++) {
		char c = i < n ? x[i] : '0', d = i < m ? y[i] : '0';

		if (c != d)
			return c > d ? 1 : -1;
	}
	return 0;
}
