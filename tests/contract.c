/* Laws of contracts, selections and deleted records: what does not fit never changes a table that must not change, and
 * whatever is left out is counted and, where it had a column, told in _airbyte_meta. */
#include "dest_help.h"

#include <stdio.h>
#include <string.h>

#define DB "x.db"

static const char *const id_path[] = {"id", NULL}, *const at_path[] = {"at", NULL};
static const char *const *const by_id[] = {id_path, NULL};
static json_t *schema;

static struct dest_stream_spec
spec_of(enum dest_mode mode, enum dest_contract contract)
{
	return (struct dest_stream_spec){.name = "t",
	    .mode = mode,
	    .primary_key = mode == DEST_APPEND_DEDUP ? by_id : NULL,
	    .cursor = mode == DEST_APPEND_DEDUP ? at_path : NULL,
	    .schema = schema,
	    .is_refresh = mode == DEST_OVERWRITE,
	    .generation_id = 1,
	    .contract = contract};
}

static void
use_schema(const char *text)
{
	json_decref(schema);
	schema = text == NULL ? NULL : json_loads(text, 0, NULL);
	ck_assert(text == NULL || schema != NULL);
}

#define THREE \
	"{\"properties\":{\"id\":{\"type\":\"integer\"},\"at\":{\"type\":\"integer\"},\"v\":{\"type\":\"integer\"}}}"

/* One run of one page; the figures go to *stats. */
static void
sync_page(const struct dest_stream_spec *spec, const char *page, struct dest_stats *stats)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, spec);

	put(d, s, page);
	ck_ok(d->ops->finish(s, e));
	commit(d);
	if (stats != NULL)
		d->ops->stats(s, stats);
	d->ops->close(d);
}

static void
refuse_page(const struct dest_stream_spec *spec, const char *page, const char *has)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, spec);

	ck_fails(write_text(d, s, page, NULL, 1, e), AB_EDATA, has);
	d->ops->rollback(d);
	d->ops->close(d);
}

START_TEST(evolve_loses_nothing)
{
	struct dest_stream_spec spec = spec_of(DEST_APPEND, DEST_EVOLVE);
	struct dest_stats stats;

	use_schema(THREE);
	spec.schema = schema;
	sync_page(&spec, "{\"id\":1,\"v\":\"x\",\"new\":[1]}{\"id\":2,\"v\":3}", &stats);
	ck_rows(DB, "SELECT id, v, new, _airbyte_meta FROM t", "1,'x','[1]','{}'|2,'3',NULL,'{}'");
	ck_assert_int_eq(stats.rows, 2);
	ck_assert_int_eq(stats.nulled + stats.discarded_rows + stats.discarded_values, 0);
}
END_TEST

/* In every mode: the page that breaks it is not there, what was committed before stays. */
START_TEST(freeze_names_what_broke_it)
{
	for (int mode = DEST_APPEND; mode <= DEST_APPEND_DEDUP; mode++) {
		struct dest_stream_spec spec;

		use_schema(THREE);
		spec = spec_of((enum dest_mode)mode, DEST_FREEZE);
		remove(DB);
		sync_page(&spec, "{\"id\":1,\"at\":1,\"v\":1}", NULL);
		refuse_page(&spec, "{\"id\":2,\"at\":1,\"v\":2}{\"id\":3,\"at\":1,\"v\":1.5}",
		    "stream t: its contract is freeze, and the field \"v\" holds a number, but its column is INTEGER");
		refuse_page(&spec, "{\"id\":2,\"at\":1,\"n\\u00e9w\":{}}",
		    "the field \"n\\u00e9w\" (here an object) is new");
		ck_rows(DB, "SELECT id, at, v FROM t", "1,1,1");
		/* null is no news, and what is missing is NULL */
		sync_page(&spec, "{\"id\":4,\"at\":2,\"new\":null,\"v\":null}{\"id\":5}", NULL);
		ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t')", "6");
	}
}
END_TEST

