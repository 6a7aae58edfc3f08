/* token.h - a token's life: got once for all sources of a worker, renewed before it expires, given up when refused.
 *
 * One struct token belongs to one endpoint.  Whoever needs a token first gets it, on its own thread; the others wait.
 * While a token that is about to expire is being renewed, the others go on with it.  Expiry counts on a clock that no
 * one can set.  Where the token server hands out new refresh tokens, each is on disk (net/secrets.h) before anything is
 * done with what came beside it.  No token and no secret stands in a message. */
#ifndef ABHOST_TOKEN_H
#define ABHOST_TOKEN_H
#include <abhost/abi.h>
#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"

#define AUTH_KEYS 256 /* bytes of a text that names config keys: "\"api_key\"" */

struct endpoint;
struct http_response;
struct jwt;
struct token;

enum token_send { TOKEN_FORM, TOKEN_JSON, TOKEN_QUERY, TOKEN_NOTHING };

/* How a token is got.  All of it is the token's, and wiped with it; NULL members are left out. */
struct token_recipe {
	/* It is signed here, or asked for with a request, which may carry a signed assertion. */
	struct jwt *jwt;
	char *assertion; /* the parameter that holds it; NULL: it is the token itself */

	struct endpoint *at;	   /* the token server: its origin, and the URL as its base */
	const char *method, *what; /* what: "get a token from", for messages */
	json_t *params, *headers;  /* name to text; params of a JSON body may be nested */
	enum token_send send;

	/* Refresh tokens: the parameter, the config's own, which the params do not hold, and where its successors are
	 * looked for in the secrets file. */
	char *refresh_param, *refresh;
	char *refresh_key; /* where it stands in the config; NULL: nowhere as such */
	char secrets_key[65];
	int rotates; /* they are good for one use: where nobody keeps their successors none is spent */

	/* Where the answer has what: paths, or for the token a header. */
	char *token_path, *token_header, *expires_in_path, *expires_at_path, *refresh_path;
	int64_t lifetime_us;	     /* where the answer does not say; 0: until it is refused */
	unsigned char expired[75];   /* a bit per status of the API that says so: 401 */
	char keys[AUTH_KEYS];	     /* the config keys that it is made from, */
	char client_keys[AUTH_KEYS]; /* of these, those that name the client, */
	char grant_keys[AUTH_KEYS];  /* and those that it is given for: a refresh token, a user */
};

/* What a token needs of the source that gets it. */
struct token_env {
	void *ctx;
	/* Sends the token request to `at`, with retries.  spends: it uses up what cannot be had again, so that a cancel
	 * waits a moment for the answer. */
	ab_status (*exchange)(void *ctx, const struct ab_request *ask, struct endpoint *at,
	    int spends, struct http_response **out, struct error *e);
	int (*cancelled)(void *ctx);
	int64_t (*now_us)(void *ctx);
	void (*log)(void *ctx, int level, const char *text); /* or NULL */
	/* on: it waits for what another one gets, which may need what this one holds; 0: it goes on. 1: cancelled.  Or NULL. */
	int (*rest)(void *ctx, int on);
	/* A new refresh token stands for the one at refresh_key of the config; or NULL: nobody wants to know. */
	void (*replaced)(void *ctx, const char *key, const char *refresh);
	const char *secrets; /* the secrets file's path; NULL: there is none */
};

void token_recipe_fini(struct token_recipe *r);
/* Takes the recipe, also on failure (NULL: no memory).  prefix stands before each token: "Bearer ". */
struct token *token_new(struct token_recipe *taken, const char *prefix);
/* NULL is fine. */
void token_free(struct token *t);
/* [any thread] Replaces out's content by prefix and token; *generation names it for token_refuse.  AB_ECONFIG: the
 * token server refuses for good, and is not asked again; AB_ECANCELLED; AB_ETRANSIENT, AB_EDATA. */
ab_status token_get(struct token *t, const struct token_env *env, struct buf *out,
    uint64_t *generation, struct error *e);
/* 1: a status of the API by which a token is known to be no longer good. */
int token_is_refusal(const struct token *t, int status);
/* [any thread] The API refused this token: if it is still the one that token_get gives, it is no more. */
void token_refuse(struct token *t, uint64_t generation);
#endif
