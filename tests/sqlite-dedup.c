/* Laws of append_dedup in SQLite: per key the record with the greatest cursor stays, the later one on a tie; a key
 * with a NULL meets nobody; a change of key or mode loses no record that should stay. */
#include "dest_help.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"

#define DB "x.db"
#define PAGES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static const char *const id_path[] = {"id", NULL}, *const k_path[] = {"k", NULL},
			 *const nested_path[] = {"o", "in ner", NULL},
			 *const at_path[] = {"at", NULL}, *const o_at_path[] = {"o", "at", NULL};
static const char *const *const by_id[] = {id_path, NULL}, *const *const by_k[] = {k_path, NULL},
				*const *const by_both[] = {id_path, k_path, NULL},
				*const *const by_nested[] = {nested_path, NULL};

static const struct dest_stream_spec dedup = {.name = "t",
    .mode = DEST_APPEND_DEDUP,
    .primary_key = by_id,
    .cursor = at_path,
    .generation_id = 1};

static void
sync_pages(const struct dest_stream_spec *spec, const char *const *pages)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, spec);

	for (; *pages != NULL; pages++)
		put(d, s, *pages);
	ck_ok(d->ops->finish(s, e));
	commit(d);
	d->ops->close(d);
}

START_TEST(the_greatest_cursor_stays)
{
	sync_pages(&dedup,
	    PAGES("{\"id\":1,\"at\":5,\"v\":\"a\",\"w\":1}{\"id\":2,\"at\":5,\"v\":\"b\"}"
		  "{\"id\":1,\"at\":4,\"v\":\"older\"}{\"id\":2,\"at\":5,\"v\":\"tie\"}",
		"{\"id\":3,\"at\":null,\"v\":\"c\"}{\"id\":3,\"v\":\"both null\"}{\"id\":1,\"v\":\"null loses\"}",
		"{\"id\":4,\"v\":\"x\"}{\"id\":4,\"at\":-1,\"v\":\"any beats null\"}"));
	ck_rows(DB, "SELECT id, at, v, w FROM t",
	    "1,5,'a',1|2,5,'tie',NULL|3,NULL,'both null',NULL|4,-1,'any beats null',NULL");
	sync_pages(
	    &dedup, PAGES("{\"id\":1,\"at\":6,\"v\":\"new\"}{\"id\":2,\"at\":1,\"v\":\"old\"}"));
	/* a record replaces the whole row: what it lacks is NULL */
	ck_rows(DB, "SELECT id, at, v, w FROM t WHERE id < 3", "1,6,'new',NULL|2,5,'tie',NULL");
	ck_rows(DB, "SELECT type, pk FROM pragma_table_info('t') WHERE name = 'id'", "'INTEGER',1");
}
END_TEST

/* Rows that were taken in are written when another stream comes; that one must not be refused for them, for then all
 * others' state would be committed, and their rows not. */
START_TEST(what_was_collected_is_no_matter_of_the_next_stream)
{
	static const struct dest_stream_spec other = {
	    .name = "other", .mode = DEST_APPEND, .generation_id = 1};
	struct dest_stream *s;
	struct dest *d;

	for (int begun = 0; begun < 2; begun++) {
		struct dest_stream *next = NULL;
		struct error failed = ERROR_INIT;
		ab_status rc;

		sync_pages(&dedup, PAGES("{\"id\":1,\"at\":5}"));
		rows(DB,
		    "CREATE TRIGGER IF NOT EXISTS no BEFORE INSERT ON t BEGIN SELECT raise(ABORT,"
		    " 'no such table: _abhost_streams'); END");
		d = open_dest(DB);
		next = begun ? begin_stream(d, &other) : NULL;
		s = begin_stream(d, &dedup);
		put(d, s, "{\"id\":3,\"at\":6}{\"id\":2,\"at\":6}");
		rc = begun ? write_text(d, next, "{\"id\":1}", NULL, 7, &failed)
			   : d->ops->begin(d, &other, &next, &failed);
		if (rc == AB_OK)
			rc = d->ops->commit(d, NULL, 0, NULL, &failed);
		else
			ck_assert_int_eq(rc, AB_ETRANSIENT);
		ck_assert_msg(rc != AB_OK && strstr(failed.text, "_abhost_"), "%s", failed.text);
		d->ops->rollback(d);
		d->ops->close(d);
		rows(DB, "DROP TRIGGER no");
	}
}
END_TEST

