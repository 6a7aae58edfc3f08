/* remove.c - abhost remove: takes a connector that was installed out of the user's folder, or a program of Airbyte's
 * protocol with its Python environment. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "source/install.h"
#include "source/venv.h"

static void
report(const struct venv *v)
{
	printf(
	    LOADER_FOREIGN "%s: removed, %s %s, %s\n", v->name, v->package, v->version, v->folder);
}

static int
remove_connector(const char *id)
{
	struct error e = ERROR_INIT, none = ERROR_INIT;
	struct loader_file other;
	char *path;
	ab_status rc = install_remove(id, &path, &e);

	if (rc == AB_OK)
		printf("%s: removed, %s\n", id, path);
	/* one of the installation, say, or of ABHOST_CONNECTOR_PATH */
	if (path != NULL && loader_find(id, &other, &none) == AB_OK) {
		if (rc == AB_OK)
			printf("  from now on it is %s\n", other.path);
		else
			error_wrap(&e, "%s is not yours to remove here", other.path);
	}
	if (path != NULL)
		loader_file_fini(&other);
	free(path);
	return rc == AB_OK ? CLI_DONE : cli_fail(&e);
}

static int
remove_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT;
	size_t n = strlen(LOADER_FOREIGN);

	if (strncmp(a->word[0], LOADER_FOREIGN, n) != 0)
		return remove_connector(a->word[0]);
	return venv_remove(a->word[0] + n, report, &e) == AB_OK ? CLI_DONE : cli_fail(&e);
}

static const struct cli_option options[] = {{.name = NULL}};
const struct cli_command cmd_remove = {.name = "remove",
    .words = "ID",
    .summary = "Remove a connector that was installed",
    .more =
	"Its file and its pin go from the user's data folder; of airbyte:NAME all environments that --python made.\n"
	"Data and state that it filled stay.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = remove_run};
