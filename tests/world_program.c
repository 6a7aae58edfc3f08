/* world_program.c - the source of world.h as a program of Airbyte's whose streams share one state, in the place of
 * world_source.c: implements source/source.h.
 *
 * All streams are read at once, from the oldest of their states.  Of each value of "at" they send their records, in an order
 * that a seed decides; behind some values comes a state, as a part for each stream.  The last page before it may come with it.
 * It dies at page fail_at; those that it says have failed (fails) do so at its end, behind records that no state covers. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"
#include "world.h"

static char id_text[] = "world", version_text[] = "1", path_text[] = "world.so";
struct loader_file world_connector = {.fd = -1,
    .path = path_text,
    .program = path_text,
    .id = id_text,
    .version = version_text,
    .has_update_state = 1};

struct stream {
	int runs, cancelled, begun, has_ended;
	int is_done; /* with the value; what it has not sent of it comes with the state */
	size_t next; /* record */
	int page_no;
	json_t *committed;
};

struct source {
	int answers; /* a command waits for its answer */
	size_t listed;
	int is_listing, is_dying, waits;
	unsigned dice;
	int at;	     /* the value that is sent, 0: there are no more */
	int is_over; /* what is sent of it has no state */
	int joins;   /* other parts of the state are to come */
	struct stream streams[WORLD_STREAMS];
	char text[8192], state[64];
};

static int pages_served;

int
world_pages_served(void)
{
	return pages_served;
}

ab_status
source_start(const struct source_options *o, struct source **out, struct error *e)
{
	(void)o, (void)e;
	*out = calloc(1, sizeof(**out));
	(*out)->answers = 1;
	(*out)->dice = world_source.seed;
	pages_served = 0;
	return AB_OK;
}

ab_status
source_check(struct source *s, struct error *e)
{
	(void)e;
	s->answers = 1;
	return AB_OK;
}

ab_status
source_streams(struct source *s, struct error *e)
{
	(void)e;
	s->answers = s->is_listing = 1;
	return AB_OK;
}

ab_status
source_read(struct source *s, uint32_t stream, const char *configured, const char *committed,
    uint32_t limit, struct error *e)
{
	(void)configured, (void)limit, (void)e;
	json_decref(s->streams[stream].committed);
	s->streams[stream] =
	    (struct stream){.runs = 1, .committed = json_loads(committed, 0, NULL)};
	return AB_OK;
}

void
source_cancel_read(struct source *s, uint32_t stream)
{
	s->streams[stream].cancelled = 1;
}

void
source_hold(struct source *s, int on)
{
	(void)s, (void)on;
}

int
source_dead(const struct source *s)
{
	(void)s;
	return 0;
}

void
source_close(struct source *s, int grace_ms)
{
	(void)grace_ms;
	for (size_t i = 0; s != NULL && i < WORLD_STREAMS; i++)
		json_decref(s->streams[i].committed);
	free(s);
}

ab_status
source_page(struct source *s, const struct source_event *ev, char *dst, struct error *e)
{
	(void)e;
	memcpy(dst, s->text, ev->bytes);
	return AB_OK;
}

static struct ab_str
str(const char *text)
{
	return (struct ab_str){text, strlen(text)};
}

static void
answer(struct source *s, struct source_event *ev)
{
	ev->type = SOURCE_DONE;
	if (s->is_listing && s->listed < (size_t)world_source.streams) {
		snprintf(s->text, sizeof(s->text),
		    "{\"name\":\"%s\",\"source_defined_cursor\":true,\"is_resumable\":%s%s}",
		    world_stream_name(s->listed++), world_source.resumable ? "true" : "false",
		    world_source.has_key ? ",\"source_defined_primary_key\":[[\"id\"]]" : "");
		ev->type = SOURCE_STREAM;
		ev->text = str(s->text);
		return;
	}
	s->answers = s->is_listing = 0;
}

