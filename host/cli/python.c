/* python.c - --python PACKAGE: an Airbyte source that is installed first, if it is not there. */
#include <config.h> /* asprintf */

#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "source/venv.h"

ab_status
cli_python(const char *connector, const char *package, char **out, struct error *e)
{
	size_t n = strlen(LOADER_FOREIGN);
	char *program;

	*out = NULL;
	if (package != NULL && strncmp(connector, LOADER_FOREIGN, n) != 0)
		return error_set(e, AB_ECONFIG,
		    "--python is for Airbyte's sources: airbyte:PROGRAM, as in airbyte:source-faker");
	if (package == NULL) {
		*out = strdup(connector);
	} else if (venv_get(package, connector + n, &program, e) == AB_OK) {
		if (asprintf(out, LOADER_FOREIGN "%s", program) < 0)
			*out = NULL;
		free(program);
	} else {
		return error_wrap(e, "%s", package);
	}
	return *out != NULL ? AB_OK : error_set(e, AB_ENOMEM, "no memory");
}
