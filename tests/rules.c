/* The rules of docs/schema.md, each as SQLite's destination keeps it: what a field is called, which type its column has,
 * what becomes of a value that is out of the ordinary. */
#include "dest_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define DB "x.db"

static const char *const id_path[] = {"id", NULL};
static const char *const *const by_id[] = {id_path, NULL};
static const struct dest_stream_spec append = {
    .name = "t", .mode = DEST_APPEND, .generation_id = 1};

static void
sync_pages(const struct dest_stream_spec *spec, struct dest_stats *stats, const char *const *pages)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, spec);

	for (; *pages != NULL; pages++)
		put(d, s, *pages);
	ck_ok(d->ops->finish(s, e));
	commit(d);
	if (stats != NULL)
		d->ops->stats(s, stats);
	d->ops->close(d);
}

#define SYNC(spec, stats, ...) sync_pages(spec, stats, (const char *const[]){__VA_ARGS__, NULL})
#define TYPES \
	"SELECT name, type FROM pragma_table_info('t') WHERE name NOT LIKE '\\_airbyte%' ESCAPE '\\'"

START_TEST(a_field_that_is_gone_is_null)
{
	SYNC(&append, NULL, "{\"a\":1,\"b\":\"x\"}", "{\"a\":2}");
	SYNC(&append, NULL, "{\"a\":3}");
	ck_rows(DB, "SELECT a, b FROM t", "1,'x'|2,NULL|3,NULL");
}
END_TEST

START_TEST(a_schema_that_changes_its_mind_widens)
{
	json_t *one = json_loads("{\"properties\":{\"a\":{\"type\":\"integer\"}}}", 0, NULL);
	json_t *two =
	    json_loads("{\"properties\":{\"a\":{\"type\":\"string\"},\"b\":{}}}", 0, NULL);
	struct dest_stream_spec spec = append;

	spec.schema = one;
	SYNC(&spec, NULL, "{\"a\":1}");
	spec.schema = two;
	SYNC(&spec, NULL, "{\"a\":\"x\"}");
	spec.schema = one;
	SYNC(&spec, NULL, "{\"a\":2}");
	ck_rows(DB, "SELECT a FROM t", "'1'|'x'|'2'");
	ck_rows(DB, TYPES, "'a','TEXT'|'b',''");
	json_decref(one);
	json_decref(two);
}
END_TEST

START_TEST(a_schema_that_lies_loses_nothing)
{
	json_t *schema = json_loads(
	    "{\"properties\":{\"i\":{\"type\":\"integer\"},\"b\":{\"type\":\"boolean\"},"
	    "\"o\":{\"type\":\"object\"},\"n\":{\"type\":\"number\"}},\"required\":[\"z\"]}",
	    0, NULL);
	struct dest_stream_spec spec = append;

	spec.schema = schema;
	SYNC(&spec, NULL, "{\"i\":1,\"b\":true,\"o\":{},\"n\":1.5}",
	    "{\"i\":1.5,\"b\":\"yes\",\"o\":7,\"n\":[1]}");
	ck_rows(DB, "SELECT i, b, o, n FROM t", "1,'true','{}','1.5'|1.5,'yes','7','[1]'");
	json_decref(schema);
}
END_TEST

START_TEST(reserved_words_are_names_like_any)
{
	struct dest_stream_spec spec = append;

	spec.name = "select";
	SYNC(&spec, NULL,
	    "{\"order\":1,\"group\":2,\"rowid\":\"x\",\"NULL\":3,\"a b\":4,\"c\\\"d\":5,\"e.f\":6,\"'\":7,\"--\":8}");
	ck_rows(DB,
	    "SELECT \"order\", \"group\", \"rowid\", \"NULL\", \"a b\", \"c\"\"d\", \"e.f\", \"'\", \"--\""
	    " FROM \"select\"",
	    "1,2,'x',3,4,5,6,7,8");
}
END_TEST

