/* sched.c - see sched.h.  Must never send, or call the connector, under the lock. */
#include "worker/sched.h"

#include <stdlib.h>
#include <string.h>

#define NOTHING	      ((enum task_type) - 1)
#define WAITING_MAX   256
#define WAITING_BYTES (128u << 10)

void
sched_init(struct sched *s, struct uplink *up, unsigned max, int (*start)(void *), void *ctx)
{
	*s = (struct sched){.up = up, .max = max, .start = start, .ctx = ctx};
	pthread_cond_init(&s->work, NULL);
	pthread_mutex_init(&s->announce, NULL);
}

/* Configurations hold secrets: their bytes do not stay in memory. */
static void
wipe_command(struct sched *s)
{
	const struct ab_str *last = &s->command.text[CHAN_TEXTS - 1];

	if (s->texts != NULL)
		explicit_bzero(s->texts, (size_t)(last->ptr + last->len - s->texts));
	free(s->texts);
	s->texts = NULL;
}

void
sched_fini(struct sched *s)
{
	struct reading *r;

	while ((r = s->reads) != NULL) {
		s->reads = r->next;
		reading_free(r);
	}
	wipe_command(s);
	pthread_cond_destroy(&s->work);
	pthread_mutex_destroy(&s->announce);
}

/* So few partitions wait that more should be asked for: at once where lanes could starve, else as many as cost little, in
 * case that the lane that lists them is kept by something else. */
static int
are_few(const struct sched *s, const struct reading *r)
{
	if (s->max == 1)
		return r->waiting == 0;
	return r->waiting < 2 * (size_t)s->max ||
	    (r->waiting < WAITING_MAX && r->waiting_bytes < WAITING_BYTES);
}

/* What this read wants done next by this lane, NULL: by one that has nothing to do with it yet. */
static enum task_type
next_task(const struct sched *s, const struct reading *r, const struct uplink_lane *l)
{
	if (r->cancelled)
		return r->users == 0 ? TASK_END : NOTHING;
	if (!r->is_ready)
		return r->users == 0 ? TASK_BEGIN : NOTHING;
	if (!r->is_listed && !r->is_listing && (r->lister == NULL || r->lister == l) &&
	    are_few(s, r))
		return TASK_LIST;
	if (r->waiting > 0)
		return s->hold ? NOTHING : TASK_PART;
	return r->is_listed && r->users == 0 ? TASK_END : NOTHING;
}

/* The read with a task for this lane that has the fewest lanes, of those the one that waited longest; but first of all
 * one that has nobody else to list its partitions. */
static struct reading *
find_read(const struct sched *s, const struct uplink_lane *l)
{
	struct reading *best = NULL;

	for (struct reading *r = s->reads; r != NULL; r = r->next) {
		enum task_type type = next_task(s, r, l);

		if (type == TASK_LIST && r->lister != NULL)
			return r;
		if (type != NOTHING &&
		    (best == NULL || r->users < best->users ||
			(r->users == best->users && r->served < best->served)))
			best = r;
	}
	return best;
}

/* Tasks that are worth a lane of their own. */
static size_t
count_tasks(const struct sched *s)
{
	size_t n = 0;

	for (const struct reading *r = s->reads; r != NULL; r = r->next) {
		enum task_type type = next_task(s, r, NULL);

		n += type == TASK_BEGIN || type == TASK_LIST;
		if (!s->hold && !r->cancelled)
			n += r->waiting;
	}
	return n;
}

static unsigned
count_free(const struct sched *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->lanes; i++)
		n += !s->lane[i]->is_busy;
	return n;
}

/* There is, or may be, something to do: wakes whoever can do it, and starts those that are missing. */
static void
wake(struct sched *s)
{
	if (s->idle > 0)
		pthread_cond_broadcast(&s->work);
	while (s->lanes < s->max && !s->quit && count_tasks(s) > count_free(s))
		if (s->start(s->ctx) != 0)
			s->max = s->lanes;
}

static int
take_command(struct sched *s, const struct chan_msg *m)
{
	if (s->running || s->has_command || s->reads != NULL)
		return -1;
	wipe_command(s);
	s->command = *m;
	s->texts = buf_steal(&s->up->chan.in);
	s->has_command = 1;
	s->command_cancelled = 0;
	pthread_cond_broadcast(&s->work);
	return 0;
}

static struct reading *
find_stream(const struct sched *s, uint32_t stream)
{
	struct reading *r = s->reads;

	while (r != NULL && r->stream != stream)
		r = r->next;
	return r;
}

static int
take_read(struct sched *s, const struct chan_msg *m)
{
	struct reading *r, **end = &s->reads;

	if (s->running || s->has_command || m->stream == CHAN_ALL ||
	    find_stream(s, m->stream) != NULL)
		return -1;
	r = reading_new(m, buf_steal(&s->up->chan.in));
	if (r == NULL)
		return -1;
	while (*end != NULL)
		end = &(*end)->next;
	*end = r;
	wake(s);
	return 0;
}