/* What such a stream has collected may stay, and must not stand in the others' way. */
START_TEST(a_broken_freeze_leaves_a_transaction_that_commits)
{
	static const char *const schemas[] = {THREE,
	    "{\"properties\":{\"id\":{\"type\":\"integer\"},\"at\":{\"type\":\"integer\"},"
	    "\"v\":{\"type\":\"integer\"},\"w\":{}}}"};

	for (int i = 0; i < 2; i++) {
		struct dest_stream_spec spec;
		struct dest_stream *s;
		struct dest *d;

		use_schema(schemas[i]);
		spec = spec_of(DEST_APPEND_DEDUP, DEST_FREEZE);
		spec.name = i == 0 ? "t" : "u";
		d = open_dest(DB);
		s = begin_stream(d, &spec);
		put(d, s, "{\"id\":3,\"at\":1}{\"id\":2,\"at\":1}");
		ck_fails(
		    write_text(d, s, "{\"id\":1,\"at\":1,\"w\":5}{\"id\":4,\"at\":1,\"v\":\"a\"}",
			NULL, 9, e),
		    AB_EDATA, "freeze");
		commit(d);
		d->ops->close(d);
		ck_rows(DB,
		    i == 0 ? "SELECT id FROM t ORDER BY id" : "SELECT id FROM u ORDER BY id",
		    "2|3");
	}
}
END_TEST

START_TEST(freeze_names_the_page)
{
	struct dest_stream_spec spec = spec_of(DEST_APPEND, DEST_FREEZE);
	struct dest *d = open_dest(DB);
	struct dest_stream *s;
	char bytes[128] = "{\"id\":\"x\"}";
	struct scan scan;

	use_schema(THREE);
	spec.schema = schema;
	s = begin_stream(d, &spec);
	scan_init(&scan);
	ck_ok(scan_page(&scan, bytes, strlen(bytes), e));
	ck_fails(
	    d->ops->write(s, &(struct dest_page){.bytes = bytes, .scan = &scan, .number = 17}, e),
	    AB_EDATA, "stream t, page 17: its contract is freeze");
	scan_fini(&scan);
	d->ops->close(d);
}
END_TEST

START_TEST(discard_row_keeps_the_others)
{
	static const char page[] =
	    "{\"id\":1,\"at\":1,\"v\":1}{\"id\":2,\"at\":1,\"v\":\"x\"}{\"id\":3,\"at\":1,\"v\":3}"
	    "{\"id\":4,\"at\":1,\"v\":4,\"new\":1}{\"id\":1,\"at\":2,\"v\":\"no\"}{\"id\":0,\"at\":1,\"v\":5}";

	for (int mode = DEST_APPEND; mode <= DEST_APPEND_DEDUP; mode++) {
		struct dest_stream_spec spec;
		struct dest_stats stats;

		use_schema(THREE);
		spec = spec_of((enum dest_mode)mode, DEST_DISCARD_ROW);
		remove(DB);
		sync_page(&spec, page, &stats);
		ck_rows(DB, "SELECT id, at, v FROM t ORDER BY id", "0,1,5|1,1,1|3,1,3");
		ck_rows(DB, "SELECT DISTINCT _airbyte_meta FROM t", "'{}'");
		ck_assert_int_eq(stats.rows, 3);
		ck_assert_int_eq(stats.discarded_rows, 3);
		/* nothing but what is kept out */
		sync_page(&spec, "{\"id\":9,\"v\":\"x\"}", &stats);
		ck_assert_int_eq(stats.rows, 0);
		ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t')", "6");
	}
}
END_TEST

