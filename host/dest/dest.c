/* dest.c - which destination a --to means; see dest.h. */
#include "dest/dest.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct dest_ops *const all[] = {&dest_sqlite, &dest_jsonl};
#define NALL (sizeof(all) / sizeof(all[0]))

static struct {
	const char *elsewhere, *wait;
} advice = {"", ""};

void
dest_advise(const char *elsewhere, const char *wait)
{
	advice.elsewhere = elsewhere;
	advice.wait = wait;
}

const char *
dest_elsewhere(void)
{
	return advice.elsewhere;
}

/* Options behind a '?' are not of the name. */
static int
ends_with(const char *text, const char *end)
{
	size_t n = strcspn(text, "?"), m = strlen(end);

	return n > m && memcmp(text + n - m, end, m) == 0;
}

/* "scheme:path", or a file whose name says what it is. */
static const struct dest_ops *
ops_of(const char *to, const char **path)
{
	static const char *const suffixes[] = {".db", ".sqlite", ".sqlite3"};
	size_t len;

	for (size_t i = 0; i < NALL; i++) {
		len = strlen(all[i]->scheme);
		if (strncmp(to, all[i]->scheme, len) == 0 && to[len] == ':') {
			*path = to + len + 1;
			return all[i];
		}
	}
	*path = to;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++)
		if (ends_with(to, suffixes[i]))
			return &dest_sqlite;
	return ends_with(to, ".jsonl") || ends_with(to, ".ndjson") ? &dest_jsonl : NULL;
}

static ab_status
find_ops(const char *to, const char *state_file, const struct dest_ops **ops, const char **path,
    struct error *e)
{
	*ops = ops_of(to, path);
	if (*ops == NULL)
		/* of "postgres://user:password@host" only the scheme is repeated */
		return error_set(e, AB_ECONFIG,
		    "cannot tell what kind of destination \"%.*s\" is: write sqlite:FILE, jsonl:FILE, "
		    "jsonl:FOLDER, jsonl:- or a file that ends in .db, .sqlite, .sqlite3, .jsonl or .ndjson",
		    (int)(strstr(to, "://") == NULL ? strlen(to)
						    : (size_t)(strstr(to, "://") - to) + 3),
		    to);
	if (**path == '\0')
		return error_set(
		    e, AB_ECONFIG, "the destination \"%s\" names no file: write %sFILE", to, to);
	if (*ops == &dest_sqlite && state_file != NULL)
		return error_set(e, AB_ECONFIG,
		    "--state is for JSON Lines: a SQLite file holds its state itself, so leave it out");
	return AB_OK;
}

ab_status
dest_check(const char *to, const char *state_file, struct error *e)
{
	const struct dest_ops *ops;
	const char *path;

	return find_ops(to, state_file, &ops, &path, e);
}

ab_status
dest_check_verify(const char *to, struct error *e)
{
	const char *path;
	const struct dest_ops *ops = ops_of(to, &path);

	if (ops == NULL ||
	    (ops->verify != NULL && (ops->can_read_back == NULL || ops->can_read_back(path))))
		return AB_OK;
	return error_set(e, AB_ECONFIG,
	    "--verify needs a destination that can be read back, and \"%s\" cannot: leave it out, or write to a file",
	    to);
}

static ab_status
open_target(const char *to, struct dest_target *target, struct dest **out, struct error *e)
{
	const struct dest_ops *ops;
	ab_status status = find_ops(to, target->state_file, &ops, &target->path, e);

	return status == AB_OK ? ops->open(target, out, e) : status;
}

/* is_waited: as long as it was to be waited for. */
static ab_status
refuse_held(const char *to, const struct dest_held *held, int is_waited, struct error *e)
{
	int is_known = held->who[0] != '\0';

	return error_set(e, AB_ETRANSIENT,
	    "%s is %sin use by another run%s%s%s: %s%s, or name another place%s", to,
	    is_waited ? "still " : "", is_known ? " (" : "", held->who, is_known ? ")" : "",
	    is_waited ? "look whether that run goes on, wait longer" : "wait for it",
	    is_waited ? "" : advice.wait, advice.elsewhere);
}

ab_status
dest_open(const char *to, const char *connector, const char *state_file, int read_only,
    struct dest **out, struct error *e)
{
	struct dest_held held = {0, ""};
	struct dest_target target = {.connector = connector,
	    .state_file = state_file,
	    .read_only = read_only,
	    .held = &held};
	ab_status status = open_target(to, &target, out, e);

	if (status == AB_OK || !held.is_held)
		return status;
	error_clear(e);
	return refuse_held(to, &held, 0, e);
}

ab_status
dest_open_or_wait(const char *to, const char *connector, const char *state_file,
    const struct dest_waiter *waiter, struct dest **out, struct error *e)
{
	struct dest_held held = {0, ""};
	struct dest_target target = {
	    .connector = connector, .state_file = state_file, .held = &held};

	while (open_target(to, &target, out, e) != AB_OK && held.is_held) {
		error_clear(e);
		if (waiter == NULL || waiter->again(waiter->ctx, to, held.who) != 0)
			return refuse_held(to, &held, waiter != NULL, e);
		held = (struct dest_held){0, ""};
	}
	return e->status;
}

char *
dest_place(const char *to, const char *state_file)
{
	const char *path;
	const struct dest_ops *ops = ops_of(to, &path);
	size_t n = ops == &dest_sqlite ? strcspn(path, "?") : strlen(path);

	if (ops == NULL || n == 0)
		return NULL;
	if (strcmp(path, "-") == 0)
		return state_file == NULL ? NULL : strdup(state_file);
	while (n > 1 && path[n - 1] == '/')
		n--;
	return strndup(path, n);
}

void
dest_stats_add(const struct dest_stats *s, struct buf *out)
{
	const struct {
		const char *key;
		int64_t n;
	} counts[] = {{"columns_widened", s->widened}, {"values_nulled", s->nulled},
	    {"values_truncated", s->truncated}, {"rows_discarded", s->discarded_rows},
	    {"values_discarded", s->discarded_values}, {"duplicate_keys", s->duplicate_keys},
	    {"records_deleted", s->deleted}};
	const char *between = "";

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		if (counts[i].n == 0)
			continue;
		buf_addf(out, "%s\"%s\":%" PRId64, between, counts[i].key, counts[i].n);
		between = ",";
	}
}

void
dest_stats_sum(struct dest_stats *sum, const struct dest_stats *s)
{
	sum->rows += s->rows;
	sum->widened += s->widened;
	sum->nulled += s->nulled;
	sum->truncated += s->truncated;
	sum->discarded_rows += s->discarded_rows;
	sum->discarded_values += s->discarded_values;
	sum->duplicate_keys += s->duplicate_keys;
	sum->deleted += s->deleted;
}

void
dest_pasts_free(struct dest_past *runs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(runs[i].connector);
		free(runs[i].version);
		free(runs[i].outcome);
		free(runs[i].error);
		free(runs[i].failure_type);
		free(runs[i].changes);
		free(runs[i].host);
	}
	free(runs);
}

void
dest_states_free(struct dest_state *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rows[i].stream);
		free(rows[i].namespace_);
		free(rows[i].partition);
		free(rows[i].state);
		free(rows[i].token);
		free(rows[i].notes);
	}
	free(rows);
}
