/* readloop.c - see readloop.h.
 *
 * A page is sent only after everything about it succeeded: its records, its token and the state that
 * update_state made of it travel in one message. */
#include "worker/readloop.h"

#include <stdlib.h>
#include <string.h>

#include "worker/committed.h"

#define TOKEN_SHOWN 80
#define EMPTIES_MAX 1000 /* pages in a row without a record */

struct readloop {
	struct hosted *s;
	const struct chan_msg *command;
	struct view_root root; /* of the configured stream's text, for its name */
	const char *stream;
	struct committed committed;
	int64_t partitions; /* announced so far */
	struct buf list;    /* partitions of the current page of them, NUL behind each */
	struct error *e;
};

/* One partition on its way. */
struct part {
	struct ab_str json;  /* ptr NULL: the only one */
	struct ab_str state; /* as the read began; ptr NULL: none */
	struct buf running;  /* what update_state has made of it; "" none yet */
	struct buf token;    /* of the page that comes next */
	int has_token, resumed;
	int64_t page;
	int empties; /* pages without a record just now */
	/* the token that page 1, 3, 7, 15, ... named, to see where they go round */
	struct buf mark;
	int64_t mark_next; /* 0: there is none yet */
};

static const struct ab_json *
view_of(struct readloop *r, struct ab_str text, const char *what)
{
	return text.ptr == NULL ? NULL : view_parse(&r->s->root, text.ptr, text.len, what);
}

/* What a call failed with becomes what the read failed with. */
static ab_status
call_failed(struct readloop *r)
{
	return error_set(r->e, r->s->why.status, "%s", r->s->why.text);
}

static struct ab_read
read_args(struct readloop *r, const struct part *p)
{
	return (struct ab_read){.size = sizeof(struct ab_read),
	    .limit = (uint32_t)r->command->num,
	    .stream = r->stream,
	    .configured = view_of(r, r->command->text[0], "the configured stream"),
	    .partition = view_of(r, p->json, "the partition"),
	    .state = view_of(r, p->state, "the state"),
	    .token = p->has_token ? buf_str(&p->token) : NULL};
}

static ab_status
call_read_page(struct readloop *r, struct part *p)
{
	struct hosted *s = r->s;
	struct ab_read args;
	ab_status rc;

	hosted_release(s);
	hosted_begin(s, "read_page", r->stream, (uint64_t)p->page);
	args = read_args(r, p);
	page_begin(&s->page, s->connector.update_state != NULL ? PAGE_SEND_KEEP : PAGE_SEND);
	rc = s->connector.read_page(s->self, &args, &s->page);
	rc = hosted_end(s, rc);
	return rc;
}

static ab_status
call_update_state(struct readloop *r, struct part *p)
{
	struct hosted *s = r->s;
	struct ab_seen seen = {.size = sizeof(seen), .stream = r->stream};
	ab_status rc;

	if (s->connector.update_state == NULL)
		return AB_OK;
	hosted_begin(s, "update_state", r->stream, (uint64_t)p->page);
	seen.configured = view_of(r, r->command->text[0], "the configured stream");
	seen.partition = view_of(r, p->json, "the partition");
	if (p->running.len > 0)
		seen.state = view_parse(&s->root, p->running.ptr, p->running.len, "the state");
	seen.records = page_records(&s->page, &s->root);
	buf_reset(&s->state.text);
	s->state.is_set = 0;
	s->state.open = 1;
	rc = hosted_end(s, s->connector.update_state(s->self, &seen, &s->state));
	if (rc != AB_OK)
		return call_failed(r);
	if (s->state.is_set) {
		buf_reset(&p->running);
		if (buf_add(&p->running, s->state.text.ptr, s->state.text.len) != 0)
			return error_set(r->e, AB_ENOMEM, "no memory for the state");
	}
	return AB_OK;
}

static struct ab_str
text_of(const struct buf *b)
{
	return (struct ab_str){buf_str(b), b->len};
}

static ab_status
send_page(struct readloop *r, const struct part *p)
{
	struct ab_page *page = &r->s->page;
	struct chan_msg m = {.type = CHAN_PAGE,
	    .stream = r->command->stream,
	    .part = (uint32_t)r->partitions,
	    .bytes = page->bytes,
	    .num = p->page};
	ab_status rc = page_flush(page, r->e);

	if (rc != AB_OK)
		return rc;
	m.slot = page->slot;
	m.flags = page->has_token ? CHAN_HAS_TOKEN : 0;
	if (page->has_token)
		m.text[0] = text_of(&page->token);
	if (r->s->connector.update_state != NULL)
		m.text[1] = p->running.len > 0 ? text_of(&p->running) : (struct ab_str){"null", 4};
	m.text[2] = text_of(&page->about);
	rc = uplink_page(r->s->up, &m, r->e);
	page_sent(page);
	return rc;
}