START_TEST(without_a_cursor_the_last_stays)
{
	struct dest_stream_spec spec = dedup;

	spec.cursor = NULL;
	sync_pages(&spec, PAGES("{\"id\":1,\"v\":1}{\"id\":1,\"v\":2}", "{\"id\":1,\"v\":0}"));
	ck_rows(DB, "SELECT id, v FROM t", "1,0");
}
END_TEST

START_TEST(times_compare_as_times)
{
	struct dest_stream_spec spec = dedup;
	json_t *schema = json_loads(
	    "{\"properties\":{\"at\":{\"type\":[\"null\",\"string\"],\"format\":\"date-time\"}}}",
	    0, NULL);

	spec.schema = schema;
	sync_pages(&spec,
	    PAGES("{\"id\":1,\"at\":\"2024-01-01T00:00:00Z\",\"v\":1}"
		  "{\"id\":1,\"at\":\"2024-01-01T01:00:00+02:00\",\"v\":2}"
		  "{\"id\":2,\"at\":\"2024-01-01T00:00:00Z\",\"v\":1}"
		  "{\"id\":2,\"at\":\"2024-01-01T00:00:00.000Z\",\"v\":2}{\"id\":2,\"v\":3}"
		  "{\"id\":3,\"v\":1}{\"id\":3,\"at\":\"no time\",\"v\":2}"));
	ck_rows(DB, "SELECT id, v FROM t", "1,1|2,2|3,2");
	/* also below a microsecond */
	sync_pages(&spec,
	    PAGES("{\"id\":1,\"at\":\"2025-01-01T00:00:00.123456789Z\",\"v\":4}"
		  "{\"id\":1,\"at\":\"2025-01-01T00:00:00.12345678Z\",\"v\":5}"
		  "{\"id\":2,\"at\":\"2025-01-01T00:00:00.12345678Z\",\"v\":6}"
		  "{\"id\":2,\"at\":\"2025-01-01T02:00:00.123456780+02:00\",\"v\":7}"));
	ck_rows(DB, "SELECT id, v FROM t WHERE id < 3", "1,4|2,7");
	/* without a schema they are texts */
	spec.schema = NULL;
	spec.name = "u";
	sync_pages(&spec,
	    PAGES("{\"id\":1,\"at\":\"2024-01-01T00:00:00Z\",\"v\":1}"
		  "{\"id\":1,\"at\":\"2024-01-01T01:00:00+02:00\",\"v\":2}"));
	ck_rows(DB, "SELECT id, v FROM u", "1,2");
	json_decref(schema);
}
END_TEST

START_TEST(a_key_may_stop_being_an_integer)
{
	sync_pages(&dedup,
	    PAGES("{\"id\":1,\"at\":1,\"v\":1}{\"id\":2,\"at\":1,\"v\":2}",
		"{\"id\":\"2\",\"at\":2,\"v\":3}{\"id\":\"x\",\"at\":1,\"v\":4}",
		"{\"id\":1,\"at\":3,\"v\":5}"));
	ck_rows(DB, "SELECT id, v FROM t ORDER BY id", "'1',5|'2',3|'x',4");
	sync_pages(
	    &dedup, PAGES("{\"id\":\"x\",\"at\":2,\"v\":6}{\"id\":99999999999999999999,\"v\":7}"));
	ck_rows(
	    DB, "SELECT id, v FROM t ORDER BY id", "'1',5|'2',3|'99999999999999999999',7|'x',6");
}
END_TEST

START_TEST(null_keys_meet_nobody)
{
	sync_pages(&dedup,
	    PAGES("{\"id\":1,\"v\":1}",
		"{\"id\":null,\"v\":2}{\"v\":3}{\"id\":1,\"v\":4}{\"id\":1,\"id\":null,\"v\":5}"));
	sync_pages(&dedup, PAGES("{\"id\":null,\"v\":6}{\"id\":1,\"v\":7}"));
	ck_rows(DB, "SELECT id, v FROM t ORDER BY v", "NULL,2|NULL,3|NULL,5|NULL,6|1,7");
}
END_TEST

