/* lane.c - see lane.h. */
#include "worker/lane.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/redact.h"
#include "worker/crash.h"

/* Ends a command or a read; where: of a failure. */
static void
answer(struct lane *l, uint32_t stream, ab_status rc, struct error *e, const char *where)
{
	struct chan_msg m = {
	    .type = rc == AB_OK ? CHAN_DONE : CHAN_FAIL, .stream = stream, .status = rc};

	if (stream != CHAN_ALL && l->worker->opening.measures) {
		m.bytes = tally_allocated();
		m.num = (int64_t)tally_resident();
	}
	if (rc != AB_OK) {
		redact_text(e->text);
		m.text[0] = (struct ab_str){e->text, strlen(e->text)};
		m.text[1] = (struct ab_str){where, strlen(where)};
	}
	rc = uplink_send(&l->worker->up, &m, NULL);
	/* An end that is gone is the other thread's to notice; a broken channel is ours. */
	if (rc != AB_OK && rc != AB_ECANCELLED)
		_exit(1);
}

static void
do_command(struct lane *l, const struct task *t)
{
	struct worker *w = l->worker;
	struct error e = ERROR_INIT;
	char where[320] = "";
	ab_status rc;

	l->hosted.seen = NULL;
	rc = command_run(l, t->command, &e);
	if (rc != AB_OK && l->hosted.is_loaded)
		crumb_where(l->hosted.crumb, where, sizeof(where));
	sched_command_done(&w->sched, &l->hosted.lane);
	answer(l, CHAN_ALL, rc, &e, where);
}

static void
do_end(struct lane *l, struct reading *r)
{
	ab_status rc = r->error.status;

	if (rc == AB_OK && r->cancelled)
		rc = error_set(&r->error, AB_ECANCELLED, "cancelled");
	answer(l, r->stream, rc, &r->error, r->where);
	reading_free(r);
}

/* The lane has done what it wanted for r. */
static void
leave(struct lane *l, struct reading *r, const struct error *e)
{
	char where[320] = "";

	if (e->status != AB_OK)
		crumb_where(l->hosted.crumb, where, sizeof(where));
	sched_leave(&l->worker->sched, &l->hosted.lane, l->first != NULL, r, e, where);
}

static void
do_begin(struct lane *l, struct reading *r)
{
	struct error e = ERROR_INIT;
	struct waiting *only;
	ab_status rc = readloop_begin(&l->hosted, r, &only, &e);

	if (rc == AB_OK)
		sched_ready(&l->worker->sched, r, l->hosted.connector.partitions != NULL, only);
	leave(l, r, &e);
}

static void
do_list(struct lane *l, struct reading *r)
{
	struct error e = ERROR_INIT;
	struct waiting *first;
	size_t n;
	ab_status rc = readloop_list(&l->hosted, r, &first, &n, &e);

	if (rc == AB_OK)
		sched_add(&l->worker->sched, r, first, n, !r->list.has_token);
	else
		waiting_free(first);
	leave(l, r, &e);
}

static void
add_part(struct lane *l, struct part *p)
{
	p->next = NULL;
	if (l->first == NULL)
		l->first = p;
	else
		l->last->next = p;
	l->last = p;
}

static struct part *
take_part(struct lane *l)
{
	struct part *p = l->first;

	l->first = p->next;
	return p;
}

static void
do_part(struct lane *l, const struct task *t)
{
	struct error e = ERROR_INIT;
	struct part *p = NULL;
	uint32_t number = 0;
	ab_status rc = sched_announce(&l->worker->sched, t->read, t->waiting, &number, &e);

	if (rc == AB_OK)
		p = part_new(t->read, t->waiting, number, &e);
	else if (rc != SCHED_HELD)
		waiting_free(t->waiting);
	if (p != NULL)
		add_part(l, p);
	else
		leave(l, t->read, &e);
}

static void
do_page(struct lane *l)
{
	struct error e = ERROR_INIT;
	struct part *p = take_part(l);
	struct reading *r = p->read;
	int more = 0;
	ab_status rc = readloop_page(&l->hosted, p, &more, &e);

	if (rc == AB_OK && more) {
		add_part(l, p);
		return;
	}
	if (rc == AB_OK)
		rc = readloop_end(&l->hosted, p, &e);
	part_free(p);
	leave(l, r, &e);
}

static void
do_task(struct lane *l, const struct task *t)
{
	switch (t->type) {
	case TASK_COMMAND:
		do_command(l, t);
		break;
	case TASK_HELD:
		(void)sched_say_held(&l->worker->sched, t, NULL);
		break;
	case TASK_BEGIN:
		do_begin(l, t->read);
		break;
	case TASK_LIST:
		do_list(l, t->read);
		break;
	case TASK_PART:
		do_part(l, t);
		break;
	case TASK_PAGE:
		do_page(l);
		break;
	case TASK_END:
		do_end(l, t->read);
		break;
	}
}

/* A lane that cannot be had is no failure: the others do its work. */
static int
open_more(struct lane *l)
{
	struct hosted *s = &l->hosted;
	struct error e = ERROR_INIT;
	char line[sizeof(e.text) + 128];
	unsigned left;

	if (command_open_more(l, &e) == AB_OK)
		return 0;
	left = sched_drop_lane(&l->worker->sched, &s->lane);
	if (!uplink_cancelled(&s->lane)) {
		snprintf(line, sizeof(line),
		    "a further source could not be opened: %s; reading goes on with %u", e.text,
		    left);
		s->host.log(&s->host, AB_WARN, line);
	}
	return -1;
}

static void
close_source(struct lane *l)
{
	struct hosted *s = &l->hosted;
	struct part *p;

	while (l->first != NULL) {
		p = take_part(l);
		part_free(p);
	}
	command_close_source(s);
}

static void *
run(void *arg)
{
	struct lane *l = arg;
	struct worker *w = l->worker;
	struct task task;
	void *stack = crash_lane(l->index);

	if (l->index == 0 || open_more(l) == 0)
		while (sched_next(&w->sched, &l->hosted.lane,
			   l->first != NULL ? l->first->read : NULL, l->index == 0, &task) == 0)
			do_task(l, &task);
	close_source(l);
	crash_forget(stack);
	return NULL;
}

int
lane_start(void *worker)
{
	struct worker *w = worker;
	struct lane *l = &w->lane[w->nlanes];

	if (w->nlanes == w->up.chan.lanes)
		return -1;
	w->nlanes++;
	*l = (struct lane){.worker = w, .index = (uint32_t)(l - w->lane)};
	if (hosted_init(&l->hosted, &w->up, crumb_of(&w->crumbs, l->index), NULL) != AB_OK ||
	    pthread_create(&l->thread, NULL, run, l) != 0)
		return -1;
	l->has_thread = 1;
	sched_add_lane(&w->sched, &l->hosted.lane);
	return 0;
}
