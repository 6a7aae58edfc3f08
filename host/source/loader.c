/* loader.c - see loader.h: names, places, and whether a file may be trusted at all. */
#define _GNU_SOURCE /* secure_getenv */
#include "source/loader.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "data/near.h"
#include "source/loader_internal.h"

#define MAX_FOLDERS 64
#define MAX_PATH    4096u

struct folders {
	size_t n;
	char *path[MAX_FOLDERS];
};

void
loader_file_fini(struct loader_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->program);
	free(f->id);
	free(f->version);
	free(f->spec);
	for (char **p = f->needed; p != NULL && *p != NULL; p++)
		free(*p);
	free(f->needed);
	pin_fini(&f->pin);
	*f = (struct loader_file){.fd = -1};
}

/* The group that many systems make for each user, of the same number: its members are that user alone. */
static int
is_own_group(const struct stat *st)
{
	return st->st_uid != 0 && st->st_uid == geteuid() && st->st_gid == st->st_uid;
}

static ab_status
check_owner(const struct stat *st, int searched, struct error *e)
{
	const char *kind = S_ISDIR(st->st_mode) ? "its folder" : "it";

	if ((st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && !is_own_group(st)))
		return error_set(
		    e, AB_ECONFIG, "%s may be changed by other users (chmod go-w first)", kind);
	if (searched && st->st_uid != 0 && st->st_uid != geteuid())
		return error_set(e, AB_ECONFIG, "%s belongs to user %u, not to you or root", kind,
		    (unsigned)st->st_uid);
	return AB_OK;
}

static ab_status
open_once(const char *path, int searched, struct loader_file *out, struct error *e)
{
	struct stat st;
	ab_status rc;

	*out = (struct loader_file){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)};
	if (out->fd < 0 || fstat(out->fd, &st) != 0)
		return error_set(e, AB_ECONFIG, "%s",
		    errno == ENOENT ? "there is no such file" : strerror(errno));
	out->path = strdup(path);
	if (out->path == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	if (!S_ISREG(st.st_mode))
		return error_set(e, AB_ECONFIG, "%s, not a file",
		    S_ISDIR(st.st_mode) ? "a folder" : "a device or pipe");
	rc = check_owner(&st, searched, e);
	if (rc == AB_OK)
		rc = pin_check(path, &out->fd, &out->pin, &out->pinned, e);
	if (rc == AB_OK)
		rc = loader_unwrap(&out->fd, st.st_size, e);
	return rc == AB_OK ? descriptor_read(out, e) : rc;
}

/* Opens and describes one file; sentences do not name it.  One of the search path that differs from its pin may be between
 * the two steps of an installation: then it is looked at again when that has ended. */
static ab_status
open_file(const char *path, int searched, struct loader_file *out, struct error *e)
{
	struct error why = ERROR_INIT;
	ab_status rc = open_once(path, searched, out, &why);
	int lock = searched && out->pinned == PIN_CHANGED ? pin_lock(path, 0) : -1;

	if (lock >= 0) {
		loader_file_fini(out);
		error_clear(&why);
		rc = open_once(path, searched, out, &why);
		close(lock);
	}
	return rc == AB_OK ? AB_OK : error_set(e, rc, "%s", why.text);
}

static void
add_folder(struct folders *f, const char *head, size_t len, const char *tail)
{
	struct buf path;

	if (len == 0 || f->n == MAX_FOLDERS)
		return;
	buf_init(&path, MAX_PATH);
	buf_add(&path, head, len);
	buf_adds(&path, tail);
	f->path[f->n] = path.failed ? NULL : buf_steal(&path);
	f->n += f->path[f->n] != NULL;
	buf_fini(&path);
}

static void
add_user_folder(struct folders *f)
{
	const char *data = secure_getenv("XDG_DATA_HOME"), *home = secure_getenv("HOME");

	if (data != NULL && data[0] == '/')
		add_folder(f, data, strlen(data), "/abhost/connectors");
	else if (home != NULL && home[0] == '/')
		add_folder(f, home, strlen(home), "/.local/share/abhost/connectors");
}

char *
loader_user_folder(void)
{
	struct folders f = {.n = 0};

	add_user_folder(&f);
	return f.n == 0 ? NULL : f.path[0];
}

