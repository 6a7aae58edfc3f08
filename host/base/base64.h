/* base64.h - bytes as base64 text (RFC 4648, padded). */
#ifndef ABHOST_BASE64_H
#define ABHOST_BASE64_H
#include <stddef.h>

#define BASE64_SIZE(n) \
	(((n) + 2) / 3 * 4 + 1) /* bytes that the text of n bytes needs, NUL included */

/* Writes the text and a NUL; returns its length. */
size_t base64_encode(const char *bytes, size_t n, char *out);
/* The bytes of a padded text, never more than n, and how many; -1: it is none. */
int base64_decode(const char *text, size_t n, char *out, size_t *len);
#endif
