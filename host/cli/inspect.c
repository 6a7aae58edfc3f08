/* inspect.c - abhost inspect: everything that a connector's file says of itself; runs nothing of it. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/inspect.h"
#include "cli/table.h"
#include "data/jsontext.h"
#include "source/sofile.h"

enum { OPT_JSON };

#define MAX_DEPTH   6
#define MAX_EXPORTS 8
#define MAX_SHOWN   1000 /* bytes of a default */

static void
print_functions(const struct loader_file *f)
{
	const char *name;

	printf("functions:");
	for (unsigned i = 0; (name = loader_function(i)) != NULL; i++)
		printf(" %s%s", name, f->missing & (1u << i) ? " (MISSING)" : "");
	printf("%s%s\n", f->has_partitions ? " partitions" : "",
	    f->has_update_state ? " update_state" : "");
}

static void
print_pin(const struct inspection *in)
{
	const struct pin *p = &in->file.pin;

	if (in->sha256[0] != '\0')
		printf("sha256:    %s\n", in->sha256);
	if (in->file.pinned == PIN_NONE)
		printf(
		    "pin:       none, so whatever stands in the file is loaded (abhost install pins it)\n");
	else
		printf("pin:       %s%s%s%s%s%s\n",
		    in->file.pinned == PIN_HELD ? "as it was installed" : "CHANGED: it was ",
		    in->file.pinned == PIN_HELD ? "" : p->sha256, p->installed != NULL ? ", " : "",
		    p->installed != NULL ? p->installed : "", p->source != NULL ? ", from " : "",
		    p->source != NULL ? p->source : "");
}

static void
print_identity(const struct inspection *in)
{
	const struct loader_file *f = &in->file;

	printf("file:      %s\n", f->path);
	if (f->program == NULL)
		print_pin(in);
	if (f->id != NULL)
		printf("id:        %s\n", f->id);
	if (f->version != NULL)
		printf("version:   %s\n", f->version);
	if (f->program != NULL) {
		printf(
		    "kind:      a program that speaks Airbyte's protocol; it was run with `spec`\n");
		return;
	}
	if (f->abi != 0)
		printf("abi:       %u.%u (needs a host with %u.%u; this one has %u.%u)\n",
		    f->abi >> 16, f->abi & 0xffff, f->min_host >> 16, f->min_host & 0xffff,
		    AB_ABI >> 16, AB_ABI & 0xffff);
	if (f->spec != NULL)
		print_functions(f);
}

/* One is what it must have; of many, which another library may meet by their names, some. */
static void
print_exports(const json_t *exports)
{
	size_t n = json_array_size(exports);
	struct buf b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < n && i < MAX_EXPORTS; i++)
		buf_addf(&b, " %.100s", json_string_value(json_array_get(exports, i)));
	if (exports == NULL)
		printf("exports:   cannot be told\n");
	else if (n <= MAX_EXPORTS)
		printf("exports:  %s\n", n == 0 ? " nothing" : cli_clean(b.ptr));
	else
		printf("exports:  %s and %zu more\n", cli_clean(b.ptr), n - MAX_EXPORTS);
	buf_fini(&b);
}

static void
print_binary(const struct inspection *in)
{
	const unsigned bad = SOFILE_EXEC_STACK | SOFILE_TEXTREL | SOFILE_WRITABLE_CODE;
	const struct loader_file *f = &in->file;

	printf("libraries:");
	for (char **p = f->needed; p != NULL && *p != NULL; p++) {
		cli_clean(*p);
		printf(" %s", *p);
	}
	printf("%s\n", f->needed == NULL ? " none" : "");
	print_exports(in->exports);
	printf("hardening: %s, %s, %s%s%s, %s, %s%s\n",
	    f->traits & SOFILE_RELRO ? f->traits & SOFILE_BIND_NOW ? "full RELRO" : "RELRO"
				     : "no RELRO",
	    f->traits & SOFILE_EXEC_STACK ? "EXECUTABLE STACK" : "no executable stack",
	    f->traits & SOFILE_TEXTREL ? "TEXT RELOCATIONS" : "no text relocations",
	    f->traits & SOFILE_WRITABLE_CODE ? ", WRITABLE CODE" : "",
	    f->traits & SOFILE_RUNPATH ? ", has its own library path (RUNPATH)" : "",
	    in->has_stack_protector ? "stack protector" : "no stack protector seen",
	    in->has_fortified_calls ? "fortified calls" : "no fortified calls seen",
	    f->traits & bad ? " - ask its author why" : "");
}

static void
print_paths(const char *head, const json_t *paths, const char *tail)
{
	struct buf b;

	buf_init(&b, 65536);
	for (size_t i = 0; i < json_array_size(paths); i++)
		buf_addf(&b, " %s", json_string_value(json_array_get(paths, i)));
	if (b.len > 0)
		printf("%s%s%s\n", head, cli_clean(b.ptr), tail);
	buf_fini(&b);
}

