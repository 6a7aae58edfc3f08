/* list.c - abhost list: the connectors of the search path, by their files; runs nothing of them. */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/table.h"

struct listing {
	struct table table;
	int usable, unusable;
};

static const char *const names[] = {"id", "version", "abi", "file", "problem"};

static ab_status
add(void *ctx, const struct loader_file *f, const char *why)
{
	struct listing *l = ctx;
	char abi[32];
	const char *cells[] = {f->id, f->version, f->abi != 0 ? abi : NULL, f->path, why};

	snprintf(abi, sizeof(abi), "%u.%u", f->abi >> 16, f->abi & 0xffff);
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		cells[i] = cells[i] != NULL ? cells[i] : "-";
	if (why == NULL)
		l->usable++;
	else
		l->unusable++;
	return table_row(&l->table, cells) == 0 ? AB_OK : AB_ENOMEM;
}

static int
list_run(const struct cli_args *a)
{
	struct listing l = {.usable = 0};
	struct error e = ERROR_INIT;
	ab_status rc = AB_OK;
	char *folders;

	(void)a;
	if (table_init(&l.table, stdout, table_form_for(stdout), names, 5) != 0)
		rc = error_set(&e, AB_ENOMEM, "no memory");
	l.table.widest = 200;
	if (rc == AB_OK)
		rc = loader_each(add, &l, &e);
	table_fini(&l.table);
	if (rc != AB_OK && e.status == AB_OK)
		error_set(&e, rc, "no memory");
	if (rc == AB_OK && l.usable + l.unusable == 0) {
		folders = loader_folders();
		fprintf(stderr, "No connectors in any of these folders:\n%s",
		    folders != NULL ? folders : "");
		free(folders);
	}
	return rc == AB_OK ? CLI_DONE : cli_fail(&e);
}

static const struct cli_option options[] = {{.name = NULL}};
const struct cli_command cmd_list = {.name = "list",
    .words = "",
    .summary = "List the installed connectors, and those that cannot be used with the reason",
    .more =
	"They are looked for in the folders of ABHOST_CONNECTOR_PATH, the user's data folder\n"
	"(~/.local/share/abhost/connectors) and the installation. Their files are read, not run.",
    .least = 0,
    .most = 0,
    .options = options,
    .run = list_run};
