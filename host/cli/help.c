/* help.c - abhost --help, abhost COMMAND --help, abhost help COMMAND.  Loads nothing: it must be instant. */
#include <string.h>

#include "cli/cli.h"
#include "data/near.h"

static void
print_option(FILE *to, const struct cli_option *o, char letter)
{
	char left[64], also[8] = "";
	const char *value = o->value != NULL ? o->value : "";

	snprintf(left, sizeof(left), *value == '=' ? "--%s%s[%s]" : "--%s%s%s", o->name,
	    *value == '\0' || *value == '=' ? "" : " ", value);
	if (letter != '\0')
		snprintf(also, sizeof(also), " (-%c)", letter);
	fprintf(to, "  %-20s %s%s\n", left, o->help, also);
}

void
cli_help(FILE *to, const struct cli_command *cmd)
{
	const char *letters = cmd->letters != NULL ? cmd->letters : "";

	fprintf(to, "usage: abhost %s%s%s%s\n\n%s.\n", cmd->name, *cmd->words != '\0' ? " " : "",
	    cmd->words, cmd->options->name != NULL ? " [options]" : "", cmd->summary);
	if (cmd->more != NULL)
		fprintf(to, "\n%s\n", cmd->more);
	fputs("\noptions:\n", to);
	for (const struct cli_option *o = cmd->options; o->name != NULL; o++)
		print_option(to, o, *letters == '\0' ? '\0' : *letters++);
	print_option(to, &(const struct cli_option){.name = "help", .help = "this text"}, '\0');
}

void
cli_overview(FILE *to)
{
	char left[64];

	fputs("abhost moves data from APIs, files and databases into a database.\n\n"
	      "usage: abhost COMMAND ...\n\n",
	    to);
	for (const struct cli_command *const *c = cli_commands; *c != NULL; c++) {
		snprintf(left, sizeof(left), "%s %s", (*c)->name, (*c)->words);
		fprintf(to, "  %-26s  %s\n", left, (*c)->summary);
	}
	fputs(
	    "\nCONNECTOR is a file (my-api.so, ./x/my-api.so) or the id of an installed one (my-api).\n"
	    "CONFIG is a JSON file, or - for standard input; ${NAME} in it comes from the environment.\n\n"
	    "  abhost run my-api.so config.json         sync every stream into ./my-api.db (SQLite)\n"
	    "  abhost COMMAND --help                    the options of a command\n",
	    to);
}

static int
help_run(const struct cli_args *a)
{
	if (a->nwords == 0) {
		cli_overview(stdout);
		return CLI_DONE;
	}
	for (const struct cli_command *const *c = cli_commands; *c != NULL; c++)
		if (strcmp((*c)->name, a->word[0]) == 0) {
			cli_help(stdout, *c);
			return CLI_DONE;
		}
	for (const struct cli_command *const *c = cli_commands; *c != NULL; c++)
		if (near_word(a->word[0], (*c)->name))
			return cli_misuse(
			    NULL, "there is no command %s; is %s meant?", a->word[0], (*c)->name);
	return cli_misuse(NULL, "there is no command %s", a->word[0]);
}

static const struct cli_option options[] = {{.name = NULL}};
const struct cli_command cmd_help = {.name = "help",
    .words = "[COMMAND]",
    .summary = "Explain a command",
    .least = 0,
    .most = 1,
    .options = options,
    .run = help_run};
