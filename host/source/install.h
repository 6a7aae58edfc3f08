/* install.h - connectors in the user's folder: put there with a pin (pin.h), and taken away.
 *
 * Touches nothing but ID.so and ID.so.pin of that folder.  Each of the two appears whole or not at all; a connector whose
 * installation broke off between them is refused when it is to be loaded, never loaded unlooked at. */
#ifndef ABHOST_INSTALL_H
#define ABHOST_INSTALL_H
#include "source/loader.h"

enum install_done {
	INSTALL_NEW,
	INSTALL_REPLACED, /* another version, or other bytes of this one */
	INSTALL_PINNED,	  /* the same bytes were there, without a pin that held */
	INSTALL_SAME	  /* and with one */
};

struct install {
	enum install_done done;
	char *path, *replaced; /* replaced: the version; NULL: none, or one that cannot be told */
	char sha256[PIN_HEX];
};

/* Copies an opened connector.  What is there gives way to a newer version, or to force; else AB_ECONFIG and why.
 * source: where it is from, for people.  fini in any case. */
ab_status install_connector(const struct loader_file *f, const char *source, int force,
    struct install *out, struct error *e);
void install_fini(struct install *i);
/* Takes a connector away; *path (malloc'ed) is where it was.  AB_ECONFIG where the user has none of this id. */
ab_status install_remove(const char *id, char **path, struct error *e);
/* < 0, 0, > 0: numbers by value, "1.0-rc1" and "1.0~rc1" before "1.0". */
int install_compare_versions(const char *a, const char *b);
#endif
