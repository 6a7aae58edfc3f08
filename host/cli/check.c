/* check.c - abhost check: does a connector work with a configuration? */
#include "cli/cli.h"
#include "cli/syncfile.h"

static int
check_source(
    const struct cli_args *a, const json_t *config, const json_t *catalog, const char *file)
{
	struct error e = ERROR_INIT;
	struct cli_source s;
	int code = cli_look_init(&s, &cmd_check, a, config, 0);

	if (code >= 0)
		return code;
	s.sync.catalog = catalog;
	s.sync.catalog_from = file;
	if (sync_check(&s.sync, &e) == AB_OK)
		printf("ok: %s %s can read with this configuration\n", s.file.id, s.file.version);
	code = e.status != AB_OK ? cli_look_fail(&s, &e) : CLI_DONE;
	cli_source_fini(&s);
	return code;
}

static int
check_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	struct syncfile s;
	int code;

	if (a->nwords == 2)
		return check_source(a, NULL, NULL, NULL);
	if (!syncfile_is(a))
		return cli_misuse(&cmd_check, "CONFIG is missing: abhost check CONNECTOR CONFIG");
	code = syncfile_read(&s, &cmd_check, a, &e) == AB_OK
	    ? check_source(&s.args, s.config, s.catalog, s.path)
	    : cli_fail(&e);
	syncfile_fini(&s);
	return code;
}

static const struct cli_option options[] = {CLI_LOOK_OPTIONS, {.name = NULL}};
const struct cli_command cmd_check = {.name = "check",
    .words = "CONNECTOR CONFIG",
    .summary = "Try whether a configuration works",
    .more =
	"The configuration is compared with the connector's spec, then the connector tries it.\n"
	"Of a SYNC.json in the place of both the streams and their modes are checked, too.\n"
	"Exit codes: 0 it works, 3 it must change, 1 it could not be tried.",
    .least = 1,
    .most = 2,
    .options = options,
    .run = check_run};
