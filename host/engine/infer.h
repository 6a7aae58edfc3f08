/* infer.h - a JSON Schema from records that were seen, for whoever needs one where the connector has none.
 *
 * Says as little as it can: the types of the fields of the top level, each of which may be null, and no formats.  A field
 * of which nothing but null was seen is a string.  Not thread-safe. */
#ifndef ABHOST_INFER_H
#define ABHOST_INFER_H
#include <jansson.h>
#include <stddef.h>

#define INFER_MAX_FIELDS 10000

struct infer {
	json_t *fields; /* name: the kinds that were seen, as bits */
};

/* -1: no memory. */
int infer_init(struct infer *f);
void infer_fini(struct infer *f);
/* One record's bytes. -1: no memory; what is no object is passed over. */
int infer_record(struct infer *f, const char *record, size_t len);
/* {"id": {"type": ["null", "integer"]}, ...}; NULL: no memory. */
json_t *infer_properties(const struct infer *f);
#endif
