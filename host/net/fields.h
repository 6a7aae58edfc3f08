/* fields.h - reads the JSON descriptions that a connector hands over, strictly.
 *
 * Whatever is wrong in one is the connector's mistake (AB_EBUG), told with JSON pointer and the
 * bytes around it. */
#ifndef ABHOST_FIELDS_H
#define ABHOST_FIELDS_H
#include <jansson.h>

#include "base/error.h"

enum {
	FIELD_STRING = 1 << JSON_STRING,
	FIELD_NUMBER = 1 << JSON_INTEGER | 1 << JSON_REAL,
	FIELD_BOOLEAN = 1 << JSON_TRUE | 1 << JSON_FALSE,
	FIELD_ARRAY = 1 << JSON_ARRAY,
	FIELD_OBJECT = 1 << JSON_OBJECT,
	FIELD_NULL = 1 << JSON_NULL,
	FIELD_REQUIRED = 1 << 16
};

struct field {
	const char *key; /* NULL ends a table */
	int types;	 /* FIELD_*, or-ed */
};

struct fields {			 /* a description that is being read */
	const char *what, *text; /* "endpoint"; the text itself, borrowed */
};

/* Parses the text, an object without doubled keys; *out is the caller's. */
ab_status fields_load(const struct fields *f, json_t **out, struct error *e);
/* Every key of the object is in the table, has one of its types, and none that is required is missing.  `pointer`
 * is the object's own: "", "/auth". */
ab_status fields_check(const struct fields *f, const char *pointer, const json_t *object,
    const struct field *known, struct error *e);
/* AB_EBUG: pointer/key, what is wrong, the bytes around. */
ab_status fields_fail(const struct fields *f, const char *pointer, const char *key,
    const char *wrong, struct error *e);
#endif
