/* state_airbyte_in.c - see state_airbyte.h: a state file to rows. */
#include <stdlib.h>
#include <string.h>

#include "data/canonical.h"
#include "data/scan.h"
#include "data/view.h"
#include "engine/state_airbyte.h"
#include "engine/state_edit.h"
#include "engine/state_row.h"

#define VIEWS_MAX ((size_t)256 << 20)
#define MAX_ROWS  1000000

struct import {
	const char *name; /* of the file */
	struct dest_state *rows;
	size_t n, cap;
	struct error *e;
};

/* A stream's facts while its parts are read. */
struct facts {
	struct import *in;
	struct state_read read;
};

static ab_status
no_memory(struct import *in)
{
	return error_set(in->e, AB_ENOMEM, "no memory for the states of %s", in->name);
}

static ab_status
wrong(struct import *in, const char *what)
{
	return error_set(in->e, AB_ECONFIG, "%s is no state file of Airbyte: %s", in->name, what);
}

static struct ab_str
member_text(const struct ab_json *object, const char *key)
{
	const struct ab_json *v = view_get(object, key);

	return view_type(v) == AB_NULL ? (struct ab_str){"", 0} : view_text(v);
}

/* A member that is an object, or NULL. */
static const struct ab_json *
object_at(const struct ab_json *v, const char *key)
{
	const struct ab_json *got = view_type(v) == AB_OBJECT ? view_get(v, key) : NULL;

	return view_type(got) == AB_OBJECT ? got : NULL;
}

static int
int_at(const struct ab_json *v, const char *key, int64_t *out)
{
	const struct ab_json *got = view_get(v, key);

	if (view_type(got) != AB_INT)
		return 0;
	*out = view_int(got);
	return 1;
}

static int
is_true(const struct ab_json *v, const char *key)
{
	const struct ab_json *got = view_get(v, key);

	return view_type(got) == AB_BOOL && view_int(got) != 0;
}

static int
is_word(const struct ab_json *v, const char *key, const char *word)
{
	const struct ab_json *got = view_get(v, key);

	return view_type(got) == AB_STRING && strcmp(view_str(got).ptr, word) == 0;
}

/* A user may have changed the state and left our notes alone: then they are wrong. */
static int
is_changed(const struct ab_json *state, struct ab_str cursor)
{
	struct ab_str have;

	if (view_type(state) != AB_OBJECT || view_len(state) != 1)
		return 0;
	have = view_text(view_get(state, view_key(state, 0).ptr));
	return have.len != cursor.len || memcmp(have.ptr, cursor.ptr, cursor.len) != 0;
}

static int
read_point(const struct ab_json *ours, const struct ab_json *state, struct state_point *p)
{
	struct ab_str cursor = member_text(ours, "cursor");

	if (cursor.len == 0 || is_changed(state, cursor))
		return 0;
	return state_set(&p->cursor, cursor.ptr, cursor.len) |
	    state_row_hashes(view_get(ours, "edge"), &p->edge, &p->nedge);
}

/* What "_abhost" says of a part that began at `state`. */
static int
read_ours(const struct ab_json *ours, const struct ab_json *state, struct state_part *p)
{
	const struct ab_json *running = object_at(ours, "running"), *token;
	struct ab_str json = member_text(running, "state");
	int failed = read_point(ours, state, &p->base);

	if (running != NULL)
		p->is_own = is_true(running, "own");
	if (running != NULL)
		failed |= state_set(&p->run.json, json.ptr, json.len) |
		    read_point(running, view_get(running, "state"), &p->run);
	failed |= state_row_hashes(view_get(ours, "met"), &p->met, &p->nmet);
	token = view_get(ours, "token");
	if (view_type(token) == AB_STRING)
		failed |= state_set(&p->token, view_str(token).ptr, view_str(token).len);
	int_at(ours, "pages", &p->pages);
	int_at(ours, "since", &p->started_us);
	p->done = is_true(ours, "done") && p->started_us != 0;
	if (p->started_us == 0)
		state_set(&p->token, NULL, 0);
	return failed;
}

static struct dest_state *
new_row(struct import *in)
{
	size_t cap = in->cap == 0 ? 64 : in->cap * 2;
	struct dest_state *rows;

	if (in->n == MAX_ROWS)
		return NULL;
	if (in->n == in->cap) {
		if ((rows = realloc(in->rows, cap * sizeof(*rows))) == NULL)
			return NULL;
		in->rows = rows;
		in->cap = cap;
	}
	memset(&in->rows[in->n], 0, sizeof(*in->rows));
	return &in->rows[in->n];
}

