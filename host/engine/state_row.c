/* state_row.c - see state_row.h. */
#include "engine/state_row.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define NOTES_MAX    (1u << 20)
#define BUNDLE_BYTES (1u << 20) /* a bundle is full with so many */
#define VIEWS_MAX    ((size_t)64 << 20)

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

int
state_row_hashes(const struct ab_json *list, uint64_t **out, size_t *nout)
{
	size_t n = view_type(list) == AB_ARRAY ? view_len(list) : 0;

	if (n == 0 || n > TRACK_MAX_EDGE)
		return 0;
	if ((*out = calloc(n, sizeof(**out))) == NULL)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct ab_json *v = view_at(list, i);

		if (view_type(v) == AB_STRING)
			(*out)[(*nout)++] = strtoull(view_str(v).ptr, NULL, 16);
	}
	return 0;
}

static int
read_point(const struct ab_json *object, struct state_point *p)
{
	struct ab_str cursor = member_text(object, "cursor");

	return state_set(&p->cursor, cursor.ptr, cursor.len) |
	    state_row_hashes(view_get(object, "edge"), &p->edge, &p->nedge);
}

static int
read_run(const struct ab_json *running, struct state_part *p)
{
	struct ab_str json;

	if (view_type(running) != AB_OBJECT)
		return 0;
	json = member_text(running, "state");
	p->is_own = view_type(view_get(running, "own")) == AB_BOOL;
	return state_set(&p->run.json, json.ptr, json.len) | read_point(running, &p->run);
}

/* From when on rows are void, and the lane of them all. */
static void
read_void(const struct ab_json *notes, struct state_part *p)
{
	const struct ab_json *since = view_get(notes, "void"), *lane = view_get(notes, "lane");

	if (view_type(since) == AB_INT)
		p->void_us = view_int(since);
	else if (view_type(since) == AB_BOOL && view_int(since) != 0)
		p->void_us = p->started_us;
	if (view_type(lane) == AB_INT && view_int(lane) >= 0 && view_int(lane) < DEST_LANES)
		p->lane = (int)view_int(lane);
}

/* {<cursor field>: <cursor>} */
static int
derive_state(const char *prefix, struct state_point *p)
{
	struct buf made;
	int failed;

	if (prefix == NULL || p->cursor == NULL)
		return 0;
	buf_init(&made, 2 * CURSOR_MAX_VALUE);
	buf_addf(&made, "%s%s}", prefix, p->cursor);
	failed = made.failed | state_set(&p->json, buf_str(&made), made.len);
	buf_fini(&made);
	return failed;
}

/* {"state", or "derived": true where it is {<cursor field>: <cursor>}; "cursor", "edge"} */
static int
read_bundled_point(const struct ab_json *v, const char *prefix, struct state_point *p)
{
	struct ab_str json = member_text(v, "state");
	int failed = read_point(v, p);

	if (view_type(view_get(v, "derived")) != AB_NULL)
		return failed | derive_state(prefix, p);
	return failed | state_set(&p->json, json.ptr, json.len);
}

/* {"partition", "state" and so on, "done": when it began, "running"} */
static int
read_object(const struct ab_json *v, const char *prefix, struct state_part *p)
{
	const struct ab_json *done = view_get(v, "done"), *run = view_get(v, "running");
	struct ab_str name = member_text(v, "partition");
	int failed = state_set(&p->partition, name.ptr, name.len);

	failed |= read_bundled_point(v, prefix, &p->base);
	if (view_type(run) == AB_OBJECT)
		failed |= read_bundled_point(run, prefix, &p->run);
	p->started_us = view_type(done) == AB_INT ? view_int(done) : 0;
	return failed;
}

