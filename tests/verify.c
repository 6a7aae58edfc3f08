/* Laws of --verify: it never complains of a table that holds what was given, whatever happened on the way; and it finds
 * every change that somebody makes behind its back, with the column. */
#include "dest_help.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "dest/verify.h"

#define DB "x.db"

static const char *const id_path[] = {"id", NULL}, *const k_path[] = {"k", NULL},
			 *const in_path[] = {"o", "in", NULL}, *const at_path[] = {"at", NULL},
			 *const o_at_path[] = {"o", "at", NULL};
static const char *const *const by_id[] = {id_path, NULL},
				*const *const by_both[] = {id_path, k_path, NULL},
				*const *const by_in[] = {in_path, id_path, NULL};

static struct dest_stream_spec
spec_of(enum dest_mode mode)
{
	return (struct dest_stream_spec){.name = "t",
	    .mode = mode,
	    .primary_key = mode == DEST_APPEND_DEDUP ? by_id : NULL,
	    .cursor = mode == DEST_APPEND_DEDUP ? at_path : NULL,
	    .generation_id = 1,
	    .is_refresh = mode == DEST_OVERWRITE,
	    .fresh = 1,
	    .verify = 1};
}

static unsigned long long seed;

static unsigned
dice(unsigned n)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % n;
}

static const char *
value(void)
{
	static const char *const values[] = {"null", "0", "-0", "1", "1.5", "359.40", "1e5",
	    "1e400", "9223372036854775808", "10000000000000000000", "0.1", "true", "false", "\"\"",
	    "\"1\"", "\"1.50\"", "\"true\"", "\"x\"", "\"\\u00e9\\n\"", "\"\\ud800\"",
	    "\"a\\u0000b\"", "[1, 2]", "{\"a\":{}}", "-7", "1e17", "1.7976931348623157e308",
	    "\"2024-01-01T00:00:00Z\""};

	return values[dice(sizeof(values) / sizeof(values[0]))];
}

/* A record: key and cursor mostly well-behaved, the rest not at all. calm: only of types that never change. */
static void
add_record(struct buf *out, int calm)
{
	static const char *const names[] = {"a", "b", "\\u0061", "long name", "B", "c"};
	static const char *const cursors[] = {
	    "18446744073709551615", "9223372036854775808", "1.5", "\"x\""};
	/* what a key inside an object begins with, up to its last digit; its end is a quote */
	static const char *const inner[] = {"\"in\":\"", "\"\\u0069n\":\"", "\"in\":\"a\\u0000",
	    "\"x\":\"\\\"\",\"in\":\"", "\"in\":1844674407370955161,\"y\":\"",
	    "\"in\":18446744073709551615,\"y\":\"", "\"in\":\"18446744073709551615\",\"y\":\"",
	    "\"in\":\"a\\\\u0000"};
	unsigned id = dice(40);

	if (dice(60) == 0 && !calm)
		buf_addf(out, "{\"at\":%s", cursors[dice(4)]);
	else
		buf_addf(out, "{\"at\":%u", dice(30));
	buf_addf(out, ",\"k\":\"%c\"", 'x' + (int)dice(3));
	if (dice(30) == 0)
		buf_adds(out, ",\"id\":null");
	else if (dice(40) == 0 && !calm)
		buf_addf(out, ",\"id\":\"%u\"", id);
	else
		buf_addf(out, ",\"id\":%u", id);
	buf_addf(out, ",\"o\":{%s%u%s,\"at\":%s%u}", calm ? "\"in\":" : inner[dice(8)], dice(5),
	    calm ? "" : "\"", calm || dice(9) ? "" : "1844674407370955161", dice(9));
	if (dice(6) == 0)
		buf_adds(out, dice(2) ? ",\"gone\":true" : ",\"gone\":false");
	for (unsigned n = dice(4); n > 0; n--)
		buf_addf(
		    out, ",\"%s\":%s", names[dice(6)], calm ? dice(2) ? "1" : "null" : value());
	buf_adds(out, "}");
}

/* Never goes back within a stream, and a run begins behind all before it. */
static int64_t us = 1700000000000000;

static void
put_random(struct dest *d, struct dest_stream *s, int calm)
{
	struct buf page;

	buf_init(&page, 1 << 20);
	for (unsigned n = dice(30); n > 0; n--)
		add_record(&page, calm);
	us += 100 * dice(3);
	ck_ok(write_text(d, s, buf_str(&page),
	    dice(8) == 0 ? "{\"constants\":{\"c\":\"k\",\"z\":1}}" : NULL, us, e));
	buf_fini(&page);
}