/* Rows are numbered by whatever name of the number no field has; where all are taken, that is told. */
START_TEST(names_of_the_rows_number)
{
	struct dest_stream_spec dedup = {
	    .name = "t", .mode = DEST_APPEND_DEDUP, .primary_key = by_id, .generation_id = 1};
	struct dest_stream *s;
	struct dest *d;

	SYNC(&append, NULL, "{\"id\":1,\"rowid\":7,\"OID\":7}{\"id\":1,\"rowid\":8,\"OID\":8}");
	SYNC(&dedup, NULL, "{\"id\":2}");
	ck_rows(DB, "SELECT id, \"rowid\" FROM t ORDER BY id", "1,8|2,NULL");
	SYNC(&append, NULL, "{\"id\":1,\"_rowid_\":7}");
	d = open_dest(DB);
	ck_fails(d->ops->begin(d, &dedup, &s, e), AB_EUNSUPPORTED,
	    "has columns called rowid, _rowid_ and oid");
	d->ops->close(d);
}
END_TEST

START_TEST(names_that_meet_keep_apart_for_ever)
{
	SYNC(&append, NULL,
	    "{\"Ab\":1,\"aB\":2,\"ab\":3,\"a\\tb\":4,\"a_b\":5,\"\":6,\"_empty\":7}");
	SYNC(&append, NULL,
	    "{\"_empty\":17,\"a_b\":15,\"ab\":13,\"\":16,\"aB\":12,\"a\\tb\":14,\"Ab\":11}");
	ck_rows(DB, "SELECT Ab, aB_2, ab_3, a_b, a_b_2, _empty, _empty_2 FROM t",
	    "1,2,3,4,5,6,7|11,12,13,14,15,16,17");
}
END_TEST

START_TEST(long_names)
{
	char page[16384], name[3000];
	struct dest_stream_spec spec = append;

	memset(name, 'n', sizeof(name));
	name[64] = '\0'; /* beyond PostgreSQL's 63: whole */
	snprintf(page, sizeof(page), "{\"%s\":1}", name);
	SYNC(&append, NULL, page);
	ck_assert_ptr_nonnull(strstr(rows(DB, TYPES), name));
	name[64] = 'n';
	name[1000] = '\0';
	spec.name = name;
	snprintf(page, sizeof(page), "{\"%s\":1,\"%sn\":2,\"%so\":3}", name, name, name);
	SYNC(&spec, NULL, page, page);
	name[1000] = 'n';
	name[1001] = '\0';
	SYNC(&spec, NULL, page);
	ck_rows(DB,
	    "SELECT group_concat(length(name)) FROM sqlite_schema WHERE name LIKE 'nnn%' ORDER BY 1",
	    "'1000,1000'");
	ck_rows(DB,
	    "SELECT max(length(name)), count(DISTINCT name) FROM pragma_table_info((SELECT name FROM"
	    " sqlite_schema WHERE name LIKE 'nnn%' LIMIT 1)) WHERE name LIKE 'nnn%'",
	    "1000,3");
}
END_TEST

START_TEST(a_key_is_what_it_means)
{
	struct dest_stats stats;

	SYNC(&append, &stats, "{\"a\":1}{\"\\u0061\":2}{\"a\":3,\"\\u0061\":4}",
	    "{\"\\ud83d\\ude00\":5}{\"\xf0\x9f\x98\x80\":6}");
	ck_rows(DB, "SELECT a, \"\xf0\x9f\x98\x80\" FROM t", "1,NULL|2,NULL|4,NULL|NULL,5|NULL,6");
	ck_assert_int_eq(stats.duplicate_keys, 1);
}
END_TEST

/* Halves of pairs that differ must not become one U+FFFD. */
START_TEST(half_a_character_in_a_key)
{
	struct dest_stats stats;

	SYNC(&append, &stats, "{\"\\ud800\":1,\"\\udfff\":2}");
	ck_rows(DB, "SELECT \"\\ud800\", \"\\udfff\" FROM t", "1,2");
	ck_assert_int_eq(stats.duplicate_keys, 0);
}
END_TEST

