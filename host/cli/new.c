/* new.c - abhost new: a folder with a connector that builds, passes its tests and can be changed.  Asks nothing. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/new.h"

enum { OPT_KIND, OPT_LANG, OPT_DIR, OPT_LICENSE };

static const char *const kinds[] = {[NEW_REST] = "rest", [NEW_VTABLE] = "vtable", NULL};
static const char *const langs[] = {[NEW_C] = "c", [NEW_CPP] = "c++", NULL};
static const char *const licenses[] = {
    [NEW_MIT] = "MIT", [NEW_APACHE] = "Apache-2.0", [NEW_NO_LICENSE] = "none", NULL};

/* Which of the words it is, the first where nothing is said; -1: none of them. */
static int
choose(const char *const *words, const char *value)
{
	for (int i = 0; words[i] != NULL; i++)
		if (value == NULL || strcmp(words[i], value) == 0)
			return i;
	return -1;
}

/* "My API" -> "my-api": what was probably meant, or "". */
static void
suggest(const char *name, char out[LOADER_MAX_ID + 1])
{
	size_t n = 0;

	for (; *name != '\0' && n < LOADER_MAX_ID; name++) {
		char c = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a') : *name;

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
		else if (n > 0 && out[n - 1] != '-')
			out[n++] = '-';
	}
	while (n > 0 && out[n - 1] == '-')
		n--;
	out[n] = '\0';
}

static int
refuse_name(const char *name)
{
	char meant[LOADER_MAX_ID + 1];

	suggest(name, meant);
	return cli_misuse(&cmd_new,
	    "NAME becomes the connector's id: letters, digits, '-', '_' and '.', a letter or digit first, at "
	    "most %u of them, and no \".so\" behind them%s%s%s; --dir says where it goes",
	    LOADER_MAX_ID, *meant != '\0' ? "; is " : "", meant, *meant != '\0' ? " meant?" : "");
}

/* A later "so" behind a dot would be taken for a file. */
static int
is_name(const char *name)
{
	size_t n = strlen(name);

	return loader_is_id(name) && (n < 3 || strcmp(name + n - 3, ".so") != 0);
}

/* As a word of a shell's command line. */
static void
print_word(const char *text)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./";

	if (text[strspn(text, plain)] == '\0') {
		fputs(text, stdout);
		return;
	}
	putchar('\'');
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*text);
	putchar('\'');
}

static void
print_next(const struct new_plan *p)
{
	printf("\nIt works as it is, with the answers in fixtures/:\n"
	       "  cd ");
	print_word(p->folder);
	printf("\n"
	       "  make\n"
	       "  abhost test %s.so\n"
	       "  API_KEY=any abhost run ./%s.so config.example.json --replay fixtures\n"
	       "README.md says how to make it yours.\n",
	    p->name, p->name);
}

static void
report(const struct new_plan *p)
{
	struct error none = ERROR_INIT;
	struct loader_file other;
	const char *name, *purpose;

	printf("%s:\n", p->folder);
	for (size_t i = 0; (name = new_file(p, i, &purpose)) != NULL; i++)
		if (*purpose != '\0')
			printf("  %-26s %s\n", name, purpose);
	print_next(p);
	if (loader_find(p->name, &other, &none) == AB_OK)
		fprintf(stderr, "abhost: another connector has this id already: %s\n", other.path);
	loader_file_fini(&other);
}

static int
new_run(const struct cli_args *a)
{
	int kind = choose(kinds, a->value[OPT_KIND]), lang = choose(langs, a->value[OPT_LANG]),
	    license = choose(licenses, a->value[OPT_LICENSE]);
	struct new_plan p = {.name = a->word[0], .folder = a->value[OPT_DIR]};
	struct error e = ERROR_INIT;

	if (!is_name(p.name))
		return refuse_name(p.name);
	if (kind < 0)
		return cli_misuse(&cmd_new, "--kind is rest or vtable");
	if (lang < 0)
		return cli_misuse(&cmd_new, "--lang is c or c++");
	if (license < 0)
		return cli_misuse(&cmd_new, "--license is MIT, Apache-2.0 or none");
	if (p.folder == NULL)
		p.folder = p.name;
	if (*p.folder == '\0')
		return cli_misuse(&cmd_new, "--dir is empty");
	p.kind = (enum new_kind)kind;
	p.lang = (enum new_lang)lang;
	p.license = (enum new_license)license;
	if (new_write(&p, &e) != AB_OK)
		return cli_fail(&e);
	report(&p);
	return CLI_DONE;
}

static const struct cli_option options[] = {
    [OPT_KIND] = {"kind", "KIND", "rest (a table, the default) or vtable (written by hand)", 0},
    [OPT_LANG] = {"lang", "LANG", "c (the default) or c++", 0},
    [OPT_DIR] = {"dir", "DIR", "write it here (default: ./NAME); new, or an empty folder", 0},
    [OPT_LICENSE] = {"license", "LICENSE", "MIT (the default), Apache-2.0 or none", 0},
    {.name = NULL}};
const struct cli_command cmd_new = {.name = "new",
    .words = "NAME",
    .summary = "Write a new connector, to begin with",
    .more =
	"A folder with a connector that builds with make (which needs pkg-config and a compiler) and passes\n"
	"`abhost test`: source, Makefile, README, config, fixtures, CI. It reads an API that is made up, until you\n"
	"change that. Nothing is overwritten.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = new_run};
