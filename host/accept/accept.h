/* accept.h - abhost test: the acceptance kit for authors of connectors.
 *
 * A list of checks (checks.c), in families, of one connector's file and of what it does in abhost-worker.  Answers of the
 * API come from fixtures, a recording as --record makes it: the kit opens no connection, but in accept_record.
 * Never loads the connector; keeps hashes of records, never records. */
#ifndef ABHOST_ACCEPT_H
#define ABHOST_ACCEPT_H
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum accept_verdict { ACCEPT_OK, ACCEPT_FAILED, ACCEPT_SKIPPED };

struct accept_result {
	unsigned number; /* from 1 */
	const char *family, *name, *title, *why;
	enum accept_verdict verdict;
	const char *expected, *seen; /* of a failure */
	const char *reason;	     /* of a skip */
	const char *note;	     /* what limits an "ok", or "" */
};

struct accept_options {
	const char *connector; /* a file, or an id */
	const char *config;    /* a file; NULL: beside the connector */
	const char *fixtures;  /* a folder; NULL: beside the connector; "": none */
	const char *stream;    /* only this one; NULL: all */
	const char *record; /* accept_record: into this folder, whose full name it is; else NULL */
	const char *
	    secrets; /* accept_record: the file for refresh tokens that the server replaces, or NULL */
	size_t page_cap;
	int call_timeout_s;
	size_t pages;	       /* that memory-growth reads */
	int in_process;	       /* only in abhost-inprocess */
	const char *inprocess; /* the path of that program, or NULL */
	/* Each result when it is there. */
	void (*each)(void *ctx, const struct accept_result *r);
	/* A line of the connector's log, redacted. */
	void (*log)(void *ctx, int level, const char *text);
	void *ctx;
};

struct accept_counts {
	unsigned ok, failed, skipped;
	int signal; /* that ended it, or 0 */
};

/* How many checks there are. */
unsigned accept_count(void);
/* No checks: all that a connector is asked for once, in this process (abhost-inprocess), for a debugger or valgrind to see. */
ab_status accept_once(const struct accept_options *o, struct error *e);
/* Runs all.  Not AB_OK: it could not be tested (no such file, a config that cannot be read, a stream that is not there), or
 * a signal ended it. */
ab_status accept_run(const struct accept_options *o, struct accept_counts *counts, struct error *e);
/* Asks the real API all that the checks ask, and records it for them. */
ab_status
accept_record(const struct accept_options *o, struct accept_counts *counts, struct error *e);
#endif
