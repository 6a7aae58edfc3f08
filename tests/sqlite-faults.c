/* Laws of the SQLite destination when something is wrong: it says what and what to do, and what was committed stays,
 * whole, with the state that belongs to it. */
#include "dest_help.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"

#define DB	    "x.db"
#define NOBODY	    65534
#define open_it(to) dest_open(to, "test", NULL, 0, &d, e)

static const struct dest_stream_spec append = {
    .name = "t", .mode = DEST_APPEND, .generation_id = 1};

static int lies; /* the next sync of a journal fails, and the journal reads as it was before */

/* SQLite's, too. */
__attribute__((visibility("default"))) int
fdatasync(int fd)
{
	char link[64], path[4096] = "";
	struct stat st;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	if (lies && readlink(link, path, sizeof(path) - 1) > 0 &&
	    strstr(path, "-journal") != NULL) {
		lies = 0;
		ck_assert_int_eq(fstat(fd, &st), 0);
		ck_assert_int_eq(ftruncate(fd, 0), 0);
		ck_assert_int_eq(ftruncate(fd, st.st_size), 0);
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_int_ge(fputs(text, f), 0);
	ck_assert_int_eq(fclose(f), 0);
}

/* Runs part in a child; 0: it ended well. */
static int
in_child(void (*part)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		part();
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status;
}

START_TEST(what_is_no_database_is_refused)
{
	struct dest *d;

	write_file(
	    "notes.db", "These are my notes, and they are longer than a database's header.\n");
	ck_fails(open_it("notes.db"), AB_ECONFIG, "notes.db is not an SQLite database");
	ck_fails(open_it("no/such/folder/x.db"), AB_ECONFIG, "its folder does not exist");
	ck_assert_int_eq(mkdir("folder.db", 0777), 0);
	ck_fails(open_it("folder.db"), AB_ECONFIG, "is a folder");
	ck_assert_int_eq(mkfifo("pipe.db", 0666), 0);
	ck_fails(open_it("pipe.db"), AB_ECONFIG, "not a regular file");
	ck_fails(open_it("postgres://x"), AB_ECONFIG, "sqlite:FILE");
	ck_fails(open_it("sqlite:"), AB_ECONFIG, "names no file");
	ck_fails(open_it("sqlite:a.db?page_size=1000"), AB_ECONFIG, "power of two");
}
END_TEST

START_TEST(the_page_size_is_the_users)
{
	struct dest *d = open_dest("sqlite:a.file?page_size=8192");

	d->ops->close(d);
	ck_rows("a.file", "PRAGMA page_size", "8192");
	d = open_dest("b.sqlite3");
	d->ops->close(d);
	ck_rows("b.sqlite3", "PRAGMA page_size", "32768");
	ck_rows("b.sqlite3", "PRAGMA application_id", "1633839215");
}
END_TEST

START_TEST(a_database_of_somebody_keeps_what_is_his)
{
	struct dest *d;
	struct dest_stream *s;

	ck_rows(DB, "CREATE TABLE t (mine)", "");
	ck_rows(DB, "CREATE VIEW v AS SELECT 1", "");
	ck_rows(DB, "CREATE VIEW broken AS SELECT a FROM gone", "");
	ck_rows(DB, "CREATE VIRTUAL TABLE words USING fts5(word)", "");
	ck_rows(DB, "PRAGMA application_id=77", "");
	d = open_dest(DB);
	ck_fails(d->ops->begin(d, &append, &s, e), AB_ECONFIG, "\"t\" that abhost did not make");
	d->ops->rollback(d);
	ck_fails(d->ops->begin(d,
		     &(struct dest_stream_spec){
			 .name = "V", .mode = DEST_OVERWRITE, .is_refresh = 1, .generation_id = 1},
		     &s, e),
	    AB_ECONFIG, "\"V\" that abhost did not make");
	d->ops->rollback(d);
	for (size_t i = 0; i < 2; i++) {
		const struct dest_stream_spec other = {
		    .name = i == 0 ? "BROKEN" : "words", .mode = DEST_APPEND};

		ck_fails(d->ops->begin(d, &other, &s, e), AB_ECONFIG, "that abhost did not make");
		d->ops->rollback(d);
	}
	/* what SQLite calls one of its functions is nobody's table */
	s = begin_stream(d, &(struct dest_stream_spec){.name = "json_each", .mode = DEST_APPEND});
	put(d, s, "{\"a\":2}");
	s = begin_stream(d, &(struct dest_stream_spec){.name = "u", .mode = DEST_APPEND});
	put(d, s, "{\"a\":1}");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT a FROM main.json_each", "2");
	ck_rows(DB, "SELECT sql FROM sqlite_schema WHERE name = 't'", "'CREATE TABLE t (mine)'");
	ck_rows(DB, "PRAGMA application_id", "77");
	ck_rows(DB, "SELECT a FROM u", "1");
}
END_TEST

START_TEST(files_of_others_are_refused)
{
	struct dest *d = open_dest(DB);

	d->ops->close(d);
	ck_fails(
	    dest_open(DB, "other", NULL, 0, &d, e), AB_ECONFIG, "connector test, not of other");
	ck_rows(DB, "UPDATE _abhost_meta SET value = 99 WHERE name = 'format'", "");
	ck_fails(open_it(DB), AB_ECONFIG, "newer abhost (format 99");
	ck_fails(dest_open(DB, NULL, NULL, 1, &d, e), AB_ECONFIG, "newer abhost");
}
END_TEST

static int said[2], answered[2];

static void
hold_the_lock(void)
{
	struct dest *d = open_dest(DB);
	char c;

	if (write(said[1], "x", 1) != 1 || read(answered[0], &c, 1) != 1)
		_exit(1);
	d->ops->close(d);
}

START_TEST(one_run_at_a_time)
{
	struct dest *d = NULL;
	char holder[64], c;
	int status;
	pid_t pid;

	ck_assert_int_eq(pipe(said) | pipe(answered), 0);
	pid = fork();
	if (pid == 0) {
		hold_the_lock();
		_exit(0);
	}
	ck_assert_int_eq(read(said[0], &c, 1), 1);
	snprintf(holder, sizeof(holder), "another run (process %d on ", (int)pid);
	ck_fails(open_it(DB), AB_ETRANSIENT, holder);
	/* a look is fine */
	ck_ok(dest_open(DB, NULL, NULL, 1, &d, e));
	d->ops->close(d);
	ck_assert_int_eq(write(answered[1], "x", 1), 1);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	d = open_dest(DB);
	d->ops->close(d);
}
END_TEST

static void
hold_a_transaction(void)
{
	sqlite3 *db;
	char c;

	if (sqlite3_open(DB, &db) != SQLITE_OK ||
	    sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL) != SQLITE_OK ||
	    write(said[1], "x", 1) != 1 || read(answered[0], &c, 1) != 1)
		_exit(1);
	usleep(200000);
	sqlite3_close(db);
}

