/* sqlite_declared.c - what somebody else has declared of a column, out of a table's CREATE TABLE; see sqlite.h.
 *
 * SQLite tells type and default of a column, but neither its CHECK nor what it is generated from; they stand in the text
 * alone.  The text has passed SQLite's parser, so only its pieces are looked for. */
#include "dest/sqlite.h"

#include <string.h>

/* Behind what begins at p: a name or a text in quotes, a comment, or one character. */
static const char *
next(const char *p)
{
	char end = *p == '[' ? ']' : *p;
	const char *found;

	if (p[0] == '-' && p[1] == '-')
		return p + strcspn(p, "\n");
	if (p[0] == '/' && p[1] == '*')
		return (found = strstr(p + 2, "*/")) == NULL ? p + strlen(p) : found + 2;
	if (strchr("'\"`[", *p) == NULL)
		return p + 1;
	for (p++; *p != '\0'; p++) {
		if (*p != end)
			continue;
		/* a quote that is doubled stands for itself */
		if (end == ']' || p[1] != end)
			return p + 1;
		p++;
	}
	return p;
}

static const char *
skip_blanks(const char *p)
{
	while (*p != '\0' &&
	    (strchr(" \t\r\n\f", *p) != NULL || strncmp(p, "--", 2) == 0 ||
		strncmp(p, "/*", 2) == 0))
		p = next(p);
	return p;
}

/* Whether the name that begins at p, in quotes or not, is this one. */
static int
begins_with_name(const char *p, const char *name)
{
	char end = *p == '[' ? ']' : strchr("'\"`", *p) != NULL ? *p : '\0';
	char one[2][2] = {"", ""};

	for (p += end != '\0'; *name != '\0'; p++, name++) {
		one[0][0] = *p;
		one[1][0] = *name;
		if (!shape_same_name(one[0], one[1]))
			return 0;
		if (end == '\0' || *p != end)
			continue;
		if (end == ']' || *++p != end)
			return 0;
	}
	if (end != '\0')
		return *p == end && (end == ']' || p[1] != end);
	return strchr(" \t\r\n\f,()/-'\"`[", *p) != NULL;
}

const char *
sqlite_declared(const char *sql, const char *name, size_t *len)
{
	const char *p = sql, *begin;
	int depth;

	while (*p != '\0' && *p != '(')
		p = next(p);
	while (*p != '\0' && *p != ')') {
		begin = skip_blanks(p + 1);
		depth = 0;
		for (p = begin; *p != '\0' && (depth > 0 || (*p != ',' && *p != ')')); p = next(p))
			depth += (*p == '(') - (*p == ')');
		if (begins_with_name(begin, name)) {
			*len = (size_t)(p - begin);
			return begin;
		}
	}
	return NULL;
}
