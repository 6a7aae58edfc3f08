/* valgrind.c - check memory-valgrind: abhost-inprocess runs the connector once, under valgrind, and what is found in the
 * connector counts; what libraries do on their own does not. */
#include <config.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "accept/act.h"
#include "accept/checks.h"

#define REPORT_MAX (64u << 20)
#define ARGS_MAX   20
#define SHOWN	   200
#define LOOK_MS	   20 /* a signal may have come between two looks */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

extern char **environ;

static void
make_args(const struct kit *k, const char *report, char *option, size_t size, const char **argv)
{
	size_t n = 0;

	snprintf(option, size, "--xml-file=%s", report);
	argv[n++] = "valgrind";
	argv[n++] = "--quiet";
	argv[n++] = "--vgdb=no"; /* its pipes in /tmp would outlive a Ctrl-C */
	argv[n++] = "--xml=yes";
	argv[n++] = option;
	argv[n++] = "--leak-check=full";
	argv[n++] = "--show-leak-kinds=definite";
	argv[n++] = k->o->inprocess;
	argv[n++] = "test";
	argv[n++] = k->file.path;
	argv[n++] = "--in-process";
	argv[n++] = "--replay";
	argv[n++] = k->fixtures;
	if (k->config_path != NULL) {
		argv[n++] = "--config";
		argv[n++] = k->config_path;
	}
	if (k->o->stream != NULL) {
		argv[n++] = "--stream";
		argv[n++] = k->o->stream;
	}
	argv[n] = NULL;
}