START_TEST(half_a_character_in_a_value)
{
	static const char told[] = "'{\"changes\":[{\"field\":\"a\",\"change\":\"TRUNCATED\","
				   "\"reason\":\"DESTINATION_SERIALIZATION_ERROR\"}]}'";
	struct dest_stats stats;
	char want[512];

	SYNC(&append, &stats,
	    "{\"a\":\"x\\ud800y\",\"b\":[\"\\ud800\"]}{\"a\":\"\\ud83d\\ude00\"}{\"a\":\"\\ude00\\ud83d\"}{\"a\":\"z\"}");
	snprintf(want, sizeof(want),
	    "'x\xef\xbf\xbdy','[\"\\ud800\"]',%s|'\xf0\x9f\x98\x80',NULL,'{}'|"
	    "'\xef\xbf\xbd\xef\xbf\xbd',NULL,%s|'z',NULL,'{}'",
	    told, told);
	ck_rows(DB, "SELECT a, b, _airbyte_meta FROM t", want);
	ck_assert_int_eq(stats.truncated, 2);
}
END_TEST

START_TEST(the_last_of_equal_keys_counts)
{
	struct dest_stats stats;

	SYNC(&append, &stats, "{\"a\":1,\"b\":2,\"a\":3}{\"a\":4,\"b\":5,\"a\":6}{\"b\":7}",
	    "{\"b\":1,\"b\":2,\"b\":null}");
	ck_rows(DB, "SELECT a, b FROM t", "3,2|6,5|NULL,7|NULL,NULL");
	ck_assert_int_eq(stats.duplicate_keys, 4);
}
END_TEST

/* 2,500 of them: as many columns as SQLite has, and the others in one. */
static char *
wide_record(int n, const char *more)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < n; i++)
		buf_addf(&text, "%c\"f%d\":%d", i == 0 ? '{' : ',', i, i);
	buf_addf(&text, "%s}", more);
	ck_assert(!text.failed);
	return buf_steal(&text);
}

START_TEST(more_fields_than_columns)
{
	char *page = wide_record(2500, ",\"f2499\":-1,\"\\u00662498\":-2,\"f0\":-3");
	struct dest_stats stats;

	SYNC(&append, &stats, page, page);
	ck_rows(DB,
	    "SELECT f0, f1995, _abhost_more->>'f1996', _abhost_more->>'f2499', _abhost_more->>'f2498',"
	    " (SELECT count(*) FROM json_each(_abhost_more)) FROM t",
	    "-3,1995,1996,-1,-2,504|-3,1995,1996,-1,-2,504");
	ck_rows(DB, "SELECT count(*) FROM pragma_table_info('t')", "2000");
	ck_assert_int_eq(stats.duplicate_keys, 6);
	free(page);
}
END_TEST

START_TEST(a_schema_of_more_fields_than_columns)
{
	struct dest_stream_spec spec = append;
	json_t *properties = json_object();
	char *page = wide_record(2500, ""), name[16];

	for (int i = 0; i < 2500; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		json_object_set_new(properties, name, json_pack("{s:s}", "type", "integer"));
	}
	spec.schema = json_pack("{s:o}", "properties", properties);
	/* beyond the columns, a contract does not tell new from known */
	spec.contract = DEST_FREEZE;
	SYNC(&spec, NULL, page);
	SYNC(&spec, NULL, page);
	ck_rows(DB, "SELECT f1995, _abhost_more->>'f2499' FROM t", "1995,2499|1995,2499");
	json_decref((json_t *)(uintptr_t)spec.schema);
	free(page);
}
END_TEST

START_TEST(numbers_stay_what_they_were)
{
	char page[1024], digits[402];

	memset(digits, '7', 400);
	digits[400] = '\0';
	/* within int64, beyond it, and -0 */
	SYNC(&append, NULL,
	    "{\"i\":9223372036854775807}{\"i\":-9223372036854775808}{\"i\":-0}{\"i\":0}");
	ck_rows(DB, "SELECT i FROM t", "9223372036854775807|-9223372036854775808|0|0");
	ck_rows(DB, TYPES, "'i','INTEGER'");
	snprintf(page, sizeof(page),
	    "{\"big\":1,\"digits\":%s,\"e\":1e400,\"tiny\":1e-400,\"z\":-0.0,\"t\":-0,\"d\":0.1}",
	    digits);
	SYNC(&append, NULL, page,
	    "{\"big\":9223372036854775808}{\"big\":18446744073709551615}{\"t\":\"x\"}{\"t\":-0}");
	snprintf(page, sizeof(page), "'%s','1e400','1e-400',0,'0',0.10000000000000001", digits);
	ck_rows(DB, "SELECT digits, e, tiny, z, t, d FROM t WHERE digits IS NOT NULL", page);
	ck_rows(DB, "SELECT big FROM t WHERE big IS NOT NULL",
	    "'1'|'9223372036854775808'|'18446744073709551615'");
	ck_rows(DB, "SELECT t FROM t WHERE t IS NOT NULL", "'0'|'x'|'-0'");
}
END_TEST

