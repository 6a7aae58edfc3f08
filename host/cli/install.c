/* install.c - abhost install: a connector's file, or all of a folder, into the user's own; runs nothing of them. */
#define _GNU_SOURCE /* asprintf */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "source/install.h"

enum { OPT_FORCE };

/* So that a later `abhost list` says more than "my.so". */
static char *
full_path(const char *path)
{
	char *full = realpath(path, NULL);

	return full != NULL ? full : strdup(path);
}

static void
report(const struct loader_file *f, const struct install *done, const char *from)
{
	static const char *const words[] = {[INSTALL_NEW] = "installed",
	    [INSTALL_REPLACED] = "installed",
	    [INSTALL_PINNED] = "pinned, as it was there already",
	    [INSTALL_SAME] = "was installed already, nothing changed"};
	struct error why = ERROR_INIT;
	struct loader_file found;

	printf("%s %s: %s, from %s", f->id, f->version, words[done->done], from);
	if (done->done == INSTALL_REPLACED)
		printf(
		    ", in place of %s", done->replaced != NULL ? done->replaced : "what was there");
	printf("\n  %s, SHA-256 %s\n", done->path, done->sha256);
	if (loader_find(f->id, &found, &why) == AB_OK && strcmp(found.path, done->path) != 0)
		fprintf(stderr,
		    "abhost: %s hides it: remove that, or take it out of ABHOST_CONNECTOR_PATH\n",
		    found.path);
	loader_file_fini(&found);
}

static ab_status
install_file(const char *path, int force, struct error *e)
{
	struct install done = {.path = NULL};
	struct loader_file f;
	char *from = full_path(path);
	ab_status rc = loader_open(path, &f, e);

	if (rc == AB_OK && from == NULL)
		rc = error_set(e, AB_ENOMEM, "no memory");
	if (rc == AB_OK && (rc = install_connector(&f, from, force, &done, e)) == AB_OK)
		report(&f, &done, from);
	install_fini(&done);
	loader_file_fini(&f);
	free(from);
	return rc;
}

static int
is_connector_name(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 3 && strcmp(d->d_name + n - 3, ".so") == 0;
}

/* Does what is asked with one file of the folder: looks whether it is a connector, or installs it. */
static ab_status
visit(const char *folder, const char *name, int install, int force, struct error *e)
{
	struct loader_file f;
	char *path;
	ab_status rc;

	if (asprintf(&path, "%s/%s", folder, name) < 0)
		return error_set(e, AB_ENOMEM, "no memory");
	if (install) {
		rc = install_file(path, force, e);
	} else {
		rc = loader_open(path, &f, e);
		loader_file_fini(&f);
	}
	free(path);
	return rc;
}

/* All of them, or none where one of them is no connector. */
static ab_status
install_folder(const char *folder, int force, struct error *e)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_connector_name, alphasort);

	if (n < 0)
		return error_set(e, AB_ECONFIG, "%s: %s", folder, strerror(errno));
	if (n == 0)
		error_set(e, AB_ECONFIG,
		    "%s: no connector (a file NAME.so) is in this folder; build it first, as with make",
		    folder);
	for (int install = 0; install < 2; install++)
		for (int i = 0; i < n && e->status == AB_OK; i++)
			visit(folder, names[i]->d_name, install, force, e);
	while (n > 0)
		free(names[--n]);
	free(names);
	return e->status;
}

static int
install_run(const struct cli_args *a)
{
	int force = a->value[OPT_FORCE] != NULL;
	struct error e = ERROR_INIT;
	struct stat st;

	if (stat(a->word[0], &st) == 0 && S_ISDIR(st.st_mode))
		install_folder(a->word[0], force, &e);
	else
		install_file(a->word[0], force, &e);
	return e.status == AB_OK ? CLI_DONE : cli_fail(&e);
}

static const struct cli_option options[] = {
    [OPT_FORCE] = {"force", NULL, "replace what is there, whatever its version", 0},
    {.name = NULL}};
const struct cli_command cmd_install = {.name = "install",
    .words = "FILE",
    .summary = "Install a connector for yourself, and pin it",
    .more =
	"FILE is a connector, or a folder: then all connectors (NAME.so) in it. It is copied to ID.so in the user's\n"
	"data folder (~/.local/share/abhost/connectors); from now on its id is enough: abhost run ID config.json.\n"
	"Its SHA-256 is kept beside it, in ID.so.pin; a file that has another one is not loaded. A newer version\n"
	"takes the place of an older one. Nothing of the connector is run.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = install_run};