START_TEST(keys_of_several_fields)
{
	struct dest_stream_spec spec = dedup;

	spec.primary_key = by_both;
	sync_pages(&spec,
	    PAGES(
		"{\"id\":1,\"k\":\"a\",\"v\":1}{\"id\":1,\"k\":\"b\",\"v\":2}{\"id\":1,\"k\":\"a\",\"v\":3}"
		"{\"id\":1,\"k\":null,\"v\":4}{\"id\":1,\"v\":5}"));
	ck_rows(DB, "SELECT id, k, v FROM t ORDER BY v", "1,'b',2|1,'a',3|1,NULL,4|1,NULL,5");
}
END_TEST

START_TEST(keys_and_cursors_inside_objects)
{
	struct dest_stream_spec spec = dedup;

	spec.primary_key = by_nested;
	spec.cursor = o_at_path;
	sync_pages(&spec,
	    PAGES("{\"o\":{\"in ner\":1,\"at\":5},\"v\":1}{\"o\":{\"in ner\":1,\"at\":4},\"v\":2}"
		  "{\"o\":{\"in ner\":2,\"at\":1},\"v\":3}",
		"{\"o\":{\"in ner\":2,\"at\":1},\"v\":4}{\"o\":{},\"v\":5}{\"o\":\"text\",\"v\":6}"));
	ck_rows(DB, "SELECT v FROM t ORDER BY v", "1|4|5|6");
}
END_TEST

/* What SQLite's own functions would make one, or would not find. */
START_TEST(keys_inside_objects_are_exact)
{
	static const char *const path[] = {"o", "a\\/\u00e9", NULL};
	static const char *const *const key[] = {path, NULL};
	struct dest_stream_spec spec = dedup;

	spec.primary_key = by_nested;
	spec.cursor = o_at_path;
	sync_pages(&spec,
	    PAGES(
		"{\"o\":{\"in ner\":9223372036854775808},\"v\":1}{\"o\":{\"in ner\":9223372036854775809},\"v\":2}"
		"{\"o\":{\"in ner\":-9223372036854775808},\"v\":3}{\"o\":{\"in ner\":-9223372036854775809},\"v\":4}"
		"{\"o\":{\"in ner\":1e400},\"v\":5}{\"o\":{\"in ner\":2e400},\"v\":6}"
		"{\"o\":{\"in ner\":0.1},\"v\":7}{\"o\":{\"in ner\":0.1000000000000000055},\"v\":8}"
		"{\"o\":{\"in ner\":\"a\\u0000b\"},\"v\":9}{\"o\":{\"in ner\":\"a\\u0000c\"},\"v\":10}"
		"{\"o\":{\"in ner\":\"a\"},\"v\":11}{\"o\":{\"in ner\":\"1\"},\"v\":12}"
		"{\"o\":{\"in ner\":1},\"v\":13}",
		/* the same ones: only these have a newer version */
		"{\"o\":{\"in ner\":9223372036854775809},\"v\":2}{\"o\":{\"in\\u0020ner\":1.0},\"v\":14}"
		"{\"o\":{\"in ner\":\"a\\u0000c\"},\"v\":10}{\"o\":{\"in ner\":2e400},\"v\":6}"));
	ck_rows(DB, "SELECT v FROM t ORDER BY v", "1|2|3|4|5|6|7|8|9|10|11|12|14");
	ck_rows(DB, "SELECT o FROM t WHERE v = 14", "'{\"in ner\":1.0}'");
	/* a number is no text, however it looks */
	spec.name = "n";
	sync_pages(&spec,
	    PAGES("{\"o\":{\"in ner\":12345678901234567890},\"v\":1}"
		  "{\"o\":{\"in ner\":\"12345678901234567890\"},\"v\":2}"
		  "{\"o\":{\"in ner\":0.12345678901234567},\"v\":3}"
		  "{\"o\":{\"in ner\":\"0.12345678901234567\"},\"v\":4}"
		  "{\"o\":{\"in ner\":1e5},\"v\":5}{\"o\":{\"in ner\":\"1e5\"},\"v\":6}"));
	ck_rows(DB, "SELECT v FROM n ORDER BY v", "1|2|3|4|5|6");
	spec.name = "t";
	/* a cursor beyond 64 bits */
	sync_pages(&spec,
	    PAGES("{\"o\":{\"in ner\":1,\"at\":18446744073709551615},\"v\":20}"
		  "{\"o\":{\"in ner\":1,\"at\":18446744073709551614},\"v\":21}"
		  "{\"o\":{\"in ner\":1,\"at\":7},\"v\":22}"));
	ck_rows(DB, "SELECT v FROM t WHERE o -> 'in ner' = '1'", "20");
	/* a name that must be escaped, or may be; within it and in values everything stays as it came */
	spec.name = "u";
	spec.primary_key = key;
	spec.cursor = NULL;
	sync_pages(&spec,
	    PAGES("{\"o\":{\"a\\\\/\u00e9\":1},\"v\":1}"
		  "{\"o\":{\"x\":\"\\u0061\\\"\",\"a\\\\\\/\\u00e9\" : 1},\"v\":2}"));
	ck_rows(DB, "SELECT o, v FROM u", "'{\"x\":\"\\u0061\\\"\",\"a\\\\/\u00e9\" : 1}',2");
}
END_TEST

