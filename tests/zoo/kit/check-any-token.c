/* check-any-token.c - does not look at what the API says of the credential */
#include "base.h"

static ab_status
zoo_check(void *self)
{
	struct base *b = self;
	const struct ab_response *r;

	return b->host->http(
	    b->host, AB_NEW(ab_request, .url = "account", .options = "{\"ok\": [401]}"), &r);
}

BASE_CONNECTOR(.check = zoo_check);
