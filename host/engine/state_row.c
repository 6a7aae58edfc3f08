/* state_row.c - see state_row.h. */
#include "engine/state_row.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "data/view.h"

#define NOTES_MAX (1u << 20)

void
state_part_fini(struct state_part *p)
{
	free(p->partition);
	free(p->token);
	state_point_fini(&p->base);
	state_point_fini(&p->run);
	memset(p, 0, sizeof(*p));
}

/* The JSON bytes of a member; empty for null and for a missing one. */
static struct ab_str
member_text(const struct ab_json *object, const char *key)
{
	const struct ab_json *v = view_get(object, key);

	return view_type(v) == AB_NULL ? (struct ab_str){"", 0} : view_text(v);
}

static int
is_word(const struct ab_json *v, const char *word)
{
	return view_type(v) == AB_STRING && strcmp(view_str(v).ptr, word) == 0;
}

static void
read_modes(const struct ab_json *notes, struct state_notes *out)
{
	const struct ab_json *sync_mode = view_get(notes, "sync_mode");
	const struct ab_json *mode = view_get(notes, "mode");
	const struct ab_json *until = view_get(notes, "until");

	out->sync_mode = is_word(sync_mode, plan_sync_word(PLAN_INCREMENTAL)) ? PLAN_INCREMENTAL
									      : PLAN_FULL_REFRESH;
	for (int m = DEST_APPEND; m <= DEST_APPEND_DEDUP; m++)
		if (is_word(mode, plan_dest_word(m))) {
			out->mode = m;
			out->has_mode = 1;
		}
	if (view_type(until) == AB_INT)
		out->until_us = view_int(until);
}

static int
read_edge(const struct ab_json *edge, struct state_point *p)
{
	size_t n = view_type(edge) == AB_ARRAY ? view_len(edge) : 0;

	if (n == 0 || n > TRACK_MAX_EDGE)
		return 0;
	if ((p->edge = calloc(n, sizeof(*p->edge))) == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct ab_json *v = view_at(edge, i);

		if (view_type(v) == AB_STRING)
			p->edge[p->nedge++] = strtoull(view_str(v).ptr, NULL, 16);
	}
	return 0;
}

static int
read_point(const struct ab_json *object, struct state_point *p)
{
	struct ab_str cursor = member_text(object, "cursor");

	return state_set(&p->cursor, cursor.ptr, cursor.len) |
	    read_edge(view_get(object, "edge"), p);
}

static int
read_notes(const char *text, struct state_part *p, struct state_notes *out)
{
	const struct ab_json *notes, *running, *is_void;
	struct view_root root;
	struct ab_str json;
	int failed = 0;

	view_root_init(&root, 4 * NOTES_MAX);
	notes = view_parse(&root, text, strlen(text), "a state row's notes");
	if (view_type(notes) == AB_OBJECT) {
		read_modes(notes, out);
		is_void = view_get(notes, "void");
		p->is_void = view_type(is_void) == AB_BOOL && view_int(is_void) != 0;
		failed |= read_point(notes, &p->base);
		running = view_get(notes, "running");
		if (view_type(running) == AB_OBJECT) {
			json = member_text(running, "state");
			failed |= state_set(&p->run.json, json.ptr, json.len);
			failed |= read_point(running, &p->run);
		}
	}
	view_root_fini(&root);
	return failed ? -1 : 0;
}

int
state_row_read(const struct dest_state *row, struct state_part *p, struct state_notes *notes)
{
	memset(notes, 0, sizeof(*notes));
	p->pages = row->pages;
	p->started_us = row->started_us;
	p->done = row->done && row->started_us != 0;
	p->partition = strdup(row->partition);
	if (p->partition == NULL ||
	    state_set(&p->base.json, row->state, row->state == NULL ? 0 : strlen(row->state)) !=
		0 ||
	    state_set(&p->token, row->token, row->token == NULL ? 0 : strlen(row->token)) != 0)
		return -1;
	return row->notes == NULL ? 0 : read_notes(row->notes, p, notes);
}

static void
add_point(struct buf *b, const struct state_point *p)
{
	if (p->cursor != NULL)
		buf_addf(b, ",\"cursor\":%s", p->cursor);
	for (size_t i = 0; i < p->nedge; i++)
		buf_addf(b, "%s\"%016" PRIx64 "\"", i == 0 ? ",\"edge\":[" : ",", p->edge[i]);
	if (p->nedge > 0)
		buf_addc(b, ']');
}

