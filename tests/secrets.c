/* Laws of host/net/secrets: what was saved is there, for its owner alone, whoever else wants it at the same time. */
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "net/secrets.h"

static char folder[64], path[96];
static struct secrets s;
static struct error error;
static int cancel;

static int
cancelled(void *ctx)
{
	(void)ctx;
	return cancel;
}

static void
set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/abhost-secrets-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/c-secrets.json", folder);
	error_clear(&error);
	cancel = 0;
}

static void
tear_down(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static ab_status
open_file(int create)
{
	error_clear(&error);
	return secrets_open(&s, path, create, cancelled, NULL, &error);
}

static void
save(const char *key, const char *refresh)
{
	const struct secrets_entry entry = {.refresh = refresh,
	    .access = "acc-1",
	    .expires_us = INT64_C(1700000000000000),
	    .lifetime_us = INT64_C(3600000000)};

	ck_assert_msg(open_file(1) == AB_OK, "%s", error.text);
	ck_assert_int_eq(secrets_reserve(&s, &error), AB_OK);
	ck_assert_msg(secrets_save(&s, key, &entry, &error) == AB_OK, "%s", error.text);
	secrets_close(&s);
}

static mode_t
mode_of(const char *file)
{
	struct stat st;

	return stat(file, &st) == 0 ? st.st_mode & 07777 : 0;
}

START_TEST(what_was_saved_is_found)
{
	struct secrets_entry entry;

	save("a", "ref-1");
	save("b", "ref-2");
	save("a", "ref-3");
	ck_assert_int_eq(open_file(0), AB_OK);
	ck_assert_int_eq(secrets_find(&s, "a", &entry), 1);
	ck_assert_str_eq(entry.refresh, "ref-3");
	ck_assert_str_eq(entry.access, "acc-1");
	ck_assert_int_eq(entry.expires_us, INT64_C(1700000000000000));
	ck_assert_int_eq(entry.lifetime_us, INT64_C(3600000000));
	ck_assert_int_eq(secrets_find(&s, "b", &entry), 1);
	ck_assert_str_eq(entry.refresh, "ref-2");
	ck_assert_int_eq(secrets_find(&s, "c", &entry), 0);
	secrets_close(&s);
	ck_assert_uint_eq(mode_of(path), 0600);
}
END_TEST

START_TEST(a_file_that_is_not_there_is_made_only_where_it_is_wanted)
{
	struct secrets_entry entry;

	ck_assert_int_eq(open_file(0), AB_OK);
	ck_assert_int_eq(s.fd, -1);
	ck_assert_int_eq(secrets_find(&s, "a", &entry), 0);
	secrets_close(&s);
	ck_assert_int_ne(access(path, F_OK), 0);
	ck_assert_int_eq(open_file(1), AB_OK);
	secrets_close(&s);
	ck_assert_uint_eq(mode_of(path), 0600);
	ck_assert_int_eq(open_file(0), AB_OK);
	ck_assert_int_ge(s.fd, 0);
	secrets_close(&s);
}
END_TEST

START_TEST(a_file_that_others_may_read_is_refused)
{
	static const mode_t modes[] = {0640, 0604, 0620, 0602, 0777};

	save("a", "ref-1");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		ck_assert_int_eq(chmod(path, modes[i]), 0);
		ck_assert_int_eq(open_file(1), AB_ECONFIG);
		ck_assert_ptr_nonnull(strstr(error.text,
		    "c-secrets.json may be read or written by "
		    "others (mode 0"));
		ck_assert_ptr_nonnull(strstr(error.text, "chmod 600 it"));
	}
	if (geteuid() == 0) {
		ck_assert_int_eq(chmod(path, 0600), 0);
		ck_assert_int_eq(chown(path, 12345, (gid_t)-1), 0);
		ck_assert_int_eq(open_file(1), AB_ECONFIG);
		ck_assert_ptr_nonnull(strstr(error.text, "belongs to another user (12345)"));
	}
}
END_TEST

static void
write_file(const char *text)
{
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

START_TEST(what_is_no_file_of_ours_is_refused)
{
	char other[128];

	write_file("[1]");
	ck_assert_int_eq(open_file(1), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "is not as abhost writes it"));
	write_file("{\"tokens\": {\"a\": ");
	ck_assert_int_eq(open_file(1), AB_ECONFIG);
	unlink(path);
	snprintf(other, sizeof(other), "%s/other", folder);
	ck_assert_int_eq(symlink(other, path), 0);
	ck_assert_int_eq(open_file(1), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "a symbolic link"));
	ck_assert_int_ne(access(other, F_OK), 0);
	unlink(path);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	ck_assert_int_eq(open_file(1), AB_ECONFIG);
	rmdir(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(open_file(1), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(error.text, "is no regular file"));
}
END_TEST

