/* state_edit.c - see state_edit.h: states into rows. */
#include "engine/state_edit.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "data/canonical.h"
#include "data/jsonread.h"
#include "data/jsontext.h"
#include "data/scan.h"
#include "data/view.h"
#include "engine/state_airbyte.h"
#include "engine/state_row.h"

#define VIEWS_MAX ((size_t)256 << 20)
#define SHOWN	  200

/* What the store knows of the stream. */
struct facts {
	const char *stream, *namespace_;
	json_t *notes;	      /* of one of its rows, without what was of its old state; an object */
	json_t *seen;	      /* partitions so far: their names */
	struct shelf bundled; /* partitions that have no row of their own */
	char *like;	      /* a value that the cursor field had, JSON; or NULL */
	int64_t generation_id;
	int has_refresh; /* one has not ended */
	int has_void;	 /* there are rows that no state covers */
	int in_bundle;	 /* the row that is being looked at is shared */
	int failed;
};

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the state of a stream");
}

static int
is_of(const struct dest_state *row, const char *stream, const char *namespace_)
{
	return strcmp(row->stream, stream) == 0 && strcmp(row->namespace_, namespace_) == 0;
}

static int
look_at_part(void *ctx, struct state_part *p)
{
	struct facts *f = ctx;

	int failed = 0;

	f->has_void |= p->void_us != 0;
	if (f->in_bundle)
		failed = shelf_put(&f->bundled, p);
	state_part_fini(p);
	return failed;
}

static ab_status
learn_row(struct facts *f, const struct dest_state *row, struct error *e)
{
	static const char *const gone[] = {
	    "cursor", "edge", "met", "running", "void", "lane", "bundle", "prefix"};
	struct state_notes notes;
	json_error_t where;
	json_t *kept = row->notes == NULL ? NULL : jsonread_string(row->notes, 0, &where);

	f->in_bundle = state_row_is_bundle(row);
	if ((row->notes != NULL && kept == NULL && jsonread_lacked(&where)) ||
	    state_row_read(row, &notes, look_at_part, f) != 0) {
		json_decref(kept);
		return no_memory(e);
	}
	if (row->generation_id > f->generation_id)
		f->generation_id = row->generation_id;
	f->has_refresh |= row->is_refresh && row->started_us != 0;
	for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
		json_object_del(kept, gone[i]);
	if (json_is_object(kept))
		json_object_update(f->notes, kept);
	json_decref(kept);
	return AB_OK;
}

static ab_status
wrong_value(const struct state_kind *k, const char *wanted, struct ab_str json, struct error *e)
{
	return error_set(e, AB_ECONFIG, "its cursor field \"%s\" must have %s, not %.*s", k->field,
	    wanted, (int)(json.len > SHOWN ? SHOWN : json.len), json.ptr);
}

static int
is_time_text(struct ab_str text)
{
	int64_t us;

	return clock_parse(text.ptr, text.len, &us) == 0;
}

/* What it had before is a string as JSON, in whose bytes a time has no escapes. */
static int
was_time(const struct state_kind *k)
{
	size_t len = k->like == NULL ? 0 : strlen(k->like);

	return k->is_time ||
	    (len > 2 && *k->like == '"' && is_time_text((struct ab_str){k->like + 1, len - 2}));
}

static ab_status
check_value(const struct state_kind *k, const struct ab_json *v, struct error *e)
{
	int type = view_type(v), is_number = type == AB_INT || type == AB_REAL;

	if (was_time(k) && (type != AB_STRING || !is_time_text(view_str(v))))
		return wrong_value(k, "a time as in \"2026-01-31T12:00:00Z\"", view_text(v), e);
	if (k->like != NULL && *k->like == '"' && type != AB_STRING)
		return wrong_value(k, "a string", view_text(v), e);
	if (k->like != NULL && *k->like != '"' && !is_number)
		return wrong_value(k, "a number", view_text(v), e);
	if (type != AB_STRING && !is_number)
		return wrong_value(k, "a number or a string", view_text(v), e);
	return AB_OK;
}

