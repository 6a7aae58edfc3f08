/* other-thread.c - looks at an answer on a thread of its own */
#include <pthread.h>

#include "base.h"

struct look {
	struct ab_host *host;
	const struct ab_json *body;
	size_t count;
};

static void *
look(void *arg)
{
	struct look *l = arg;

	l->count = l->host->json_len(l->body);
	return NULL;
}

static ab_status
zoo_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	const struct ab_json *body;
	ab_status rc = base_get(h, r->stream, base_page_of(r), &body);
	struct look l = {.host = h, .body = body};
	pthread_t thread;

	if (rc == AB_OK && pthread_create(&thread, NULL, look, &l) == 0)
		pthread_join(thread, NULL);
	return rc == AB_OK ? base_emit(h, body, p) : rc;
}

BASE_CONNECTOR(.read_page = zoo_read_page);
