/* spec.c - abhost spec: what a connector's configuration must look like; runs nothing of it. */
#include <stdlib.h>

#include "cli/cli.h"

static int
spec_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	struct cli_source s;
	char *connector = NULL;
	int code;

	s = (struct cli_source){.file.fd = -1};
	if (cli_python(a->word[0], a->value[0], &connector, &e) == AB_OK &&
	    cli_source_init(&s, connector, NULL, &e) == AB_OK)
		code = cli_print_json(s.spec);
	else
		code = cli_fail(&e);
	free(connector);
	cli_source_fini(&s);
	return code;
}

static const struct cli_option options[] = {CLI_PYTHON, {.name = NULL}};
const struct cli_command cmd_spec = {.name = "spec",
    .words = "CONNECTOR",
    .summary = "Print a connector's connectionSpecification (JSON Schema)",
    .more =
	"It is read from the connector's file; nothing of the connector is run, unless it is one of Airbyte's\n"
	"(airbyte:PROGRAM), which is asked.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = spec_run};
