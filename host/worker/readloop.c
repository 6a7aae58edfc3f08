/* readloop.c - see readloop.h.
 *
 * A page is sent only after everything about it succeeded: its records, its token and the state that
 * update_state made of it travel in one message. */
#include "worker/readloop.h"

#include <stdlib.h>
#include <string.h>

#include "worker/ask.h"

/* What a call failed with becomes what the read failed with. */
static ab_status
call_failed(const struct hosted *s, struct error *e)
{
	return error_set(e, s->why.status, "%s", s->why.text);
}

static const struct ab_json *
view_of(struct hosted *s, struct ab_str text, const char *what)
{
	return text.ptr == NULL ? NULL : view_parse(&s->root, text.ptr, text.len, what);
}

static struct ab_str
json_of(const struct waiting *w)
{
	return w->is_only ? (struct ab_str){NULL, 0} : (struct ab_str){w->text, w->len};
}

/* partition and state: ptr NULL for none. */
static struct ab_read
read_args(struct hosted *s, const struct reading *r, struct ab_str partition, struct ab_str state,
    const struct walk *w)
{
	const char *token = w->has_token ? buf_str(&w->token) : NULL;

	return (struct ab_read){.size = sizeof(struct ab_read),
	    .limit = r->limit,
	    .stream = hosted_lend_text(s, r->name),
	    .configured = view_of(s, r->configured, "the configured stream"),
	    .partition = view_of(s, partition, "the partition"),
	    .state = view_of(s, state, "the state"),
	    .token = hosted_lend_text(s, token)};
}

static ab_status
call_read_page(struct hosted *s, const struct part *p)
{
	struct reading *r = p->read;
	struct ab_read args;

	hosted_begin(s, "read_page", r->name, (uint64_t)p->walk.page);
	args = read_args(s, r, json_of(p->waiting), p->state, &p->walk);
	page_begin(&s->page, s->connector.update_state != NULL ? PAGE_SEND_KEEP : PAGE_SEND);
	return hosted_end(
	    s, s->connector.read_page(s->self, hosted_lend(s, &args, sizeof(args)), &s->page));
}

static ab_status
call_update_state(struct hosted *s, struct part *p, struct error *e)
{
	struct ab_seen seen = {.size = sizeof(seen)};
	ab_status rc;

	if (s->connector.update_state == NULL)
		return AB_OK;
	hosted_begin(s, "update_state", p->read->name, (uint64_t)p->walk.page);
	seen.stream = hosted_lend_text(s, p->read->name);
	seen.configured = view_of(s, p->read->configured, "the configured stream");
	seen.partition = view_of(s, json_of(p->waiting), "the partition");
	if (p->running.len > 0)
		seen.state = view_parse(&s->root, p->running.ptr, p->running.len, "the state");
	seen.records = page_records(&s->page, &s->root);
	buf_reset(&s->state.text);
	s->state.is_set = 0;
	s->state.open = 1;
	rc = hosted_end(
	    s, s->connector.update_state(s->self, hosted_lend(s, &seen, sizeof(seen)), &s->state));
	if (rc != AB_OK)
		return call_failed(s, e);
	if (s->state.is_set) {
		buf_reset(&p->running);
		if (buf_add(&p->running, s->state.text.ptr, s->state.text.len) != 0)
			return error_set(e, AB_ENOMEM, "no memory for the state");
	}
	return AB_OK;
}

static struct ab_str
text_of(const struct buf *b)
{
	return (struct ab_str){buf_str(b), b->len};
}

static struct chan_msg
message_of(const struct part *p, uint32_t type)
{
	return (struct chan_msg){.type = type, .stream = p->read->stream, .part = p->number};
}

static ab_status
send_page(struct hosted *s, const struct part *p, struct error *e)
{
	struct ab_page *page = &s->page;
	struct chan_msg m = message_of(p, CHAN_PAGE);
	ab_status rc = page_flush(page, e);

	if (rc != AB_OK)
		return rc;
	m.bytes = page->bytes;
	m.num = p->walk.page;
	m.slot = page->slot;
	m.flags = page->has_token ? CHAN_HAS_TOKEN : 0;
	if (page->has_token)
		m.text[0] = text_of(&page->token);
	if (s->connector.update_state != NULL)
		m.text[1] = p->running.len > 0 ? text_of(&p->running) : (struct ab_str){"null", 4};
	m.text[2] = text_of(&page->about);
	rc = uplink_page(&s->lane, &m, e);
	page_sent(page);
	return rc;
}

/* The API does not take the page token any more. */
static ab_status
restart(struct hosted *s, struct part *p, struct error *e)
{
	struct chan_msg m = message_of(p, CHAN_RESTART);

	if (!p->resumed)
		return error_set(e, AB_EDATA,
		    "the page token was refused in the middle of a read (%s); run it again, and it "
		    "goes on from the last state",
		    s->why.text);
	p->resumed = p->walk.has_token = 0;
	buf_reset(&p->walk.token);
	buf_reset(&p->running);
	if (p->state.ptr != NULL && buf_add(&p->running, p->state.ptr, p->state.len) != 0)
		return error_set(e, AB_ENOMEM, "no memory for the state");
	return uplink_send(s->lane.up, &m, e);
}