/* One part: where it begins, and what of ours stands beside it (NULL: nothing).  Takes `partition`. */
static ab_status
add_part(struct facts *f, char *partition, const struct ab_json *state, const struct ab_json *ours)
{
	struct state_part p = {.lane = DEST_NO_LANE, .partition = partition};
	struct ab_str json = view_text(state);
	struct dest_state *row = new_row(f->in);
	int failed = partition == NULL || row == NULL;

	if (!failed && view_type(state) != AB_NULL)
		failed = state_set(&p.base.json, json.ptr, json.len);
	if (!failed && ours != NULL)
		failed = read_ours(ours, state, &p);
	if (!failed)
		failed = state_row_write(&f->read, &p, row);
	if (row != NULL)
		f->in->n++;
	state_part_fini(&p);
	return failed ? no_memory(f->in) : AB_OK;
}

static void
read_facts(struct state_read *r, const struct ab_json *ours)
{
	r->generation_id = 1;
	r->sync_mode = PLAN_INCREMENTAL;
	if (ours == NULL)
		return;
	int_at(ours, "generation", &r->generation_id);
	int_at(ours, "until", &r->until_us);
	r->is_refresh = is_true(ours, "refresh");
	if (is_word(ours, "sync_mode", plan_sync_word(PLAN_FULL_REFRESH)))
		r->sync_mode = PLAN_FULL_REFRESH;
	for (int m = DEST_APPEND; m <= DEST_APPEND_DEDUP; m++)
		if (is_word(ours, "mode", plan_dest_word((enum dest_mode)m)))
			r->mode = (enum dest_mode)m;
}

/* {"states": [{"partition": P, "cursor": S}, ...]}, also as Airbyte's CDK writes it. */
static ab_status
add_states(struct facts *f, const struct ab_json *states)
{
	for (size_t i = 0; i < view_len(states); i++) {
		const struct ab_json *one = view_at(states, i);
		struct ab_str name;

		if (view_type(one) != AB_OBJECT || view_type(view_get(one, "partition")) == AB_NULL)
			return wrong(f->in, "an entry of \"states\" has no partition");
		name = view_text(view_get(one, "partition"));
		if (add_part(f, canonical_json(name.ptr, name.len), view_get(one, "cursor"),
			object_at(one, "_abhost")) != AB_OK)
			return f->in->e->status;
	}
	return AB_OK;
}

/* The state without our part of it: NULL for none, else malloc'ed. */
static char *
bare_state(const struct ab_json *v, int *failed)
{
	struct buf b;
	char *text;

	buf_init(&b, STATE_MAX_BYTES);
	buf_addc(&b, '{');
	for (size_t i = 0; i < view_len(v); i++) {
		struct ab_str key = view_key(v, i), value;

		if (strcmp(key.ptr, "_abhost") == 0)
			continue;
		value = view_span(view_get(v, key.ptr));
		buf_adds(&b, b.len == 1 ? "" : ",");
		buf_add_json_string(&b, key.ptr, key.len);
		buf_addc(&b, ':');
		buf_add(&b, value.ptr, value.len);
	}
	buf_addc(&b, '}');
	*failed = b.failed;
	text = b.failed || b.len == 2 ? NULL : buf_steal(&b);
	buf_fini(&b);
	return text;
}

static ab_status
add_alone(struct facts *f, const struct ab_json *v, const struct ab_json *ours)
{
	const struct ab_json *state = ours == NULL ? v : view_get(ours, "state");
	struct view_root root;
	char *bare = NULL;
	int failed = 0;

	view_root_init(&root, VIEWS_MAX);
	if (ours != NULL && view_type(state) == AB_NULL && (bare = bare_state(v, &failed)) != NULL)
		state = view_parse(&root, bare, strlen(bare), f->in->name);
	if (failed)
		no_memory(f->in);
	else
		add_part(f, strdup(""), state, ours);
	view_root_fini(&root);
	free(bare);
	return f->in->e->status;
}

static ab_status
check_notes(const struct ab_json *v, struct error *e)
{
	const struct ab_json *ours = object_at(v, "_abhost");
	int64_t version = 0;

	if (ours != NULL && int_at(ours, "v", &version) && version > STATE_NOTES)
		error_set(e, AB_ECONFIG,
		    "a newer abhost wrote it (its \"_abhost\" is of version %lld, this one knows %d): update abhost, or "
		    "take \"_abhost\" out, and what lies at the edge of the state is read again",
		    (long long)version, STATE_NOTES);
	return e->status;
}

