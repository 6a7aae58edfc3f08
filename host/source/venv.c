/* venv.c - see venv.h.  pip is run like any other program of somebody else's (program.h). */
#define _GNU_SOURCE /* secure_getenv */
#include "source/venv.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/tree.h"
#include "data/jsonread.h"
#include "data/jsontext.h"
#include "source/program.h"

#define FORMAT	1
#define TOLD	1500 /* bytes of pip's last words in an error */
#define HEARD	((size_t)1 << 20)
#define MAX_KEY 240 /* with .json.new it is still the name of a file */

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for a virtual environment");
}

/* The folder of them all, made where it is not there. */
static ab_status
find_home(char home[PROGRAM_PATH], int create, struct error *e)
{
	const char *data = secure_getenv("XDG_DATA_HOME"), *user = secure_getenv("HOME");
	int n = -1;

	if (data != NULL && data[0] == '/')
		n = snprintf(home, PROGRAM_PATH, "%s/abhost/python", data);
	else if (user != NULL && user[0] == '/')
		n = snprintf(home, PROGRAM_PATH, "%s/.local/share/abhost/python", user);
	if (n < 0 || n >= PROGRAM_PATH - MAX_KEY - 32)
		return error_set(e, AB_ECONFIG,
		    "there is no place for Python's packages: set HOME or XDG_DATA_HOME to an absolute path");
	for (char *p = home + 1; create && *p != '\0'; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		(void)mkdir(home, 0755);
		*p = '/';
	}
	if (create && mkdir(home, 0700) != 0 && errno != EEXIST)
		return error_set(e, AB_ECONFIG, "cannot make the folder %s: %m", home);
	return AB_OK;
}

/* What pip is asked for, as the name of a folder; of what is not the same (x<2, x>2) never the same. */
static ab_status
make_key(const char *source, char key[MAX_KEY], struct error *e)
{
	size_t len = 0;

	if (source[0] == '\0' || source[0] == '-' || source[0] == '.')
		return error_set(e, AB_ECONFIG,
		    "--python takes a package, as in airbyte-source-faker or airbyte-source-faker==7.2.1");
	for (const char *p = source; *p != '\0' && len < MAX_KEY; p++) {
		int fine = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ||
		    (*p >= '0' && *p <= '9') || strchr("-_.=~+", *p) != NULL;
		int n =
		    snprintf(key + len, MAX_KEY - len, fine ? "%c" : ",%02x", (unsigned char)*p);

		len += (size_t)n;
	}
	if (len >= MAX_KEY)
		return error_set(e, AB_ECONFIG,
		    "--python: the package is too long to be a folder's name: %s", source);
	return AB_OK;
}

static void
hear(int fd, struct buf *heard)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(fd, bytes, sizeof(bytes))) > 0) {
		if (heard->len + (size_t)n > HEARD - 1)
			buf_reset(heard);
		buf_add(heard, bytes, (size_t)n);
	}
}

/* Runs it to its end; what it prints, on either, goes to heard.  0: it ended well. */
static int
run_program(char *const argv[], struct buf *heard, struct error *e)
{
	struct program p;
	siginfo_t info;
	char how[PROGRAM_HOW];
	int ended;

	program_init(&p);
	if (program_start(&p, argv, e) != AB_OK)
		return -1;
	do {
		struct pollfd fds[3] = {{.fd = p.out_fd, .events = POLLIN},
		    {.fd = p.err_fd, .events = POLLIN}, {.fd = p.pid_fd, .events = POLLIN}};

		(void)poll(fds, 3, 200);
		ended = program_ended(&p, &info);
		hear(p.out_fd, heard);
		hear(p.err_fd, heard);
	} while (!ended);
	program_end(&p);
	if (info.si_code == CLD_EXITED && info.si_status == 0)
		return 0;
	error_set(e, AB_ECONFIG, "%s", program_how(&info, how));
	return -1;
}

/* argv from texts; run_program does not change them. */
static int
run_words(const char *const words[], struct buf *heard, struct error *e)
{
	char *argv[12] = {NULL};

	for (int i = 0; i < 11 && words[i] != NULL; i++)
		argv[i] = (char *)(uintptr_t)words[i];
	return run_program(argv, heard, e);
}

/* The error with the last of what was printed. */
static ab_status
tell(const char *what, const struct buf *heard, struct error *e)
{
	size_t n = heard->len > TOLD ? TOLD : heard->len;
	struct error why = *e;

	error_clear(e);
	return error_set(e, AB_ECONFIG, "%s: %s; nothing of it was kept\n%.*s", what, why.text,
	    (int)n, heard->len > 0 ? heard->ptr + heard->len - n : "");
}

