/* Laws of what others make in a file: columns, indexes, views and triggers of theirs stay as they are, or are named where
 * they are in the way, and what is in one stream's way is not in another's. */
#include "dest_help.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#define DB "x.db"

static const struct dest_stream_spec append = {
    .name = "t", .mode = DEST_APPEND, .generation_id = 1};

static void
sync_text(const struct dest_stream_spec *spec, const char *records)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, spec);

	put(d, s, records);
	ck_ok(d->ops->finish(s, e));
	commit(d);
	d->ops->close(d);
}

/* The first column becomes TEXT, so that the table is written anew. */
START_TEST(columns_keep_what_was_declared_of_them)
{
	static const char *const quotes[] = {"mine", "\"mine\"", "[mine]", "`mine`", "'mine'"};
	char sql[512];

	for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
		unlink(DB);
		sync_text(&append, "{\"a\":1,\"v\":\"x\"}");
		snprintf(sql, sizeof(sql),
		    "ALTER TABLE t ADD COLUMN %s TEXT -- mine, (\n DEFAULT 'a, b) (' NOT NULL /* ), */ CHECK (length(%s) < 9)",
		    quotes[i], quotes[i]);
		ck_rows(DB, sql, "");
		ck_rows(DB,
		    "ALTER TABLE t ADD COLUMN \"a \"\"quoted\"\" one\" AS (v || '!,)') VIRTUAL",
		    "");
		ck_rows(DB, "ALTER TABLE t ADD COLUMN \"mine two\" DEFAULT 7", "");
		sync_text(&append, "{\"a\":\"z\",\"v\":\"y\"}");
		ck_rows(DB, "SELECT a, mine, \"a \"\"quoted\"\" one\", \"mine two\" FROM t",
		    "'1','a, b) (','x!,)',7|'z','a, b) (','y!,)',7");
		ck_rows(DB,
		    "SELECT count(*) FROM pragma_table_info('t') WHERE name = 'mine' AND \"notnull\"",
		    "1");
		ck_rows(DB, "PRAGMA integrity_check", "'ok'");
	}
}
END_TEST

START_TEST(a_name_is_not_the_beginning_of_another)
{
	sync_text(&append, "{\"a\":1}");
	ck_rows(DB, "ALTER TABLE t ADD COLUMN \"mi\"\"ne\" DEFAULT 'no'", "");
	ck_rows(DB, "ALTER TABLE t ADD COLUMN mi DEFAULT 'yes'", "");
	sync_text(&append, "{\"a\":\"z\"}");
	ck_rows(DB, "SELECT a, \"mi\"\"ne\", mi FROM t", "'1','no','yes'|'z','no','yes'");
}
END_TEST

/* Somebody made the table anew, with a key of his own, where ours is to stand. */
START_TEST(a_column_that_cannot_stay_what_it_was_keeps_its_values)
{
	static const char *const path[] = {"a", NULL}, *const *const key[] = {path, NULL};
	struct dest_stream_spec dedup = append;

	sync_text(&append, "{\"a\":1,\"v\":5}");
	ck_rows(DB, "ALTER TABLE t RENAME TO old", "");
	ck_rows(DB,
	    "CREATE TABLE t (a INTEGER, v INTEGER, _airbyte_extracted_at TEXT, _airbyte_meta TEXT,"
	    " _airbyte_generation_id INTEGER, mine INTEGER PRIMARY KEY)",
	    "");
	ck_rows(DB, "INSERT INTO t SELECT *, 40 FROM old", "");
	sync_text(&append, "{\"a\":2,\"v\":\"z\"}");
	ck_rows(DB, "SELECT a, v, mine FROM t", "1,'5',40|2,'z',41");
	dedup.mode = DEST_APPEND_DEDUP;
	dedup.primary_key = key;
	sync_text(&dedup, "{\"a\":2,\"v\":\"new\"}");
	ck_rows(DB, "SELECT a, v, mine FROM t", "1,'5',40|2,'new',41");
}
END_TEST

