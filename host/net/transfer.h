/* transfer.h - one HTTP exchange over libcurl: a request goes out, an answer comes in.  No retries, no redirects, no
 * credentials of its own.  Only the transfer files include curl.h.
 *
 * Keeps connections alive between exchanges.  Asks for zstd, gzip and deflate, and undoes them itself (decode.h).  A
 * streamed answer stays open, with bounded memory, while other exchanges run.  Where env has a cassette, every exchange is
 * recorded, or comes from it: then no socket is opened, libcurl is not even started.  One thread, but for transfer_wake. */
#ifndef ABHOST_TRANSFER_H
#define ABHOST_TRANSFER_H
#include "net/address.h"
#include "net/response.h"
#include "net/retry.h"

struct transfer;
struct exchange; /* a streamed answer that is open */

struct transfer_request {
	const char *method, *url; /* url: absolute, checked */
	const struct headers *headers;
	struct ab_str body;
	uint32_t timeout_s; /* of the whole exchange; 0: an hour; a stream has none */
	int is_secret;	    /* must not be recorded: it is about a token */
	int once;	    /* must not be done twice */
};

struct transfer_result {
	ab_status status; /* AB_OK: outcome counts; else no repeating helps */
	enum retry_outcome outcome;
	ab_status
	    blame; /* what a broken or unreachable one is called once repeating has not helped */
	char detail[1400];
	char address
	    [ADDRESS_TEXT]; /* of the server, as numbers; "": none, or there may be a proxy between */
};

/* Borrows env; cancelled is polled a few times a second, and after each transfer_wake. */
ab_status transfer_new(const struct http_env *env, const struct http_limits *limits,
    struct transfer **out, struct error *e);
/* Closes what is open. */
void transfer_free(struct transfer *t);
/* Fills resp (status, headers, decoded body with its padding). */
void transfer_run(struct transfer *t, const struct transfer_request *r, struct http_response *resp,
    struct transfer_result *result);
/* The same, but a 2xx answer is left open as soon as it begins: *out then reads its body, and is transfer_close's.  Any
 * other answer is read whole, and *out is NULL. */
void transfer_open(struct transfer *t, const struct transfer_request *r, struct http_response *resp,
    struct exchange **out, struct transfer_result *result);
/* The next decoded bytes, at most about STREAM_CHUNK, until the next call; none: the end.  A result that is not AB_OK and
 * RETRY_ANSWERED ends it, too.  Waits for the first byte, no longer. */
#define STREAM_CHUNK ((size_t)256 << 10)
void transfer_read(struct exchange *x, struct ab_str *chunk, struct transfer_result *result);
/* Lets go early: what is short is read to its end for the connection's sake, else the connection is closed. NULL is fine. */
void transfer_close(struct exchange *x);
/* Sleeps; 1: cancelled. */
int transfer_sleep(struct transfer *t, uint32_t ms);
/* [any thread] Lets a running exchange or sleep look at env->cancelled now. */
void transfer_wake(struct transfer *t);
#endif
