/* config_internal.h - what config.c, config_schema.c and their neighbours share; nobody else includes it. */
#ifndef ABHOST_CONFIG_INTERNAL_H
#define ABHOST_CONFIG_INTERNAL_H
#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"

#define SCHEMA_MAX_DEPTH 128
#define SCHEMA_MAX_STEPS 1000000 /* a spec that refers to itself must end */

/* A JSON pointer that grows and shrinks with a walk: `mark = path_key(...)`, walk, `path_cut(..., mark)`. */
size_t path_key(struct buf *path, const char *key);
size_t path_index(struct buf *path, size_t i);
void path_cut(struct buf *path, size_t mark);
/* The pointer for people: the root is called by name. */
const char *path_text(const struct buf *path);

/* One check of one document; faults collect in it. */
struct schema_check {
	const json_t *root; /* the whole spec, for $ref */
	struct buf where, faults;
	size_t count; /* of faults; may be more than `faults` holds */
	int depth;
	long steps;
};

void schema_init(struct schema_check *c, const json_t *root);
void schema_fini(struct schema_check *c);
/* 1 and one level deeper where the walk may go on; pair it with schema_leave. */
int schema_enter(struct schema_check *c);
void schema_leave(struct schema_check *c);
void
schema_fault(struct schema_check *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Checks v against schema, combinations and children included. */
void schema_value(struct schema_check *c, const json_t *schema, const json_t *v);
/* The keywords that look at v alone: type, enum, const, numbers, strings, sizes. */
void schema_assert(struct schema_check *c, const json_t *schema, const json_t *v);
/* 1 where v is of a type that the schema names itself, or it names none. */
int schema_is_type(const json_t *schema, const json_t *v);
/* 1 where v has no fault by schema; steps count into c. */
int schema_matches(struct schema_check *c, const json_t *schema, const json_t *v);
/* What "#/definitions/x" stands for, or NULL. */
const json_t *schema_ref(const json_t *root, const char *ref);
/* 1 where v holds a property whose `const` in this branch of a oneOf is another value. */
int schema_excluded(const json_t *branch, const json_t *v);
/* Puts defaults into v; on a lack of memory some stay out, which the check then tells. */
void schema_fill(struct schema_check *c, const json_t *schema, json_t *v);

/* 1: matches, 0: does not, -1: POSIX cannot express the pattern. */
int pattern_match(const char *pattern, const char *text);
/* NULL where text is of this format or the format is unknown, else what it must be: "a date like 2024-12-31". */
const char *format_fault(const char *format, const char *text);
#endif
