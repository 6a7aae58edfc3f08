/* Laws of the SQLite destination: values stay what they were, tables follow their records, an overwrite swaps,
 * the newest of equal keys stays. */
#include "dest_help.h"

#include <sqlite3.h>
#include <string.h>

#include "base/buf.h"

#define DB "x.db"

/* Writes the pages (the last one is NULL) into stream "t" of x.db, one commit in all. */
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
#define PAGES(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static const struct dest_stream_spec append = {
    .name = "t", .mode = DEST_APPEND, .generation_id = 1};

START_TEST(values_stay_what_they_were)
{
	sync_pages(&append,
	    PAGES(
		"{\"i\":9223372036854775807,\"r\":0.1,\"b\":true,\"s\":\"a\\u0000\\\"b\",\"o\":{\"k\": [1,  2]}}"
		"{\"i\":-9223372036854775808,\"r\":9007199254740993,\"b\":false,\"s\":\"\",\"o\":[]}"
		"{\"i\":null,\"r\":1e3}"));
	ck_rows(DB, "SELECT i, r, b, s, o FROM t",
	    "9223372036854775807,0.10000000000000001,1,'a<NUL>\"b','{\"k\": [1,  2]}'|"
	    "-9223372036854775808,9007199254740993,0,'','[]'|NULL,1000,NULL,NULL,NULL");
	ck_rows(DB, "SELECT type FROM pragma_table_info('t') ORDER BY cid",
	    "'INTEGER'|'NUMERIC'|'BOOLEAN'|'TEXT'|'TEXT'|'TEXT'|'TEXT'|'INTEGER'");
	ck_rows(DB,
	    "SELECT DISTINCT _airbyte_meta, _airbyte_generation_id,"
	    " length(_airbyte_extracted_at) FROM t",
	    "'{}',1,27");
}
END_TEST

START_TEST(columns_widen_and_lose_nothing)
{
	sync_pages(&append,
	    PAGES("{\"a\":1,\"b\":true,\"c\":1,\"d\":null,\"e\":1,\"f\":[1],\"g\":0.1}",
		"{\"a\":1.5,\"b\":2,\"c\":\"x\",\"d\":7,\"e\":123456789012345678901234567890,"
		"\"f\":\"x\",\"g\":1e400}",
		"{\"a\":2,\"b\":false,\"c\":0.10,\"d\":true,\"e\":1.0,\"h\":1}"));
	ck_rows(DB, "SELECT a,b,c,d,e,f,g,h FROM t",
	    "1,'true','1',NULL,'1','[1]','0.1',NULL|"
	    "1.5,'2','x','7','123456789012345678901234567890','x','1e400',NULL|"
	    "2,'false','0.10','true','1.0',NULL,NULL,1");
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
}
END_TEST

START_TEST(nothing_seen_yet_gets_its_type_later)
{
	/* new columns and late types change what is declared, not the rows */
	sync_pages(&append, PAGES("{\"a\":null,\"b\":1}", "{\"a\":5,\"b\":1.5,\"c\":\"x\"}"));
	ck_rows(DB,
	    "SELECT name, type FROM pragma_table_info('t') WHERE name < '_' OR name > '`' ORDER BY cid",
	    "'a','INTEGER'|'b','NUMERIC'|'c','TEXT'");
	sync_pages(&append, PAGES("{\"c\":1,\"d\":true}"));
	ck_rows(DB, "SELECT a,b,c,d FROM t", "NULL,1,NULL,NULL|5,1.5,'x',NULL|NULL,NULL,'1',1");
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
}
END_TEST

START_TEST(schema_decides_before_the_records)
{
	json_t *schema = json_loads(
	    "{\"properties\":{\"n\":{\"type\":[\"null\",\"number\"]},\"d\":{\"type\":"
	    "\"string\",\"format\":\"date\"},\"o\":{\"type\":\"object\"},\"s\":{\"type\":\"string\"}}}",
	    0, NULL);
	struct dest_stream_spec spec = append;

	spec.schema = schema;
	sync_pages(&spec, PAGES("{\"s\":\"007\",\"n\":1,\"x\":1}"));
	ck_rows(DB, "SELECT n, d, o, s, x FROM t", "1,NULL,NULL,'007',1");
	ck_rows(DB,
	    "SELECT type FROM pragma_table_info('t') WHERE name IN ('n','d','o','s') ORDER BY cid",
	    "'NUMERIC'|'TEXT'|'TEXT'|'TEXT'");
	json_decref(schema);
}
END_TEST