START_TEST(a_short_transaction_of_somebody_is_waited_for)
{
	struct dest *d = open_dest(DB);
	char c;
	int status;
	pid_t pid;

	d->ops->close(d);
	ck_assert_int_eq(pipe(said) | pipe(answered), 0);
	pid = fork();
	if (pid == 0) {
		hold_a_transaction();
		_exit(0);
	}
	ck_assert_int_eq(read(said[0], &c, 1), 1);
	ck_assert_int_eq(write(answered[1], "x", 1), 1);
	d = open_dest(DB);
	put(d, begin_stream(d, &append), "{\"a\":1}");
	commit(d);
	d->ops->close(d);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_rows(DB, "SELECT a FROM t", "1");
}
END_TEST

static void
write_as_nobody(void)
{
	struct dest *d;

	if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		return;
	ck_fails(open_it("new.db"), AB_ECONFIG, "cannot write new.db (Permission denied)");
	ck_fails(open_it(DB), AB_ECONFIG, "cannot write x.db");
}

static void
write_into_closed_folder(void)
{
	struct dest *d = NULL;
	struct dest_run run = {.outcome = "running"};

	if (setgid(NOBODY) != 0 || setuid(NOBODY) != 0)
		return;
	ck_ok(open_it(DB));
	ck_fails(d->ops->run_begin(d, &run, e), AB_ECONFIG, "must be writable");
	d->ops->close(d);
}

