/* beside.h - what a RECORD of Airbyte's protocol says beside its data: when it was emitted, and what the source itself changed.
 *
 * A list goes with a page: one entry for each of its records, in their order.  Pages of other connectors have none.  What a
 * source says wrongly counts as not said (docs/airbyte.md has the rules): no record is refused for it.
 * Nothing is allocated per record; not thread-safe. */
#ifndef ABHOST_BESIDE_H
#define ABHOST_BESIDE_H
#include <abhost/abi.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/clock.h"

#define BESIDE_NEVER INT64_MIN

struct beside {
	int64_t emitted_ms; /* since 1970, before the year 10000; or BESIDE_NEVER: it is not said */
	uint32_t off, len;  /* of its changes in `texts`; len 0: none */
};

struct beside_list {
	struct beside *of;
	size_t n, cap;
	struct buf texts; /* the elements of each record's list of changes, as they came */
};

/* The text of a moment, and when its second began: the next one is often the same, or in the same. */
struct beside_clock {
	int64_t at_ms, since_ms;
	char text[CLOCK_TEXT];
};

void beside_init(struct beside_list *l);
void beside_fini(struct beside_list *l);
/* Empty again; keeps its memory, unless that is large. */
void beside_reset(struct beside_list *l);
/* One more record.  changes: elements of a list, without its brackets. -1: no memory, and nothing was added. */
int beside_add(struct beside_list *l, int64_t emitted_ms, struct ab_str changes);
/* The same of a RECORD, as lines.h has it. */
int beside_add_record(struct beside_list *l, int64_t emitted_ms, struct ab_str meta);
/* to becomes the first n of from. -1: no memory. */
int beside_copy(struct beside_list *to, const struct beside_list *from, size_t n);
/* The first n go. */
void beside_drop(struct beside_list *l, size_t n);
/* The bytes that the list holds. */
static inline size_t
beside_bytes(const struct beside_list *l)
{
	return l->n * sizeof(*l->of) + l->texts.len;
}
/* Elements, comma between them; empty: none. */
struct ab_str beside_changes(const struct beside_list *l, size_t i);
/* As clock_format has it; until the next call. */
const char *beside_time(struct beside_clock *c, int64_t emitted_ms);
#endif
