/* canonical.h - one spelling for all JSON texts that mean the same, to tell config-sized values apart by. */
#ifndef ABHOST_CANONICAL_H
#define ABHOST_CANONICAL_H
#include <stddef.h>

/* Keys sorted, no white space; a text whose numbers or strings jansson cannot hold stays as it is.  malloc'ed;
 * NULL: no memory. */
char *canonical_json(const char *text, size_t len);
#endif
