/* memory.h - a run's memory as a budget: what the user allows, divided among those that can do with less.
 *
 * Both processes together begin with MEMORY_PROGRAMS: code, libraries, a page of everything.  Of the rest
 *   page bodies in the worker    three eighths; beyond 24 MiB of rest an eighth of what is beyond
 *   append_dedup's page cache    a quarter, where a stream needs it
 *   append_dedup's sorted batch  two thirds of what is left then, where a stream needs it
 *   pages in the engine          what is left
 * A page is as large as its bytes, or as the tables that are made of it (scan.h), where its records are so short that those
 * are larger.  One that is larger than its share is taken all the same, alone, and told of.  Pure. */
#ifndef ABHOST_MEMORY_H
#define ABHOST_MEMORY_H
#include <stddef.h>

#define MEMORY_PROGRAMS ((size_t)18 << 20)
#define MEMORY_LEAST	((size_t)24 << 20)
#define MEMORY_DEFAULT	((size_t)32 << 20)
#define MEMORY_DEDUP	((size_t)80 << 20) /* the default where a stream is append_dedup */

struct memory {
	size_t bodies, pages, cache, batch; /* bytes */
};

/* total: at least MEMORY_LEAST, or 0 for the default. */
void memory_divide(struct memory *m, size_t total, int has_dedup);
/* The least total, in whole MiB, in which a page of so many bytes has its share, and with its tables and the body that it came
 * in all that it takes. */
size_t memory_for_page(size_t bytes, size_t tables, int has_dedup);
#endif
