/* commands.c - all commands, and the way from argv to one of them. */
#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "data/near.h"

const struct cli_command *const cli_commands[] = {&cmd_run, &cmd_check, &cmd_discover, &cmd_read,
    &cmd_list, &cmd_install, &cmd_remove, &cmd_inspect, &cmd_spec, &cmd_state, &cmd_query,
    &cmd_history, &cmd_airbyte, &cmd_airbyte_destination, &cmd_wrap, &cmd_new, &cmd_test,
    &cmd_version, &cmd_help, NULL};

static int
version_run(const struct cli_args *a)
{
	(void)a;
	printf("abhost %s, ABI %u.%u\n", PACKAGE_VERSION, AB_ABI >> 16, AB_ABI & 0xffff);
	return CLI_DONE;
}

static const struct cli_option version_options[] = {{.name = NULL}};
const struct cli_command cmd_version = {.name = "version",
    .words = "",
    .summary = "Print the version of abhost and of its connector ABI",
    .least = 0,
    .most = 0,
    .options = version_options,
    .run = version_run};

static const struct cli_command *
find_command(const char *name)
{
	const struct cli_command *const *c = cli_commands;

	while (*c != NULL && strcmp((*c)->name, name) != 0)
		c++;
	return *c;
}

static int
refuse_command(const char *name)
{
	for (const struct cli_command *const *c = cli_commands; *c != NULL; c++)
		if (near_word(name, (*c)->name))
			return cli_misuse(
			    NULL, "there is no command %s; is %s meant?", name, (*c)->name);
	return cli_misuse(NULL, "there is no command %s", name);
}

/* A standard descriptor that is closed would be taken by the next file: a connector would be read as a configuration, a
 * table be printed into the data.  Opened the wrong way round, so that using it fails as before. */
static int
hold_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	return 0;
}

int
cli_main(int argc, char **argv)
{
	const struct cli_command *cmd;
	struct cli_args args = {.argv = argv};
	int code;

	if (hold_standard_fds() != 0)
		return CLI_FAILED;
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is an error like a full disk */
	if (argc < 2) {
		cli_overview(stderr);
		return CLI_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		cli_overview(stdout);
		return cli_finish(CLI_DONE);
	}
	if (strcmp(argv[1], "--version") == 0)
		return cli_finish(version_run(&args));
	cmd = find_command(argv[1]);
	if (cmd == NULL && argv[1][0] == '-')
		return cli_misuse(NULL,
		    "a command comes first, then its options: there is no option %s", argv[1]);
	if (cmd == NULL)
		return refuse_command(argv[1]);
	code = cli_parse(cmd, argc - 1, argv + 1, &args);
	return cli_finish(code >= 0 ? code : cmd->run(&args));
}