START_TEST(keys_become_columns_whatever_they_are)
{
	sync_pages(&append,
	    PAGES(
		"{\"a\":1,\"A\":2,\"\":3,\"_airbyte_meta\":4,\"x\\\"y\":5,\"select\":6,\"\\u0061\":7,"
		"\"rowid\":8,\"tab\\tx\":9,\"a_2\":10}",
		"{\"A\":20,\"a\":10}"));
	ck_rows(DB,
	    "SELECT a, A_2, _empty, _airbyte_meta_2, \"x\"\"y\", \"select\", rowid, tab_x, a_2_2 FROM t",
	    "7,2,3,4,5,6,8,9,10|10,20,NULL,NULL,NULL,NULL,NULL,NULL,NULL");
}
END_TEST

START_TEST(the_last_of_equal_keys_stays)
{
	sync_pages(&append, PAGES("{\"a\":1,\"a\":\"x\"}{\"a\":2,\"a\":3}{\"a\":4,\"a\":null}"));
	ck_rows(DB, "SELECT a FROM t", "'x'|'3'|NULL");
}
END_TEST

START_TEST(records_of_any_order_find_their_columns)
{
	sync_pages(&append,
	    PAGES(
		"{\"a\":1,\"b\":2}{\"b\":3,\"a\":4}{\"b\":5}{}{\"b\":6}[{\"a\":7,\"b\":8,\"c\":9},{\"a\":10,\"b\":11}]"));
	ck_rows(DB, "SELECT a, b, c FROM t",
	    "1,2,NULL|4,3,NULL|NULL,5,NULL|NULL,NULL,NULL|NULL,6,NULL|7,8,9|10,11,NULL");
}
END_TEST

START_TEST(constants_of_a_page_are_columns)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &append);

	ck_ok(write_text(d, s, "{\"a\":1}{\"a\":2,\"org\":\"own\"}",
	    "{\"constants\":{\"org\":\"x\\ny\",\"n\":12345678901234567}}", 1, e));
	ck_ok(write_text(d, s, "{\"a\":3}", "{\"constants\":{\"org\":\"z\"}}", 2, e));
	ck_ok(write_text(d, s, "{\"a\":4}", "{\"total\":9}", 3, e));
	ck_fails(write_text(d, s, "{\"a\":4}", "{\"constants\":1}", 3, e), AB_EDATA, "constants");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT a, org, n FROM t",
	    "1,'x\ny',12345678901234567|2,'own',12345678901234567|3,'z',NULL|4,NULL,NULL");
}
END_TEST

static char *
wide_record(int from, int to)
{
	static struct buf b;

	buf_fini(&b);
	buf_init(&b, 1 << 20);
	for (int i = from; i < to; i++)
		buf_addf(&b, "%s\"k%d\":%d", i == from ? "{" : ",", i, i);
	buf_addc(&b, '}');
	return b.ptr;
}

START_TEST(a_thousand_columns)
{
	sync_pages(&append, PAGES(wide_record(0, 1000)));
	ck_rows(DB, "SELECT k0, k999 FROM t", "0,999");
}
END_TEST

START_TEST(fields_beyond_the_limit_are_kept_together)
{
	sync_pages(&append, PAGES("{\"k0\":1}", wide_record(0, 2500)));
	ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t')", "2000");
	ck_rows(DB,
	    "SELECT k0, k1995, _abhost_more ->> 'k2000', (SELECT count(*) FROM json_each(_abhost_more)) FROM t",
	    "1,NULL,NULL,0|0,1995,2000,504");
	sync_pages(&append, PAGES("{\"k2499\":\"x\",\"k1\":\"y\"}"));
	ck_rows(DB, "SELECT k1, _abhost_more FROM t WHERE k0 IS NULL", "'y','{\"k2499\":\"x\"}'");
}
END_TEST

