/* jsonl_runs.c - the runs in the state file: the newest JSONL_MAX_RUNS, oldest first.  See sqlite_runs.c for what an
 * attempt is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"
#include "data/jsonread.h"
#include "data/jsontext.h"
#include "dest/jsonl.h"

static ab_status
no_memory(struct error *e)
{
	return error_set(e, AB_ENOMEM, "no memory for the runs");
}

static const char *
text_of(const json_t *run, const char *key)
{
	return json_string_value(json_object_get(run, key));
}

/* Below 0: not known. */
static int64_t
number_of(const json_t *run, const char *key)
{
	const json_t *v = json_object_get(run, key);

	return json_is_integer(v) ? (int64_t)json_integer_value(v) : -1;
}

static int
is_outcome(const json_t *run, const char *word)
{
	const char *outcome = text_of(run, "outcome");

	return outcome != NULL && strcmp(outcome, word) == 0;
}

/* Members are never changed in place: a copy takes the run's place. */
static int
mark_killed(json_t *runs, size_t at)
{
	const json_t *run = json_array_get(runs, at);
	json_t *copy = json_copy((json_t *)(uintptr_t)run);

	/* a copy leaves out what it has no memory for, and says nothing */
	if (copy == NULL || json_object_size(copy) != json_object_size(run) ||
	    json_object_set_new(copy, "outcome", json_string("killed")) != 0) {
		json_decref(copy);
		return -1;
	}
	return json_array_set_new(runs, at, copy);
}

static json_t *
make(const struct dest_run *run, int64_t attempt)
{
	char started[CLOCK_TEXT], ended[CLOCK_TEXT], host[256] = "";
	char why[2048]; /* in UTF-8, or jansson takes none of it */

	gethostname(host, sizeof(host) - 1);
	return json_pack("{s:I, s:I, s:s, s:s, s:s, s:s?, s:s, s:s?, s:s?, s:I, s:I, s:s, s:I}",
	    "id", (json_int_t)run->id, "attempt", (json_int_t)attempt, "connector", run->connector,
	    "version", run->version, "started_at", clock_format(run->started_us, started),
	    "ended_at", run->ended_us == 0 ? NULL : clock_format(run->ended_us, ended), "outcome",
	    run->outcome, "error",
	    run->error == NULL ? NULL : utf8_copy(why, sizeof(why), run->error), "failure_type",
	    run->failure_type, "records", (json_int_t)run->records, "bytes", (json_int_t)run->bytes,
	    "host", host, "pid", (json_int_t)getpid());
}

ab_status
jsonl_run_begin(struct jsonl_state *s, struct dest_run *run, struct error *e)
{
	size_t n = json_array_size(s->now.runs);
	const json_t *last = json_array_get(s->now.runs, n - 1);
	int64_t before = number_of(last, "attempt");
	json_t *value;

	if (n > 0 && is_outcome(last, "running") && mark_killed(s->now.runs, n - 1) != 0)
		return no_memory(e);
	last = json_array_get(s->now.runs, n - 1);
	run->id = n == 0 ? 1 : number_of(last, "id") + 1;
	if (n == 0 || is_outcome(last, "succeeded"))
		before = 0;
	value = make(run, before < 0 ? 2 : before + 1);
	if (value == NULL || json_array_append_new(s->now.runs, value) != 0)
		return no_memory(e);
	while (json_array_size(s->now.runs) > JSONL_MAX_RUNS)
		json_array_remove(s->now.runs, 0);
	return AB_OK;
}

static int
add_sum(json_t *value, const struct dest_stats *sum)
{
	struct buf changes;
	int failed = json_object_set_new(value, "rows", json_integer((json_int_t)sum->rows));

	buf_init(&changes, 1024);
	buf_addc(&changes, '{');
	dest_stats_add(sum, &changes);
	buf_addc(&changes, '}');
	if (changes.len > 2)
		failed |= json_object_set_new(
		    value, "changes", jsonread_text(changes.ptr, changes.len, 0, NULL));
	buf_fini(&changes);
	return failed;
}

ab_status
jsonl_run_update(struct jsonl_state *s, const struct dest_run *run, const struct dest_stats *sum,
    struct error *e)
{
	size_t n = json_array_size(s->now.runs);
	json_t *value = make(run, number_of(json_array_get(s->now.runs, n - 1), "attempt"));

	if (value == NULL || add_sum(value, sum) != 0) {
		json_decref(value);
		return no_memory(e);
	}
	return json_array_set_new(s->now.runs, n - 1, value) == 0 ? AB_OK : no_memory(e);
}

static char *
copy_text(const json_t *run, const char *key, int *failed)
{
	const char *text = text_of(run, key);
	char *copy = text == NULL ? NULL : strdup(text);

	*failed |= text != NULL && copy == NULL;
	return copy;
}

static int64_t
time_of(const json_t *run, const char *key)
{
	const char *text = text_of(run, key);
	int64_t us = 0;

	return text != NULL && clock_parse(text, strlen(text), &us) == 0 ? us : 0;
}

static int
read_past(const json_t *run, struct dest_past *out)
{
	json_t *changes = json_object_get(run, "changes");
	int failed = 0;

	*out = (struct dest_past){
	    .id = number_of(run, "id"),
	    .attempt = number_of(run, "attempt"),
	    .connector = copy_text(run, "connector", &failed),
	    .version = copy_text(run, "version", &failed),
	    .started_us = time_of(run, "started_at"),
	    .ended_us = time_of(run, "ended_at"),
	    .outcome = copy_text(run, "outcome", &failed),
	    .error = copy_text(run, "error", &failed),
	    .failure_type = copy_text(run, "failure_type", &failed),
	    .records = number_of(run, "records"),
	    .rows = number_of(run, "rows"),
	    .bytes = number_of(run, "bytes"),
	    .changes = changes == NULL ? NULL : jsontext_make(changes, JSON_COMPACT),
	    .host = copy_text(run, "host", &failed),
	    .pid = number_of(run, "pid"),
	};
	return failed || (changes != NULL && out->changes == NULL) ? -1 : 0;
}

ab_status
jsonl_run_list(const struct jsonl_state *s, struct dest_past **out, size_t *n, struct error *e)
{
	size_t count = json_array_size(s->now.runs);
	struct dest_past *runs = calloc(count + 1, sizeof(*runs));

	if (runs == NULL)
		return no_memory(e);
	for (size_t i = 0; i < count; i++)
		if (read_past(json_array_get(s->now.runs, count - 1 - i), &runs[i]) != 0) {
			dest_pasts_free(runs, i + 1);
			return no_memory(e);
		}
	*out = runs;
	*n = count;
	return AB_OK;
}

void
jsonl_run_who(const char *path, char *out, size_t cap)
{
	json_t *root = path == NULL ? NULL : jsonread_file(path, 0, NULL);
	const json_t *runs = json_object_get(root, "runs");
	const json_t *last = json_array_get(runs, json_array_size(runs) - 1);

	out[0] = '\0';
	if (is_outcome(last, "running") && text_of(last, "host") != NULL &&
	    text_of(last, "started_at") != NULL)
		snprintf(out, cap, "process %lld on %.200s, since %.40s",
		    (long long)number_of(last, "pid"), text_of(last, "host"),
		    text_of(last, "started_at"));
	json_decref(root);
}
