/* source.h - a running source, whatever kind it is: a native worker, or a program that speaks Airbyte's protocol.
 *
 * Opening, checking and listing the streams are commands that run alone, until SOURCE_DONE or SOURCE_FAILED.  Reads
 * may run together, one per stream: their events come mixed, each with its stream and partition, and each read ends
 * with a SOURCE_DONE or SOURCE_FAILED of its stream.  Up to source_options.lanes pages are fetched at once, shared
 * out fairly among the reads: as many partitions may be open, and one more for each read.  A partition is announced
 * when it begins; ends come in any order.
 * source_next never blocks: poll source_fds first.  Used by the reader thread only. */
#ifndef ABHOST_SOURCE_H
#define ABHOST_SOURCE_H
#include <abhost/abi.h>
#include <jansson.h>
#include <poll.h>

#include "base/error.h"
#include "data/beside.h"

enum source_event_type {
	SOURCE_NOTHING,	  /* poll again */
	SOURCE_STREAM,	  /* text: an AirbyteStream (JSON) */
	SOURCE_PARTITION, /* part begins; text: its JSON, "" for the only one */
	SOURCE_PAGE, /* bytes, num (page from 1), token, state, about: take it with source_page */
	SOURCE_PARTITION_END, /* part */
	SOURCE_RESTART,	      /* part: the page token was refused; see CHAN_RESTART */
	SOURCE_ASK, /* num; text: JSON array of partitions: what is committed of them? See source_committed */
	SOURCE_HELD,  /* num: 1, and from here on no partition begins; 0: they may again */
	SOURCE_LOG,   /* num: level; text */
	SOURCE_WAIT,  /* num: until (us); text: why; token: the host; done, limited */
	SOURCE_TALLY, /* text: JSON, as CHAN_TALLY has it */
	SOURCE_DONE, /* the command, or the read of this stream, ended well.  bytes, num: of a read, where it is measured, what
	                the worker has allocated, and what of it is in memory */
	SOURCE_FAILED /* error says it, function, stream and page included; of this stream, or (SOURCE_ALL) of the
	                 command; where source_dead, of everything that runs, and nothing follows; text then: the
	                 name of the stream that it was at work for, "" where that is not known */
};

#define SOURCE_ALL UINT32_MAX /* no stream: the event is no read's */

struct source_event {
	enum source_event_type type;
	uint32_t stream; /* as source_read had it; SOURCE_ALL.  LOG and WAIT: of whom, if known */
	uint32_t
	    part; /* of a read's PARTITION, PAGE, PARTITION_END, RESTART: counted per read from 0, in the order in
	                  which partitions begin */
	uint32_t slot;
	int64_t num; /* PARTITION and PARTITION_END: part again */
	size_t bytes;
	int has_token;
	int covers; /* PAGE: of an Airbyte program: its state speaks for all records of the stream so far; */
	int joint; /* it is a part of one state of all streams (engine/joint.h; PARTITION: it was told one), */
	int joined;	/* and so is the next page's: nothing may be committed in between */
	uint64_t done;	/* WAIT: requests that the host has answered; */
	int limited;	/* it is a rate limit, not trouble */
	int is_printed; /* LOG: no word of the connector to the host, but a line that it printed */
	struct ab_str text, token, state, about; /* until the next source_next, as is */
	const struct beside_list *beside;	 /* PAGE: what is said beside its records, */
	size_t nbeside;				 /* of which there are so many; NULL: nothing is */
	struct error error;
};

/* One HTTP exchange that has ended; texts until the function returns. */
struct source_trace {
	uint32_t stream;	  /* as in an event */
	const char *method, *url; /* without secrets */
	const char *error;	  /* what broke, or "" */
	int status;		  /* 0: no answer */
	uint32_t attempt;	  /* from 1 */
	uint64_t bytes;		  /* of the body, decoded */
	int64_t ms;
};

struct source_options {
	const char *path;    /* the connector's file, or NULL: then fd */
	int fd;		     /* its opened and checked file (loader.h); the source takes it */
	const char *program; /* in their place: the path of an Airbyte source; or NULL */
	const char
	    *spec; /* its connectionSpecification, JSON text: what of a configuration is secret */
	const char *id, *version; /* from its descriptor, for sentences */
	const char *config;	  /* JSON text */
	const char *secrets; /* the file for refresh tokens that the server replaces, or NULL */
	const char *choices; /* JSON object, as CHAN_OPEN's text 3; NULL: none */
	size_t page_cap;     /* bytes */
	int call_timeout_s;  /* watchdog per call of the connector */
	int lanes;	/* pages that may be fetched at once: 1 (0 means it) to SOURCE_MAX_LANES */
	size_t memory;	/* bytes that page bodies in the worker may take together, 0: any */
	int in_process; /* run the worker as a thread (only in abhost-inprocess) */
	/* Told of each exchange, from inside of source_next; NULL: nobody wants to know. */
	void (*trace)(void *ctx, const struct source_trace *t);
	void *trace_ctx;
	/* Told, from inside of source_next, of each refresh token that stands for the one at `key` of the config, before
	 * it is used; NULL: nobody keeps them. */
	void (*replaced)(void *ctx, const char *key, const char *refresh);
	void *replaced_ctx;
	/* Told of what the connector prints while it is closed, half a line included, from inside of source_close; NULL:
	 * nobody wants to know. */
	void (*late)(void *ctx, const char *line);
	void *late_ctx;
};

struct source;
#define SOURCE_FDS	 4
#define SOURCE_MAX_LANES 64
#define SOURCE_MAX_READS 64

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
/* Closes the source, a command like the others; behind it only source_close.  Of a strict source a SOURCE_TALLY comes
 * before the end. */
ab_status source_finish(struct source *s, struct error *e);
/* Begins a read; others may be running, SOURCE_MAX_READS in all, none of the same stream (AB_EBUG).
 * configured: ConfiguredAirbyteStream (JSON); committed: as CHAN_READ's text 1. */
ab_status source_read(struct source *s, uint32_t stream, const char *configured,
    const char *committed, uint32_t limit, struct error *e);
/* The same for a stream with many partitions: committed speaks only of "partition": null, if at all, and SOURCE_ASK asks for
 * the others. */
ab_status source_read_asking(struct source *s, uint32_t stream, const char *configured,
    const char *committed, struct error *e);
/* Answers a SOURCE_ASK; text as CHAN_COMMITTED has it. */
void source_committed(struct source *s, uint32_t stream, int64_t num, struct ab_str text);
/* The next event.  A dead, hung or talking-rubbish worker becomes one SOURCE_FAILED with the whole sentence. */
void source_next(struct source *s, struct source_event *ev);
/* Copies the page of the last SOURCE_PAGE event into dst (ev->bytes bytes) and frees its slot. */
ab_status source_page(struct source *s, const struct source_event *ev, char *dst, struct error *e);
/* Asks the command, or every read, to end; the events go on until each has its DONE or FAILED. */
void source_cancel(struct source *s);
/* The same for the read of one stream; nothing where none runs. */
void source_cancel_read(struct source *s, uint32_t stream);
/* on: no new partition shall begin, those that run go on.  Behind the SOURCE_HELD that answers the last such call,
 * none begins until source_hold(s, 0).  It holds reads that begin later, too, and hinders no cancelling. */
void source_hold(struct source *s, int on);
int source_dead(const struct source *s);
/* Ends the process (asks, waits `grace_ms`, kills) and reaps it; frees. NULL is fine. */
void source_close(struct source *s, int grace_ms);
#endif