/* As keys, too: -0 is 0, whatever way a batch takes. */
START_TEST(minus_zero_is_the_key_zero)
{
	struct dest_stream_spec dedup = {
	    .name = "t", .mode = DEST_APPEND_DEDUP, .primary_key = by_id, .generation_id = 1};

	SYNC(&dedup, NULL,
	    "{\"id\":5,\"v\":0}{\"id\":0,\"v\":1}{\"id\":-0,\"v\":2}{\"id\":-1,\"v\":3}{\"id\":0,\"v\":4}"
	    "{\"id\":-0,\"v\":5}");
	ck_rows(DB, "SELECT id, v FROM t", "-1,3|0,5|5,0");
	ck_rows(DB, "SELECT type FROM pragma_table_info('t') WHERE name = 'id'", "'INTEGER'");
}
END_TEST

START_TEST(nul_is_a_character)
{
	SYNC(&append, NULL, "{\"a\":\"x\\u0000y\",\"k\\u0000\":1}{\"a\":\"\\u0000\"}");
	ck_rows(DB, "SELECT a, k_ FROM t", "'x<NUL>y',1|'<NUL>',NULL");
}
END_TEST

START_TEST(a_time_that_is_none_stays_a_text)
{
	json_t *schema = json_loads(
	    "{\"properties\":{\"at\":{\"type\":\"string\",\"format\":\"date-time\"}}}", 0, NULL);
	struct dest_stream_spec spec = {.name = "t",
	    .mode = DEST_APPEND_DEDUP,
	    .primary_key = by_id,
	    .cursor = (const char *const[]){"at", NULL},
	    .generation_id = 1,
	    .schema = schema,
	    .contract = DEST_FREEZE};

	SYNC(&spec, NULL,
	    "{\"id\":1,\"at\":\"0000-00-00\"}{\"id\":2,\"at\":\"2024-02-30T25:61:00Z\"}"
	    "{\"id\":3,\"at\":\"292277026596-12-04\"}{\"id\":4,\"at\":\"-4712-01-01T00:00:00Z\"}"
	    "{\"id\":5,\"at\":\"9999-12-31T23:59:60Z\"}{\"id\":6,\"at\":\"\"}");
	ck_rows(DB, "SELECT at FROM t ORDER BY id",
	    "'0000-00-00'|'2024-02-30T25:61:00Z'|'292277026596-12-04'|'-4712-01-01T00:00:00Z'|"
	    "'9999-12-31T23:59:60Z'|''");
	json_decref(schema);
}
END_TEST

static Suite *
rules_suite(void)
{
	Suite *s = suite_create("rules");
	TCase *t = tcase_create("rules");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, a_field_that_is_gone_is_null);
	tcase_add_test(t, a_schema_that_changes_its_mind_widens);
	tcase_add_test(t, a_schema_that_lies_loses_nothing);
	tcase_add_test(t, reserved_words_are_names_like_any);
	tcase_add_test(t, names_of_the_rows_number);
	tcase_add_test(t, names_that_meet_keep_apart_for_ever);
	tcase_add_test(t, long_names);
	tcase_add_test(t, a_key_is_what_it_means);
	tcase_add_test(t, half_a_character_in_a_key);
	tcase_add_test(t, half_a_character_in_a_value);
	tcase_add_test(t, the_last_of_equal_keys_counts);
	tcase_add_test(t, more_fields_than_columns);
	tcase_add_test(t, a_schema_of_more_fields_than_columns);
	tcase_add_test(t, numbers_stay_what_they_were);
	tcase_add_test(t, minus_zero_is_the_key_zero);
	tcase_add_test(t, nul_is_a_character);
	tcase_add_test(t, a_time_that_is_none_stays_a_text);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(rules_suite())
