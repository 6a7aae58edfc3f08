/* loader.h - finding connectors and reading what they say of themselves, without running a byte of them.
 *
 * A connector is named by a path (it holds a '/', or ends in ".so") or by an id, looked up as ID.so in
 * ABHOST_CONNECTOR_PATH (secure_getenv; absolute folders, ':' between), $XDG_DATA_HOME/abhost/connectors
 * (~/.local/share/...), and the installation's connectors folder.  The file is opened once; the descriptor is read
 * with libelf from that opened file, and that same file is what a worker loads.  One that was installed (install.h) is
 * compared with its pin first; one that changed ends the search: no other file of its name takes its place.
 *
 * LOADER_FOREIGN before a path, or before a name that is looked up on PATH, says that it is a program which speaks Airbyte's
 * protocol: it is run with `spec` to describe it, and has no version of its own to tell.
 *
 * A file that `abhost wrap` made is a shell script with a connector behind it: its second line is LOADER_WRAP with the
 * place of the connector in the file, which is copied into memory.  Everything else takes it as a connector like any other. */
#ifndef ABHOST_LOADER_H
#define ABHOST_LOADER_H
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "source/pin.h"

#define LOADER_FOREIGN "airbyte:"

/* printf format: offset and length; the line has always the same length. */
#define LOADER_WRAP "# abhost-wrap 1 %010lld %010lld"

#define LOADER_MAX_ID 64u

/* How far a description came: what is told of a file that cannot be used. */
enum loader_stage {
	LOADER_NOTHING, /* no shared library for this machine, or one that must not be trusted */
	LOADER_LIBRARY,
	LOADER_TABLE, /* has the table, */
	LOADER_HEAD,  /* of a size and version that this host takes, */
	LOADER_TEXTS, /* with id, version and spec, */
	LOADER_WHOLE  /* and the functions */
};

struct loader_file {
	int fd;	       /* opened read-only, close-on-exec; -1 when only described, or a program */
	char *program; /* of one that speaks Airbyte's protocol: its path; else NULL */
	char *path;    /* as found */
	uint32_t abi, min_host;
	char *id, *version, *spec; /* from the descriptor's data */
	unsigned missing; /* bit per required function that is NULL in the file (loader_function) */
	int has_partitions, has_update_state;
	char **needed;	 /* libraries that it links, NULL-terminated */
	unsigned traits; /* SOFILE_* (sofile.h) */
	enum pin_state pinned;
	struct pin pin; /* PIN_NONE: empty */
	enum loader_stage stage;
};

/* Finds, checks (regular file, not writable by others, nor by a group but the user's own; on the search path: owned by root or the user) and
 * describes. A refusal names every place tried and why each was passed over; a version mismatch names both versions and
 * what to do. AB_ECONFIG or AB_EUNSUPPORTED; *out then holds what could be read, for `inspect`: fini it in any case.
 * The id and version are safe to print, and the id to name a file with. */
ab_status loader_find(const char *name, struct loader_file *out, struct error *e);
void loader_file_fini(struct loader_file *f);
/* loader_find of a file, whatever its name. */
ab_status loader_open(const char *path, struct loader_file *out, struct error *e);
/* $XDG_DATA_HOME/abhost/connectors or ~/.local/share/abhost/connectors; free() it.  NULL: neither is set, or no memory. */
char *loader_user_folder(void);
/* Is this folder, or file, one that nobody else may change? */
ab_status loader_check_folder(const char *path, struct error *e);
/* May a connector be called so?  Letters, digits, '-', '_' and '.', at most LOADER_MAX_ID, a letter or digit first. */
int loader_is_id(const char *id);
/* The name of required function i (a bit of `missing`), NULL behind the last. */
const char *loader_function(unsigned i);
/* Each file NAME.so of the search path, in order; why != NULL: it cannot be used. Returns AB_OK or what `each` returned. */
ab_status loader_each(ab_status (*each)(void *ctx, const struct loader_file *f, const char *why),
    void *ctx, struct error *e);
/* The folders of the search path that can be read now, as lines; for messages. free() it; NULL: no memory. */
char *loader_folders(void);
#endif
