/* told.h - what an answer says about when the next request may come: Retry-After, the many spellings of a rate
 * limit, and what a description names.  Pure.
 *
 * Nothing here is trusted to be sensible: a value that cannot be read counts as none, a time that has passed as 0.
 * How long a wait may be is not decided here. */
#ifndef ABHOST_TOLD_H
#define ABHOST_TOLD_H
#include <abhost/abi.h>

#include "net/headers.h"

enum told_unit { TOLD_AUTO, TOLD_SECONDS, TOLD_MS };

/* What a description says beyond the usual headers; NULL: nothing. */
struct told_rule {
	char *header, *body; /* where the wait stands: a header, or a path in a JSON body */
	enum told_unit unit; /* AUTO: by its form, as told_wait_ms has it */
	char *remaining, *reset;
};

struct told {
	int64_t wait_ms;   /* come back after so long; -1: nothing is said */
	int64_t remaining; /* requests that are left; -1: not said */
	int64_t limit;	   /* of how many; -1 */
	int64_t reset_ms;  /* then there are more; -1 */
	char wait_from[64],
	    reset_from[64]; /* whose words these are: "Retry-After", "retry_after_ms" */
};

#define TOLD_NOTHING \
	{ \
		-1, -1, -1, -1, "", "" \
	}

/* now_us: UTC, counts only for moments, and where the answer has no Date of its own. */
void told_read(const struct headers *h, struct ab_str body, const struct told_rule *rule,
    int64_t now_us, struct told *out);
/* Milliseconds from now; -1: not readable.  AUTO takes a number of seconds ("30", "0.5"), a moment in seconds, milliseconds
 * or microseconds since 1970, "6m0s", "20ms", an RFC 3339 or an HTTP date. */
int64_t told_wait_ms(const char *text, enum told_unit unit, int64_t now_us);
/* Frees the texts. */
void told_rule_fini(struct told_rule *rule);
#endif