START_TEST(discard_value_tells_of_each)
{
	static const char page[] =
	    "{\"id\":1,\"at\":1,\"v\":1}{\"id\":2,\"at\":1,\"v\":\"x\"}{\"id\":3,\"at\":1,\"v\":3}"
	    "{\"id\":4,\"at\":\"y\",\"v\":[],\"new\":1}{\"id\":0,\"at\":1,\"v\":0,\"new\":2}";

	for (int mode = DEST_APPEND; mode <= DEST_APPEND_DEDUP; mode++) {
		struct dest_stream_spec spec;
		struct dest_stats stats;

		use_schema(THREE);
		spec = spec_of((enum dest_mode)mode, DEST_DISCARD_VALUE);
		remove(DB);
		sync_page(&spec, page, &stats);
		ck_rows(DB, "SELECT id, at, v FROM t ORDER BY id",
		    "0,1,0|1,1,1|2,1,NULL|3,1,3|4,NULL,NULL");
		ck_rows(DB,
		    "SELECT id, _airbyte_meta FROM t WHERE _airbyte_meta <> '{}' ORDER BY id",
		    "2,'{\"changes\":[{\"field\":\"v\",\"change\":\"NULLED\","
		    "\"reason\":\"DESTINATION_TYPECAST_ERROR\"}]}'"
		    "|4,'{\"changes\":[{\"field\":\"at\",\"change\":\"NULLED\","
		    "\"reason\":\"DESTINATION_TYPECAST_ERROR\"},{\"field\":\"v\",\"change\":\"NULLED\","
		    "\"reason\":\"DESTINATION_TYPECAST_ERROR\"}]}'");
		ck_assert_int_eq(stats.rows, 5);
		ck_assert_int_eq(stats.nulled, 3);
		ck_assert_int_eq(stats.discarded_values, 2);
		ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t')", "6");
	}
}
END_TEST

/* A row without its key would be another row with every sync. */
START_TEST(a_key_that_does_not_fit_costs_the_row)
{
	struct dest_stream_spec spec;
	struct dest_stats stats;

	use_schema(THREE);
	spec = spec_of(DEST_APPEND_DEDUP, DEST_DISCARD_VALUE);
	sync_page(&spec, "{\"id\":\"x\",\"at\":1,\"v\":1}{\"id\":2,\"at\":1,\"v\":2}", &stats);
	ck_rows(DB, "SELECT id, v FROM t", "2,2");
	ck_assert_int_eq(stats.discarded_rows, 1);
	ck_assert_int_eq(stats.nulled, 0);
}
END_TEST

START_TEST(a_contract_needs_something_to_hold_to)
{
	struct dest_stream_spec spec = spec_of(DEST_APPEND, DEST_FREEZE);

	use_schema(NULL);
	spec.schema = NULL;
	/* an empty first run teaches nothing */
	sync_page(&spec, "", NULL);
	sync_page(&spec, "{\"id\":1,\"v\":1}{\"id\":2,\"v\":1.5,\"w\":\"x\"}{\"u\":null}", NULL);
	refuse_page(&spec, "{\"id\":1.5}", "its column is INTEGER");
	/* a column of which only null was seen promises nothing yet */
	sync_page(&spec, "{\"id\":3,\"v\":2.5,\"u\":true}", NULL);
	refuse_page(&spec, "{\"u\":\"x\"}", "its column is BOOLEAN");
	spec.contract = DEST_EVOLVE;
	sync_page(&spec, "{\"u\":\"x\"}", NULL);
	ck_rows(DB, "SELECT u FROM t WHERE u IS NOT NULL", "'true'|'x'");
}
END_TEST

/* The table that an overwrite loads is held to the one that it will replace. */
START_TEST(an_overwrite_is_held_to_the_old_table)
{
	struct dest_stream_spec spec = spec_of(DEST_OVERWRITE, DEST_EVOLVE);

	use_schema(NULL);
	spec.schema = NULL;
	spec.fresh = 1;
	sync_page(&spec, "{\"id\":1,\"v\":\"x\",\"gone\":1}", NULL);
	spec.contract = DEST_DISCARD_VALUE;
	spec.generation_id = 2;
	sync_page(&spec, "{\"id\":2,\"v\":\"y\",\"new\":1}", NULL);
	ck_rows(DB, "SELECT id, v, gone FROM t", "2,'y',NULL");
	ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t') WHERE name = 'new'", "0");
}
END_TEST

