/* world_source.c - the source of world.h: implements source/source.h. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/source.h"
#include "world.h"

struct world_source world_source;
static char id_text[] = "world", version_text[] = "1", path_text[] = "world.so";
struct loader_file world_connector = {
    .fd = -1, .path = path_text, .id = id_text, .version = version_text};

enum step { OPENING, LISTING, CHECKING, PART, PAGE, PAUSE, PART_END, END, IDLE };

struct source {
	enum step step;
	int hold, holds; /* as asked for; answers that are due */
	uint32_t begun;	 /* partitions in this read */
	size_t listed;
	uint32_t stream;
	int pages, cancelled, dead;
	json_t *committed;
	int part;    /* 1... or 0 */
	int from;    /* records at or above this are served */
	int restart; /* say so first */
	size_t next; /* in the filtered list */
	int page_no, running;
	char text[8192], token[64], state[64], name[64];
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
	(void)o;
	(void)e;
	*out = calloc(1, sizeof(**out));
	pages_served = 0;
	return AB_OK;
}

int
source_fds(struct source *s, struct pollfd fds[SOURCE_FDS])
{
	(void)s;
	(void)fds;
	return 0;
}

int
source_timeout_ms(struct source *s)
{
	(void)s;
	return 0;
}

ab_status
source_check(struct source *s, struct error *e)
{
	(void)e;
	s->step = CHECKING;
	return AB_OK;
}

ab_status
source_streams(struct source *s, struct error *e)
{
	(void)e;
	s->step = LISTING;
	return AB_OK;
}

ab_status
source_read(struct source *s, uint32_t stream, const char *configured, const char *committed,
    uint32_t limit, struct error *e)
{
	(void)configured;
	(void)limit;
	if (s->dead)
		return error_set(e, AB_EBUG, "dead");
	json_decref(s->committed);
	s->committed = json_loads(committed, 0, NULL);
	s->stream = stream;
	s->cancelled = 0;
	s->part = world_source.parts > 0 ? 1 : 0;
	s->begun = 0;
	s->step = PART;
	return AB_OK;
}

void
source_cancel(struct source *s)
{
	s->cancelled = 1;
}

void
source_cancel_read(struct source *s, uint32_t stream)
{
	s->cancelled |= s->stream == stream;
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
	if (s != NULL)
		json_decref(s->committed);
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

	if (s->listed > (size_t)w->second_stream) {
		ev->type = SOURCE_DONE;
		s->step = IDLE;
		return;
	}
	snprintf(s->text, sizeof(s->text),
	    "{\"name\":\"%s\",\"default_cursor_field\":[\"at\"]%s,\"sorted\":%s,\"is_resumable\":%s}",
	    s->listed == 0 ? "things" : "others",
	    w->has_key ? ",\"source_defined_primary_key\":[[\"id\"]]" : "",
	    w->sorted ? "true" : "false", w->resumable ? "true" : "false");
	s->listed++;
	ev->type = SOURCE_STREAM;
	ev->text = str(s->text);
}

/* The entry of what is committed for the partition that begins. */
static const json_t *
find_committed(const struct source *s)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (s->committed, i, entry) {
		const json_t *part = json_object_get(entry, "partition");

		if (s->part == 0 ? json_is_null(part)
				 : json_integer_value(json_object_get(part, "p")) == s->part)
			return entry;
	}
	return NULL;
}

static void
begin_part(struct source *s, struct source_event *ev)
{
	const json_t *entry = find_committed(s);
	const json_t *state = json_object_get(entry, "state");
	const char *token = json_string_value(json_object_get(entry, "token"));
	const json_t *running = json_object_get(entry, "running");

	if (token != NULL && !world_source.resumable)
		abort(); /* it was never to be used in another run */
	s->from = json_is_object(state) ? (int)json_integer_value(json_object_get(state, "at")) : 0;
	s->running = token != NULL && json_is_object(running)
	    ? (int)json_integer_value(json_object_get(running, "at"))
	    : s->from;
	s->next = 0;
	s->restart = 0;
	s->page_no = 0;
	if (token != NULL && world_source.is_stale)
		s->restart = 1;
	else if (token != NULL)
		s->next = strtoul(token, NULL, 10);
	if (s->restart)
		s->running = s->from;
	snprintf(s->name, sizeof(s->name),
	    s->part == 0		? ""
		: world_source.respells ? "{ \"p\" : %d }"
					: "{\"p\":%d}",
	    s->part);
	ev->type = SOURCE_PARTITION;
	ev->part = s->begun++;
	ev->num = ev->part;
	ev->text = str(s->name);
	s->step = PAGE;
}