static void
verify(struct dest *d, struct dest_stream *s)
{
	struct error err = ERROR_INIT;
	int64_t rows;

	ck_assert_msg(d->ops->verify(s, &rows, &err) == AB_OK, "seed %llu: %s", seed, err.text);
}

/* Pages, commits, rollbacks, streams that begin again, reads that are taken back; then the end. */
static void
random_run(const struct dest_stream_spec *spec, int calm)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, spec);
	struct dest_stream_spec again = *spec;

	again.fresh = 0;
	us += 100;
	for (unsigned n = dice(12); n > 0; n--) {
		switch (dice(8)) {
		case 0:
			commit(d);
			break;
		case 1:
			d->ops->rollback(d);
			s = begin_stream(d, &again);
			break;
		case 2:
			if (spec->mode == DEST_APPEND && dice(2))
				ck_ok(d->ops->discard(s, 1700000000000000 + (int64_t)dice(200),
				    (int)dice(100) - 1, e));
			else if (dice(3) == 0)
				s = begin_stream(d, dice(2) ? spec : &again);
			break;
		default:
			put_random(d, s, calm);
		}
	}
	ck_ok(d->ops->finish(s, e));
	commit(d);
	verify(d, s);
	d->ops->close(d);
}

START_TEST(a_table_that_is_right_is_right)
{
	static const enum dest_contract contracts[] = {
	    DEST_EVOLVE, DEST_DISCARD_ROW, DEST_DISCARD_VALUE, DEST_EVOLVE};
	static const char *const columns[] = {"id", "at", "a", "k", "o", "gone", NULL};

	seed = (unsigned long long)_i * 7919 + 1;
	for (int run = 0; run < 4; run++) {
		struct dest_stream_spec spec = spec_of((enum dest_mode)(_i % 3));

		if (spec.mode == DEST_APPEND_DEDUP) {
			const char *const *const *const keys[] = {by_id, by_both, by_in};
			const char *const *const cursors[] = {at_path, o_at_path, NULL};

			spec.primary_key = keys[_i / 3 % 3];
			spec.cursor = cursors[_i / 9 % 3];
			spec.deleted_field = "gone";
			spec.deleted = (enum dest_deleted)(_i / 27 % 3);
		}
		spec.contract = contracts[_i / 5 % 4];
		spec.columns = _i % 7 == 0 ? columns : NULL;
		spec.generation_id = run + 1;
		spec.is_refresh = spec.mode == DEST_OVERWRITE || dice(3) == 0;
		random_run(&spec, _i % 2);
	}
}
END_TEST

/* Three records of a mode, a change from another connection, and what must be said of it. */
static void
tamper(enum dest_mode mode, const char *sql, const char *has)
{
	struct dest_stream_spec spec = spec_of(mode);
	struct dest *d;
	struct dest_stream *s;
	int64_t n;

	remove(DB);
	d = open_dest(DB);
	s = begin_stream(d, &spec);
	put(d, s,
	    "{\"id\":1,\"at\":1,\"v\":1.5,\"w\":\"x\"}{\"id\":2,\"at\":1,\"v\":2.5,\"w\":\"y\"}");
	commit(d);
	put(d, s, "{\"id\":3,\"at\":2,\"v\":true,\"w\":null}{\"id\":null,\"at\":2,\"w\":\"z\"}");
	ck_ok(d->ops->finish(s, e));
	commit(d);
	ck_ok(d->ops->verify(s, &n, e));
	ck_assert_int_eq(n, 4);
	ck_rows(DB, sql, "");
	if (has == NULL)
		ck_ok(d->ops->verify(s, &n, e));
	else
		ck_fails(d->ops->verify(s, &n, e), AB_EDATA, has);
	d->ops->close(d);
}