START_TEST(constants_beyond_the_limit_too)
{
	struct dest *d;
	struct dest_stream *s;

	sync_pages(&append, PAGES(wide_record(0, 2500)));
	d = open_dest(DB);
	s = begin_stream(d, &append);
	ck_ok(write_text(d, s, "{\"k0\":2}{\"k0\":3,\"k2400\":1}",
	    "{\"constants\":{\"org\":\"x\",\"n\":1.50}}", 1, e));
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT _abhost_more FROM t WHERE k0 > 0",
	    "'{\"org\":\"x\",\"n\":1.50}'|'{\"org\":\"x\",\"n\":1.50,\"k2400\":1}'");
}
END_TEST

static const struct dest_stream_spec overwrite = {
    .name = "t", .mode = DEST_OVERWRITE, .generation_id = 1, .is_refresh = 1};

START_TEST(an_overwrite_swaps_at_its_end)
{
	struct dest_stream_spec spec = overwrite;
	struct dest *d;
	struct dest_stream *s;

	sync_pages(&overwrite, PAGES("{\"a\":1,\"old\":1}"));
	d = open_dest(DB);
	spec.generation_id = 2;
	s = begin_stream(d, &spec);
	put(d, s, "{\"a\":\"x\",\"new\":1}");
	commit(d);
	ck_rows(DB, "SELECT a, old FROM t", "1,1");
	ck_rows(DB, "SELECT a FROM _abhost_new_t", "'x'");
	ck_ok(d->ops->finish(s, e));
	ck_rows(DB, "SELECT a, old FROM t", "1,1");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT a, new, _airbyte_generation_id FROM t", "'x',1,2");
	ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t') WHERE name = 'old'", "0");
	ck_rows(DB, "SELECT name FROM sqlite_schema WHERE name LIKE '%new%'", "");
}
END_TEST

START_TEST(an_empty_overwrite_empties)
{
	json_t *schema = json_loads("{\"properties\":{\"z\":{\"type\":\"integer\"}}}", 0, NULL);
	struct dest_stream_spec spec = overwrite;

	sync_pages(&overwrite, PAGES("{\"a\":1}"));
	spec.schema = schema;
	sync_pages(&spec, PAGES(NULL));
	ck_rows(DB, "SELECT count(z) FROM t", "0");
	ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t')", "4");
	json_decref(schema);
}
END_TEST

START_TEST(an_interrupted_overwrite_goes_on)
{
	struct dest_stream_spec spec = overwrite;
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &spec);

	put(d, s, "{\"a\":1,\"A\":2}");
	commit(d);
	put(d, s, "{\"a\":\"lost\"}");
	d->ops->close(d);
	ck_rows(DB, "SELECT count(*) FROM sqlite_schema WHERE name = 't'", "0");
	sync_pages(&spec, PAGES("{\"A\":3,\"b\":4}"));
	ck_rows(DB, "SELECT a, A_2, b FROM t", "1,2,NULL|NULL,3,4");

	/* a fresh one begins with nothing; so does what is no refresh */
	d = open_dest(DB);
	put(d, begin_stream(d, &spec), "{\"a\":5}");
	commit(d);
	d->ops->close(d);
	spec.fresh = 1;
	sync_pages(&spec, PAGES("{\"a\":6}"));
	ck_rows(DB, "SELECT * FROM (SELECT a FROM t)", "6");
	d = open_dest(DB);
	put(d, begin_stream(d, &overwrite), "{\"a\":7}");
	commit(d);
	d->ops->close(d);
	sync_pages(&append, PAGES("{\"a\":8}"));
	ck_rows(DB, "SELECT a FROM t", "6|8");
	ck_rows(DB, "SELECT name FROM sqlite_schema WHERE name LIKE '%new%'", "");
}
END_TEST

START_TEST(views_indexes_and_triggers_outlive_a_swap)
{
	sync_pages(&overwrite, PAGES("{\"a\":1}"));
	ck_rows(DB, "CREATE VIEW v AS SELECT a FROM t", "");
	ck_rows(DB, "CREATE INDEX ia ON t(a)", "");
	sync_pages(&overwrite, PAGES("{\"a\":2}"));
	ck_rows(DB, "SELECT a FROM v", "2");
	ck_rows(
	    DB, "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 't'", "'ia'");
	/* and a table that is written anew */
	sync_pages(&append, PAGES("{\"a\":\"x\"}"));
	ck_rows(DB, "SELECT a FROM v", "'2'|'x'");
	ck_rows(
	    DB, "SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 't'", "'ia'");
}
END_TEST

