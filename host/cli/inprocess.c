/* inprocess.c - which of the two programs this is: abhost, or abhost-inprocess with the worker inside. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "source/source.h"

#define NAME "abhost-inprocess"

int
cli_is_in_process(void)
{
	return source_in_process_hook != NULL;
}

int
cli_find_in_process(char *path, size_t size)
{
	ssize_t n = readlink("/proc/self/exe", path, size - 1);

	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n > 0 && (size_t)n + sizeof(NAME) <= size) {
		memcpy(path + n, NAME, sizeof(NAME));
		if (access(path, X_OK) == 0)
			return 0;
	}
	return snprintf(path, size, "%s/" NAME, PKGLIBEXECDIR) < (int)size &&
		access(path, X_OK) == 0
	    ? 0
	    : -1;
}

int
cli_exec_in_process(char **argv)
{
	struct error e = ERROR_INIT;
	char path[4096];

	errno = ENAMETOOLONG;
	if (cli_find_in_process(path, sizeof(path)) == 0)
		execv(path, argv);
	error_set(&e, AB_EBUG, "cannot start %s for --in-process: %s; is abhost installed whole?",
	    path, strerror(errno));
	return cli_fail(&e);
}
