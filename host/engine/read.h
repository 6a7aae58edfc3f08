/* read.h - reading one stream: the source's events become work for the writer, and checkpoints.
 *
 * A checkpoint is sent only at a point from which a restart neither loses nor doubles:
 * - behind a page, where page tokens outlive a run: {the state as the read began, token};
 * - behind a page, where the cursor never descends: {the state so far};
 * - at the end of a partition: {its final state};
 * - anywhere, where rows that are written again do no harm: append_dedup, and an overwrite that begins afresh.
 * In a stream with partitions the first two hold for append_dedup only: rows do not tell which partition they came from, so
 * those of one partition could not be taken back when its token goes stale.
 * Runs on the reader's thread. */
#ifndef ABHOST_READ_H
#define ABHOST_READ_H
#include "engine/reader.h"
#include "engine/report.h"
#include "engine/state.h"

struct read_options {
	struct reader *reader;
	struct writer *writer;
	struct report *report;
	const struct plan_stream *plan;
	size_t index;		       /* of the stream in plan, report and writer */
	const struct dest_state *rows; /* what was committed when the run began */
	size_t nrows;
	int from_start;
	int has_update_state;
	int ends_run; /* the last stream, and all others ended well: its last checkpoint ends the run */
	const char *connector, *version; /* for what is told to people */
};

/* Reads the stream to its end and waits until it is durable.  After an error all that could be committed is. */
ab_status read_stream(const struct read_options *o, struct error *e);
#endif
