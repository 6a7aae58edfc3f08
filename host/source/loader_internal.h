/* loader_internal.h - between loader.c (files and folders) and descriptor.c (what a file says of itself). */
#ifndef ABHOST_LOADER_INTERNAL_H
#define ABHOST_LOADER_INTERNAL_H
#include "source/loader.h"

/* Fills everything of f but path from f->fd; sentences do not name the file. */
ab_status descriptor_read(struct loader_file *f, struct error *e);
#endif
