/* transfer.h - one HTTP exchange over libcurl: a request goes out, an answer comes in.  No retries, no redirects, no
 * credentials of its own.  The only module that includes curl.h.
 *
 * Keeps connections alive between exchanges.  One thread, but for transfer_wake. */
#ifndef ABHOST_TRANSFER_H
#define ABHOST_TRANSFER_H
#include "net/response.h"
#include "net/retry.h"

struct transfer;

struct transfer_request {
	const char *method, *url; /* url: absolute, checked */
	const struct headers *headers;
	struct ab_str body;
	uint32_t timeout_s; /* of the whole exchange; 0: only a stall ends it */
};

struct transfer_result {
	ab_status status; /* AB_OK: outcome counts; else no repeating helps */
	enum retry_outcome outcome;
	ab_status
	    blame; /* what a broken or unreachable one is called once repeating has not helped */
	char detail[256];
};

/* Borrows env; cancelled is polled a few times a second, and after each transfer_wake. */
ab_status transfer_new(const struct http_env *env, const struct http_limits *limits,
    struct transfer **out, struct error *e);
void transfer_free(struct transfer *t);
/* Fills resp (status, headers, decoded body with its padding). */
void transfer_run(struct transfer *t, const struct transfer_request *r, struct http_response *resp,
    struct transfer_result *result);
/* Sleeps; 1: cancelled. */
int transfer_sleep(struct transfer *t, uint32_t ms);
/* [any thread] Lets a running exchange or sleep look at env->cancelled now. */
void transfer_wake(struct transfer *t);
#endif
