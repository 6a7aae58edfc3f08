/* lookup.h - one value inside of a JSON body, by its path: for descriptions that say where something stands. */
#ifndef ABHOST_LOOKUP_H
#define ABHOST_LOOKUP_H
#include <abhost/abi.h>
#include <jansson.h>

/* The value at a path such as "error.code" or "errors.0.type"; "" is the whole body.  NULL: there is none, or the body is no
 * JSON.  A container, and a text of more than 64 KiB, comes back empty: that it is there, and of which type, is all that
 * is asked of it.  The caller's. */
json_t *lookup_value(struct ab_str body, const char *path);
#endif
