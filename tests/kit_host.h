/* kit_host.h - a struct ab_host for the kit's tests: no process, no network.  An answer is what the test's
 * function says for a request; what the kit does is written down. */
#ifndef TESTS_KIT_HOST_H
#define TESTS_KIT_HOST_H
#include <abhost/connector.h>

#include "base/buf.h"
#include "data/view.h"

struct ab_response {
	int status;
	const char *link; /* the header Link, or NULL */
	struct buf body;
};

struct fake {
	struct ab_host host;
	struct view_root views;
	const struct ab_json *config;
	/* Answers a request: url as the kit gave it, params as "k=v&k=v". */
	void (*answer)(
	    struct fake *f, const char *url, const char *params, struct ab_response *out);
	void *ctx;
	struct ab_response response;
	/* what the kit did */
	struct buf requests; /* "URL?PARAMS OPTIONS\n" for each */
	struct buf records;  /* the emitted JSON, a line for each emit */
	struct buf streams;  /* the added streams, a line for each */
	char *token;	     /* of the last page, or NULL */
	char *endpoint;
	ab_status failed; /* the first fail(), and its sentence */
	char why[2048];
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
#define FAKE_CATALOG(f) ((struct ab_catalog *)(f))
#define FAKE_PAGE(f)	((struct ab_page *)(f))
#endif
