/* foreign_spec.c - see loader.h: what a program that speaks Airbyte's protocol says of itself.
 *
 * Runs it, with nothing but the word `spec`, and waits. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "data/lines.h"
#include "source/loader_internal.h"
#include "source/program.h"
#include "source/venv.h"

#define SPEC_US	 300000000 /* what it may take */
#define SPEC_MAX ((size_t)16 << 20)
#define TAIL	 1200
#define AFTER_US 2000000 /* from the end of the process to that of its output */

struct asking {
	struct program program;
	struct lines lines;
	char *spec;
	char tail[TAIL + 1]; /* the end of what it printed on standard error */
	size_t ntail;
	int is_cut; /* there was more before */
	struct error said;
	int is_eof;
	int64_t ended_us;
	siginfo_t info;
};

static void
hear(struct asking *a)
{
	char bytes[TAIL / 2];
	ssize_t n = read(a->program.err_fd, bytes, sizeof(bytes));
	size_t more;

	if (n <= 0)
		return;
	more = (size_t)n;
	if (a->ntail + more > TAIL) {
		size_t keep = TAIL - more;

		a->is_cut = 1;
		keep = keep < a->ntail ? keep : a->ntail;
		memmove(a->tail, a->tail + a->ntail - keep, keep);
		a->ntail = keep;
	}
	memcpy(a->tail + a->ntail, bytes, more);
	a->ntail += more;
}

static void
take_error(struct asking *a, struct ab_str trace)
{
	struct buf message;

	buf_init(&message, SPEC_MAX);
	if (line_is(line_get(trace, "type"), "ERROR") &&
	    line_string(line_get(line_get(trace, "error"), "message"), &message) == 0)
		error_set(&a->said, AB_EBUG, "%s", buf_str(&message));
	buf_fini(&message);
}

/* 1: it has been said. */
static int
take_lines(struct asking *a)
{
	struct ab_str v;
	struct line line;

	for (;;) {
		lines_next(&a->lines, &line);
		if (line.type == LINE_NONE)
			return 0;
		if (line.type == LINE_TRACE)
			take_error(a, line.payload);
		if (line.type != LINE_SPEC)
			continue;
		v = line_get(line.payload, "connectionSpecification");
		a->spec = v.len == 0 ? strdup("{}") : strndup(v.ptr, v.len);
		return 1;
	}
}

