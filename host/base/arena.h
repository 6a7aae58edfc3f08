/* arena.h - memory that is freed all at once: what a call hands out, what a page decodes.
 *
 * Addresses stay valid until arena_reset or arena_fini.  The arena has a hard maximum; past it,
 * or when memory runs out, arena_alloc returns NULL.  Not thread-safe. */
#ifndef ABHOST_ARENA_H
#define ABHOST_ARENA_H
#include <stddef.h>

struct arena_chunk;
/* Where chunks come from, if not from malloc. */
struct arena_memory {
	void *(*get)(size_t bytes); /* NULL: none */
	void (*drop)(void *chunk, size_t bytes);
};
struct arena {
	struct arena_chunk *chunk; /* newest first */
	size_t used, max;
	const struct arena_memory *memory; /* NULL: malloc; may be set while the arena is empty */
};

void arena_init(struct arena *a, size_t max);
void arena_fini(struct arena *a);
/* Everything handed out is invalid; the largest chunk is kept for reuse, but not where `memory` is set. */
void arena_reset(struct arena *a);
/* `n` bytes, aligned for any type, not cleared; NULL past the maximum. */
void *arena_alloc(struct arena *a, size_t n);
/* A copy of `n` bytes with a NUL behind them, or NULL. */
char *arena_dup(struct arena *a, const char *bytes, size_t n);
#endif
