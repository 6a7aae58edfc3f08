/* native.h - inside of a native source: what native.c, which turns messages into events, and obituary.c, which
 * says what became of a worker, share. */
#ifndef ABHOST_NATIVE_H
#define ABHOST_NATIVE_H
#include <pthread.h>

#include "source/logpipe.h"
#include "source/source_kind.h"
#include "source/spawn.h"
#include "source/verify.h"
#include "worker/chan.h"

struct native {
	struct source base;
	struct chan chan;
	struct spawn child;
	struct logpipe log;
	struct verify verify;
	size_t memory;	/* that pages in slots may take together; 0: any */
	uint32_t slots; /* that the worker has used so far: it takes the first that is free */
	char who[160];	/* "my-api 1.0.0" */
	char line[sizeof(((struct logpipe *)0)->line)];
	int timeout_s;
	int64_t watch_us;  /* when to look at the breadcrumb next */
	int64_t active_us; /* the last message, either way */
	int64_t gone_us;   /* when the worker's end of the channel was seen, 0: it stands */
	void (*trace)(void *ctx, const struct source_trace *t);
	void *trace_ctx;
	void (*replaced)(void *ctx, const char *key, const char *refresh);
	void *replaced_ctx;
	void (*late)(void *ctx, const char *line);
	void *late_ctx;
	int log_turn; /* the log is asked first, the next time the channel */
	int dead;
	struct error error; /* why it is dead */
	char guilty[256];   /* the stream that it was at work for then, or "": not known */
	int in_process;
	pthread_t thread; /* in_process: the worker */
};

/* The sentences: set s->error and leave the source dead, its process killed. */
/* Its end was seen; info is how. */
void obituary_died(struct native *s, const siginfo_t *info);
/* It closed the channel and did not end. */
void obituary_silent(struct native *s);
/* It said what no worker says. */
void obituary_rubbish(struct native *s, const char *what);
/* Looks at the breadcrumb: is a function of the connector over its time? Then it is stopped. */
void obituary_watch(struct native *s, int64_t now_us);
#endif
