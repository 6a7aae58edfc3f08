/* world_source.c - the source of world.h: implements source/source.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"
#include "world.h"

static char id_text[] = "world", version_text[] = "1", path_text[] = "world.so";
struct loader_file world_connector = {
    .fd = -1, .path = path_text, .id = id_text, .version = version_text};

enum command { NONE, OPENING, LISTING, CHECKING };
enum step { FREE, PAGE, PAUSE, END, REST };

/* A partition that is being read. */
struct lane {
	enum step step;
	uint32_t stream, number;
	int part;    /* 1... or 0 */
	int from;    /* records at or above this are served */
	int restart; /* say so first */
	size_t next; /* in the filtered list */
	int page_no, running;
};

struct read {
	int runs, cancelled;
	json_t *committed;
	int part; /* the next to begin */
	uint32_t begun;
};

struct source {
	enum command command;
	int hold, holds; /* as asked for; answers that are due */
	size_t listed;
	int dead, is_silent, nlanes;
	unsigned dice;
	struct read reads[WORLD_STREAMS];
	struct lane lanes[WORLD_LANES];
	char text[8192], token[64], state[64], name[64];
};

static int pages_served, most_open;

int
world_pages_served(void)
{
	return pages_served;
}

int
world_most_open(void)
{
	return most_open;
}

ab_status
source_start(const struct source_options *o, struct source **out, struct error *e)
{
	(void)e;
	*out = calloc(1, sizeof(**out));
	(*out)->command = OPENING;
	(*out)->nlanes = o->lanes < 1 ? 1 : o->lanes < WORLD_LANES ? o->lanes : WORLD_LANES;
	(*out)->dice = world_source.seed;
	pages_served = most_open = 0;
	return AB_OK;
}

ab_status
source_check(struct source *s, struct error *e)
{
	(void)e;
	s->command = CHECKING;
	return AB_OK;
}

ab_status
source_streams(struct source *s, struct error *e)
{
	(void)e;
	s->command = LISTING;
	return AB_OK;
}

ab_status
source_read(struct source *s, uint32_t stream, const char *configured, const char *committed,
    uint32_t limit, struct error *e)
{
	struct read *r = &s->reads[stream];

	(void)configured;
	(void)limit;
	if (s->dead || r->runs)
		return error_set(e, AB_EBUG, s->dead ? "dead" : "it is being read");
	json_decref(r->committed);
	*r = (struct read){.runs = 1, .part = world_source.parts > 0};
	r->committed = json_loads(committed, 0, NULL);
	return AB_OK;
}

void
source_cancel_read(struct source *s, uint32_t stream)
{
	s->reads[stream].cancelled = 1;
}

void
source_hold(struct source *s, int on)
{
	s->hold = on != 0;
	s->holds++;
}

int
source_dead(const struct source *s)
{
	return s->dead;
}

void
source_close(struct source *s, int grace_ms)
{
	(void)grace_ms;
	for (size_t i = 0; s != NULL && i < WORLD_STREAMS; i++)
		json_decref(s->reads[i].committed);
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
next_listed(struct source *s, struct source_event *ev)
{
	const struct world_source *w = &world_source;

	if (s->listed > (size_t)(w->streams > 0 ? w->streams - 1 : w->second_stream)) {
		ev->type = SOURCE_DONE;
		s->command = NONE;
		return;
	}
	snprintf(s->text, sizeof(s->text),
	    "{\"name\":\"%s\",\"default_cursor_field\":[\"at\"]%s,\"sorted\":%s,\"is_resumable\":%s%s}",
	    world_stream_name(s->listed),
	    w->has_key ? ",\"source_defined_primary_key\":[[\"id\"]]" : "",
	    w->sorted ? "true" : "false", w->resumable ? "true" : "false",
	    w->shared_state ? ",\"partition_state\":\"shared\"" : "");
	s->listed++;
	ev->type = SOURCE_STREAM;
	ev->text = str(s->text);
}

/* The entry of what is committed for a partition, 0: the only one, or what all share. */
static const json_t *
find_committed(const struct read *r, int number)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (r->committed, i, entry) {
		const json_t *part = json_object_get(entry, "partition");

		if (number == 0 ? json_is_null(part)
				: json_integer_value(json_object_get(part, "p")) == number)
			return entry;
	}
	return NULL;
}

static int
at_of(const json_t *state)
{
	return json_is_object(state) ? (int)json_integer_value(json_object_get(state, "at")) : 0;
}

