/* Laws of the file that SQLite's destination writes: its journal, its format, what others do to it, and what those who read
 * it see meanwhile. */
#include "dest_help.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

#define DB	    "x.db"
#define WAL	    "sqlite:x.db?journal=wal"
#define open_it(to) dest_open(to, "test", NULL, 0, &d, e)

static const struct dest_stream_spec append = {
    .name = "t", .mode = DEST_APPEND, .generation_id = 1};

static void
close_it(const char *to)
{
	struct dest *d = open_dest(to);

	d->ops->close(d);
}

START_TEST(the_journal_is_the_users)
{
	struct dest *d;
	sqlite3 *db;

	close_it(DB);
	ck_rows(DB, "PRAGMA journal_mode", "'delete'"); /* what a connection makes of "truncate" */
	close_it(WAL);
	ck_rows(DB, "PRAGMA journal_mode", "'wal'");
	/* it stays until somebody says otherwise */
	close_it(DB);
	ck_rows(DB, "PRAGMA journal_mode", "'wal'");
	/* and while somebody has the file open */
	ck_assert_int_eq(sqlite3_open(DB, &db), SQLITE_OK);
	ck_assert_int_eq(
	    sqlite3_exec(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL), SQLITE_OK);
	ck_fails(
	    open_it("x.db?journal=truncate"), AB_ETRANSIENT, "x.db is open in another program");
	sqlite3_close(db);
	close_it("x.db?journal=truncate");
	ck_rows(DB, "PRAGMA journal_mode", "'delete'");
	close_it("sqlite:y.db?page_size=4096&journal=wal");
	ck_rows("y.db", "PRAGMA journal_mode", "'wal'");
	ck_rows("y.db", "PRAGMA page_size", "4096");
	/* the size of what is there stays */
	close_it("y.db?page_size=8192");
	ck_rows("y.db", "PRAGMA page_size", "4096");
	ck_fails(open_it("z.db?journal=memory"), AB_ECONFIG, "\"journal=memory\" is no option");
	ck_fails(open_it("z.db?page_size=4096,journal=wal"), AB_ECONFIG, "power of two");
	ck_fails(open_it("z.db?"), AB_ECONFIG, "\"\" is no option");
	ck_fails(open_it("z.db?journal=wal&"), AB_ECONFIG, "\"\" is no option");
}
END_TEST

