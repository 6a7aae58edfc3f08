/* airbyte.h - what the files of `abhost airbyte` and `abhost airbyte-destination` share; nobody else includes it.
 *
 *   airbyte.c        the command, spec, check, discover
 *   airbyte_read.c   read
 *   airbyte_control.c   CONTROL messages
 *   airbyte_destination.c   the command for destinations */
#ifndef ABHOST_CLI_AIRBYTE_H
#define ABHOST_CLI_AIRBYTE_H
#include "cli/cli.h"
#include "dest/airbyte.h"

struct airbyte_call {
	struct cli_source source;
	struct airbyte_out *out;
	const char *catalog, *state; /* files; state may be NULL */
	json_t *told;		     /* the configuration as CONTROL had it last, or NULL */
};

/* Everything of it but the error that kept it from being begun, which is told and returned as exit code. */
int airbyte_read(struct airbyte_call *call);
/* Whether --debug (its value) or LOG_LEVEL asks for more. */
int airbyte_is_debug(const char *option);
/* sync_options.on_replaced, of a call. */
void airbyte_replaced(void *ctx, const char *key, const char *refresh);
/* Whatever went wrong: TRACE ERROR; 1. */
int airbyte_fail(struct airbyte_call *call, const struct error *e);
/* Standard output.  NULL: no memory, and standard error has said so. */
struct airbyte_out *airbyte_stdout(void);
/* The exit code where standard output could not be written, and a word on standard error: no message can tell it. */
int airbyte_finish(struct airbyte_out *out, int code);
/* A signal that ended it ends this process, too, as it would have by itself: clients know that status. */
void airbyte_die(int sig);
#endif
