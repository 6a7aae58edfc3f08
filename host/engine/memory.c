/* memory.c - see memory.h. */
#include "engine/memory.h"

#define PLENTY	     ((size_t)24 << 20)
#define APPEND_CACHE ((size_t)2 << 20) /* what SQLite has anyway */

void
memory_divide(struct memory *m, size_t total, int has_dedup)
{
	size_t first = total != 0 ? total : MEMORY_DEFAULT, rest;

	/* the worker is started before anybody knows of a stream */
	rest = first - MEMORY_PROGRAMS;
	m->bodies = (rest < PLENTY ? rest : PLENTY) / 8 * 3;
	if (rest > PLENTY)
		m->bodies += (rest - PLENTY) / 8;
	if (total == 0 && has_dedup)
		rest = MEMORY_DEDUP - MEMORY_PROGRAMS;
	m->cache = has_dedup ? rest / 4 : APPEND_CACHE;
	m->pages = rest > m->bodies + m->cache ? rest - m->bodies - m->cache : 0;
	m->batch = has_dedup ? m->pages / 3 * 2 : 0;
	m->pages -= m->batch;
}

size_t
memory_for_page(size_t bytes, size_t tables, int has_dedup)
{
	size_t total = has_dedup ? MEMORY_DEDUP : MEMORY_DEFAULT;
	struct memory m;

	memory_divide(&m, total, has_dedup);
	while (m.pages < bytes || m.pages < tables || m.pages + m.bodies < 2 * bytes + tables) {
		total += (size_t)1 << 20;
		memory_divide(&m, total, has_dedup);
	}
	return total;
}
