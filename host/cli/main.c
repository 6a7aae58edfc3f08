/* main.c - abhost: the engine and its commands; connectors run in abhost-worker. */
#include "cli/cli.h"

int
main(int argc, char **argv)
{
	return cli_main(argc, argv);
}
