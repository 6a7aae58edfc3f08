/* report.h - run --report FILE: how a run went, as JSON for programs (sdk/schema/report.json).
 *
 * Written also where the run failed before it began; the file is replaced as a whole, or stays as it was. */
#ifndef ABHOST_CLI_REPORT_H
#define ABHOST_CLI_REPORT_H
#include "engine/sync.h"

struct report_run {
	const char *connector, *version, *destination; /* or NULL: it did not come so far */
	int exit_code;
};

/* Whether it can be written there; nothing that is there changes. */
ab_status report_check(const char *path, struct error *e);
/* e: what the run failed with, or AB_OK. */
ab_status report_write(const char *path, const struct report_run *run, const struct sync_report *r,
    const struct error *failed, struct error *e);
#endif
