/* check.c - abhost check: does a connector work with a configuration? */
#include "cli/cli.h"

static int
check_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	struct cli_source s;
	int code = cli_look_init(&s, &cmd_check, a, 0);

	if (code >= 0)
		return code;
	if (sync_check(&s.sync, &e) == AB_OK)
		printf("ok: %s %s can read with this configuration\n", s.file.id, s.file.version);
	code = e.status != AB_OK ? cli_look_fail(&s, &e) : CLI_DONE;
	cli_source_fini(&s);
	return code;
}

static const struct cli_option options[] = {CLI_LOOK_OPTIONS, {.name = NULL}};
const struct cli_command cmd_check = {.name = "check",
    .words = "CONNECTOR CONFIG",
    .summary = "Try whether a configuration works",
    .more =
	"The configuration is compared with the connector's spec, then the connector tries it.\n"
	"Exit codes: 0 it works, 3 it must change, 1 it could not be tried.",
    .least = 2,
    .most = 2,
    .options = options,
    .run = check_run};
