/* http_run.h - the inside of struct http, and one request on its way; for http.c, http_run.c and http_token.c only. */
#ifndef ABHOST_HTTP_RUN_H
#define ABHOST_HTTP_RUN_H
#include "net/handlers.h"
#include "net/manners.h"
#include "net/request.h"
#include "net/response.h"
#include "net/shared.h"
#include "net/transfer.h"

#define ENDPOINTS_MAX 16

struct http {
	struct http_env env;
	struct http_limits limits;
	struct transfer *transfer;
	struct manners manners;
	struct http_shared *shared, *own; /* own: nobody gave us one */
	struct endpoint *endpoints[ENDPOINTS_MAX];
	size_t count;
	struct request request; /* the one that runs; kept for its memory */
	struct http_response *spare;
	struct http_env
	    inner; /* what transfers ask: a cancel that comes while a token is spent waits a moment */
	int spends;
	int64_t cancel_seen_us; /* 0: not yet */
	struct buf credential;	/* of the running request */
};

/* One request on its way: a connector's, or the host's own for a token, which runs inside of one. */
struct run {
	struct http *h;
	struct request *r;
	struct endpoint *const *endpoints; /* those whose credentials it may get */
	size_t count;
	int is_secret; /* it gets a token: not to be recorded */
	const struct ab_request *ask;
	struct http_response *resp;
	struct endpoint *asked; /* the endpoint of the first URL */
	struct transfer_result result;
	uint32_t attempt;
	uint64_t
	    spent_ms; /* in attempts and waits, but for waits at the gate and those that the server asked for */
	int64_t begun_us, attempt_us; /* manners_mono_us */
	int64_t gate_us;	      /* of this attempt, spent at the gate */
	struct handlers_match match;  /* what the description says of this answer */
	uint64_t token;		      /* which one the request carries, 0: none */
	int renewed;		      /* the API refused one already */
};

/* Runs it to its end: redirects, retries, what the description says of errors.  AB_OK: run->resp is the answer. */
ab_status http_run(struct run *run, struct error *e);
/* An empty response; NULL: no memory. */
struct http_response *http_take_response(struct http *h);

/* http_token.c: for endpoints whose credential is a token. */
/* Attaches it, once it is got. */
ab_status http_token_attach(struct run *run, struct error *e);
/* 1: the API no longer takes the token, which is so once in a request; it may be made again with another. */
int http_token_renew(struct run *run);
#endif
