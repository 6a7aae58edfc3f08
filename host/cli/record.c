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

static ab_status
fail_record(const char *folder, struct error *e)
{
	return error_set(e, AB_ECONFIG,
	    "cannot record into %s: %s; --record needs a new or an empty folder", folder,
	    strerror(errno));
}

static ab_status
fail_replay(const char *folder, const char *wrong, struct error *e)
{
	return error_set(e, AB_ECONFIG,
	    "cannot replay %s: %s; --replay needs a folder that --record made", folder, wrong);
}

/* Its name as the worker sees it, which may stand elsewhere; free it. */
static ab_status
find_folder(const char *folder, int replay, char **out, struct error *e)
{
	struct stat st;

	*out = realpath(folder, NULL);
	if (*out == NULL)
		return replay ? fail_replay(folder, strerror(errno), e) : fail_record(folder, e);
	if (replay && stat(*out, &st) == 0 && !S_ISDIR(st.st_mode)) {
		free(*out);
		*out = NULL;
		return fail_replay(folder, strerror(ENOTDIR), e);
	}
	return AB_OK;
}

/* Makes it where it is not there; what is there must be empty, so that two recordings are never mixed. */
static ab_status
make_folder(const char *folder, struct error *e)
{
	const struct dirent *d;
	DIR *dir;
	int entries = 0;

	if (mkdir(folder, 0700) != 0 && errno != EEXIST)
		return fail_record(folder, e);
	dir = opendir(folder);
	if (dir == NULL)
		return fail_record(folder, e);
	while ((d = readdir(dir)) != NULL)
		entries += strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0;
	closedir(dir);
	return entries == 0 ? AB_OK
			    : fail(folder, "holds something; a recording needs an empty folder", e);
}

ab_status
cli_record_folder(const char *folder, char **out, struct error *e)
{
	*out = NULL;
	return make_folder(folder, e) == AB_OK ? find_folder(folder, 0, out, e) : e->status;
}

ab_status
cli_record(struct cli_source *s, const char *record, const char *replay, struct error *e)
{
	const char *folder = record != NULL ? record : replay;
	json_t *choices;
	char *path;

	if (folder == NULL)
		return AB_OK;
	if (cli_own(s, record != NULL ? "--record" : "--replay", e) != AB_OK)
		return e->status;
	if (record != NULL && make_folder(record, e) != AB_OK)
		return e->status;
	if (find_folder(folder, replay != NULL, &path, e) != AB_OK)
		return e->status;
	choices = json_pack("{s:s}", record != NULL ? "record" : "replay", path);
	s->choices = choices == NULL ? NULL : jsontext_make(choices, JSON_COMPACT);
	s->sync.choices = s->choices;
	json_decref(choices);
	free(path);
	return s->choices != NULL ? AB_OK : fail(folder, "is no name in UTF-8", e);
}