/* What a run that was killed left must not hinder the next. */
START_TEST(a_half_written_successor_is_passed_over)
{
	struct secrets_entry entry;
	char rest[128];

	save("a", "ref-1");
	snprintf(rest, sizeof(rest), "%s.new", path);
	ck_assert_int_eq(symlink("/nowhere/at/all", rest), 0);
	save("a", "ref-2");
	ck_assert_int_ne(access(rest, F_OK), 0);
	ck_assert_int_eq(open_file(0), AB_OK);
	ck_assert_int_eq(secrets_find(&s, "a", &entry), 1);
	ck_assert_str_eq(entry.refresh, "ref-2");
	secrets_close(&s);
}
END_TEST

START_TEST(a_disk_that_is_full_leaves_the_old_file)
{
	const struct rlimit small = {100, 100};
	struct secrets_entry entry = {.refresh = "ref-2"};

	save("a", "ref-1");
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
	ck_assert_int_eq(open_file(1), AB_OK);
	ck_assert_int_eq(secrets_reserve(&s, &error), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(strstr(error.text, "c-secrets.json cannot be written: "));
	error_clear(&error);
	ck_assert_int_eq(secrets_save(&s, "a", &entry, &error), AB_ETRANSIENT);
	secrets_close(&s);
	ck_assert_int_eq(open_file(0), AB_OK);
	ck_assert_int_eq(secrets_find(&s, "a", &entry), 1);
	ck_assert_str_eq(entry.refresh, "ref-1");
	secrets_close(&s);
}
END_TEST

START_TEST(a_cancel_ends_the_wait_for_the_lock)
{
	struct secrets held;

	ck_assert_int_eq(secrets_open(&held, path, 1, cancelled, NULL, &error), AB_OK);
	cancel = 1;
	ck_assert_int_eq(open_file(1), AB_ECANCELLED);
	secrets_close(&held);
	cancel = 0;
	ck_assert_int_eq(open_file(1), AB_OK);
	secrets_close(&s);
}
END_TEST

/* Each of many processes reads what the last one wrote: none is lost, none is read twice. */
START_TEST(many_at_once_take_turns)
{
	enum { PROCESSES = 6, ROUNDS = 15 };
	struct secrets_entry entry;
	char number[32];
	int status;

	save("a", "0");
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		for (int j = 0; j < ROUNDS; j++) {
			if (open_file(1) != AB_OK || !secrets_find(&s, "a", &entry))
				_exit(1);
			snprintf(
			    number, sizeof(number), "%ld", strtol(entry.refresh, NULL, 10) + 1);
			entry = (struct secrets_entry){.refresh = number};
			if (secrets_save(&s, "a", &entry, &error) != AB_OK)
				_exit(1);
			secrets_close(&s);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	ck_assert_int_eq(open_file(0), AB_OK);
	ck_assert_int_eq(secrets_find(&s, "a", &entry), 1);
	ck_assert_int_eq(strtol(entry.refresh, NULL, 10), PROCESSES * ROUNDS);
	secrets_close(&s);
}
END_TEST

START_TEST(only_so_many_are_kept)
{
	struct secrets_entry entry = {.refresh = "r"};
	char key[16];

	ck_assert_int_eq(open_file(1), AB_OK);
	for (int i = 0; i < 100; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		ck_assert_int_eq(secrets_save(&s, key, &entry, &error), AB_OK);
	}
	ck_assert_int_eq(secrets_find(&s, "k99", &entry), 1);
	ck_assert_int_eq(secrets_find(&s, "k36", &entry), 1);
	ck_assert_int_eq(secrets_find(&s, "k35", &entry), 0);
	secrets_close(&s);
}
END_TEST

START_TEST(a_key_is_a_hash_of_each_text)
{
	char a[SECRETS_KEY], b[SECRETS_KEY];

	secrets_key((const char *const[]){"abc", NULL}, a);
	/* sha256 of "abc\0" */
	ck_assert_str_eq(a, "dc1114cd074914bd872cc1f9a23ec910ea2203bc79779ab2e17da25782a624fc");
	secrets_key((const char *const[]){"ab", "c", NULL}, a);
	secrets_key((const char *const[]){"a", "bc", NULL}, b);
	ck_assert_str_ne(a, b);
}
END_TEST

static Suite *
secrets_suite(void)
{
	Suite *suite = suite_create("secrets");
	TCase *t = tcase_create("secrets");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_was_saved_is_found);
	tcase_add_test(t, a_file_that_is_not_there_is_made_only_where_it_is_wanted);
	tcase_add_test(t, a_file_that_others_may_read_is_refused);
	tcase_add_test(t, what_is_no_file_of_ours_is_refused);
	tcase_add_test(t, a_half_written_successor_is_passed_over);
	tcase_add_test(t, a_disk_that_is_full_leaves_the_old_file);
	tcase_add_test(t, a_cancel_ends_the_wait_for_the_lock);
	tcase_add_test(t, many_at_once_take_turns);
	tcase_add_test(t, only_so_many_are_kept);
	tcase_add_test(t, a_key_is_a_hash_of_each_text);
	suite_add_tcase(suite, t);
	return suite;
}

SUITE_MAIN(secrets_suite())
