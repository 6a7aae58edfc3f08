/* cursor.h - the greatest cursor value of a read: found while pages pass, never from a tree.
 *
 * Numbers are compared by value (64-bit integers exactly), texts by bytes, or as times where the schema says date-time.
 * A number is below every text; null, true, false, arrays and objects are no cursor values.  The value is kept as the
 * JSON bytes that came.  What it holds is bounded by the size of one value.  Not thread-safe. */
#ifndef ABHOST_CURSOR_H
#define ABHOST_CURSOR_H
#include <stdint.h>

#include "base/buf.h"
#include "data/number.h"
#include "data/scan.h"
#include "data/view.h"

#define CURSOR_MAX_VALUE 65536 /* bytes; a longer value is passed over */

enum cursor_kind { CURSOR_NONE, CURSOR_NUMBER, CURSOR_TEXT };

struct cursor_value {
	enum cursor_kind kind;
	struct number number;
	struct ab_str raw;  /* the JSON bytes */
	struct ab_str text; /* TEXT: unescaped; NUMBER: as it came */
};

/* One value that is kept: its bytes and what they mean. */
struct cursor_kept {
	struct buf raw, text;
	struct cursor_value value; /* points into the two */
};

struct cursor {
	struct cursor_kept floor; /* what the read began with */
	struct cursor_kept
	    known; /* where records stand that were there before it; see cursor_know */
	struct cursor_kept best; /* the greatest value of the records of this read */
	int descended; /* a record's value was below one that came before it, or it had none */
	/* private */
	const char *const *path;
	int is_time;
	size_t name_len; /* of path[0] */
	uint32_t predicted;
	int is_borrowed; /* best still points into the page */
	struct buf scratch;
	struct view_root views;
};

/* path is borrowed. */
void cursor_init(struct cursor *c, const char *const *path, int is_time);
void cursor_fini(struct cursor *c);
/* A read begins; json (may be empty) is the value it begins with. -1: no memory. */
int cursor_begin(struct cursor *c, const char *json, size_t len);
/* Keeps another value, for the caller to compare with; cursor_begin sets it to what it begins with. -1: no memory. */
int cursor_know(struct cursor *c, const char *json, size_t len);
/* The value of record r; kind NONE where there is none.  Valid until the next call. */
struct cursor_value
cursor_at(struct cursor *c, const char *page, const struct scan *s, const struct scan_record *r);
/* <0, 0, >0; NONE is below everything. */
int
cursor_compare(const struct cursor *c, const struct cursor_value *a, const struct cursor_value *b);
/* Takes a record's value into account; 1 where it is a new greatest of this read, -1: no memory. */
int cursor_see(struct cursor *c, const struct cursor_value *v);
/* The page's bytes are about to go: keeps what points into them. -1: no memory. */
int cursor_settle(struct cursor *c);
/* The greater of floor and best; kind NONE: there is none. */
const struct cursor_value *cursor_greatest(const struct cursor *c);
#endif