static void
begin_part(struct source *s, uint32_t stream, struct lane *l, struct source_event *ev)
{
	struct read *r = &s->reads[stream];
	const json_t *entry = find_committed(r, r->part);
	const json_t *state =
	    json_object_get(world_source.shared_state ? find_committed(r, 0) : entry, "state");
	const char *token = json_string_value(json_object_get(entry, "token"));
	const json_t *running = json_object_get(entry, "running");

	if (token != NULL && !world_source.resumable)
		abort(); /* it was never to be used in another run */
	*l = (struct lane){.step = PAGE, .stream = stream, .number = r->begun++, .part = r->part++};
	l->from = at_of(state);
	l->running = token != NULL && json_is_object(running) ? at_of(running) : l->from;
	if (token != NULL && world_source.is_stale)
		l->restart = 1;
	else if (token != NULL)
		l->next = strtoul(token, NULL, 10);
	if (l->restart)
		l->running = l->from;
	snprintf(s->name, sizeof(s->name),
	    l->part == 0		? ""
		: world_source.respells ? "{ \"p\" : %d }"
					: "{\"p\":%d}",
	    l->part);
	ev->type = SOURCE_PARTITION;
	ev->stream = stream;
	ev->part = l->number;
	ev->num = ev->part;
	ev->text = str(s->name);
}

static void
end_read(
    struct source *s, uint32_t stream, struct source_event *ev, ab_status status, const char *why)
{
	ev->type = status == AB_OK ? SOURCE_DONE : SOURCE_FAILED;
	ev->stream = stream;
	ev->error.status = status;
	snprintf(ev->error.text, sizeof(ev->error.text), "%s", why);
	s->reads[stream].runs = s->reads[stream].cancelled = 0;
	for (size_t i = 0; i < WORLD_LANES; i++)
		if (s->lanes[i].stream == stream)
			s->lanes[i].step = FREE;
}

/* "WHERE at >= from", which no null is. */
static int
is_asked_for(const struct lane *l, const struct world_record *r)
{
	return r->at < 0 ? l->from == 0 : r->at >= l->from;
}

/* The text of a page, of the records from l->next on that the state lets through; what is behind it in *more. */
static size_t
fill_page(struct source *s, struct lane *l, int *more)
{
	const struct world_source *w = &world_source;
	size_t len = 0, at = 0, taken = 0;
	char cursor[16], id[16];

	*more = 0;
	for (size_t i = 0; i < w->n; i++) {
		const struct world_record *r = &w->records[i];

		if (r->part != l->part || !is_asked_for(l, r) || at++ < l->next)
			continue;
		if (taken == (size_t)w->page_size) {
			*more = 1;
			break;
		}
		taken++;
		l->running = r->at > l->running ? r->at : l->running;
		snprintf(cursor, sizeof(cursor), r->at < 0 ? "null" : "%d", r->at);
		snprintf(id, sizeof(id), world_is_keyless(r->id) ? "null" : "%d", r->id);
		len += (size_t)snprintf(s->text + len, sizeof(s->text) - len,
		    "{\"id\":%s,\"row\":%d,\"at\":%s,\"part\":%d}\n", id, r->id, cursor, r->part);
	}
	l->next += taken;
	return len;
}

static unsigned
roll(struct source *s, unsigned n)
{
	if (world_source.seed == 0)
		return 0;
	s->dice = s->dice * 1103515245 + 12345;
	return (s->dice >> 16) % n;
}

static int
is_bad_second(const struct lane *l)
{
	return l->stream == 1 && world_source.streams == 0 && !world_source.second_is_good;
}

/* 1: there is no page, but something else. */
static int
fail_or_raise(struct source *s, struct lane *l, struct source_event *ev)
{
	const struct world_source *w = &world_source;

	if (w->fails[l->stream] != AB_OK) {
		end_read(s, l->stream, ev, w->fails[l->stream], world_stream_name(l->stream));
		return 1;
	}
	if (w->fail_at == pages_served || is_bad_second(l) ||
	    (w->fail_part != 0 && w->fail_part == l->part)) {
		s->dead = w->dies && !is_bad_second(l);
		end_read(s, l->stream, ev, AB_ETRANSIENT, "the source fails");
		/* it does not always know */
		if (s->dead && roll(s, 2) == 0)
			ev->text = str(world_stream_name(l->stream));
		return 1;
	}
	if (w->raise_at != pages_served)
		return 0;
	raise(SIGINT);
	if (w->is_deaf) {
		raise(SIGTERM);
		s->is_silent = 1;
	}
	return w->is_deaf;
}

