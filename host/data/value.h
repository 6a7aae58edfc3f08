/* value.h - from the bytes of a JSON value to a C value, exactly or not at all.  Pure functions.
 *
 * Spans are as struct scan_field has them (validated; strings without quotes). */
#ifndef ABHOST_VALUE_H
#define ABHOST_VALUE_H
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* An integer literal as int64; 0, or -1 where it is out of range (or "-0", which only a double holds).
 * Never through a double. */
int value_int(const char *num, size_t len, int64_t *out);
/* Any number literal as a double; 0 where the double, printed with the fewest digits that identify it,
 * gives the literal's value back (so at most 17 significant digits, no overflow, no underflow);
 * else -1 and the nearest double.  Locale-independent. */
int value_real(const char *num, size_t len, double *out);
/* Unescapes a string's inner bytes into out (room for len bytes + NUL is always enough); returns the length.
 * A lone surrogate becomes U+FFFD and sets *lossy. NUL characters stay. */
size_t value_unescape(const char *str, size_t len, char *out, int *lossy);
/* Whether value_unescape would set *lossy. */
int value_is_lossy(const char *str, size_t len);
/* Compares two keys by value when either is escaped. 1: equal. */
int value_key_equal(
    const char *a, size_t alen, int a_escaped, const char *b, size_t blen, int b_escaped);
/* 64-bit hash of a span (not for hostile tables); stable between runs and machines. */
uint64_t value_hash(const char *bytes, size_t len);
#endif