START_TEST(a_generated_column_has_its_name)
{
	sync_text(&append, "{\"a\":1}");
	ck_rows(DB, "ALTER TABLE t ADD COLUMN twice AS (a * 2) VIRTUAL", "");
	sync_text(&append, "{\"a\":2,\"twice\":\"two\"}");
	ck_rows(DB, "SELECT a, twice, twice_2 FROM t", "1,2,NULL|2,4,'two'");
}
END_TEST

/* What takes the rows of an interrupted copy back looks at our columns. */
START_TEST(a_column_of_ours_that_is_gone_is_made_again_at_once)
{
	struct dest_stream_spec spec = append;

	spec.is_refresh = spec.fresh = 1;
	sync_text(&append, "{\"a\":1}");
	ck_rows(DB, "ALTER TABLE t DROP COLUMN _airbyte_generation_id", "");
	spec.generation_id = 2;
	sync_text(&spec, "{\"a\":2}");
	ck_rows(DB, "SELECT a, _airbyte_generation_id FROM t", "1,NULL|2,2");
}
END_TEST

START_TEST(what_has_a_streams_name_is_told)
{
	static const char *const sql[] = {
	    "CREATE INDEX mine ON t (a)", "CREATE VIEW mine AS SELECT 1"};
	struct dest_stream_spec spec = append;

	spec.name = "mine";
	for (int i = 0; i < 2; i++) {
		struct dest_stream *s = NULL;
		struct dest *d;

		unlink(DB);
		sync_text(&append, "{\"a\":1}");
		ck_rows(DB, sql[i], "");
		d = open_dest(DB);
		put(d, begin_stream(d, &append), "{\"a\":2}");
		ck_fails(d->ops->begin(d, &spec, &s, e), AB_ECONFIG,
		    "has a table, view or index \"mine\" that abhost did not make");
		commit(d);
		d->ops->close(d);
		ck_rows(DB, "SELECT a FROM t", "1|2");
	}
}
END_TEST

START_TEST(a_view_in_the_place_of_a_table_is_told)
{
	struct dest_stream *s = NULL;
	struct dest *d;

	sync_text(&append, "{\"a\":1}");
	ck_rows(DB, "ALTER TABLE t RENAME TO mine", "");
	ck_rows(DB, "CREATE VIEW t AS SELECT * FROM mine", "");
	d = open_dest(DB);
	ck_fails(d->ops->begin(d, &append, &s, e), AB_ECONFIG,
	    "has a table, view or index \"t\" that abhost did not make");
	d->ops->close(d);
}
END_TEST

/* AB_EDATA: the stream is dropped by itself, and the others' rows are still there. */
START_TEST(what_a_constraint_refuses_is_told)
{
	static const char *const sql[] = {"CREATE UNIQUE INDEX mine ON t (a)",
	    "CREATE TRIGGER mine BEFORE INSERT ON t BEGIN SELECT RAISE(ABORT, 'no more'); END"};
	static const char *const words[] = {
	    "stream t: x.db does not take what a stream has (UNIQUE constraint failed: t.a)",
	    "stream t: x.db does not take what a stream has (no more)"};
	struct dest_stream_spec other = append;

	other.name = "u";
	for (int i = 0; i < 2; i++) {
		struct dest_stream *s, *u;
		struct dest *d;

		unlink(DB);
		sync_text(&append, "{\"a\":1}");
		ck_rows(DB, sql[i], "");
		d = open_dest(DB);
		u = begin_stream(d, &other);
		s = begin_stream(d, &append);
		put(d, u, "{\"a\":5}");
		ck_fails(
		    write_text(d, s, "{\"a\":1}", NULL, 1700000000000000, e), AB_EDATA, words[i]);
		commit(d);
		d->ops->close(d);
		ck_rows(DB, "SELECT a FROM u", "5");
		ck_rows(DB, "SELECT a FROM t", "1");
	}
}
END_TEST

