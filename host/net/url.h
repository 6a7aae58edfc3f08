/* url.h - URLs as text: taking apart, resolving (RFC 3986), encoding, showing without secrets.
 *
 * Pure functions over http and https URLs; must never print or keep a user name, a password or a
 * query value.  A function that can refuse returns NULL, or what is wrong, as words that may follow
 * "the URL ..."; which status that is, its caller knows. */
#ifndef ABHOST_URL_H
#define ABHOST_URL_H
#include <abhost/abi.h>

#include "base/buf.h"

#define URL_MAX (64u << 10) /* bytes of the longest URL */

struct url { /* pieces borrow from the text that was taken apart */
	struct ab_str scheme, host, path,
	    query;     /* host with [] where it is IPv6; query without '?' */
	uint16_t port; /* the scheme's own where none was written */
};

/* Takes an absolute URL apart.  Refused: another scheme than http and https, no host, a user or
 * password, a bad host or port, control characters, more than URL_MAX bytes. */
const char *url_parse(const char *text, struct url *out);
/* 1: scheme, host and port agree. */
int url_same_origin(const struct url *a, const struct url *b);
/* 1: the host can only be this machine: localhost, 127.0.0.0/8, [::1]. */
int url_is_loopback(const struct url *u);
int url_is_https(const struct url *u);
/* Resolves `ref` against the absolute `base` (NULL: ref must be absolute) and replaces out's content by the
 * result: scheme and host in lower case, no dot segments, no fragment, bytes that no URL may hold encoded.
 * A reference has a scheme only where "://" follows it, so that "documents:batchGet" is a path. */
const char *url_join(const char *base, const char *ref, struct buf *out);
/* Appends the percent-encoded text, RFC 3986's unreserved characters kept.  -1: no room. */
int url_encode(struct buf *out, const char *text, size_t n);
/* Appends ?key=value or &key=value, both encoded.  -1: no room. */
int url_add_param(struct buf *url, const char *key, const char *value);
/* Takes the parameters of this name out of the query; like: only where they are the same, byte by byte, as in this URL
 * (NULL: whatever they say). */
void url_drop_param(struct buf *url, const char *key, const char *like);
/* Appends the form for messages: scheme, host, path, and the query's keys.  Takes any text, also one that is no
 * URL; control characters become '?'.  -1: no room. */
int url_describe(const char *text, struct buf *out);
#endif
