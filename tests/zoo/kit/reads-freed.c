/* reads-freed.c - reads memory that it has freed */
#include "base.h"

static volatile char last;

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	volatile char *text = malloc(64);

	if (text == NULL)
		return AB_ENOMEM;
	text[7] = r->stream[0];
	free((void *)(uintptr_t)text);
	last = text[7];
	return base_read_page(self, r, p);
}

BASE_CONNECTOR(.read_page = zoo_read_page);