ab_status
state_check_cursor(const struct state_kind *k, const char *json, size_t len, struct error *e)
{
	const struct ab_json *state, *v;
	struct view_root root;
	int shown = (int)(len > SHOWN ? SHOWN : len);

	view_root_init(&root, VIEWS_MAX);
	state = view_parse(&root, json, len, "the state");
	v = view_type(state) == AB_OBJECT ? view_get(state, k->field) : NULL;
	if (view_type(state) != AB_OBJECT)
		error_set(e, AB_ECONFIG, "a state must be an object, as in {\"%s\": ...}, not %.*s",
		    k->field, shown, json);
	else if (v == NULL && view_len(state) > 0)
		error_set(e, AB_ECONFIG,
		    "a state of this stream must name its cursor field, as in {\"%s\": ...}; this is %.*s",
		    k->field, shown, json);
	else if (v != NULL)
		check_value(k, v, e);
	/* what could not be looked at is not wrong */
	if (root.error.status == AB_ENOMEM) {
		error_clear(e);
		no_memory(e);
	}
	view_root_fini(&root);
	return e->status;
}

/* A value of the cursor field in one of the old states. */
static ab_status
learn_value(struct facts *f, const struct dest_state *row, struct error *e)
{
	const char *field = json_string_value(json_object_get(f->notes, "cursor_field"));
	const struct ab_json *state;
	struct view_root root;

	if (field == NULL || f->like != NULL || row->state == NULL)
		return AB_OK;
	view_root_init(&root, VIEWS_MAX);
	state = view_parse(&root, row->state, strlen(row->state), "the state");
	if (view_type(state) == AB_OBJECT && view_get(state, field) != NULL &&
	    (f->like = strdup(view_text(view_get(state, field)).ptr)) == NULL)
		no_memory(e);
	view_root_fini(&root);
	return e->status;
}

static ab_status
learn(struct facts *f, const struct dest_state *rows, size_t n, const char *stream,
    const char *namespace_, struct error *e)
{
	*f = (struct facts){.stream = stream,
	    .namespace_ = namespace_,
	    .notes = json_object(),
	    .seen = json_object()};
	if (f->notes == NULL || f->seen == NULL || shelf_init(&f->bundled, NULL) != 0)
		return no_memory(e);
	for (size_t i = 0; i < n; i++)
		if (is_of(&rows[i], stream, namespace_) &&
		    (learn_row(f, &rows[i], e) != AB_OK || learn_value(f, &rows[i], e) != AB_OK))
			return e->status;
	return AB_OK;
}

static ab_status
check_state(const struct facts *f, struct ab_str json, struct error *e)
{
	const struct state_kind kind = {
	    .field = json_string_value(json_object_get(f->notes, "cursor_field")),
	    .is_time = json_is_true(json_object_get(f->notes, "cursor_is_time")),
	    .like = f->like};

	if (*json.ptr != '{')
		return error_set(e, AB_ECONFIG, "a state must be an object, not %.*s",
		    (int)(json.len > SHOWN ? SHOWN : json.len), json.ptr);
	if (kind.field == NULL)
		return AB_OK; /* the connector's own, or a stream that no run has seen */
	return state_check_cursor(&kind, json.ptr, json.len, e);
}

static int
is_same_state(const char *state, const char *wanted)
{
	char *have = state == NULL ? NULL : canonical_json(state, strlen(state));
	int same = have != NULL && strcmp(have, wanted) == 0;

	free(have);
	return same;
}

/* A state that is there already stays with all that is known about it. */
static const struct dest_state *
find_same(const struct dest_state *rows, size_t n, const struct facts *f, const char *partition,
    const char *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (is_of(&rows[i], f->stream, f->namespace_) &&
		    strcmp(rows[i].partition, partition) == 0 &&
		    is_same_state(rows[i].state, wanted))
			return &rows[i];
	return NULL;
}

static char *
copy(const char *text, int *failed)
{
	char *out = text == NULL ? NULL : strdup(text);

	*failed |= text != NULL && out == NULL;
	return out;
}

/* The stream's notes, and what is known of the point. */
static char *
make_notes(const struct facts *f, const struct state_point *p, int *failed)
{
	char *text = jsontext_make(f->notes, JSON_COMPACT);
	struct buf b;

	if (text != NULL && p != NULL && p->cursor != NULL && json_object_size(f->notes) > 0) {
		buf_init(&b, VIEWS_MAX);
		buf_add(&b, text, strlen(text) - 1);
		state_row_add_point(&b, p);
		buf_addc(&b, '}');
		free(text);
		text = b.failed ? NULL : buf_steal(&b);
		buf_fini(&b);
	}
	*failed |= text == NULL;
	return text;
}

