/* What the SQLite destination must not spend, whatever the clock says: calls, memory, the kernel's memory. */
#define _GNU_SOURCE
#include "dest_help.h"

#include <fcntl.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/buf.h"

#define DB    "x.db"
#define MIB   ((size_t)1 << 20)
#define TMPFS 0x01021994

static const char *const id[] = {"id", NULL};
static const char *const *const key[] = {id, NULL};
static const struct dest_stream_spec append = {
    .name = "t", .mode = DEST_APPEND, .generation_id = 1};
static const struct dest_stream_spec dedup = {
    .name = "t", .mode = DEST_APPEND_DEDUP, .primary_key = key, .generation_id = 1};

/* n records whose ids go on by `step` from `first`, modulo `rows`. */
static void
put_ids(struct dest *d, struct dest_stream *s, int first, int step, int rows_, int n, int width)
{
	struct buf page;

	buf_init(&page, 64 * MIB);
	for (int i = 0; i < n; i++)
		buf_addf(&page,
		    width == 0 ? "{\"id\":%d}" : "{\"id\":%d,\"at\":\"x\",\"text\":\"%0*d\"}",
		    (int)((first + (long)i * step) % rows_), width, i);
	put(d, s, buf_str(&page));
	buf_fini(&page);
}

/* Write calls of this process so far; 0 where the kernel does not count them. */
static long
writes_so_far(void)
{
	FILE *f = fopen("/proc/self/io", "r");
	char line[100];
	long n = 0;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, "syscw:", 6) == 0)
			n = strtol(line + 6, NULL, 10);
	if (f != NULL)
		fclose(f);
	return n;
}

/* A page of the database that changes is written once, and its old bytes go into the journal with many others. */
START_TEST(a_changed_page_costs_one_write)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s;
	struct stat st;
	long before, pages;

	d->ops->set_memory(d, MIB, 8 * MIB);
	s = begin_stream(d, &dedup);
	put_ids(d, s, 0, 1, 20000, 20000, 500);
	commit(d);
	ck_assert_int_eq(stat(DB, &st), 0);
	pages = (long)(st.st_size / 16384);
	before = writes_so_far();
	for (int part = 0; part < 10; part++)
		put_ids(d, s, 1 + part * 1000, 7919, 20000, 1000, 500);
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "PRAGMA page_size", "16384");
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
	ck_rows(DB, "SELECT count(*), sum(text + 0 <> id) > 9000 FROM t", "20000,1");
	if (before == 0)
		printf("# /proc/self/io counts no writes here\n");
	else
		ck_assert_int_lt(writes_so_far() - before, 2 * pages);
}
END_TEST

/* One that was changed before in the transaction stays in no journal of the statement besides, whatever the cursor is: that
 * would be a page of memory for nearly every record. */
START_TEST(a_changed_page_is_not_kept_for_its_statement)
{
	static const char *const at[] = {"at", NULL};
	struct dest_stream_spec spec = dedup;
	struct dest *d = open_dest(DB);
	struct dest_stream *s;
	sqlite3_int64 most;

	spec.cursor = at;
	spec.schema =
	    _i ? json_loads("{\"properties\":{\"at\":{\"format\":\"date-time\"}}}", 0, NULL) : NULL;
	d->ops->set_memory(d, MIB, 8 * MIB);
	s = begin_stream(d, &spec);
	put_ids(d, s, 0, 1, 20000, 20000, 500);
	sqlite3_memory_highwater(1);
	put_ids(d, s, 1, 7919, 20000, 400, 500);
	commit(d);
	most = sqlite3_memory_highwater(1);
	d->ops->close(d);
	json_decref((json_t *)spec.schema);
	ck_rows(DB, "SELECT count(*), sum(text + 0 <> id) > 390 FROM t", "20000,1");
	if (most == 0)
		printf("# this SQLite does not count its memory\n");
	else
		ck_assert_int_lt(most, 2 * (sqlite3_int64)MIB);
}
END_TEST

