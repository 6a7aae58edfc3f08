/* loader_internal.h - between loader.c (files and folders), descriptor.c (what a file says of itself) and unwrap.c. */
#ifndef ABHOST_LOADER_INTERNAL_H
#define ABHOST_LOADER_INTERNAL_H
#include "source/loader.h"

/* Fills everything of f but path from f->fd; sentences do not name the file. */
ab_status descriptor_read(struct loader_file *f, struct error *e);
/* Where the file of `size` bytes is one that `abhost wrap` made, *fd becomes the connector in it, and the file is closed;
 * sentences do not name it. */
ab_status loader_unwrap(int *fd, long long size, struct error *e);
#endif
