/* choice.h - what the user said about each stream: --streams, --mode and a configured catalog file.
 *
 * Reads only; whether a choice can work is plan.c's business. */
#ifndef ABHOST_CHOICE_H
#define ABHOST_CHOICE_H
#include "engine/plan.h"

struct choice {
	int selected;
	int has_sync_mode, has_mode;
	enum plan_sync_mode sync_mode;
	enum dest_mode mode;
	json_t *cursor, *key; /* arrays as Airbyte has them, or NULL */
};

/* One choice (zeroed by the caller) per stream of the catalog. AB_ECONFIG names the mistake. */
ab_status choice_make(
    struct choice *choices, const struct catalog *c, const struct plan_options *o, struct error *e);
void choice_fini(struct choice *choices, size_t n);
#endif
