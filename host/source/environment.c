/* environment.c - see environment.h. */
#include "source/environment.h"

#include <string.h>
#include <unistd.h>

extern char **environ;

static int
is_allowed(const char *variable, const char *const *allowed)
{
	size_t n = strcspn(variable, "="), len;

	for (; *allowed != NULL; allowed++) {
		len = strlen(*allowed);
		if ((*allowed)[len - 1] == '*' ? strncmp(variable, *allowed, len - 1) == 0
					       : n == len && strncmp(variable, *allowed, n) == 0)
			return 1;
	}
	return 0;
}

void
environment_pick(const char *const *allowed, char **env, size_t from, size_t most)
{
	for (char **v = environ; *v != NULL && from < most; v++)
		if (is_allowed(*v, allowed))
			env[from++] = *v;
	env[from] = NULL;
}