START_TEST(an_index_of_an_earlier_abhost_is_made_anew)
{
	struct dest_stream_spec spec = dedup;

	spec.primary_key = by_nested;
	spec.cursor = NULL;
	sync_pages(&spec, PAGES("{\"o\":{\"in ner\":1},\"v\":1}{\"o\":{\"in ner\":2},\"v\":2}"));
	rows(DB, "DROP INDEX _abhost_key_t");
	rows(DB,
	    "CREATE UNIQUE INDEX _abhost_key_t ON t (CASE WHEN json_valid(\"o\") THEN"
	    " json_extract(\"o\", '$.\"in ner\"') END)");
	sync_pages(&spec, PAGES("{\"o\":{\"in ner\":2},\"v\":3}{\"o\":{},\"v\":4}"));
	ck_rows(DB, "SELECT v FROM t ORDER BY v", "1|3|4");
}
END_TEST

/* Its path found nothing, so that every row was there twice: the older ones go, be there a cursor column yet or not. */
START_TEST(an_index_that_found_nothing_is_made_anew)
{
	static const char *const path[] = {"o", "a\\b", NULL};
	static const char *const *const key[] = {path, NULL};
	struct dest_stream_spec spec = dedup;

	spec.primary_key = key;
	spec.cursor = NULL;
	sync_pages(&spec,
	    PAGES(
		"{\"o\":{\"a\\\\b\":1},\"v\":1}{\"o\":{\"a\\\\b\":2},\"v\":2}{\"o\":{},\"v\":3}"));
	rows(DB, "DROP INDEX _abhost_key_t");
	rows(DB,
	    "CREATE UNIQUE INDEX _abhost_key_t ON t (CASE WHEN json_valid(\"o\") THEN"
	    " json_extract(\"o\", '$.\"a\\b\"') END)");
	rows(DB, "INSERT INTO t SELECT * FROM t");
	rows(DB, "UPDATE t SET v = v + 10 WHERE rowid > 3");
	spec.cursor = _i ? at_path : NULL;
	sync_pages(&spec, PAGES("{\"o\":{\"a\\\\b\":2},\"v\":20}"));
	ck_rows(DB, "SELECT v FROM t ORDER BY v", "3|11|13|20");
}
END_TEST

/* In a column that has become TEXT, too; as the engine's own cursor has it. */
START_TEST(numbers_are_newer_by_their_value)
{
	sync_pages(&dedup,
	    PAGES(
		"{\"id\":1,\"at\":9,\"v\":1}{\"id\":1,\"at\":10,\"v\":2}{\"id\":2,\"at\":9,\"v\":3}"
		"{\"id\":3,\"at\":18446744073709551615,\"v\":4}{\"id\":3,\"at\":9223372036854775807,\"v\":5}"
		"{\"id\":4,\"at\":-9223372036854775809,\"v\":6}{\"id\":4,\"at\":-18446744073709551615,\"v\":7}"
		"{\"id\":5,\"at\":2.5,\"v\":8}{\"id\":5,\"at\":10,\"v\":9}{\"id\":5,\"at\":10.0,\"v\":10}",
		"{\"id\":2,\"at\":10,\"v\":11}{\"id\":6,\"at\":\"b\",\"v\":12}{\"id\":6,\"at\":\"ab\",\"v\":13}"
		"{\"id\":6,\"at\":99,\"v\":14}"));
	ck_rows(DB, "SELECT id, v FROM t ORDER BY id", "1,2|2,11|3,4|4,6|5,10|6,12");
	sync_pages(&dedup, PAGES("{\"id\":1,\"at\":100,\"v\":15}{\"id\":2,\"at\":9,\"v\":16}"));
	ck_rows(DB, "SELECT id, v FROM t WHERE id < '3' ORDER BY id", "1,15|2,11");
}
END_TEST