/* [partition, cursor or null, when it began or 0, hashes of the edge...]: of most */
static int
read_array(const struct ab_json *v, const char *prefix, struct state_part *p)
{
	struct ab_str name = view_span(view_at(v, 0)), cursor = {"", 0};
	size_t n = view_len(v);
	int failed = state_set(&p->partition, name.ptr, name.len);

	if (view_type(view_at(v, 1)) != AB_NULL)
		cursor = view_span(view_at(v, 1));
	failed |= state_set(&p->base.cursor, cursor.ptr, cursor.len);
	if (!failed && cursor.len > 0)
		failed = derive_state(prefix, &p->base);
	p->started_us = view_type(view_at(v, 2)) == AB_INT ? view_int(view_at(v, 2)) : 0;
	if (failed || n < 4)
		return failed;
	if ((p->base.edge = calloc(n - 3, sizeof(*p->base.edge))) == NULL)
		return -1;
	for (size_t i = 3; i < n; i++)
		if (view_type(view_at(v, i)) == AB_STRING)
			p->base.edge[p->base.nedge++] =
			    strtoull(view_str(view_at(v, i)).ptr, NULL, 16);
	return 0;
}

static int
read_bundled(const struct ab_json *v, const char *prefix, state_row_each *each, void *ctx)
{
	struct state_part p = {.lane = DEST_NO_LANE};
	int failed = view_type(v) == AB_ARRAY && view_len(v) > 2 ? read_array(v, prefix, &p)
	    : view_type(v) == AB_OBJECT				 ? read_object(v, prefix, &p)
								 : 0;

	p.done = p.started_us != 0;
	if (!failed && p.partition != NULL)
		return each(ctx, &p);
	state_part_fini(&p);
	return failed ? -1 : 0;
}

int
state_row_is_bundle(const struct dest_state *row)
{
	return strncmp(row->partition, "{\"_abhost_bundle\":", 18) == 0;
}

static int
read_one(const struct dest_state *row, const struct ab_json *notes, state_row_each *each, void *ctx)
{
	struct state_part p = {.lane = DEST_NO_LANE, .pages = row->pages};
	int failed;

	p.started_us = row->started_us;
	p.done = row->done && row->started_us != 0;
	p.partition = strdup(row->partition);
	failed = p.partition == NULL;
	failed |= state_set(&p.base.json, row->state, row->state == NULL ? 0 : strlen(row->state));
	failed |= state_set(&p.token, row->token, row->token == NULL ? 0 : strlen(row->token));
	if (view_type(notes) == AB_OBJECT) {
		read_void(notes, &p);
		failed |= read_point(notes, &p.base) | read_run(view_get(notes, "running"), &p) |
		    state_row_hashes(view_get(notes, "met"), &p.met, &p.nmet);
	}
	if (failed) {
		state_part_fini(&p);
		return -1;
	}
	return each(ctx, &p);
}

int
state_row_read(
    const struct dest_state *row, struct state_notes *out, state_row_each *each, void *ctx)
{
	const struct ab_json *notes = NULL, *bundle, *prefix;
	struct view_root root;
	int failed = 0;

	memset(out, 0, sizeof(*out));
	view_root_init(&root, VIEWS_MAX);
	if (row->notes != NULL)
		notes = view_parse(&root, row->notes, strlen(row->notes), "a state row's notes");
	if (view_type(notes) == AB_OBJECT)
		read_modes(notes, out);
	bundle = view_type(notes) == AB_OBJECT ? view_get(notes, "bundle") : NULL;
	prefix = bundle == NULL ? NULL : view_get(notes, "prefix");
	if (!state_row_is_bundle(row))
		failed = read_one(row, notes, each, ctx);
	for (size_t i = 0; view_type(bundle) == AB_ARRAY && i < view_len(bundle) && !failed; i++)
		failed = read_bundled(view_at(bundle, i),
		    view_type(prefix) == AB_STRING ? view_str(prefix).ptr : NULL, each, ctx);
	/* what was left out for lack of memory must not look as if it had never been there */
	failed |= root.error.status == AB_ENOMEM;
	view_root_fini(&root);
	return failed ? -1 : 0;
}

static void
add_hashes(struct buf *b, const char *key, const uint64_t *hashes, size_t n)
{
	if (n > 0)
		buf_addf(b, ",\"%s\":[", key);
	for (size_t i = 0; i < n; i++)
		buf_addf(b, "%s\"%016" PRIx64 "\"", i == 0 ? "" : ",", hashes[i]);
	if (n > 0)
		buf_addc(b, ']');
}

void
state_row_add_point(struct buf *b, const struct state_point *p)
{
	if (p->cursor != NULL)
		buf_addf(b, ",\"cursor\":%s", p->cursor);
	add_hashes(b, "edge", p->edge, p->nedge);
}

