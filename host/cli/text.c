/* text.c - see text.h. */
#define _GNU_SOURCE /* wcwidth */
#include "cli/text.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

/* mbrtowc and wcwidth must know UTF-8 whatever the user's locale is; made once, kept for ever. */
static locale_t
utf8_locale(void)
{
	static locale_t locale;
	static int tried;

	if (!tried) {
		tried = 1;
		locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	}
	return locale;
}

/* Bytes of the character at p (1 for a byte that is none), and the columns it takes; -1: it cannot be shown. */
static size_t
next_char(const char *p, size_t left, int *columns)
{
	unsigned char c = (unsigned char)*p;
	mbstate_t state;
	wchar_t wide;
	size_t n;

	*columns = c < 0x20 || c >= 0x7f ? -1 : 1;
	if (c < 0x80 || utf8_locale() == (locale_t)0)
		return 1;
	memset(&state, 0, sizeof(state));
	n = mbrtowc(&wide, p, left, &state);
	if (n == 0 || n > left)
		return 1;
	*columns = wcwidth(wide);
	return n;
}

/* Walks text until `width` columns are full; returns its columns, *end where it stopped. Adds to b unless NULL. */
static size_t
walk(struct buf *b, const char *text, size_t width, const char **end)
{
	locale_t old = utf8_locale() != (locale_t)0 ? uselocale(utf8_locale()) : (locale_t)0;
	size_t left = strlen(text), at = 0, n;
	int columns;

	while (left > 0) {
		n = next_char(text, left, &columns);
		if (at + (size_t)(columns < 0 ? 1 : columns) > width)
			break;
		at += (size_t)(columns < 0 ? 1 : columns);
		if (b != NULL && columns >= 0)
			buf_add(b, text, n);
		else if (b != NULL)
			buf_addc(b, strchr("\t\r\n", *text) != NULL ? ' ' : '?');
		text += n;
		left -= n;
	}
	if (old != (locale_t)0)
		uselocale(old);
	if (end != NULL)
		*end = text;
	return at;
}

size_t
text_width(const char *text)
{
	return walk(NULL, text, SIZE_MAX, NULL);
}

static void
pad(struct buf *b, size_t n)
{
	while (n-- > 0)
		buf_addc(b, ' ');
}

void
text_fit(struct buf *b, const char *text, size_t width, int to_the_right)
{
	const char *end;
	size_t used = walk(NULL, text, width, &end);
	int cut = *end != '\0' && width > 0;

	if (to_the_right && !cut)
		pad(b, width - used);
	used = walk(b, text, cut ? width - 1 : width, NULL);
	if (cut) {
		pad(b, width - 1 - used);
		buf_addc(b, '~');
	} else if (!to_the_right) {
		pad(b, width - used);
	}
}

const char *
text_count(int64_t n, char out[TEXT_NUMBER])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRId64, n), start = n < 0;
	char *p = out;

	for (int i = 0; i < len; i++) {
		if (i > start && (len - i) % 3 == 0)
			*p++ = ',';
		*p++ = digits[i];
	}
	*p = '\0';
	return out;
}

const char *
text_bytes(int64_t n, char out[TEXT_NUMBER])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double v = (double)n;
	size_t i = 0;

	while (v >= 999.95 && i + 1 < sizeof(units) / sizeof(units[0])) {
		v /= 1000;
		i++;
	}
	snprintf(out, TEXT_NUMBER, i == 0 ? "%.0f %s" : "%.1f %s", v, units[i]);
	return out;
}

const char *
text_duration(int64_t us, char out[TEXT_NUMBER])
{
	int64_t s = (us + 500000) / 1000000;

	if (us < 9950000)
		snprintf(out, TEXT_NUMBER, "%.2f s", (double)us / 1e6);
	else if (us < 99950000)
		snprintf(out, TEXT_NUMBER, "%.1f s", (double)us / 1e6);
	else if (s < 3600)
		snprintf(out, TEXT_NUMBER, "%" PRId64 " min %02" PRId64 " s", s / 60, s % 60);
	else
		snprintf(
		    out, TEXT_NUMBER, "%" PRId64 " h %02" PRId64 " min", s / 3600, s / 60 % 60);
	return out;
}

const char *
text_real(double v, char out[TEXT_NUMBER])
{
	if (!isfinite(v))
		return "";
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(out, TEXT_NUMBER, "%.*g", precision, v);
		if (strtod(out, NULL) == v) /* the program never sets LC_NUMERIC: '.' it is */
			break;
	}
	if (strpbrk(out, ".e") == NULL)
		memcpy(out + strlen(out), ".0", 3);
	return out;
}
