/* new.h - what abhost new writes, and how. */
#ifndef ABHOST_NEW_H
#define ABHOST_NEW_H
#include "base/error.h"

enum new_kind { NEW_REST, NEW_VTABLE };
enum new_lang { NEW_C, NEW_CPP };
enum new_license { NEW_MIT, NEW_APACHE, NEW_NO_LICENSE };

struct new_plan {
	const char *name, *folder;
	enum new_kind kind;
	enum new_lang lang;
	enum new_license license;
};

/* A file of a plan: its name in the folder, and what it is for ("": not worth a word); NULL behind the last.  The name
 * lives until the next call. */
const char *new_file(const struct new_plan *p, size_t i, const char **purpose);
/* Makes the folder with all of them, or nothing; one that holds something is refused. */
ab_status new_write(const struct new_plan *p, struct error *e);
#endif
