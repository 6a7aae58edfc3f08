/* new_files.c - the files of a new connector; the templates are sdk/template, in this program.
 *
 * They are written into a folder of a temporary name, which gets its own when it is whole: rename() replaces an empty
 * folder, and never one that holds something. */
#include "config.h" /* PACKAGE_VERSION, asprintf */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "cli/new.h"

#define MAX_FILE (1u << 20)

static const struct model {
	const char *name, *text;
} templates[] = {
#include "cli/template_files.inc"
};

/* Where a file comes from, what it becomes ("*": the connector's name), for which plans (-1: all). */
static const struct {
	const char *from, *to, *purpose;
	int kind, lang, license;
} files[] = {
    {"rest.c", "*.c", "the connector, a table", NEW_REST, NEW_C, -1},
    {"rest.cpp", "*.cpp", "the connector, a table", NEW_REST, NEW_CPP, -1},
    {"vtable.c", "*.c", "the connector, written by hand", NEW_VTABLE, NEW_C, -1},
    {"vtable.cpp", "*.cpp", "the connector, written by hand", NEW_VTABLE, NEW_CPP, -1},
    {"Makefile.c", "Makefile", "make, make test, make install", -1, NEW_C, -1},
    {"Makefile.cpp", "Makefile", "make, make test, make install", -1, NEW_CPP, -1},
    {"README.md", "README.md", "what to do next", -1, -1, -1},
    {"config.example.json", "config.example.json", "what its users configure", -1, -1, -1},
    {"fixtures/recording.json", "fixtures/recording.json", "what the API answers, for tests", -1,
	-1, -1},
    {"fixtures/00001.json", "fixtures/00001.json", "", -1, -1, -1},
    {"fixtures/00002.json", "fixtures/00002.json", "", -1, -1, -1},
    {"fixtures/00003.json", "fixtures/00003.json", "", -1, -1, -1},
    {"fixtures/00004.json", "fixtures/00004.json", "", -1, -1, -1},
    {"fixtures/00005.json", "fixtures/00005.json", "", -1, -1, -1},
    {"fixtures/00006.json", "fixtures/00006.json", "", -1, -1, -1},
    {"fixtures/00007.json", "fixtures/00007.json", "", -1, -1, -1},
    {"fixtures/00008.json", "fixtures/00008.json", "", -1, -1, -1},
    {"ci.yml", ".github/workflows/ci.yml", "builds and tests it on every push", -1, -1, -1},
    {"gitignore", ".gitignore", "", -1, -1, -1},
    {"LICENSE.MIT", "LICENSE", "", -1, -1, NEW_MIT},
    {"LICENSE.Apache-2.0", "LICENSE", "", -1, -1, NEW_APACHE},
};

#define NFILES (sizeof(files) / sizeof(files[0]))

static int
is_wanted(const struct new_plan *p, size_t i)
{
	return (files[i].kind < 0 || files[i].kind == (int)p->kind) &&
	    (files[i].lang < 0 || files[i].lang == (int)p->lang) &&
	    (files[i].license < 0 || files[i].license == (int)p->license);
}

/* "*" becomes the name. */
static const char *
file_name(const struct new_plan *p, size_t i)
{
	static char name[256];
	const char *to = files[i].to;

	if (to[0] == '*')
		snprintf(name, sizeof(name), "%s%s", p->name, to + 1);
	else
		snprintf(name, sizeof(name), "%s", to);
	return name;
}

const char *
new_file(const struct new_plan *p, size_t n, const char **purpose)
{
	for (size_t i = 0; i < NFILES; i++)
		if (is_wanted(p, i) && n-- == 0) {
			*purpose = files[i].purpose;
			return file_name(p, i);
		}
	return NULL;
}

/* What stands for @KEY@. */
static const char *
value_of(const struct new_plan *p, const char *key, size_t len, char year[16])
{
	static const char *const licenses[] = {[NEW_MIT] = "| `LICENSE` | MIT |\n",
	    [NEW_APACHE] = "| `LICENSE` | Apache 2.0 |\n",
	    [NEW_NO_LICENSE] = ""};
	int is_rest = p->kind == NEW_REST, is_c = p->lang == NEW_C;
	time_t now = time(NULL);
	struct tm tm;
	const struct {
		const char *key, *value;
	} values[] = {
	    {"NAME", p->name},
	    {"VERSION", "abhost " PACKAGE_VERSION},
	    {"YEAR", year},
	    {"SOURCE", file_name(p, is_rest ? (is_c ? 0 : 1) : (is_c ? 2 : 3))},
	    {"LANGUAGE", is_c ? "C" : "C++"},
	    {"KIND", is_rest ? "a table on the REST kit" : "written by hand on the bare ABI"},
	    {"EXPLAINED",
		is_rest
		    ? "`abhost/rest.h` explains every field; what does not fit a table is written by\n"
		      "   hand, in the same file, against `abhost/abi.h`."
		    : "`abhost/abi.h` is the whole contract."},
	    {"LICENSE_ROW", licenses[p->license]},
	};

	snprintf(year, 16, "%d", gmtime_r(&now, &tm) != NULL ? tm.tm_year + 1900 : 1970);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strlen(values[i].key) == len && memcmp(values[i].key, key, len) == 0)
			return values[i].value;
	return NULL;
}

