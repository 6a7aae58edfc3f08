/* manners.h - how the requests of one source treat an origin: they wait for leave, and they heed what its answers say.
 *
 * On the thread of the source, but for manners_wake. */
#ifndef ABHOST_MANNERS_H
#define ABHOST_MANNERS_H
#include "net/endpoint.h"
#include "net/http.h"
#include "net/transfer.h"

struct manners {
	const struct http_env *env;
	struct transfer *transfer; /* sleeps where env does not */
	/* private */
	struct endpoint *at; /* whose gate the thread stands at */
	const char *shown;   /* the URL that waits there */
	pthread_mutex_t lock;
	struct gate *waiting; /* the same, under lock */
};

void manners_init(struct manners *m, const struct http_env *env);
void manners_fini(struct manners *m);
/* [any thread] Whoever waits at a gate looks at whether it is cancelled. */
void manners_wake(struct manners *m);
/* Microseconds on a clock that never steps; and UTC. */
int64_t manners_mono_us(const struct manners *m);
int64_t manners_now_us(const struct manners *m);

struct manners_wait {
	int64_t us;
	const char *why, *shown;   /* as words; the URL */
	int limited;		   /* it is a rate limit */
	struct endpoint *endpoint; /* or NULL */
};

/* Sleeps, and tells whoever watches about what is long enough to wonder at.  AB_ECANCELLED. */
ab_status manners_pause(struct manners *m, const struct manners_wait *wait, struct error *e);
/* Waits until the origin may be asked; *pass goes back with manners_leave, as soon as the exchange has ended.  AB_ECANCELLED:
 * there is no pass. */
ab_status manners_enter(
    struct manners *m, struct endpoint *ep, const char *shown, unsigned *pass, struct error *e);
/* The exchange has ended: how, and what the answer said, also goes to those who wait. */
void manners_leave(struct manners *m, struct endpoint *ep, unsigned pass,
    const struct transfer_result *result, const struct http_response *resp);
/* What an answer says of when to come back; nothing, where there was none.  in_body: it may say so there. */
struct told manners_told(const struct manners *m, const struct endpoint *ep,
    const struct transfer_result *result, const struct http_response *resp, int in_body);
#endif
