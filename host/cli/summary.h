/* summary.h - the last word about a sync: what was read and written, where it is, what to do next. */
#ifndef ABHOST_SUMMARY_H
#define ABHOST_SUMMARY_H
#include <stdio.h>

#include "engine/sync.h"

/* to: the destination as sync_options.to has it. */
void summary_print(FILE *out, const struct sync_report *r, const char *to);
/* After a signal: what is kept and how to go on; after failed streams: which, and why (standard error).  Returns 0 where
 * there was neither: what failed was not a stream. */
int summary_trouble(const struct sync_report *r, const char *to);
#endif