void
state_row_add_met(struct buf *b, const struct state_part *p)
{
	add_hashes(b, "met", p->met, p->token == NULL ? 0 : p->nmet);
}

static void
begin_notes(struct buf *b, const struct state_read *r)
{
	buf_addf(b, "{\"sync_mode\":\"%s\",\"mode\":\"%s\",\"until\":%" PRId64,
	    plan_sync_word(r->sync_mode), plan_dest_word(r->mode), r->until_us);
	if (r->cursor_field == NULL)
		return;
	buf_adds(b, ",\"cursor_field\":");
	buf_add_json_string(b, r->cursor_field, strlen(r->cursor_field));
	if (r->cursor_is_time)
		buf_adds(b, ",\"cursor_is_time\":true");
}

static char *
end_notes(struct buf *b)
{
	char *text;

	buf_addc(b, '}');
	text = b->failed ? NULL : buf_steal(b);
	buf_fini(b);
	return text;
}

static char *
notes_make(const struct state_read *r, const struct state_part *p)
{
	const char *running = p->run.json == NULL ? "null" : p->run.json;
	struct buf b;

	buf_init(&b, NOTES_MAX + strlen(running));
	begin_notes(&b, r);
	if (p->void_us != 0)
		buf_addf(&b, ",\"void\":%" PRId64, p->void_us);
	if (p->lane != DEST_NO_LANE)
		buf_addf(&b, ",\"lane\":%d", p->lane);
	state_row_add_point(&b, &p->base);
	state_row_add_met(&b, p);
	if (p->run.json != NULL || p->run.cursor != NULL) {
		buf_addf(&b, ",\"running\":{\"state\":%s", running);
		if (p->is_own || (r->is_own && *p->partition == '\0'))
			buf_adds(&b, ",\"own\":true");
		state_row_add_point(&b, &p->run);
		buf_addc(&b, '}');
	}
	return end_notes(&b);
}

static int
is_derived(const char *prefix, const struct state_point *p)
{
	size_t len = prefix == NULL || p->cursor == NULL ? 0 : strlen(prefix);

	return len > 0 && p->json != NULL && strncmp(p->json, prefix, len) == 0 &&
	    strncmp(p->json + len, p->cursor, strlen(p->cursor)) == 0 &&
	    strcmp(p->json + len + strlen(p->cursor), "}") == 0;
}

static void
add_bundled_point(struct buf *b, const char *prefix, const struct state_point *p)
{
	if (is_derived(prefix, p))
		buf_adds(b, ",\"derived\":true");
	else if (p->json != NULL)
		buf_addf(b, ",\"state\":%s", p->json);
	state_row_add_point(b, p);
}

static void
add_object(struct buf *b, const char *prefix, const struct state_part *p)
{
	buf_addf(b, "{\"partition\":%s", p->partition);
	add_bundled_point(b, prefix, &p->base);
	if (p->done)
		buf_addf(b, ",\"done\":%" PRId64, p->started_us);
	if (p->run.json != NULL || p->run.cursor != NULL) {
		buf_adds(b, ",\"running\":{\"of\":\"refresh\"");
		add_bundled_point(b, prefix, &p->run);
		buf_addc(b, '}');
	}
	buf_addc(b, '}');
}

static void
add_bundled(struct buf *b, const char *prefix, const struct state_part *p)
{
	int is_short = p->run.json == NULL && p->run.cursor == NULL &&
	    (is_derived(prefix, &p->base) || (p->base.json == NULL && p->base.cursor == NULL));

	if (!is_short) {
		add_object(b, prefix, p);
		return;
	}
	buf_addf(b, "[%s,%s,%" PRId64, p->partition,
	    p->base.cursor == NULL ? "null" : p->base.cursor, p->done ? p->started_us : 0);
	for (size_t i = 0; i < p->base.nedge; i++)
		buf_addf(b, ",\"%016" PRIx64 "\"", p->base.edge[i]);
	buf_addc(b, ']');
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
	row->generation_id = r->is_refresh && !r->has_ended && p->started_us == 0
	    ? r->old_generation_id
	    : r->generation_id;
	row->started_us = p->started_us;
	row->is_refresh = r->is_refresh && p->started_us != 0;
	row->done = p->done;
	return failed || row->notes == NULL ? -1 : 0;
}

