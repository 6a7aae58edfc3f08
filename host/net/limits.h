/* limits.h - what a description says of etiquette towards an origin: its keys "limits" and "retry". */
#ifndef ABHOST_LIMITS_H
#define ABHOST_LIMITS_H
#include "net/fields.h"
#include "net/ratelimit.h"
#include "net/retry.h"

struct limits {
	struct ratelimit_rule rate;
	uint32_t concurrency; /* requests under way at once; 0: any number */
	uint32_t timeout_s;   /* 0: the default */
	struct retry_rule retry;
	struct told_rule told;
};

/* Reads the two objects (NULL: all defaults).  AB_EBUG; then *out is empty. */
ab_status limits_read(const struct fields *f, const json_t *limits, const json_t *retry,
    struct limits *out, struct error *e);
void limits_fini(struct limits *l);
#endif
