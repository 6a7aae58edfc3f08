/* spawn.c - see spawn.h.  Must never let the worker inherit a descriptor or a variable by accident. */
#include "config.h"

#include "source/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/environment.h"
#include "worker/chan.h"

#define FIRST_FREE_FD 10 /* above every number that the worker's descriptors get */
#define ENV_MAX	      64

/* What a worker may see of the environment; a name that ends in '*' is a prefix.  Not all that begins like our own
 * variables: a user may call his secrets so. */
static const char *const allowed[] = {"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "all_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "CURL_CA_BUNDLE", "TZ", "LANG", "LC_*", "ABHOST_CALL_TIMEOUT", "GLIBC_TUNABLES", "ASAN_OPTIONS",
    "UBSAN_OPTIONS", "LSAN_OPTIONS", "MALLOC_*", NULL};

/* ABHOST_WORKER; or beside this program, in a build tree; or where it was installed. */
static int
find_worker(char *path, size_t size)
{
	const char *set = secure_getenv("ABHOST_WORKER");
	ssize_t n;

	if (set != NULL && *set != '\0')
		return snprintf(path, size, "%s", set) < (int)size ? 0 : -1;
	n = readlink("/proc/self/exe", path, size - 1);
	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n > 0 && (size_t)n + sizeof("abhost-worker") <= size) {
		memcpy(path + n, "abhost-worker", sizeof("abhost-worker"));
		if (access(path, X_OK) == 0)
			return 0;
	}
	return snprintf(path, size, "%s/abhost-worker", PKGLIBEXECDIR) < (int)size ? 0 : -1;
}

/* fds: the worker's three, then what it prints to. */
static int
add_actions(posix_spawn_file_actions_t *a, const int fds[4])
{
	int rc = posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDONLY, 0);

	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(a, fds[3], 1);
	if (rc == 0)
		rc = posix_spawn_file_actions_adddup2(a, fds[3], 2);
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = posix_spawn_file_actions_adddup2(a, fds[i], CHAN_FD + i);
	return rc != 0 ? rc : posix_spawn_file_actions_addclosefrom_np(a, CHAN_FD + 3);
}

static int
set_attributes(posix_spawnattr_t *a)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawnattr_setsigdefault(a, &all);
	posix_spawnattr_setsigmask(a, &none);
	posix_spawnattr_setpgroup(a, 0);
	return posix_spawnattr_setflags(
	    a, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP);
}

static int
run(struct spawn *p, const char *path, const int fds[4])
{
	char parent[24], *env[ENV_MAX + 1];
	char name[] = "abhost-worker";
	char *argv[] = {name, parent, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc;

	snprintf(parent, sizeof(parent), "%ld", (long)getpid());
	environment_pick(allowed, env, 0, ENV_MAX);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attr);
	rc = add_actions(&actions, fds);
	if (rc == 0)
		rc = set_attributes(&attr);
	if (rc == 0)
		rc = posix_spawn(&p->pid, path, &actions, &attr, argv, env);
	if (rc != 0)
		p->pid = 0;
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static void
close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Runs it with copies of the descriptors, whose numbers do not collide with those that the worker's get. */
static int
run_with(struct spawn *p, const char *path, const int in[4])
{
	int fds[4] = {-1, -1, -1, -1}, rc = 0;

	for (int i = 0; i < 4 && rc == 0; i++)
		if ((fds[i] = fcntl(in[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD)) < 0)
			rc = errno;
	if (rc == 0)
		rc = run(p, path, fds);
	for (int i = 0; i < 4; i++)
		close_fd(&fds[i]);
	return rc;
}

ab_status
spawn_worker(struct spawn *p, int fd, int mem_fd, int so_fd, struct error *e)
{
	int out[2], rc;
	char path[4096];

	*p = (struct spawn){.pid_fd = -1, .log_fd = -1};
	if (find_worker(path, sizeof(path)) != 0)
		return error_set(e, AB_ECONFIG, "the path of abhost-worker is too long");
	if (pipe2(out, O_CLOEXEC) != 0)
		return error_set(
		    e, AB_ENOMEM, "no pipe for what the worker prints: %s", strerror(errno));
	rc = run_with(p, path, (const int[]){fd, mem_fd, so_fd, out[1]});
	close(out[1]);
	p->log_fd = out[0];
	fcntl(p->log_fd, F_SETFL, O_NONBLOCK);
	if (rc == 0 && (p->pid_fd = pidfd_open(p->pid, 0)) >= 0)
		return AB_OK;
	error_set(e, AB_ECONFIG,
	    "cannot start %s: %s; install abhost as a whole, or name it with ABHOST_WORKER", path,
	    strerror(rc != 0 ? rc : errno));
	spawn_end(p);
	return AB_ECONFIG;
}

int
spawn_ended(const struct spawn *p, siginfo_t *info)
{
	memset(info, 0, sizeof(*info));
	return p->pid > 0 && waitid(P_PID, (id_t)p->pid, info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info->si_pid != 0;
}

int
spawn_wait(const struct spawn *p, int ms)
{
	struct pollfd fd = {.fd = p->pid_fd, .events = POLLIN};
	int n;

	do
		n = poll(&fd, 1, ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

void
spawn_end(struct spawn *p)
{
	siginfo_t info;

	if (p->pid > 0) {
		/* Before it is reaped: until then its number cannot become somebody else's. */
		kill(-p->pid, SIGKILL);
		while (waitid(P_PID, (id_t)p->pid, &info, WEXITED) != 0 && errno == EINTR)
			;
	}
	p->pid = 0;
	close_fd(&p->pid_fd);
	close_fd(&p->log_fd);
}
