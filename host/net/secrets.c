/* secrets.c - see secrets.h. */
#include <config.h>

#include "net/secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "data/jsonread.h"
#include "data/jsontext.h"

#define FILE_MAX     ((off_t)1 << 20)
#define ROOM_BYTES   ((off_t)256 << 10)
#define ENTRIES_MAX  64
#define PATH_BYTES   4096
#define LOCK_WAIT_MS 50

void
secrets_key(const char *const *texts, char out[SECRETS_KEY])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned n = 0;

	memset(hash, 0, sizeof(hash));
	if (ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1) {
		for (; *texts != NULL; texts++) /* the NUL keeps "a", "b" and "ab", "" apart */
			EVP_DigestUpdate(ctx, *texts, strlen(*texts) + 1);
		EVP_DigestFinal_ex(ctx, hash, &n);
	}
	EVP_MD_CTX_free(ctx);
	for (size_t i = 0; i < (SECRETS_KEY - 1) / 2; i++)
		snprintf(out + 2 * i, 3, "%02x", hash[i]);
}

static ab_status
fail_errno(const struct secrets *s, const char *what, struct error *e)
{
	return error_set(
	    e, AB_ECONFIG, "the secrets file %s cannot be %s: %s", s->path, what, strerror(errno));
}

/* Not the config's fault, and it may pass. */
static ab_status
fail_write(const struct secrets *s, struct error *e)
{
	return error_set(e, AB_ETRANSIENT, "the secrets file %s cannot be written: %s", s->path,
	    strerror(errno));
}

static ab_status
check_file(const struct secrets *s, const struct stat *st, struct error *e)
{
	if (!S_ISREG(st->st_mode))
		return error_set(e, AB_ECONFIG, "the secrets file %s is no regular file", s->path);
	if (st->st_uid != geteuid())
		return error_set(e, AB_ECONFIG,
		    "the secrets file %s belongs to another user (%u); it is not used", s->path,
		    (unsigned)st->st_uid);
	if ((st->st_mode & 077) != 0)
		return error_set(e, AB_ECONFIG,
		    "the secrets file %s may be read or written by others (mode %04o); chmod 600 it, "
		    "and sign in again if one of them may have read it",
		    s->path, (unsigned)(st->st_mode & 07777));
	if (st->st_size > FILE_MAX)
		return error_set(e, AB_ECONFIG,
		    "the secrets file %s is larger than any that abhost "
		    "writes",
		    s->path);
	return AB_OK;
}

