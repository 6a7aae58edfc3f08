/* load.h - loading a connector's file, and deciding whether it may be called at all.
 *
 * dlopen runs the file's constructors; nothing else of it runs before its descriptor was found good. */
#ifndef ABHOST_LOAD_H
#define ABHOST_LOAD_H
#include <abhost/abi.h>
#include <stddef.h>

#include "base/error.h"

/* "ABC0": what connectors began with before ABI 1.0 was frozen. */
#define LOAD_DRAFT_MAGIC 0x30434241u
/* The table as ABI 1.0 has it.  A member that came later is looked at only where the connector's size says that it
 * is there. */
#define LOAD_SIZE_1_0 (offsetof(struct ab_connector, extension) + sizeof(void *))

/* Loads the opened file `fd` (kept open by the caller for as long as the process lives: it is never unloaded, and the
 * dynamic linker knows it by the descriptor's name) and copies its table.  `name` stands for it in messages.
 * AB_EUNSUPPORTED: made for another host; AB_ECONFIG: no connector, or one that cannot be loaded here. */
ab_status load_connector(int fd, const char *name, struct ab_connector *out, struct error *e);
/* The checks alone, of a table at `found` (tests). */
ab_status
load_table(const void *found, const char *name, struct ab_connector *out, struct error *e);
#endif
