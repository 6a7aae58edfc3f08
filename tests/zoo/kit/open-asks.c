/* open-asks.c - makes a request when it is opened */
#include "base.h"

static ab_status
zoo_open(struct ab_host *h, void **self)
{
	const struct ab_json *body;
	ab_status rc = base_open(h, self);

	return rc == AB_OK ? base_get(h, "account", NULL, &body) : rc;
}

BASE_CONNECTOR(.open = zoo_open);
