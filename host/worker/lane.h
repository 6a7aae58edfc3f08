/* lane.h - a lane: a thread with a source of its own, which does one task of the scheduler's after the other.
 *
 * Lane 0 opens its source when the engine says so and runs every command; the others open theirs, in the same way, when
 * there is the first task for them. */
#ifndef ABHOST_LANE_H
#define ABHOST_LANE_H
#include "worker/hosted.h"
#include "worker/readloop.h"
#include "worker/sched.h"
#include "worker/tally.h"

/* What every lane opens its source with; made by CHAN_OPEN, before there is a second lane. */
struct opening {
	struct ab_connector connector; /* size 0: not loaded yet */
	json_t *config;		       /* with secrets */
	char *config_text;	       /* without */
	size_t page_cap;
	int wants_trace, wants_tokens;
	int is_strict, measures;
	char fault[16]; /* cassette_fault, "": none */
	uint32_t fault_at;
	struct tally before; /* strict: as it was before open */
	struct http_shared *shared;
	struct cassette *cassette; /* records, or stands for the network; NULL: neither */
	/* what the kit for connector tests chose (host/accept): each source plays a cassette of its own */
	struct {
		char *folder; /* NULL: not so */
		char *bend;   /* or NULL */
	} each;
};

struct lane {
	struct worker *worker;
	uint32_t index;
	int has_thread;
	pthread_t thread;
	struct hosted hosted;
	struct part *first, *last; /* its partitions; the first one's page is read next */
};

struct worker {
	struct uplink up;
	struct sched sched;
	struct crumbs crumbs;
	struct opening opening;
	int so_fd;
	uint32_t nlanes;   /* that were begun */
	struct lane *lane; /* as many as there are breadcrumbs */
};

/* Starts the next lane; under up.lock. -1: it cannot, and must not be asked again. */
int lane_start(void *worker);

/* command.c: CHAN_OPEN, CHAN_CHECK, CHAN_STREAMS and CHAN_CLOSE, on lane 0. */
ab_status command_run(struct lane *l, const struct chan_msg *m, struct error *e);
/* Calls close, and tells the host's functions that they are done; what is closed already stays so. */
void command_close_source(struct hosted *s);
/* Opens the source of another lane. */
ab_status command_open_more(struct lane *l, struct error *e);
void opening_fini(struct opening *o);
#endif