START_TEST(a_schema_that_changes_breaks_a_freeze)
{
	struct dest_stream_spec spec;
	struct dest_stream *s = NULL;
	struct dest *d;

	use_schema(THREE);
	spec = spec_of(DEST_APPEND, DEST_FREEZE);
	sync_page(&spec, "{\"id\":1}", NULL);
	use_schema("{\"properties\":{\"id\":{\"type\":\"string\"}}}");
	spec.schema = schema;
	d = open_dest(DB);
	ck_fails(d->ops->begin(d, &spec, &s, e), AB_ECONFIG,
	    "stream t: its contract is freeze, and the source now describes the field \"id\" as TEXT");
	d->ops->close(d);
	use_schema("{\"properties\":{\"n\":{\"type\":\"string\"}}}");
	spec.schema = schema;
	d = open_dest(DB);
	ck_fails(d->ops->begin(d, &spec, &s, e), AB_ECONFIG, "a field \"n\" that the table has no");
	d->ops->close(d);
	/* where less is asked for, the table is what counts */
	spec.contract = DEST_DISCARD_VALUE;
	sync_page(&spec, "{\"id\":2,\"n\":\"x\"}{\"id\":\"x\"}", NULL);
	ck_rows(DB, "SELECT id, v FROM t", "1,NULL|2,NULL|NULL,NULL");
}
END_TEST

/* A page without a record says nothing of the stream: what comes with the next run is learned from, not left out. */
START_TEST(constants_of_nothing_teach_nothing)
{
	for (int mode = DEST_APPEND; mode <= DEST_APPEND_DEDUP; mode++) {
		struct dest_stream_spec spec;
		struct dest_stream *s;
		struct dest *d;

		use_schema(NULL);
		spec = spec_of((enum dest_mode)mode, DEST_DISCARD_VALUE);
		remove(DB);
		d = open_dest(DB);
		s = begin_stream(d, &spec);
		ck_ok(write_text(d, s, "", "{\"constants\":{\"part\":\"x\"}}", 1, e));
		ck_ok(d->ops->finish(s, e));
		commit(d);
		d->ops->close(d);
		sync_page(&spec, "{\"id\":1,\"v\":2,\"part\":\"x\"}", NULL);
		ck_rows(DB, "SELECT id, v, part FROM t", "1,2,'x'");
	}
}
END_TEST

START_TEST(constants_keep_the_contract)
{
	struct dest_stream_spec spec = spec_of(DEST_APPEND, DEST_DISCARD_VALUE);
	struct dest *d = open_dest(DB);
	struct dest_stream *s;
	struct dest_stats stats;

	use_schema(THREE);
	spec.schema = schema;
	s = begin_stream(d, &spec);
	ck_ok(write_text(d, s, "{\"id\":1}{\"id\":2,\"at\":\"x\"}",
	    "{\"constants\":{\"v\":\"x\",\"n\":1}}", 1, e));
	commit(d);
	d->ops->stats(s, &stats);
	ck_assert_int_eq(stats.nulled, 3);
	ck_assert_int_eq(stats.discarded_values, 2);
	spec.contract = DEST_DISCARD_ROW;
	s = begin_stream(d, &spec);
	ck_ok(write_text(d, s, "{\"id\":3}{\"id\":4}", "{\"constants\":{\"v\":\"x\"}}", 2, e));
	commit(d);
	d->ops->stats(s, &stats);
	ck_assert_int_eq(stats.discarded_rows, 2);
	d->ops->close(d);
	ck_rows(DB, "SELECT id, at, v, json_array_length(_airbyte_meta, '$.changes') FROM t",
	    "1,NULL,NULL,1|2,NULL,NULL,2");
}
END_TEST

START_TEST(only_selected_fields_are_written)
{
	static const char *const columns[] = {"v", "id", "at", "later", NULL};

	for (int mode = DEST_APPEND; mode <= DEST_APPEND_DEDUP; mode++) {
		struct dest_stream_spec spec;

		use_schema(
		    "{\"properties\":{\"big\":{\"type\":\"string\"},\"id\":{\"type\":\"integer\"},"
		    "\"v\":{\"type\":\"integer\"}}}");
		spec = spec_of((enum dest_mode)mode, DEST_EVOLVE);
		spec.columns = columns;
		remove(DB);
		sync_page(&spec,
		    "{\"id\":1,\"at\":1,\"big\":\"xxx\",\"v\":1,\"new\":{}}{\"big\":1,\"at\":1,\"v\":\"x\",\"id\":2}",
		    NULL);
		ck_rows(DB, "SELECT group_concat(name) FROM pragma_table_info('t')",
		    "'id,v,at,later,_airbyte_extracted_at,_airbyte_meta,_airbyte_generation_id'");
		ck_rows(DB, "SELECT id, at, v FROM t ORDER BY id", "1,1,'1'|2,1,'x'");
		/* columns that are there and no longer selected are NULL from now on */
		spec.columns = NULL;
		spec.generation_id = 2;
		sync_page(&spec, "{\"id\":3,\"at\":1,\"big\":\"y\"}", NULL);
		spec.columns = columns;
		spec.generation_id = 3;
		sync_page(&spec, "{\"id\":4,\"at\":1,\"big\":\"z\",\"v\":9}", NULL);
		ck_rows(DB, "SELECT id, v + 0 FROM t WHERE id = 4", "4,9");
		if (mode != DEST_OVERWRITE)
			ck_rows(
			    DB, "SELECT id, big FROM t WHERE id > 2 ORDER BY id", "3,'y'|4,NULL");
	}
}
END_TEST

