/* shape_private.h - what shape_fit.c and shape_rule.c share; for these two only. */
#ifndef ABHOST_SHAPE_PRIVATE_H
#define ABHOST_SHAPE_PRIVATE_H
#include "dest/shape.h"

typedef uint32_t shape_finder(struct shape *s, const char *key, size_t klen, struct error *e);

/* shape_fit.c */
/* The column of a field by what its key means, not by how it is spelt; SHAPE_NOWHERE and e: no memory. */
uint32_t shape_of_key(struct shape *s, const struct scan_field *field, const char *bytes,
    shape_finder *find, struct error *e);
/* Widens a column where the value does not fit: runs for each field. */
static inline void
shape_widen(struct shape *s, uint32_t col, const struct scan_field *field, const char *bytes)
{
	struct shape_column *c = &s->cols[col];

	if (!shape_fits((enum shape_type)c->type, field, bytes) && c->role == SHAPE_FIELD)
		c->type = (uint8_t)shape_join(
		    (enum shape_type)c->type, shape_type_of_value(field, bytes));
}
/* Of the fields of a record that lie in one column the last counts, and the others are passed over. -1: no memory. */
int shape_settle(struct shape *s, struct shape_fit *f, const struct scan_record *r);
/* Room for n elements of `size` bytes; the content is not kept. */
void *shape_room(void *old, size_t *cap, size_t n, size_t size);

/* shape_rule.c */
/* Whether each value of the page must be looked at. */
int shape_has_rules(const struct shape *s, const struct scan *scan);
/* Lays record i over the shape by its contract and selection. */
ab_status shape_rule_record(struct shape *s, struct shape_fit *f, size_t i, struct error *e);
/* The same for constant i; its column is SHAPE_SKIP where it has none. */
ab_status shape_rule_constant(struct shape *s, struct shape_fit *f, size_t i, struct error *e);
#endif