/* What was kept together is played back like any journal. */
START_TEST(what_is_taken_back_was_never_there)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s;

	d->ops->set_memory(d, MIB, 8 * MIB);
	s = begin_stream(d, &dedup);
	put_ids(d, s, 0, 1, 20000, 20000, 500);
	commit(d);
	for (int part = 0; part < 24; part++)
		put_ids(d, s, 1 + part * 1000, 7919, 30000, 1000, 490);
	d->ops->rollback(d);
	s = begin_stream(d, &dedup);
	put_ids(d, s, 20000, 1, 30000, 1, 500);
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
	ck_rows(DB, "SELECT count(*), sum(length(text)) FROM t", "20001,10000500");
}
END_TEST

/* A new file for append_dedup has small pages, unless somebody has said otherwise or is there already. */
START_TEST(pages_are_small_where_rows_change)
{
	static const struct {
		const char *to, *file, *size;
		size_t batch;
	} cases[] = {{"a.db", "a.db", "32768", 0}, {"b.db", "b.db", "16384", MIB},
	    {"sqlite:c.db?page_size=4096", "c.db", "4096", MIB},
	    {"sqlite:d.db?page_size=32768", "d.db", "32768", MIB}, {"a.db", "a.db", "32768", MIB},
	    {"b.db", "b.db", "16384", 0}, {"sqlite:e.db?journal=wal", "e.db", "32768", MIB}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct dest *d = open_dest(cases[i].to);

		d->ops->set_memory(d, MIB, cases[i].batch);
		put(d, begin_stream(d, &append), "{\"id\":1}");
		commit(d);
		d->ops->close(d);
		ck_rows(cases[i].file, "PRAGMA page_size", cases[i].size);
		ck_rows(cases[i].file, "PRAGMA application_id", "1633839215");
	}
	ck_rows("a.db", "SELECT id FROM t", "1|1");
}
END_TEST

/* The places of records count against the budget as their bytes do. */
START_TEST(short_records_keep_to_the_budget)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s;
	size_t before, most = 0;

	d->ops->set_memory(d, MIB, 4 * MIB);
	s = begin_stream(d, &dedup);
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (int part = 300; part-- > 0;) {
		size_t now;

		put_ids(d, s, part * 1000, 1, 300000, 1000, 0);
		now = mallinfo2().uordblks + mallinfo2().hblkhd;
		most = now > before + most ? now - before : most;
	}
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT count(*) FROM t", "300000");
	ck_assert_msg(most < 10 * MIB, "%zu bytes", most);
}
END_TEST

/* Of so many bytes of the file from `at` on, how many the kernel has in memory. */
static size_t
bytes_in_memory(off_t at, size_t len)
{
	static unsigned char there[64 * 256];
	size_t pages = len / 4096, n = 0;
	int fd = open(DB, O_RDONLY);
	void *map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, at);

	ck_assert_uint_le(pages, sizeof(there));
	ck_assert_ptr_ne(map, MAP_FAILED);
	ck_assert_int_eq(mincore(map, len, there), 0);
	for (size_t i = 0; i < pages; i++)
		n += there[i] & 1;
	munmap(map, len);
	close(fd);
	return n * 4096;
}

/* An append of many gigabytes does not fill the kernel's memory with what nobody reads. */
START_TEST(what_is_appended_is_let_go)
{
	struct dest *d;
	struct dest_stream *s;
	struct statfs fs;

	if (statfs(".", &fs) == 0 && (fs.f_type == TMPFS || sysconf(_SC_PAGESIZE) != 4096)) {
		printf("# no disk below this folder\n");
		return;
	}
	d = open_dest(DB);
	s = begin_stream(d, &append);
	for (int i = 0; i < 42; i++) {
		put_ids(d, s, 0, 1, 8, 8, (int)MIB);
		commit(d);
	}
	d->ops->close(d);
	ck_assert_uint_gt(bytes_in_memory(0, 32 * MIB), 16 * MIB);
	ck_assert_uint_lt(bytes_in_memory(256 * MIB, 32 * MIB), 4 * MIB);
	ck_rows(DB, "SELECT count(*), sum(length(text)) FROM t", "336,352321536");
}
END_TEST

