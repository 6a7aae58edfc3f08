/* venv.h - private virtual environments of Python, one for each package of an Airbyte source.
 *
 * They lie in $XDG_DATA_HOME/abhost/python (~/.local/share/...): a folder, and beside it FOLDER.json, which is written last: what
 * has none is half-made, does not count, and is taken away before it is made again.  What is there is never
 * changed: another version is another environment. */
#ifndef ABHOST_VENV_H
#define ABHOST_VENV_H
#include "base/error.h"

struct venv {
	const char *name;    /* of its program: "source-faker" */
	const char *package; /* "airbyte-source-faker" */
	const char *version; /* as it was installed */
	const char *source;  /* what pip was asked for: "airbyte-source-faker==7.2.1" */
	const char *folder;
	const char *program; /* its path */
};

/* Installs it, unless it is there: `source` as pip takes it.  *program is malloc'ed.  What pip said is in the error. */
ab_status venv_get(const char *source, const char *name, char **program, struct error *e);
/* The one that was made last of those with a program of that name; NULL: there is none. */
char *venv_find(const char *name);
/* Each one, in no order; AB_OK, or what `each` returned.  Texts until it returns. */
ab_status venv_each(ab_status (*each)(void *ctx, const struct venv *v), void *ctx);
/* Takes away all with a program of that name; `each` hears of one that is gone.  AB_ECONFIG where there is none. */
ab_status venv_remove(const char *name, void (*each)(const struct venv *v), struct error *e);
#endif