static int
fill(struct asking *a)
{
	size_t room;
	char *to = lines_room(&a->lines, &room);
	ssize_t n = to == NULL ? 0 : read(a->program.out_fd, to, room);

	if (n > 0) {
		lines_fed(&a->lines, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		lines_end(&a->lines);
		a->is_eof = 1;
	}
	return n > 0;
}

/* Until it has been said, or no more can come. */
static void
listen_to(struct asking *a)
{
	int64_t until = clock_mono_us() + SPEC_US;
	struct pollfd fds[2];

	while (!take_lines(a) && !a->is_eof && clock_mono_us() < until) {
		if (fill(a))
			continue;
		if (a->ended_us == 0 && program_ended(&a->program, &a->info))
			a->ended_us = clock_mono_us();
		if (a->ended_us != 0 && clock_mono_us() - a->ended_us > AFTER_US)
			return;
		fds[0] = (struct pollfd){.fd = a->program.out_fd, .events = POLLIN};
		fds[1] = (struct pollfd){.fd = a->program.err_fd, .events = POLLIN};
		if (poll(fds, 2, 100) > 0 && fds[1].revents != 0)
			hear(a);
	}
	take_lines(a);
	hear(a);
}

/* The lines of what it printed, as after any other failure; the last one, which mostly says why, is left for the error. */
static const char *
show_tail(struct asking *a, const char *path)
{
	char *at = a->tail, *end;

	while (a->ntail > 0 && strchr("\r\n ", a->tail[a->ntail - 1]) != NULL)
		a->ntail--;
	a->tail[a->ntail] = '\0';
	if (a->is_cut && (end = strchr(at, '\n')) != NULL) /* there is but the end of the first */
		at = end + 1;
	for (; (end = strchr(at, '\n')) != NULL; at = end + 1) {
		*end = '\0';
		if (*at != '\0')
			log_line(AB_WARN, "%s: printed: %s", path, at);
	}
	return at;
}

static ab_status
refuse(struct asking *a, const char *path, struct error *e)
{
	char how[PROGRAM_HOW] = "";
	struct pollfd fd = {.fd = a->program.pid_fd, .events = POLLIN};
	const char *last = show_tail(a, path);
	int is_broken = a->said.status != AB_OK;

	if (a->is_eof)
		(void)poll(&fd, 1, 1000);
	if (program_ended(&a->program, &a->info)) {
		program_how(&a->info, how);
		is_broken |= a->info.si_code != CLD_EXITED || a->info.si_status != 0;
	}
	error_set(e, AB_ECONFIG, "%s%s: `%s spec` gave no SPEC message%s%s%s%s%s%s", path,
	    is_broken ? " cannot say what it needs"
		      : " is no program that speaks Airbyte's protocol",
	    path, *how != '\0' ? "; it ended with " : "", how,
	    is_broken && a->said.text[0] != '\0' ? "; it said: " : "", a->said.text,
	    *last != '\0' ? "; it printed: " : "", last);
	return e->status;
}

ab_status
loader_ask_spec(const char *path, char **spec, struct error *e)
{
	static char word[] = "spec";
	char *program = strdup(path), *argv[] = {program, word, NULL};
	struct asking a = {.spec = NULL};

	*spec = NULL;
	if (program == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	program_init(&a.program);
	lines_init(&a.lines, SPEC_MAX);
	if (program_start(&a.program, argv, e) == AB_OK) {
		listen_to(&a);
		*spec = a.spec;
		if (a.spec == NULL)
			refuse(&a, path, e);
		else
			program_stop(&a.program);
	}
	program_end(&a.program);
	lines_fini(&a.lines);
	free(program);
	return e->status;
}

/* The last part of the path, made an id. */
static char *
id_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *id = strdup(slash != NULL ? slash + 1 : path);
	size_t n = id == NULL ? 0 : strlen(id);

	if (n > 3 && strcmp(id + n - 3, ".py") == 0)
		id[n - 3] = '\0';
	for (char *p = id; p != NULL && *p != '\0'; p++)
		if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
			(*p >= '0' && *p <= '9') || (p > id && strchr("-_.", *p) != NULL)))
			*p = p == id ? 'x' : '_';
	return id;
}

/* What --python has installed. */
static int
find_installed(const char *name, char path[PROGRAM_PATH])
{
	char *found = venv_find(name);
	int n = found == NULL ? PROGRAM_PATH : snprintf(path, PROGRAM_PATH, "%s", found);

	free(found);
	return n < PROGRAM_PATH ? 0 : -1;
}

struct of_program {
	const char *path;
	char *version;
};

static ab_status
note_version(void *ctx, const struct venv *v)
{
	struct of_program *p = ctx;

	if (p->version == NULL && strcmp(p->path, v->program) == 0)
		p->version = strdup(v->version);
	return AB_OK;
}

/* Of what --python has installed it is known. */
static char *
version_of(const char *path)
{
	struct of_program p = {.path = path};

	(void)venv_each(note_version, &p);
	return p.version != NULL ? p.version : strdup("airbyte");
}

ab_status
loader_foreign(const char *name, struct loader_file *out, struct error *e)
{
	char path[PROGRAM_PATH];

	if (*name == '\0')
		return error_set(e, AB_ECONFIG,
		    "airbyte: needs a program behind it, as in airbyte:source-faker");
	if (program_find(name, path) != 0 && strchr(name, '/') != NULL)
		return error_set(
		    e, AB_ECONFIG, "%s: there is no program of this name that can be run", name);
	if (program_find(name, path) != 0 && find_installed(name, path) != 0)
		return error_set(e, AB_ECONFIG,
		    "%s: there is no such program on PATH; --python PACKAGE installs one from Python's package index "
		    "(as in --python airbyte-source-faker)",
		    name);
	out->path = strdup(path);
	out->program = strdup(path);
	out->id = id_of(path);
	out->version = version_of(path);
	out->has_update_state = 1;
	if (out->path == NULL || out->program == NULL || out->id == NULL || out->version == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	return loader_ask_spec(path, &out->spec, e);
}
