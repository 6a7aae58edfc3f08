/* jsonread.h - JSON by jansson, for what must not come back with a byte less.
 *
 * Its reader drops a byte of a text for which its buffer cannot grow, and says nothing; so the text is read twice, and what
 * two readings agree in is what is written. */
#ifndef ABHOST_JSONREAD_H
#define ABHOST_JSONREAD_H
#include <jansson.h>

/* NULL: it is not JSON (where says why), or *failed: there was no memory. */
json_t *jsonread_text(const char *text, size_t len, size_t flags, json_error_t *where, int *failed);
json_t *jsonread_file(const char *path, size_t flags, json_error_t *where, int *failed);
#endif
