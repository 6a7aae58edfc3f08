/* queue.c - see queue.h. */
#include "engine/queue.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define ABOUT_MAX  (1u << 20)
#define ROOM_ITEMS 6 /* what one event of a source can push */
#define GRAIN	   (64u << 10)

int
queue_init(struct queue *q)
{
	memset(q, 0, sizeof(*q));
	for (size_t i = 0; i < QUEUE_PAGES; i++) {
		scan_init(&q->pages[i].scan);
		buf_init(&q->pages[i].about, ABOUT_MAX);
		beside_init(&q->pages[i].beside);
	}
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->some, NULL);
	pthread_cond_init(&q->room, NULL);
	q->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return q->fd < 0 ? -1 : 0;
}

void
queue_fini(struct queue *q)
{
	for (size_t i = 0; i < QUEUE_PAGES; i++) {
		free(q->pages[i].bytes);
		scan_fini(&q->pages[i].scan);
		buf_fini(&q->pages[i].about);
		beside_fini(&q->pages[i].beside);
	}
	pthread_mutex_destroy(&q->lock);
	pthread_cond_destroy(&q->some);
	pthread_cond_destroy(&q->room);
	if (q->fd >= 0)
		close(q->fd);
	q->fd = -1;
}

static size_t
size_for(size_t len)
{
	return (len + SCAN_PADDING + GRAIN - 1) / GRAIN * GRAIN;
}

/* The old content is of no use, so it is not copied. */
static int
page_grow(struct queue_page *p, size_t len)
{
	if (len + SCAN_PADDING <= p->cap)
		return 0;
	free(p->bytes);
	p->bytes = malloc(size_for(len));
	p->cap = p->bytes == NULL ? 0 : size_for(len);
	return p->bytes == NULL ? -1 : 0;
}

static void
page_drop(struct queue_page *p)
{
	free(p->bytes);
	p->bytes = NULL;
	p->cap = 0;
	scan_fini(&p->scan);
	scan_init(&p->scan);
}

/* Records of a few bytes have tables that are larger than the page. */
static size_t
page_bytes(const struct queue_page *p)
{
	size_t tables = scan_table_bytes(&p->scan);

	return p->cap > tables ? p->cap : tables;
}

static size_t
bytes_for(const struct queue *q, size_t len)
{
	size_t tables = len / 1024 * q->tables_per_kib;

	return size_for(len) > tables ? size_for(len) : tables;
}

int
queue_measure_page(struct queue *q, const struct queue_page *p, size_t *tables)
{
	*tables =
	    p->scan.nfields * sizeof(*p->scan.fields) + p->scan.nrecords * sizeof(*p->scan.records);
	q->tables_per_kib = *tables / (p->len / 1024 + 1);
	return q->budget != 0 && (p->len > q->budget || *tables > q->budget);
}

/* A buffer may grow within the budget, or where no other is in use.  Those that lie idle give way. 0: not now. */
static int
may_grow(struct queue *q, struct queue_page *p, size_t len)
{
	size_t others = 0, idle = 0, wanted = bytes_for(q, len);

	if (q->budget == 0 || (len + SCAN_PADDING <= p->cap && wanted <= page_bytes(p)))
		return 1;
	for (size_t i = 0; i < QUEUE_PAGES; i++)
		if (&q->pages[i] != p && q->pages[i].taken)
			others += page_bytes(&q->pages[i]);
		else if (&q->pages[i] != p)
			idle += page_bytes(&q->pages[i]);
	if (others > 0 && others + wanted > q->budget)
		return 0;
	for (size_t i = 0; i < QUEUE_PAGES && others + idle + wanted > q->budget; i++)
		if (&q->pages[i] != p && !q->pages[i].taken) {
			idle -= page_bytes(&q->pages[i]);
			page_drop(&q->pages[i]);
		}
	return 1;
}

static struct queue_page *
choose_page(struct queue *q, size_t len)
{
	size_t usable = len <= QUEUE_SMALL ? QUEUE_PAGES : QUEUE_PAGES - 1;
	struct queue_page *p = NULL;

	for (size_t i = 0; i < usable && p == NULL; i++)
		if (!q->pages[i].taken)
			p = &q->pages[i];
	return p != NULL && may_grow(q, p, len) ? p : NULL;
}

struct queue_page *
queue_take_page(struct queue *q, size_t len, int *failed)
{
	struct queue_page *p = NULL;

	*failed = len > SCAN_MAX_BYTES;
	pthread_mutex_lock(&q->lock);
	if (!*failed && (p = choose_page(q, len)) != NULL)
		p->taken = 1;
	pthread_mutex_unlock(&q->lock);
	if (p == NULL)
		return NULL;
	if (page_grow(p, len) != 0) {
		queue_release_page(q, p);
		*failed = 1;
		return NULL;
	}
	p->len = len;
	memset(p->bytes + len, 0, SCAN_PADDING);
	buf_reset(&p->about);
	beside_reset(&p->beside);
	return p;
}

void
queue_release_page(struct queue *q, struct queue_page *p)
{
	pthread_mutex_lock(&q->lock);
	p->taken = 0;
	pthread_mutex_unlock(&q->lock);
	queue_wake(q);
}

int
queue_has_room(struct queue *q)
{
	int room = 0;

	pthread_mutex_lock(&q->lock);
	for (size_t i = 0; i < QUEUE_PAGES; i++)
		room |= !q->pages[i].taken;
	room = room && q->n + ROOM_ITEMS <= QUEUE_ITEMS;
	pthread_mutex_unlock(&q->lock);
	return room;
}

void
queue_push(struct queue *q, const struct queue_item *item)
{
	pthread_mutex_lock(&q->lock);
	while (q->n == QUEUE_ITEMS)
		pthread_cond_wait(&q->room, &q->lock);
	q->items[(q->first + q->n++) % QUEUE_ITEMS] = *item;
	pthread_cond_signal(&q->some);
	pthread_mutex_unlock(&q->lock);
}

void
queue_pop(struct queue *q, struct queue_item *out)
{
	pthread_mutex_lock(&q->lock);
	while (q->n == 0)
		pthread_cond_wait(&q->some, &q->lock);
	*out = q->items[q->first];
	q->first = (q->first + 1) % QUEUE_ITEMS;
	q->n--;
	q->busy = 1;
	pthread_cond_signal(&q->room);
	pthread_mutex_unlock(&q->lock);
}

void
queue_done(struct queue *q)
{
	pthread_mutex_lock(&q->lock);
	q->busy = 0;
	pthread_mutex_unlock(&q->lock);
	queue_wake(q);
}

int
queue_is_idle(struct queue *q)
{
	int idle;

	pthread_mutex_lock(&q->lock);
	idle = q->n == 0 && !q->busy;
	pthread_mutex_unlock(&q->lock);
	return idle;
}

int
queue_fd(const struct queue *q)
{
	return q->fd;
}

void
queue_clear(struct queue *q)
{
	eventfd_t count;

	eventfd_read(q->fd, &count);
}

void
queue_wake(struct queue *q)
{
	eventfd_write(q->fd, 1);
}
