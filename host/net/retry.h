/* retry.h - whether a request that failed is made again, and when: one pure function.
 *
 * Made again are requests that got no connection, lost it, or got 408, 425, 429 or 5xx (not 501), a 403 that is a rate
 * limit (it says when to come back, or that nothing remains), and what a description names.  The wait is what the
 * server asks for, else exponential with full jitter.  A request that must not happen twice (POST, PATCH) is made again
 * only when it cannot have happened. */
#ifndef ABHOST_RETRY_H
#define ABHOST_RETRY_H
#include "net/told.h"

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
	RETRY_BUDGET,	/* enough time for one request */
	RETRY_SYNC	/* enough time for the whole sync */
};

struct retry_rule {		   /* what a description may change */
	uint32_t attempts;	   /* the first one included */
	uint32_t total_s;	   /* for one request, without waits that the server asked for */
	uint32_t base_ms, most_ms; /* the back-off: first, doubled each time, never above */
	uint32_t longest_s;	   /* the longest wait that a server may ask for */
	uint32_t sync_s; /* that all requests of a sync together may lose, such waits included */
};

#define RETRY_RULE_DEFAULT \
	{ \
		6, 600, 500, 60000, 3600, 86400 \
	}

struct retry_case {
	enum retry_outcome outcome;
	int status, idempotent;
	int wanted;	   /* the request's description says: again, whatever the status */
	int64_t wanted_ms; /* and after so long; < 0: as usual */
	struct told told;  /* by an answer */
	uint32_t attempt;  /* the one that just ended, from 1 */
	uint64_t spent_ms; /* so far, without waits that a server asked for */
	uint64_t lost_ms;  /* by the whole sync so far */
	uint32_t random;
};

struct retry_plan {
	enum retry_verdict verdict;
	uint32_t wait_ms;
	int64_t
	    asked_ms; /* what the server asked for, before it was cut to longest_s; 0: nothing */
	int limited;  /* it is a rate limit */
	int for_all;  /* the origin wants rest: whoever else asks it should wait too */
	const char
	    *from; /* what asked: "Retry-After"; points into the case, "" where nothing did */
};

struct retry_plan retry_decide(const struct retry_case *c, const struct retry_rule *rule);
/* 1: RFC 9110 calls the method idempotent. */
int retry_is_idempotent(const char *method);
/* 1: the answer may pass: what it says is no reason to change anything. */
int retry_is_passing(int status);

/* How much of a sync was lost to failed attempts and to waits: time in which several lanes wait counts once. */
struct retry_lost {
	int64_t until_us;
	uint64_t lost_us;
};

/* Adds the time from `from_us` to `to_us` (a clock that never steps). */
void retry_lose(struct retry_lost *l, int64_t from_us, int64_t to_us);
#endif
