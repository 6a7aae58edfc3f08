/* view_skip.h - passing over JSON values without looking at what is inside; for view.c only.
 *
 * Works on bytes of any origin between p and end and never reads past end.  Each function returns
 * the place behind the value, or NULL where it does not end before `end`. */
#ifndef ABHOST_VIEW_SKIP_H
#define ABHOST_VIEW_SKIP_H
#include <stddef.h>

const char *skip_space(const char *p, const char *end);
/* p: the opening quote. */
const char *skip_string(const char *p, const char *end);
/* p: '{' or '['. Counts brackets outside strings; which kind closes which is not looked at. */
const char *skip_nested(const char *p, const char *end);
/* A container that was passed over: len bytes from its opening bracket on; from NULL: none was. */
struct skipped {
	const char *from;
	size_t len;
};
/* The same of an object, and *most is the longest of the containers that are its own members' values: on a page, the
 * array of records, which then need not be passed over once more. */
const char *skip_object(const char *p, const char *end, struct skipped *most);
/* true, false, null or a number, whose grammar it checks: NULL where it is neither. */
const char *skip_scalar(const char *p, const char *end);
const char *skip_value(const char *p, const char *end);
#endif
