/* program.c - see program.h.  Between fork and exec only what is safe there is called. */
#define _GNU_SOURCE /* close_range, secure_getenv, strsignal */
#include "source/program.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/tree.h"
#include "source/environment.h"

#define ENV_MAX	      256
#define SCRATCH_TRIES 20 /* while a process that was killed still makes files */
#define SCRATCH_US    10000

/* What a program may see of the environment (environment.h); the first only where it has no place of its own. */
static const char *const allowed[] = {"TMPDIR", "PATH", "HOME", "USER", "LOGNAME", "SHELL", "TZ",
    "LANG", "LANGUAGE", "LC_*", "XDG_*", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "PYTHON*", "VIRTUAL_ENV", "PIP_*", "UV_*", "JAVA_*",
    "JDK_*", "LD_LIBRARY_PATH", "AIRBYTE_*", "DEPLOYMENT_MODE", "REQUEST_CACHE_PATH", "LOG_LEVEL",
    "DO_NOT_TRACK", NULL};

void
program_init(struct program *p)
{
	*p = (struct program){.pid_fd = -1, .out_fd = -1, .err_fd = -1, .guard_fd = -1};
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
remove_files(const struct program *p)
{
	for (int i = 0; i < PROGRAM_FILES && p->folder[0] != '\0'; i++)
		unlink(p->files[i]);
	if (p->folder[0] != '\0')
		rmdir(p->folder);
	for (int i = 0; i < SCRATCH_TRIES && p->scratch[0] != '\0'; i++) {
		if (tree_remove(p->scratch) == 0)
			return;
		usleep(SCRATCH_US);
	}
}

/* Where the program may put temporary files, as TMPDIR: it may well leave them there, secrets among them (the CDK writes
 * its configuration to one).  They may be large: not in memory.  Without such a place it has the TMPDIR that we have. */
static void
make_scratch(struct program *p)
{
	const char *place = secure_getenv("TMPDIR");
	int n = snprintf(p->scratch, sizeof(p->scratch), "%s/abhost-tmp-XXXXXX",
	    place != NULL && place[0] == '/' ? place : "/tmp");

	if (n >= (int)sizeof(p->scratch) || mkdtemp(p->scratch) == NULL)
		p->scratch[0] = '\0';
}

/* The guard: told the process, ends when its pipe does.  0 in the place of a process: all is well. */
static void
guard_main(const struct program *p, int fd)
{
	pid_t pid = 0, told;
	ssize_t n;

	if (fd != 3 && dup2(fd, 3) < 0)
		_exit(1);
	close_range(4, ~0u, 0);
	for (int i = 0; i < 3; i++)
		close(i);
	setsid();
	for (;;) {
		n = read(3, &told, sizeof(told));
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(told))
			break;
		if (told == 0)
			_exit(0);
		pid = told;
	}
	if (pid > 0)
		kill(-pid, SIGKILL);
	remove_files(p);
	_exit(0);
}

/* Before there is anything to guard. */
static ab_status
start_guard(struct program *p, struct error *e)
{
	int fds[2];

	make_scratch(p);
	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_set(e, AB_ENOMEM, "no pipe for a guard: %m");
	p->guard = fork();
	if (p->guard == 0)
		guard_main(p, fds[0]);
	close(fds[0]);
	p->guard_fd = fds[1];
	if (p->guard > 0)
		return AB_OK;
	p->guard = 0;
	return error_set(e, AB_ENOMEM, "cannot start a guard: %m");
}

static void
tell_guard(const struct program *p, pid_t pid)
{
	if (p->guard > 0 && write(p->guard_fd, &pid, sizeof(pid)) != (ssize_t)sizeof(pid))
		kill(p->guard, SIGKILL);
}

static void
end_guard(struct program *p)
{
	tell_guard(p, 0);
	close_fd(&p->guard_fd);
	while (p->guard > 0 && waitpid(p->guard, NULL, 0) < 0 && errno == EINTR)
		continue;
	p->guard = 0;
}

static const char *const names[PROGRAM_FILES] = {[PROGRAM_CONFIG] = "config.json",
    [PROGRAM_CATALOG] = "catalog.json",
    [PROGRAM_STATE] = "state.json"};

