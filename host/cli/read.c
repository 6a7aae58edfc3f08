/* read.c - abhost read: the first records of a stream, as they come; touches no state. */
#include "cli/cli.h"

/* A record as one line: a line end can only stand between its tokens, where a blank does as well. */
static int
print_record(void *ctx, const char *record, size_t len)
{
	(void)ctx;
	for (size_t i = 0; i < len; i++)
		putchar(record[i] == '\n' || record[i] == '\r' ? ' ' : record[i]);
	putchar('\n');
	return ferror(stdout) ? -1 : 0;
}

static int
read_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	struct cli_source s;
	uint64_t limit = 10;
	int code;

	if (a->value[0] == NULL)
		return cli_misuse(&cmd_read,
		    "--stream NAME is missing; `abhost discover %s %s` shows the names", a->word[0],
		    a->word[1]);
	if (a->value[1] != NULL && cli_number(a->value[1], 1, UINT32_MAX, &limit) != 0)
		return cli_misuse(&cmd_read, "--limit must be a number of records, 1 or more");
	code = cli_look_init(&s, &cmd_read, a, NULL, 2);
	if (code >= 0)
		return code;
	code =
	    sync_peek(&s.sync, a->value[0], limit, print_record, NULL, &e) == AB_OK ? CLI_DONE : -1;
	fflush(stdout);
	if (code != CLI_DONE)
		code = ferror(stdout) ? CLI_FAILED : cli_look_fail(&s, &e);
	cli_source_fini(&s);
	return code;
}

static const struct cli_option options[] = {{"stream", "NAME", "which stream (required)", 0},
    {"limit", "N", "how many records (default: 10)", 0}, CLI_LOOK_OPTIONS, {.name = NULL}};
const struct cli_command cmd_read = {.name = "read",
    .words = "CONNECTOR CONFIG",
    .summary = "Print the first records of a stream as JSON lines",
    .more = "A look: no destination, no state is touched.",
    .least = 2,
    .most = 2,
    .options = options,
    .run = read_run};
