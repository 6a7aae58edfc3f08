/* world_dest.c - the destination of world.h: implements dest/dest.h. */
#include <stdlib.h>
#include <string.h>

#include "world.h"

#define STATES 64

struct disk {
	struct world_table tables[WORLD_STREAMS], beside[WORLD_STREAMS];
	struct dest_state states[STATES];
	size_t nstates;
};

struct dest_stream {
	struct dest *dest;
	struct dest_stream_spec spec;
	size_t index;
	int writes;
};

struct world_db {
	struct dest dest;
	struct dest_stream streams[WORLD_STREAMS];
	int is_broken;
};

struct world_dest world_dest;
static struct disk committed, live;

static char *
copy(const char *text)
{
	return text == NULL ? NULL : strdup(text);
}

static void
state_copy(struct dest_state *to, const struct dest_state *from)
{
	*to = *from;
	to->stream = copy(from->stream);
	to->namespace_ = copy(from->namespace_);
	to->partition = copy(from->partition);
	to->state = copy(from->state);
	to->token = copy(from->token);
	to->notes = copy(from->notes);
}

static void
state_free(struct dest_state *s)
{
	free(s->stream);
	free(s->namespace_);
	free(s->partition);
	free(s->state);
	free(s->token);
	free(s->notes);
}

void
dest_states_free(struct dest_state *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		state_free(&rows[i]);
	free(rows);
}

static void
disk_copy(struct disk *to, const struct disk *from)
{
	for (size_t i = 0; i < to->nstates; i++)
		state_free(&to->states[i]);
	*to = *from;
	for (size_t i = 0; i < to->nstates; i++)
		state_copy(&to->states[i], &from->states[i]);
}

void
world_reset(void)
{
	static const struct disk empty;

	disk_copy(&committed, &empty);
	disk_copy(&live, &empty);
	memset(&world_source, 0, sizeof(world_source));
	memset(&world_dest, 0, sizeof(world_dest));
}

const struct world_table *
world_table(size_t stream)
{
	return &committed.tables[stream];
}

const struct dest_state *
world_states(size_t *n)
{
	*n = committed.nstates;
	return committed.states;
}

/* Every call counts; from the one on at which the disk is full, none works. */
static ab_status
count(struct dest *d, struct error *e)
{
	struct world_db *db = (struct world_db *)d;

	world_dest.calls++;
	if (world_dest.fail_at == world_dest.calls)
		db->is_broken = 1;
	return db->is_broken ? error_set(e, AB_ETRANSIENT, "the disk is full") : AB_OK;
}

static ab_status
world_states_read(struct dest *d, struct dest_state **out, size_t *n, struct error *e)
{
	(void)d;
	(void)e;
	*out = calloc(committed.nstates + 1, sizeof(**out));
	*n = committed.nstates;
	for (size_t i = 0; i < *n; i++)
		state_copy(&(*out)[i], &committed.states[i]);
	return AB_OK;
}

static ab_status
world_run_begin(struct dest *d, struct dest_run *run, struct error *e)
{
	(void)d;
	(void)e;
	run->id = 1;
	return AB_OK;
}

/* Those of a time and a lane, and those of a generation; or only what has no key of them. */
static void
remove_rows(struct world_table *t, int64_t since_us, int lane, int64_t generation_id, int keyless)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->n; i++) {
		const struct world_row *r = &t->rows[i];
		int is_late =
		    r->us >= since_us && (lane == DEST_NO_LANE || r->us % DEST_LANES == lane);

		if ((keyless && !r->is_keyless) ||
		    (!is_late && (generation_id == 0 || r->generation_id != generation_id)))
			t->rows[kept++] = *r;
	}
	t->n = kept;
}

static ab_status
world_begin(
    struct dest *d, const struct dest_stream_spec *spec, struct dest_stream **out, struct error *e)
{
	struct world_db *db = (struct world_db *)d;
	size_t index = 0;
	struct dest_stream *s;

	while (strcmp(spec->name, world_stream_name(index)) != 0)
		index++;
	s = &db->streams[index];
	if (count(d, e) != AB_OK)
		return e->status;
	if (world_dest.refuses && index == 0)
		return error_set(e, AB_ECONFIG, "the table is not mine");
	s->dest = d;
	s->spec = *spec;
	s->index = index;
	if (!spec->is_refresh || spec->fresh)
		live.beside[index].n = 0;
	if (spec->fresh && spec->mode == DEST_APPEND)
		remove_rows(&live.tables[index], INT64_MAX, DEST_NO_LANE, spec->generation_id, 0);
	*out = s;
	return AB_OK;
}

static struct world_table *
table_of(struct dest_stream *s)
{
	return s->spec.mode == DEST_OVERWRITE ? &live.beside[s->index] : &live.tables[s->index];
}

static void
put(struct dest_stream *s, const struct world_row *row)
{
	struct world_table *t = table_of(s);

	if (s->spec.mode == DEST_APPEND_DEDUP && !row->is_keyless)
		for (size_t i = 0; i < t->n; i++)
			if (t->rows[i].id == row->id) {
				if (row->at >= t->rows[i].at)
					t->rows[i] = *row;
				return;
			}
	if (t->n < WORLD_ROWS)
		t->rows[t->n++] = *row;
}

