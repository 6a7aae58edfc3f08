/* compare.h - run --verify: whether the destination holds what the streams gave; on the main thread, after the writer. */
#ifndef ABHOST_COMPARE_H
#define ABHOST_COMPARE_H
#include "engine/sync.h"
#include "engine/writer.h"

/* AB_ECONFIG: this destination cannot be read back. */
ab_status compare_can(const struct dest *d, struct error *e);
/* Compares each stream that ended well; one that differs counts as failed from here on, with its sentence, and e is
 * the first one's. */
ab_status compare_streams(
    struct dest *d, const struct writer_stream *streams, struct sync_report *out, struct error *e);
#endif
