/* catalog.h - the streams that a connector has, as it describes them: checked and completed.
 *
 * A description is untrusted text.  What passes catalog_add has a name, lists its sync modes, and every key that the
 * engine reads has the right type; other keys are kept as they are.  Nothing here chooses anything: see plan.h.
 * Not thread-safe. */
#ifndef ABHOST_CATALOG_H
#define ABHOST_CATALOG_H
#include <jansson.h>

#include "base/error.h"

#define CATALOG_MAX_STREAMS 10000
#define CATALOG_MAX_NAME    512 /* bytes of a stream's name or namespace */

struct catalog {
	json_t *streams; /* array of AirbyteStream */
	json_t *names;	 /* private: what has been added */
};

/* 0, or -1: no memory. */
int catalog_init(struct catalog *c);
void catalog_fini(struct catalog *c);
/* One AirbyteStream (JSON text).  A mistake, or a stream that is already there, is AB_EBUG: JSON pointer, what was expected,
 * what stands there. */
ab_status catalog_add(struct catalog *c, const char *text, size_t len, struct error *e);
/* Whether supported_sync_modes lists the mode. */
int catalog_supports(const json_t *stream, const char *sync_mode);
/* The stream's namespace, "" for none. */
const char *catalog_namespace(const json_t *stream);
#endif
