/* wrap.c - abhost wrap: a connector as one executable file that takes the arguments of Airbyte's protocol.
 *
 * A shell script with the connector behind it (loader.h has the form).  It can be moved and renamed; it needs the abhost
 * that made it, or else one on PATH.  A file appears whole or not at all. */
#include <config.h> /* asprintf */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

enum { OPT_OUTPUT, OPT_FORCE };

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
	buf_adds(b, "abhost=");
	add_quoted(b, self);
	buf_adds(b,
	    "\n[ -x \"$abhost\" ] || abhost=$(command -v abhost) || {\n"
	    "\techo \"$0: there is no abhost on PATH, nor where it was when this file was made\" >&2\n"
	    "\texit 1\n"
	    "}\n"
	    "case $0 in */*) exec \"$abhost\" airbyte \"$0\" \"$@\" ;; esac\n"
	    "exec \"$abhost\" airbyte \"./$0\" \"$@\"\n"
	    "exit 1\n");
}

static int
write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return -1;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

static int
copy_connector(int to, int from)
{
	char block[65536];
	off_t at = 0;
	ssize_t n;

	while ((n = pread(from, block, sizeof(block), at)) > 0) {
		if (write_all(to, block, (size_t)n) != 0)
			return -1;
		at += n;
	}
	return n < 0 ? -1 : 0;
}

static ab_status
write_file(const struct cli_source *s, int fd, struct error *e)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	mode_t mask = umask(0);
	struct stat st;
	struct buf b;

	umask(mask);
	if (n <= 0 || fstat(s->file.fd, &st) != 0)
		return error_set(e, AB_EUNSUPPORTED, "cannot tell where abhost is: %m");
	self[n] = '\0';
	buf_init(&b, MAX_STUB);
	make_stub(&b, &s->file, self, 0, st.st_size);
	n = (ssize_t)b.len;
	buf_reset(&b);
	make_stub(&b, &s->file, self, n, st.st_size);
	/* never writable by others, or it would be refused when it is run */
	if (b.failed)
		error_set(e, AB_EUNSUPPORTED, "the path of abhost is too long");
	else if (write_all(fd, b.ptr, b.len) != 0 || copy_connector(fd, s->file.fd) != 0 ||
	    fchmod(fd, 0755 & ~mask & ~022u) != 0 || fsync(fd) != 0)
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
make_file(const struct cli_source *s, const char *path, int force, struct error *e)
{
	char *temporary;
	int fd;

	if (asprintf(&temporary, "%s.XXXXXX", path) < 0)
		return error_set(e, AB_ENOMEM, "no memory");
	if ((fd = mkostemp(temporary, O_CLOEXEC)) < 0) {
		error_set(e, AB_ECONFIG, "%s", strerror(errno));
	} else {
		if (write_file(s, fd, e) == AB_OK)
			give_name(temporary, path, force, e);
		close(fd);
		unlink(temporary);
	}
	free(temporary);
	return e->status == AB_OK ? AB_OK : error_wrap(e, "%s", path);
}

static int
wrap_run(const struct cli_args *a)
{
	const char *path = a->value[OPT_OUTPUT];
	struct error e = ERROR_INIT;
	struct cli_source s;
	int code = CLI_DONE;

	if (path == NULL)
		return cli_misuse(&cmd_wrap, "--output FILE is missing, as in -o source-my-api");
	if (cli_source_init(&s, a->word[0], NULL, &e) != AB_OK || cli_own(&s, NULL, &e) != AB_OK ||
	    make_file(&s, path, a->value[OPT_FORCE] != NULL, &e) != AB_OK)
		code = cli_fail(&e);
	else
		printf("%s: %s %s as an Airbyte source (spec, check, discover, read)\n", path,
		    s.file.id, s.file.version);
	cli_source_fini(&s);
	return code;
}

static const struct cli_option options[] = {
    [OPT_OUTPUT] = {"output", "FILE", "the program to make, e.g. source-my-api", 0},
    [OPT_FORCE] = {"force", NULL, "replace a file that is there", 0},
    {.name = NULL}};
const struct cli_command cmd_wrap = {.name = "wrap",
    .words = "CONNECTOR",
    .summary = "Make a program of a connector: an Airbyte source in one file",
    .more =
	"The program takes the arguments of Airbyte's protocol, as PyAirbyte's local_executable gives them.\n"
	"The connector is in the file; abhost must stay where it is, or be on PATH.",
    .least = 1,
    .most = 1,
    .options = options,
    .letters = "o",
    .run = wrap_run};