/* The same of a partition that is in a shared row. */
static void
keep_bundled(const struct facts *f, struct dest_state *row, const char *wanted, int *failed)
{
	struct state_part p = {.lane = DEST_NO_LANE};
	int found = shelf_look(&f->bundled, row->partition, &p), same;

	*failed |= found < 0;
	same = found == 1 && is_same_state(p.base.json, wanted);
	row->notes = make_notes(f, same ? &p.base : NULL, failed);
	row->started_us = same ? p.started_us : 0;
	row->done = same && p.done;
	state_part_fini(&p);
}

/* What is known of a row's state, where it is there already. */
static int
keep_same(const struct facts *f, const struct dest_state *rows, size_t n, struct dest_state *row)
{
	const struct dest_state *same = NULL;
	int failed = 0;
	char *wanted;

	if (row->state == NULL) {
		row->notes = make_notes(f, NULL, &failed);
		return failed;
	}
	if ((wanted = canonical_json(row->state, strlen(row->state))) == NULL)
		return -1;
	same = find_same(rows, n, f, row->partition, wanted);
	if (same == NULL) {
		keep_bundled(f, row, wanted, &failed);
	} else {
		row->notes = copy(same->notes, &failed);
		row->token = copy(same->token, &failed);
		row->pages = same->pages;
		row->started_us = same->started_us;
		row->done = same->done;
	}
	free(wanted);
	return failed;
}

/* Appends a row; takes over partition. */
static ab_status
add_row(struct state_rows *out, const struct facts *f, char *partition, struct ab_str json,
    const struct dest_state *rows, size_t n, struct error *e)
{
	struct dest_state *more = realloc(out->rows, (out->n + 1) * sizeof(*more)), *row;
	int failed = partition == NULL;

	if (more == NULL) {
		free(partition);
		return no_memory(e);
	}
	out->rows = more;
	row = &more[out->n++];
	*row = (struct dest_state){.partition = partition, .generation_id = f->generation_id};
	row->stream = copy(f->stream, &failed);
	row->namespace_ = copy(f->namespace_, &failed);
	row->state = json.len == 0 ? NULL : strndup(json.ptr, json.len);
	failed |= json.len > 0 && row->state == NULL;
	return failed || keep_same(f, rows, n, row) != 0 ? no_memory(e) : AB_OK;
}

/* One of {"states": [...]}. */
static ab_status
add_partition(struct state_rows *out, const struct facts *f, const struct dest_state *rows,
    size_t n, const struct ab_json *entry, struct error *e)
{
	const struct ab_json *partition = view_get(entry, "partition");
	struct ab_str json = view_text(view_get(entry, "cursor")), name = view_text(partition);
	char *key;

	if (view_type(entry) != AB_OBJECT || view_type(partition) == AB_NULL)
		return error_set(e, AB_ECONFIG,
		    "each of \"states\" must be an object with a partition and a cursor");
	if (view_type(view_get(entry, "cursor")) == AB_NULL)
		json = (struct ab_str){"{}", 2};
	if (check_state(f, json, e) != AB_OK)
		return error_wrap(
		    e, "the partition %.*s", (int)(name.len > SHOWN ? SHOWN : name.len), name.ptr);
	if ((key = canonical_json(name.ptr, name.len)) == NULL)
		return no_memory(e);
	if (json_object_get(f->seen, key) != NULL) {
		free(key);
		return error_set(e, AB_ECONFIG, "the partition %.*s is there twice",
		    (int)(name.len > SHOWN ? SHOWN : name.len), name.ptr);
	}
	if (json_object_set_new(f->seen, key, json_true()) != 0)
		error_set(e, AB_ENOMEM, "no memory for a partition");
	return add_row(out, f, key, json, rows, n, e);
}

/* What partitions share that have no state of their own, where it is one that can be used. */
static ab_status
add_shared(struct state_rows *out, const struct facts *f, const struct dest_state *rows, size_t n,
    const struct ab_json *state, struct error *e)
{
	struct ab_str json = view_text(view_get(state, "state"));
	struct error useless = ERROR_INIT;

	if (view_type(view_get(state, "state")) != AB_OBJECT)
		return AB_OK;
	if (check_state(f, json, &useless) != AB_OK)
		return useless.status == AB_ENOMEM ? no_memory(e) : AB_OK;
	return add_row(out, f, strdup(""), json, rows, n, e);
}