static void
next_part(struct source *s, struct source_event *ev)
{
	while (s->part <= world_source.parts &&
	    json_is_true(json_object_get(find_committed(s), "done")))
		s->part++;
	if (s->part <= world_source.parts) {
		begin_part(s, ev);
		return;
	}
	ev->type = SOURCE_DONE;
	s->step = IDLE;
}

static void
fail(struct source *s, struct source_event *ev, ab_status status, const char *why)
{
	ev->type = SOURCE_FAILED;
	ev->error.status = status;
	snprintf(ev->error.text, sizeof(ev->error.text), "%s", why);
	s->step = IDLE;
}

/* "WHERE at >= from", which no null is. */
static int
is_asked_for(const struct source *s, const struct world_record *r)
{
	return r->at < 0 ? s->from == 0 : r->at >= s->from;
}

/* The text of a page, of the records from s->next on that the state lets through; what is behind it in *more. */
static size_t
fill_page(struct source *s, int *more)
{
	const struct world_source *w = &world_source;
	size_t len = 0, at = 0, taken = 0;
	char cursor[16];

	*more = 0;
	for (size_t i = 0; i < w->n; i++) {
		const struct world_record *r = &w->records[i];

		if (r->part != s->part || !is_asked_for(s, r) || at++ < s->next)
			continue;
		if (taken == (size_t)w->page_size) {
			*more = 1;
			break;
		}
		taken++;
		s->running = r->at > s->running ? r->at : s->running;
		snprintf(cursor, sizeof(cursor), r->at < 0 ? "null" : "%d", r->at);
		len += (size_t)snprintf(s->text + len, sizeof(s->text) - len,
		    "{\"id\":%d,\"at\":%s,\"part\":%d}\n", r->id, cursor, r->part);
	}
	s->next += taken;
	return len;
}

static void
next_page(struct source *s, struct source_event *ev)
{
	const struct world_source *w = &world_source;
	int more;

	if (s->restart) {
		s->restart = 0;
		ev->part = s->begun - 1;
		ev->type = SOURCE_RESTART;
		return;
	}
	pages_served++;
	if (w->fail_at == pages_served || (s->stream == 1 && !w->second_is_good)) {
		s->dead = w->dies && s->stream == 0;
		fail(s, ev, AB_ETRANSIENT, "the source fails");
		return;
	}
	if (w->raise_at == pages_served) {
		raise(SIGINT);
		if (w->is_deaf) {
			raise(SIGTERM);
			s->step = IDLE;
			return;
		}
	}
	ev->type = SOURCE_PAGE;
	ev->part = s->begun - 1;
	ev->num = ++s->page_no;
	ev->bytes = fill_page(s, &more);
	if (w->garbage_at == pages_served)
		ev->bytes = (size_t)snprintf(s->text, sizeof(s->text), "[{\"id\": 1,}]");
	snprintf(s->token, sizeof(s->token), "%zu", s->next);
	ev->has_token = more;
	ev->token = str(more ? s->token : "");
	snprintf(s->state, sizeof(s->state), "{\"at\":%d}", s->running);
	ev->state = str(w->null_state ? "null" : w->own_state ? s->state : "");
	ev->about = str(w->bad_about_at == pages_served ? "{\"constants\":" : "");
	s->step = !more ? PART_END : w->pauses ? PAUSE : PAGE;
}

static void
take_step(struct source *s, struct source_event *ev)
{
	ev->stream = s->step >= PART ? s->stream : SOURCE_ALL;
	switch (s->step) {
	case OPENING:
	case CHECKING:
	case END:
		ev->type = SOURCE_DONE;
		s->step = IDLE;
		break;
	case LISTING:
		next_listed(s, ev);
		break;
	case PART:
		if (!s->hold)
			next_part(s, ev);
		break;
	case PAGE:
		next_page(s, ev);
		break;
	case PAUSE:
		ev->type = SOURCE_WAIT;
		ev->text = ev->token = str("429");
		s->step = PAGE;
		break;
	case PART_END:
		ev->type = SOURCE_PARTITION_END;
		ev->part = s->begun - 1;
		ev->num = ev->part;
		s->part++;
		s->step = PART;
		break;
	case IDLE:
		break;
	}
}

void
source_next(struct source *s, struct source_event *ev)
{
	memset(ev, 0, sizeof(*ev));
	if (s->holds > 0) {
		s->holds--;
		ev->type = SOURCE_HELD;
		ev->stream = SOURCE_ALL;
		ev->num = s->hold;
	} else if (s->cancelled && !world_source.is_deaf && s->step >= PART && s->step < IDLE) {
		ev->stream = s->stream;
		fail(s, ev, AB_ECANCELLED, "cancelled");
	} else {
		take_step(s, ev);
	}
}
