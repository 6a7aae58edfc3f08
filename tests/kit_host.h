/* kit_host.h - a struct ab_host for the kit's tests: no process, no network.  An answer is what the test's
 * function says for a request; what the kit does is written down. */
#ifndef TESTS_KIT_HOST_H
#define TESTS_KIT_HOST_H
#include <abhost/rest.h>

#include "base/buf.h"
#include "data/view.h"

struct ab_response {
	int status;
	const char *link;	    /* the header Link, or NULL */
	const char *header, *value; /* one header more, or NULL */
	struct buf body;
	size_t read_at, chunk; /* http_read gives so many bytes at a time; 0: all */
};

struct fake {
	struct ab_host host;
	struct rest_api api; /* of the last fake_open */
	struct view_root views;
	const struct ab_json *config;
	int64_t now; /* the clock: 2024-01-01 */
	/* Answers a request: url as the kit gave it, params as "k=v&k=v"; the body of the request is in f->sent. */
	void (*answer)(
	    struct fake *f, const char *url, const char *params, struct ab_response *out);
	void *ctx;
	struct ab_response response;
	const char *partition; /* JSON of the partition that fake_read reads, or NULL */
	/* what the kit did */
	struct buf
	    requests;	 /* "METHOD URL?PARAMS\nHEADER: VALUE\nBODY\n" for each; no method: GET */
	struct buf sent; /* the body of the last request */
	struct buf options; /* of the last request; "" none */
	struct buf records; /* the emitted JSON, a line for each emit */
	struct buf streams; /* the added streams, a line for each */
	char *token;	    /* of the last page, or NULL */
	struct buf about;   /* of the last page */
	char *endpoint;
	ab_status failed; /* the first fail(), and its sentence */
	char why[2048];
	char logged[512]; /* the last log line */
};

/* Allocations until one fails; -1: none does.  At 0 every one fails, until it is set again.  (The linker wraps
 * calloc, realloc and strdup.) */
extern int fake_memory;

/* config: JSON text, which must outlive the fake. */
void fake_init(struct fake *f, const char *config);
void fake_fini(struct fake *f);
/* Forgets what was done, keeps config and answer. */
void fake_reset(struct fake *f);
/* Any JSON text as a view, until fake_fini; the text must live as long. */
const struct ab_json *fake_json(struct fake *f, const char *text);
/* One answer for all requests. */
struct canned {
	int status;
	const char *body, *link, *header, *value;
};

#define FAKE_BASE "https://api.example.com/v1/"
/* An open source whose base_url is FAKE_BASE and that has these streams (NULL: none); it must succeed. */
struct rest *fake_open(struct fake *f, const struct rest_stream *streams);
/* Reads one page of a stream from a source of its own; state is JSON, or NULL. */
ab_status fake_read(struct fake *f, const struct rest_stream *s, struct canned c, const char *state,
    const char *token);
/* The same: it must succeed, and the requests must be these. */
void fake_asks(struct fake *f, const struct rest_stream *s, struct canned c, const char *state,
    const char *token, const char *requests);
#define FAKE_CATALOG(f) ((struct ab_catalog *)(f))
#define FAKE_PAGE(f)	((struct ab_page *)(f))
#endif