/* The unnamed partition has always a row of its own. */
static int
bundle_next(const struct state_read *r, size_t *at, struct state_part *p)
{
	int found;

	while ((found = shelf_next(&r->shelf, at, p)) == 1 && *p->partition == '\0') {
		state_part_fini(p);
		memset(p, 0, sizeof(*p));
	}
	return found;
}

static int
add_bundle(const struct state_read *r, size_t *at, struct buf *b, struct dest_state *row)
{
	struct state_part p = {0};
	int found = 1;

	begin_notes(b, r);
	if (r->shelf.prefix != NULL) {
		buf_adds(b, ",\"prefix\":");
		buf_add_json_string(b, r->shelf.prefix, strlen(r->shelf.prefix));
	}
	for (size_t n = 0; n < STATE_BUNDLE && b->len < BUNDLE_BYTES; n++) {
		if ((found = bundle_next(r, at, &p)) != 1)
			break;
		buf_adds(b, n == 0 ? ",\"bundle\":[" : ",");
		add_bundled(b, r->shelf.prefix, &p);
		row->is_refresh |= r->is_refresh && p.started_us != 0;
		row->started_us = p.started_us != 0 ? p.started_us : row->started_us;
		row->pages++;
		state_part_fini(&p);
	}
	buf_addc(b, ']');
	return found;
}

int
state_row_bundle(const struct state_read *r, size_t *at, size_t number, struct dest_state *row)
{
	struct buf b, name;
	int failed = 0, found;

	buf_init(&b, SHELF_MAX_BYTES);
	found = add_bundle(r, at, &b, row);
	if (row->pages == 0) {
		buf_fini(&b);
		return found < 0 ? -1 : 0;
	}
	buf_init(&name, 64);
	buf_addf(&name, "{\"_abhost_bundle\":%zu}", number);
	row->notes = end_notes(&b);
	row->stream = copy(r->stream, &failed);
	row->namespace_ = copy(r->namespace_, &failed);
	row->partition = buf_steal(&name);
	row->generation_id = r->is_refresh && !r->has_ended && row->started_us == 0
	    ? r->old_generation_id
	    : r->generation_id;
	row->pages = 0;
	return failed || found < 0 || row->notes == NULL || row->partition == NULL ? -1 : 1;
}

static int
same_stream(const struct dest_state *a, const struct dest_state *b)
{
	return strcmp(a->stream, b->stream) == 0 && strcmp(a->namespace_, b->namespace_) == 0;
}

struct exporting {
	struct buf *out;
	const char *sep;
};

static int
export_part(void *ctx, struct state_part *p)
{
	struct exporting *x = ctx;

	if (*p->partition != '\0') {
		buf_addf(x->out, "%s{\"partition\": %s, \"cursor\": %s}", x->sep, p->partition,
		    p->base.json == NULL ? "{}" : p->base.json);
		x->sep = ", ";
	}
	state_part_fini(p);
	return 0;
}

static int
export_states(const struct dest_state *rows, size_t n, size_t first, struct buf *out)
{
	struct exporting x = {out, ""};
	struct state_notes notes;

	if (*rows[first].partition == '\0') {
		buf_adds(out, rows[first].state == NULL ? "{}" : rows[first].state);
		return 0;
	}
	buf_adds(out, "{\"states\": [");
	for (size_t i = first; i < n; i++)
		if (same_stream(&rows[i], &rows[first]) &&
		    state_row_read(&rows[i], &notes, export_part, &x) != 0)
			return -1;
	buf_addc(out, ']');
	/* what those partitions share that have none of their own */
	for (size_t i = 0; i < n; i++)
		if (same_stream(&rows[i], &rows[first]) && *rows[i].partition == '\0' &&
		    rows[i].state != NULL)
			buf_addf(out, ", \"state\": %s", rows[i].state);
	buf_addc(out, '}');
	return 0;
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
		if (export_states(rows, n, i, out) != 0)
			return -1;
		buf_adds(out, "}}");
		sep = ",\n ";
	}
	buf_adds(out, *sep == '[' ? "[]" : "]");
	return out->failed ? -1 : 0;
}