static void
folders_init(struct folders *f)
{
	const char *list = secure_getenv("ABHOST_CONNECTOR_PATH");

	f->n = 0;
	while (list != NULL && *list != '\0') {
		size_t len = strcspn(list, ":");

		add_folder(f, list, len, "");
		list += len + (list[len] == ':');
	}
	add_user_folder(f);
	add_folder(f, CONNECTORDIR, strlen(CONNECTORDIR), "");
}

static void
folders_fini(struct folders *f)
{
	while (f->n > 0)
		free(f->path[--f->n]);
}

ab_status
loader_check_folder(const char *path, struct error *e)
{
	struct stat st;

	if (path[0] != '/')
		return error_set(e, AB_ECONFIG, "not an absolute path");
	if (stat(path, &st) != 0)
		return error_set(e, AB_ECONFIG, "%s",
		    errno == ENOENT ? "there is no such folder" : strerror(errno));
	if (!S_ISDIR(st.st_mode))
		return error_set(e, AB_ECONFIG, "not a folder");
	return check_owner(&st, 1, e);
}

/* On the search path a file is called ID.so, so that a name leads to it. */
static ab_status
check_name(const struct loader_file *f, const char *name, struct error *e)
{
	size_t len = f->id != NULL ? strlen(f->id) : 0;

	if (f->id == NULL || (strncmp(name, f->id, len) == 0 && strcmp(name + len, ".so") == 0))
		return AB_OK;
	return error_set(e, AB_ECONFIG, "its id is %s: call the file %s.so", f->id, f->id);
}

/* One place of the search; AB_OK and *out where it has a usable connector of this id. */
static ab_status
try_folder(
    const char *folder, const char *id, struct loader_file *out, struct buf *path, struct error *e)
{
	ab_status rc = loader_check_folder(folder, e);

	buf_reset(path);
	buf_addf(path, "%s/%s.so", folder, id);
	if (path->failed)
		return error_set(e, AB_ECONFIG, "the path is too long");
	if (rc != AB_OK)
		return rc;
	rc = open_file(buf_str(path), 1, out, e);
	return rc == AB_OK ? check_name(out, strrchr(out->path, '/') + 1, e) : rc;
}

struct nearest {
	const char *name;
	char found[80];
};

static ab_status
note_near(void *ctx, const struct loader_file *f, const char *why)
{
	struct nearest *n = ctx;

	if (why == NULL && n->found[0] == '\0' && near_word(n->name, f->id))
		memcpy(n->found, f->id, strlen(f->id) + 1);
	return AB_OK;
}

static ab_status
refuse_id(const char *id, const struct buf *places, ab_status why, struct error *e)
{
	struct nearest n = {.name = id};

	loader_each(note_near, &n, NULL);
	if (n.found[0] != '\0')
		return error_set(e, why, "no usable connector \"%s\"; is %s meant?%s", id, n.found,
		    buf_str(places));
	return error_set(e, why,
	    "no usable connector \"%s\" (`abhost list` shows what is installed):%s", id,
	    buf_str(places));
}

static ab_status
find_id(const char *id, struct loader_file *out, struct error *e)
{
	struct folders f;
	struct buf places, path;
	ab_status rc = AB_ECONFIG, why = AB_ECONFIG;

	folders_init(&f);
	buf_init(&places, 1700);
	buf_init(&path, MAX_PATH);
	for (size_t i = 0; i < f.n; i++) {
		struct error passed = ERROR_INIT;

		loader_file_fini(out);
		rc = try_folder(f.path[i], id, out, &path, &passed);
		if (rc == AB_OK)
			break;
		if (out->pinned == PIN_CHANGED) {
			why = error_set(e, rc, "%s: %s", buf_str(&path), passed.text);
			break;
		}
		if (rc == AB_EUNSUPPORTED)
			why = rc;
		buf_addf(&places, "\n  %s: %s", buf_str(&path), passed.text);
	}
	if (rc != AB_OK && out->pinned != PIN_CHANGED)
		refuse_id(id, &places, why, e);
	buf_fini(&path);
	buf_fini(&places);
	folders_fini(&f);
	return rc == AB_OK ? AB_OK : why;
}