START_TEST(what_may_not_be_written_is_told)
{
	struct dest *d = open_dest(DB);

	d->ops->close(d);
	ck_assert_int_eq(chmod(".", 0755), 0);
	ck_assert_int_eq(chmod(DB, 0644), 0);
	ck_assert_int_eq(in_child(write_as_nobody), 0);
	ck_assert_int_eq(chmod(DB, 0666), 0);
	/* with a journal of somebody else beside it, and with none */
	ck_assert_int_eq(in_child(write_into_closed_folder), 0);
	ck_assert_int_eq(unlink(DB "-journal"), 0);
	ck_assert_int_eq(in_child(write_into_closed_folder), 0);
}
END_TEST

static char *
big_page(int first, int n)
{
	static struct buf page;

	buf_fini(&page);
	buf_init(&page, 1 << 24);
	for (int i = 0; i < n; i++)
		buf_addf(&page, "{\"id\":%d,\"text\":\"%0500d\"}", first + i, i);
	return page.ptr;
}

static void
fill_the_disk(void)
{
	const struct rlimit limit = {1 << 20, 1 << 20};
	struct dest *d;
	struct dest_stream *s;
	struct error why = ERROR_INIT;
	ab_status rc = AB_OK;

	signal(SIGXFSZ, SIG_IGN);
	d = open_dest(DB);
	s = begin_stream(d, &append);
	if (setrlimit(RLIMIT_FSIZE, &limit) != 0)
		_exit(1);
	for (int i = 0; i < 10 && rc == AB_OK; i++)
		rc = write_text(d, s, big_page(1000 * i, 1000), NULL, 1, &why);
	if (rc == AB_OK)
		rc = d->ops->commit(d, NULL, 0, NULL, &why);
	ck_assert_int_eq(rc, AB_ETRANSIENT);
	ck_assert_msg(strstr(why.text, "no space left for x.db") != NULL, "%s", why.text);
	d->ops->rollback(d);
	d->ops->close(d);
}

START_TEST(a_full_disk_loses_nothing)
{
	struct dest *d = open_dest(DB);

	put(d, begin_stream(d, &append), "{\"id\":-1}");
	commit(d);
	d->ops->close(d);
	ck_assert_int_eq(in_child(fill_the_disk), 0);
	ck_rows(DB, "SELECT id FROM t", "-1");
	d = open_dest(DB);
	put(d, begin_stream(d, &append), "{\"id\":-2}");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT id FROM t", "-1|-2");
}
END_TEST

static enum dest_mode mode;
static int pages_before_kill;

static void
write_and_die(void)
{
	static const char *const id[] = {"id", NULL};
	static const char *const *const key[] = {id, NULL};
	struct dest_stream_spec spec = {
	    .name = "t", .mode = mode, .primary_key = key, .generation_id = 1, .is_refresh = 1};
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &spec);

	for (int i = 0; i < pages_before_kill; i++)
		put(d, s, big_page(1000 * i, 1000));
	if (mode == DEST_OVERWRITE)
		ck_ok(d->ops->finish(s, e));
	ck_ok(d->ops->state_delete(d, "t", "", e));
	kill(getpid(), SIGKILL);
}

