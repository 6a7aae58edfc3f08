/* shim_names.c - see shim.h: names that were made, removed or moved, until their folder is synced.  A journal keeps their
 * order, so it is the latest that a power cut takes. */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shim.h"

#define NAMES 4096

/* A change to a name that its folder's sync has not made durable: how it is undone. */
struct name {
	enum shim_change what;
	char *path, *to; /* SHIM_MOVED: to where */
	char *
	    kept; /* a second name of what it took the place of, or of what is gone; NULL: nothing */
};

char shim_under[4096];
static struct name names[NAMES];
static int nnames;

static void
forget_name(struct name *n)
{
	if (n->kept != NULL)
		REAL(unlink)(n->kept);
	free(n->path);
	free(n->to);
	free(n->kept);
}

static int
is_in(const char *path, const char *folder)
{
	const char *slash = strrchr(path, '/');
	size_t len = strlen(folder);

	return (size_t)(slash - path) == len && strncmp(path, folder, len) == 0;
}

/* The folder was synced. Under lock. */
void
shim_settle_names(const char *folder)
{
	int kept = 0;

	for (int i = 0; i < nnames; i++)
		if (is_in(names[i].path, folder))
			forget_name(&names[i]);
		else
			names[kept++] = names[i];
	nnames = kept;
}

void
shim_cut_names(unsigned *seed)
{
	int keep = nnames == 0 ? 0 : rand_r(seed) % (nnames + 1);

	for (int i = nnames - 1; i >= keep; i--) {
		const struct name *n = &names[i];

		if (n->what == SHIM_MADE)
			REAL(unlink)(n->path);
		if (n->what == SHIM_MOVED)
			REAL(rename)(n->to, n->path);
		if (n->kept != NULL)
			REAL(rename)(n->kept, n->what == SHIM_MOVED ? n->to : n->path);
	}
	for (int i = 0; i < keep; i++)
		if (names[i].kept != NULL)
			REAL(unlink)(names[i].kept);
}

/* The absolute path of a name below $SHIM_UNDER, or NULL. */
char *
shim_name_of(const char *path)
{
	char full[8192];

	if (*shim_under == '\0')
		return NULL;
	if (*path == '/')
		snprintf(full, sizeof(full), "%s", path);
	else if (getcwd(full, 4096) != NULL)
		snprintf(full + strlen(full), 4096, "/%s", path);
	else
		return NULL;
	return strncmp(full, shim_under, strlen(shim_under)) == 0 ? strdup(full) : NULL;
}

/* Notes what happens to a name, and keeps what it is the last name of. Under lock. */
void
shim_note_name(enum shim_change what, char *path, char *to)
{
	const char *doomed = what == SHIM_GONE ? path : what == SHIM_MOVED ? to : NULL;
	char kept[4200];

	if (path == NULL || nnames == NAMES) {
		free(path);
		free(to);
		return;
	}
	snprintf(kept, sizeof(kept), "%s/.kept-%d-%ld", shim_under, nnames, (long)getpid());
	names[nnames] = (struct name){what, path, to, NULL};
	if (doomed != NULL && link(doomed, kept) == 0)
		names[nnames].kept = strdup(kept);
	nnames++;
}
