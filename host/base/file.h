/* file.h - writing a file whole, and making its name durable.  Keeps nothing; any thread. */
#ifndef ABHOST_FILE_H
#define ABHOST_FILE_H
#include <stddef.h>

/* All of it, however write(2) takes it.  -1: errno says why. */
int file_write(int fd, const void *bytes, size_t n);
/* Whether a file can be made in that folder and written; none is left.  -1: errno says why. */
int file_try_folder(const char *path);
/* The folder in which path stands, for reading.  -1: errno says why. */
int file_open_folder(const char *path);
/* fsync of the folder in which path stands: what was renamed there outlives a power cut.  Asks for no memory, since what was
 * renamed can hardly be taken back.  -1: errno says why. */
int file_sync_folder(const char *path);
#endif