static ab_status
install(const char *folder, const char *source, struct error *e)
{
	const char *chosen = getenv("ABHOST_PYTHON");
	char python[PROGRAM_PATH], inside[PROGRAM_PATH];
	struct buf heard;

	if (chosen == NULL || *chosen == '\0')
		chosen = "python3";
	if (program_find(chosen, python) != 0)
		return error_set(e, AB_ECONFIG,
		    "%s is not there: --python needs Python 3 with venv (apt-get install python3-venv), or ABHOST_PYTHON "
		    "must name one",
		    chosen);
	if (snprintf(inside, sizeof(inside), "%s/bin/python", folder) >= (int)sizeof(inside))
		return error_set(e, AB_ECONFIG, "the path of %s is too long", folder);
	buf_init(&heard, HEARD);
	if (run_words((const char *const[]){python, "-m", "venv", folder, NULL}, &heard, e) != 0)
		tell("cannot make a virtual environment", &heard, e);
	else if (run_words(
		     (const char *const[]){inside, "-m", "pip", "install",
			 "--disable-pip-version-check", "--no-input", "--no-color", source, NULL},
		     &heard, e) != 0)
		tell("pip could not install the package", &heard, e);
	buf_fini(&heard);
	return e->status;
}

/* What was installed, by the package's own word; "unknown" where that cannot be told. */
static char *
ask_version(const char *folder, const char *package)
{
	static const char code[] =
	    "import sys, importlib.metadata as m; print(m.version(sys.argv[1]), end='')";
	char inside[PROGRAM_PATH], *out;
	struct error ignored = ERROR_INIT;
	struct buf heard;
	int known;

	buf_init(&heard, HEARD);
	known = snprintf(inside, sizeof(inside), "%s/bin/python", folder) < (int)sizeof(inside) &&
	    run_words((const char *const[]){inside, "-c", code, package, NULL}, &heard, &ignored) ==
		0 &&
	    heard.len > 0 && heard.len < 64;
	out = known ? buf_steal(&heard) : strdup("unknown");
	buf_fini(&heard);
	return out;
}

static int
write_file(const char *path, const char *text)
{
	char beside[PROGRAM_PATH];
	size_t len = strlen(text);
	int fd, failed;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return -1;
	fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	failed = write(fd, text, len) != (ssize_t)len || fsync(fd) != 0;
	failed |= close(fd) != 0;
	if (!failed && rename(beside, path) == 0)
		return 0;
	unlink(beside);
	return -1;
}

/* From here on it counts. */
static ab_status
describe(const char *folder, const char *source, const char *name, struct error *e)
{
	char file[PROGRAM_PATH], now[CLOCK_TEXT], *version, *text = NULL;
	char *package = strndup(source, strcspn(source, "=<>!~[ @;"));
	json_t *about;

	version = package == NULL ? NULL : ask_version(folder, package);
	about = json_pack("{s:i, s:s, s:s, s:s, s:s, s:s}", "format", FORMAT, "name", name,
	    "package", package, "version", version, "source", source, "installed",
	    clock_format(clock_now_us(), now));
	if (about != NULL)
		text = jsontext_make(about, JSON_INDENT(2));
	if (text == NULL || snprintf(file, sizeof(file), "%s.json", folder) >= (int)sizeof(file))
		no_memory(e);
	else if (write_file(file, text) != 0)
		error_set(e, AB_ECONFIG, "cannot write %s: %m", file);
	json_decref(about);
	free(text);
	free(version);
	free(package);
	return e->status;
}

static ab_status
check_program(const char *folder, const char *name, char **program, struct error *e)
{
	char path[PROGRAM_PATH];

	if (snprintf(path, sizeof(path), "%s/bin/%s", folder, name) >= (int)sizeof(path) ||
	    access(path, X_OK) != 0)
		return error_set(e, AB_ECONFIG,
		    "the package has no program %s: name the connector as its program is called, as in "
		    "airbyte:source-faker",
		    name);
	*program = strdup(path);
	return *program != NULL ? AB_OK : no_memory(e);
}

/* Made, or made anew where one was left half-made; whoever else wants the same waits. */
static ab_status
make(const char *folder, const char *source, const char *name, char **program, struct error *e)
{
	char file[PROGRAM_PATH];
	struct stat st;

	if (snprintf(file, sizeof(file), "%s.json", folder) >= (int)sizeof(file))
		return error_set(e, AB_ECONFIG, "the path of %s is too long", folder);
	if (stat(file, &st) == 0)
		return check_program(folder, name, program, e);
	log_line(AB_INFO, "installing %s, which is done once and may take minutes", source);
	(void)tree_remove(folder);
	if (install(folder, source, e) == AB_OK && check_program(folder, name, program, e) == AB_OK)
		describe(folder, source, name, e);
	if (e->status != AB_OK)
		(void)tree_remove(folder);
	return e->status;
}

ab_status
venv_get(const char *source, const char *name, char **program, struct error *e)
{
	char home[PROGRAM_PATH], key[MAX_KEY], folder[PROGRAM_PATH + MAX_KEY],
	    lock[PROGRAM_PATH + MAX_KEY + 8];
	int fd;

	*program = NULL;
	if (make_key(source, key, e) != AB_OK || find_home(home, 1, e) != AB_OK)
		return e->status;
	if (*name == '\0' || strchr(name, '/') != NULL)
		return error_set(e, AB_ECONFIG,
		    "with --python the connector is the name of the package's program, as in airbyte:source-faker");
	snprintf(folder, sizeof(folder), "%s/%s", home, key);
	snprintf(lock, sizeof(lock), "%s/.%s.lock", home, key);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		error_set(e, AB_ECONFIG, "cannot lock %s: %m", lock);
	else
		make(folder, source, name, program, e);
	if (fd >= 0)
		close(fd);
	return e->status;
}

