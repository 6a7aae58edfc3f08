/* in_process.c - linked into programs that can run a worker as a thread of their own: for a debugger, valgrind,
 * fuzzing.  A crash of the connector is then a crash of the program, and no watchdog watches. */
#include "source/source.h"
#include "worker/worker.h"

__attribute__((constructor)) static void
offer_worker(void)
{
	source_in_process_hook = worker_run;
}