/* Then all that was not committed is gone, of all streams: nothing may be committed behind that. */
START_TEST(a_trigger_that_rolls_back_ends_all)
{
	struct dest_stream *s;
	struct dest *d;

	sync_text(&append, "{\"a\":1}");
	ck_rows(DB,
	    "CREATE TRIGGER mine BEFORE INSERT ON t BEGIN SELECT RAISE(ROLLBACK, 'all of it'); END",
	    "");
	d = open_dest(DB);
	s = begin_stream(d, &append);
	ck_fails(
	    write_text(d, s, "{\"a\":2}", NULL, 1700000000000000, e), AB_ECONFIG, "(all of it)");
	d->ops->close(d);
}
END_TEST

/* For SQLite a name that begins with "file:" is an address: of another file than the one that is locked, or of none. */
START_TEST(a_name_is_no_address)
{
	struct dest *d;
	struct stat st;

	d = open_dest("sqlite:file::memory:");
	put(d, begin_stream(d, &append), "{\"a\":1}");
	commit(d);
	d->ops->close(d);
	ck_rows("./file::memory:", "SELECT a FROM t", "1");
	d = open_dest("sqlite:file:a%20b.db?journal=wal");
	put(d, begin_stream(d, &append), "{\"a\":2}");
	commit(d);
	d->ops->close(d);
	ck_rows("./file:a%20b.db", "SELECT a FROM t", "2");
	ck_assert_int_ne(stat("a b.db", &st), 0);
	ck_fails(
	    dest_open("sqlite:?journal=wal", "test", NULL, 0, &d, e), AB_ECONFIG, "names no file");
}
END_TEST

/* SQLite does not say why a write of a commit failed. */
START_TEST(a_limit_of_file_sizes_is_named)
{
	static const char *const places[] = {DB, "w.db?journal=wal"};
	struct rlimit none, few = {200000, RLIM_INFINITY};
	char text[4000];

	ck_assert_ptr_ne(signal(SIGXFSZ, SIG_IGN), SIG_ERR);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &none), 0);
	few.rlim_max = none.rlim_max;
	snprintf(text, sizeof(text), "{\"a\":\"%03500d\"}", 7);
	for (int i = 0; i < 2; i++) {
		struct error err = ERROR_INIT;
		struct dest *d = open_dest(places[i]);
		struct dest_stream *s = begin_stream(d, &append);

		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &few), 0);
		for (int k = 0; k < 200 && err.status == AB_OK; k++)
			write_text(d, s, text, NULL, 1700000000000000, &err);
		if (err.status == AB_OK)
			d->ops->commit(d, NULL, 0, NULL, &err);
		ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &none), 0);
		ck_assert_int_eq(err.status, AB_ETRANSIENT);
		ck_assert_msg(
		    strstr(err.text, "(File too large)") != NULL, "%s: %s", places[i], err.text);
		d->ops->rollback(d);
		d->ops->close(d);
	}
}
END_TEST

static Suite *
others_suite(void)
{
	Suite *s = suite_create("sqlite-others");
	TCase *t = tcase_create("sqlite-others");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, columns_keep_what_was_declared_of_them);
	tcase_add_test(t, a_name_is_not_the_beginning_of_another);
	tcase_add_test(t, a_column_that_cannot_stay_what_it_was_keeps_its_values);
	tcase_add_test(t, a_generated_column_has_its_name);
	tcase_add_test(t, a_column_of_ours_that_is_gone_is_made_again_at_once);
	tcase_add_test(t, what_has_a_streams_name_is_told);
	tcase_add_test(t, a_view_in_the_place_of_a_table_is_told);
	tcase_add_test(t, what_a_constraint_refuses_is_told);
	tcase_add_test(t, a_trigger_that_rolls_back_ends_all);
	tcase_add_test(t, a_name_is_no_address);
	tcase_add_test(t, a_limit_of_file_sizes_is_named);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(others_suite())
