/* jsonread.h - JSON by jansson, whole or not at all.
 *
 * Its reader drops a byte of a text for which its buffer cannot grow, says nothing, and may then abort.  So its allocator is
 * ours: it sees that memory is short while a text is read, lets the reader see no more of it, helps it to that end out of
 * a small reserve (a text of 32 KiB or more brings its own, twice its size and untouched), and what was read is thrown
 * away.  Nothing else in host/ reads JSON by jansson (tests/style/limits.sh).  Thread-safe. */
#ifndef ABHOST_JSONREAD_H
#define ABHOST_JSONREAD_H
#include <jansson.h>

/* As json_loads, json_loadb, json_load_file, json_loadfd.  NULL: where (may be NULL) says why. */
json_t *jsonread_string(const char *text, size_t flags, json_error_t *where);
json_t *jsonread_text(const char *text, size_t len, size_t flags, json_error_t *where);
json_t *jsonread_file(const char *path, size_t flags, json_error_t *where);
json_t *jsonread_fd(int fd, size_t flags, json_error_t *where);
/* After a NULL: there was no memory; the text may be all right. */
int jsonread_lacked(const json_error_t *where);
#endif