static const char *
text_at(const json_t *about, const char *key)
{
	const char *text = json_string_value(json_object_get(about, key));

	return text == NULL ? "" : text;
}

static ab_status
visit(const char *home, const char *file, ab_status (*each)(void *, const struct venv *), void *ctx)
{
	char path[PROGRAM_PATH + 300], folder[PROGRAM_PATH + 300], program[PROGRAM_PATH + 600];
	struct venv v;
	json_t *about;
	ab_status rc = AB_OK;

	snprintf(path, sizeof(path), "%s/%s", home, file);
	snprintf(folder, sizeof(folder), "%.*s", (int)(strlen(path) - 5), path);
	about = jsonread_file(path, 0, NULL);
	v = (struct venv){.name = text_at(about, "name"),
	    .package = text_at(about, "package"),
	    .version = text_at(about, "version"),
	    .source = text_at(about, "source"),
	    .folder = folder,
	    .program = program};
	snprintf(program, sizeof(program), "%s/bin/%.255s", folder, v.name);
	if (*v.name != '\0' && strchr(v.name, '/') == NULL && access(program, X_OK) == 0)
		rc = each(ctx, &v);
	json_decref(about);
	return rc;
}

ab_status
venv_each(ab_status (*each)(void *ctx, const struct venv *v), void *ctx)
{
	char home[PROGRAM_PATH];
	const struct dirent *d;
	ab_status rc = AB_OK;
	DIR *dir = find_home(home, 0, NULL) == AB_OK ? opendir(home) : NULL;

	while (dir != NULL && rc == AB_OK && (d = readdir(dir)) != NULL) {
		size_t n = strlen(d->d_name);

		if (n > 5 && d->d_name[0] != '.' && strcmp(d->d_name + n - 5, ".json") == 0)
			rc = visit(home, d->d_name, each, ctx);
	}
	if (dir != NULL)
		closedir(dir);
	return rc;
}

struct search {
	const char *name;
	char *found;
	struct timespec when;
};

static ab_status
look_at(void *ctx, const struct venv *v)
{
	struct search *s = ctx;
	struct stat st;
	char *copy;

	if (strcmp(v->name, s->name) != 0 || stat(v->folder, &st) != 0 ||
	    (s->found != NULL &&
		(st.st_ctim.tv_sec < s->when.tv_sec ||
		    (st.st_ctim.tv_sec == s->when.tv_sec && st.st_ctim.tv_nsec < s->when.tv_nsec))))
		return AB_OK;
	if ((copy = strdup(v->program)) == NULL)
		return AB_ENOMEM;
	free(s->found);
	s->found = copy;
	s->when = st.st_ctim;
	return AB_OK;
}

char *
venv_find(const char *name)
{
	struct search s = {.name = name};

	(void)venv_each(look_at, &s);
	return s.found;
}

struct removal {
	const char *name;
	size_t gone;
	void (*each)(const struct venv *v);
	struct error *e;
};

/* What says that it counts goes first. */
static ab_status
take_away(const struct venv *v, struct error *e)
{
	char file[PROGRAM_PATH + 600];

	snprintf(file, sizeof(file), "%s.json", v->folder);
	if (unlink(file) != 0)
		return error_set(e, AB_ECONFIG, "%s: cannot be removed: %m", file);
	(void)tree_remove(v->folder);
	if (access(v->folder, F_OK) == 0)
		return error_set(e, AB_ECONFIG, "%s: cannot be removed as a whole", v->folder);
	return AB_OK;
}

static ab_status
remove_named(void *ctx, const struct venv *v)
{
	struct removal *r = ctx;
	const char *base = strrchr(v->folder, '/') + 1;
	char lock[PROGRAM_PATH + 600];
	int fd;

	if (strcmp(v->name, r->name) != 0)
		return AB_OK;
	snprintf(lock, sizeof(lock), "%.*s.%s.lock", (int)(base - v->folder), v->folder, base);
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) != 0)
		error_set(r->e, AB_ECONFIG, "cannot lock %s: %m", lock);
	else if (take_away(v, r->e) == AB_OK) {
		r->gone++;
		r->each(v);
	}
	if (fd >= 0)
		close(fd);
	return r->e->status;
}

ab_status
venv_remove(const char *name, void (*each)(const struct venv *v), struct error *e)
{
	struct removal r = {.name = name, .each = each, .e = e};

	if (venv_each(remove_named, &r) == AB_OK && r.gone == 0)
		error_set(e, AB_ECONFIG,
		    "abhost has installed no program %s with --python (`abhost list` shows what it has)",
		    name);
	return e->status;
}