/* The guard must know them before they are there. */
static ab_status
name_files(struct program *p, struct error *e)
{
	for (int i = 0; i < PROGRAM_FILES; i++) {
		size_t n = strlen(p->folder) + strlen(names[i]) + 2;

		if ((p->files[i] = malloc(n)) == NULL) {
			rmdir(p->folder);
			p->folder[0] = '\0';
			return error_set(e, AB_ENOMEM, "no memory for a private file");
		}
		snprintf(p->files[i], n, "%s/%s", p->folder, names[i]);
	}
	return AB_OK;
}

/* A place that is full, or a system that is, is no mistake of anybody's. */
static ab_status
class_of(int number)
{
	switch (number) {
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
	case EIO:
	case EMFILE:
	case ENFILE:
	case EAGAIN:
	case ENOMEM:
	case ETXTBSY:
		return AB_ETRANSIENT;
	default:
		return AB_ECONFIG;
	}
}

/* Where private files may lie: in memory, if the system has such a place for the user. */
static ab_status
make_folder(struct program *p, struct error *e)
{
	const char *places[] = {secure_getenv("XDG_RUNTIME_DIR"), secure_getenv("TMPDIR"), "/tmp"};

	for (size_t i = 0; i < 3; i++) {
		if (places[i] == NULL || places[i][0] != '/' ||
		    snprintf(p->folder, sizeof(p->folder), "%s/abhost-XXXXXX", places[i]) >=
			(int)sizeof(p->folder))
			continue;
		if (mkdtemp(p->folder) != NULL)
			return name_files(p, e) == AB_OK ? start_guard(p, e) : e->status;
	}
	p->folder[0] = '\0';
	return error_set(
	    e, class_of(errno), "cannot make a folder for private files in TMPDIR or /tmp: %m");
}

ab_status
program_file(
    struct program *p, enum program_name name, const char *text, const char **path, struct error *e)
{
	const char *file;
	int fd, failed;

	*path = NULL;
	if (p->folder[0] == '\0' && make_folder(p, e) != AB_OK)
		return e->status;
	file = p->files[name];
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	failed = fd < 0 || file_write(fd, text, strlen(text)) != 0;
	if (failed)
		error_set(e, class_of(errno),
		    "cannot write %s, a private file (its place is XDG_RUNTIME_DIR, or else TMPDIR): %m",
		    file);
	close_fd(&fd);
	*path = file;
	return failed ? e->status : AB_OK;
}

struct child {
	char *const *argv;
	char **env;
	int in, out, err, report; /* report: where an exec that failed says why */
	pid_t parent;
};

static void
child_main(const struct child *c)
{
	sigset_t none;
	int why;

	sigemptyset(&none);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == c->parent && dup2(c->in, 0) >= 0 && dup2(c->out, 1) >= 0 &&
	    dup2(c->err, 2) >= 0 && dup2(c->report, 3) >= 0) {
		fcntl(3, F_SETFD, FD_CLOEXEC);
		close_range(4, ~0u, 0);
		execve(c->argv[0], c->argv, c->env);
		why = errno;
		if (write(3, &why, sizeof(why)) < 0)
			_exit(126);
	}
	_exit(127);
}

/* Descriptors of the child's must not be among those that it gets. */
static int
lift(int *fd)
{
	int high = *fd < 0 ? -1 : fcntl(*fd, F_DUPFD_CLOEXEC, 10);

	close_fd(fd);
	*fd = high;
	return high < 0 ? -1 : 0;
}

static int
open_pipes(struct program *p, struct child *c, int *report)
{
	int out[2] = {-1, -1}, err[2] = {-1, -1}, rep[2] = {-1, -1};

	if (pipe2(out, O_CLOEXEC) != 0 || pipe2(err, O_CLOEXEC) != 0 || pipe2(rep, O_CLOEXEC) != 0)
		c->in = -1;
	else
		c->in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	p->out_fd = out[0];
	p->err_fd = err[0];
	*report = rep[0];
	c->out = out[1];
	c->err = err[1];
	c->report = rep[1];
	if (c->in < 0 || lift(&c->in) | lift(&c->out) | lift(&c->err) | lift(&c->report))
		return -1;
	fcntl(p->out_fd, F_SETPIPE_SZ, 1 << 20);
	return fcntl(p->out_fd, F_SETFL, O_NONBLOCK) | fcntl(p->err_fd, F_SETFL, O_NONBLOCK);
}