START_TEST(a_selection_and_a_contract_go_together)
{
	static const char *const columns[] = {"v", "id", NULL};
	struct dest_stream_spec spec;

	use_schema(THREE);
	spec = spec_of(DEST_APPEND, DEST_FREEZE);
	spec.columns = columns;
	sync_page(&spec, "{\"id\":1,\"at\":\"ignored\",\"new\":1,\"v\":1}", NULL);
	sync_page(&spec, "{\"id\":2,\"at\":\"ignored\",\"new\":1,\"v\":1}", NULL);
	refuse_page(&spec, "{\"v\":\"x\"}", "the field \"v\" holds a string");
	ck_rows(DB, "SELECT id, v FROM t", "1,1|2,1");
}
END_TEST

static struct dest_stream_spec
deleted_spec(enum dest_deleted how)
{
	struct dest_stream_spec spec = spec_of(DEST_APPEND_DEDUP, DEST_EVOLVE);

	spec.schema = NULL;
	spec.deleted_field = "gone";
	spec.deleted = how;
	return spec;
}

/* Versions of five keys, in an order that neither their cursors nor their fates follow. */
#define FATES \
	"{\"id\":5,\"at\":1,\"v\":1}" \
	"{\"id\":1,\"at\":5,\"gone\":true}{\"id\":1,\"at\":3,\"v\":\"older than its end\"}" \
	"{\"id\":2,\"at\":1,\"v\":1,\"gone\":false}{\"id\":2,\"at\":2,\"gone\":\"2024-05-06T07:08:09Z\"}" \
	"{\"id\":2,\"at\":3,\"v\":\"back\",\"gone\":null}" \
	"{\"id\":3,\"at\":1,\"gone\":1}" \
	"{\"id\":4,\"at\":9,\"v\":1,\"gone\":\"\"}{\"id\":4,\"gone\":true}" \
	"{\"id\":5,\"at\":2,\"gone\":\"false\"}{\"id\":6,\"at\":1,\"gone\":{}}{\"id\":7,\"at\":1,\"gone\":0}"

START_TEST(a_deleted_record_is_marked)
{
	struct dest_stream_spec spec = deleted_spec(DEST_MARK);
	struct dest_stats stats;

	sync_page(&spec, FATES, &stats);
	ck_rows(DB, "SELECT id, v, _ab_cdc_deleted_at = _airbyte_extracted_at FROM t ORDER BY id",
	    "1,NULL,1|2,'back',NULL|3,NULL,1|4,NULL,1|5,NULL,NULL|6,NULL,1|7,NULL,NULL");
	sync_page(&spec,
	    "{\"id\":2,\"at\":4,\"gone\":\"2024-05-06T07:08:09Z\"}{\"id\":1,\"at\":6,\"v\":1}",
	    &stats);
	ck_rows(DB, "SELECT id, _ab_cdc_deleted_at FROM t WHERE id < 3",
	    "1,NULL|2,'2024-05-06T07:08:09Z'");
	ck_assert_int_eq(stats.deleted, 1);
}
END_TEST

