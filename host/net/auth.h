/* auth.h - an endpoint's credential: which kind, from which config keys, and how a request carries it.
 *
 * A connector names config keys; the values stay in here and in the requests to the endpoint's own
 * origin (and, for a token, to its token server).  They are registered with redact_add, wiped in auth_fini, and stand
 * in no message. */
#ifndef ABHOST_AUTH_H
#define ABHOST_AUTH_H
#include "net/fields.h"
#include "net/token.h"

enum auth_place { AUTH_NONE, AUTH_HEADER, AUTH_QUERY, AUTH_BODY };

struct auth {
	enum auth_place place;
	char *name;  /* of the header, the parameter or the body's member, */
	char *value; /* and what it holds, encoded as its kind says; of a token the prefix */
	struct token *token; /* what comes behind the prefix; NULL: nothing */
	char keys
	    [AUTH_KEYS]; /* the config keys that it was made from: "\"api_key\"", for messages */
};

struct endpoint;

/* Reads {"type": "bearer", ...} (sdk/schema/endpoint.json) of an endpoint whose base URL is read.  A mistake in the
 * description is AB_EBUG; a config key that is missing, empty, no text or holds a control character is AB_ECONFIG
 * and named.  On failure *out is empty. */
ab_status auth_read(const struct fields *f, const char *pointer, const json_t *description,
    const json_t *config, const struct endpoint *endpoint, struct auth *out, struct error *e);
void auth_fini(struct auth *a);
#endif
