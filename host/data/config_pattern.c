/* config_pattern.c - "pattern" and "format" of JSON Schema, on POSIX regular expressions.
 *
 * A pattern is ECMAScript's; what specs use of it is rewritten, and what POSIX has no word for (lookaround, \b in
 * brackets, \u, back references) makes the pattern unchecked, never a fault of the user's. */
#include <arpa/inet.h>
#include <ctype.h>
#include <regex.h>
#include <string.h>

#include "base/clock.h"
#include "data/config_internal.h"

#define MAX_PATTERN 4096u

/* The class behind a backslash, inside or outside of brackets; NULL: none. */
static const char *
class_of(char c, int in_brackets)
{
	switch (c) {
	case 'd':
		return in_brackets ? "0-9" : "[0-9]";
	case 'w':
		return in_brackets ? "[:alnum:]_" : "[[:alnum:]_]";
	case 's':
		return in_brackets ? "[:space:]" : "[[:space:]]";
	case 'D':
		return in_brackets ? NULL : "[^0-9]";
	case 'W':
		return in_brackets ? NULL : "[^[:alnum:]_]";
	case 'S':
		return in_brackets ? NULL : "[^[:space:]]";
	default:
		return NULL;
	}
}

/* A backslash and what follows it, into out; -1: not expressible. */
static int
add_escape(struct buf *out, char c, int in_brackets, int *dash, int *bracket)
{
	const char *class = class_of(c, in_brackets);

	if (class != NULL)
		return buf_adds(out, class);
	if (isalnum((unsigned char)c) || c == '\0')
		return c == 'n' ? buf_addc(out, '\n') : c == 't' ? buf_addc(out, '\t') : -1;
	if (!in_brackets)
		return strchr("^$.|?*+()[]{}\\", c) != NULL ? buf_addf(out, "\\%c", c)
							    : buf_addc(out, c);
	if (c == '-')
		*dash = 1;
	else if (c == ']')
		*bracket = 1;
	else if (c == '^' || c == '[')
		return -1;
	else
		return buf_addc(out, c);
	return 0;
}

/* "[...]" of ECMAScript: an escaped ']' must come first in POSIX and an escaped '-' last. Returns what is behind it. */
static const char *
add_brackets(struct buf *out, const char *p)
{
	struct buf in;
	int dash = 0, bracket = 0, rc = 0, negated = p[1] == '^';

	buf_init(&in, MAX_PATTERN);
	for (p += 1 + negated; rc == 0 && *p != '\0' && *p != ']'; p++) {
		if (*p == '\\')
			rc = add_escape(&in, *++p, 1, &dash, &bracket);
		else
			rc = *p == '[' && (p[1] == ':' || p[1] == '.' || p[1] == '=')
			    ? -1
			    : buf_addc(&in, *p);
		if (rc != 0 || *p == '\0')
			break;
	}
	if (rc == 0 && *p == ']' && in.len + (size_t)(dash + bracket) > 0)
		rc = buf_addf(out, "[%s%s%s%s]", negated ? "^" : "", bracket ? "]" : "",
		    buf_str(&in), dash ? "-" : "");
	else
		rc = -1;
	buf_fini(&in);
	return rc == 0 ? p + 1 : NULL;
}

/* Rewrites an ECMAScript pattern; -1: not expressible. */
static int
to_posix(const char *p, struct buf *out)
{
	while (*p != '\0') {
		if (*p == '\\') {
			if (add_escape(out, p[1], 0, NULL, NULL) != 0)
				return -1;
			p += 2;
		} else if (*p == '[') {
			p = add_brackets(out, p);
			if (p == NULL)
				return -1;
		} else if (p[0] == '(' && p[1] == '?') {
			if (p[2] != ':' || buf_addc(out, '(') != 0)
				return -1;
			p += 3;
		} else if (strchr("*+?}", *p) != NULL && p[1] == '?') {
			buf_addc(out, *p); /* lazy: whether it matches is the same */
			p += 2;
		} else {
			buf_addc(out, *p++);
		}
	}
	return out->failed ? -1 : 0;
}

int
pattern_match(const char *pattern, const char *text)
{
	struct buf posix;
	regex_t re;
	int rc = -1;

	buf_init(&posix, MAX_PATTERN);
	if (to_posix(pattern, &posix) == 0 &&
	    regcomp(&re, buf_str(&posix), REG_EXTENDED | REG_NOSUB) == 0) {
		rc = regexec(&re, text, 0, NULL, 0) == 0;
		regfree(&re);
	}
	buf_fini(&posix);
	return rc;
}

static int
is_date(const char *text)
{
	int64_t us;

	return strlen(text) == 10 && clock_parse(text, 10, &us) == 0;
}

static int
is_date_time(const char *text)
{
	int64_t us;

	return strlen(text) > 10 && clock_parse(text, strlen(text), &us) == 0;
}

static int
is_uri(const char *text)
{
	size_t n = 0;

	while (
	    isalnum((unsigned char)text[n]) || (n > 0 && strchr("+-.", text[n]) != NULL && text[n]))
		n++;
	return n > 0 && isalpha((unsigned char)text[0]) && text[n] == ':' && text[n + 1] != '\0' &&
	    strpbrk(text, " \t\r\n<>\"") == NULL;
}

static int
is_email(const char *text)
{
	const char *at = strrchr(text, '@');

	return at != NULL && at > text && at[1] != '\0' && strpbrk(text, " \t\r\n") == NULL;
}

static int
is_uuid(const char *text)
{
	return pattern_match("^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$", text) == 1;
}

static int
is_ipv4(const char *text)
{
	struct in_addr a;

	return inet_pton(AF_INET, text, &a) == 1;
}

static int
is_ipv6(const char *text)
{
	struct in6_addr a;

	return inet_pton(AF_INET6, text, &a) == 1;
}

const char *
format_fault(const char *format, const char *text)
{
	static const struct {
		const char *name;
		int (*fits)(const char *text);
		const char *what;
	} formats[] = {
	    {"date", is_date, "a date like 2024-12-31"},
	    {"date-time", is_date_time, "a time like 2024-12-31T23:59:59Z"},
	    {"uri", is_uri, "a URL like https://host/path"},
	    {"email", is_email, "an e-mail address"},
	    {"uuid", is_uuid, "a UUID"},
	    {"ipv4", is_ipv4, "an IPv4 address"},
	    {"ipv6", is_ipv6, "an IPv6 address"},
	};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
		if (strcmp(format, formats[i].name) == 0)
			return formats[i].fits(text) ? NULL : formats[i].what;
	return NULL;
}