static ab_status
wait_for_lock(const struct secrets *s, int (*cancelled)(void *), void *ctx, struct error *e)
{
	const struct timespec pause = {0, LOCK_WAIT_MS * 1000000};

	while (flock(s->fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail_errno(s, "locked", e);
		if (cancelled(ctx))
			return error_set(e, AB_ECANCELLED, "cancelled");
		nanosleep(&pause, NULL);
	}
	return AB_OK;
}

/* Whether what is locked is still what the path names: the lock's last holder may have replaced it. */
static int
is_current(const struct secrets *s, const struct stat *st)
{
	struct stat now;

	return lstat(s->path, &now) == 0 && now.st_ino == st->st_ino && now.st_dev == st->st_dev;
}

static ab_status
open_locked(struct secrets *s, int create, int (*cancelled)(void *), void *ctx, struct error *e)
{
	int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | (create ? O_CREAT : 0);
	struct stat st;
	ab_status rc;

	for (;;) {
		s->fd = open(s->path, flags, 0600);
		if (s->fd < 0 && errno == ENOENT && !create)
			return AB_OK;
		if (s->fd < 0)
			return fail_errno(s, errno == ELOOP ? "a symbolic link" : "opened", e);
		rc = fstat(s->fd, &st) != 0 ? fail_errno(s, "looked at", e) : check_file(s, &st, e);
		if (rc == AB_OK)
			rc = wait_for_lock(s, cancelled, ctx, e);
		if (rc == AB_OK && is_current(s, &st))
			return rc;
		close(s->fd);
		s->fd = -1;
		if (rc != AB_OK)
			return rc;
	}
}

static ab_status
read_file(struct secrets *s, struct error *e)
{
	char *text = calloc(1, (size_t)FILE_MAX + 1);
	json_error_t where;
	int lacked;
	size_t n = 0;
	ssize_t got = text == NULL ? -1 : 1;

	while (got > 0 && n < (size_t)FILE_MAX) {
		got = pread(s->fd, text + n, (size_t)FILE_MAX - n, (off_t)n);
		n += got > 0 ? (size_t)got : 0;
		got = got < 0 && errno == EINTR ? 1 : got;
	}
	if (got < 0) {
		free(text);
		return fail_errno(s, "read", e);
	}
	s->root = n == 0 ? json_object() : jsonread_text(text, n, JSON_REJECT_DUPLICATES, &where);
	explicit_bzero(text, n);
	free(text);
	if (json_is_object(s->root))
		return AB_OK;
	lacked = s->root == NULL && n > 0 && jsonread_lacked(&where);
	json_decref(s->root);
	s->root = NULL;
	if (lacked)
		return error_set(e, AB_ENOMEM, "no memory for the secrets file %s", s->path);
	return error_set(e, AB_ECONFIG,
	    "the secrets file %s is not as abhost writes it; move it away, and sign in again",
	    s->path);
}

ab_status
secrets_open(struct secrets *s, const char *path, int create, int (*cancelled)(void *), void *ctx,
    struct error *e)
{
	ab_status rc;

	*s = (struct secrets){.path = path, .fd = -1};
	rc = open_locked(s, create, cancelled, ctx, e);
	if (rc == AB_OK && s->fd >= 0)
		rc = read_file(s, e);
	if (rc != AB_OK)
		secrets_close(s);
	return rc;
}

static int
name_new(const struct secrets *s, char out[PATH_BYTES])
{
	return snprintf(out, PATH_BYTES, "%s.new", s->path) < PATH_BYTES ? 0 : -1;
}

void
secrets_close(struct secrets *s)
{
	char path[PATH_BYTES];

	if (s->is_new_there && name_new(s, path) == 0)
		unlink(path);
	if (s->fd >= 0)
		close(s->fd);
	json_decref(s->root);
	*s = (struct secrets){.fd = -1};
}

static int64_t
read_us(const json_t *entry, const char *key)
{
	const char *text = json_string_value(json_object_get(entry, key));
	int64_t us;

	return text != NULL && clock_parse(text, strlen(text), &us) == 0 ? us : 0;
}

int
secrets_find(const struct secrets *s, const char *key, struct secrets_entry *out)
{
	const json_t *entry = json_object_get(json_object_get(s->root, "tokens"), key);
	json_int_t seconds = json_integer_value(json_object_get(entry, "expires_in"));

	*out = (struct secrets_entry){0};
	out->refresh = json_string_value(json_object_get(entry, "refresh_token"));
	out->access = json_string_value(json_object_get(entry, "access_token"));
	out->expires_us = read_us(entry, "expires_at");
	out->lifetime_us = seconds > 0 && seconds < INT64_C(1) << 40 ? seconds * 1000000 : 0;
	return out->refresh != NULL;
}

static int
open_new(const struct secrets *s, char path[PATH_BYTES])
{
	if (name_new(s, path) != 0) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (!s->is_new_there && unlink(path) != 0 && errno != ENOENT)
		return -1; /* what a run that was killed left */
	return open(path,
	    O_WRONLY | O_CLOEXEC | O_NOFOLLOW | (s->is_new_there ? 0 : O_CREAT | O_EXCL), 0600);
}

ab_status
secrets_reserve(struct secrets *s, struct error *e)
{
	char path[PATH_BYTES];
	int fd = open_new(s, path), why;

	if (fd < 0)
		return fail_write(s, e);
	s->is_new_there = 1;
	why = posix_fallocate(fd, 0, ROOM_BYTES);
	close(fd);
	if (why == 0 || why == EOPNOTSUPP || why == EINVAL)
		return AB_OK;
	errno = why;
	return fail_write(s, e);
}

/* Until there are few enough to add one: the oldest go. */
static void
prune(json_t *tokens)
{
	const char *key, *oldest, *when, *least;
	json_t *entry;

	while (json_object_size(tokens) >= ENTRIES_MAX) {
		oldest = least = NULL;
		json_object_foreach (tokens, key, entry) {
			when = json_string_value(json_object_get(entry, "saved_at"));
			when = when == NULL ? "" : when;
			if (least == NULL || strcmp(when, least) < 0) {
				least = when;
				oldest = key;
			}
		}
		json_object_del(tokens, oldest);
	}
}

static int
set_entry(struct secrets *s, const char *key, const struct secrets_entry *entry)
{
	json_t *tokens = json_object_get(s->root, "tokens"), *made;
	char saved[CLOCK_TEXT], expires[CLOCK_TEXT];

	if (!json_is_object(tokens)) {
		if (json_object_set_new(s->root, "about",
			json_string(
			    "refresh tokens that replaced those of a configuration, written by "
			    "abhost; a secret")) != 0 ||
		    json_object_set_new(s->root, "tokens", json_object()) != 0)
			return -1;
		tokens = json_object_get(s->root, "tokens");
	}
	made = json_pack("{s:s, s:s*, s:s}", "refresh_token", entry->refresh, "access_token",
	    entry->access, "saved_at", clock_format(clock_now_us(), saved));
	if (made != NULL && entry->expires_us != 0)
		json_object_set_new(
		    made, "expires_at", json_string(clock_format(entry->expires_us, expires)));
	if (made != NULL && entry->lifetime_us != 0)
		json_object_set_new(made, "expires_in", json_integer(entry->lifetime_us / 1000000));
	json_object_del(tokens, key);
	prune(tokens);
	return json_object_set_new(tokens, key, made);
}

static int
write_new(struct secrets *s, const char *text)
{
	char path[PATH_BYTES];
	size_t n = strlen(text);
	int fd = open_new(s, path), rc;

	if (fd < 0)
		return -1;
	s->is_new_there = 1;
	rc =
	    file_write(fd, text, n) == 0 && ftruncate(fd, (off_t)n) == 0 && fsync(fd) == 0 ? 0 : -1;
	if (close(fd) != 0 || rc != 0 || rename(path, s->path) != 0)
		return -1;
	s->is_new_there = 0;
	return file_sync_folder(s->path);
}

ab_status
secrets_save(struct secrets *s, const char *key, const struct secrets_entry *entry, struct error *e)
{
	char *text = NULL;
	int rc = set_entry(s, key, entry);

	if (rc == 0 && (text = jsontext_make(s->root, JSON_INDENT(2))) == NULL)
		rc = -1;
	if (rc != 0)
		return error_set(e, AB_ENOMEM, "out of memory");
	rc = write_new(s, text);
	explicit_bzero(text, strlen(text));
	free(text);
	return rc == 0 ? AB_OK : fail_write(s, e);
}
