/* list.c - abhost list: the connectors of the search path, by their files; runs nothing of them. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "cli/table.h"
#include "source/venv.h"

enum { OPT_JSON };

#define MAX_LINE 65536

struct listing {
	struct table table;
	int json, usable, unusable;
};

static const char *const names[] = {"id", "version", "abi", "pin", "file", "source", "problem"};

static void
add_member(struct buf *b, const char *key, const char *text)
{
	if (text == NULL)
		return;
	buf_addf(b, "%s\"%s\":", b->len > 1 ? "," : "", key);
	buf_add_json_string(b, text, strlen(text));
}

static ab_status
print_object(const struct loader_file *f, const char *abi, const char *why)
{
	static const char *const states[] = {
	    [PIN_NONE] = "none", [PIN_HELD] = "held", [PIN_CHANGED] = "changed"};
	struct buf b;
	int failed;

	buf_init(&b, MAX_LINE);
	buf_addc(&b, '{');
	add_member(&b, "id", f->id);
	add_member(&b, "version", f->version);
	add_member(&b, "abi", abi);
	add_member(&b, "file", f->path);
	add_member(&b, "pin", states[f->pinned]);
	add_member(&b, "sha256", f->pin.sha256[0] != '\0' ? f->pin.sha256 : NULL);
	add_member(&b, "source", f->pin.source);
	add_member(&b, "installed", f->pin.installed);
	add_member(&b, "problem", why);
	buf_adds(&b, "}");
	failed = b.failed;
	if (!failed)
		puts(buf_str(&b));
	buf_fini(&b);
	return failed ? AB_ENOMEM : AB_OK;
}

static ab_status
print_row(struct listing *l, const struct loader_file *f, const char *abi, const char *why)
{
	char pin[PIN_SHORT + 1] = "CHANGED";
	const char *cells[] = {f->id, f->version, abi, f->pinned != PIN_NONE ? pin : NULL, f->path,
	    f->pin.source, why};

	if (f->pinned == PIN_HELD)
		snprintf(pin, sizeof(pin), "%.*s", PIN_SHORT, f->pin.sha256);
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++)
		cells[i] = cells[i] != NULL ? cells[i] : "-";
	return table_row(&l->table, cells) == 0 ? AB_OK : AB_ENOMEM;
}

static ab_status
add(void *ctx, const struct loader_file *f, const char *why)
{
	struct listing *l = ctx;
	char text[32];
	const char *abi = f->abi != 0 ? text : NULL;

	snprintf(text, sizeof(text), "%u.%u", f->abi >> 16, f->abi & 0xffff);
	l->usable += why == NULL;
	l->unusable += why != NULL;
	return l->json ? print_object(f, abi, why) : print_row(l, f, abi, why);
}

/* What --python has installed. */
static ab_status
add_program(void *ctx, const struct venv *v)
{
	struct loader_file f = {.fd = -1};
	char id[300];

	snprintf(id, sizeof(id), LOADER_FOREIGN "%.250s", v->name);
	f.id = id;
	f.version = (char *)(uintptr_t)v->version;
	f.path = (char *)(uintptr_t)v->program;
	f.pin.source = (char *)(uintptr_t)v->source;
	return add(ctx, &f, NULL);
}

/* To people only: a program sees that there are none. */
static void
tell_none(void)
{
	char *folders = loader_folders();

	fprintf(
	    stderr, "No connectors in any of these folders:\n%s", folders != NULL ? folders : "");
	free(folders);
}

static int
list_run(const struct cli_args *a)
{
	struct listing l = {.json = a->value[OPT_JSON] != NULL};
	struct error e = ERROR_INIT;
	ab_status rc = AB_OK;

	if (!l.json && table_init(&l.table, stdout, table_form_for(stdout), names, 7) != 0)
		rc = error_set(&e, AB_ENOMEM, "no memory");
	l.table.widest = 200;
	if (rc == AB_OK)
		rc = loader_each(add, &l, &e);
	if (rc == AB_OK)
		rc = venv_each(add_program, &l);
	if (!l.json && table_fini(&l.table) != 0 && rc == AB_OK)
		rc = AB_ENOMEM;
	if (rc != AB_OK && e.status == AB_OK)
		error_set(&e, rc, "no memory");
	if (rc == AB_OK && !l.json && l.usable + l.unusable == 0)
		tell_none();
	return rc == AB_OK ? CLI_DONE : cli_fail(&e);
}

static const struct cli_option options[] = {
    [OPT_JSON] = {"json", NULL, "print one JSON object a connector", 0}, {.name = NULL}};
const struct cli_command cmd_list = {.name = "list",
    .words = "",
    .summary = "List the installed connectors, and those that cannot be used with the reason",
    .more =
	"They are looked for in the folders of ABHOST_CONNECTOR_PATH, the user's data folder\n"
	"(~/.local/share/abhost/connectors) and the installation. pin: the first digits of the SHA-256 that a\n"
	"connector had when it was installed, or CHANGED where its file has another one now; source: where\n"
	"it was installed from. Airbyte sources that --python has installed are listed, too. Their files are\n"
	"read, not run; streams, which may depend on a configuration, are what `abhost discover` lists.",
    .least = 0,
    .most = 0,
    .options = options,
    .run = list_run};