/* One look from another connection, which does not wait: the rows, or "busy". */
static const char *
look(const char *sql)
{
	static char out[64];
	sqlite3 *db;
	sqlite3_stmt *stmt = NULL;
	int rc;

	ck_assert_int_eq(sqlite3_open_v2(DB, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc == SQLITE_ROW)
		snprintf(out, sizeof(out), "%s", (const char *)sqlite3_column_text(stmt, 0));
	else
		snprintf(out, sizeof(out), "%s", rc == SQLITE_BUSY ? "busy" : sqlite3_errmsg(db));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return out;
}

#define COUNT "SELECT group_concat(n) FROM (SELECT count(*) AS n FROM t)"

/* Enough for SQLite to write to the file before the commit. */
static void
put_much(struct dest *d, struct dest_stream *s)
{
	struct buf text;

	buf_init(&text, 1 << 20);
	for (int i = 0; i < 5000; i++)
		buf_addf(&text, "{\"id\":%d,\"pad\":\"%060d\"}", i, i);
	for (int i = 0; i < 20; i++)
		put(d, s, buf_str(&text));
	buf_fini(&text);
}

/* In WAL mode they never wait; with a rollback journal they do from the moment in which the cache no longer holds the
 * transaction.  Either way they see what was committed, never a part. */
START_TEST(readers_during_an_append)
{
	int wal = _i;
	struct dest *d = open_dest(wal ? WAL : DB);
	struct dest_stream *s = begin_stream(d, &append);

	put(d, s, "{\"id\":-1}");
	commit(d);
	ck_assert_str_eq(look(COUNT), "1");
	put(d, s, "{\"id\":-2}");
	ck_assert_str_eq(look(COUNT), "1");
	put_much(d, s);
	ck_assert_str_eq(look(COUNT), wal ? "1" : "busy");
	commit(d);
	ck_assert_str_eq(look(COUNT), "100002");
	d->ops->close(d);
}
END_TEST

START_TEST(readers_during_an_overwrite)
{
	static const char newest[] = "SELECT max(_airbyte_generation_id) FROM t";
	struct dest_stream_spec spec = {
	    .name = "t", .mode = DEST_OVERWRITE, .generation_id = 1, .is_refresh = 1, .fresh = 1};
	int wal = _i;
	struct dest *d = open_dest(wal ? WAL : DB);
	struct dest_stream *s = begin_stream(d, &spec);

	put(d, s, "{\"id\":1}");
	ck_ok(d->ops->finish(s, e));
	commit(d);
	spec.generation_id = 2;
	s = begin_stream(d, &spec);
	put_much(d, s);
	ck_assert_str_eq(look(COUNT), wal ? "1" : "busy");
	/* committed, but not the end: the old rows */
	commit(d);
	ck_assert_str_eq(look(COUNT), "1");
	ck_assert_str_eq(look(newest), "1");
	ck_ok(d->ops->finish(s, e));
	ck_assert_str_eq(look(newest), "1");
	commit(d);
	ck_assert_str_eq(look(COUNT), "100000");
	ck_assert_str_eq(look(newest), "2");
	d->ops->close(d);
}
END_TEST

/* Somebody who reads without an end: a commit waits for him, then says so, and nothing is lost. In WAL mode it does not. */
START_TEST(a_reader_that_does_not_end)
{
	struct dest *d;
	struct dest_stream *s;
	sqlite3 *db;
	sqlite3_stmt *stmt;
	int wal = _i;

	d = open_dest(wal ? WAL : DB);
	s = begin_stream(d, &append);
	put(d, s, "{\"id\":1}{\"id\":2}");
	commit(d);
	ck_assert_int_eq(sqlite3_open_v2(DB, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_prepare_v2(db, "SELECT id FROM t", -1, &stmt, NULL), SQLITE_OK);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	put(d, s, "{\"id\":3}");
	if (wal) {
		commit(d);
	} else {
		ck_fails(d->ops->commit(d, NULL, 0, NULL, e), AB_ETRANSIENT,
		    "another program has kept x.db busy for 10 seconds");
	}
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_ROW);
	ck_assert_int_eq(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	if (!wal)
		commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT id FROM t", "1|2|3");
}
END_TEST

static void
copy_file(const char *from, const char *to)
{
	static char bytes[65536];
	FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
	size_t n;

	ck_assert_ptr_nonnull(in);
	ck_assert_ptr_nonnull(out);
	n = fread(bytes, 1, sizeof(bytes), in);
	ck_assert_uint_lt(n, sizeof(bytes));
	ck_assert_uint_eq(fwrite(bytes, 1, n, out), n);
	ck_assert_int_eq(fclose(out), 0);
	fclose(in);
}

/* tests/format-1.db was written by the first abhost: 20 of 30 records, then the source failed. */
START_TEST(an_older_file_is_brought_up_to_date)
{
	struct dest *d;
	struct dest_state *got;
	struct dest_past *runs;
	char path[4096];
	size_t n;

	snprintf(path, sizeof(path), "%s/tests/format-1.db", getenv("top_srcdir"));
	copy_file(path, DB);
	/* a look does not change it */
	ck_ok(dest_open(DB, NULL, NULL, 1, &d, e));
	ck_ok(d->ops->runs(d, &runs, &n, e));
	ck_assert_uint_eq(n, 1);
	ck_assert_int_eq(runs[0].attempt, -1);
	ck_assert_ptr_null(runs[0].failure_type);
	dest_pasts_free(runs, n);
	d->ops->close(d);
	ck_rows(DB, "SELECT value FROM _abhost_meta WHERE name = 'format'", "1");
	for (int i = 0; i < 2; i++) {
		struct dest_run run = {.connector = "gen", .outcome = "running"};

		ck_ok(dest_open(DB, "gen", NULL, 0, &d, e));
		ck_ok(d->ops->run_begin(d, &run, e));
		ck_ok(d->ops->states(d, &got, &n, e));
		ck_assert_uint_eq(n, 1);
		ck_assert_str_eq(got[0].token, "20");
		dest_states_free(got, n);
		ck_ok(d->ops->commit(d, NULL, 0, &run, e));
		d->ops->close(d);
	}
	ck_rows(DB, "SELECT value FROM _abhost_meta WHERE name = 'format'", "3");
	ck_rows(DB, "PRAGMA user_version", "3");
	ck_rows(DB, "SELECT count(*), count(changes) FROM _abhost_runs", "3,0");
	ck_rows(DB, "SELECT count(*), sum(seq) FROM s0", "20,190");
	/* and is then like a new one */
	close_it("new.db");
	ck_rows(DB,
	    "SELECT count(*) FROM sqlite_schema WHERE name LIKE '\\_abhost\\_%' ESCAPE '\\'", "4");
	ck_assert_str_eq(
	    rows(DB, "SELECT group_concat(name) FROM pragma_table_info('_abhost_runs')"),
	    "'id,connector,version,started_at,ended_at,outcome,error,records,bytes,host,pid,changes,"
	    "attempt,rows,seconds,failure_type'");
	ck_rows("new.db", "SELECT group_concat(name) FROM pragma_table_info('_abhost_runs')",
	    "'id,connector,version,started_at,ended_at,outcome,error,records,bytes,host,pid,changes,"
	    "attempt,rows,seconds,failure_type'");
}
END_TEST

START_TEST(a_newer_file_is_refused)
{
	struct dest *d;

	close_it(DB);
	ck_rows(DB, "UPDATE _abhost_meta SET value = 4 WHERE name = 'format'", "");
	ck_fails(
	    open_it(DB), AB_ECONFIG, "was written by a newer abhost (format 4, this one knows 3)");
	ck_rows(DB, "UPDATE _abhost_meta SET value = 'x' WHERE name = 'format'", "");
	ck_fails(open_it(DB), AB_ECONFIG, "does not say of which format it is");
	ck_rows(DB, "DELETE FROM _abhost_meta", "");
	ck_fails(open_it(DB), AB_ECONFIG, "does not say of which format it is");
}
END_TEST

START_TEST(a_lost_table_is_named)
{
	static const char *const names[] = {"_abhost_state", "_abhost_streams", "_abhost_runs"};
	struct dest *d;
	char text[128];

	for (int i = 0; i < 3; i++) {
		unlink(DB);
		close_it(DB);
		snprintf(text, sizeof(text), "DROP TABLE %s", names[i]);
		ck_rows(DB, text, "");
		snprintf(text, sizeof(text), "x.db has lost its table %s,", names[i]);
		ck_fails(open_it(DB), AB_ECONFIG, text);
	}
	/* also in the middle of a run */
	unlink(DB);
	d = open_dest(DB);
	ck_rows(DB, "DROP TABLE _abhost_streams", "");
	ck_fails(d->ops->begin(d, &append, &(struct dest_stream *){NULL}, e), AB_ECONFIG,
	    "x.db has lost its table _abhost_streams: somebody has dropped it, or cut the file short");
	d->ops->close(d);
}
END_TEST

/* Each edit as a hand may make it, and the column that the sentence must name. */
START_TEST(a_state_edited_wrongly_is_told)
{
	static const struct {
		const char *edit, *column;
	} cases[] = {
	    {"state = '{\"seq\": 12'", "state is not a JSON object"},
	    {"state = '2024-01-01'", "state is not a JSON object"},
	    {"state = '[1]'", "state is not a JSON object"},
	    {"state = ''", "state is not a JSON object"},
	    {"state = '{} {}'", "state is not a JSON object"},
	    {"partition = 'eu'", "partition is not JSON, or empty"},
	    {"notes = 'x'", "notes is not a JSON object"},
	    {"pages = 'many'", "pages is not an integer"},
	    {"generation_id = 1.5", "generation_id is not an integer"},
	    {"started_at = 'yesterday'", "started_at is not a time"},
	    {"token = CAST(x'610062' AS TEXT)", "token is not a text"},
	};
	char name[] = "t", none[] = "", state[] = "{\"seq\":1}", sql[256];
	struct dest_state row = {
	    .stream = name, .namespace_ = none, .partition = none, .state = state};
	const struct dest_state *list[] = {&row};
	struct dest_state *got = NULL;
	struct dest *d;
	size_t n;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unlink(DB);
		d = open_dest(DB);
		ck_ok(d->ops->commit(d, list, 1, NULL, e));
		d->ops->close(d);
		snprintf(sql, sizeof(sql), "UPDATE _abhost_state SET %s", cases[i].edit);
		ck_rows(DB, sql, "");
		d = open_dest(DB);
		ck_fails(d->ops->states(d, &got, &n, e), AB_ECONFIG, cases[i].column);
		ck_fails(d->ops->states(d, &got, &n, e), AB_ECONFIG,
		    "x.db: the state of stream t cannot be understood: in its row of _abhost_state");
		d->ops->close(d);
	}
}
END_TEST

START_TEST(a_file_that_is_replaced_takes_nothing)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &append);

	put(d, s, "{\"id\":1}");
	commit(d);
	ck_assert_int_eq(rename(DB, "old.db"), 0);
	ck_fails(write_text(d, s, "{\"id\":2}", NULL, 1, e), AB_ETRANSIENT,
	    "x.db was removed or replaced");
	ck_assert_int_eq(rename("old.db", DB), 0);
	/* in the middle of a transaction */
	put(d, s, "{\"id\":3}");
	ck_assert_int_eq(rename(DB, "old.db"), 0);
	ck_fails(
	    d->ops->commit(d, NULL, 0, NULL, e), AB_ETRANSIENT, "x.db was removed or replaced");
	close_it("other.db");
	ck_assert_int_eq(rename("other.db", DB), 0);
	ck_fails(
	    d->ops->commit(d, NULL, 0, NULL, e), AB_ETRANSIENT, "x.db was removed or replaced");
	d->ops->close(d);
	ck_rows("old.db", "SELECT id FROM t", "1");
}
END_TEST

