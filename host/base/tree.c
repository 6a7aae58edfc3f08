/* tree.c - see tree.h. */
#define _GNU_SOURCE /* nftw */
#include "base/tree.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <unistd.h>

#define OPEN_AT_ONCE 32 /* descriptors */

/* What cannot be removed does not keep the rest. */
static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	(void)remove(path);
	return 0;
}

int
tree_remove(const char *path)
{
	(void)nftw(path, remove_one, OPEN_AT_ONCE, FTW_DEPTH | FTW_PHYS);
	return access(path, F_OK) != 0 && errno == ENOENT ? 0 : -1;
}
