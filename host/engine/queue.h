/* queue.h - between the reader and the writer: a bounded queue of work, and the page buffers that it carries.
 *
 * The buffers are few and are used again for ever: touching fresh memory costs more than filling it.  Two, and a third
 * for pages of at most QUEUE_SMALL bytes; fewer where pages are so large that a budget would not do.  One thread pushes and takes pages (the reader), one pops (the writer);
 * either may release a page.  Whenever the reader may go on, queue_fd becomes readable. */
#ifndef ABHOST_QUEUE_H
#define ABHOST_QUEUE_H
#include <pthread.h>
#include <stdint.h>

#include "base/buf.h"
#include "data/beside.h"
#include "data/scan.h"

#define QUEUE_PAGES 3
#define QUEUE_SMALL (512u << 10)
#define QUEUE_ITEMS 16

struct queue_page {
	char *bytes; /* len bytes and SCAN_PADDING zeros */
	size_t len, cap;
	struct scan scan;
	struct buf about;	      /* text, empty: none */
	struct beside_list beside;    /* of each record, or empty */
	int64_t extracted_us, number; /* number: of the page in its partition's read */
	/* private */
	int taken;
};

enum queue_type {
	QUEUE_BEGIN,
	QUEUE_PAGE,
	QUEUE_DISCARD,
	QUEUE_FINISH,
	QUEUE_COMMIT,
	QUEUE_ROLLBACK,
	QUEUE_STOP
};

struct writer_commit;
struct queue_item {
	enum queue_type type;
	size_t stream;
	int fresh;		 /* BEGIN */
	int64_t since_us;	 /* DISCARD, */
	int lane;		 /* of this lane's rows (dest.h) */
	int destroys;		 /* BEGIN, DISCARD: what the state in the store still speaks of */
	struct queue_page *page; /* PAGE */
	struct writer_commit *commit; /* COMMIT */
};

struct queue {
	struct queue_page pages[QUEUE_PAGES];
	size_t
	    budget; /* bytes that the buffers may take together, each or its tables, a larger one alone; 0: any */
	/* private */
	size_t tables_per_kib; /* of the last page that was scanned */
	struct queue_item items[QUEUE_ITEMS];
	size_t first, n;
	int busy; /* an item is out with the writer */
	int fd;
	pthread_mutex_t lock;
	pthread_cond_t some, room;
};

/* -1: no event descriptor. */
int queue_init(struct queue *q);
void queue_fini(struct queue *q);
/* A free buffer with room for len bytes, its padding zeroed; NULL with *failed 0: none is free now, 1: no memory. */
struct queue_page *queue_take_page(struct queue *q, size_t len, int *failed);
void queue_release_page(struct queue *q, struct queue_page *p);
/* The page is scanned: what its tables take.  1: it, or they, are more than the budget. */
int queue_measure_page(struct queue *q, const struct queue_page *p, size_t *tables);
/* Whether a page may be free and there is room for a page's items: worth asking the source for more. */
int queue_has_room(struct queue *q);
/* Waits while the queue is full, which it is not after queue_has_room. */
void queue_push(struct queue *q, const struct queue_item *item);
/* Waits for an item. Say queue_done when it is worked off. */
void queue_pop(struct queue *q, struct queue_item *out);
void queue_done(struct queue *q);
/* Nothing is queued and nothing is being worked on. */
int queue_is_idle(struct queue *q);
/* Readable when something changed; queue_clear makes it unreadable again. */
int queue_fd(const struct queue *q);
void queue_clear(struct queue *q);
void queue_wake(struct queue *q);
#endif
