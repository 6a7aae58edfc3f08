/* view_help.h - views against jansson's trees, for the test and the fuzz target. */
#ifndef TESTS_VIEW_HELP_H
#define TESTS_VIEW_HELP_H
#include <jansson.h>

#include "data/view.h"

/* Does the view say all that the tree says, and nothing else? */
int view_is(const struct ab_json *v, const json_t *want);
/* Asks for everything that can be asked for, 20 levels deep; depth: 0. */
void view_walk(const struct ab_json *v, int depth);
#endif
