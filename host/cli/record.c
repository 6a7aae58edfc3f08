/* record.c - --record and --replay: a folder in place of a network. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "data/jsontext.h"

static ab_status
fail(const char *folder, const char *wrong, struct error *e)
{
	return error_set(e, AB_ECONFIG, "%s: %s", folder, wrong);
}

/* Makes it where it is not there; what is there must be empty, so that two recordings are never mixed. */
static ab_status
make_folder(const char *folder, struct error *e)
{
	const struct dirent *d;
	DIR *dir;
	int entries = 0;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return fail(folder, strerror(errno), e);
	dir = opendir(folder);
	if (dir == NULL)
		return fail(folder, strerror(errno), e);
	while ((d = readdir(dir)) != NULL)
		entries += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	closedir(dir);
	return entries == 0 ? AB_OK
			    : fail(folder, "holds something; a recording needs an empty folder", e);
}

ab_status
cli_record(struct cli_source *s, const char *record, const char *replay, struct error *e)
{
	const char *folder = record != NULL ? record : replay;
	json_t *choices;
	char *path;

	if (folder == NULL)
		return AB_OK;
	if (record != NULL && replay != NULL)
		return error_set(e, AB_ECONFIG, "--record and --replay cannot be used together");
	if (record != NULL && make_folder(record, e) != AB_OK)
		return e->status;
	path = realpath(folder, NULL); /* the worker may stand elsewhere */
	if (path == NULL)
		return fail(folder, strerror(errno), e);
	choices = json_pack("{s:s}", record != NULL ? "record" : "replay", path);
	s->choices = choices == NULL ? NULL : jsontext_make(choices, JSON_COMPACT);
	s->sync.choices = s->choices;
	json_decref(choices);
	free(path);
	return s->choices != NULL ? AB_OK : fail(folder, "is no name in UTF-8", e);
}
