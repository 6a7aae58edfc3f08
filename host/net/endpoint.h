/* endpoint.h - one origin that a connector talks to: base URL, credential, headers, limits.
 *
 * Sources on several threads share one (net/shared.h): after endpoint_read only its gate changes, which is locked,
 * and told_private, which is atomic. */
#ifndef ABHOST_ENDPOINT_H
#define ABHOST_ENDPOINT_H
#include "net/auth.h"
#include "net/gate.h"
#include "net/headers.h"
#include "net/limits.h"
#include "net/url.h"

struct endpoint {
	struct buf base; /* base_url, normalised, a '/' at its end */
	struct url url;	 /* pieces of base */
	struct auth auth;
	struct headers headers;
	struct limits limits;
	struct gate gate; /* locks itself */
	int has_gate;
	int told_private; /* that its name leads into a private network */
};

/* Reads a description (sdk/schema/endpoint.json).  A mistake in it is AB_EBUG; a config value that is missing or bad, and
 * plain http that the user did not ask for, AB_ECONFIG.  On failure *out is empty. */
ab_status
endpoint_read(const char *json, const json_t *config, struct endpoint *out, struct error *e);
/* An endpoint without a credential: the token server at this absolute URL, for one whose retries it has, and its time for
 * an answer (or else a minute). */
ab_status endpoint_init_at(
    struct endpoint *out, const char *url, const struct endpoint *whose, struct error *e);
void endpoint_fini(struct endpoint *ep);
#endif