static int
ends_in_so(const char *name)
{
	size_t n = strlen(name);

	return n > 3 && strcmp(name + n - 3, ".so") == 0;
}

ab_status
loader_open(const char *path, struct loader_file *out, struct error *e)
{
	struct error why = ERROR_INIT;
	ab_status rc = open_file(path, 0, out, &why);

	return rc == AB_OK ? AB_OK : error_set(e, rc, "%s: %s", path, why.text);
}

ab_status
loader_find(const char *name, struct loader_file *out, struct error *e)
{
	*out = (struct loader_file){.fd = -1};
	if (name[0] == '\0' || strlen(name) >= MAX_PATH)
		return error_set(e, AB_ECONFIG, "the connector's name is empty or too long");
	if (strncmp(name, LOADER_FOREIGN, strlen(LOADER_FOREIGN)) == 0)
		return loader_foreign(name + strlen(LOADER_FOREIGN), out, e);
	if (strchr(name, '/') == NULL && !ends_in_so(name))
		return find_id(name, out, e);
	return loader_open(name, out, e);
}

static int
is_connector_name(const struct dirent *d)
{
	return d->d_name[0] != '.' && ends_in_so(d->d_name);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* One file of folder i; an earlier folder's file of the same name hides it. */
static ab_status
visit_file(const struct folders *f, size_t i, const char *name,
    ab_status (*each)(void *, const struct loader_file *, const char *), void *ctx)
{
	struct loader_file file = {.fd = -1};
	struct error why = ERROR_INIT;
	struct buf path;
	ab_status rc = AB_OK;

	buf_init(&path, MAX_PATH);
	for (size_t k = 0; k < i && why.status == AB_OK; k++) {
		buf_reset(&path);
		buf_addf(&path, "%s/%s", f->path[k], name);
		if (f->path[k][0] == '/' && access(buf_str(&path), F_OK) == 0)
			error_set(&why, AB_ECONFIG, "hidden by %s", buf_str(&path));
	}
	buf_reset(&path);
	buf_addf(&path, "%s/%s", f->path[i], name);
	if (!path.failed) {
		open_file(buf_str(&path), 1, &file, &why);
		if (file.path == NULL)
			file.path = strdup(buf_str(&path));
		check_name(&file, name, &why);
		if (file.path != NULL)
			rc = each(ctx, &file, why.status != AB_OK ? why.text : NULL);
	}
	loader_file_fini(&file);
	buf_fini(&path);
	return rc;
}

static ab_status
visit_folder(const struct folders *f, size_t i,
    ab_status (*each)(void *, const struct loader_file *, const char *), void *ctx)
{
	struct dirent **names = NULL;
	ab_status rc = AB_OK;
	int n = loader_check_folder(f->path[i], NULL) == AB_OK
	    ? scandir(f->path[i], &names, is_connector_name, by_name)
	    : 0;

	for (int k = 0; k < n; k++) {
		if (rc == AB_OK)
			rc = visit_file(f, i, names[k]->d_name, each, ctx);
		free(names[k]);
	}
	free(names);
	return rc;
}

ab_status
loader_each(ab_status (*each)(void *ctx, const struct loader_file *f, const char *why), void *ctx,
    struct error *e)
{
	struct folders f;
	ab_status rc = AB_OK;

	folders_init(&f);
	if (f.n == 0)
		rc = error_set(e, AB_ENOMEM, "no memory for the search path");
	for (size_t i = 0; i < f.n && rc == AB_OK; i++)
		rc = visit_folder(&f, i, each, ctx);
	folders_fini(&f);
	return rc;
}

char *
loader_folders(void)
{
	struct folders f;
	struct buf text;

	folders_init(&f);
	buf_init(&text, MAX_FOLDERS * MAX_PATH);
	for (size_t i = 0; i < f.n; i++) {
		struct error why = ERROR_INIT;

		loader_check_folder(f.path[i], &why);
		buf_addf(&text, "%s%s%s%s\n", f.path[i], why.status != AB_OK ? " (" : "", why.text,
		    why.status != AB_OK ? ")" : "");
	}
	folders_fini(&f);
	return buf_steal(&text);
}