static void
cancel_read(struct sched *s, struct reading *r)
{
	r->cancelled = 1;
	waiting_free(r->first);
	r->first = r->last = NULL;
	r->waiting = r->waiting_bytes = 0;
	for (unsigned i = 0; i < s->lanes; i++)
		if (atomic_load(&s->lane[i]->stream) == r->stream)
			uplink_set(s->lane[i], r->stream, 1);
	wake(s);
}

static void
cancel(struct sched *s, uint32_t stream)
{
	for (struct reading *r = s->reads; r != NULL; r = r->next)
		if (stream == CHAN_ALL || r->stream == stream)
			cancel_read(s, r);
	if (stream != CHAN_ALL)
		return;
	s->command_cancelled = 1;
	if (s->running)
		uplink_set(s->lane[0], CHAN_ALL, 1);
}

static void
quit(struct sched *s)
{
	s->quit = 1;
	for (unsigned i = 0; i < s->lanes; i++)
		uplink_set(s->lane[i], atomic_load(&s->lane[i]->stream), 1);
	pthread_cond_broadcast(&s->work);
}

int
sched_message(void *sched, const struct chan_msg *m)
{
	struct sched *s = sched;

	if (m == NULL) {
		quit(s);
		return 0;
	}
	switch (m->type) {
	case CHAN_OPEN:
	case CHAN_CHECK:
	case CHAN_STREAMS:
	case CHAN_CLOSE:
		return take_command(s, m);
	case CHAN_READ:
		return take_read(s, m);
	case CHAN_CANCEL:
		cancel(s, m->stream);
		return 0;
	case CHAN_HOLD:
		s->hold = m->num != 0;
		s->holds++;
		wake(s);
		return 0;
	default:
		return -1;
	}
}

void
sched_add_lane(struct sched *s, struct uplink_lane *l)
{
	s->lane[s->lanes++] = l;
	if (s->quit)
		uplink_set(l, CHAN_ALL, 1);
}

unsigned
sched_drop_lane(struct sched *s, struct uplink_lane *l)
{
	unsigned left;

	pthread_mutex_lock(&s->up->lock);
	for (unsigned i = 0, kept = 0; i < s->lanes; i++) {
		s->lane[kept] = s->lane[i];
		kept += s->lane[i] != l;
	}
	left = s->max = --s->lanes;
	pthread_mutex_unlock(&s->up->lock);
	return left;
}

static void
unlink_read(struct sched *s, struct reading *r)
{
	struct reading **at = &s->reads;

	while (*at != r)
		at = &(*at)->next;
	*at = r->next;
}

static void
take_task(struct sched *s, struct reading *r, struct uplink_lane *l, struct task *out)
{
	*out = (struct task){.type = next_task(s, r, l), .read = r};
	r->served = ++s->served;
	if (out->type == TASK_END) {
		unlink_read(s, r);
		return;
	}
	r->users++;
	if (out->type == TASK_LIST) {
		r->is_listing = 1;
		r->lister = l;
	}
	if (out->type == TASK_PART) {
		out->waiting = r->first;
		r->first = r->first->next;
		r->last = r->first == NULL ? NULL : r->last;
		out->waiting->next = NULL;
		r->waiting--;
		r->waiting_bytes -= waiting_size(out->waiting);
	}
}

/* Should a lane that has a partition leave this read's task to another lane? */
static int
is_for_others(const struct sched *s, const struct reading *r, const struct uplink_lane *l)
{
	if (next_task(s, r, l) == TASK_END || (r->lister == l && next_task(s, r, l) == TASK_LIST))
		return 0;
	return r->users > 0 || s->lanes < s->max || count_free(s) > 0;
}

/* 1: *out is a task for this lane. */
static int
find_task(
    struct sched *s, struct uplink_lane *l, struct reading *own, int may_command, struct task *out)
{
	struct reading *r;

	if (s->holds > 0) {
		*out = (struct task){.type = TASK_HELD, .held = s->holds};
		s->holds = 0;
		return 1;
	}
	if (s->has_command && may_command) {
		*out = (struct task){.type = TASK_COMMAND, .command = &s->command};
		s->has_command = 0;
		s->running = 1;
		uplink_set(l, CHAN_ALL, s->command_cancelled);
		return 1;
	}
	r = find_read(s, l);
	if (r != NULL && own != NULL && is_for_others(s, r, l))
		r = NULL;
	if (r != NULL)
		take_task(s, r, l, out);
	else if (own != NULL)
		*out = (struct task){.type = TASK_PAGE, .read = own};
	else
		return 0;
	uplink_set(l, out->read->stream, out->read->cancelled);
	return 1;
}

int
sched_next(
    struct sched *s, struct uplink_lane *l, struct reading *own, int may_command, struct task *out)
{
	int found = 0;

