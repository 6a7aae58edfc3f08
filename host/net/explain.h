/* explain.h - what an HTTP failure is called and how it is told: one sentence that says what to do. */
#ifndef ABHOST_EXPLAIN_H
#define ABHOST_EXPLAIN_H
#include "net/request.h"
#include "net/response.h"

#define EXPLAIN_STATUS 48
#define EXPLAIN_TIME   32
#define EXPLAIN_BODY   4100

/* "404 Not Found"; returns out.  The server's own phrase is not looked at. */
const char *explain_status(int status, char out[EXPLAIN_STATUS]);
/* "45 s", "60 min", "24 hours", "365 days", rounded; returns out. */
const char *explain_time(int64_t ms, char out[EXPLAIN_TIME]);
/* The first bytes of a body as one line, redacted; returns out. */
const char *explain_body(const struct http_response *resp, char out[EXPLAIN_BODY]);
/* "code: detail", tidied in the same way; either may be "". */
const char *explain_text(const char *code, const char *detail, char out[EXPLAIN_BODY]);
struct explain_more {	     /* what is known beside the answer itself */
	const char *why;     /* put behind: "tried 6 times in 12.3 s"; "" for nothing */
	const char *message; /* of the rule of the description that fits it, or NULL */
	ab_status status;    /* AB_OK: as the answer's own status has it */
};

/* Sets the error for an answer that is one: 401 and 403 AB_ECONFIG, other 4xx AB_EDATA, what might pass AB_ETRANSIENT. */
ab_status explain_answer(const struct request *r, const struct http_response *resp,
    const struct endpoint *asked, const struct explain_more *more, struct error *e);
#endif
