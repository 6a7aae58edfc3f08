/* view_skip.h - passing over JSON values without looking at what is inside; for view.c only.
 *
 * Works on bytes of any origin between p and end and never reads past end.  Each function returns
 * the place behind the value, or NULL where it does not end before `end`. */
#ifndef ABHOST_VIEW_SKIP_H
#define ABHOST_VIEW_SKIP_H

const char *skip_space(const char *p, const char *end);
/* p: the opening quote. */
const char *skip_string(const char *p, const char *end);
/* p: '{' or '['. Counts brackets outside strings; which kind closes which is not looked at. */
const char *skip_nested(const char *p, const char *end);
/* true, false, null or a number, whose grammar it checks: NULL where it is neither. */
const char *skip_scalar(const char *p, const char *end);
const char *skip_value(const char *p, const char *end);
#endif
