/* source.h - a running source, whatever kind it is: a native worker today, an Airbyte program later.
 *
 * The engine starts one command at a time and takes its events until SOURCE_DONE or SOURCE_FAILED.
 * source_next never blocks: poll source_fds first.  Used by the reader thread only; source_free_slot is in
 * source_page. */
#ifndef ABHOST_SOURCE_H
#define ABHOST_SOURCE_H
#include <abhost/abi.h>
#include <jansson.h>
#include <poll.h>

#include "base/error.h"

enum source_event_type {
	SOURCE_NOTHING,	  /* poll again */
	SOURCE_STREAM,	  /* text: an AirbyteStream (JSON) */
	SOURCE_PARTITION, /* num: index in this read; text: its JSON, "" for the only one */
	SOURCE_PAGE, /* bytes, num (page from 1), token, state, about: take it with source_page */
	SOURCE_PARTITION_END, /* num */
	SOURCE_RESTART,	      /* the page token was refused; see CHAN_RESTART */
	SOURCE_LOG,	      /* num: level; text */
	SOURCE_WAIT,	      /* num: until (us); text: why; token: the host */
	SOURCE_DONE,	      /* the command ended well */
	SOURCE_FAILED /* error says it, function, stream and page included; the source may take another command unless dead */
};

struct source_event {
	enum source_event_type type;
	uint32_t stream, slot;
	int64_t num;
	size_t bytes;
	int has_token;
	struct ab_str text, token, state, about; /* until the next source_next */
	struct error error;
};

struct source_options {
	const char *path;	  /* the connector's file, or NULL: then fd */
	int fd;			  /* its opened and checked file (loader.h); the source takes it */
	const char *id, *version; /* from its descriptor, for sentences */
	const char *config;	  /* JSON text */
	size_t page_cap;	  /* bytes */
	int call_timeout_s;	  /* watchdog per call of the connector */
	int in_process;		  /* run the worker as a thread (only in abhost-inprocess) */
};

struct source;
#define SOURCE_FDS 4

/* worker_run, in the one binary that can run a worker as a thread; else NULL. */
extern int (*source_in_process_hook)(int fd, int mem_fd, int so_fd);

/* Starts the worker at once and returns; it dies with the thread that called this.  Its first answer comes as an event (DONE of the opening). */
ab_status source_start(const struct source_options *o, struct source **out, struct error *e);
/* What to poll (events filled in); returns how many. */
int source_fds(struct source *s, struct pollfd fds[SOURCE_FDS]);
/* Milliseconds until source_next wants to be called again for its clocks (-1: no need). */
int source_timeout_ms(struct source *s);
ab_status source_check(struct source *s, struct error *e);
ab_status source_streams(struct source *s, struct error *e);
/* configured: ConfiguredAirbyteStream (JSON); committed: as CHAN_READ's text 1. */
ab_status source_read(struct source *s, uint32_t stream, const char *configured,
    const char *committed, uint32_t limit, struct error *e);
/* The next event.  A dead, hung or talking-rubbish worker becomes one SOURCE_FAILED with the whole sentence. */
void source_next(struct source *s, struct source_event *ev);
/* Copies the page of the last SOURCE_PAGE event into dst (ev->bytes bytes) and frees its slot. */
ab_status source_page(struct source *s, const struct source_event *ev, char *dst, struct error *e);
void source_cancel(struct source *s); /* asks; the events go on until DONE or FAILED */
int source_dead(const struct source *s);
/* Ends the process (asks, waits `grace_ms`, kills) and reaps it; frees. NULL is fine. */
void source_close(struct source *s, int grace_ms);
#endif