static void
print_secrets(const struct inspection *in)
{
	if (json_array_size(in->kept) + json_array_size(in->shown) == 0)
		printf("secrets:   none\n");
	if (in->file.program != NULL)
		print_paths("secrets:  ", in->kept, " (shown to the program, in a private file)");
	else
		print_paths(
		    "secrets:  ", in->kept, " (kept by the host: the connector does not see them)");
	print_paths("IN CLEAR: ", in->shown, " (secrets that the connector asks to see)");
}

static int
is_required(const json_t *schema, const char *key)
{
	const json_t *required = json_object_get(schema, "required");

	for (size_t i = 0; i < json_array_size(required); i++) {
		const char *name = json_string_value(json_array_get(required, i));

		if (name != NULL && strcmp(name, key) == 0)
			return 1;
	}
	return 0;
}

static const char *
type_of(const json_t *property)
{
	const json_t *type = json_object_get(property, "type");

	if (json_is_array(type))
		type = json_array_get(type, 0);
	return json_is_string(type) ? json_string_value(type) : "any";
}

static const char *
secret_word(const json_t *property)
{
	if (!json_is_true(json_object_get(property, "airbyte_secret")))
		return "";
	return json_is_true(json_object_get(property, "ab_reveal"))
	    ? "secret, shown to the connector"
	    : "secret";
}

static int print_properties(struct table *t, const json_t *schema, const char *above, int depth);

/* A key, then those below it: "credentials", "credentials.token". */
static int
print_property(struct table *t, const json_t *schema, const char *above, const char *key, int depth)
{
	const json_t *property = json_object_get(json_object_get(schema, "properties"), key);
	const json_t *only = json_object_get(property, "const");
	const json_t *value = only != NULL ? only : json_object_get(property, "default");
	const char *note = json_string_value(json_object_get(property, "description"));
	const char *secret = secret_word(property);
	char path[256], *text = NULL;
	struct buf shown;
	const char *cells[] = {path, type_of(property), is_required(schema, key) ? "required" : "",
	    secret, "", note != NULL ? note : ""};
	int rc;

	if (value != NULL && *secret == '\0')
		text = jsontext_make(value, JSON_ENCODE_ANY | JSON_COMPACT);
	buf_init(&shown, MAX_SHOWN);
	if (text != NULL)
		buf_addf(&shown, "%s%s", only != NULL ? "only " : "", text);
	cells[4] = buf_str(&shown);
	snprintf(path, sizeof(path), "%s%s%s", above, *above != '\0' ? "." : "", key);
	rc = table_row(t, cells);
	buf_fini(&shown);
	free(text);
	return rc == 0 ? print_properties(t, property, path, depth + 1) : rc;
}

static int
print_properties(struct table *t, const json_t *schema, const char *above, int depth)
{
	const json_t *branches = json_object_get(schema, "oneOf");
	const char *key;
	json_t *property;
	int rc = 0;

	if (depth > MAX_DEPTH)
		return 0;
	json_object_foreach (json_object_get(schema, "properties"), key, property)
		if (rc == 0)
			rc = print_property(t, schema, above, key, depth);
	for (size_t i = 0; rc == 0 && i < json_array_size(branches); i++)
		rc = print_properties(t, json_array_get(branches, i), above, depth + 1);
	return rc;
}

static ab_status
print_spec(const struct inspection *in)
{
	static const char *const names[] = {
	    "key", "type", "required", "secret", "default", "description"};
	struct table t;
	int rc;

	printf("\nconfiguration:\n");
	rc = table_init(&t, stdout, TABLE_ALIGNED, names, 6);
	if (rc == 0)
		rc = print_properties(&t, in->spec, "", 0);
	return table_fini(&t) != 0 || rc != 0 ? AB_ENOMEM : AB_OK;
}

static void
print_all(struct inspection *in)
{
	if (in->file.path == NULL)
		return;
	print_identity(in);
	if (in->has_elf)
		print_binary(in);
	if (in->spec == NULL)
		return;
	print_secrets(in);
	if (print_spec(in) != AB_OK)
		error_set(&in->why, AB_ENOMEM, "no memory");
}

static int
inspect_run(const struct cli_args *a)
{
	struct inspection in;
	int code = CLI_DONE;

	inspect_look(a->word[0], &in);
	if (a->value[OPT_JSON] == NULL)
		print_all(&in);
	else if (in.file.path != NULL && inspect_print_json(&in) != CLI_DONE)
		error_set(&in.why, AB_ENOMEM, "no memory");
	fflush(stdout);
	if (in.why.status != AB_OK)
		code = cli_fail(&in.why);
	inspect_fini(&in);
	return code;
}

static const struct cli_option options[] = {
    [OPT_JSON] = {"json", NULL, "print one JSON object", 0}, {.name = NULL}};
const struct cli_command cmd_inspect = {.name = "inspect",
    .words = "CONNECTOR",
    .summary = "Show what a connector's file says of itself",
    .more =
	"All that one wants to know before one trusts it: identity, ABI, SHA-256 and pin, functions, libraries,\n"
	"exported symbols, hardening, which secrets it asks to see in the clear, and the keys of its configuration; also of a file\n"
	"that cannot be used, as far as it goes, and why. Nothing of the connector is run.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = inspect_run};
