/* Laws of sync_run with the real worker, the real channel and SQLite: content is compared by SQL, never by our own reader.
 * What every interruption does to every kind of stream is in laws.c; here is that the real parts keep to it. */
#include "suite.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "engine/state_row.h"
#include "engine/sync.h"

static char folder[] = "/tmp/abhost-sync-XXXXXX";
static char database[64], target[80];
static struct sync_options options;
static struct sync_report report;
static struct error err;
static int raise_at; /* records after which SIGINT comes */

static void
drop_line(void *ctx, int level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static void
setup(void)
{
	log_to(drop_line, NULL);
	setenv("ABHOST_WORKER", "./abhost-worker", 1);
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(database, sizeof(database), "%s/out.db", folder);
	snprintf(target, sizeof(target), "sqlite:%s", database);
	memset(&options, 0, sizeof(options));
	options.page_cap = 64u << 20;
	options.call_timeout_s = 60;
	raise_at = 0;
}

static void
teardown(void)
{
	char command[128];

	sync_report_fini(&report);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static void
on_event(
    void *ctx, enum sync_event ev, const struct sync_report *r, size_t stream, const char *text)
{
	(void)ctx;
	(void)stream;
	(void)text;
	if (ev == SYNC_EVENT_PROGRESS && raise_at > 0 && r->records >= raise_at) {
		raise_at = 0;
		raise(SIGINT);
	}
}

/* Syncs tests/zoo/NAME with this config and mode of every stream. */
static ab_status
sync_with(const char *name, const char *config, const char *mode)
{
	const char *const modes[] = {mode, NULL};
	struct loader_file file;
	char path[64];
	ab_status status;

	error_clear(&err);
	sync_report_fini(&report);
	snprintf(path, sizeof(path), "./tests/zoo/%s", name);
	ck_assert_msg(loader_find(path, &file, &err) == AB_OK, "%s", err.text);
	options.connector = &file;
	options.config = json_loads(config, 0, NULL);
	ck_assert_ptr_nonnull(options.config);
	options.to = target;
	options.modes = modes;
	options.on_event = on_event;
	status = sync_run(&options, &report, &err);
	json_decref((json_t *)(uintptr_t)options.config);
	loader_file_fini(&file);
	return status;
}

static void
must_sync(const char *name, const char *config, const char *mode)
{
	ck_assert_msg(sync_with(name, config, mode) == AB_OK, "%s", err.text);
	ck_assert_int_eq(report.outcome, SYNC_DONE);
}

/* The first value of the first row, as text. */
static const char *
query(const char *sql)
{
	static char text[4096];
	sqlite3_stmt *statement;
	sqlite3 *db;

	ck_assert_int_eq(sqlite3_open_v2(database, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	ck_assert_msg(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK, "%s: %s", sql,
	    sqlite3_errmsg(db));
	ck_assert_int_eq(sqlite3_step(statement), SQLITE_ROW);
	snprintf(text, sizeof(text), "%s", (const char *)sqlite3_column_text(statement, 0));
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return text;
}

#define CONTENT \
	"SELECT count(*) || ' ' || count(DISTINCT id) || ' ' || min(id) || ' ' || max(id) || ' ' || sum(seq) FROM "

/* Everything that a run's moment does not change. */
#define FINGERPRINT \
	"SELECT group_concat(line, ';') FROM (SELECT id || ',' || seq || ',' || name || ',' || updated_at || ',' || " \
	"value || ',' || _airbyte_generation_id AS line FROM s0 ORDER BY id)"

START_TEST(a_full_refresh_replaces_the_table)
{
	must_sync("gen.so", "{\"records\": 1000}", "s0=full_refresh");
	ck_assert_str_eq(query(CONTENT "s0"), "1000 1000 0 999 499500");
	must_sync("gen.so", "{\"records\": 300, \"id_from\": 5000}", "s0=full_refresh");
	ck_assert_str_eq(query(CONTENT "s0"), "300 300 5000 5299 1544850");
	ck_assert_str_eq(query("SELECT max(_airbyte_generation_id) FROM s0"), "2");
	must_sync("gen.so", "{\"records\": 0}", "s0=full_refresh");
	ck_assert_str_eq(query("SELECT count(*) FROM s0"), "0");
}
END_TEST

static void
check_incremental(const char *connector, const char *mode)
{
	must_sync(connector, "{\"records\": 1000}", mode);
	ck_assert_str_eq(query(CONTENT "s0"), "1000 1000 0 999 499500");
	must_sync(connector, "{\"records\": 1500}", mode);
	ck_assert_str_eq(query(CONTENT "s0"), "1500 1500 0 1499 1124250");
	ck_assert_int_le(report.records, 501);
	must_sync(connector, "{\"records\": 1500}", mode);
	ck_assert_int_le(report.records, 1);
	ck_assert_str_eq(query(CONTENT "s0"), "1500 1500 0 1499 1124250");
}

START_TEST(an_incremental_sync_takes_only_what_is_new)
{
	static const char *const connectors[] = {"gen.so", "gen-state.so"};
	static const char *const modes[] = {"s0=incremental:append", "s0=incremental:append_dedup"};

	check_incremental(connectors[_i & 1], modes[_i >> 1]);
}
END_TEST

/* One worker dies in the middle; the next goes on. */
static void
check_resume(const char *mode, const char *extra, int resumes)
{
	char config[200];

	snprintf(config, sizeof(config), "{\"records\": 5000, \"die_page\": 31%s}", extra);
	ck_assert_int_ne(sync_with("gen.so", config, mode), AB_OK);
	ck_assert_int_eq(report.outcome, SYNC_FAILED);
	ck_assert_ptr_nonnull(strstr(err.text, "s0, page 31"));
	snprintf(config, sizeof(config), "{\"records\": 5000%s}", extra);
	must_sync("gen.so", config, mode);
	ck_assert_int_eq(report.streams[0].resumed, resumes);
	ck_assert_str_eq(query(CONTENT "s0"), "5000 5000 0 4999 12497500");
}

START_TEST(a_dead_worker_costs_what_was_not_committed)
{
	static const char *const modes[] = {"s0=incremental:append", "s0=incremental:append_dedup",
	    "s0=full_refresh:overwrite", "s0=full_refresh:append"};

	check_resume(modes[_i], "", 1);
	ck_assert_int_eq(report.streams[0].pages, 20);
}
END_TEST

START_TEST(without_tokens_a_refresh_begins_again)
{
	check_resume("s0=full_refresh:overwrite", ", \"resumable\": 0", 0);
	ck_assert_int_eq(report.streams[0].pages, 50);
}
END_TEST

START_TEST(a_stale_token_takes_its_rows_back)
{
	static const char *const modes[] = {"s0=incremental:append", "s0=incremental:append_dedup",
	    "s0=full_refresh:overwrite", "s0=full_refresh:append"};

	ck_assert_int_ne(
	    sync_with("gen.so", "{\"records\": 5000, \"die_page\": 31}", modes[_i]), AB_OK);
	must_sync("gen.so", "{\"records\": 5000, \"stale\": 1}", modes[_i]);
	ck_assert_int_eq(report.streams[0].pages, 50);
	ck_assert_str_eq(query(CONTENT "s0"), "5000 5000 0 4999 12497500");
}
END_TEST

START_TEST(partitions_keep_a_state_each)
{
	static const char *const modes[] = {"s0=incremental:append", "s0=incremental:append_dedup"};

	ck_assert_int_ne(
	    sync_with("gen-parts.so", "{\"records\": 500, \"fail_page\": 3}", modes[_i]), AB_OK);
	must_sync("gen-parts.so", "{\"records\": 500}", modes[_i]);
	ck_assert_str_eq(query(CONTENT "s0"), "1500 1500 0 1499 1124250");
	must_sync("gen-parts.so", "{\"records\": 500}", modes[_i]);
	ck_assert_int_le(report.records, 3);
	ck_assert_str_eq(query(CONTENT "s0"), "1500 1500 0 1499 1124250");
}
END_TEST

START_TEST(unsorted_streams_lose_nothing)
{
	must_sync("gen.so", "{\"records\": 1000, \"sorted\": 0, \"resumable\": 0}",
	    "s0=incremental:append");
	ck_assert_str_eq(query(CONTENT "s0"), "1000 1000 0 999 499500");
	must_sync("gen.so", "{\"records\": 1200, \"sorted\": 0, \"resumable\": 0}",
	    "s0=incremental:append");
	ck_assert_str_eq(query(CONTENT "s0"), "1200 1200 0 1199 719400");
}
END_TEST

START_TEST(many_streams_one_after_the_other)
{
	must_sync("gen.so", "{\"records\": 100, \"streams\": 9}", "s3=full_refresh");
	ck_assert_int_eq(report.nstreams, 9);
	ck_assert_str_eq(query(CONTENT "s8"), "100 100 0 99 4950");
	options.streams = "s1,s2";
	must_sync("gen.so", "{\"records\": 110, \"streams\": 9}", NULL);
	ck_assert_int_eq(report.nstreams, 2);
	ck_assert_str_eq(query("SELECT count(*) FROM s1"), "110");
	ck_assert_str_eq(query("SELECT count(*) FROM s8"), "100");
}
END_TEST

START_TEST(every_stream_has_a_worker_to_itself_after_a_death)
{
	ck_assert_int_ne(
	    sync_with("gen.so", "{\"records\": 1000, \"streams\": 3, \"die_page\": 4}", NULL),
	    AB_OK);
	for (size_t i = 0; i < 3; i++)
		ck_assert_int_eq(report.streams[i].pages, 3);
	must_sync("gen.so", "{\"records\": 1000, \"streams\": 3}", NULL);
	ck_assert_str_eq(query(CONTENT "s2"), "1000 1000 0 999 499500");
}
END_TEST

START_TEST(one_thread_writes_the_same)
{
	static char two[4096];

	must_sync("gen.so", "{\"records\": 20, \"page_size\": 3}", "s0=full_refresh");
	snprintf(two, sizeof(two), "%s", query(FINGERPRINT));
	ck_assert_int_eq(unlink(database), 0);
	options.one_thread = 1;
	must_sync("gen.so", "{\"records\": 20, \"page_size\": 3}", "s0=full_refresh");
	ck_assert_str_eq(query(FINGERPRINT), two);
}
END_TEST

START_TEST(large_pages_pass)
{
	must_sync(
	    "gen.so", "{\"records\": 90, \"page_size\": 30, \"pad\": 100000}", "s0=full_refresh");
	ck_assert_str_eq(query(CONTENT "s0"), "90 90 0 89 4005");
	ck_assert_str_eq(query("SELECT min(length(pad)) FROM s0"), "100000");
	options.page_cap = 1u << 20;
	ck_assert_int_ne(
	    sync_with("gen.so", "{\"records\": 90, \"page_size\": 30, \"pad\": 100000}", NULL),
	    AB_OK);
}
END_TEST

START_TEST(a_signal_keeps_what_was_read)
{
	raise_at = 300;
	ck_assert_int_eq(
	    sync_with("gen.so", "{\"records\": 10000, \"delay_ms\": 20}", NULL), AB_ECANCELLED);
	ck_assert_int_eq(report.outcome, SYNC_CANCELLED);
	ck_assert_int_eq(report.signal, SIGINT);
	ck_assert_int_lt(report.records, 10000);
	must_sync("gen.so", "{\"records\": 10000}", NULL);
	ck_assert_int_eq(report.streams[0].resumed, 1);
	ck_assert_str_eq(query(CONTENT "s0"), "10000 10000 0 9999 49995000");
	ck_assert_str_eq(
	    query("SELECT group_concat(outcome) FROM _abhost_runs"), "cancelled,succeeded");
}
END_TEST

START_TEST(the_state_lies_beside_the_data)
{
	struct dest_state *rows;
	struct dest *dest;
	struct buf b;
	size_t n;

	must_sync("gen.so", "{\"records\": 1000}", NULL);
	ck_assert_int_eq(dest_open(target, "gen", NULL, 1, &dest, &err), AB_OK);
	ck_assert_int_eq(dest->ops->states(dest, &rows, &n, &err), AB_OK);
	buf_init(&b, 1 << 20);
	ck_assert_int_eq(state_export(rows, n, &b), 0);
	ck_assert_str_eq(buf_str(&b),
	    "[{\"type\": \"STREAM\", \"stream\": {\"stream_descriptor\": "
	    "{\"name\": \"s0\"}, \"stream_state\": {\"seq\":999}}}]");
	buf_fini(&b);
	dest_states_free(rows, n);
	dest->ops->close(dest);
}
END_TEST

static int
count_record(void *ctx, const char *record, size_t len)
{
	ck_assert(len > 2 && record[0] == '{' && record[len - 1] == '}');
	++*(int *)ctx;
	return 0;
}

START_TEST(looking_touches_nothing)
{
	struct loader_file file;
	json_t *config = json_loads("{\"records\": 1000, \"streams\": 2}", 0, NULL), *catalog;
	int n = 0;

	ck_assert_int_eq(loader_find("./tests/zoo/gen.so", &file, &err), AB_OK);
	options.connector = &file;
	options.config = config;
	ck_assert_int_eq(sync_check(&options, &err), AB_OK);
	ck_assert_int_eq(sync_discover(&options, &catalog, &err), AB_OK);
	ck_assert_int_eq(json_array_size(json_object_get(catalog, "streams")), 2);
	json_decref(catalog);
	ck_assert_int_eq(sync_peek(&options, "s1", 7, count_record, &n, &err), AB_OK);
	ck_assert_int_eq(n, 7);
	ck_assert_int_eq(sync_peek(&options, "s1", 5000, count_record, &n, &err), AB_OK);
	ck_assert_int_eq(n, 1007);
	ck_assert_int_eq(sync_peek(&options, "nope", 1, count_record, &n, &err), AB_ECONFIG);
	json_decref(config);
	loader_file_fini(&file);
}
END_TEST

static Suite *
sync_suite(void)
{
	Suite *s = suite_create("sync");
	TCase *t = tcase_create("sync");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, a_full_refresh_replaces_the_table);
	tcase_add_loop_test(t, an_incremental_sync_takes_only_what_is_new, 0, 4);
	tcase_add_loop_test(t, a_dead_worker_costs_what_was_not_committed, 0, 4);
	tcase_add_test(t, without_tokens_a_refresh_begins_again);
	tcase_add_loop_test(t, a_stale_token_takes_its_rows_back, 0, 4);
	tcase_add_loop_test(t, partitions_keep_a_state_each, 0, 2);
	tcase_add_test(t, unsorted_streams_lose_nothing);
	tcase_add_test(t, many_streams_one_after_the_other);
	tcase_add_test(t, every_stream_has_a_worker_to_itself_after_a_death);
	tcase_add_test(t, one_thread_writes_the_same);
	tcase_add_test(t, large_pages_pass);
	tcase_add_test(t, a_signal_keeps_what_was_read);
	tcase_add_test(t, the_state_lies_beside_the_data);
	tcase_add_test(t, looking_touches_nothing);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(sync_suite())