/* Waits until the program runs, or has said why it does not. */
static int
read_report(int fd)
{
	int why = 0;
	ssize_t n;

	do
		n = read(fd, &why, sizeof(why));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(why) ? why : 0;
}

static ab_status
start_child(struct program *p, char *const argv[], struct error *e)
{
	char *env[ENV_MAX + 1], tmpdir[PROGRAM_PATH + 8];
	struct child c = {.argv = argv, .env = env, .in = -1, .out = -1, .err = -1, .report = -1};
	int report = -1, why = 0, own = p->scratch[0] != '\0';

	c.parent = getpid();
	snprintf(tmpdir, sizeof(tmpdir), "TMPDIR=%s", p->scratch);
	env[0] = tmpdir;
	environment_pick(allowed + own, env, own, ENV_MAX);
	if (open_pipes(p, &c, &report) == 0) {
		p->pid = fork();
		if (p->pid == 0)
			child_main(&c);
		why = p->pid < 0 ? errno : 0;
	} else {
		why = errno;
	}
	close_fd(&c.in);
	close_fd(&c.out);
	close_fd(&c.err);
	close_fd(&c.report);
	if (p->pid > 0) {
		setpgid(p->pid, p->pid);
		tell_guard(p, p->pid);
		why = read_report(report);
		p->pid_fd = pidfd_open(p->pid, 0);
	} else {
		p->pid = 0;
	}
	close_fd(&report);
	if (why == 0 && p->pid_fd >= 0)
		return AB_OK;
	return error_set(e, class_of(why != 0 ? why : errno), "cannot run %s: %s", argv[0],
	    why == ENOENT ? "it, or the interpreter in its first line, is not there"
			  : strerror(why != 0 ? why : errno));
}

ab_status
program_start(struct program *p, char *const argv[], struct error *e)
{
	if (p->guard > 0 || start_guard(p, e) == AB_OK)
		start_child(p, argv, e);
	if (e->status != AB_OK)
		program_end(p);
	return e->status;
}

void
program_stop(const struct program *p)
{
	if (p->pid > 0 && kill(-p->pid, SIGTERM) != 0)
		kill(p->pid, SIGTERM);
}

/* Until it is reaped its number cannot become somebody else's.  It may have left its own process group. */
void
program_kill(const struct program *p)
{
	if (p->pid <= 0)
		return;
	kill(-p->pid, SIGKILL);
	kill(p->pid, SIGKILL);
}

int
program_ended(const struct program *p, siginfo_t *info)
{
	memset(info, 0, sizeof(*info));
	return p->pid > 0 && waitid(P_PID, (id_t)p->pid, info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info->si_pid != 0;
}

void
program_end(struct program *p)
{
	siginfo_t info;

	program_kill(p);
	while (p->pid > 0 && waitid(P_PID, (id_t)p->pid, &info, WEXITED) != 0 && errno == EINTR)
		continue;
	p->pid = 0;
	close_fd(&p->pid_fd);
	close_fd(&p->out_fd);
	close_fd(&p->err_fd);
	remove_files(p); /* while there is still a guard to do it */
	end_guard(p);
	for (int i = 0; i < PROGRAM_FILES; i++)
		free(p->files[i]);
	program_init(p);
}

int
program_find(const char *name, char path[PROGRAM_PATH])
{
	const char *list = getenv("PATH");

	if (strchr(name, '/') != NULL)
		return snprintf(path, PROGRAM_PATH, "%s", name) < PROGRAM_PATH &&
			access(path, X_OK) == 0
		    ? 0
		    : -1;
	while (list != NULL && *list != '\0') {
		size_t len = strcspn(list, ":");
		struct stat st;
		int n = snprintf(
		    path, PROGRAM_PATH, "%.*s%s%s", (int)len, list, len == 0 ? "./" : "/", name);

		if (n < PROGRAM_PATH && access(path, X_OK) == 0 && stat(path, &st) == 0 &&
		    S_ISREG(st.st_mode))
			return 0;
		list += len + (list[len] == ':');
	}
	return -1;
}

const char *
program_how(const siginfo_t *info, char out[PROGRAM_HOW])
{
	if (info->si_code == CLD_EXITED)
		snprintf(out, PROGRAM_HOW, "exit status %d", info->si_status);
	else
		snprintf(out, PROGRAM_HOW, "signal %d (%s)", info->si_status,
		    strsignal(info->si_status));
	return out;
}