START_TEST(a_deleted_record_goes)
{
	struct dest_stream_spec spec = deleted_spec(DEST_REMOVE);

	for (int run = 0; run < 3; run++) {
		sync_page(&spec, FATES, NULL);
		ck_rows(DB, "SELECT id, v, _ab_cdc_deleted_at FROM t ORDER BY id",
		    "2,'back',NULL|5,NULL,NULL|7,NULL,NULL");
	}
	sync_page(
	    &spec, "{\"id\":1,\"at\":7,\"v\":\"again\"}{\"id\":7,\"at\":2,\"gone\":true}", NULL);
	ck_rows(DB, "SELECT id, v FROM t ORDER BY id", "1,'again'|2,'back'|5,NULL");
	/* the end finds them without reading the table */
	ck_rows(DB,
	    "SELECT count(*) FROM sqlite_schema WHERE type = 'index' AND name = '_abhost_gone_t'",
	    "1");
}
END_TEST

/* Older versions may come in later pages, after commits and after a kill: the mark stays until the stream has ended. */
START_TEST(a_removal_waits_for_the_end)
{
	struct dest_stream_spec spec = deleted_spec(DEST_REMOVE);
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &spec);

	put(d, s, "{\"id\":1,\"at\":5,\"gone\":true}");
	commit(d);
	d->ops->close(d);
	sync_page(&spec, "{\"id\":1,\"at\":4,\"v\":\"older\"}{\"id\":2,\"at\":1}", NULL);
	ck_rows(DB, "SELECT id FROM t", "2");
}
END_TEST

START_TEST(a_source_may_say_itself_when)
{
	struct dest_stream_spec spec = deleted_spec(DEST_MARK);

	spec.deleted_field = "_ab_cdc_deleted_at";
	sync_page(&spec,
	    "{\"id\":1,\"at\":1}{\"id\":2,\"at\":1,\"_ab_cdc_deleted_at\":\"2024-01-01\"}", NULL);
	ck_rows(DB, "SELECT id, _ab_cdc_deleted_at FROM t", "1,NULL|2,'2024-01-01'");
	spec.deleted = DEST_REMOVE;
	sync_page(&spec, "{\"id\":3,\"at\":1}", NULL);
	ck_rows(DB, "SELECT id FROM t", "1|3");
}
END_TEST

START_TEST(a_mark_needs_its_name)
{
	struct dest_stream_spec spec = deleted_spec(DEST_KEEP);
	struct dest_stream *s = NULL;
	struct dest *d;

	sync_page(&spec, "{\"id\":1,\"at\":1,\"gone\":true,\"_ab_cdc_deleted_at\":1}", NULL);
	ck_rows(DB, "SELECT id, gone FROM t", "1,1");
	spec.deleted = DEST_MARK;
	d = open_dest(DB);
	ck_fails(d->ops->begin(d, &spec, &s, e), AB_ECONFIG,
	    "have a field _ab_cdc_deleted_at of their own: name that as deleted_field");
	d->ops->close(d);
}
END_TEST

static void
end(void)
{
	use_schema(NULL);
	scratch_end();
}

static Suite *
contract_suite(void)
{
	Suite *s = suite_create("contract");
	TCase *t = tcase_create("contract");

	tcase_add_checked_fixture(t, scratch_begin, end);
	tcase_add_test(t, evolve_loses_nothing);
	tcase_add_test(t, freeze_names_what_broke_it);
	tcase_add_test(t, a_broken_freeze_leaves_a_transaction_that_commits);
	tcase_add_test(t, freeze_names_the_page);
	tcase_add_test(t, discard_row_keeps_the_others);
	tcase_add_test(t, discard_value_tells_of_each);
	tcase_add_test(t, a_key_that_does_not_fit_costs_the_row);
	tcase_add_test(t, a_contract_needs_something_to_hold_to);
	tcase_add_test(t, an_overwrite_is_held_to_the_old_table);
	tcase_add_test(t, a_schema_that_changes_breaks_a_freeze);
	tcase_add_test(t, constants_of_nothing_teach_nothing);
	tcase_add_test(t, constants_keep_the_contract);
	tcase_add_test(t, only_selected_fields_are_written);
	tcase_add_test(t, a_selection_and_a_contract_go_together);
	tcase_add_test(t, a_deleted_record_is_marked);
	tcase_add_test(t, a_deleted_record_goes);
	tcase_add_test(t, a_removal_waits_for_the_end);
	tcase_add_test(t, a_source_may_say_itself_when);
	tcase_add_test(t, a_mark_needs_its_name);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(contract_suite())
