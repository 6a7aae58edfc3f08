/* binary.c - what stands in the connector's file, as the dynamic linker would see it; runs nothing of it. */
#include <string.h>

#include "accept/checks.h"
#include "data/config.h"

#define SYMBOL "ab_connector_v1"
#define SHOWN  12 /* names of a list */

/* One stage of the file's description: failed where it ended there. */
static enum accept_verdict
stage(struct kit *k, struct finding *f, enum loader_stage least, const char *expected)
{
	if (k->file.stage >= least)
		return ACCEPT_OK;
	return finding_fail(f, expected, "%s", k->file_error.text);
}

enum accept_verdict
check_binary_file(struct kit *k, struct finding *f)
{
	return stage(k, f, LOADER_LIBRARY,
	    "a shared library for this machine, made with `cc -shared -fPIC`, that only its owner can change");
}

enum accept_verdict
check_binary_table(struct kit *k, struct finding *f)
{
	return stage(k, f, LOADER_TABLE, "an exported object " SYMBOL ", as AB_CONNECTOR makes it");
}

enum accept_verdict
check_binary_versions(struct kit *k, struct finding *f)
{
	const struct loader_file *file = &k->file;
	enum accept_verdict v = stage(k, f, LOADER_HEAD,
	    "the magic of this SDK, a table of at least the size of ABI 1.0, a major version that this host has");

	if (v == ACCEPT_OK && file->min_host > file->abi)
		v = finding_fail(f, "a min_host that is not above the ABI that it was built for",
		    "min_host %u.%u, abi %u.%u", file->min_host >> 16, file->min_host & 0xffff,
		    file->abi >> 16, file->abi & 0xffff);
	return v;
}

enum accept_verdict
check_binary_words(struct kit *k, struct finding *f)
{
	return stage(k, f, LOADER_TEXTS,
	    "id and version, plain words, and a spec: texts that are constants of the file");
}

enum accept_verdict
check_binary_functions(struct kit *k, struct finding *f)
{
	return stage(
	    k, f, LOADER_WHOLE, "open, close, check, streams and read_page, none of them NULL");
}

struct names {
	struct buf text;
	size_t n;
	int functions; /* of these, or of the others */
};

static int
add_name(void *ctx, const struct sofile_symbol *s)
{
	struct names *l = ctx;

	if (s->is_function != l->functions || (!s->is_function && strcmp(s->name, SYMBOL) == 0))
		return 0;
	if (l->n++ < SHOWN)
		buf_addf(&l->text, "%s%.100s", l->n > 1 ? ", " : "", s->name);
	return 0;
}

static enum accept_verdict
list_symbols(struct kit *k, struct finding *f, int functions, const char *expected)
{
	struct names l = {.functions = functions};
	enum accept_verdict v = ACCEPT_OK;

	buf_init(&l.text, 2000);
	if (sofile_symbols(k->so, add_name, &l) != 0)
		v = finding_fail(f, expected, "its table of symbols cannot be read");
	else if (l.n > 0)
		v = finding_fail(
		    f, expected, "%zu: %s%s", l.n, buf_str(&l.text), l.n > SHOWN ? ", ..." : "");
	buf_fini(&l.text);
	return v;
}

enum accept_verdict
check_binary_exports(struct kit *k, struct finding *f)
{
	return list_symbols(k, f, 0,
	    "no exported data but " SYMBOL
	    ": make variables static, or build with -fvisibility=hidden");
}

enum accept_verdict
check_binary_hidden(struct kit *k, struct finding *f)
{
	return list_symbols(k, f, 1,
	    "no exported function: make them static, or build with -fvisibility=hidden (pkg-config --cflags "
	    "abhost-sdk has it) and link with -Wl,--exclude-libs,ALL");
}

/* What a library that is linked means.  The first that fits counts; what is not here is named and left to the author. */
static const struct {
	const char *prefix, *wrong; /* wrong NULL: it is fine */
} libraries[] = {
    {"libc.so.", NULL},
    {"libm.so.", NULL},
    {"libdl.so.", NULL},
    {"libpthread.so.", NULL},
    {"librt.so.", NULL},
    {"libresolv.so.", NULL},
    {"ld-linux", NULL},
    {"ld64.so", NULL},
    {"libcurl",
	"the host makes requests: it repeats, limits, records and replays them, and keeps the secrets"},
    {"libjansson",
	"the host has views (json_get and so on), and a jansson of its own in the same process"},
    {"libsoup", "the host makes requests"},
    {"libneon", "the host makes requests"},
    {"libnghttp2", "the host makes requests"},
    {"libpython", "an interpreter in the worker: write a program that speaks Airbyte's protocol"},
    {"libjvm", "an interpreter in the worker: write a program that speaks Airbyte's protocol"},
    {"libruby", "an interpreter in the worker: write a program that speaks Airbyte's protocol"},
    {"libperl", "an interpreter in the worker: write a program that speaks Airbyte's protocol"},
};

static size_t
find_library(const char *name)
{
	size_t i = 0, n = sizeof(libraries) / sizeof(libraries[0]);

	while (i < n && strncmp(name, libraries[i].prefix, strlen(libraries[i].prefix)) != 0)
		i++;
	return i;
}

enum accept_verdict
check_binary_libraries(struct kit *k, struct finding *f)
{
	static const char expected[] =
	    "nothing but libc: a connector in C on the kit needs no more; others link what they must";
	char **name = k->file.needed;
	size_t n = sizeof(libraries) / sizeof(libraries[0]), i, others = 0;

	for (; name != NULL && *name != NULL; name++) {
		i = find_library(*name);
		if (i < n && libraries[i].wrong != NULL)
			return finding_fail(f, expected, "%.200s: %s", *name, libraries[i].wrong);
		if (i == n)
			finding_note(f, "%s%.200s", others++ == 0 ? "it also links " : "", *name);
	}
	if (k->file.traits & SOFILE_RUNPATH)
		return finding_fail(f, "libraries that the system finds",
		    "it has a library path of its own (RUNPATH): link without -rpath; it would not be there elsewhere");
	return ACCEPT_OK;
}

static enum accept_verdict
trait(struct kit *k, struct finding *f, unsigned bad, const char *expected, const char *seen)
{
	return k->file.traits & bad ? finding_fail(f, expected, "%s", seen) : ACCEPT_OK;
}

enum accept_verdict
check_binary_textrel(struct kit *k, struct finding *f)
{
	return trait(k, f, SOFILE_TEXTREL, "position independent code",
	    "text relocations (DT_TEXTREL): compile everything with -fPIC");
}

enum accept_verdict
check_binary_stack(struct kit *k, struct finding *f)
{
	return trait(k, f, SOFILE_EXEC_STACK, "a stack that cannot be run",
	    "it asks for an executable stack: nested functions, assembler without .note.GNU-stack, or -z execstack");
}

enum accept_verdict
check_binary_code(struct kit *k, struct finding *f)
{
	return trait(k, f, SOFILE_WRITABLE_CODE,
	    "segments that are writable or executable, never both",
	    "a segment is both: link without -N or -z rwx");
}
