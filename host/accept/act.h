/* act.h - one worker that runs the connector for a check: opened, asked something, closed.
 *
 * Answers come from the fixtures, each source's from the beginning; a request that is not in them is remembered. */
#ifndef ABHOST_ACCEPT_ACT_H
#define ABHOST_ACCEPT_ACT_H
#include <signal.h>

#include "accept/kit.h"
#include "source/source.h"

struct act {
	struct kit *k;
	struct source *source;
	struct error error; /* why the last command or read failed */
	uint64_t requests;  /* that were made so far */
	uint64_t broken;    /* and ended without an answer, or with 400 or more */
	char missing
	    [1400]; /* the first request that is not in the fixtures, and what differs: "GET https://..." */
	char warned[512];	/* the first warning of the connector's, or "" */
	struct source_event ev; /* the last of act_next */
	char *page;		/* of act_page */
	char *tally;		/* of act_finish, a JSON text (CHAN_TALLY), or NULL */
	/* sees all that comes out of the connector: "a record", "a log line" */
	void (*look)(void *ctx, const char *what, const char *text, size_t n);
	void *look_ctx;
	size_t room;
};

struct act_options {
	const char *bend;  /* as cassette_bend has it, or NULL */
	int lanes;	   /* 0: one */
	const char *fault; /* as cassette_fault has it, or NULL; */
	uint32_t fault_at; /* of which exchange */
	int strict,
	    measures; /* the worker is (strict.h); it tells what is allocated at the end of each read */
	void (*look)(void *ctx, const char *what, const char *text, size_t n); /* or NULL */
	void *ctx;
};

/* Starts a worker and opens the connector. act_close in any case. */
ab_status act_open(struct act *a, struct kit *k, const struct act_options *o);
ab_status act_check(struct act *a);
/* each: of every stream's text. */
ab_status act_streams(struct act *a, void (*each)(void *ctx, struct ab_str text), void *ctx);
/* committed: as source_read has it. */
ab_status act_read(struct act *a, uint32_t stream, const char *configured, const char *committed);
/* Waits for the next event that is none of LOG, WAIT and so on: of a read's, or its end.  0: it took longer than ms
 * (below 0: for ever). */
int act_next(struct act *a, int ms);
/* The bytes of the last SOURCE_PAGE, SCAN_PADDING zeroes behind them, until the next act_page.  NULL: a->error. */
const char *act_page(struct act *a);
/* Closes the source, and says what it left, where the worker is strict.  Behind it only act_close. */
ab_status act_finish(struct act *a);
void act_close(struct act *a);
/* The end of a check whose command failed: skipped where a request is not in the fixtures, else failed. */
enum accept_verdict act_failed(const struct act *a, struct finding *f, const char *expected);
/* accept.c: signals are noted while checks run: what a worker does ends with this process, and what is asked here ends with
 * the check that runs. */
struct accept_signals {
	struct sigaction action[3];
};
void accept_catch(struct accept_signals *old);
void accept_release(const struct accept_signals *old);
/* The signal that shall end all, or 0. */
int accept_stopped(void);
#endif
