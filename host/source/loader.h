/* loader.h - finding connectors and reading what they say of themselves, without running a byte of them.
 *
 * A connector is named by a path (it holds a '/', or ends in ".so" and exists here) or by an id, looked up in
 * ABHOST_CONNECTOR_PATH (secure_getenv; absolute folders, ':' between), $XDG_DATA_HOME/abhost/connectors
 * (~/.local/share/...), and the installation's connectors folder.  The file is opened once; the descriptor is read
 * with libelf from that opened file, and that same file is what a worker loads. */
#ifndef ABHOST_LOADER_H
#define ABHOST_LOADER_H
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct loader_file {
	int fd;	    /* opened read-only, close-on-exec; -1 when only described */
	char *path; /* as found */
	uint32_t abi, min_host;
	char *id, *version, *spec; /* from the descriptor's data */
	unsigned missing; /* bit per required function that is NULL in the file (loader_function) */
	int has_partitions, has_update_state;
};

/* Finds, checks (regular file, not writable by group or others; on the search path: owned by root or the user) and
 * describes. A refusal names every place tried and why each was passed over; a version mismatch names both versions and
 * what to do. AB_ECONFIG or AB_EUNSUPPORTED. */
ab_status loader_find(const char *name, struct loader_file *out, struct error *e);
void loader_file_fini(struct loader_file *f);
/* Each connector of the search path; why != NULL: this file cannot be used. Returns AB_OK or what `each` returned. */
ab_status loader_each(ab_status (*each)(void *ctx, const struct loader_file *f, const char *why),
    void *ctx, struct error *e);
#endif
