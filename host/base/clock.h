/* clock.h - time: microseconds, UTC, and their RFC 3339 texts.  Pure but for the readers. */
#ifndef ABHOST_CLOCK_H
#define ABHOST_CLOCK_H
#include <stddef.h>
#include <stdint.h>

#define CLOCK_TEXT 32 /* bytes that any of the texts below needs, NUL included */

/* Microseconds since 1970-01-01T00:00:00Z. */
int64_t clock_now_us(void);
/* Microseconds on a clock that never steps (CLOCK_MONOTONIC). */
int64_t clock_mono_us(void);
/* What clock_now_us said when this program first asked, and what has passed since: between two of these lies what has really
 * passed, also where somebody sets the clock meanwhile.  For when a run or a stream began and ended. */
int64_t clock_steady_us(void);
/* "2026-11-24T23:59:59.123456Z"; returns out. Years 0 to 9999, else clamped. */
char *clock_format(int64_t us, char out[CLOCK_TEXT]);
/* Reads an RFC 3339 date-time, with 'T', 't' or a blank, any fraction (cut below a microsecond), an
 * offset or none (then UTC), or a bare date. 0, or -1 where the text is not one. A leap second (:60)
 * counts as the second after. */
int clock_parse(const char *text, size_t len, int64_t *us);
/* The order of two such texts that are the same to the microsecond, by what their fractions say beyond. */
int clock_compare_rest(const char *a, size_t alen, const char *b, size_t blen);
#endif
