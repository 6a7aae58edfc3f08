/* choice.h - what the user said about each stream: --streams, --mode, --contract, --columns, --deleted and a configured
 * catalog file.
 *
 * Reads only; whether a choice can work is plan.c's business. */
#ifndef ABHOST_CHOICE_H
#define ABHOST_CHOICE_H
#include "engine/plan.h"

struct choice {
	int selected, from_start;
	int has_sync_mode, has_mode;
	enum plan_sync_mode sync_mode;
	enum dest_mode mode;
	json_t *cursor, *key; /* arrays as Airbyte has them, or NULL */
	int has_contract, has_deleted;
	int deleted_is_named; /* for this stream, not for all */
	enum dest_contract contract;
	enum dest_deleted deleted;
	int64_t generation_id, minimum_generation_id, sync_id; /* below 0: not said */
	json_t *columns;				       /* array of names, or NULL */
	json_t *deleted_field;				       /* text, or NULL */
	const json_t *entry; /* of the catalog file that spoke of it last, or NULL */
};

/* One choice (zeroed by the caller) per stream of the catalog. AB_ECONFIG names the mistake. */
ab_status choice_make(
    struct choice *choices, const struct catalog *c, const struct plan_options *o, struct error *e);
void choice_fini(struct choice *choices, size_t n);

/* For choice_rule.c: whether stream i is called so; the error that it names no stream of the catalog. */
int choice_is_named(const struct catalog *c, size_t i, const char *name, size_t len);
ab_status choice_unknown(
    const struct catalog *c, const char *name, size_t len, const char *where, struct error *e);
/* Both spellings of a key; null counts as absent. */
json_t *choice_get(const json_t *object, const char *snake, const char *camel);
/* choice_rule.c: one entry of a catalog file, and the options. */
ab_status
choice_rule_entry(struct choice *ch, const json_t *config, const char *where, struct error *e);
ab_status choice_rule_options(
    struct choice *choices, const struct catalog *c, const struct plan_options *o, struct error *e);
#endif