	pthread_mutex_lock(&s->up->lock);
	l->is_busy = own != NULL;
	while (!s->quit && !(found = find_task(s, l, own, may_command, out))) {
		uplink_set(l, CHAN_ALL, 0);
		s->idle++;
		pthread_cond_wait(&s->work, &s->up->lock);
		s->idle--;
	}
	/* who answers for others is free again before they hear of it */
	l->is_busy = found && (own != NULL || (out->type != TASK_END && out->type != TASK_HELD));
	if (found && find_read(s, NULL) != NULL)
		wake(s);
	pthread_mutex_unlock(&s->up->lock);
	return found ? 0 : -1;
}

void
sched_command_done(struct sched *s, struct uplink_lane *l)
{
	pthread_mutex_lock(&s->up->lock);
	s->running = 0;
	l->is_busy = 0;
	pthread_mutex_unlock(&s->up->lock);
}

/* Only the first failure counts: it is the others' reason. */
static void
fail_read(struct sched *s, struct reading *r, const struct error *e, const char *where)
{
	if (r->error.status == AB_OK) {
		r->error = *e;
		memccpy(r->where, where, '\0', sizeof(r->where));
		r->where[sizeof(r->where) - 1] = '\0';
	}
	if (!r->cancelled)
		cancel_read(s, r);
}

void
sched_leave(struct sched *s, struct uplink_lane *l, int has_more, struct reading *r,
    const struct error *e, const char *where)
{
	pthread_mutex_lock(&s->up->lock);
	l->is_busy = has_more;
	if (e->status != AB_OK)
		fail_read(s, r, e, where);
	r->users--;
	wake(s);
	pthread_mutex_unlock(&s->up->lock);
}

static void
add(struct reading *r, struct waiting *first, size_t n, int is_last)
{
	r->is_listing = 0;
	r->is_listed = is_last;
	if (r->cancelled) {
		waiting_free(first);
	} else if (first != NULL) {
		if (r->first == NULL)
			r->first = first;
		else
			r->last->next = first;
		for (r->last = first; r->last->next != NULL;)
			r->last = r->last->next;
		r->waiting += n;
		for (const struct waiting *w = first; w != NULL; w = w->next)
			r->waiting_bytes += waiting_size(w);
	}
}

/* In one step: once it is ready, another lane would list what has no list. */
void
sched_ready(struct sched *s, struct reading *r, int has_list, struct waiting *only)
{
	pthread_mutex_lock(&s->up->lock);
	r->is_ready = 1;
	if (!has_list)
		add(r, only, only != NULL, 1);
	pthread_mutex_unlock(&s->up->lock);
}

void
sched_add(struct sched *s, struct reading *r, struct waiting *first, size_t n, int is_last)
{
	pthread_mutex_lock(&s->up->lock);
	add(r, first, n, is_last);
	pthread_mutex_unlock(&s->up->lock);
}

/* Under lock: may it begin? */
static ab_status
may_begin(struct sched *s, struct reading *r, struct waiting *w)
{
	if (r->cancelled || s->quit)
		return AB_ECANCELLED;
	if (!s->hold)
		return AB_OK;
	w->next = r->first;
	r->first = w;
	r->last = r->last == NULL ? w : r->last;
	r->waiting++;
	r->waiting_bytes += waiting_size(w);
	return SCHED_HELD;
}

ab_status
sched_announce(
    struct sched *s, struct reading *r, struct waiting *w, uint32_t *part, struct error *e)
{
	struct chan_msg m = {.type = CHAN_PARTITION, .stream = r->stream};
	ab_status rc;

	pthread_mutex_lock(&s->announce);
	pthread_mutex_lock(&s->up->lock);
	rc = may_begin(s, r, w);
	if (rc == AB_OK) {
		m.part = *part = r->begun++;
		m.text[0] = (struct ab_str){w->text, w->len};
	} /* else it may be another lane's, or gone, as soon as the lock is */
	pthread_mutex_unlock(&s->up->lock);
	if (rc == AB_OK)
		rc = uplink_send(s->up, &m, e);
	else if (rc == AB_ECANCELLED)
		error_set(e, rc, "cancelled");
	pthread_mutex_unlock(&s->announce);
	return rc;
}

ab_status
sched_say_held(struct sched *s, const struct task *t, struct error *e)
{
	struct chan_msg m = {.type = CHAN_HELD, .stream = CHAN_ALL};
	ab_status rc = AB_OK;

	pthread_mutex_lock(&s->announce);
	/* as it is now: another lane may answer a later one before us */
	pthread_mutex_lock(&s->up->lock);
	m.num = s->hold;
	pthread_mutex_unlock(&s->up->lock);
	for (unsigned i = 0; i < t->held && rc == AB_OK; i++)
		rc = uplink_send(s->up, &m, e);
	pthread_mutex_unlock(&s->announce);
	return rc;
}