/* Cut at any place between runs: a sentence, or a file that is as if it were new; never a crash, and no bare SQLite. */
START_TEST(a_file_that_is_cut_is_told)
{
	struct dest *d = open_dest("whole.db?page_size=512");
	struct dest_stream *s = begin_stream(d, &append);
	struct stat st;

	put_much(d, s);
	commit(d);
	d->ops->close(d);
	ck_assert_int_eq(stat("whole.db", &st), 0);
	for (long i = 0, size = 0; size < st.st_size; i++) {
		struct error err = ERROR_INIT;
		ab_status rc;

		ck_assert_int_eq(system("cp whole.db x.db"), 0);
		ck_assert_int_eq(truncate(DB, size), 0);
		rc = dest_open(DB, "test", NULL, 0, &d, &err);
		if (rc == AB_OK) {
			rc = d->ops->begin(d, &append, &s, &err);
			d->ops->close(d);
		}
		ck_assert_msg(
		    rc == AB_OK ? size <= 1 : rc == AB_ECONFIG, "%ld: %s", size, err.text);
		ck_assert_msg(rc == AB_OK || strstr(err.text, "damaged") != NULL ||
			strstr(err.text, "is not an SQLite database") != NULL,
		    "%ld: %s", size, err.text);
		/* in the end all but a few bytes are there */
		size = size < 30000 ? size + 1 + size / 3 : st.st_size - (100 >> i % 8);
	}
}
END_TEST

static Suite *
file_suite(void)
{
	Suite *s = suite_create("sqlite-file");
	TCase *t = tcase_create("sqlite-file");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, the_journal_is_the_users);
	tcase_add_loop_test(t, readers_during_an_append, 0, 2);
	tcase_add_loop_test(t, readers_during_an_overwrite, 0, 2);
	tcase_add_loop_test(t, a_reader_that_does_not_end, 0, 2);
	tcase_add_test(t, an_older_file_is_brought_up_to_date);
	tcase_add_test(t, a_newer_file_is_refused);
	tcase_add_test(t, a_lost_table_is_named);
	tcase_add_test(t, a_state_edited_wrongly_is_told);
	tcase_add_test(t, a_file_that_is_replaced_takes_nothing);
	tcase_add_test(t, a_file_that_is_cut_is_told);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(file_suite())