ab_status
state_known(const struct ab_json *state, struct error *e)
{
	const struct ab_json *states =
	    view_type(state) == AB_OBJECT ? view_get(state, "states") : NULL;

	check_notes(state, e);
	for (size_t i = 0; view_type(states) == AB_ARRAY && i < view_len(states); i++)
		check_notes(view_at(states, i), e);
	return e->status;
}

static ab_status
add_stream(struct facts *f, const struct ab_json *state)
{
	const struct ab_json *ours = object_at(state, "_abhost");

	if (state_known(state, f->in->e) != AB_OK)
		return f->in->e->status;
	if (view_type(state) == AB_OBJECT && view_len(state) == 0)
		return AB_OK;
	read_facts(&f->read, ours);
	if (view_type(state) != AB_OBJECT || view_type(view_get(state, "states")) != AB_ARRAY)
		return add_alone(f, state, ours);
	if (object_at(state, "state") != NULL && view_len(object_at(state, "state")) > 0 &&
	    add_part(f, strdup(""), object_at(state, "state"), ours) != AB_OK)
		return f->in->e->status;
	return add_states(f, view_get(state, "states"));
}

/* A state_import_each. */
static ab_status
on_stream(void *ctx, const char *stream, const char *namespace_, const char *json, size_t len,
    struct error *e)
{
	struct facts f = {.in = ctx, .read = {.stream = stream, .namespace_ = namespace_}};
	struct view_root root;

	if (json == NULL)
		return AB_OK;
	view_root_init(&root, VIEWS_MAX);
	add_stream(&f, view_parse(&root, json, len, "a state"));
	if (root.error.status == AB_ENOMEM)
		no_memory(f.in);
	view_root_fini(&root);
	return e->status;
}

/* {"<stream>": <state>, ...} */
static ab_status
add_legacy(struct import *in, const struct ab_json *data)
{
	for (size_t i = 0; i < view_len(data); i++) {
		struct ab_str key = view_key(data, i);
		const struct ab_json *state = view_get(data, key.ptr);
		struct ab_str text = view_text(state);

		if (view_type(state) != AB_OBJECT && view_type(state) != AB_NULL)
			return wrong(in, "what it has for a stream is no state");
		if (view_type(state) == AB_OBJECT &&
		    on_stream(in, key.ptr, "", text.ptr, text.len, in->e) != AB_OK)
			return in->e->status;
	}
	return AB_OK;
}

/* A state message; LEGACY says by its keys whose it is. */
static ab_status
add_message(struct import *in, const struct ab_json *v)
{
	const struct ab_json *inner = object_at(v, "state");
	struct ab_str text = view_text(v);

	if (inner != NULL && is_word(v, "type", "STATE"))
		v = inner;
	if (object_at(v, "data") != NULL && object_at(v, "stream") == NULL)
		return add_legacy(in, object_at(v, "data"));
	if (state_import(text.ptr, text.len, on_stream, NULL, in, in->e) != AB_OK)
		error_wrap(in->e, "%s is no state file of Airbyte", in->name);
	return in->e->status;
}

static int
is_message(const struct ab_json *v)
{
	static const char *const keys[] = {"stream", "global", "global_", "globalState", "data",
	    "stream_descriptor", "type", "streamState"};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (view_get(v, keys[i]) != NULL)
			return 1;
	return 0;
}

static ab_status
add_file(struct import *in, const struct ab_json *v)
{
	if (view_type(v) == AB_OBJECT)
		return is_message(v) ? add_message(in, v) : add_legacy(in, v);
	if (view_type(v) != AB_ARRAY)
		return wrong(in, "expected an array of state messages, [] for none");
	for (size_t i = 0; i < view_len(v); i++)
		if (add_message(in, view_at(v, i)) != AB_OK)
			break;
	return in->e->status;
}

ab_status
state_load(const char *text, size_t len, const char *name, struct dest_state **out, size_t *n,
    struct error *e)
{
	struct import in = {.name = name, .e = e};
	const struct ab_json *v = NULL;
	struct error why = ERROR_INIT;
	struct view_root root;
	size_t used;

	view_root_init(&root, VIEWS_MAX);
	if (scan_value(text, len, &used, &why) != AB_OK)
		wrong(&in, why.text);
	else if (used != len || (v = view_parse(&root, text, len, name)) == NULL)
		wrong(&in, "it holds more than one JSON value");
	if (v != NULL)
		add_file(&in, v);
	if (e->status == AB_OK && root.error.status == AB_ENOMEM)
		no_memory(&in);
	view_root_fini(&root);
	*out = in.rows;
	*n = in.n;
	return e->status;
}
