/* misuse.c - uses what it was lent as it must not, as its config says: {"do": BEHAVIOUR}.  Its API is kit/base.h's. */
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

#include "kit/base.h"

struct call {
	struct ab_host *host;
	const struct ab_json *view;
	struct ab_page *page;
};

static const void *kept;
static volatile long sum; /* so that nothing is left out */

static const char *
what(struct base *b)
{
	return ab_cstr(b->host, b->host->config(b->host), "do", "");
}

static int
does(struct base *b, const char *name)
{
	return strcmp(what(b), name) == 0;
}

static void *
sleep_on(void *unused)
{
	while (unused == NULL)
		pause();
	return unused;
}

static void *
look(void *arg)
{
	const struct call *c = arg;

	c->host->log(c->host, AB_INFO, "from a thread of its own"); /* [any] */
	sum += (long)c->host->json_len(c->view);
	return NULL;
}

static void *
emit_late(void *arg)
{
	const struct call *c = arg;

	c->host->next(c->page, "7");
	return NULL;
}

/* Looks at the configuration until it has become dangerous: behind close. */
static void *
outlive(void *config)
{
	while (config != NULL) {
		sum += *(const volatile char *)config;
		usleep(1000);
	}
	return NULL;
}

static void
run_and_join(void *(*fn)(void *), struct call *c)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, fn, c) == 0)
		pthread_join(thread, NULL);
}

static ab_status
misuse_open(struct ab_host *h, void **self)
{
	const struct ab_json *body;
	pthread_t thread;
	ab_status rc = base_open(h, self);
	struct base *b = *self;

	if (rc == AB_OK && does(b, "open_asks"))
		base_get(h, "account", NULL, &body);
	if (rc == AB_OK && does(b, "write_table"))
		h->size = 0;
	if (rc == AB_OK && does(b, "leave_open"))
		sum += open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (rc == AB_OK && does(b, "close_stdin"))
		close(0);
	if (rc == AB_OK && does(b, "leave_thread"))
		pthread_create(&thread, NULL, sleep_on, NULL);
	if (rc == AB_OK && does(b, "keep_config"))
		pthread_create(&thread, NULL, outlive, (void *)(uintptr_t)h->config(h));
	return rc;
}

static void
misuse_close(void *self)
{
	struct base *b = self;
	const struct ab_json *body;

	if (does(b, "close_asks"))
		base_get(b->host, "account", NULL, &body);
	base_close(b);
}

/* As the page before left it. */
static void
use_kept(struct base *b)
{
	struct ab_host *h = b->host;

	if (does(b, "keep_view"))
		sum += (long)h->json_len(kept);
	if (does(b, "keep_body"))
		sum += (long)h->http_body(kept).len;
	if (does(b, "keep_name") || does(b, "keep_string") || does(b, "keep_header") ||
	    does(b, "keep_read"))
		sum += *(const volatile char *)kept;
}

static void
keep(struct base *b, const struct ab_read *r, const struct ab_response *response)
{
	struct ab_host *h = b->host;

	if (does(b, "keep_view"))
		kept = h->json_get(h->http_json(response), "data");
	if (does(b, "keep_body"))
		kept = response;
	if (does(b, "keep_name"))
		kept = r->stream;
	if (does(b, "keep_read"))
		kept = r;
	if (does(b, "keep_string"))
		kept = ab_cstr(h, r->configured, "sync_mode", NULL);
	if (does(b, "keep_header"))
		kept = h->http_header(response, "content-type");
}

/* Two chunks of which the first is used when the second is there. */
static ab_status
read_chunks(struct base *b)
{
	struct ab_host *h = b->host;
	const struct ab_response *r;
	struct ab_str chunk, second;
	ab_status rc =
	    h->http(h, AB_NEW(ab_request, .url = "tags", .options = "{\"stream\": true}"), &r);

	if (rc == AB_OK)
		rc = h->http_read(r, &chunk);
	if (rc == AB_OK)
		rc = h->http_read(r, &second);
	if (rc == AB_OK && does(b, "keep_chunk"))
		sum += chunk.ptr[0];
	return rc;
}

static ab_status
misuse_read_page(void *self, const struct ab_read *r, struct ab_page *p)
{
	struct base *b = self;
	struct ab_host *h = b->host;
	struct call call = {.host = h, .page = p};
	const struct ab_response *response;
	ab_status rc;

	if (r->token != NULL)
		use_kept(b);
	if (does(b, "keep_chunk") || does(b, "read_chunks"))
		return read_chunks(b);
	rc = h->http(h,
	    AB_NEW(ab_request, .url = r->stream,
		.params = (const char *const[]){"page", base_page_of(r), NULL}),
	    &response);
	if (rc != AB_OK)
		return rc;
	call.view = h->http_json(response);
	if (does(b, "thread_looks"))
		run_and_join(look, &call);
	if (does(b, "thread_emits"))
		run_and_join(emit_late, &call);
	if (does(b, "leak_memory"))
		sum += malloc(200) != NULL;
	keep(b, r, response);
	return base_emit(h, call.view, p);
}

BASE_CONNECTOR(.open = misuse_open, .close = misuse_close, .read_page = misuse_read_page,
    .update_state = base_update_state);
