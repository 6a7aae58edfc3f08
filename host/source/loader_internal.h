/* loader_internal.h - between loader.c (files and folders), descriptor.c (what a file says of itself), unwrap.c
 * and foreign_spec.c. */
#ifndef ABHOST_LOADER_INTERNAL_H
#define ABHOST_LOADER_INTERNAL_H
#include "source/loader.h"

/* Fills everything of f but path from f->fd; sentences do not name the file. */
ab_status descriptor_read(struct loader_file *f, struct error *e);
/* Where the file of `size` bytes is one that `abhost wrap` made, *fd becomes the connector in it, and the file is closed;
 * sentences do not name it. */
ab_status loader_unwrap(int *fd, long long size, struct error *e);
/* A program that speaks Airbyte's protocol, by its path or by a name on PATH.  It is run once, for its spec. */
ab_status loader_foreign(const char *name, struct loader_file *out, struct error *e);
/* What `PATH spec` says, as text. */
ab_status loader_ask_spec(const char *path, char **spec, struct error *e);
#endif