START_TEST(every_change_is_found)
{
	static const struct {
		const char *sql, *append, *dedup;
	} cases[] = {
	    {"UPDATE t SET w = 'X' WHERE id = 1",
		"column \"w\" differs (4 rows were given, 4 are there)",
		"of 3 keys 1 differ, the first one in column \"w\""},
	    {"UPDATE t SET v = NULL WHERE id = 2", "column \"v\"", "column \"v\""},
	    {"UPDATE t SET w = '' WHERE id = 3", "column \"w\"", "column \"w\""},
	    {"UPDATE t SET v = '2.25' WHERE id = 2", "column \"v\"", "column \"v\""},
	    {"DELETE FROM t WHERE id = 2", "(4 rows were given, 3 are there)",
		"the first one in that it is there"},
	    {"DELETE FROM t WHERE id IS NULL", "(4 rows were given, 3 are there)",
		"(1 rows were given, 0 are there)"},
	    {"INSERT INTO t (w) VALUES ('z')", "(4 rows were given, 5 are there)",
		"(1 rows were given, 2 are there)"},
	    /* what stands together */
	    {"UPDATE t SET w = CASE id WHEN 1 THEN 'y' ELSE 'x' END WHERE id < 3",
		"values stand in the wrong rows",
		"of 3 keys 2 differ, the first one in column \"w\""},
	    {"UPDATE t SET _airbyte_extracted_at = '2020-01-01T00:00:00.000000Z' WHERE id = 1",
		"column \"_airbyte_extracted_at\"", "column \"_airbyte_extracted_at\""},
	    {"UPDATE t SET _airbyte_generation_id = 2 WHERE id = 1", "\"_airbyte_generation_id\"",
		"\"_airbyte_generation_id\""},
	    {"UPDATE t SET _airbyte_meta = '{\"changes\":[]}' WHERE id = 1", "\"_airbyte_meta\"",
		"\"_airbyte_meta\""},
	    /* the same value, stored in another way */
	    {"UPDATE t SET v = '1.50' WHERE id = 1", NULL, NULL},
	    {"VACUUM", NULL, NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		tamper(DEST_APPEND, cases[i].sql, cases[i].append);
		tamper(DEST_OVERWRITE, cases[i].sql, cases[i].append);
		tamper(DEST_APPEND_DEDUP, cases[i].sql, cases[i].dedup);
	}
}
END_TEST

/* Rows of other runs are not this one's to judge, and a newer one of an earlier run rightly stays. */
START_TEST(earlier_rows_are_not_compared)
{
	struct dest_stream_spec spec = spec_of(DEST_APPEND_DEDUP);
	struct dest_stream *s;
	struct dest *d = open_dest(DB);
	int64_t n;

	s = begin_stream(d, &spec);
	put(d, s, "{\"id\":1,\"at\":9,\"v\":1}{\"id\":2,\"at\":1,\"v\":2}{\"id\":7,\"at\":1}");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "UPDATE t SET v = 'changed' WHERE id = 7", "");
	d = open_dest(DB);
	spec.generation_id = 2;
	spec.fresh = 0;
	s = begin_stream(d, &spec);
	put(d, s, "{\"id\":1,\"at\":8,\"v\":3}{\"id\":2,\"at\":1,\"v\":4}");
	commit(d);
	ck_ok(d->ops->verify(s, &n, e));
	ck_assert_int_eq(n, 2);
	/* but not an older one */
	ck_rows(DB, "UPDATE t SET at = 7 WHERE id = 1", "");
	ck_fails(d->ops->verify(s, &n, e), AB_EDATA, "of 2 keys 1 differ");
	d->ops->close(d);
}
END_TEST

START_TEST(what_was_rolled_back_was_not_given)
{
	struct dest_stream_spec spec = spec_of(DEST_APPEND_DEDUP);
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &spec);
	int64_t n;

	put(d, s, "{\"id\":1,\"at\":1}");
	commit(d);
	put(d, s, "{\"id\":1,\"at\":2}{\"id\":2,\"at\":2}{\"id\":null}");
	d->ops->rollback(d);
	ck_ok(d->ops->verify(s, &n, e));
	ck_assert_int_eq(n, 1);
	d->ops->close(d);
}
END_TEST

static uint64_t
hash_of(const char *literal)
{
	char bytes[256] = {0};
	struct scan scan;
	struct buf scratch;
	uint64_t out;

	snprintf(bytes, sizeof(bytes) - SCAN_PADDING, "{\"k\":%s}", literal);
	scan_init(&scan);
	buf_init(&scratch, 1024);
	ck_ok(scan_page(&scan, bytes, strlen(bytes), e));
	ck_assert_int_eq(verify_field(&scratch, &scan.fields[0], bytes, &out), 0);
	scan_fini(&scan);
	buf_fini(&scratch);
	return out;
}