static char *
notes_make(const struct state_read *r, const struct state_part *p)
{
	const char *running = p->run.json == NULL ? "null" : p->run.json;
	struct buf b;
	char *text;

	buf_init(&b, NOTES_MAX + strlen(running));
	buf_addf(&b, "{\"sync_mode\":\"%s\",\"mode\":\"%s\",\"until\":%" PRId64,
	    plan_sync_word(r->sync_mode), plan_dest_word(r->mode), r->until_us);
	if (p->is_void)
		buf_adds(&b, ",\"void\":true");
	add_point(&b, &p->base);
	if (p->run.json != NULL || p->run.cursor != NULL) {
		buf_addf(&b, ",\"running\":{\"state\":%s", running);
		add_point(&b, &p->run);
		buf_addc(&b, '}');
	}
	buf_addc(&b, '}');
	text = b.failed ? NULL : buf_steal(&b);
	buf_fini(&b);
	return text;
}

static char *
copy(const char *text, int *failed)
{
	char *out = text == NULL ? NULL : strdup(text);

	*failed |= text != NULL && out == NULL;
	return out;
}

int
state_row_write(const struct state_read *r, const struct state_part *p, struct dest_state *row)
{
	int failed = 0;

	row->stream = copy(r->stream, &failed);
	row->namespace_ = copy(r->namespace_, &failed);
	row->partition = copy(p->partition, &failed);
	row->state = copy(p->base.json, &failed);
	row->token = copy(p->token, &failed);
	row->notes = notes_make(r, p);
	row->pages = p->pages;
	row->generation_id = r->generation_id;
	row->started_us = p->started_us;
	row->is_refresh = r->is_refresh && p->started_us != 0;
	row->done = p->done;
	return failed || row->notes == NULL ? -1 : 0;
}

static int
same_stream(const struct dest_state *a, const struct dest_state *b)
{
	return strcmp(a->stream, b->stream) == 0 && strcmp(a->namespace_, b->namespace_) == 0;
}

static void
export_states(const struct dest_state *rows, size_t n, size_t first, struct buf *out)
{
	const char *sep = "";

	if (*rows[first].partition == '\0') {
		buf_adds(out, rows[first].state == NULL ? "{}" : rows[first].state);
		return;
	}
	buf_adds(out, "{\"states\": [");
	for (size_t i = first; i < n; i++) {
		if (!same_stream(&rows[i], &rows[first]) || *rows[i].partition == '\0')
			continue;
		buf_addf(out, "%s{\"partition\": %s, \"cursor\": %s}", sep, rows[i].partition,
		    rows[i].state == NULL ? "{}" : rows[i].state);
		sep = ", ";
	}
	buf_adds(out, "]}");
}

/* A stream whose connector has begun to cut it into partitions may have a row from before. */
static int
is_exported(const struct dest_state *rows, size_t n, size_t i)
{
	for (size_t k = 0; k < n; k++)
		if (k != i && same_stream(&rows[k], &rows[i]) && *rows[k].partition != '\0' &&
		    (k < i || *rows[i].partition == '\0'))
			return 0;
	return 1;
}

int
state_export(const struct dest_state *rows, size_t n, struct buf *out)
{
	const char *sep = "[";

	for (size_t i = 0; i < n; i++) {
		if (!is_exported(rows, n, i))
			continue;
		buf_addf(out,
		    "%s{\"type\": \"STREAM\", \"stream\": {\"stream_descriptor\": {\"name\": ",
		    sep);
		buf_add_json_string(out, rows[i].stream, strlen(rows[i].stream));
		if (*rows[i].namespace_ != '\0') {
			buf_adds(out, ", \"namespace\": ");
			buf_add_json_string(out, rows[i].namespace_, strlen(rows[i].namespace_));
		}
		buf_adds(out, "}, \"stream_state\": ");
		export_states(rows, n, i, out);
		buf_adds(out, "}}");
		sep = ",\n ";
	}
	buf_adds(out, *sep == '[' ? "[]" : "]");
	return out->failed ? -1 : 0;
}
