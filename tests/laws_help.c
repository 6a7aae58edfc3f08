/* laws_help.c - see laws_help.h. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "laws_help.h"

struct sync_options options;
struct sync_report report;
struct error err;
const char *mode;
unsigned dice;

unsigned
roll(unsigned n)
{
	dice = dice * 1103515245 + 12345;
	return (dice >> 16) % n;
}

unsigned
number_of(const char *variable, unsigned otherwise)
{
	const char *text = getenv(variable);

	return text == NULL ? otherwise : (unsigned)strtoul(text, NULL, 10);
}

static void
drop_line(void *ctx, int level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

ab_status
run(void)
{
	static char texts[WORLD_STREAMS][64];
	const char *modes[WORLD_STREAMS + 1] = {mode};
	json_t *config = json_object();
	ab_status status;

	for (size_t i = 1; mode != NULL && i < (size_t)world_source.streams; i++) {
		snprintf(
		    texts[i], sizeof(texts[i]), "%s%s", world_stream_name(i), strchr(mode, '='));
		modes[i] = texts[i];
	}

	error_clear(&err);
	world_connector.has_update_state = world_source.own_state;
	options.connector = &world_connector;
	options.config = config;
	options.to = "world";
	options.modes = modes;
	sync_report_fini(&report);
	status = sync_run(&options, &report, &err);
	json_decref(config);
	return status;
}

void
setup(void)
{
	log_to(drop_line, NULL);
	memset(&options, 0, sizeof(options));
	mode = NULL;
	world_reset();
	world_source.page_size = 3;
}

static void
add(int id, int at, int part)
{
	world_source.records[world_source.n++] = (struct world_record){id, at, part};
}

/* Without a key: of it there are several that are alike to the last byte. */
#define LIKE_ID 10

void
fill(int shuffled)
{
	static const int sorted_at[] = {1, 2, 2, 3, 4, 5, 5, 5, 5, 6, 7, 7};
	static const int shuffled_at[] = {1, 2, 2, 5, 6, 6, 3, 6, 7, 5, 7, 7};
	const int *at = shuffled ? shuffled_at : sorted_at;

	world_source.n = 0;
	for (int part = world_source.parts > 0; part <= world_source.parts; part++)
		for (int i = 0; i < 12; i++)
			add(100 * part + (world_source.has_likes && i > LIKE_ID ? LIKE_ID : i),
			    at[i], part);
}

void
grow(int with_update)
{
	for (int part = world_source.parts > 0; part <= world_source.parts; part++) {
		if (world_source.has_likes)
			add(100 * part + LIKE_ID, 7, part);
		add(100 * part + 20, 7, part);
		add(100 * part + 21, 7, part);
		add(100 * part + 22, 9, part);
		if (with_update)
			add(100 * part + 3, 9, part);
	}
}

static int
count_rows(const struct world_table *t, int id, int at)
{
	int n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->rows[i].id == id && (at < 0 || t->rows[i].at == at);
	return n;
}

void
assert_truth(const char *what, int dedup)
{
	assert_truth_of(0, what, dedup);
}

void
assert_truth_of(size_t stream, const char *what, int dedup)
{
	const struct world_table *t = world_table(stream);
	size_t expected = 0;

	for (size_t i = 0; i < world_source.n; i++) {
		const struct world_record *r = &world_source.records[i];
		int is_newest = 1, n = 0, has_key = dedup && !world_is_keyless(r->id);

		for (size_t k = i + 1; k < world_source.n && has_key; k++)
			is_newest &= world_source.records[k].id != r->id;
		if (!is_newest)
			continue;
		expected++;
		for (size_t k = 0; k < world_source.n; k++)
			n += world_source.records[k].id == r->id &&
			    (r->at < 0 || world_source.records[k].at == r->at);
		n = has_key ? 1 : n;
		ck_assert_msg(count_rows(t, r->id, r->at) == n,
		    "%s: %s: record %d at %d is there %d times, expected %d", what,
		    world_stream_name(stream), r->id, r->at, count_rows(t, r->id, r->at), n);
	}
	ck_assert_msg(t->n == expected, "%s: %zu rows, expected %zu", what, t->n, expected);
}

void
begin_variant(const struct variant *v)
{
	world_reset();
	world_source.page_size = 3;
	world_source.pauses = 1;
	world_source.parts = v->parts;
	world_source.sorted = v->sorted;
	world_source.resumable = v->resumable;
	world_source.own_state = v->own_state;
	world_source.has_key = world_source.keyless = v->key;
	world_source.has_likes = 1;
	mode = v->mode;
	fill(v->shuffled);
}
