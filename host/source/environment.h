/* environment.h - what of our environment a child may see.  Must never let through a variable that nobody listed. */
#ifndef ABHOST_ENVIRONMENT_H
#define ABHOST_ENVIRONMENT_H
#include <stddef.h>

/* The variables whose names are in allowed, which a NULL ends (one that ends in '*' is a prefix), into env[from..most-1], and a
 * NULL behind them: env has room for most + 1.  What does not fit is left out.  They are borrowed from environ. */
void environment_pick(const char *const *allowed, char **env, size_t from, size_t most);
#endif