START_TEST(rollback_leaves_nothing)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &append);

	put(d, s, "{\"a\":1}");
	commit(d);
	put(d, s, "{\"a\":\"x\",\"b\":2}");
	ck_ok(d->ops->state_delete(d, "t", NULL, e));
	d->ops->rollback(d);
	s = begin_stream(d, &append);
	put(d, s, "{\"a\":3}");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT a FROM t", "1|3");
	ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t') WHERE name = 'b'", "0");
}
END_TEST

START_TEST(discard_takes_the_rows_since)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &append);
	struct dest_stream_spec spec = append;

	ck_ok(write_text(d, s, "{\"a\":1}", NULL, 1000, e));
	ck_ok(write_text(d, s, "{\"a\":2}", NULL, 2000, e));
	ck_ok(write_text(d, s, "{\"a\":3}", NULL, 3000, e));
	ck_ok(d->ops->discard(s, 2000, DEST_NO_LANE, e));
	commit(d);
	ck_rows(DB, "SELECT a FROM t", "1");
	/* a refresh that begins again takes its generation's rows, an incremental read does not */
	spec.fresh = 1;
	spec.generation_id = 2;
	spec.is_refresh = 1;
	s = begin_stream(d, &spec);
	put(d, s, "{\"a\":4}");
	s = begin_stream(d, &spec);
	put(d, s, "{\"a\":5}");
	spec.is_refresh = 0;
	begin_stream(d, &spec);
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT a FROM t", "1|5");
}
END_TEST

START_TEST(discard_takes_the_rows_of_one_lane)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &append);
	int64_t second = 1000000;

	/* the times of a lane's rows end in its number */
	ck_ok(write_text(d, s, "{\"a\":1}", NULL, 5 * second + 7, e));
	ck_ok(write_text(d, s, "{\"a\":2}", NULL, 6 * second + 7, e));
	ck_ok(write_text(d, s, "{\"a\":3}", NULL, 6 * second + 108, e));
	ck_ok(write_text(d, s, "{\"a\":4}", NULL, 6 * second + 207, e));
	ck_ok(write_text(d, s, "{\"a\":5}", NULL, 6 * second + 270, e));
	ck_ok(d->ops->discard(s, 6 * second, 7, e));
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT a FROM t", "1|3|5");
}
END_TEST

/* Another stream's rows are in the same transaction. */
START_TEST(a_stream_that_cannot_begin_takes_nothing_with_it)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &append), *other = NULL;
	struct dest_stream_spec foreign = append;
	struct error why = ERROR_INIT;

	put(d, s, "{\"a\":1}");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "CREATE TABLE mine (x)", "");
	foreign.name = "mine";
	d = open_dest(DB);
	s = begin_stream(d, &append);
	put(d, s, "{\"a\":2}");
	ck_assert_int_eq(d->ops->begin(d, &foreign, &other, &why), AB_ECONFIG);
	put(d, s, "{\"a\":3}");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT a FROM t", "1|2|3");
	ck_rows(DB, "SELECT count(*) FROM _abhost_streams WHERE stream = 'mine'", "0");
}
END_TEST

START_TEST(streams_of_one_name_get_two_tables)
{
	struct dest_stream_spec spec = append;

	sync_pages(&append, PAGES("{\"a\":1}"));
	spec.name = "T";
	sync_pages(&spec, PAGES("{\"a\":2}"));
	spec.name = "t";
	spec.namespace_ = "n s";
	sync_pages(&spec, PAGES("{\"a\":3}"));
	spec.namespace_ = NULL;
	spec.name = "_abhost_state";
	sync_pages(&spec, PAGES("{\"a\":4}"));
	ck_rows(DB,
	    "SELECT a FROM t UNION ALL SELECT a FROM T_2 UNION ALL SELECT a FROM \"n s_t\" UNION ALL SELECT a FROM __abhost_state",
	    "1|2|3|4");
	sync_pages(&append, PAGES("{\"a\":5}"));
	ck_rows(DB, "SELECT a FROM t", "1|5");
}
END_TEST

