/* secrets.h - the secrets file: refresh tokens that a token server gave in place of those in a config.
 *
 * A JSON file for its owner alone (mode 0600), replaced as a whole: written beside, synced, renamed, the folder
 * synced.  Whoever has it open holds its lock, so that two runs cannot both spend one refresh token.  Entries are known
 * by a hash of the credential that the config holds: a config that changes has none. */
#ifndef ABHOST_SECRETS_H
#define ABHOST_SECRETS_H
#include <jansson.h>

#include "base/error.h"

#define SECRETS_KEY 65 /* bytes of a key, NUL included */

struct secrets {
	const char *path;
	int fd, is_new_there; /* the lock, -1: there is no file; what is to replace it was begun */
	json_t *root;
};

struct secrets_entry {
	const char *refresh,
	    *access; /* borrowed until secrets_save or secrets_close; access may be NULL */
	int64_t expires_us, lifetime_us; /* of access: UTC, and as the server gave it; 0: unknown */
};

/* The hash of the texts (NULL ends them; each counts apart). */
void secrets_key(const char *const *texts, char out[SECRETS_KEY]);
/* Waits for the lock, polling `cancelled` (AB_ECANCELLED), and reads the file.  create 0: one that is not there is no
 * error, and s->fd is -1.  AB_ECONFIG: others may read it, it is somebody else's, or no file of ours.  `path` is
 * borrowed until secrets_close, which is needed after AB_OK only. */
ab_status secrets_open(struct secrets *s, const char *path, int create, int (*cancelled)(void *),
    void *ctx, struct error *e);
/* Gives back the lock. */
void secrets_close(struct secrets *s);
/* 1: there is an entry. */
int secrets_find(const struct secrets *s, const char *key, struct secrets_entry *out);
/* Takes the room that secrets_save will need, before a token is spent for what it would lose. */
ab_status secrets_reserve(struct secrets *s, struct error *e);
/* The entry is on disk when this returns AB_OK. */
ab_status secrets_save(
    struct secrets *s, const char *key, const struct secrets_entry *entry, struct error *e);
#endif