/* Texts go by their bytes, as the engine's own cursor does, whatever they read as; with a schema or without, inside objects
 * too, and where the table got its key later. */
START_TEST(texts_are_newer_by_their_bytes)
{
	static const char first[] =
	    "{\"id\":1,\"at\":\"2024-Q4\",\"o\":{\"at\":\"2024-Q4\"},\"v\":1}"
	    "{\"id\":2,\"at\":\"1.10.1\",\"o\":{\"at\":\"1.10.1\"},\"v\":2}"
	    "{\"id\":3,\"at\":\"66ffffff\",\"o\":{\"at\":\"66ffffff\"},\"v\":3}"
	    "{\"id\":4,\"at\":\"1e345678\",\"o\":{\"at\":\"1e345678\"},\"v\":4}"
	    "{\"id\":5,\"at\":\"5\",\"o\":{\"at\":\"5\"},\"v\":5}";
	static const char second[] =
	    "{\"id\":1,\"at\":\"2025\",\"o\":{\"at\":\"2025\"},\"v\":11}"
	    "{\"id\":2,\"at\":\"2.0\",\"o\":{\"at\":\"2.0\"},\"v\":12}"
	    "{\"id\":3,\"at\":\"67012345\",\"o\":{\"at\":\"67012345\"},\"v\":13}"
	    "{\"id\":4,\"at\":\"20000000\",\"o\":{\"at\":\"20000000\"},\"v\":14}"
	    "{\"id\":5,\"at\":\"10\",\"o\":{\"at\":\"10\"},\"v\":15}";
	struct dest_stream_spec spec = dedup;
	json_t *schema = json_loads("{\"properties\":{\"at\":{\"type\":\"string\"}}}", 0, NULL);
	int later = _i >= 6;

	spec.cursor = _i & 1 ? o_at_path : at_path;
	spec.schema = _i & 2 ? schema : NULL;
	if (later)
		spec.mode = DEST_APPEND;
	sync_pages(&spec, PAGES(first, _i & 4 ? second : ""));
	if (!(_i & 4) || later)
		sync_pages(&spec, PAGES(later ? first : "{\"id\":9,\"at\":null}", second));
	spec.mode = DEST_APPEND_DEDUP;
	if (later)
		sync_pages(&spec, PAGES("{\"id\":9}"));
	ck_rows(DB, "SELECT id, v FROM t WHERE id < 9", "1,11|2,12|3,13|4,14|5,5");
	json_decref(schema);
}
END_TEST

/* SQLite makes a number of a text in a column that somebody has declared so; the others are still compared as texts. */
START_TEST(texts_are_texts_whatever_somebody_declares)
{
	sync_pages(
	    &dedup, PAGES("{\"id\":1,\"at\":\"2024-Q4\",\"v\":1}{\"id\":2,\"at\":\"5\",\"v\":2}"));
	rows(DB, "ALTER TABLE t RENAME TO mine");
	rows(DB,
	    "CREATE TABLE t (id INTEGER PRIMARY KEY, at DATE, v INTEGER, _airbyte_extracted_at TEXT,"
	    " _airbyte_meta TEXT, _airbyte_generation_id INTEGER)");
	rows(DB, "INSERT INTO t SELECT * FROM mine");
	sync_pages(
	    &dedup, PAGES("{\"id\":1,\"at\":\"2025\",\"v\":11}{\"id\":2,\"at\":\"10\",\"v\":12}"));
	ck_rows(DB, "SELECT id, v FROM t", "1,11|2,2");
}
END_TEST

