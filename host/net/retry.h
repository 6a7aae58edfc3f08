/* retry.h - whether a request that failed is made again, and when: one pure function.
 *
 * Made again are requests that got no connection, lost it, or got 408, 425, 429 or 5xx (not 501).  The wait is
 * exponential with full jitter, or what the server asks for in Retry-After.  A request that must not happen
 * twice (POST, PATCH) is made again only when it cannot have happened. */
#ifndef ABHOST_RETRY_H
#define ABHOST_RETRY_H
#include <stdint.h>

#define RETRY_BASE_MS	500u
#define RETRY_MAX_MS	60000u
#define RETRY_AFTER_MAX 3600u /* seconds: the longest wait that a server may ask for */

enum retry_outcome {
	RETRY_ANSWERED,	   /* a whole answer; its status tells */
	RETRY_UNREACHABLE, /* no connection: the server has not seen the request */
	RETRY_BROKEN	   /* timeout, reset, a body cut short */
};

enum retry_verdict {
	RETRY_AGAIN,
	RETRY_FINAL,	/* repeating would not help */
	RETRY_UNSAFE,	/* it would help, but the request may have been done */
	RETRY_ATTEMPTS, /* enough attempts */
	RETRY_BUDGET	/* enough time */
};

struct retry_case {
	enum retry_outcome outcome;
	int status, idempotent;
	const char *retry_after, *date; /* headers of the answer, NULL: none */
	uint32_t attempt, attempts;	/* the one that just ended, from 1; how many there may be */
	uint64_t spent_ms, total_ms;	/* so far, without waits that a server asked for */
	int64_t
	    now_us; /* UTC; counts only where a Retry-After is a date without a Date beside it */
	uint32_t random;
};

struct retry_plan {
	enum retry_verdict verdict;
	uint32_t wait_ms;
	int asked, capped; /* the server asked for the wait; for more than RETRY_AFTER_MAX */
};

struct retry_plan retry_decide(const struct retry_case *c);
/* 1: RFC 9110 calls the method idempotent. */
int retry_is_idempotent(const char *method);
#endif
