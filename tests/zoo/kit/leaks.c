/* leaks.c - forgets a little memory with every page */
#include "base.h"

struct note {
	struct note *before;
	char text[32];
};
static struct note *notes;

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct note *n = malloc(sizeof(*n));

	if (n != NULL) {
		n->before = notes;
		snprintf(n->text, sizeof(n->text), "%s", r->stream);
		notes = n;
	}
	return base_read_page(self, r, p);
}

BASE_CONNECTOR(.read_page = zoo_read_page);
