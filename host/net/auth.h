/* auth.h - an endpoint's credential: which kind, from which config keys, and how a request carries it.
 *
 * A connector names config keys; the values stay in here and in the requests to the endpoint's own
 * origin.  They are registered with redact_add, wiped in auth_fini, and stand in no message. */
#ifndef ABHOST_AUTH_H
#define ABHOST_AUTH_H
#include "net/fields.h"

enum auth_place { AUTH_NONE, AUTH_HEADER, AUTH_QUERY };

struct auth {
	enum auth_place place;
	char *name, *value; /* header or parameter, and what it holds, encoded as its kind says */
	char keys[256];	    /* the config keys that it was made from: "\"api_key\"", for messages */
};

/* Reads {"type": "none" | "bearer" | "basic" | "api_key", ...} (sdk/schema/endpoint.json).  A mistake in the
 * description is AB_EBUG; a config key that is missing, empty, no text or holds a control character is AB_ECONFIG
 * and named.  On failure *out is empty. */
ab_status auth_read(const struct fields *f, const char *pointer, const json_t *description,
    const json_t *config, struct auth *out, struct error *e);
void auth_fini(struct auth *a);
#endif
