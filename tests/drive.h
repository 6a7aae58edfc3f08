/* drive.h - for tests: runs a source's commands and keeps what it said as lines of text.
 *
 * A line per event: "stream TEXT", "partition N TEXT", "page N (BYTES) token=T state=S about=A", "end N", "restart",
 * "log LEVEL TEXT", "wait", "tally TEXT", "done", "failed STATUS: TEXT".  The pages' bytes are kept one behind the other. */
#ifndef TESTS_DRIVE_H
#define TESTS_DRIVE_H
#include "base/buf.h"
#include "source/source.h"

#define DRIVE_PAGE_CAP ((size_t)1 << 20)

struct drive {
	struct source *source;
	struct buf lines, pages;
	struct error error; /* of the last command that failed */
	int take_ms;	    /* a pause before each page is taken */
	int log_us;	    /* a pause before each line of the log */
	int cancel_after;   /* pages, 0: never */
	int npages;
	size_t allocated; /* by the worker, at the end of the last command, where it is measured */
};

/* Starts tests/zoo/NAME (built) with this config and waits for the end of the opening; its status. */
ab_status drive_open(struct drive *d, const char *name, const char *config, int timeout_s);
/* The same with other options; path is filled in. */
ab_status drive_open_with(struct drive *d, const char *name, struct source_options o);
/* Waits for the end of a command that was started. */
ab_status drive_wait(struct drive *d);
ab_status drive_check(struct drive *d);
ab_status drive_streams(struct drive *d);
/* Reads stream NAME; committed as in CHAN_READ. lines and pages begin anew. */
ab_status drive_read(struct drive *d, const char *stream, const char *committed);
/* Closes the source as a command. */
ab_status drive_finish(struct drive *d);
void drive_close(struct drive *d);
/* How often `needle` is in the text. */
int drive_count(const struct buf *b, const char *needle);
#endif
