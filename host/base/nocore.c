/* nocore.c - see nocore.h.  The limit alone is not enough: the kernel ignores it where cores go to a pipe. */
#include "base/nocore.h"

#include <sys/prctl.h>
#include <sys/resource.h>

int
nocore_set(void)
{
	const struct rlimit none = {0, 0};

#if !defined(__SANITIZE_ADDRESS__)
	if (prctl(PR_SET_DUMPABLE, 0) != 0)
		return -1;
#endif
	return setrlimit(RLIMIT_CORE, &none);
}
