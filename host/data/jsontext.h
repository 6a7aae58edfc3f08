/* jsontext.h - a jansson value as text.
 *
 * In the place of json_dumps, which returns the text without a key where just that key's bytes found no memory. */
#ifndef ABHOST_JSONTEXT_H
#define ABHOST_JSONTEXT_H
#include <jansson.h>

/* flags: jansson's JSON_COMPACT and so on.  The caller frees it; NULL: v is NULL, not to be written so, or no memory. */
char *jsontext_make(const json_t *v, size_t flags);
#endif