/* Killed before the commit, whatever had been written: the file is as the commit before left it. */
START_TEST(a_killed_run_never_was)
{
	struct dest *d = open_dest(DB);
	char name[] = "t", none[] = "", one[] = "{}";
	struct dest_state row = {
	    .stream = name, .namespace_ = none, .partition = none, .state = one};
	const struct dest_state *put_rows[] = {&row};
	struct dest_state *got;
	size_t n;

	put(d, begin_stream(d, &append), "{\"id\":5,\"text\":\"kept\"}");
	ck_ok(d->ops->commit(d, put_rows, 1, NULL, e));
	d->ops->close(d);
	mode = (enum dest_mode)(_i % 3);
	pages_before_kill = _i;
	ck_assert_int_eq(WTERMSIG(in_child(write_and_die)), SIGKILL);
	/* a look comes first: it must see the same, and leave nothing to do for the next run */
	ck_ok(dest_open(DB, NULL, NULL, 1, &d, e));
	ck_ok(d->ops->states(d, &got, &n, e));
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(got[0].state, "{}");
	dest_states_free(got, n);
	d->ops->close(d);
	ck_rows(DB,
	    "SELECT id, text, (SELECT count(*) FROM sqlite_schema WHERE name LIKE '%new%') FROM t",
	    "5,'kept',0");
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
	d = open_dest(DB);
	d->ops->close(d);
	ck_rows(DB, "SELECT outcome FROM _abhost_runs", "'killed'|'killed'|'running'");
}
END_TEST

/* Linux may let go of what a failed sync was to write; SQLite plays the journal back nevertheless. */
START_TEST(what_a_journal_that_was_not_synced_was_to_undo_is_not_committed_later)
{
	struct dest *d = open_dest(DB);
	struct dest_stream *s = begin_stream(d, &append);

	put(d, s, "{\"id\":1}");
	commit(d);
	put(d, s, "{\"id\":2}");
	lies = 1;
	ck_fails(d->ops->commit(d, NULL, 0, NULL, e), AB_ETRANSIENT, "disk I/O error");
	ck_assert_int_eq(lies, 0);
	d->ops->rollback(d);
	put(d, begin_stream(d, &append), "{\"id\":3}");
	commit(d);
	d->ops->close(d);
	ck_rows(DB, "SELECT id FROM t", "1|3");
	ck_rows(DB, "PRAGMA integrity_check", "'ok'");
}
END_TEST

START_TEST(a_look_changes_nothing)
{
	struct dest *d;

	ck_fails(
	    dest_open("none.db", NULL, NULL, 1, &d, e), AB_ECONFIG, "no such database: none.db");
	ck_assert_int_eq(access("none.db", F_OK), -1);
	ck_rows("his.db", "CREATE TABLE t (mine)", "");
	ck_fails(dest_open("his.db", NULL, NULL, 1, &d, e), AB_ECONFIG, "not written by abhost");
	ck_rows("his.db", "SELECT count(*) FROM sqlite_schema", "1");
	write_file(
	    "notes.db", "These are my notes, and they are longer than a database's header.\n");
	ck_fails(dest_open("notes.db", NULL, NULL, 1, &d, e), AB_ECONFIG, "not an SQLite database");
}
END_TEST

static Suite *
faults_suite(void)
{
	Suite *s = suite_create("sqlite-faults");
	TCase *t = tcase_create("sqlite-faults");

	tcase_add_checked_fixture(t, scratch_begin, scratch_end);
	tcase_add_test(t, what_is_no_database_is_refused);
	tcase_add_test(t, the_page_size_is_the_users);
	tcase_add_test(t, a_database_of_somebody_keeps_what_is_his);
	tcase_add_test(t, files_of_others_are_refused);
	tcase_add_test(t, one_run_at_a_time);
	tcase_add_test(t, a_short_transaction_of_somebody_is_waited_for);
	tcase_add_test(t, what_may_not_be_written_is_told);
	tcase_add_test(t, a_full_disk_loses_nothing);
	tcase_add_loop_test(t, a_killed_run_never_was, 0, 12);
	tcase_add_test(t, what_a_journal_that_was_not_synced_was_to_undo_is_not_committed_later);
	tcase_add_test(t, a_look_changes_nothing);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(faults_suite())