START_TEST(columns_that_somebody_added_or_dropped)
{
	sync_pages(&append, PAGES("{\"a\":1,\"b\":2,\"c\":null}"));
	ck_rows(DB, "ALTER TABLE t ADD COLUMN note TEXT DEFAULT 'mine'", "");
	ck_rows(DB, "ALTER TABLE t DROP COLUMN b", "");
	sync_pages(&append, PAGES("{\"a\":2,\"b\":3,\"c\":4,\"note\":5,\"d\":6}", "{\"a\":\"x\"}"));
	ck_rows(DB, "SELECT a, b, c, note, note_2, d FROM t",
	    "'1',NULL,NULL,'mine',NULL,NULL|'2',3,4,'mine',5,6|'x',NULL,NULL,'mine',NULL,NULL");
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
	ck_rows(DB, "DROP TABLE t", "");
	sync_pages(&append, PAGES("{\"a\":9}"));
	ck_rows(DB, "SELECT a FROM t", "9");
}
END_TEST

START_TEST(a_constraint_that_somebody_added_stays)
{
	sync_pages(&append, PAGES("{\"a\":1,\"b\":null}"));
	ck_rows(DB, "ALTER TABLE t RENAME TO old", "");
	ck_rows(DB,
	    "CREATE TABLE t (a INTEGER UNIQUE, b, _airbyte_extracted_at TEXT, _airbyte_meta TEXT,"
	    " _airbyte_generation_id INTEGER)",
	    "");
	ck_rows(DB, "INSERT INTO t SELECT * FROM old", "");
	ck_rows(DB, "DROP TABLE old", "");
	sync_pages(&append, PAGES("{\"a\":2,\"b\":5,\"c\":1}", "{\"a\":3.5}"));
	ck_rows(DB, "SELECT a, b, c FROM t", "1,NULL,NULL|2,5,1|3.5,NULL,NULL");
	ck_rows(DB, "SELECT count(*) FROM pragma_index_list('t')", "1");
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
}
END_TEST

START_TEST(state_comes_back_as_it_went)
{
	struct dest *d = open_dest(DB);
	char name[] = "t", none[] = "", partition[] = "{\"p\":1}", state[] = "{\"c\":\"x\"}",
	     notes[] = "{}";
	struct dest_state row = {.stream = name,
	    .namespace_ = none,
	    .partition = partition,
	    .state = state,
	    .token = none,
	    .pages = 3,
	    .generation_id = 4,
	    .started_us = 1700000000123456,
	    .is_refresh = 1,
	    .done = 1,
	    .notes = notes};
	struct dest_state bare = {.stream = name, .namespace_ = none, .partition = none};
	const struct dest_state *put_rows[] = {&row, &bare};
	struct dest_state *got;
	size_t n;

	ck_ok(d->ops->commit(d, put_rows, 2, NULL, e));
	row.pages = 5;
	ck_ok(d->ops->commit(d, put_rows, 1, NULL, e));
	d->ops->close(d);
	ck_ok(dest_open(DB, NULL, NULL, 1, &d, e));
	ck_ok(d->ops->states(d, &got, &n, e));
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(got[0].partition, "");
	ck_assert_ptr_null(got[0].state);
	ck_assert_ptr_null(got[0].token);
	ck_assert_str_eq(got[1].stream, "t");
	ck_assert_str_eq(got[1].partition, row.partition);
	ck_assert_str_eq(got[1].state, row.state);
	ck_assert_str_eq(got[1].token, "");
	ck_assert_str_eq(got[1].notes, "{}");
	ck_assert_int_eq(got[1].pages, 5);
	ck_assert_int_eq(got[1].generation_id, 4);
	ck_assert_int_eq(got[1].started_us, row.started_us);
	ck_assert_int_eq(got[1].is_refresh + got[1].done, 2);
	dest_states_free(got, n);
	d->ops->close(d);
	d = open_dest(DB);
	ck_ok(d->ops->state_delete(d, "t", NULL, e));
	ck_ok(d->ops->states(d, &got, &n, e));
	ck_assert_uint_eq(n, 0);
	dest_states_free(got, n);
	d->ops->close(d);
	ck_rows(DB, "SELECT count(*) FROM _abhost_state", "2");
}
END_TEST

