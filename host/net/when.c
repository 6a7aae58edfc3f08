/* when.c - see when.h. */
#include "net/when.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

#define FIRST_MOMENT 1000000000 /* 2001, as seconds since 1970; no wait is that long */
#define MOST	     (INT64_MAX / 16)

/* Reads digits and a fraction; *end is behind them.  -1: there is no digit. */
static int64_t
read_number(const char *p, int64_t scale, const char **end)
{
	int64_t n = 0, part = scale;
	int more = 0;

	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++)
		n = n > MOST / 10 ? MOST : n * 10 + (*p - '0');
	n = n > MOST / scale ? MOST : n * scale;
	if (p[0] == '.' && p[1] >= '0' && p[1] <= '9') {
		for (p++; *p >= '0' && *p <= '9'; p++) {
			more |= *p != '0' && part < 10;
			part /= 10;
			n += part * (*p - '0');
		}
	}
	*end = p;
	return n + more;
}

int64_t
when_number_before(const char *text, const char *ends, int64_t scale)
{
	const char *end;
	int64_t n = read_number(text, scale, &end);

	return n >= 0 && *end != '\0' && ends != NULL && strchr(ends, *end) == NULL ? -1 : n;
}

int64_t
when_number(const char *text, int64_t scale)
{
	return when_number_before(text, "", scale);
}

/* One "20ms" of a duration; -1. */
static int64_t
read_piece(const char **at)
{
	static const struct {
		const char *name;
		int64_t ms;
	} units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
	const char *number = *at, *unit;
	size_t n;

	if (read_number(number, 1, &unit) < 0)
		return -1;
	n = strspn(unit, "mshd");
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strlen(units[i].name) != n || strncmp(units[i].name, unit, n) != 0)
			continue;
		*at = unit + n;
		return read_number(number, units[i].ms, &unit);
	}
	return -1;
}

int64_t
when_duration(const char *text)
{
	int64_t seconds = when_number(text, 1), sum = 0, piece;

	if (seconds >= 0)
		return seconds >= FIRST_MOMENT ? -1 : when_number(text, 1000);
	do {
		piece = read_piece(&text);
		if (piece < 0)
			return -1;
		sum = sum > MOST - piece ? MOST : sum + piece;
	} while (*text != '\0');
	return sum;
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", the only form that RFC 9110 lets a server send. */
static int
parse_http_date(const char *text, int64_t *us)
{
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	char iso[32], name[4] = "";
	const char *at;

	if (strlen(text) != 29 || strcmp(text + 25, " GMT") != 0 || text[3] != ',')
		return -1;
	memcpy(name, text + 8, 3);
	at = strstr(months, name);
	if (at == NULL || (at - months) % 3 != 0)
		return -1;
	snprintf(iso, sizeof(iso), "%.4s-%02d-%.2sT%.8sZ", text + 12, (int)((at - months) / 3 + 1),
	    text + 5, text + 17);
	return clock_parse(iso, strlen(iso), us);
}

int
when_moment(const char *text, int numbers, int64_t *us)
{
	int64_t n = numbers ? when_number(text, 1) : -1;

	if (n >= FIRST_MOMENT) {
		if (n < INT64_C(100000000000))
			*us = when_number(text, 1000000);
		else if (n < INT64_C(100000000000000))
			*us = when_number(text, 1000);
		else
			*us = n;
		return 0;
	}
	if (n >= 0)
		return -1;
	return parse_http_date(text, us) == 0 ? 0 : clock_parse(text, strlen(text), us);
}