/* A source that was put back to an earlier state: what it has is there afterwards, though a newer version was. */
START_TEST(a_truncating_refresh_brings_what_the_source_has)
{
	struct dest_stream_spec spec = dedup;

	sync_pages(&dedup,
	    PAGES(
		"{\"id\":1,\"at\":9,\"v\":1}{\"id\":2,\"at\":9,\"v\":2}{\"id\":3,\"at\":9,\"v\":3}"));
	spec.is_refresh = spec.fresh = 1;
	spec.generation_id = 2;
	sync_pages(&spec, PAGES("{\"id\":2,\"at\":5,\"v\":4}{\"id\":3,\"at\":10,\"v\":5}"));
	ck_rows(DB, "SELECT id, at, v FROM t", "1,9,1|2,9,2|3,10,5");
	spec.generation_id = spec.minimum_generation_id = 3;
	spec.verify = 1;
	sync_pages(&spec,
	    PAGES("{\"id\":2,\"at\":5,\"v\":6}{\"id\":2,\"at\":4,\"v\":7}", "{\"id\":3,\"v\":8}"));
	ck_rows(DB, "SELECT id, at, v FROM t", "2,5,6|3,NULL,8");
}
END_TEST

START_TEST(a_mode_may_change)
{
	struct dest_stream_spec append = {.name = "t", .mode = DEST_APPEND, .generation_id = 1};
	struct dest_stream_spec spec = dedup;

	sync_pages(&append,
	    PAGES(
		"{\"id\":1,\"at\":2,\"v\":1}{\"id\":1,\"at\":1,\"v\":2}{\"id\":2,\"v\":3}{\"id\":2,\"v\":4}"
		"{\"v\":5}{\"v\":6}"));
	sync_pages(&dedup, PAGES("{\"id\":2,\"at\":1,\"v\":7}"));
	ck_rows(DB, "SELECT id, v FROM t ORDER BY v", "1,1|NULL,5|NULL,6|2,7");
	sync_pages(&append, PAGES("{\"id\":2,\"at\":1,\"v\":8}"));
	ck_rows(DB, "SELECT id, v FROM t ORDER BY v", "1,1|NULL,5|NULL,6|2,7|2,8");
	spec.primary_key = by_k;
	sync_pages(&spec, PAGES("{\"k\":1,\"v\":9}{\"k\":1,\"v\":10}"));
	ck_rows(DB, "SELECT id, k, v FROM t ORDER BY v",
	    "1,NULL,1|NULL,NULL,5|NULL,NULL,6|2,NULL,7|2,NULL,8|NULL,1,10");
	/* from one integer key to another: rows without it must not be numbered by SQLite */
	spec.name = "u";
	spec.primary_key = by_id;
	sync_pages(
	    &spec, PAGES("{\"id\":1,\"v\":1}{\"id\":2,\"k\":5,\"v\":2}{\"id\":3,\"k\":5,\"v\":3}"));
	spec.primary_key = by_k;
	sync_pages(&spec, PAGES("{\"k\":5,\"v\":4}"));
	ck_rows(DB, "SELECT id, k, v FROM u ORDER BY v", "1,NULL,1|NULL,5,4");
}
END_TEST

START_TEST(a_discarded_read_doubles_nothing)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &dedup);

	ck_ok(write_text(d, s, "{\"id\":1,\"v\":1}{\"v\":2}", NULL, 1000, e));
	ck_ok(write_text(d, s, "{\"id\":1,\"v\":3}{\"v\":4}{\"id\":2,\"v\":5}", NULL, 2000, e));
	ck_ok(d->ops->discard(s, 2000, DEST_NO_LANE, e));
	ck_ok(write_text(d, s, "{\"id\":1,\"v\":3}{\"v\":4}{\"id\":2,\"v\":5}", NULL, 3000, e));
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT id, v FROM t ORDER BY v", "NULL,2|1,3|NULL,4|2,5");
}
END_TEST

START_TEST(what_cannot_be_a_key_is_refused)
{
	struct dest_stream_spec spec = dedup;
	static const char *const quote[] = {"o", "a\"b", NULL};
	static const char *const *const by_quote[] = {quote, NULL};
	struct dest *d = open_dest(DB);
	struct dest_stream *s;

	spec.primary_key = by_quote;
	ck_fails(d->ops->begin(d, &spec, &s, e), AB_EUNSUPPORTED, "nested");
	spec.primary_key = NULL;
	ck_fails(d->ops->begin(d, &spec, &s, e), AB_ECONFIG, "no primary key");
	d->ops->close(d);
}
END_TEST

