/* judge.c - see judge.h. */
#include "accept/judge.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "data/config.h"
#include "data/jsonread.h"
#include "data/value.h"
#include "data/view.h"

#define SCHEMA_ALL  5000 /* so many records of a stream are compared with its schema, then every */
#define SCHEMA_EACH 100	 /* so manieth */
#define VIEWS_MAX   ((size_t)16 << 20)
#define MIX	    UINT64_C(0x9e3779b97f4a7c15)

/* The record that is looked at. */
struct at {
	struct judge *j;
	const char *page;
	const struct scan *s;
	const struct scan_record *rec;
	size_t page_number, number; /* from 1 */
	struct view_root *views;
	const struct ab_json *constants; /* of the page */
};

void
judge_init(struct judge *j, const struct plan_stream *plan)
{
	memset(j, 0, sizeof(*j));
	j->plan = plan;
	cursor_init(&j->cursor, plan->cursor, plan->cursor_is_time);
}

void
judge_fini(struct judge *j)
{
	cursor_fini(&j->cursor);
	free(j->keys);
}

/* The first fault of its kind, with the record's place. */
__attribute__((format(printf, 3, 4))) static void
fault(const struct at *at, char *out, const char *format, ...)
{
	va_list ap;
	int n;

	if (out[0] != '\0')
		return;
	n = snprintf(out, JUDGE_TEXT, "record %zu of page %zu: ", at->number, at->page_number);
	va_start(ap, format);
	vsnprintf(out + n, JUDGE_TEXT - (size_t)n, format, ap);
	va_end(ap);
}

/* The value at a path of the record, or of the page's constants; NULL: none, or null. */
static const struct ab_json *
value_at(const struct at *at, const struct ab_json *record, const char *const *path)
{
	const struct ab_json *v = view_get(record, path[0]);

	if (v == NULL && view_type(at->constants) == AB_OBJECT)
		v = view_get(at->constants, path[0]);
	for (path++; *path != NULL; path++)
		v = view_type(v) == AB_OBJECT ? view_get(v, *path) : NULL;
	return view_type(v) == AB_NULL ? NULL : v;
}

static void
join(const char *const *path, char out[200])
{
	size_t n = 0;

	out[0] = '\0';
	for (; *path != NULL && n < 180; path++)
		n += (size_t)snprintf(out + n, 200 - n, "%s%s", n > 0 ? "." : "", *path);
}

static void
add_key(struct judge *j, uint64_t hash)
{
	uint64_t *grown;

	if (j->nkeys == j->cap_keys) {
		j->cap_keys = j->cap_keys == 0 ? 1024 : j->cap_keys * 2;
		grown = realloc(j->keys, j->cap_keys * sizeof(*grown));
		if (grown == NULL) {
			j->failed = 1;
			j->cap_keys = j->nkeys;
			return;
		}
		j->keys = grown;
	}
	j->keys[j->nkeys++] = hash;
}

static void
look_key(const struct at *at, const struct ab_json *record)
{
	uint64_t hash = 0;
	char name[200];

	for (const char *const *const *path = at->j->plan->primary_key; *path != NULL; path++) {
		const struct ab_json *v = value_at(at, record, *path);
		struct ab_str text;

		if (v == NULL) {
			join(*path, name);
			fault(at, at->j->key, "no value for the key's field \"%s\"", name);
			return;
		}
		text = view_span(v);
		hash = (hash ^ value_hash(text.ptr, text.len)) * MIX;
	}
	add_key(at->j, hash);
}

static int
keep(char **to, struct ab_str text)
{
	char *copy = malloc(text.len + 1);

	if (copy == NULL)
		return -1;
	memcpy(copy, text.ptr, text.len);
	copy[text.len] = '\0';
	free(*to);
	*to = copy;
	return 0;
}

/* <0: b is below a. Both are JSON. */
static int
compare(struct judge *j, const char *a, struct ab_str b)
{
	if (cursor_begin(&j->cursor, a, strlen(a)) != 0 ||
	    cursor_know(&j->cursor, b.ptr, b.len) != 0) {
		j->failed = 1;
		return 0;
	}
	return cursor_compare(&j->cursor, &j->cursor.known.value, &j->cursor.floor.value);
}

/* The value is kept: of a sorted stream it is the greatest as well. */
static void
look_cursor(const struct at *at, struct readout_part *part)
{
	struct judge *j = at->j;
	struct cursor_value v = cursor_at(&j->cursor, at->page, at->s, at->rec);
	int order = 1;
	char name[200];

	if (v.kind == CURSOR_NONE) {
		join(j->plan->cursor, name);
		fault(
		    at, j->cursor_fault, "no text and no number in the cursor field \"%s\"", name);
		return;
	}
	j->has_text |= v.kind == CURSOR_TEXT;
	j->has_number |= v.kind != CURSOR_TEXT;
	if (j->has_text && j->has_number)
		fault(at, j->cursor_fault, "a %s where other records have a %s",
		    v.kind == CURSOR_TEXT ? "text" : "number",
		    v.kind == CURSOR_TEXT ? "number" : "text");
	if (part->last != NULL)
		order = compare(j, part->last, v.raw);
	if (order < 0 && j->plan->sorted)
		fault(at, j->sorted, "%.*s comes behind %.100s",
		    v.raw.len > 100 ? 100 : (int)v.raw.len, v.raw.ptr, part->last);
	if (order > 0 && keep(&part->last, v.raw) != 0)
		j->failed = 1;
}

