/* view_private.h - what view.c and view_kids.c share; for these two only. */
#ifndef ABHOST_VIEW_PRIVATE_H
#define ABHOST_VIEW_PRIVATE_H
#include <stdint.h>

#include "data/view.h"
#include "data/view_skip.h"

/* One text that was parsed. */
struct view_doc {
	struct view_root *root;
	const char *text, *what;
	size_t len;
	struct skipped most; /* its longest member, where it is an object */
};

struct view_kids {
	struct ab_json *kid;
	uint32_t *slots; /* hash table: 1 + index into kid, 0: free; NULL: a small object */
	uint32_t count, mask;
};

/* What was asked of a value once; ptr NULL: not yet. */
struct view_texts {
	struct ab_str copy; /* of a string, unescaped */
	struct ab_str text; /* as JSON */
};

struct ab_json {
	struct view_doc *doc;
	const char *text, *key; /* key: unescaped, without quotes; not NUL-terminated */
	uint32_t len, klen;
	union {				  /* NULL: not asked for yet */
		struct view_kids *kids;	  /* of an object or array */
		struct view_texts *texts; /* of any other value */
	};
};

/* Each notes an error with the root, unless it has one, and returns NULL. */
void *view_no_memory(struct view_root *r);
/* What stands at `at` is not what was expected. */
void *view_fail_at(const struct view_doc *doc, const char *at, const char *expected);
/* The value was read as what it is not. */
void *view_fail_type(const struct ab_json *v, const char *wanted);
/* A checked, unescaped copy of the string whose quotes are at text[0] and text[len - 1], with a NUL; "" after an
 * error. */
struct ab_str view_copy_string(const struct view_doc *doc, const char *text, size_t len);

/* The members of an object (wanted: "{") or of any container ("["); NULL where v is none, null, or broken. */
struct view_kids *view_kids_of(const struct ab_json *v, const char *wanted);
/* The last member of that key, or NULL. */
const struct ab_json *view_kids_find(const struct view_kids *kids, const char *key, size_t len);
#endif
