/* foreign_keep.c - see foreign.h: the configuration that a program has changed (a refresh token, mostly).
 *
 * It stands in the secrets file, as {"airbyte_config": {"of": HASH, "config": {...}}}; HASH is that of the configuration
 * that the user gave: one that he changes counts again.  The file is its owner's alone (0600), and replaced as a whole:
 * written beside, synced, renamed, the folder synced.  What it holds is never in a message. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "data/jsonread.h"
#include "data/jsontext.h"
#include "data/value.h"
#include "source/foreign.h"

#define KEY	 "airbyte_config"
#define FILE_MAX ((off_t)16 << 20)
#define HASH	 17

static const char *
hash_of(const char *given, char out[HASH])
{
	snprintf(out, HASH, "%016" PRIx64, value_hash(given, strlen(given)));
	return out;
}

static ab_status
refuse(const char *path, const char *what, struct error *e)
{
	return error_set(e, AB_ECONFIG, "the secrets file %s %s", path, what);
}

/* *out: an object, empty where there is no file. */
static ab_status
load(const char *path, json_t **out, struct error *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	json_error_t where;
	struct stat st;
	ab_status rc = AB_OK;

	*out = NULL;
	if (fd < 0 && errno == ENOENT) {
		*out = json_object();
		return *out != NULL ? AB_OK : error_set(e, AB_ENOMEM, "no memory");
	}
	if (fd < 0 || fstat(fd, &st) != 0)
		rc = error_set(
		    e, AB_ECONFIG, "the secrets file %s cannot be read: %s", path, strerror(errno));
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077) != 0)
		rc = refuse(path,
		    "must be a regular file of yours that others may neither read nor write (chmod 600)",
		    e);
	else if (st.st_size > FILE_MAX)
		rc = refuse(path, "is larger than any that abhost writes", e);
	else if (st.st_size == 0)
		*out = json_object();
	else if ((*out = jsonread_fd(fd, JSON_REJECT_DUPLICATES, &where)) == NULL &&
	    jsonread_lacked(&where))
		rc = error_set(e, AB_ENOMEM, "no memory for the secrets file %s", path);
	else if (!json_is_object(*out))
		rc = refuse(path, "is not as abhost writes it; move it away, and sign in again", e);
	if (fd >= 0)
		close(fd);
	if (rc != AB_OK) {
		json_decref(*out);
		*out = NULL;
	}
	return rc;
}

ab_status
foreign_kept(const char *secrets, const char *given, char **config, struct error *e)
{
	char hash[HASH];
	const char *of;
	json_t *root, *entry;

	*config = NULL;
	if (secrets == NULL)
		return AB_OK;
	if (load(secrets, &root, e) != AB_OK)
		return e->status;
	entry = json_object_get(root, KEY);
	of = json_string_value(json_object_get(entry, "of"));
	if (of != NULL && strcmp(of, hash_of(given, hash)) == 0 &&
	    (*config = jsontext_make(json_object_get(entry, "config"), JSON_COMPACT)) == NULL)
		error_set(e, AB_ENOMEM, "no memory for the configuration");
	json_decref(root);
	return e->status;
}

static int
replace(const char *path, const char *text)
{
	size_t n = strlen(path) + sizeof(".new");
	char *beside = malloc(n);
	int fd = -1, rc = -1;

	if (beside == NULL)
		return -1;
	snprintf(beside, n, "%s.new", path);
	if (unlink(beside) == 0 || errno == ENOENT) /* what a run that was killed left */
		fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		rc = file_write(fd, text, strlen(text)) == 0 && fsync(fd) == 0 ? 0 : -1;
		if (close(fd) != 0 || rc != 0 || rename(beside, path) != 0) {
			rc = -1;
			unlink(beside);
		}
	}
	free(beside);
	return rc == 0 ? file_sync_folder(path) : -1;
}

ab_status
foreign_keep(const char *secrets, const char *given, const char *changed, struct error *e)
{
	char hash[HASH], *text = NULL;
	json_t *root, *config = jsonread_string(changed, 0, NULL), *entry;

	if (!json_is_object(config)) {
		json_decref(config);
		return error_set(
		    e, AB_EDATA, "the configuration that it wants kept is no JSON object");
	}
	if (load(secrets, &root, e) != AB_OK) {
		json_decref(config);
		return e->status;
	}
	entry = json_pack("{s:s, s:o}", "of", hash_of(given, hash), "config", config);
	if (json_object_set_new(root, KEY, entry) != 0 ||
	    (text = jsontext_make(root, JSON_INDENT(2))) == NULL)
		error_set(e, AB_ENOMEM, "no memory for the configuration");
	else if (replace(secrets, text) != 0)
		error_set(e, AB_ETRANSIENT, "the secrets file %s cannot be written: %s", secrets,
		    strerror(errno));
	json_decref(root);
	if (text != NULL)
		explicit_bzero(text, strlen(text));
	free(text);
	return e->status;
}
