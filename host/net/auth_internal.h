/* auth_internal.h - what the readers of the kinds of credential share: texts of a description whose values may stand
 * in the config, and where a credential goes. */
#ifndef ABHOST_AUTH_INTERNAL_H
#define ABHOST_AUTH_INTERNAL_H
#include "net/auth.h"
#include "net/endpoint.h"
#include "net/jwt.h"
#include "net/token.h"

#define AUTH_POINTER 160 /* bytes of a JSON pointer in a message */

struct reading { /* one description on its way to a struct auth */
	const struct fields *f;
	const json_t *config;
	const struct endpoint *endpoint; /* its base URL is read already */
	char *keys;			 /* AUTH_KEYS bytes: names each config key that was read */
	struct error *e;
};

enum {			/* how a text is read */
	TEXT_EMPTY = 1, /* it may be empty, */
	TEXT_LINES = 2, /* it may hold line breaks, */
	TEXT_PLAIN = 4, /* it is no secret and may stand in messages, */
	TEXT_ENCODE = 8 /* values from the config are percent-encoded */
};

/* auth_text.c.  A text is "as it stands", {"config": "key", "default": "text"}, or {"template": "{key}/and more"}.
 * What is returned is auth_text_free's; NULL: the error is set. */
char *auth_text(struct reading *r, const char *pointer, const json_t *value, unsigned how);
/* The member `key` of d; "" where it is not there. */
char *auth_text_of(
    struct reading *r, const char *pointer, const json_t *d, const char *key, unsigned how);
/* The value of a config key. */
char *auth_text_config(struct reading *r, const char *path, unsigned how);
/* Wipes and frees; NULL is fine. */
void auth_text_free(char *text);
/* Objects and arrays to any depth, whose texts are read as auth_text does; a new reference, NULL: the error is set. */
json_t *auth_text_tree(struct reading *r, const char *pointer, const json_t *value, unsigned how);
/* Registers a secret and the forms that JSON gives it with redact_add. */
ab_status auth_hide(const char *secret, struct error *e);
/* A URL from a text, below the endpoint's base_url where it is relative.  It must be https, this machine, the
 * endpoint's own origin, or wholly the config's. */
ab_status
auth_url(struct reading *r, const char *pointer, const json_t *d, const char *key, struct buf *out);
/* "Basic ..." of a user name and a password; auth_text_free's. */
char *auth_basic(struct reading *r, const char *user, const char *password);

/* auth.c: "token": {"in", "name", "prefix"}, by default the header Authorization with Bearer. */
ab_status
auth_read_place(struct reading *r, const char *pointer, const json_t *d, struct auth *out);

/* auth_request.c: what the kinds that ask for their token share. */
/* URL (under the key `url`), "method", "send", "params" and "headers" of the request. */
ab_status auth_read_request(struct reading *r, const char *pointer, const json_t *d,
    const char *url, struct token_recipe *out);
/* "answer", "lifetime_seconds" and "expired"; defaults: the paths of token, expires_in and refresh_token, or NULL. */
ab_status auth_read_life(struct reading *r, const char *pointer, const json_t *d,
    const char *const defaults[3], struct token_recipe *out);
/* "token" is read, and the token made; takes the recipe. */
ab_status auth_make_token(struct reading *r, const char *pointer, const json_t *d,
    struct token_recipe *taken, struct auth *out);
/* Adds the config keys of a part to those of the whole. */
void auth_join_keys(char all[AUTH_KEYS], const char *part);
/* Sets a text in one of the recipe's objects; a value of NULL or a name of "" sets nothing. */
ab_status auth_set(struct reading *r, json_t *object, const char *name, const char *value);

/* auth_oauth2.c, auth_session.c, auth_jwt.c */
ab_status
auth_read_oauth2(struct reading *r, const char *pointer, const json_t *d, struct auth *out);
ab_status
auth_read_session(struct reading *r, const char *pointer, const json_t *d, struct auth *out);
ab_status auth_read_jwt(struct reading *r, const char *pointer, const json_t *d, struct auth *out);
/* The signer of an assertion. */
ab_status
auth_read_assertion(struct reading *r, const char *pointer, const json_t *d, struct jwt **out);
#endif
