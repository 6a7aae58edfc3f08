/* about.h - what a page says of itself beside its records (sdk/schema/about.json), for destinations that copy bytes. */
#ifndef ABHOST_ABOUT_H
#define ABHOST_ABOUT_H
#include "base/buf.h"
#include "base/error.h"

/* Adds the page's constants as members, each followed by a comma: "org":"x", - their source bytes on one line; nothing where
 * there are none.  *total (NULL: unwanted): how many records the source expects in all; unchanged where it does not say. */
ab_status about_read(const char *about, struct buf *constants, int64_t *total, struct error *e);
#endif
