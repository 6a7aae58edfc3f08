/* jwt.h - signed JSON Web Tokens (RFC 7519, compact form): as a bearer token, or as an assertion for a token server.
 *
 * Only this module and its reader include OpenSSL.  Keys stay in here and are wiped; none stands in a message. */
#ifndef ABHOST_JWT_H
#define ABHOST_JWT_H
#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"

struct jwt;

/* What is to be signed; borrowed. */
struct jwt_parts {
	const char *algorithm; /* one of jwt_algorithms */
	const char *key; /* PEM of a private key (RS, PS, ES, EdDSA), or the secret's bytes (HS) */
	size_t key_len;
	const json_t *header, *claims; /* objects, or NULL; alg, iat and exp are set here */
	int64_t lifetime_s;
	int with_id; /* a random jti in each */
};

extern const char *const jwt_algorithms[]; /* NULL-terminated */

/* NULL and *out, or what is wrong, as words that may follow "the key ...". */
const char *jwt_new(const struct jwt_parts *parts, struct jwt **out);
/* NULL is fine. */
void jwt_free(struct jwt *j);
int64_t jwt_lifetime_s(const struct jwt *j);
/* Appends a token that was issued ten seconds before now_us, against clocks that differ.  One thread at a time. */
ab_status jwt_sign(const struct jwt *j, int64_t now_us, struct buf *out, struct error *e);
#endif
