/* record.c - --record and --replay: a folder in place of a network. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
make_folder(const char *folder, int *is_new, struct error *e)
{
	const struct dirent *d;
	DIR *dir;
	int entries = 0;

	*is_new = mkdir(folder, 0700) == 0;
	if (!*is_new && errno != EEXIST)
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
cli_record_begin(struct cli_recording *r, const char *folder, struct error *e)
{
	r->path = NULL;
	if (make_folder(folder, &r->is_new, e) != AB_OK)
		return e->status;
	return find_folder(folder, 0, &r->path, e);
}

/* "recording.json", "00012.json" */
static int
is_of_recording(const char *name)
{
	return strcmp(name, "recording.json") == 0 ||
	    (*name >= '0' && *name <= '9' &&
		strcmp(name + strspn(name, "0123456789"), ".json") == 0);
}

/* How many files of a recording are in it, each of them removed where that is wanted. */
static int
count_files(const char *folder, int removes)
{
	const struct dirent *d;
	DIR *dir = opendir(folder);
	int n = 0;

	while (dir != NULL && (d = readdir(dir)) != NULL) {
		if (!is_of_recording(d->d_name))
			continue;
		n++;
		if (removes)
			unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

int
cli_record_end(struct cli_recording *r, int is_wanted)
{
	int files = r->path == NULL ? 0 : count_files(r->path, 0), keeps = is_wanted && files > 1;

	if (r->path != NULL && !keeps) {
		count_files(r->path, 1);
		if (r->is_new)
			rmdir(r->path);
		if (files > 0)
			fprintf(stderr, "abhost: %s: %s\n",
			    files == 1 ? "no request was made, so that there is nothing to record"
				       : "the recording is not complete, and was removed",
			    r->path);
	}
	free(r->path);
	r->path = NULL;
	return keeps;
}

ab_status
cli_record(struct cli_source *s, const char *record, const char *replay, struct error *e)
{
	const char *folder = record != NULL ? record : replay;
	json_t *choices;
	char *path = NULL;

	if (folder == NULL)
		return AB_OK;
	if (cli_own(s, record != NULL ? "--record" : "--replay", e) != AB_OK)
		return e->status;
	if (record != NULL && cli_record_begin(&s->recording, record, e) != AB_OK)
		return e->status;
	if (record == NULL && find_folder(folder, 1, &path, e) != AB_OK)
		return e->status;
	choices = json_pack("{s:s}", record != NULL ? "record" : "replay",
	    record != NULL ? s->recording.path : path);
	s->choices = choices == NULL ? NULL : jsontext_make(choices, JSON_COMPACT);
	s->sync.choices = s->choices;
	json_decref(choices);
	free(path);
	return s->choices != NULL ? AB_OK : fail(folder, "is no name in UTF-8", e);
}
