/* response.h - inside of struct http_response, for the files that fill one. */
#ifndef ABHOST_RESPONSE_H
#define ABHOST_RESPONSE_H
#include <stdint.h>

#include "net/body.h"
#include "net/headers.h"
#include "net/http.h"
#include "net/url.h"

struct http_response {
	struct http *owner; /* gets it back, for its memory */
	int status;
	struct headers headers;
	struct body body;
	struct exchange *stream; /* the body that still comes, or NULL: body has all of it */
	uint64_t streamed;	 /* decoded bytes of it that were given out */
	struct buf what;
};

/* NULL: no memory. */
struct http_response *response_new(struct http *owner, size_t body_cap);
void response_free(struct http_response *resp);
/* Empties it; the memory stays. */
void response_reset(struct http_response *resp);
/* Takes the body away, and what the headers say of it stays. */
void response_empty(struct http_response *resp);
#endif
