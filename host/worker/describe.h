/* describe.h - checks of the JSON texts in which a connector describes things: sdk/schema/NAME.json in C.
 *
 * A mistake is AB_EBUG, told with its JSON pointer and the bytes around it.  Airbyte's objects may carry
 * keys that we do not know; one that looks like a slip for a key that we do know is refused all the same. */
#ifndef ABHOST_DESCRIBE_H
#define ABHOST_DESCRIBE_H
#include <stddef.h>

#include "base/error.h"

/* An AirbyteStream with our keys "sorted" and "deleted_field". */
ab_status describe_stream(const char *text, size_t len, struct error *e);
/* {"constants": {...}, "total": N}: what is the same for a whole page. */
ab_status describe_about(const char *text, size_t len, struct error *e);
/* A stream's or partition's state: an object, whatever is in it. */
ab_status describe_state(const char *text, size_t len, struct error *e);
#endif