/* Its exit status, or -1 with errno. */
static int
run(const char *const *argv)
{
	posix_spawn_file_actions_t actions;
	int status = -1, rc;
	pid_t pid;

	posix_spawn_file_actions_init(&actions);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_addopen(
		    &actions, fd, "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY, 0);
	rc = posix_spawnp(&pid, argv[0], &actions, NULL, (char *const *)(uintptr_t)argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	if (rc != 0) {
		errno = rc;
		return -1;
	}
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (accept_stopped() != 0)
			kill(pid, SIGKILL);
		(void)poll(NULL, 0, LOOK_MS);
	}
	return status;
}

/* The bytes between two marks, from *at on, which is moved behind them.  ptr NULL: there are none. */
static struct ab_str
between(const char **at, const char *end, const char *open, const char *close)
{
	const char *from = memmem(*at, (size_t)(end - *at), open, strlen(open)), *to;

	if (from == NULL)
		return (struct ab_str){NULL, 0};
	from += strlen(open);
	to = memmem(from, (size_t)(end - from), close, strlen(close));
	if (to == NULL)
		return (struct ab_str){NULL, 0};
	*at = to + strlen(close);
	return (struct ab_str){from, (size_t)(to - from)};
}

static struct ab_str
inner(struct ab_str all, const char *open, const char *close)
{
	const char *at = all.ptr;

	return between(&at, all.ptr + all.len, open, close);
}

static int
contains(struct ab_str s, const char *text)
{
	return s.ptr != NULL && memmem(s.ptr, s.len, text, strlen(text)) != NULL;
}

/* malloc and its like, whoever called it. */
static int
is_library(struct ab_str object)
{
	return contains(object, "/vgpreload_") || contains(object, "/libc.so");
}

/* The frame of the connector in the first stack of an error; a leak is its caller's only. */
static struct ab_str
find_frame(struct ab_str error, const char *path, int is_leak)
{
	struct ab_str stack = inner(error, "<stack>", "</stack>"), frame, object;
	const char *at = stack.ptr;

	while (stack.ptr != NULL &&
	    (frame = between(&at, stack.ptr + stack.len, "<frame>", "</frame>")).ptr != NULL) {
		object = inner(frame, "<obj>", "</obj>");
		if (object.len == strlen(path) && memcmp(object.ptr, path, object.len) == 0)
			return frame;
		if (is_leak && !is_library(object))
			break;
	}
	return (struct ab_str){NULL, 0};
}

static void
add(struct buf *out, const char *before, struct ab_str text, const char *behind)
{
	if (text.ptr == NULL || text.len == 0)
		return;
	buf_adds(out, before);
	buf_add(out, text.ptr, text.len < SHOWN ? text.len : SHOWN);
	buf_adds(out, behind);
}

/* "Invalid read of size 1 in my_read (my.c:12)" */
static void
say(struct buf *out, struct ab_str error, struct ab_str frame)
{
	struct ab_str what = inner(error, "<what>", "</what>");

	if (what.ptr == NULL)
		what = inner(error, "<text>", "</text>");
	add(out, "", what, "");
	add(out, " in ", inner(frame, "<fn>", "</fn>"), "");
	add(out, " (", inner(frame, "<file>", "</file>"), "");
	add(out, ":", inner(frame, "<line>", "</line>"), ")");
}

static enum accept_verdict
judge(const struct kit *k, struct finding *f, const struct buf *report)
{
	const char *at = buf_str(report), *end = at + report->len;
	char *path = realpath(k->file.path, NULL);
	struct ab_str error, frame, first = {NULL, 0}, first_frame = {NULL, 0};
	struct buf shown;
	unsigned found = 0;

	buf_init(&shown, 1000);
	while (path != NULL && (error = between(&at, end, "<error>", "</error>")).ptr != NULL) {
		frame = find_frame(error, path, contains(error, "<kind>Leak_"));
		if (frame.ptr == NULL)
			continue;
		if (found++ == 0) {
			first = error;
			first_frame = frame;
		}
	}
	if (found > 0) {
		say(&shown, first, first_frame);
		finding_fail(f, "valgrind finds nothing in the connector", "%s%s", buf_str(&shown),
		    found > 1 ? ", and more" : "");
	}
	buf_fini(&shown);
	free(path);
	return found > 0 ? ACCEPT_FAILED : ACCEPT_OK;
}

static int
read_report(int fd, struct buf *out)
{
	ssize_t n = 1;
	char *to;

	while (n > 0 && (to = buf_reserve(out, 65536)) != NULL)
		if ((n = read(fd, to, 65536)) > 0)
			out->len += (size_t)n;
	return n == 0 ? 0 : -1;
}

static enum accept_verdict
run_under(struct kit *k, struct finding *f, const char *name, int fd)
{
	const char *argv[ARGS_MAX];
	enum accept_verdict v;
	struct buf report;
	char option[4200];
	int status;

	buf_init(&report, REPORT_MAX);
	make_args(k, name, option, sizeof(option), argv);
	status = run(argv);
	if (status == -1 && errno == ENOENT)
		v = finding_skip(f, "valgrind is not installed");
	else if (status == -1)
		v = finding_skip(f, "cannot run valgrind: %s", strerror(errno));
	else if (read_report(fd, &report) != 0 ||
	    !contains((struct ab_str){buf_str(&report), report.len}, "</valgrindoutput>"))
		v = finding_skip(f, "valgrind could not run it (status %d)", status);
	else
		v = judge(k, f, &report);
	buf_fini(&report);
	return v;
}

enum accept_verdict
check_memory_valgrind(struct kit *k, struct finding *f)
{
	const char *tmp = getenv("TMPDIR");
	char name[4096];
	enum accept_verdict v;
	int fd;

	if (SANITIZED)
		return finding_skip(
		    f, "this abhost was built with a sanitizer, which cannot run under valgrind");
	if (k->o->inprocess == NULL)
		return finding_skip(f, "abhost-inprocess is not installed");
	if (k->config_path != NULL && strcmp(k->config_path, "-") == 0)
		return finding_skip(f, "the configuration came on standard input, once");
	if (snprintf(name, sizeof(name), "%s/abhost-valgrind-XXXXXX",
		tmp != NULL && *tmp != '\0' ? tmp : "/tmp") >= (int)sizeof(name))
		return finding_skip(f, "the name in TMPDIR is too long");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return finding_skip(f, "no file for valgrind's report: %s", strerror(errno));
	v = run_under(k, f, name, fd);
	close(fd);
	unlink(name);
	return v;
}