static unsigned
roll(struct source *s, unsigned n)
{
	if (world_source.seed == 0)
		return 0;
	s->dice = s->dice * 1103515245 + 12345;
	return (s->dice >> 16) % n;
}

/* The next value above this one, 0: there is none. */
static int
value_above(int at)
{
	const struct world_source *w = &world_source;
	int next = 0;

	for (size_t i = 0; i < w->n; i++)
		if (w->records[i].at > at && (next == 0 || w->records[i].at < next))
			next = w->records[i].at;
	return next;
}

/* What is committed of a stream: a state, or what a broken refresh goes on at. */
static int
at_of(const struct stream *st)
{
	const json_t *entry = json_array_get(st->committed, 0);
	const char *token = json_string_value(json_object_get(entry, "token"));
	json_t *state = token == NULL ? json_incref(json_object_get(entry, "state"))
				      : json_loads(token, 0, NULL);
	int at = json_is_object(state) ? (int)json_integer_value(json_object_get(state, "at")) : 0;

	json_decref(state);
	return at;
}

/* 1: a read begins; the first of all finds out where. */
static int
begin(struct source *s, struct source_event *ev)
{
	struct stream *begins = NULL;
	int oldest = -1, is_first = 1;

	for (uint32_t i = WORLD_STREAMS; i-- > 0;) {
		struct stream *st = &s->streams[i];

		if (!st->runs)
			continue;
		is_first &= !st->begun;
		oldest = oldest < 0 || at_of(st) < oldest ? at_of(st) : oldest;
		if (!st->begun)
			begins = st;
	}
	if (begins == NULL)
		return 0;
	if (is_first) {
		s->at = value_above(oldest);
		s->is_over = s->at == 0;
	}
	begins->begun = 1;
	ev->type = SOURCE_PARTITION;
	ev->joint = oldest > 0;
	ev->stream = (uint32_t)(begins - s->streams);
	ev->text = str("");
	return 1;
}

static void
end_read(struct source *s, uint32_t stream, struct source_event *ev, ab_status status)
{
	ev->type = status == AB_OK ? SOURCE_DONE : SOURCE_FAILED;
	ev->stream = stream;
	ev->error.status = status;
	snprintf(ev->error.text, sizeof(ev->error.text), "%s",
	    status == AB_ECANCELLED ? "cancelled" : "the program fails");
	s->streams[stream].runs = s->streams[stream].cancelled = 0;
}

/* The text of a page of the value; at its end the stream is done with it. */
static size_t
fill_page(struct source *s, struct stream *st, int most)
{
	const struct world_source *w = &world_source;
	size_t len = 0;
	int taken = 0;

	for (; st->next < w->n && taken < most; st->next++) {
		const struct world_record *r = &w->records[st->next];

		if (r->at != s->at)
			continue;
		taken++;
		len += (size_t)snprintf(s->text + len, sizeof(s->text) - len,
		    "{\"id\":%d,\"row\":%d,\"at\":%d,\"part\":0}\n", r->id, r->id, r->at);
	}
	st->is_done = 1;
	for (size_t i = st->next; i < w->n; i++)
		st->is_done &= w->records[i].at != s->at;
	return len;
}

static void
send_page(struct source *s, struct stream *st, struct source_event *ev)
{
	const struct world_source *w = &world_source;

	ev->stream = (uint32_t)(st - s->streams);
	if (++pages_served == w->fail_at) {
		s->is_dying = 1;
		return;
	}
	if (pages_served == w->raise_at)
		raise(SIGINT);
	ev->type = SOURCE_PAGE;
	ev->num = ++st->page_no;
	ev->bytes = fill_page(s, st, w->page_size);
	if (pages_served == w->garbage_at)
		ev->bytes = (size_t)snprintf(s->text, sizeof(s->text), "[{\"id\": 1,}]");
}

static int
is_last(int at)
{
	return value_above(at) == 0 || at == world_source.ends_at;
}

static int
has_state(int at)
{
	return is_last(at) || at % world_source.state_every == 0;
}

