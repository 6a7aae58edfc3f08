/* main.c - the program abhost-worker: makes the process a safe place for somebody else's code, then serves.
 *
 * Started by abhost only (host/source/spawn.c): the channel on descriptors 3 and 4, the connector's file on 5, its
 * own process group, an environment from an allow-list.  Nothing here may run before the limits are set. */
#include "config.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/nocore.h"
#include "worker/chan.h"
#include "worker/crash.h"
#include "worker/worker.h"

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1 /* its leak check needs a real exit */
#else
#define SANITIZED 0
#endif

/* Memory comes from one heap that grows in large steps and keeps what it has: page buffers are reused for ever. */
static void
set_malloc(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 32 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 256 << 10);
}

static void
reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL); /* those that cannot be set stay as they are */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Dies with the engine, never with more rights than it has, and leaves no core with tokens in it. */
static int
set_limits(pid_t engine)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != engine)
		return -1;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
	return nocore_set();
}

static int
is_socket(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

int
main(int argc, char **argv)
{
	int rc;

	if (argc != 2 || !is_socket(CHAN_FD)) {
		fprintf(stderr, "abhost-worker: is started by abhost, not by hand\n");
		return 2;
	}
	reset_signals();
	if (set_limits((pid_t)strtol(argv[1], NULL, 10)) != 0) {
		fprintf(stderr, "abhost-worker: cannot set its limits\n");
		return 1;
	}
	set_malloc();
	crash_enable();
	setvbuf(
	    stdout, NULL, _IOLBF, 0); /* what a connector prints shall appear when it prints it */
	rc = worker_run(CHAN_FD, CHAN_MEM_FD, CHAN_SO_FD);
	fflush(stdout);
	if (SANITIZED)
		return rc;
	_exit(
	    rc); /* exit handlers of a connector's libraries have nothing to do here that matters */
}