/* What was read may be taken back before the table has the column that a new schema promises. */
START_TEST(a_column_that_is_still_to_come_is_null)
{
	json_t *schema = json_loads("{\"properties\":{\"new\":{\"type\":\"integer\"}}}", 0, NULL);

	for (int dedup = 0; dedup < 2; dedup++) {
		struct dest_stream_spec spec = spec_of(dedup ? DEST_APPEND_DEDUP : DEST_APPEND);
		struct dest_stream *s;
		struct dest *d = open_dest(DB);

		if (dedup)
			spec.primary_key = by_in;
		s = begin_stream(d, &spec);
		us += 100;
		ck_ok(write_text(d, s, "{\"id\":1}", NULL, us, e));
		commit(d);
		d->ops->close(d);
		d = open_dest(DB);
		spec.schema = schema;
		s = begin_stream(d, &spec);
		ck_ok(d->ops->discard(s, us, DEST_NO_LANE, e));
		ck_ok(write_text(d, s, "{\"id\":1,\"new\":2}", NULL, us + 1, e));
		ck_ok(d->ops->finish(s, e));
		commit(d);
		verify(d, s);
		d->ops->close(d);
		ck_rows(DB, "SELECT id, new FROM t", "1,2");
		remove(DB);
	}
	json_decref(schema);
}
END_TEST

/* An interrupted run has left the newer version, which is marked: this one gives an older one, and the row goes. */
START_TEST(what_an_earlier_run_has_marked_may_go)
{
	struct dest_stream_spec spec = spec_of(DEST_APPEND_DEDUP);
	struct dest_stream *s;
	struct dest *d;

	spec.deleted_field = "gone";
	spec.deleted = DEST_REMOVE;
	for (int run = 0; run < 2; run++) {
		d = open_dest(DB);
		s = begin_stream(d, &spec);
		us += 100;
		ck_ok(write_text(d, s,
		    run ? "{\"id\":1,\"at\":4}{\"id\":2,\"at\":9}"
			: "{\"id\":1,\"at\":5,\"gone\":true}",
		    NULL, us, e));
		if (run)
			ck_ok(d->ops->finish(s, e));
		commit(d);
		if (run)
			verify(d, s);
		d->ops->close(d);
	}
	ck_rows(DB, "SELECT id FROM t", "2");
}
END_TEST

START_TEST(a_hash_is_of_the_value)
{
	static const char *const same[][2] = {{"5", "\"5\""}, {"5", "5.0"}, {"-0", "0"},
	    {"1e5", "100000"}, {"359.40", "\"359.4\""}, {"true", "\"true\""},
	    {"\"\\u0061\"", "\"a\""}, {"1e17", "100000000000000000"}};
	static const char *const differ[][2] = {{"5", "6"}, {"\"05\"", "5"}, {"\"\"", "null"},
	    {"0", "false"}, {"9223372036854775807", "9223372036854775808"},
	    {"0.1", "0.10000000000000002"}, {"1e400", "1e401"}, {"\" 5\"", "5"}, {"\"1.\"", "1"},
	    {"[]", "{}"}, {"\"a\"", "\"a\\u0000\""}};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		ck_assert_msg(hash_of(same[i][0]) == hash_of(same[i][1]), "%s", same[i][0]);
	for (size_t i = 0; i < sizeof(differ) / sizeof(differ[0]); i++)
		ck_assert_msg(hash_of(differ[i][0]) != hash_of(differ[i][1]), "%s", differ[i][0]);
	ck_assert_uint_eq(verify_int(5), hash_of("5"));
	ck_assert_uint_eq(verify_real(359.4), hash_of("359.40"));
	ck_assert_uint_eq(verify_bool(1), hash_of("true"));
}
END_TEST

static Suite *
verify_suite(void)
{
	Suite *s = suite_create("verify");
	TCase *t = tcase_create("verify");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_loop_test(t, a_table_that_is_right_is_right, 0, 180);
	tcase_add_test(t, every_change_is_found);
	tcase_add_test(t, earlier_rows_are_not_compared);
	tcase_add_test(t, what_was_rolled_back_was_not_given);
	tcase_add_test(t, a_column_that_is_still_to_come_is_null);
	tcase_add_test(t, what_an_earlier_run_has_marked_may_go);
	tcase_add_test(t, a_hash_is_of_the_value);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(verify_suite())