/* Does the state speak of partitions, as Airbyte's does?  A cursor field may be called "states", too. */
static int
has_partitions(const struct ab_json *state)
{
	const struct ab_json *states = view_get(state, "states");

	return view_type(states) == AB_ARRAY &&
	    (view_len(states) == 0 || view_type(view_at(states, 0)) == AB_OBJECT);
}

static ab_status
add_all(struct state_rows *out, const struct facts *f, const struct dest_state *rows, size_t n,
    struct ab_str json, struct error *e)
{
	const struct ab_json *state, *states;
	struct view_root root;

	view_root_init(&root, VIEWS_MAX);
	state = view_parse(&root, json.ptr, json.len, "the state");
	states = view_type(state) == AB_OBJECT && has_partitions(state) ? view_get(state, "states")
									: NULL;
	if (states != NULL && view_type(view_get(state, "use_global_cursor")) == AB_BOOL &&
	    view_int(view_get(state, "use_global_cursor")) != 0)
		error_set(e, AB_ECONFIG,
		    "it has one cursor for all partitions (use_global_cursor), which abhost does not know: reset the stream, "
		    "and it is read again");
	else if (state_known(state, e) == AB_OK && states == NULL &&
	    check_state(f, json, e) == AB_OK)
		add_row(out, f, strdup(""), json, rows, n, e);
	for (size_t i = 0; states != NULL && i < view_len(states) && e->status == AB_OK; i++)
		add_partition(out, f, rows, n, view_at(states, i), e);
	if (states != NULL && e->status == AB_OK)
		add_shared(out, f, rows, n, state, e);
	if (root.error.status == AB_ENOMEM && e->status == AB_OK)
		no_memory(e);
	view_root_fini(&root);
	return e->status;
}

static ab_status
trim(struct ab_str *json, struct error *e)
{
	size_t used;

	while (json->len > 0 && strchr(" \t\r\n", *json->ptr) != NULL) {
		json->ptr++;
		json->len--;
	}
	while (json->len > 0 && strchr(" \t\r\n", json->ptr[json->len - 1]) != NULL)
		json->len--;
	if (scan_value(json->ptr, json->len, &used, e) == AB_OK && used == json->len)
		return AB_OK;
	error_set(e, AB_ECONFIG, "more than one JSON value");
	e->status = AB_ECONFIG;
	return error_wrap(e, "the state is not JSON");
}

static ab_status
finish(struct facts *f, struct state_rows *out, struct error *e)
{
	json_decref(f->notes);
	json_decref(f->seen);
	free(f->like);
	shelf_fini(&f->bundled);
	if (e->status != AB_OK) {
		dest_states_free(out->rows, out->n);
		*out = (struct state_rows){NULL, 0, 0};
		return error_wrap(e, "stream \"%s\"", f->stream);
	}
	out->replace = 1;
	return AB_OK;
}

ab_status
state_edit_set(const struct dest_state *rows, size_t n, const char *stream, const char *namespace_,
    const char *json, size_t len, struct state_rows *out, struct error *e)
{
	struct ab_str text = {json, len};
	struct facts f;

	*out = (struct state_rows){NULL, 0, 0};
	if (learn(&f, rows, n, stream, namespace_, e) == AB_OK && trim(&text, e) == AB_OK) {
		if (f.has_refresh || f.has_void)
			error_set(e, AB_ECONFIG,
			    "its last read has not ended, and what it wrote is accounted for in the state that is there: run the sync "
			    "to its end first, or reset the stream");
		else
			add_all(out, &f, rows, n, text, e);
	}
	return finish(&f, out, e);
}

ab_status
state_edit_reset(const struct dest_state *rows, size_t n, const char *stream,
    const char *namespace_, struct state_rows *out, struct error *e)
{
	struct facts f;

	*out = (struct state_rows){NULL, 0, 0};
	if (learn(&f, rows, n, stream, namespace_, e) == AB_OK) {
		/* the next refresh is this generation once more, and begins with the removal of its rows */
		if (f.has_refresh && f.generation_id > 0)
			f.generation_id--;
		add_row(out, &f, strdup(""), (struct ab_str){"", 0}, NULL, 0, e);
	}
	return finish(&f, out, e);
}
