/* request.h - an ab_request made ready: absolute URL, headers to send, options. */
#ifndef ABHOST_REQUEST_H
#define ABHOST_REQUEST_H
#include "net/endpoint.h"

struct request {
	const char *method;
	struct buf url, shown; /* to send; for messages */
	struct headers headers;
	struct ab_str body;
	struct buf own_body;	   /* body, where a credential was put into it */
	struct endpoint *endpoint; /* whose origin it is, or NULL: then it carries no credential */
	int idempotent;
	int is_stream;	      /* a 2xx answer is to be left open, and read piece by piece */
	unsigned char ok[75]; /* a bit per status below 600 that is no error */
	json_t *errors;	      /* what its options say of some answers (handlers.h), or NULL */
};

void request_init(struct request *r);
void request_fini(struct request *r);
/* Makes `r` ready from what a connector asks for; it borrows from `ask` and `endpoints` (the first is the base). A mistake is
 * AB_EBUG or, where a value may come from the config, AB_ECONFIG. */
ab_status request_prepare(struct request *r, const struct ab_request *ask,
    struct endpoint *const *endpoints, size_t count, struct error *e);
/* 1: its endpoint's credential is a token that has to be got, and the request has not brought one itself. */
int request_needs_token(const struct request *r);
/* Attaches the credential of its endpoint, `value`, where the endpoint's auth says; what the request has of its own by
 * that name stays.  AB_EBUG: it is to go into a body that is neither a JSON object nor a form. */
ab_status request_authorize(struct request *r, const char *value, struct error *e);
/* Turns it into what follows a redirect (RFC 9110, 15.4) to `location`.  Another origin gets no credential, no body and only
 * harmless headers, and no later hop gets them back. AB_EDATA: a redirect that is not followed. */
ab_status request_redirect(struct request *r, int status, const char *location, struct error *e);
int request_is_ok(const struct request *r, int status);
#endif