static ab_status
read_one_page(struct hosted *s, struct part *p, int *more, struct error *e)
{
	ab_status rc = call_read_page(s, p);

	*more = 1;
	if (rc == AB_ESTALE)
		return restart(s, p, e);
	if (rc != AB_OK)
		return call_failed(s, e);
	rc = walk_check(&p->walk, &s->page, e);
	if (rc == AB_OK)
		rc = walk_check_empties(&p->walk, &s->page, e);
	if (rc == AB_OK)
		rc = call_update_state(s, p, e);
	if (rc == AB_OK)
		rc = send_page(s, p, e);
	if (rc == AB_OK)
		rc = walk_on(&p->walk, &s->page, e);
	p->resumed = 0;
	*more = p->walk.has_token;
	return rc;
}

ab_status
readloop_page(struct hosted *s, struct part *p, int *more, struct error *e)
{
	ab_status rc;

	if (uplink_cancelled(&s->lane))
		return error_set(e, AB_ECANCELLED, "cancelled");
	s->seen = &p->read->seen;
	rc = read_one_page(s, p, more, e);
	hosted_release(s);
	return rc;
}

static ab_status
begin_part(struct part *p, const struct committed_entry *c, struct error *e)
{
	struct ab_str running;

	p->state = c != NULL && c->state.ptr != NULL ? c->state : p->read->shared;
	p->resumed = p->walk.has_token = c != NULL && c->token != NULL;
	running = p->resumed && c->running.ptr != NULL ? c->running : p->state;
	if ((p->resumed && buf_adds(&p->walk.token, c->token) != 0) ||
	    (running.ptr != NULL && buf_add(&p->running, running.ptr, running.len) != 0))
		return error_set(e, AB_ENOMEM, "no memory for the state");
	return AB_OK;
}

struct part *
part_new(struct reading *r, struct waiting *w, uint32_t number, struct error *e)
{
	struct part *p = calloc(1, sizeof(*p));
	const struct committed_entry *c;

	if (p == NULL) {
		waiting_free(w);
		error_set(e, AB_ENOMEM, "no memory for a partition");
		return NULL;
	}
	p->read = r;
	p->waiting = w;
	p->number = number;
	buf_init(&p->running, CHAN_MAX_TEXT / 2);
	walk_init(&p->walk);
	if (w->committed != NULL)
		committed_init(&p->own, (struct ab_str){w->committed, strlen(w->committed)}, e);
	if (e->status == AB_OK &&
	    committed_find(w->committed != NULL ? &p->own : &r->committed, json_of(w), &c, e) ==
		AB_OK &&
	    begin_part(p, c, e) == AB_OK)
		return p;
	part_free(p);
	return NULL;
}

void
part_free(struct part *p)
{
	if (p == NULL)
		return;
	committed_fini(&p->own);
	waiting_free(p->waiting);
	buf_fini(&p->running);
	walk_fini(&p->walk);
	free(p);
}

ab_status
readloop_end(struct hosted *s, const struct part *p, struct error *e)
{
	struct chan_msg m = message_of(p, CHAN_PARTITION_END);

	return uplink_send(s->lane.up, &m, e);
}

/* Copies the partitions of the page, for the next call will use it. */
static ab_status
list_page(struct hosted *s, struct reading *r, struct waiting **first, size_t *n, struct error *e)
{
	ab_status rc = reading_list(r, page_records(&s->page, &s->root), first, n, e);

	if (rc == AB_OK && s->root.error.status != AB_OK)
		rc = error_set(e, AB_EDATA, "%s", s->root.error.text);
	if (rc == AB_OK)
		rc = walk_check(&r->list, &s->page, e);
	if (rc == AB_OK)
		rc = walk_check_list(&r->list, &s->page, e);
	return rc == AB_OK ? walk_on(&r->list, &s->page, e) : rc;
}

ab_status
readloop_list(
    struct hosted *s, struct reading *r, struct waiting **first, size_t *n, struct error *e)
{
	const struct ab_str none = {NULL, 0};
	struct ab_read args;
	ab_status rc;

	*first = NULL;
	*n = 0;
	s->seen = &r->seen_list;
	hosted_begin(s, "partitions", r->name, (uint64_t)r->list.page);
	args = read_args(s, r, none, r->is_shared ? r->shared : none, &r->list);
	page_begin(&s->page, PAGE_LIST);
	rc = hosted_end(
	    s, s->connector.partitions(s->self, hosted_lend(s, &args, sizeof(args)), &s->page));
	rc = rc == AB_OK ? list_page(s, r, first, n, e) : call_failed(s, e);
	hosted_release(s);
	return rc == AB_OK && r->asks ? ask_committed(&s->lane, r, first, n, e) : rc;
}

ab_status
readloop_begin(struct hosted *s, struct reading *r, struct waiting **only, struct error *e)
{
	ab_status rc = reading_name(r, e);

	*only = NULL;
	if (rc != AB_OK)
		return rc;
	/* what fails before the first call must not be told of the stream before */
	crumb_enter(s->crumb, "read_page", r->name, 0);
	crumb_leave(s->crumb);
	rc = reading_begin(r, e);
	if (rc == AB_OK && s->connector.partitions == NULL)
		rc = reading_only(r, only, e);
	return rc;
}