static void
next_page(struct source *s, struct lane *l, struct source_event *ev)
{
	const struct world_source *w = &world_source;
	int more;

	ev->stream = l->stream;
	ev->part = l->number;
	if (l->restart) {
		l->restart = 0;
		ev->type = SOURCE_RESTART;
		return;
	}
	pages_served++;
	if (fail_or_raise(s, l, ev))
		return;
	ev->type = SOURCE_PAGE;
	ev->num = ++l->page_no;
	ev->bytes = fill_page(s, l, &more);
	if (w->garbage_at == pages_served)
		ev->bytes = (size_t)snprintf(s->text, sizeof(s->text), "[{\"id\": 1,}]");
	snprintf(s->token, sizeof(s->token), "%zu", l->next);
	ev->has_token = more;
	ev->token = str(more && pages_served != w->empty_token_at ? s->token : "");
	snprintf(s->state, sizeof(s->state), "{\"at\":%d}", l->running);
	ev->state = str(w->null_state ? "null" : w->own_state ? s->state : "");
	ev->about = str(w->bad_about_at == pages_served ? "{\"constants\":" : "");
	l->step = !more ? END : w->pauses ? PAUSE : PAGE;
}

static void
take_step(struct source *s, struct lane *l, struct source_event *ev)
{
	switch (l->step) {
	case PAGE:
		next_page(s, l, ev);
		break;
	case PAUSE:
	case REST:
		ev->type = SOURCE_WAIT;
		ev->stream = l->stream;
		ev->text = ev->token = str("429");
		l->step = l->step == REST ? FREE : PAGE;
		break;
	case END:
		ev->type = SOURCE_PARTITION_END;
		ev->stream = l->stream;
		ev->part = l->number;
		ev->num = ev->part;
		l->step = world_source.pauses ? REST : FREE;
		break;
	case FREE:
		break;
	}
}

static int
count_open(const struct source *s, uint32_t stream)
{
	int n = 0;

	for (int i = 0; i < s->nlanes; i++)
		n += s->lanes[i].step != FREE &&
		    (stream == SOURCE_ALL || s->lanes[i].stream == stream);
	return n;
}

/* The next partition of a read begins, or the read ends.  0: neither can be now. */
static int
advance_read(struct source *s, uint32_t stream, struct source_event *ev)
{
	struct read *r = &s->reads[stream];
	struct lane *l = s->lanes;

	while (r->part <= world_source.parts &&
	    json_is_true(json_object_get(find_committed(r, r->part), "done")))
		r->part++;
	if (r->part > world_source.parts) {
		if (count_open(s, stream) > 0)
			return 0;
		end_read(s, stream, ev, AB_OK, "");
		return 1;
	}
	if (s->hold || count_open(s, SOURCE_ALL) == s->nlanes)
		return 0;
	while (l->step != FREE)
		l++;
	begin_part(s, stream, l, ev);
	if (count_open(s, SOURCE_ALL) > most_open)
		most_open = count_open(s, SOURCE_ALL);
	return 1;
}

/* Somebody's turn: that of a read to begin a partition, or of a partition that is open. */
static void
take_turn(struct source *s, struct source_event *ev)
{
	unsigned n = WORLD_STREAMS + (unsigned)s->nlanes, first = roll(s, n);

	/* in order: what is open first */
	if (world_source.seed == 0)
		first = WORLD_STREAMS;
	for (unsigned i = 0; i < n && ev->type == SOURCE_NOTHING; i++) {
		unsigned who = (first + i) % n;

		if (who >= WORLD_STREAMS)
			take_step(s, &s->lanes[who - WORLD_STREAMS], ev);
		else if (s->reads[who].runs)
			advance_read(s, who, ev);
	}
}

static void
take_command(struct source *s, struct source_event *ev)
{
	ev->stream = SOURCE_ALL;
	if (s->command == LISTING) {
		next_listed(s, ev);
		return;
	}
	ev->type = SOURCE_DONE;
	s->command = NONE;
}

void
source_next(struct source *s, struct source_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	if (s->command != NONE) {
		take_command(s, ev);
		return;
	}
	if (s->holds > 0) {
		s->holds--;
		ev->type = SOURCE_HELD;
		ev->stream = SOURCE_ALL;
		ev->num = s->hold;
		return;
	}
	for (uint32_t i = 0; i < WORLD_STREAMS && !world_source.is_deaf; i++)
		if (s->reads[i].runs && s->reads[i].cancelled) {
			end_read(s, i, ev, AB_ECANCELLED, "cancelled");
			return;
		}
	if (!s->is_silent && !s->dead)
		take_turn(s, ev);
}
