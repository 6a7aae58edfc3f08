/* load.h - loading a connector's file, and deciding whether it may be called at all.
 *
 * dlopen runs the file's constructors; nothing else of it runs before its descriptor was found good. */
#ifndef ABHOST_LOAD_H
#define ABHOST_LOAD_H
#include "base/error.h"

/* Loads the opened file `fd` (kept open by the caller for as long as the process lives: it is never unloaded, and the
 * dynamic linker knows it by the descriptor's name) and copies its table.  `name` stands for it in messages.
 * AB_EUNSUPPORTED: made for another host; AB_ECONFIG: no connector, or one that cannot be loaded here. */
ab_status load_connector(int fd, const char *name, struct ab_connector *out, struct error *e);
/* The checks alone, of a table at `found` (tests). */
ab_status
load_table(const void *found, const char *name, struct ab_connector *out, struct error *e);
#endif