static int
int_field(const struct dest_page *p, const struct scan_record *r, const char *name)
{
	for (uint32_t i = 0; i < r->count; i++) {
		const struct scan_field *f = &p->scan->fields[r->field + i];

		if (f->klen == strlen(name) && memcmp(p->bytes + f->key, name, f->klen) == 0)
			return f->type == SCAN_NULL ? -1 : (int)strtol(p->bytes + f->val, NULL, 10);
	}
	return -1;
}

static ab_status
world_write(struct dest_stream *s, const struct dest_page *page, struct error *e)
{
	if (count(s->dest, e) != AB_OK)
		return e->status;
	if (world_dest.wrong != AB_OK && s->index == 0 && s->writes++ >= world_dest.wrong_after)
		return error_set(e, world_dest.wrong, "a value is wrong");
	for (size_t i = 0; i < page->scan->nrecords; i++) {
		const struct scan_record *r = &page->scan->records[i];
		const struct world_row row = {int_field(page, r, "row"), int_field(page, r, "at"),
		    int_field(page, r, "part"), int_field(page, r, "id") < 0, page->extracted_us,
		    s->spec.generation_id};

		put(s, &row);
	}
	return AB_OK;
}

static ab_status
world_discard(struct dest_stream *s, int64_t since_us, int lane, struct error *e)
{
	if (count(s->dest, e) != AB_OK)
		return e->status;
	if (world_dest.keeps_rows)
		return error_set(e, AB_EUNSUPPORTED, "what is written stays");
	remove_rows(table_of(s), since_us, lane, 0, s->spec.mode == DEST_APPEND_DEDUP);
	return AB_OK;
}

static ab_status
world_finish(struct dest_stream *s, struct error *e)
{
	struct world_table *t = &live.tables[s->index];

	if (count(s->dest, e) != AB_OK)
		return e->status;
	if (s->spec.mode == DEST_OVERWRITE) {
		live.tables[s->index] = live.beside[s->index];
		live.beside[s->index].n = 0;
	}
	for (size_t i = 0; i < t->n; i++)
		if (t->rows[i].generation_id < s->spec.minimum_generation_id)
			t->rows[i--] = t->rows[--t->n];
	return AB_OK;
}

static void
put_state(const struct dest_state *row)
{
	size_t i = 0;

	while (i < live.nstates &&
	    (strcmp(live.states[i].stream, row->stream) != 0 ||
		strcmp(live.states[i].partition, row->partition) != 0))
		i++;
	if (i < live.nstates)
		state_free(&live.states[i]);
	else if (live.nstates == STATES)
		abort();
	else
		live.nstates++;
	state_copy(&live.states[i], row);
}

static ab_status
world_commit(struct dest *d, const struct dest_state *const *rows, size_t n,
    const struct dest_run *run, struct error *e)
{
	(void)run;
	if (count(d, e) != AB_OK)
		return e->status;
	for (size_t i = 0; i < n; i++)
		put_state(rows[i]);
	disk_copy(&committed, &live);
	return AB_OK;
}

static void
world_rollback(struct dest *d)
{
	(void)d;
	disk_copy(&live, &committed);
}

static ab_status
world_state_delete(struct dest *d, const char *stream, const char *namespace_, struct error *e)
{
	size_t kept = 0;

	(void)d;
	(void)namespace_;
	(void)e;
	for (size_t i = 0; i < live.nstates; i++) {
		if (strcmp(live.states[i].stream, stream) == 0)
			state_free(&live.states[i]);
		else
			live.states[kept++] = live.states[i];
	}
	live.nstates = kept;
	return AB_OK;
}

static void
world_stats(const struct dest_stream *s, struct dest_stats *out)
{
	(void)s;
	memset(out, 0, sizeof(*out));
}

static const char *
world_where(const struct dest_stream *s)
{
	return s->spec.name;
}

static void
world_close(struct dest *d)
{
	world_rollback(d);
	free(d);
}

static struct dest_ops world_ops = {
    .scheme = "world",
    .close = world_close,
    .states = world_states_read,
    .run_begin = world_run_begin,
    .begin = world_begin,
    .write = world_write,
    .discard = world_discard,
    .finish = world_finish,
    .commit = world_commit,
    .rollback = world_rollback,
    .state_delete = world_state_delete,
    .stats = world_stats,
    .where = world_where,
};

ab_status
dest_open_or_wait(const char *to, const char *connector, const char *state_file,
    const struct dest_waiter *waiter, struct dest **out, struct error *e)
{
	(void)waiter;
	return dest_open(to, connector, state_file, 0, out, e);
}

ab_status
dest_open(const char *to, const char *connector, const char *state_file, int read_only,
    struct dest **out, struct error *e)
{
	struct world_db *db = calloc(1, sizeof(*db));

	(void)to;
	(void)connector;
	(void)state_file;
	(void)read_only;
	(void)e;
	world_dest.calls = 0;
	world_ops.can_discard = !world_dest.keeps_rows;
	db->dest.ops = &world_ops;
	*out = &db->dest;
	return AB_OK;
}