/* Random records against the plainest model of the law: an array of keys. */
#define KEYS 50

struct row {
	int there, has_at, at, v;
};

static void
model_put(struct row *r, int has_at, int at, int v)
{
	if (!r->there || !r->has_at || (has_at && at >= r->at))
		*r = (struct row){1, has_at, at, v};
}

static unsigned
draw(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

/* Keys that are one, however they are spelt: kind 0 integers, 1 texts, 2 either, and escaped. */
static void
add_random_key(struct buf *page, int id, int kind, unsigned *seed)
{
	static const char *const before[] = {"", "\"k", "", "\"", "\"\\u003"};
	unsigned form = kind < 2 ? (unsigned)kind : 2 + draw(seed) % (id < 10 ? 3 : 2);

	buf_addf(page, "{\"id\":%s%d%s,", before[form], id, before[form][0] == '"' ? "\"" : "");
}

static void
random_page(struct row *model, int *v, unsigned *seed, int kind, struct buf *page)
{
	buf_reset(page);
	for (unsigned i = 0, n = 1 + draw(seed) % 40; i < n; i++, ++*v) {
		int id = (int)(draw(seed) % KEYS), has_at = draw(seed) % 8 != 0;
		int at = (int)(draw(seed) % 3);

		model_put(&model[id], has_at, at, *v);
		add_random_key(page, id, kind, seed);
		if (has_at)
			buf_addf(page, "\"at\":%d,", at);
		buf_addf(page, "\"v\":%d}\n", *v);
	}
}

START_TEST(it_does_as_the_model)
{
	struct row model[KEYS] = {0};
	struct buf page, want;
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &dedup);
	unsigned seed = 42;
	int v = 0;

	buf_init(&page, 1 << 20);
	buf_init(&want, 1 << 20);
	for (int i = 0; i < 200; i++) {
		random_page(model, &v, &seed, _i, &page);
		put(d, s, buf_str(&page));
		if (draw(&seed) % 25 == 0)
			commit(d);
	}
	commit(d);
	d->ops->close(d);
	for (int i = 0; i < KEYS; i++)
		if (model[i].there)
			buf_addf(&want, "%s%d,%d", want.len > 0 ? "|" : "", i, model[i].v);
	ck_rows(
	    DB, "SELECT CAST(ltrim(id, 'k') AS INTEGER) AS n, v FROM t ORDER BY n", buf_str(&want));
	buf_fini(&page);
	buf_fini(&want);
}
END_TEST

static Suite *
dedup_suite(void)
{
	Suite *s = suite_create("sqlite-dedup");
	TCase *t = tcase_create("sqlite-dedup");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, the_greatest_cursor_stays);
	tcase_add_test(t, what_was_collected_is_no_matter_of_the_next_stream);
	tcase_add_test(t, without_a_cursor_the_last_stays);
	tcase_add_test(t, times_compare_as_times);
	tcase_add_test(t, a_key_may_stop_being_an_integer);
	tcase_add_test(t, null_keys_meet_nobody);
	tcase_add_test(t, keys_of_several_fields);
	tcase_add_test(t, keys_and_cursors_inside_objects);
	tcase_add_test(t, keys_inside_objects_are_exact);
	tcase_add_test(t, an_index_of_an_earlier_abhost_is_made_anew);
	tcase_add_loop_test(t, an_index_that_found_nothing_is_made_anew, 0, 2);
	tcase_add_test(t, numbers_are_newer_by_their_value);
	tcase_add_loop_test(t, texts_are_newer_by_their_bytes, 0, 8);
	tcase_add_test(t, texts_are_texts_whatever_somebody_declares);
	tcase_add_test(t, a_truncating_refresh_brings_what_the_source_has);
	tcase_add_test(t, a_mode_may_change);
	tcase_add_test(t, a_discarded_read_doubles_nothing);
	tcase_add_test(t, what_cannot_be_a_key_is_refused);
	tcase_add_loop_test(t, it_does_as_the_model, 0, 3);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(dedup_suite())
