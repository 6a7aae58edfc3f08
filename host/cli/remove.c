/* remove.c - abhost remove: takes a connector that was installed out of the user's folder. */
#include <stdlib.h>

#include "cli/cli.h"
#include "source/install.h"

static int
remove_run(const struct cli_args *a)
{
	struct error e = ERROR_INIT, none = ERROR_INIT;
	struct loader_file other;
	char *path;
	ab_status rc = install_remove(a->word[0], &path, &e);

	if (rc == AB_OK)
		printf("%s: removed, %s\n", a->word[0], path);
	/* one of the installation, say, or of ABHOST_CONNECTOR_PATH */
	if (path != NULL && loader_find(a->word[0], &other, &none) == AB_OK) {
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

static const struct cli_option options[] = {{.name = NULL}};
const struct cli_command cmd_remove = {.name = "remove",
    .words = "ID",
    .summary = "Remove a connector that was installed",
    .more =
	"Its file and its pin go from the user's data folder; data and state that it filled stay.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = remove_run};
