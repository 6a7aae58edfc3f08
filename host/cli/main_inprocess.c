/* main_inprocess.c - abhost-inprocess: abhost with the worker inside, for gdb, valgrind and fuzzing.  A connector that
 * crashes takes this program with it. */
#include "cli/cli.h"
#include "source/source.h"
#include "worker/worker.h"

int
main(int argc, char **argv)
{
	source_in_process_hook = worker_run;
	return cli_main(argc, argv);
}
