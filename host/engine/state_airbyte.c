/* state_airbyte.c - see state_airbyte.h: rows to a stream_state. */
#include "engine/state_airbyte.h"

#include <inttypes.h>
#include <string.h>

#include "engine/state_row.h"

#define VIEWS_MAX ((size_t)16 << 20)

static int
is_nothing(const char *json)
{
	return json == NULL || strcmp(json, "{}") == 0 || strcmp(json, "null") == 0;
}

/* The members of a part's "_abhost", each behind a comma. */
static void
add_part(struct buf *b, const struct state_part *p)
{
	int is_running = p->run.json != NULL || p->run.cursor != NULL;

	state_row_add_point(b, &p->base);
	state_row_add_met(b, p);
	if (p->token != NULL) {
		buf_adds(b, ",\"token\":");
		buf_add_json_string(b, p->token, strlen(p->token));
	}
	if (is_running) {
		buf_addf(
		    b, ",\"running\":{\"state\":%s", p->run.json == NULL ? "null" : p->run.json);
		buf_adds(b, p->is_own ? ",\"own\":true" : "");
		state_row_add_point(b, &p->run);
		buf_addc(b, '}');
	}
	if (p->done)
		buf_adds(b, ",\"done\":true");
	if (p->token == NULL && !p->done && !is_running)
		return;
	if (p->pages != 0)
		buf_addf(b, ",\"pages\":%" PRId64, p->pages);
	buf_addf(b, ",\"since\":%" PRId64, p->started_us);
}

/* The members of the state itself, each followed by a comma, where nothing in it can be taken for something else. */
static int
add_members(struct buf *b, const char *json)
{
	struct view_root root;
	const struct ab_json *v;
	struct ab_str span = {"", 0};
	int fine;

	view_root_init(&root, VIEWS_MAX);
	v = view_parse(&root, json, strlen(json), "a state");
	fine = view_type(v) == AB_OBJECT && view_type(view_get(v, "states")) == AB_NULL &&
	    view_type(view_get(v, "state")) == AB_NULL &&
	    view_type(view_get(v, "_abhost")) == AB_NULL;
	if (fine)
		span = view_span(v);
	if (fine && view_len(v) > 0) {
		buf_add(b, span.ptr + 1, span.len - 2);
		buf_addc(b, ',');
	}
	view_root_fini(&root);
	return fine;
}

struct writing {
	struct buf *out;
	size_t n;	  /* partitions written */
	int has_whole;	  /* there is a part without a name, */
	int is_alone;	  /* and no other */
	struct buf whole; /* the members of its "_abhost" */
	int is_worth;	  /* something of it can be gone on with */
};

/* The part without a name: its state is the stream's. */
static void
write_whole(struct writing *w, const struct state_part *p)
{
	const char *json = is_nothing(p->base.json) ? NULL : p->base.json;

	w->has_whole = 1;
	w->is_worth |= json != NULL || p->token != NULL || p->done || p->run.json != NULL;
	add_part(&w->whole, p);
	if (!w->is_alone)
		buf_addf(w->out, "\"state\":%s,", json == NULL ? "{}" : json);
	else if (json != NULL && !add_members(w->out, json))
		buf_addf(&w->whole, ",\"state\":%s", json);
}

static int
write_part(void *ctx, struct state_part *p)
{
	struct writing *w = ctx;

	if (*p->partition == '\0') {
		if (!w->has_whole)
			write_whole(w, p);
		state_part_fini(p);
		return 0;
	}
	buf_adds(w->out, w->n++ == 0 ? "\"states\":[" : ",");
	buf_addf(w->out, "{\"partition\":%s,\"cursor\":%s,\"_abhost\":{\"v\":%d", p->partition,
	    p->base.json == NULL ? "{}" : p->base.json, STATE_NOTES);
	add_part(w->out, p);
	buf_adds(w->out, "}}");
	w->is_worth = 1;
	state_part_fini(p);
	return 0;
}

static int
is_whole(const struct dest_state *row)
{
	return *row->partition == '\0';
}

/* Partitions first, so that the list is one. */
static int
write_parts(struct writing *w, const struct dest_state *rows, size_t n, struct state_notes *notes)
{
	struct state_notes of_row;
	int failed = 0;

	for (int whole = 0; whole < 2 && !failed; whole++) {
		if (whole && w->n > 0)
			buf_adds(w->out, "],");
		for (size_t i = 0; i < n && !failed; i++) {
			if (is_whole(&rows[i]) != whole)
				continue;
			failed = state_row_read(&rows[i], &of_row, write_part, w);
			if (of_row.until_us >= notes->until_us)
				*notes = of_row;
		}
	}
	return failed;
}

static void
write_notes(
    struct writing *w, const struct dest_state *rows, size_t n, const struct state_notes *notes)
{
	int is_refresh = 0;
	int64_t generation = 0;

	for (size_t i = 0; i < n; i++) {
		is_refresh |= rows[i].is_refresh && rows[i].started_us != 0;
		if (rows[i].generation_id > generation)
			generation = rows[i].generation_id;
	}
	buf_addf(w->out, "\"_abhost\":{\"v\":%d,\"generation\":%" PRId64 ",\"until\":%" PRId64,
	    STATE_NOTES, generation, notes->until_us);
	if (notes->has_mode)
		buf_addf(w->out, ",\"sync_mode\":\"%s\",\"mode\":\"%s\"",
		    plan_sync_word(notes->sync_mode), plan_dest_word(notes->mode));
	if (is_refresh)
		buf_adds(w->out, ",\"refresh\":true");
	buf_add(w->out, w->whole.ptr, w->whole.len);
	buf_adds(w->out, "}}");
}

int
state_stream(const struct dest_state *rows, size_t n, struct buf *out)
{
	struct writing w = {.out = out, .is_alone = 1};
	struct state_notes notes = {0};
	size_t start = out->len;
	int failed;

	for (size_t i = 0; i < n; i++)
		w.is_alone &= is_whole(&rows[i]);
	buf_init(&w.whole, out->max);
	buf_addc(out, '{');
	failed = write_parts(&w, rows, n, &notes);
	if (w.is_worth) {
		write_notes(&w, rows, n, &notes);
	} else {
		out->len = start;
		buf_adds(out,
		    notes.has_mode && notes.sync_mode == PLAN_FULL_REFRESH &&
			    (n == 0 || rows[0].started_us == 0)
			? "{\"__ab_no_cursor_state_message\":true}"
			: "{}");
	}
	failed |= w.whole.failed;
	buf_fini(&w.whole);
	return failed || out->failed ? -1 : 0;
}
