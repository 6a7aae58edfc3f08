/* handlers.h - what a stream's description says of answers that others would call errors, or would not.
 *
 * A list of rules, the first that fits an answer counts: {"status": ..., "contains": ..., "body": {...}, "action": ...,
 * "message": ..., "wait_seconds": ...} (sdk/schema/options.json has it all).  Pure. */
#ifndef ABHOST_HANDLERS_H
#define ABHOST_HANDLERS_H
#include "net/fields.h"

enum handlers_action {
	HANDLERS_NONE,	 /* no rule fits */
	HANDLERS_END,	 /* nothing more comes: an empty answer */
	HANDLERS_SKIP,	 /* the same, with a warning */
	HANDLERS_RETRY,	 /* as if it were a 503 */
	HANDLERS_CONFIG, /* the user must change something */
	HANDLERS_FAIL	 /* at once, whatever the status */
};

struct handlers_match {
	enum handlers_action action;
	const char *message; /* the list's; NULL: none */
	int64_t wait_ms;     /* -1: none */
};

/* Whether the list (of a description's key "errors") is one: AB_OK, or AB_EBUG. */
ab_status handlers_check(const struct fields *f, const json_t *list, struct error *e);
/* The first rule of a checked list (NULL: none) that fits. */
struct handlers_match handlers_find(const json_t *list, int status, struct ab_str body);
#endif
