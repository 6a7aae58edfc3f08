/* tree.h - removes a folder with all that is in it.
 *
 * Links are removed, never followed. */
#ifndef ABHOST_TREE_H
#define ABHOST_TREE_H

/* As much of it as can be; what is not there is fine.  0: it is gone. */
int tree_remove(const char *path);
#endif
