/* spec.c - abhost spec: what a connector's configuration must look like; runs nothing of it. */
#include "cli/cli.h"

static int
spec_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	struct cli_source s;
	int code;

	if (cli_source_init(&s, a->word[0], NULL, &e) == AB_OK)
		code = cli_print_json(s.spec);
	else
		code = cli_fail(&e);
	cli_source_fini(&s);
	return code;
}

static const struct cli_option options[] = {{.name = NULL}};
const struct cli_command cmd_spec = {.name = "spec",
    .words = "CONNECTOR",
    .summary = "Print a connector's connectionSpecification (JSON Schema)",
    .more = "It is read from the connector's file; nothing of the connector is run.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = spec_run};