static int
is_token(const struct buf *token, const struct buf *other)
{
	return token->len == other->len && memcmp(buf_str(token), buf_str(other), token->len) == 0;
}

/* Tokens that go round in a circle meet the mark, which stays for longer each time (Brent's way). */
static ab_status
check_circle(struct readloop *r, struct part *p)
{
	const struct buf *token = &r->s->page.token;

	if (p->mark_next > 0 && is_token(token, &p->mark))
		return error_set(r->e, AB_EDATA,
		    "the page named a next one that an earlier page had named (token \"%.*s\"): the "
		    "reading would never end",
		    TOKEN_SHOWN, buf_str(token));
	if (p->page < p->mark_next)
		return AB_OK;
	p->mark_next = 2 * p->page + 1;
	buf_reset(&p->mark);
	if (buf_add(&p->mark, buf_str(token), token->len) != 0)
		return error_set(r->e, AB_ENOMEM, "no memory for a page token");
	return AB_OK;
}

static ab_status
check_token(struct readloop *r, struct part *p)
{
	const struct ab_page *page = &r->s->page;

	if (!page->has_token)
		return AB_OK;
	if (!p->has_token || !is_token(&page->token, &p->token))
		return check_circle(r, p);
	return error_set(r->e, AB_EDATA,
	    "the page named itself as the next one (token \"%.*s\"): the reading would never end",
	    TOKEN_SHOWN, buf_str(&page->token));
}

/* Tokens that are new for ever, and never a record: an API that has lost its end. */
static ab_status
check_empties(struct readloop *r, struct part *p)
{
	const struct ab_page *page = &r->s->page;

	p->empties = page->has_records ? 0 : p->empties + 1;
	if (!page->has_token || p->empties < EMPTIES_MAX)
		return AB_OK;
	return error_set(r->e, AB_EDATA,
	    "%d pages in a row had no record, and the last one still names a next one (token "
	    "\"%.*s\"): the reading would never end",
	    EMPTIES_MAX, TOKEN_SHOWN, buf_str(&page->token));
}

/* The token of the page that was just read becomes the next request's. */
static ab_status
take_token(struct readloop *r, struct part *p)
{
	const struct ab_page *page = &r->s->page;

	p->has_token = page->has_token;
	buf_reset(&p->token);
	if (page->has_token && buf_add(&p->token, buf_str(&page->token), page->token.len) != 0)
		return error_set(r->e, AB_ENOMEM, "no memory for a page token");
	return AB_OK;
}

/* The API does not take the page token any more. */
static ab_status
restart(struct readloop *r, struct part *p)
{
	struct chan_msg m = {
	    .type = CHAN_RESTART, .stream = r->command->stream, .part = (uint32_t)r->partitions};

	if (!p->resumed)
		return error_set(r->e, AB_EDATA,
		    "the page token was refused in the middle of a read (%s); run it again, and it "
		    "goes on from the last state",
		    r->s->why.text);
	p->resumed = p->has_token = 0;
	buf_reset(&p->token);
	buf_reset(&p->running);
	if (p->state.ptr != NULL && buf_add(&p->running, p->state.ptr, p->state.len) != 0)
		return error_set(r->e, AB_ENOMEM, "no memory for the state");
	return uplink_send(r->s->up, &m, r->e);
}

static ab_status
read_one_page(struct readloop *r, struct part *p, int *more)
{
	ab_status rc = call_read_page(r, p);

	if (rc == AB_ESTALE)
		return restart(r, p);
	if (rc != AB_OK)
		return call_failed(r);
	rc = check_token(r, p);
	if (rc == AB_OK)
		rc = check_empties(r, p);
	if (rc == AB_OK)
		rc = call_update_state(r, p);
	if (rc == AB_OK)
		rc = send_page(r, p);
	if (rc == AB_OK)
		rc = take_token(r, p);
	p->resumed = 0;
	p->page++;
	*more = p->has_token;
	return rc;
}

static ab_status
send_partition(struct readloop *r, uint32_t type, struct ab_str json)
{
	struct chan_msg m = {.type = type,
	    .stream = r->command->stream,
	    .part = (uint32_t)r->partitions,
	    .text = {json}};

	return uplink_send(r->s->up, &m, r->e);
}

static ab_status
begin_part(struct readloop *r, struct part *p, const struct committed_entry *c)
{
	struct ab_str running = {NULL, 0};

	if (c == NULL)
		return AB_OK;
	p->state = c->state;
	p->has_token = p->resumed = c->token != NULL;
	running = p->resumed && c->running.ptr != NULL ? c->running : c->state;
	if ((p->resumed && buf_adds(&p->token, c->token) != 0) ||
	    (running.ptr != NULL && buf_add(&p->running, running.ptr, running.len) != 0))
		return error_set(r->e, AB_ENOMEM, "no memory for the state");
	return AB_OK;
}