/* Whoever drops the table that a refresh had begun to load must not end with the rest of it only. */
START_TEST(a_refresh_whose_rows_were_dropped_is_not_gone_on_with)
{
	struct dest *d = open_dest(DB);
	struct dest_state *got;
	char name[] = "t", none[] = "", token[] = "5";
	struct dest_state row = {.stream = name,
	    .namespace_ = none,
	    .partition = none,
	    .token = token,
	    .started_us = 1,
	    .done = 1,
	    .is_refresh = 1};
	const struct dest_state *put_rows[] = {&row};
	size_t n;

	put(d, begin_stream(d, &overwrite), "{\"a\":1}");
	ck_ok(d->ops->commit(d, put_rows, 1, NULL, e));
	for (int dropped = 0; dropped < 2; dropped++) {
		ck_ok(d->ops->states(d, &got, &n, e));
		ck_assert_uint_eq(n, 1);
		ck_assert_int_eq(got[0].token == NULL, dropped);
		ck_assert_int_eq(got[0].done, !dropped);
		ck_assert_int_eq(got[0].started_us, 1);
		dest_states_free(got, n);
		d->ops->close(d);
		ck_rows(DB, "DROP TABLE IF EXISTS _abhost_new_t", "");
		d = open_dest(DB);
	}
	d->ops->close(d);
}
END_TEST

START_TEST(a_run_that_never_ended_was_killed)
{
	struct dest *d = open_dest(DB);
	struct dest_run run = {.id = 1, .outcome = "running", .records = 7, .bytes = 8};

	ck_ok(d->ops->commit(d, NULL, 0, &run, e));
	d->ops->close(d);
	d = open_dest(DB);
	run = (struct dest_run){
	    .id = 2, .outcome = "succeeded", .ended_us = 1700000001000000, .records = 9};
	ck_ok(d->ops->commit(d, NULL, 0, &run, e));
	d->ops->close(d);
	ck_rows(DB,
	    "SELECT id, connector, outcome, started_at, ended_at, records FROM _abhost_runs",
	    "1,'test','killed','2023-11-14T22:13:20.000000Z',NULL,7|"
	    "2,'test','succeeded','2023-11-14T22:13:20.000000Z','2023-11-14T22:13:21.000000Z',9");
}
END_TEST

static Suite *
sqlite_suite(void)
{
	Suite *s = suite_create("sqlite");
	TCase *t = tcase_create("sqlite");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, values_stay_what_they_were);
	tcase_add_test(t, columns_widen_and_lose_nothing);
	tcase_add_test(t, nothing_seen_yet_gets_its_type_later);
	tcase_add_test(t, schema_decides_before_the_records);
	tcase_add_test(t, keys_become_columns_whatever_they_are);
	tcase_add_test(t, the_last_of_equal_keys_stays);
	tcase_add_test(t, records_of_any_order_find_their_columns);
	tcase_add_test(t, constants_of_a_page_are_columns);
	tcase_add_test(t, a_thousand_columns);
	tcase_add_test(t, fields_beyond_the_limit_are_kept_together);
	tcase_add_test(t, constants_beyond_the_limit_too);
	tcase_add_test(t, an_overwrite_swaps_at_its_end);
	tcase_add_test(t, an_empty_overwrite_empties);
	tcase_add_test(t, an_interrupted_overwrite_goes_on);
	tcase_add_test(t, views_indexes_and_triggers_outlive_a_swap);
	tcase_add_test(t, rollback_leaves_nothing);
	tcase_add_test(t, discard_takes_the_rows_since);
	tcase_add_test(t, discard_takes_the_rows_of_one_lane);
	tcase_add_test(t, a_stream_that_cannot_begin_takes_nothing_with_it);
	tcase_add_test(t, streams_of_one_name_get_two_tables);
	tcase_add_test(t, columns_that_somebody_added_or_dropped);
	tcase_add_test(t, a_constraint_that_somebody_added_stays);
	tcase_add_test(t, state_comes_back_as_it_went);
	tcase_add_test(t, a_refresh_whose_rows_were_dropped_is_not_gone_on_with);
	tcase_add_test(t, a_run_that_never_ended_was_killed);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(sqlite_suite())