static long steps;

static int
count_steps(unsigned what, void *ctx, void *stmt, void *x)
{
	(void)what;
	(void)ctx;
	(void)x;
	steps += sqlite3_stmt_status(stmt, SQLITE_STMTSTATUS_VM_STEP, 1);
	return 0;
}

static int
watch_connection(sqlite3 *db, const char **why, const struct sqlite3_api_routines *api)
{
	(void)why;
	(void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_PROFILE, count_steps, NULL);
}

/* Steps of SQLite's machine for streams from...to - 1: begun, written, finished, committed. */
static long
work_for(struct dest *d, int from, int to)
{
	static char names[500][24];
	struct dest_stream *s;

	steps = 0;
	for (int i = from; i < to; i++) {
		struct dest_stream_spec spec = dedup;

		snprintf(names[i], sizeof(names[i]), "stream_%d", i);
		spec.name = names[i];
		s = begin_stream(d, &spec);
		put(d, s, "{\"id\":1}");
		ck_ok(d->ops->finish(s, e));
		commit(d);
	}
	return steps;
}

/* With thousands of streams each costs what it would cost alone: nothing is read from end to end for it. */
START_TEST(a_stream_costs_the_same_among_many)
{
	struct dest *d;
	long first, last;

	ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))watch_connection), SQLITE_OK);
	d = open_dest(DB);
	first = work_for(d, 0, 50);
	work_for(d, 50, 450);
	last = work_for(d, 450, 500);
	d->ops->close(d);
	ck_assert_msg(
	    first > 0 && last < first + first / 4, "%ld at first, %ld at last", first, last);
}
END_TEST

/* Nor does the beginning of a run. */
START_TEST(the_states_of_many_streams_cost_what_they_are)
{
	char empty[] = "", json[] = "{}", name[24];
	struct dest_state state = {.namespace_ = empty, .partition = empty, .state = json}, *rows_;
	const struct dest_state *one = &state;
	long few = 0, many;
	struct dest *d;
	size_t n;

	ck_assert_int_eq(sqlite3_auto_extension((void (*)(void))watch_connection), SQLITE_OK);
	d = open_dest(DB);
	for (int upto = 50; upto <= 500; upto += 450) {
		work_for(d, upto == 50 ? 0 : 50, upto);
		for (int i = 0; i < upto; i += 2) {
			state.stream = name;
			snprintf(name, sizeof(name), "stream_%d", i);
			ck_ok(d->ops->commit(d, &one, 1, NULL, e));
		}
		steps = 0;
		ck_ok(d->ops->states(d, &rows_, &n, e));
		ck_assert_uint_eq(n, (size_t)upto);
		dest_states_free(rows_, n);
		if (upto == 50)
			few = steps;
	}
	many = steps;
	d->ops->close(d);
	ck_assert_msg(few > 0 && many < few * 15, "%ld for 50, %ld for 500", few, many);
}
END_TEST

static Suite *
speed_suite(void)
{
	Suite *s = suite_create("sqlite-speed");
	TCase *t = tcase_create("what it must not spend");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, a_changed_page_costs_one_write);
	tcase_add_loop_test(t, a_changed_page_is_not_kept_for_its_statement, 0, 2);
	tcase_add_test(t, what_is_taken_back_was_never_there);
	tcase_add_test(t, pages_are_small_where_rows_change);
	tcase_add_test(t, short_records_keep_to_the_budget);
	tcase_add_test(t, what_is_appended_is_let_go);
	tcase_add_test(t, a_stream_costs_the_same_among_many);
	tcase_add_test(t, the_states_of_many_streams_cost_what_they_are);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(speed_suite())
