/* text.h - text on a screen: widths, cutting, numbers for people.  Pure but for the one locale it makes. */
#ifndef ABHOST_TEXT_H
#define ABHOST_TEXT_H
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define TEXT_NUMBER 40 /* bytes that any of the number texts needs */

/* Columns that a UTF-8 text takes; what cannot be shown (controls, bytes that are not UTF-8) counts as one. */
size_t text_width(const char *text);
/* Appends text cut ("~" in the last column) or padded with blanks to exactly `width` columns; what cannot be shown
 * becomes '?', a line end or tab a blank. */
void text_fit(struct buf *b, const char *text, size_t width, int to_the_right);
/* "1,234,567" */
const char *text_count(int64_t n, char out[TEXT_NUMBER]);
/* "512 B", "45.6 MB" (powers of ten, as disks and networks count) */
const char *text_bytes(int64_t n, char out[TEXT_NUMBER]);
/* "0.31 s", "12.3 s", "2 min 05 s", "3 h 02 min" */
const char *text_duration(int64_t us, char out[TEXT_NUMBER]);
/* A double's shortest text that reads back as the same double; "" for what is no number. */
const char *text_real(double v, char out[TEXT_NUMBER]);
#endif
