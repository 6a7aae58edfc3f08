/* headers.h - a bounded list of header fields, to send or received, as "Name: value" texts.
 *
 * Names are compared without case.  Memory that held values is wiped before it is freed: they may be credentials. */
#ifndef ABHOST_HEADERS_H
#define ABHOST_HEADERS_H
#include "base/buf.h"

#define HEADERS_MAX_BYTES (256u << 10)
#define HEADERS_MAX_COUNT 1000u

struct headers {
	struct buf text; /* each "Name: value", with a NUL behind it */
	unsigned count;
};

void headers_init(struct headers *h);
void headers_fini(struct headers *h);
void headers_reset(struct headers *h);
/* The value, until the list changes; NULL: none. */
const char *headers_get(const struct headers *h, const char *name);
/* Adds a field; one of that name is replaced.  -1: no room. */
int headers_set(struct headers *h, const char *name, const char *value);
/* Adds a field; to one of that name ", value" is appended.  -1: no room. */
int headers_join(struct headers *h, const char *name, size_t nlen, const char *value, size_t vlen);
/* The text behind `line`, the first for NULL; NULL: no more. */
const char *headers_next(const struct headers *h, const char *line);
/* Empties `to` and copies all.  -1: no room. */
int headers_copy(struct headers *to, const struct headers *from);
/* Copies what may go to any origin: Accept, Accept-Language, User-Agent.  -1: no room. */
int headers_copy_harmless(struct headers *to, const struct headers *from);
/* Whether a connector may send this: NULL, or what is wrong, as words that may follow "the header ...". */
const char *headers_check_name(const char *name);
const char *headers_check_value(const char *value);
#endif