/* Some stream sends a page of the value.  0: all are done with it. */
static int
send_some(struct source *s, struct source_event *ev)
{
	uint32_t first = roll(s, WORLD_STREAMS);

	for (uint32_t i = 0; i < WORLD_STREAMS; i++) {
		struct stream *st = &s->streams[(first + i) % WORLD_STREAMS];

		if (!st->runs || st->is_done)
			continue;
		st->is_done = has_state(s->at) && roll(s, 3) == 2;
		if (st->is_done)
			continue;
		send_page(s, st, ev);
		return 1;
	}
	return 0;
}

static void
next_value(struct source *s)
{
	s->is_over = is_last(s->at);
	s->waits = world_source.pauses;
	s->at = value_above(s->at);
	for (uint32_t i = 0; i < WORLD_STREAMS; i++) {
		s->streams[i].is_done = 0;
		s->streams[i].next = 0;
	}
}

/* The next part of the state; behind the last one comes the next value. */
static void
send_state(struct source *s, struct source_event *ev)
{
	struct stream *st = NULL;

	ev->joined = 0;
	for (uint32_t i = 0; i < WORLD_STREAMS; i++) {
		struct stream *one = &s->streams[i];

		if (!one->runs || !one->is_done)
			continue;
		ev->joined = st != NULL;
		st = st == NULL ? one : st;
	}
	st->is_done = 0;
	snprintf(s->state, sizeof(s->state), "{\"at\":%d}", s->at);
	ev->type = SOURCE_PAGE;
	ev->stream = (uint32_t)(st - s->streams);
	ev->num = ++st->page_no;
	ev->bytes = fill_page(s, st, WORLD_RECORDS);
	st->is_done = 0;
	ev->state = str(s->state);
	ev->covers = ev->joint = 1;
	s->joins = ev->joined;
	if (s->joins)
		return;
	next_value(s);
}

/* One after another. */
static void
end(struct source *s, struct source_event *ev)
{
	uint32_t i = 0;
	struct stream *st;

	while (!s->streams[i].runs)
		i++;
	st = &s->streams[i];
	if (world_source.fails[i] != AB_OK && s->at != 0 && !st->is_done)
		send_page(s, st, ev);
	else if (world_source.fails[i] != AB_OK || st->has_ended)
		end_read(s, i, ev, world_source.fails[i]);
	else {
		st->has_ended = 1;
		ev->type = SOURCE_PARTITION_END;
		ev->stream = i;
	}
}

/* A read that ends at once, if there is one. */
static int
end_one(struct source *s, struct source_event *ev)
{
	for (uint32_t i = 0; i < WORLD_STREAMS; i++)
		if (s->streams[i].runs && (s->streams[i].cancelled || s->is_dying)) {
			end_read(s, i, ev, s->streams[i].cancelled ? AB_ECANCELLED : AB_ETRANSIENT);
			return 1;
		}
	return 0;
}

static int
is_running(const struct source *s)
{
	int n = 0;

	for (uint32_t i = 0; i < WORLD_STREAMS; i++)
		n += s->streams[i].runs;
	return n > 0;
}

void
source_next(struct source *s, struct source_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	ev->stream = SOURCE_ALL;
	if (s->answers) {
		answer(s, ev);
		return;
	}
	if (s->joins) { /* nothing comes in between */
		send_state(s, ev);
		return;
	}
	if (end_one(s, ev))
		return;
	if (!is_running(s)) {
		s->is_dying = 0;
		return;
	}
	if (begin(s, ev))
		return;
	if (s->waits) {
		s->waits = 0;
		ev->type = SOURCE_WAIT;
		ev->text = ev->token = str("429");
		return;
	}
	while (!s->is_over && !send_some(s, ev)) {
		if (has_state(s->at)) {
			send_state(s, ev);
			return;
		}
		next_value(s);
	}
	if (s->is_over)
		end(s, ev);
}
