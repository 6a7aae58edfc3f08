/* arena.c - see arena.h. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_CHUNK 4096u
#define LARGE_CHUNK (1u << 20)

struct arena_chunk {
	struct arena_chunk *next;
	size_t size, used;
	alignas(max_align_t) char bytes[];
};

void
arena_init(struct arena *a, size_t max)
{
	*a = (struct arena){.max = max};
}

static void
free_chunks(const struct arena *a, struct arena_chunk *chunk)
{
	struct arena_chunk *next;

	for (; chunk != NULL; chunk = next) {
		next = chunk->next;
		if (a->memory != NULL)
			a->memory->drop(chunk, sizeof(*chunk) + chunk->size);
		else
			free(chunk);
	}
}

static void
drop_all(struct arena *a)
{
	free_chunks(a, a->chunk);
	a->chunk = NULL;
	a->used = 0;
}

void
arena_fini(struct arena *a)
{
	drop_all(a);
	arena_init(a, a->max);
}

void
arena_reset(struct arena *a)
{
	if (a->memory != NULL)
		drop_all(a);
	if (a->chunk == NULL)
		return;
	/* The newest chunk is the largest: chunks double. */
	free_chunks(a, a->chunk->next);
	a->chunk->next = NULL;
	a->chunk->used = 0;
	a->used = a->chunk->size;
}

static struct arena_chunk *
add_chunk(struct arena *a, size_t need)
{
	size_t size = a->chunk == NULL ? FIRST_CHUNK : a->chunk->size;
	struct arena_chunk *chunk;

	if (a->chunk != NULL && size < LARGE_CHUNK)
		size *= 2;
	if (size < need)
		size = need;
	if (size > a->max - a->used)
		size = a->max - a->used;
	if (size < need)
		return NULL;
	chunk = a->memory != NULL ? a->memory->get(sizeof(*chunk) + size)
				  : malloc(sizeof(*chunk) + size);
	if (chunk == NULL)
		return NULL;
	*chunk = (struct arena_chunk){.next = a->chunk, .size = size};
	a->chunk = chunk;
	a->used += size;
	return chunk;
}

void *
arena_alloc(struct arena *a, size_t n)
{
	struct arena_chunk *chunk = a->chunk;
	const size_t mask = alignof(max_align_t) - 1;
	void *p;

	if (n > a->max)
		return NULL;
	n = (n + mask) & ~mask;
	if (chunk == NULL || chunk->size - chunk->used < n)
		chunk = add_chunk(a, n);
	if (chunk == NULL)
		return NULL;
	p = chunk->bytes + chunk->used;
	chunk->used += n;
	return p;
}

char *
arena_dup(struct arena *a, const char *bytes, size_t n)
{
	char *p = n == (size_t)-1 ? NULL : arena_alloc(a, n + 1);

	if (p == NULL)
		return NULL;
	if (n > 0)
		memcpy(p, bytes, n);
	p[n] = '\0';
	return p;
}
