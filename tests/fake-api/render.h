/* render.h - records of My API as JSON text, made from a seed.
 *
 * The same facts always give the same bytes.  A shape is a template; rendering copies it and fills in
 * the placeholders.  No record is larger than RENDER_MAX. */
#ifndef FAKE_RENDER_H
#define FAKE_RENDER_H
#include <stdint.h>

#define RENDER_MAX 8192 /* bytes that one record may need */

enum render_shape {
	RENDER_FLAT,   /* 9 fields, 212 bytes on average */
	RENDER_NESTED, /* 29 fields, about 3.2 KB */
	RENDER_WIDE,   /* 60 columns, about 1.25 KB */
	RENDER_USER,   /* what the users list holds */
	RENDER_WRONG   /* flat, but most fields have other types */
};

struct render_facts {
	uint64_t seed;
	uint32_t id;
	int64_t created_us, updated_us; /* whole milliseconds are shown */
};

/* Writes one record without a NUL; returns its end. */
char *render_record(char *out, enum render_shape shape, const struct render_facts *facts);
/* "flat", "nested" or "wide" to a shape; -1 where it is none of these. */
int render_shape_named(const char *name);
#endif
