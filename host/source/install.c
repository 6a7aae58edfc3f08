/* install.c - see install.h. */
#define _GNU_SOURCE /* asprintf, mkostemp */
#include "source/install.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

void
install_fini(struct install *i)
{
	free(i->path);
	free(i->replaced);
	*i = (struct install){.path = NULL};
}

static int
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The place of a character that is no digit: what announces a version before this one stands before its end. */
static int
rank_of(char c)
{
	return c == '~' ? -2 : c == '-' ? -1 : (unsigned char)c;
}

/* Compares the numbers at *a and *b, however long, and steps behind them. */
static int
compare_numbers(const char **a, const char **b)
{
	size_t na, nb;
	int order;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	na = strspn(*a, "0123456789");
	nb = strspn(*b, "0123456789");
	order = na != nb ? (na < nb ? -1 : 1) : memcmp(*a, *b, na);
	*a += na;
	*b += nb;
	return order;
}

int
install_compare_versions(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		if (is_digit(*a) && is_digit(*b)) {
			int order = compare_numbers(&a, &b);

			if (order != 0)
				return order;
		} else if (*a != *b) {
			return rank_of(*a) - rank_of(*b);
		} else {
			a++;
			b++;
		}
	}
	return 0;
}

/* mkdir -p, for us alone to write. */
static ab_status
make_folder(const char *path, struct error *e)
{
	char *part = strdup(path);

	if (part == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	for (char *p = part + 1; e->status == AB_OK; p++) {
		char was = *p;

		if (was != '/' && was != '\0')
			continue;
		*p = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			error_set(e, AB_ECONFIG, "cannot make %s: %s", part, strerror(errno));
		*p = was;
		if (was == '\0')
			break;
	}
	free(part);
	return e->status;
}

/* ID.so in the user's folder. */
static ab_status
user_path(const char *id, int make, char **path, struct error *e)
{
	char *folder = loader_user_folder();
	ab_status rc = AB_OK;

	*path = NULL;
	if (folder == NULL)
		return error_set(e, AB_ECONFIG,
		    "no folder to install into: neither XDG_DATA_HOME nor HOME is an absolute path");
	if (make && (rc = make_folder(folder, e)) == AB_OK &&
	    loader_check_folder(folder, e) != AB_OK)
		rc = error_wrap(e, "%s", folder);
	if (rc == AB_OK && asprintf(path, "%s/%s.so", folder, id) < 0) {
		*path = NULL;
		rc = error_set(e, AB_ENOMEM, "no memory");
	}
	free(folder);
	return rc;
}

/* May `f` take the place of what is at out->path, and what is that?  out->done INSTALL_SAME: nothing is to be done. */
static ab_status
may_replace(const struct loader_file *f, const struct loader_file *old, ab_status usable,
    const char *why, struct install *out, struct error *e)
{
	char now[PIN_HEX];
	int order;

	out->done = INSTALL_REPLACED;
	if (old->fd >= 0 && pin_digest(old->fd, -1, now, NULL) == AB_OK &&
	    strcmp(now, out->sha256) == 0)
		out->done = old->pinned == PIN_HELD ? INSTALL_SAME : INSTALL_PINNED;
	if (old->version != NULL && (out->replaced = strdup(old->version)) == NULL)
		return error_set(e, AB_ENOMEM, "no memory");
	if (out->done != INSTALL_REPLACED || strcmp(old->pin.sha256, out->sha256) == 0)
		return AB_OK;
	if (usable == AB_ETRANSIENT || usable == AB_ENOMEM)
		return error_set(e, usable, "%s", why);
	if (usable != AB_OK)
		return error_set(e, AB_ECONFIG, "%s; --force replaces it", why);
	order = install_compare_versions(f->version, old->version);
	if (order > 0)
		return AB_OK;
	return error_set(e, AB_ECONFIG,
	    order == 0
		? "version %s is installed already, with other bytes: give this one a new version, or "
		  "replace it with --force"
		: "version %s is installed, which is newer; --force replaces it",
	    old->version);
}

static ab_status
look_at_old(const struct loader_file *f, int force, struct install *out, struct error *e)
{
	struct error why = ERROR_INIT, refused = ERROR_INIT;
	struct loader_file old;
	ab_status rc = AB_OK, usable;

	if (access(out->path, F_OK) != 0) {
		out->done = INSTALL_NEW;
		return AB_OK;
	}
	usable = loader_open(out->path, &old, &why);
	rc = may_replace(f, &old, usable, why.text, out, &refused);
	loader_file_fini(&old);
	return rc == AB_OK || (force && rc == AB_ECONFIG) ? AB_OK
							  : error_set(e, rc, "%s", refused.text);
}

/* A file that has no name yet but a temporary one; "" where there is none. */
struct draft {
	char *path; /* the name it will get */
	char temporary[4096 + 16];
};

static ab_status
fail_draft(const struct draft *d, ab_status status, struct error *e)
{
	return error_set(e, status, "%s: cannot be written: %s", d->path, strerror(errno));
}

/* -1, or its descriptor. */
static int
begin_draft(struct draft *d, struct error *e)
{
	int n = snprintf(d->temporary, sizeof(d->temporary), "%s.XXXXXX", d->path), fd = -1;

	if (n >= (int)sizeof(d->temporary))
		errno = ENAMETOOLONG;
	else
		fd = mkostemp(d->temporary, O_CLOEXEC);
	if (fd < 0) {
		d->temporary[0] = '\0';
		fail_draft(d, AB_ECONFIG, e);
	}
	return fd;
}

static ab_status
end_draft(const struct draft *d, int fd, struct error *e)
{
	if (e->status != AB_OK)
		error_wrap(e, "%s", d->path);
	else if (fchmod(fd, 0644) != 0 || fsync(fd) != 0)
		fail_draft(d, AB_ETRANSIENT, e);
	close(fd);
	return e->status;
}

static ab_status
draft_connector(struct draft *d, const struct loader_file *f, const char *sha256, struct error *e)
{
	char copied[PIN_HEX];
	int fd = begin_draft(d, e);

	if (fd < 0)
		return e->status;
	if (pin_digest(f->fd, fd, copied, e) == AB_OK && strcmp(copied, sha256) != 0)
		error_set(e, AB_ETRANSIENT, "the file changed while it was copied: try again");
	return end_draft(d, fd, e);
}

static ab_status
draft_pin(struct draft *d, const struct pin *pin, struct error *e)
{
	int fd = begin_draft(d, e);

	if (fd < 0)
		return e->status;
	pin_write(pin, fd, e);
	return end_draft(d, fd, e);
}

static ab_status
give_name(struct draft *d, struct error *e)
{
	if (rename(d->temporary, d->path) != 0)
		return fail_draft(d, AB_ECONFIG, e);
	d->temporary[0] = '\0';
	return AB_OK;
}

/* Both are written before either gets its name, the pin first: a full disk leaves what was there, and whatever happens
 * then, no file is loaded that nobody compared. */
static ab_status
put_both(
    const struct loader_file *f, const struct pin *pin, const struct install *out, struct error *e)
{
	struct draft connector = {.path = out->path}, beside = {.path = NULL};

	if (asprintf(&beside.path, "%s" PIN_SUFFIX, out->path) < 0)
		return error_set(e, AB_ENOMEM, "no memory");
	if (out->done != INSTALL_PINNED)
		draft_connector(&connector, f, out->sha256, e);
	if (e->status == AB_OK)
		draft_pin(&beside, pin, e);
	if (e->status == AB_OK)
		give_name(&beside, e);
	if (e->status == AB_OK && out->done != INSTALL_PINNED)
		give_name(&connector, e);
	if (connector.temporary[0] != '\0')
		unlink(connector.temporary);
	if (beside.temporary[0] != '\0')
		unlink(beside.temporary);
	free(beside.path);
	return e->status;
}

static ab_status
put(const struct loader_file *f, const char *source, const struct install *out, struct error *e)
{
	char when[CLOCK_TEXT];
	struct pin pin = {
	    .source = strdup(source), .installed = clock_format(clock_now_us(), when)};
	ab_status rc;

	memcpy(pin.sha256, out->sha256, PIN_HEX);
	rc = pin.source != NULL ? put_both(f, &pin, out, e) : error_set(e, AB_ENOMEM, "no memory");
	free(pin.source);
	return rc;
}

ab_status
install_connector(const struct loader_file *f, const char *source, int force, struct install *out,
    struct error *e)
{
	ab_status rc;
	int lock;

	*out = (struct install){.path = NULL};
	rc = user_path(f->id, 1, &out->path, e);
	if (rc == AB_OK)
		rc = pin_digest(f->fd, -1, out->sha256, e);
	if (rc != AB_OK)
		return rc;
	lock = pin_lock(out->path, 1);
	if (lock < 0)
		return error_set(e, AB_ETRANSIENT,
		    "%s: its folder cannot be locked; is another abhost at work there?", out->path);
	if (look_at_old(f, force, out, e) != AB_OK)
		rc = error_wrap(e, "%s %s", f->id, f->version);
	else if (out->done != INSTALL_SAME)
		rc = put(f, source, out, e);
	if (rc == AB_OK)
		(void)fsync(lock);
	close(lock);
	return rc;
}

/* The connector first: a pin alone harms nobody. */
static ab_status
remove_both(const char *path, struct error *e)
{
	char *pin;

	if (asprintf(&pin, "%s" PIN_SUFFIX, path) < 0)
		return error_set(e, AB_ENOMEM, "no memory");
	if (unlink(path) != 0 && errno != ENOENT)
		error_set(e, AB_ECONFIG, "%s: cannot be removed: %s", path, strerror(errno));
	else if (unlink(pin) != 0 && errno != ENOENT)
		error_set(e, AB_ECONFIG, "%s: cannot be removed: %s", pin, strerror(errno));
	free(pin);
	return e->status;
}

ab_status
install_remove(const char *id, char **path, struct error *e)
{
	struct stat st;
	ab_status rc;
	int lock;

	*path = NULL;
	if (!loader_is_id(id))
		return error_set(
		    e, AB_ECONFIG, "\"%s\" is no connector's id (`abhost list` has them)", id);
	rc = user_path(id, 0, path, e);
	if (rc != AB_OK)
		return rc;
	if (lstat(*path, &st) != 0)
		return error_set(e, AB_ECONFIG, "no connector \"%s\" is installed by you: %s: %s",
		    id, *path, strerror(errno));
	if ((lock = pin_lock(*path, 1)) < 0)
		return error_set(e, AB_ETRANSIENT,
		    "%s: its folder cannot be locked; is another abhost at work there?", *path);
	rc = remove_both(*path, e);
	(void)fsync(lock);
	close(lock);
	return rc;
}
