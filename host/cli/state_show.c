/* state_show.c - abhost state show: for people. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/state.h"
#include "cli/table.h"
#include "engine/state_row.h"

#define MAX_STATE 4096

static int
by_stream(const void *a, const void *b)
{
	const struct dest_state *x = a, *y = b;
	int order = strcmp(x->stream, y->stream);

	if (order == 0)
		order = strcmp(x->namespace_, y->namespace_);
	return order != 0 ? order : strcmp(x->partition, y->partition);
}

void
state_sort(struct state_command *c)
{
	if (c->n > 0)
		qsort(c->rows, c->n, sizeof(*c->rows), by_stream);
}

static int
same_stream(const struct dest_state *a, const struct dest_state *b)
{
	return strcmp(a->stream, b->stream) == 0 && strcmp(a->namespace_, b->namespace_) == 0;
}

static ab_status
refuse_unknown(const struct state_command *c, const char *name, struct error *e)
{
	struct buf known;

	buf_init(&known, 1200);
	for (size_t i = 0; i < c->n && !known.failed; i++)
		if (i == 0 || !same_stream(&c->rows[i - 1], &c->rows[i]))
			buf_addf(&known, "%s%s", i == 0 ? "" : ", ", c->rows[i].stream);
	error_set(e, AB_ECONFIG, "%s has no state of a stream \"%s\"; it has: %s%s",
	    c->args->word[1], name, c->n == 0 ? "none" : buf_str(&known),
	    known.failed ? ", ..." : "");
	buf_fini(&known);
	return e->status;
}

const struct dest_state *
state_find(const struct state_command *c, struct error *e)
{
	const char *name = c->args->word[2];
	const struct dest_state *found = NULL;

	for (size_t i = 0; i < c->n; i++) {
		const struct dest_state *row = &c->rows[i];

		if (strcmp(row->stream, name) != 0 ||
		    (c->namespace_ != NULL && strcmp(row->namespace_, c->namespace_) != 0) ||
		    (found != NULL && same_stream(found, row)))
			continue;
		if (found != NULL) {
			error_set(e, AB_ECONFIG,
			    "the stream \"%s\" is there in several namespaces (\"%s\", \"%s\", ...): say which with --namespace",
			    name, found->namespace_, row->namespace_);
			return NULL;
		}
		found = row;
	}
	if (found == NULL)
		refuse_unknown(c, name, e);
	return found;
}

/* One line of the table. */
struct line {
	struct table *table;
	int lists;		 /* a line for each partition */
	int64_t parts;		 /* so far, but the unnamed one */
	int64_t since_us, pages; /* of what is unfinished */
	int is_refresh, failed;
	const struct dest_state *row;
	char state[MAX_STATE];
};

static void
put(struct line *l, const char *partition)
{
	char parts[32], pages[32], generation[32], since[CLOCK_TEXT];
	const char *cells[] = {l->row->stream, l->row->namespace_, partition, l->state, generation,
	    l->since_us == 0	? NULL
		: l->is_refresh ? "full_refresh"
				: "incremental",
	    l->since_us == 0 ? NULL : clock_format(l->since_us, since),
	    l->since_us == 0 ? NULL : pages};

	snprintf(parts, sizeof(parts), "%" PRId64 " partitions", l->parts);
	snprintf(pages, sizeof(pages), "%" PRId64, l->pages);
	snprintf(generation, sizeof(generation), "%" PRId64, l->row->generation_id);
	if (partition == NULL && l->parts > 0)
		cells[2] = parts;
	l->failed |= table_row(l->table, cells) != 0;
}

static int
on_part(void *ctx, struct state_part *p)
{
	struct line *l = ctx;
	int is_named = *p->partition != '\0';

	l->parts += is_named;
	if (p->started_us != 0 && (l->since_us == 0 || p->started_us < l->since_us))
		l->since_us = p->started_us;
	if (p->started_us != 0)
		l->pages += p->pages;
	if (!is_named || l->lists)
		snprintf(
		    l->state, sizeof(l->state), "%s", p->base.json != NULL ? p->base.json : "{}");
	if (l->lists)
		put(l, is_named ? p->partition : NULL);
	if (l->lists)
		l->since_us = l->pages = 0;
	state_part_fini(p);
	return 0;
}

/* All rows of one stream. */
static ab_status
show_stream(struct line *l, const struct dest_state *rows, size_t n, struct error *e)
{
	struct state_notes notes;

	l->state[0] = '\0';
	l->parts = l->since_us = l->pages = 0;
	l->is_refresh = 0;
	for (size_t i = 0; i < n; i++) {
		l->row = &rows[i];
		l->is_refresh |= rows[i].is_refresh && rows[i].started_us != 0;
		l->failed |= state_row_read(&rows[i], &notes, on_part, l) != 0;
	}
	if (!l->lists)
		put(l, NULL);
	return l->failed ? error_set(e, AB_ENOMEM, "no memory for the states") : AB_OK;
}

ab_status
state_show(struct state_command *c, struct error *e)
{
	static const char *const names[] = {"stream", "namespace", "partition", "state",
	    "generation", "unfinished", "since", "pages"};
	const struct dest_state *one = NULL;
	struct table t = {0};
	struct line l = {.table = &t};

	if (c->args->nwords > 2 && (one = state_find(c, e)) == NULL)
		return e->status;
	l.lists = one != NULL;
	if (table_init(&t, stdout, table_form_for(stdout), names, 8) != 0)
		l.failed = 1;
	for (size_t i = 0, end; i < c->n && !l.failed; i = end) {
		for (end = i + 1; end < c->n && same_stream(&c->rows[i], &c->rows[end]);)
			end++;
		if (one == NULL || same_stream(one, &c->rows[i]))
			show_stream(&l, c->rows + i, end - i, e);
	}
	if (table_fini(&t) != 0 || l.failed)
		error_set(e, AB_ENOMEM, "no memory for the states");
	return e->status;
}
