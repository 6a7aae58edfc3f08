/* explain.h - what an HTTP failure is called and how it is told: one sentence that says what to do. */
#ifndef ABHOST_EXPLAIN_H
#define ABHOST_EXPLAIN_H
#include "net/request.h"
#include "net/response.h"

#define EXPLAIN_STATUS 48

/* "404 Not Found"; returns out.  The server's own phrase is not looked at. */
const char *explain_status(int status, char out[EXPLAIN_STATUS]);
/* Sets the error for an answer that is one: 401 and 403 AB_ECONFIG, other 4xx AB_EDATA, what might pass AB_ETRANSIENT.
 * `why` is put behind ("tried 6 times in 12.3 s"), "" for nothing. */
ab_status explain_answer(const struct request *r, const struct http_response *resp,
    const struct endpoint *asked, const char *why, struct error *e);
#endif