static ab_status
read_partition(struct readloop *r, struct ab_str json)
{
	const struct committed_entry *c = committed_find(&r->committed, json);
	struct part p = {.json = json, .page = 1};
	int more = 1;
	ab_status rc;

	if (c != NULL && c->done)
		return AB_OK;
	buf_init(&p.running, CHAN_MAX_TEXT / 2);
	buf_init(&p.token, PAGE_MAX_TOKEN);
	buf_init(&p.mark, PAGE_MAX_TOKEN);
	rc = begin_part(r, &p, c);
	if (rc == AB_OK)
		rc = send_partition(r, CHAN_PARTITION, json);
	while (rc == AB_OK && more) {
		if (uplink_cancelled(r->s->up))
			rc = error_set(r->e, AB_ECANCELLED, "cancelled");
		else
			rc = read_one_page(r, &p, &more);
	}
	if (rc == AB_OK)
		rc = send_partition(r, CHAN_PARTITION_END, (struct ab_str){NULL, 0});
	r->partitions++;
	buf_fini(&p.running);
	buf_fini(&p.token);
	buf_fini(&p.mark);
	return rc;
}

/* Copies the partitions of the page, for the calls of read_page will use it. */
static ab_status
list_page(struct readloop *r)
{
	const struct ab_json *all = page_records(&r->s->page, &r->s->root);
	size_t n = view_len(all);
	struct ab_str text;

	buf_reset(&r->list);
	for (size_t i = 0; i < n; i++) {
		const struct ab_json *v = view_at(all, i);

		if (view_type(v) != AB_OBJECT && (view_type(v) != AB_NULL || n > 1))
			return error_set(r->e, AB_EDATA,
			    "partitions emitted what is neither an object nor one null");
		text = view_span(v);
		if (buf_add(&r->list, text.ptr, text.len) != 0 || buf_addc(&r->list, '\0') != 0)
			return error_set(r->e, AB_ENOMEM, "no memory for the partitions");
	}
	if (r->s->root.error.status != AB_OK)
		return error_set(r->e, AB_EDATA, "%s", r->s->root.error.text);
	return AB_OK;
}

static ab_status
call_partitions(struct readloop *r, struct part *p)
{
	struct hosted *s = r->s;
	struct ab_read args;
	ab_status rc;

	hosted_release(s);
	hosted_begin(s, "partitions", r->stream, (uint64_t)p->page);
	args = read_args(r, p);
	page_begin(&s->page, PAGE_LIST);
	rc = hosted_end(s, s->connector.partitions(s->self, &args, &s->page));
	if (rc == AB_OK)
		rc = list_page(r);
	else
		rc = call_failed(r);
	if (rc == AB_OK)
		rc = check_token(r, p);
	if (rc == AB_OK)
		rc = take_token(r, p);
	return rc;
}

static ab_status
read_partitions(struct readloop *r)
{
	struct part list = {.page = 1};
	ab_status rc;

	buf_init(&list.token, PAGE_MAX_TOKEN);
	buf_init(&list.mark, PAGE_MAX_TOKEN);
	do {
		rc = call_partitions(r, &list);
		for (size_t at = 0, len; rc == AB_OK && at < r->list.len; at += len + 1) {
			len = strlen(r->list.ptr + at);
			rc = read_partition(r,
			    r->list.ptr[at] == '{' ? (struct ab_str){r->list.ptr + at, len}
						   : (struct ab_str){NULL, 0});
		}
		list.page++;
	} while (rc == AB_OK && list.has_token);
	buf_fini(&list.token);
	buf_fini(&list.mark);
	return rc;
}

/* {"stream": {"name": "events", ...}, ...} */
static ab_status
find_name(struct readloop *r)
{
	const struct ab_str text = r->command->text[0];
	const struct ab_json *v = view_parse(&r->root, text.ptr, text.len, "the configured stream");

	r->stream = view_str(view_get(view_get(v, "stream"), "name")).ptr;
	if (r->root.error.status != AB_OK || r->stream == NULL || r->stream[0] == '\0')
		return error_set(r->e, AB_EBUG, "the configured stream has no name");
	return AB_OK;
}

ab_status
readloop_run(struct hosted *s, const struct chan_msg *command, struct error *e)
{
	struct readloop r = {.s = s, .command = command, .e = e};
	ab_status rc;

	view_root_init(&r.root, 1u << 20);
	buf_init(&r.list, s->page_cap + 16);
	rc = find_name(&r);
	if (rc == AB_OK) {
		/* what fails before the first call must not be told of the stream before */
		crumb_enter(s->crumb, "read_page", r.stream, 0);
		crumb_leave(s->crumb);
		rc = committed_init(&r.committed, command->text[1], e);
	}
	if (rc == AB_OK)
		rc = s->connector.partitions != NULL ? read_partitions(&r)
						     : read_partition(&r, (struct ab_str){NULL, 0});
	hosted_release(s);
	committed_fini(&r.committed);
	buf_fini(&r.list);
	view_root_fini(&r.root);
	return rc;
}
