/* state.c - abhost state: what is committed, as a list of Airbyte's stream states. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"

/* A stored JSON text, or null. */
static json_t *
parse_or_null(const char *text)
{
	json_t *v = text != NULL && *text != '\0' ? json_loads(text, JSON_DECODE_ANY, NULL) : NULL;

	return v != NULL ? v : json_null();
}

static int
same_stream(const struct dest_state *a, const struct dest_state *b)
{
	return strcmp(a->stream, b->stream) == 0 && strcmp(a->namespace_, b->namespace_) == 0;
}

/* {"cursor": ...}, or {"states": [{"partition": P, "cursor": S}, ...]} for a stream with partitions. */
static json_t *
stream_state(const struct dest_state *rows, size_t n)
{
	json_t *states, *state;

	if (n == 1 && *rows->partition == '\0') {
		state = parse_or_null(rows->state);
		return json_is_null(state) ? json_object() : state;
	}
	states = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(states,
		    json_pack("{s:o, s:o}", "partition", parse_or_null(rows[i].partition), "cursor",
			parse_or_null(rows[i].state)));
	return json_pack("{s:o}", "states", states);
}

/* What a read that was interrupted has left, or NULL. */
static json_t *
unfinished(const struct dest_state *rows, size_t n)
{
	int64_t pages = 0, since = 0;
	char time[CLOCK_TEXT];

	for (size_t i = 0; i < n; i++)
		if (rows[i].started_us != 0) {
			pages += rows[i].pages;
			since =
			    since == 0 || rows[i].started_us < since ? rows[i].started_us : since;
		}
	if (since == 0)
		return NULL;
	return json_pack(
	    "{s:s, s:I}", "since", clock_format(since, time), "pages", (json_int_t)pages);
}

static json_t *
stream_message(const struct dest_state *rows, size_t n)
{
	json_t *descriptor = json_pack("{s:s}", "name", rows->stream), *stream, *rest;

	if (*rows->namespace_ != '\0')
		json_object_set_new(descriptor, "namespace", json_string(rows->namespace_));
	stream = json_pack(
	    "{s:o, s:o}", "stream_descriptor", descriptor, "stream_state", stream_state(rows, n));
	rest = unfinished(rows, n);
	if (rest != NULL)
		json_object_set_new(stream, "ab_unfinished", rest);
	return json_pack("{s:s, s:o}", "type", "STREAM", "stream", stream);
}

static int
by_stream(const void *a, const void *b)
{
	const struct dest_state *x = a, *y = b;
	int order = strcmp(x->stream, y->stream);

	if (order == 0)
		order = strcmp(x->namespace_, y->namespace_);
	return order != 0 ? order : strcmp(x->partition, y->partition);
}

static int
print_states(struct dest_state *rows, size_t n)
{
	json_t *list = json_array();
	int code;

	if (n > 0)
		qsort(rows, n, sizeof(*rows), by_stream);
	for (size_t i = 0, end; i < n; i = end) {
		for (end = i + 1; end < n && same_stream(&rows[i], &rows[end]);)
			end++;
		json_array_append_new(list, stream_message(rows + i, end - i));
	}
	code = cli_print_json(list);
	json_decref(list);
	return code;
}

static int
state_run(const struct cli_args *a)
{
	struct dest_state *rows = NULL;
	struct error e = ERROR_INIT;
	struct dest *dest = NULL;
	size_t n = 0;
	int code = CLI_FAILED;

	if (dest_open(a->word[0], NULL, a->value[0], 1, &dest, &e) == AB_OK)
		dest->ops->states(dest, &rows, &n, &e);
	if (e.status == AB_OK)
		code = print_states(rows, n);
	else
		cli_fail(&e);
	dest_states_free(rows, n);
	if (dest != NULL)
		dest->ops->close(dest);
	return code;
}

static const struct cli_option options[] = {
    {"state", "FILE", "where run --state kept it (jsonl:-)", 0}, {.name = NULL}};
const struct cli_command cmd_state = {.name = "state",
    .words = "DB",
    .summary = "Print the state that is committed in a destination (Airbyte's form)",
    .more =
	"DB is what --to named: my-api.db, sqlite:FILE, jsonl:FOLDER. A read that was interrupted shows\n"
	"as \"ab_unfinished\"; the next run goes on behind these pages.",
    .least = 1,
    .most = 1,
    .options = options,
    .run = state_run};