static void
look_schema(const struct at *at)
{
	struct judge *j = at->j;
	struct error e = ERROR_INIT;
	json_t *record, *constants;
	struct ab_str about = view_span(at->constants);

	if (j->looked++ >= SCHEMA_ALL && j->looked % SCHEMA_EACH != 0)
		return;
	record = jsonread_text(at->page + at->rec->off, at->rec->len, JSON_DECODE_ANY, NULL);
	if (record == NULL) /* integers that no int64 holds */
		record = jsonread_text(
		    at->page + at->rec->off, at->rec->len, JSON_DECODE_INT_AS_REAL, NULL);
	constants = at->constants == NULL ? NULL : jsonread_text(about.ptr, about.len, 0, NULL);
	if (record != NULL && constants != NULL)
		json_object_update_missing(record, constants);
	if (record != NULL &&
	    config_check_by(j->plan->schema, "its json_schema", record, &e) != AB_OK)
		fault(at, j->schema, "%s", e.text);
	json_decref(constants);
	json_decref(record);
}

static void
look_record(const struct at *at, struct readout_part *part)
{
	const struct judge *j = at->j;
	const struct ab_json *record;

	if (j->plan->primary_key != NULL) {
		record = view_parse(at->views, at->page + at->rec->off, at->rec->len, "a record");
		look_key(at, record);
	}
	if (j->plan->cursor != NULL && j->plan->sync_mode == PLAN_INCREMENTAL)
		look_cursor(at, part);
	if (j->plan->schema != NULL && j->schema[0] == '\0')
		look_schema(at);
}

/* The value of the state that is named like the cursor field, wherever the connector put it. */
static struct ab_str
find_in_state(const struct ab_json *state, const char *name, int depth)
{
	const struct ab_json *v;
	struct ab_str found = {"", 0};

	if (view_type(state) != AB_OBJECT || depth > 4)
		return found;
	v = view_get(state, name);
	if (view_type(v) == AB_STRING || view_type(v) == AB_INT || view_type(v) == AB_REAL)
		return view_span(v);
	for (size_t i = 0; i < view_len(state) && found.len == 0; i++)
		found = find_in_state(view_at(state, i), name, depth + 1);
	return found;
}

static void
look_state(struct judge *j, struct readout_part *part, struct ab_str text, size_t page,
    struct view_root *views)
{
	const char *const *name = j->plan->cursor;
	struct ab_str value;

	if (name == NULL)
		return;
	while (name[1] != NULL)
		name++;
	value = find_in_state(view_parse(views, text.ptr, text.len, "a state"), *name, 0);
	if (value.len == 0)
		return;
	if (part->state != NULL && compare(j, part->state, value) < 0 && j->state[0] == '\0')
		snprintf(j->state, sizeof(j->state),
		    "behind page %zu \"%s\" is %.*s, and was %.100s before it", page, *name,
		    value.len > 100 ? 100 : (int)value.len, value.ptr, part->state);
	if (keep(&part->state, value) != 0)
		j->failed = 1;
}

void
judge_page(struct judge *j, struct readout *r, const struct source_event *ev, const char *page,
    const struct scan *s)
{
	struct readout_part *part = &r->parts[ev->part];
	const struct ab_json *about;
	struct view_root views;
	struct at at = {
	    .j = j, .page = page, .s = s, .page_number = (size_t)ev->num, .views = &views};

	view_root_init(&views, VIEWS_MAX);
	for (size_t i = 0; i < s->nrecords; i++) {
		view_root_reset(&views);
		about = ev->about.len == 0
		    ? NULL
		    : view_parse(&views, ev->about.ptr, ev->about.len, "about");
		at.constants = about == NULL ? NULL : view_get(about, "constants");
		at.rec = &s->records[i];
		at.number = i + 1;
		look_record(&at, part);
	}
	view_root_reset(&views);
	if (ev->state.len > 0)
		look_state(j, part, ev->state, (size_t)ev->num, &views);
	view_root_fini(&views);
}

static int
compare_keys(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int
judge_twice(const struct judge *j, size_t *a, size_t *b)
{
	uint64_t *sorted = malloc((j->nkeys + 1) * sizeof(*sorted)), twice = 0;
	size_t found = 0;

	if (sorted == NULL || j->failed) {
		free(sorted);
		return -1;
	}
	if (j->nkeys > 0)
		memcpy(sorted, j->keys, j->nkeys * sizeof(*sorted));
	qsort(sorted, j->nkeys, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < j->nkeys && !found; i++)
		if (sorted[i] == sorted[i - 1]) {
			twice = sorted[i];
			found = 1;
		}
	free(sorted);
	for (size_t i = 0, n = 0; found && i < j->nkeys; i++)
		if (j->keys[i] == twice && n++ < 2)
			*(n == 1 ? a : b) = i;
	return found != 0;
}
