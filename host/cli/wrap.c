/* wrap.c - abhost wrap: a connector, or a destination, as one executable file that takes the arguments of Airbyte's protocol.
 *
 * A shell script, a connector's with the connector behind it (loader.h has the form).  It can be moved and renamed; it needs the abhost
 * that made it, or else one on PATH.  A file appears whole or not at all. */
#include <config.h> /* asprintf */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "cli/cli.h"

enum { OPT_OUTPUT, OPT_FORCE, OPT_DESTINATION };

#define MAX_STUB 16384

/* A path as one word of the shell. */
static void
add_quoted(struct buf *b, const char *text)
{
	buf_addc(b, '\'');
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			buf_adds(b, "'\\''");
		else
			buf_addc(b, *text);
	}
	buf_addc(b, '\'');
}

/* What is made into a program. */
struct wrapped {
	const struct loader_file *file; /* a connector, or */
	const char *destination;	/* a kind of destination */
};

static void
add_finder(struct buf *b, const char *self)
{
	buf_adds(b, "abhost=");
	add_quoted(b, self);
	buf_adds(b,
	    "\n[ -x \"$abhost\" ] || abhost=$(command -v abhost) || {\n"
	    "\techo \"$0: there is no abhost on PATH, nor where it was when this file was made\" >&2\n"
	    "\texit 1\n"
	    "}\n");
}

static void
make_destination(struct buf *b, const char *kind, const char *self)
{
	buf_addf(b, "#!/bin/sh\n# abhost's %s as an Airbyte destination, made by `abhost wrap`.\n",
	    kind);
	add_finder(b, self);
	buf_addf(b, "exec \"$abhost\" airbyte-destination %s \"$@\"\n", kind);
}

/* The script; its length is the connector's place. */
static void
make_stub(
    struct buf *b, const struct loader_file *f, const char *self, long long offset, long long len)
{
	buf_adds(b, "#!/bin/sh\n");
	buf_addf(b, LOADER_WRAP "\n", offset, len);
	buf_addf(b,
	    "# %s %s as an Airbyte source, made by `abhost wrap`; what follows `exit` is the connector.\n",
	    f->id, f->version);
	add_finder(b, self);
	buf_adds(b,
	    "case $0 in */*) exec \"$abhost\" airbyte \"$0\" \"$@\" ;; esac\n"
	    "exec \"$abhost\" airbyte \"./$0\" \"$@\"\n"
	    "exit 1\n");
}

static int
copy_connector(int to, int from)
{
	char block[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, block, sizeof(block), at)) > 0) {
		if (file_write(to, block, (size_t)n) != 0)
			return -1;
		at += n;
	}
	return n < 0 ? -1 : 0;
}

/* The script, and behind it the connector; *size: how large that is. */
static ab_status
make_script(struct buf *b, const struct wrapped *w, long long *size, struct error *e)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	struct stat st;

	*size = 0;
	if (n <= 0 || (w->file != NULL && fstat(w->file->fd, &st) != 0))
		return error_set(e, AB_EUNSUPPORTED, "cannot tell where abhost is: %m");
	self[n] = '\0';
	if (w->file != NULL) {
		*size = st.st_size;
		make_stub(b, w->file, self, 0, *size);
		n = (ssize_t)b->len;
		buf_reset(b);
		make_stub(b, w->file, self, n, *size);
	} else {
		make_destination(b, w->destination, self);
	}
	return b->failed ? error_set(e, AB_EUNSUPPORTED, "the path of abhost is too long") : AB_OK;
}

static ab_status
write_file(const struct wrapped *w, int fd, struct error *e)
{
	mode_t mask = umask(0);
	long long size;
	struct buf b;

	umask(mask);
	buf_init(&b, MAX_STUB);
	/* never writable by others, or it would be refused when it is run */
	if (make_script(&b, w, &size, e) == AB_OK &&
	    (file_write(fd, b.ptr, b.len) != 0 ||
		(size > 0 && copy_connector(fd, w->file->fd) != 0) ||
		fchmod(fd, 0755 & ~mask & ~022u) != 0 || fsync(fd) != 0))
		error_set(e, AB_ETRANSIENT, "it cannot be written: %m");
	buf_fini(&b);
	return e->status;
}

