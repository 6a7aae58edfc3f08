/* steps.c - for LD_PRELOAD: a clock that somebody sets back by an hour whenever it is looked at. */
#define _GNU_SOURCE /* syscall */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

__attribute__((visibility("default"))) int
clock_gettime(clockid_t id, struct timespec *out)
{
	static atomic_long looks;
	int rc = (int)syscall(SYS_clock_gettime, id, out);

	if (id == CLOCK_REALTIME)
		out->tv_sec -= 3600 * atomic_fetch_add(&looks, 1);
	return rc;
}
