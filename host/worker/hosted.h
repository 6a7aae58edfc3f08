/* hosted.h - one open source: its connector's table, the host services that it is given, and what its calls
 * leave behind.
 *
 * Everything here belongs to the thread of its lane, except what abi.h marks [any].  A call of the connector is
 * hosted_begin, the call, hosted_end; what the host handed out lives until hosted_release. */
#ifndef ABHOST_HOSTED_H
#define ABHOST_HOSTED_H
#include <abhost/abi.h>
#include <jansson.h>

#include "base/error.h"
#include "data/view.h"
#include "net/http.h"
#include "worker/crumb.h"
#include "worker/page.h"
#include "worker/uplink.h"

struct ab_response {
	struct hosted *hosted;
	struct ab_response *next;
	struct http_response *http;
	const struct ab_json *json; /* made once */
	size_t read_at;		    /* http_read has given so many bytes */
	int is_stream;		    /* lives until http_done or the source's end */
	struct ab_str lent;	    /* strict: the body's copy, or the stream's last chunk */
	int pinned; /* a page's records lie in its body: keep it until the release */
};
struct ab_catalog {
	struct hosted *hosted;
	uint32_t streams;
	int open;
};
struct ab_state {
	struct hosted *hosted;
	struct buf text; /* the last set_state */
	int open, is_set;
};

struct hosted {
	struct ab_host host;   /* priv leads back here */
	struct ab_host *table; /* given to the connector: host, or what watches it (strict.h) */
	struct uplink_lane lane;
	struct chan_crumb *crumb;
	struct ab_connector connector;
	void *self;
	int is_loaded; /* its functions may be called */
	int is_open;
	size_t page_cap;
	int wants_trace;	  /* each exchange is told */
	int wants_tokens;	  /* each refresh token that stands for one of the config is told */
	int is_strict, is_called; /* see strict.h; a call runs */
	struct arena lent;	  /* strict: what is not a view and was lent to the running call */

	const json_t *config;	      /* with secrets; borrowed, all lanes have the same */
	struct view_root config_root, /* lives until close, */
	    root,		      /* until the call's end, */
	    scratch;		      /* until the next emit_text */
	const struct ab_json *config_view;

	struct cassette *cassette; /* the worker's, or NULL */
	int owns_cassette;	   /* no: this source's own */
	_Atomic int64_t
	    waited_us;	  /* with one: what its clock has gone on since the recording began */
	int64_t slept_us; /* in a replay, inside of http: nobody really waits */
	struct http *http;
	struct http_shared *shared; /* the worker's */
	struct ab_response *responses;
	size_t expected; /* bytes of the bodies that the running request may bring */
	_Atomic size_t
	    *seen;	  /* what its stream's bodies took of late, for that; NULL: no stream's */
	struct error why; /* the reason that fail() or a service recorded */
	int why_is_hosts; /* a service did */
	struct error broken; /* fails the call, whatever it returns */
	struct ab_catalog catalog;
	struct ab_page page;
	struct ab_state state;
};

/* AB_ENOMEM; hosted_fini is fine in any case. */
ab_status
hosted_init(struct hosted *s, struct uplink *up, struct chan_crumb *crumb, struct error *e);
void hosted_fini(struct hosted *s);

/* A call of the connector begins; stream may be NULL, page 0. */
void hosted_begin(struct hosted *s, const char *function, const char *stream, uint64_t page);
/* It returned rc: what the call really ended as, the sentence in s->why. */
ab_status hosted_end(struct hosted *s, ab_status rc);
/* Bytes to be lent to the running call: themselves, or, to a strict source, a copy that ends with it. */
const void *hosted_lend(struct hosted *s, const void *bytes, size_t n);
const char *hosted_lend_text(struct hosted *s, const char *text);
/* Everything that the host handed out since the last release is invalid; a slot that was not sent is free. */
void hosted_release(struct hosted *s);
/* A service failed: records the sentence, whose status is returned. */
ab_status hosted_failed(struct hosted *s, const struct error *e);
/* 1, and e: update_state runs, in which this function has nothing to do. */
int hosted_is_pure(const struct hosted *s, const char *function, struct error *e);
/* The same where the connector must not be able to go on as if nothing had happened. */
ab_status hosted_broken(struct hosted *s, const struct error *e);

/* services.c, services_http.c, services_emit.c: fill their part of the table. */
void services_fill(struct ab_host *h);
void services_fill_http(struct ab_host *h);
void services_fill_emit(struct ab_host *h);
/* Copies an argument struct of the connector by the rule of abi.h: shorter is zero-extended, longer must be zero.
 * Its first two members are size and flags.  AB_EUNSUPPORTED naming the struct, AB_EBUG. */
ab_status services_take(void *out, size_t known, const void *in, const char *name, struct error *e);
/* Those of a request with "stream" only where it is said: they outlive a call. */
void services_free_responses(struct hosted *s, int streams_too);
/* How http asks the outside, for this source. */
struct http_env services_http_env(struct hosted *s);
/* The response whose body holds these bytes, or NULL. */
struct ab_response *services_find_body(struct hosted *s, struct ab_str bytes);
#endif
