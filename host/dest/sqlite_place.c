/* sqlite_place.c - "FILE?page_size=8192&journal=wal": what a user writes behind sqlite:, see sqlite.h. */
#include "dest/sqlite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static ab_status
read_page_size(const char *value, size_t len, struct sqlite_place *out)
{
	char *end;
	long n = strtol(value, &end, 10);

	if (end != value + len || n < 512 || n > 65536 || (n & (n - 1)) != 0)
		return AB_ECONFIG;
	out->page_size = (int)n;
	return AB_OK;
}

static ab_status
read_option(
    const char *target, const char *at, size_t len, struct sqlite_place *out, struct error *e)
{
	if (len > 10 && strncmp(at, "page_size=", 10) == 0)
		return read_page_size(at + 10, len - 10, out) == AB_OK
		    ? AB_OK
		    : error_set(e, AB_ECONFIG,
			  "page_size of %s must be a power of two from 512 to 65536", target);
	if (len == 11 && strncmp(at, "journal=wal", 11) == 0)
		out->journal = SQLITE_JOURNAL_WAL;
	else if (len == 16 && strncmp(at, "journal=truncate", 16) == 0)
		out->journal = SQLITE_JOURNAL_TRUNCATE;
	else
		return error_set(e, AB_ECONFIG,
		    "%s: \"%.*s\" is no option; behind a file may stand ?page_size=8192, journal=wal or journal=truncate, as in "
		    "sqlite:my.db?journal=wal&page_size=8192",
		    target, (int)(len > 100 ? 100 : len), at);
	return AB_OK;
}

/* SQLite takes "file:..." for a URI: another file than the one that is locked, or none at all (file::memory:). */
static char *
copy_path(const char *target, size_t len)
{
	const char *here = strncmp(target, "file:", 5) == 0 ? "./" : "";
	size_t size = strlen(here) + len + 1;
	char *path = malloc(size);

	if (path != NULL)
		snprintf(path, size, "%s%.*s", here, (int)len, target);
	return path;
}

ab_status
sqlite_place_read(const char *target, struct sqlite_place *out, struct error *e)
{
	const char *at = target + strcspn(target, "?");
	size_t len;

	*out = (struct sqlite_place){.journal = SQLITE_JOURNAL_KEEP};
	if (at == target)
		return error_set(e, AB_ECONFIG,
		    "the destination \"sqlite:%s\" names no file: write sqlite:FILE%s", target,
		    target);
	out->path = copy_path(target, (size_t)(at - target));
	if (out->path == NULL)
		return error_set(e, AB_ENOMEM, "no memory to open %s", target);
	if (strcmp(out->path, ":memory:") == 0)
		error_set(e, AB_ECONFIG, "%s is no file: what it holds would be lost", out->path);
	while (e->status == AB_OK && *at != '\0') {
		at++;
		len = strcspn(at, "&");
		if (read_option(target, at, len, out, e) == AB_OK)
			at += len;
	}
	if (e->status != AB_OK) {
		free(out->path);
		out->path = NULL;
	}
	return e->status;
}
