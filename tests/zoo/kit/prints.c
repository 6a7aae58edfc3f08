/* prints.c - prints what nobody asked for */
#include "base.h"

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	printf("reading %s\n", r->stream);
	fflush(stdout);
	return base_read_page(self, r, p);
}

BASE_CONNECTOR(.read_page = zoo_read_page);
