/* plan_rule.h - fills in what a plan says of the content of a stream; for plan.c only. */
#ifndef ABHOST_PLAN_RULE_H
#define ABHOST_PLAN_RULE_H
#include "engine/choice.h"

/* p has its facts, keys and modes. AB_ECONFIG: a field or a choice that cannot be. */
ab_status plan_rule(struct arena *a, struct plan_stream *p, const json_t *stream,
    const struct choice *ch, struct error *e);
#endif
