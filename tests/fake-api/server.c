/* The HTTP side: one thread per connection, so that a fault may simply sleep. */
#include "server.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define ADMIN_BODY_MAX ((size_t)1 << 20)

static void *
exchange_begin(void *cls, const char *uri, struct MHD_Connection *c)
{
	struct exchange *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->server = cls;
	x->connection = c;
	x->target = strdup(uri);
	buf_init(&x->body, ADMIN_BODY_MAX);
	return x;
}

static void
exchange_end(void *cls, struct MHD_Connection *c, void **held, enum MHD_RequestTerminationCode why)
{
	struct exchange *x = *held;

	(void)cls;
	(void)c;
	(void)why;
	if (x == NULL)
		return;
	free(x->target);
	buf_fini(&x->body);
	free(x);
	*held = NULL;
}

/* Called with the head of a request, again for each part of its body, and once more at its end. */
static enum MHD_Result
exchange_step(void *cls, struct MHD_Connection *c, const char *path, const char *method,
    const char *version, const char *upload, size_t *len, void **held)
{
	struct exchange *x = *held;

	(void)cls;
	(void)c;
	(void)version;
	if (x == NULL || x->target == NULL)
		return MHD_NO;
	if (!x->begun) {
		x->begun = 1;
		x->path = path;
		x->method = method;
		return MHD_YES;
	}
	if (*len > 0) {
		if (buf_add(&x->body, upload, *len) == -1)
			return MHD_NO;
		*len = 0;
		return MHD_YES;
	}
	return strncmp(path, "/_admin/", 8) == 0 ? admin_answer(x) : api_answer(x);
}

struct MHD_Daemon *
server_start(struct server *s, uint16_t port)
{
	struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};

	return MHD_start_daemon(
	    MHD_USE_THREAD_PER_CONNECTION | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_POLL, port,
	    NULL, NULL, exchange_step, s, MHD_OPTION_SOCK_ADDR, &here, MHD_OPTION_URI_LOG_CALLBACK,
	    exchange_begin, s, MHD_OPTION_NOTIFY_COMPLETED, exchange_end, NULL,
	    MHD_OPTION_LISTENING_ADDRESS_REUSE, 1u, MHD_OPTION_END);
}
