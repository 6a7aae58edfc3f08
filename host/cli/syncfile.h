/* syncfile.h - abhost run SYNC.json: connector, configuration, destination, streams and options in one file.
 *
 * What it says becomes the words and options of a command line, so that there is one reader of each; what the command
 * line has itself wins.  sdk/schema/sync.json says what may stand there. */
#ifndef ABHOST_CLI_SYNCFILE_H
#define ABHOST_CLI_SYNCFILE_H
#include "cli/cli.h"

struct syncfile {
	struct cli_args args; /* CONNECTOR CONFIG, as if they had been written */
	json_t *config;	      /* that stands in the file, or NULL */
	json_t *catalog;      /* of its streams, as a catalog file has them; or NULL */
	/* private */
	json_t *kept; /* array: the texts that args point to */
	const struct cli_command *cmd;
	const char *path;
};

/* Is the one word of a command the name of such a file? */
int syncfile_is(const struct cli_args *a);
/* AB_ECONFIG: all that is wrong with it, each with its JSON pointer.  Options that `cmd` does not have are passed over.  fini in any
 * case. */
ab_status syncfile_read(
    struct syncfile *s, const struct cli_command *cmd, const struct cli_args *a, struct error *e);
void syncfile_fini(struct syncfile *s);
#endif
