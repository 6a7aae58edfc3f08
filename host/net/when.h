/* when.h - times as servers write them in headers: numbers, durations, moments.  Pure; saturates, never overflows. */
#ifndef ABHOST_WHEN_H
#define ABHOST_WHEN_H
#include <stddef.h>
#include <stdint.h>

/* "12" or "1.5" times `scale`, rounded up; -1 where the text is anything else. */
int64_t when_number(const char *text, int64_t scale);
/* The same for a text that begins with a number; what follows it must be the end or one of `ends` (NULL: anything). */
int64_t when_number_before(const char *text, const char *ends, int64_t scale);
/* Milliseconds of a number of seconds below 1,000,000,000 (what is more is a moment), or of "1h2m3.5s", "6m0s", "20ms"; -1. */
int64_t when_duration(const char *text);
/* Microseconds since 1970 of an HTTP date or an RFC 3339 time, and, with `numbers`, of a number of at least
 * 1,000,000,000: seconds, milliseconds or microseconds, by its size.  0, or -1 where it is none. */
int when_moment(const char *text, int numbers, int64_t *us);
#endif