/* Only words of capitals are keys: "actions/checkout@v4" is none. */
static void
fill(struct buf *out, const struct new_plan *p, const char *text)
{
	char year[16];

	while (*text != '\0') {
		size_t plain = strcspn(text, "@"), len;
		const char *value;

		buf_add(out, text, plain);
		text += plain;
		if (*text == '\0')
			break;
		len = strspn(text + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_");
		value = text[1 + len] == '@' ? value_of(p, text + 1, len, year) : NULL;
		if (value != NULL)
			buf_adds(out, value);
		else
			buf_add(out, text, 1);
		text += value != NULL ? len + 2 : 1;
	}
}

static const char *
template_text(const char *name)
{
	for (size_t i = 0; i < sizeof(templates) / sizeof(templates[0]); i++)
		if (strcmp(templates[i].name, name) == 0)
			return templates[i].text;
	return NULL;
}

/* The folders above a file, below the one of descriptor `dir`. */
static int
make_folders(int dir, const char *name)
{
	char part[256];

	for (const char *slash = name; (slash = strchr(slash, '/')) != NULL; slash++) {
		snprintf(part, sizeof(part), "%.*s", (int)(slash - name), name);
		if (mkdirat(dir, part, 0777) != 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static ab_status
write_file(int dir, const char *name, const struct buf *text, struct error *e)
{
	int fd = -1;
	FILE *f;

	if (make_folders(dir, name) == 0)
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	f = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (f == NULL) {
		error_set(e, AB_ECONFIG, "%s: %s", name, strerror(errno));
		if (fd >= 0)
			close(fd);
		return e->status;
	}
	fwrite(text->ptr, 1, text->len, f);
	if (fflush(f) != 0)
		error_set(e, AB_ETRANSIENT, "%s: %s", name, strerror(errno));
	fclose(f);
	return e->status;
}

static ab_status
write_all(const struct new_plan *p, int dir, struct error *e)
{
	struct buf text;

	buf_init(&text, MAX_FILE);
	for (size_t i = 0; i < NFILES && e->status == AB_OK; i++) {
		const char *from = template_text(files[i].from);

		if (!is_wanted(p, i))
			continue;
		buf_reset(&text);
		if (from != NULL)
			fill(&text, p, from);
		if (from == NULL || text.failed)
			error_set(
			    e, from == NULL ? AB_EBUG : AB_ENOMEM, "no template %s", files[i].from);
		else
			write_file(dir, file_name(p, i), &text, e);
	}
	buf_fini(&text);
	return e->status;
}

/* What was written of a plan that failed. */
static void
remove_all(const struct new_plan *p, const char *folder, int dir)
{
	static const char *const below[] = {"fixtures", ".github/workflows", ".github"};

	for (size_t i = 0; i < NFILES; i++)
		if (is_wanted(p, i))
			unlinkat(dir, file_name(p, i), 0);
	for (size_t i = 0; i < sizeof(below) / sizeof(below[0]); i++)
		unlinkat(dir, below[i], AT_REMOVEDIR);
	rmdir(folder);
}

/* mkdtemp's folder is ours alone; a new one is as the umask says. */
static int
give_name(const char *temporary, const char *folder)
{
	mode_t mask = umask(0);

	umask(mask);
	return chmod(temporary, 0777 & ~mask) == 0 ? rename(temporary, folder) : -1;
}

/* rename()'s errno. */
static const char *
why_not(void)
{
	switch (errno) {
	case ENOTEMPTY:
	case EEXIST:
		return "holds something already, and nothing of it is overwritten; --dir names another folder";
	case ENOTDIR:
		return "is a file; --dir names another folder";
	case EBUSY:
	case EINVAL:
		return "is where you are: name it from the folder above, as in --dir my-connector";
	default:
		return strerror(errno);
	}
}

ab_status
new_write(const struct new_plan *p, struct error *e)
{
	size_t len = strlen(p->folder);
	char *temporary;
	int dir;

	while (len > 1 && p->folder[len - 1] == '/')
		len--;
	if (asprintf(&temporary, "%.*s.XXXXXX", (int)len, p->folder) < 0)
		return error_set(e, AB_ENOMEM, "no memory");
	if (mkdtemp(temporary) == NULL) {
		error_set(e, AB_ECONFIG, "cannot make a folder there: %s", strerror(errno));
		free(temporary);
		return error_wrap(e, "%s", p->folder);
	}
	dir = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		error_set(e, AB_ETRANSIENT, "%s", strerror(errno));
	else if (write_all(p, dir, e) == AB_OK && give_name(temporary, p->folder) != 0)
		error_set(e, AB_ECONFIG, "%s", why_not());
	if (e->status != AB_OK)
		remove_all(p, temporary, dir);
	if (dir >= 0)
		close(dir);
	free(temporary);
	return e->status == AB_OK ? AB_OK : error_wrap(e, "%s", p->folder);
}
