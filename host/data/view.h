/* view.h - lazy JSON views: struct ab_json of the SDK, over bytes that somebody else keeps.
 *
 * A view is a span.  Nothing is parsed before it is asked for: the first view_get, view_at, view_key
 * or view_len of a container makes a table of its members (40 bytes each, in the arena), passing over
 * what is inside them at several GB/s; from then on each call takes constant time.  The bytes need not
 * have been validated: a walk that meets a mistake yields NULL and marks the root as broken, with the
 * sentence, byte offset and bytes around it.  What is never asked for is never checked, so whoever takes
 * over a span (view_span) must scan it.
 *
 * Views live in the root's arena until the root is reset.  Not thread-safe: one root per source. */
#ifndef ABHOST_VIEW_H
#define ABHOST_VIEW_H
#include <abhost/abi.h>

#include "base/arena.h"
#include "base/error.h"

struct view_root {
	struct arena arena; /* the views and the unescaped strings */
	struct error error; /* the first thing that went wrong since view_root_reset */
	/* private */
	struct ab_json *scratch;
	size_t cap_scratch;
};

void view_root_init(struct view_root *r, size_t max_bytes);
void view_root_fini(struct view_root *r);
/* All views of this root are invalid; error is cleared. */
void view_root_reset(struct view_root *r);
/* Whose view it is. */
const struct view_root *view_root_of(const struct ab_json *v);

/* A view of the one JSON value in text[0, len) (white space around it is fine; a UTF-8 BOM is skipped).
 * The text is borrowed until the reset; no padding is required.  NULL and r->error where it does not
 * begin like JSON; what (e.g. "the answer of GET /users") names it in errors.  Checks the whole value's
 * brackets and strings (it must end where the text ends), nothing else. */
const struct ab_json *
view_parse(struct view_root *r, const char *text, size_t len, const char *what);

/* The first of several values, white space between them (JSON Lines); *text is moved behind it.  NULL: there is none, or,
 * with r->error, what stands there is no JSON. */
const struct ab_json *view_next(struct view_root *r, struct ab_str *text, const char *what);

/* The SDK's json_* functions, with its meaning; NULL reads as null.  A wrong type (a string read as an
 * integer) sets the root's error and yields 0 / "" / NULL; null reads as any type without an error, as 0,
 * "" or an empty container, just as what is absent does. */
const struct ab_json *
view_get(const struct ab_json *v, const char *key); /* the last of equal keys */
const struct ab_json *view_at(const struct ab_json *v, size_t i);
struct ab_str view_key(const struct ab_json *v, size_t i); /* unescaped, NUL-terminated */
size_t view_len(const struct ab_json *v);
int view_type(const struct ab_json *v);
/* Saturates.  true is 1; a real without a fraction (12.0) is read, any other is a wrong type. */
int64_t view_int(const struct ab_json *v);
double view_real(const struct ab_json *v);	 /* the nearest double */
struct ab_str view_str(const struct ab_json *v); /* NUL-terminated copy in the arena, unescaped */
struct ab_str
view_text(const struct ab_json *v); /* NUL-terminated copy of the bytes; "null" for NULL */
/* The bytes themselves, where they stand, not NUL-terminated: for emit, which must not copy. */
struct ab_str view_span(const struct ab_json *v);
#endif