/* link() refuses what is there, rename() replaces it. */
static ab_status
give_name(const char *temporary, const char *path, int force, struct error *e)
{
	if ((force ? rename(temporary, path) : link(temporary, path)) == 0)
		return AB_OK;
	if (errno == EEXIST)
		return error_set(
		    e, AB_ECONFIG, "there is such a file already; --force replaces it");
	return error_set(e, AB_ECONFIG, "%s", strerror(errno));
}

static ab_status
make_file(const struct wrapped *w, const char *path, int force, struct error *e)
{
	char *temporary;
	int fd;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return error_set(e, AB_ENOMEM, "no memory");
	if ((fd = mkostemp(temporary, O_CLOEXEC)) < 0) {
		error_set(e, AB_ECONFIG, "%s", strerror(errno));
	} else {
		if (write_file(w, fd, e) == AB_OK)
			give_name(temporary, path, force, e);
		close(fd);
		unlink(temporary);
	}
	free(temporary);
	return e->status == AB_OK ? AB_OK : error_wrap(e, "%s", path);
}

/* An exit code, or -1: go on. */
static int
check_usage(const struct cli_args *a)
{
	const char *kind = a->value[OPT_DESTINATION];

	if (a->value[OPT_OUTPUT] == NULL)
		return cli_misuse(&cmd_wrap, "--output FILE is missing, as in -o source-my-api");
	if ((kind != NULL) == (a->nwords == 1))
		return cli_misuse(&cmd_wrap, "either a CONNECTOR or --destination KIND is wrapped");
	if (kind != NULL && strcmp(kind, "sqlite") != 0 && strcmp(kind, "jsonl") != 0)
		return cli_misuse(&cmd_wrap, "\"%s\" is no destination: sqlite or jsonl", kind);
	return -1;
}

static int
wrap_run(const struct cli_args *a)
{
	struct wrapped w = {.destination = a->value[OPT_DESTINATION]};
	const char *path = a->value[OPT_OUTPUT];
	struct cli_source s = {.file.fd = -1};
	struct error e = ERROR_INIT;
	int code = check_usage(a);

	if (code >= 0)
		return code;
	code = CLI_DONE;
	if (w.destination == NULL) {
		if (cli_source_init(&s, a->word[0], NULL, &e) == AB_OK)
			cli_own(&s, NULL, &e);
		w.file = &s.file;
	}
	if (e.status != AB_OK || make_file(&w, path, a->value[OPT_FORCE] != NULL, &e) != AB_OK)
		code = cli_fail(&e);
	else if (w.destination != NULL)
		printf(
		    "%s: %s as an Airbyte destination (spec, check, write)\n", path, w.destination);
	else
		printf("%s: %s %s as an Airbyte source (spec, check, discover, read)\n", path,
		    s.file.id, s.file.version);
	cli_source_fini(&s);
	return code;
}

static const struct cli_option options[] = {
    [OPT_OUTPUT] = {"output", "FILE", "the program to make, e.g. source-my-api", 0},
    [OPT_FORCE] = {"force", NULL, "replace a file that is there", 0},
    [OPT_DESTINATION] = {"destination", "KIND", "wrap a destination instead: sqlite or jsonl", 0},
    {.name = NULL}};
const struct cli_command cmd_wrap = {.name = "wrap",
    .words = "[CONNECTOR]",
    .summary = "Make a program of a connector or a destination, as Airbyte has them",
    .more =
	"The program takes the arguments of Airbyte's protocol, as PyAirbyte's local_executable gives them.\n"
	"The connector is in the file; abhost must stay where it is, or be on PATH.",
    .least = 0,
    .most = 1,
    .options = options,
    .letters = "o",
    .run = wrap_run};
