/* zoo.c - whatever a connector does ends as one clear sentence, and never as more than its own failure. */
#include "suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drive.h"

/* Runs all commands up to the first that fails; "" where none did.  The text lives in *d. */
static const char *
run(struct drive *d, const char *name, const char *what, const char *where, int timeout_s)
{
	char config[256];
	ab_status rc;

	snprintf(config, sizeof(config),
	    "{\"do\": \"%s\", \"in\": \"%s\", \"secret\": \"topsecret-topsecret\"}", what, where);
	rc = drive_open(d, name, config, timeout_s);
	if (rc == AB_OK)
		rc = drive_check(d);
	if (rc == AB_OK)
		rc = drive_streams(d);
	if (rc == AB_OK)
		rc = drive_read(d, "s", NULL);
	return rc == AB_OK ? "" : d->error.text;
}

struct expectation {
	const char *what, *where, *sentence; /* "" : it ends well */
	ab_status status;
};

static void
expect_all(const struct expectation *x, size_t n, const char *name, int timeout_s)
{
	struct drive d;

	for (size_t i = 0; i < n; i++) {
		const char *text = run(&d, name, x[i].what, x[i].where, timeout_s);

		ck_assert_msg(strcmp(text, x[i].sentence) == 0, "%s in %s: \"%s\" and not \"%s\"",
		    x[i].what, x[i].where, text, x[i].sentence);
		ck_assert_msg(d.error.status == x[i].status, "%s in %s: status %d", x[i].what,
		    x[i].where, d.error.status);
		drive_close(&d);
	}
}

#define EXPECT(x, name, timeout_s) expect_all(x, sizeof(x) / sizeof((x)[0]), name, timeout_s)

#define SAFE "; what was committed before is safe"

START_TEST(a_death_is_told_with_its_place)
{
	static const struct expectation x[] = {
	    {"crash", "open", "zoo 1.0.0 died of SIGSEGV in open" SAFE, AB_EBUG},
	    {"crash", "check", "zoo 1.0.0 died of SIGSEGV in check" SAFE, AB_EBUG},
	    {"crash", "streams", "zoo 1.0.0 died of SIGSEGV in streams" SAFE, AB_EBUG},
	    {"crash", "partitions",
		"zoo 1.0.0 died of SIGSEGV in partitions of stream s, page 1" SAFE, AB_EBUG},
	    {"crash", "page 12", "zoo 1.0.0 died of SIGSEGV in read_page of stream s, page 12" SAFE,
		AB_EBUG},
	    {"crash", "update_state",
		"zoo 1.0.0 died of SIGSEGV in update_state of stream s, page 1" SAFE, AB_EBUG},
	    {"abort", "read_page",
		"zoo 1.0.0 died of SIGABRT in read_page of stream s, page 1" SAFE, AB_EBUG},
	    {"overflow", "read_page",
		"zoo 1.0.0 died of SIGSEGV in read_page of stream s, page 1" SAFE, AB_EBUG},
	    {"kill", "check",
		"zoo 1.0.0 died of SIGKILL (sent by somebody, or memory ran out) in check" SAFE,
		AB_EBUG},
	    {"exit", "read_page", "zoo 1.0.0 called exit(0) in read_page of stream s, page 1" SAFE,
		AB_EBUG},
	    {"fork", "check", "zoo 1.0.0 called exit(3) in check" SAFE, AB_EBUG},
	    {"crash", "close", "", AB_OK}, {"exit", "close", "", AB_OK}};

	EXPECT(x, "zoo-parts.so", 60);
}
END_TEST

START_TEST(a_hang_is_stopped_but_not_a_wait)
{
	static const struct expectation x[] = {
	    {"hang", "page 2",
		"zoo 1.0.0 was stopped: read_page of stream s, page 2, did not return within 1 s "
		"(ABHOST_CALL_TIMEOUT)" SAFE,
		AB_EBUG},
	    {"hang", "open",
		"zoo 1.0.0 was stopped: open did not return within 1 s "
		"(ABHOST_CALL_TIMEOUT)" SAFE,
		AB_EBUG},
	    {"wait", "read_page", "", AB_OK}};

	EXPECT(x, "zoo.so", 1);
}
END_TEST

START_TEST(a_list_of_partitions_has_an_end)
{
	static const struct expectation x[] = {{"list_empty", "",
	    "zoo 1.0.0, partitions of stream s, page 100000: 100000 pages in a row named no "
	    "partition, and the last one still names a next one (token \"100001\"): the "
	    "listing would never end",
	    AB_EDATA}};

	EXPECT(x, "zoo-parts.so", 60);
}
END_TEST

/* Faster than its lines can be taken. */
START_TEST(a_function_that_talks_without_end_is_stopped)
{
	struct drive d;

	ck_assert_int_eq(
	    drive_open(&d, "zoo.so", "{\"do\": \"chatter\", \"in\": \"check\"}", 1), AB_OK);
	d.log_us = 1000;
	ck_assert_int_eq(drive_check(&d), AB_EBUG);
	ck_assert_str_eq(d.error.text,
	    "zoo 1.0.0 was stopped: check did not return within 1 s (ABHOST_CALL_TIMEOUT)" SAFE);
	drive_close(&d);
}
END_TEST

START_TEST(what_it_says_wrong_is_refused)
{
	static const struct expectation x[] = {
	    {"status", "check", "zoo 1.0.0, check: returned 42, which is no status", AB_EBUG},
	    {"silent", "check", "zoo 1.0.0, check: failed (data) without saying why", AB_EDATA},
	    {"fail", "check", "zoo 1.0.0, check: the first reason", AB_ECONFIG},
	    {"stale", "check", "zoo 1.0.0, check: that token is old", AB_ESTALE},
	    {"cancelled", "check",
		"zoo 1.0.0, check: returned that it was cancelled, and it was not", AB_EBUG},
	    {"bad_stream", "",
		"zoo 1.0.0, streams: the stream: /sorted must be true or false, at: {\"name\": \"s\", "
		"\"sorted\": \"yes\"}",
		AB_EBUG},
	    {"unknown_key", "",
		"zoo 1.0.0, streams: the stream: /is_resumeable is no known key; did you mean "
		"\"is_resumable\"?, at: {\"name\": \"s\", \"is_resumeable\": true}",
		AB_EBUG},
	    {"nameless", "",
		"zoo 1.0.0, streams: the stream: /name is missing, at: {\"json_schema\": {}}",
		AB_EBUG},
	    {"extra_key", "", "", AB_OK},
	    {"request_flags", "check",
		"zoo 1.0.0, check: ab_request has flags 0x4, which this host does not know",
		AB_EUNSUPPORTED},
	    {"null", "",
		"zoo 1.0.0, read_page of stream s, page 1: emit got null where an object or an array "
		"of objects should be",
		AB_EDATA},
	    {"number", "",
		"zoo 1.0.0, read_page of stream s, page 1: emit got an integer where an object or "
		"an array of objects should be",
		AB_EDATA},
	    {"string", "",
		"zoo 1.0.0, read_page of stream s, page 1: emit got a string where an object or an "
		"array of objects should be",
		AB_EDATA},
	    {"big", "",
		"zoo 1.0.0, read_page of stream s, page 1: a page of 1073741847 bytes is larger "
		"than the cap of 1048576; ask for smaller pages, or raise it with --page-cap",
		AB_EDATA},
	    {"same_token", "",
		"zoo 1.0.0, read_page of stream s, page 2: the page named itself as the next one "
		"(token \"again\"): the reading would never end",
		AB_EDATA},
	    {"bad_token", "",
		"zoo 1.0.0, read_page of stream s, page 1: the next page's token is not UTF-8",
		AB_EDATA},
	    {"array_state", "",
		"zoo 1.0.0, update_state of stream s, page 1: the state: must be one object, not: "
		"[1]",
		AB_EBUG},
	    {"no_state", "", "", AB_OK},
	    {"late", "update_state",
		"zoo 1.0.0, update_state of stream s, page 1: next was called for something that is "
		"not being filled",
		AB_EBUG},
	    {"leak", "check", "", AB_OK}};

	EXPECT(x, "zoo.so", 60);
}
END_TEST

START_TEST(a_text_with_a_mistake_is_shown)
{
	static const struct expectation x[] = {
	    {"broken_stream", "",
		"zoo 1.0.0, streams: the stream: unexpected token near '}' at byte 24: {\"name\": "
		"\"s\", \"sorted\": }",
		AB_EBUG},
	    {"about", "",
		"zoo 1.0.0, read_page of stream s, page 1: about: /totl is no known key; did you "
		"mean \"total\"?, at: {\"constants\": {\"a\": 1}, \"totl\": 4}",
		AB_EBUG},
	    {"request_newer", "check",
		"zoo 1.0.0, check: ab_request has 72 bytes, of which this host knows 64, and the "
		"rest is not zero: it asks for something newer",
		AB_EUNSUPPORTED},
	    {"much", "",
		"zoo 1.0.0, read_page of stream s, page 1: a page of 1048597 bytes is larger than "
		"the cap of 1048576; ask for smaller pages, or raise it with --page-cap",
		AB_EDATA},
	    {"token_circle", "",
		"zoo 1.0.0, read_page of stream s, page 10: the page named a next one that an "
		"earlier page had named (token \"3\"): the reading would never end",
		AB_EDATA},
	    {"all_empty", "",
		"zoo 1.0.0, read_page of stream s, page 1000: 1000 pages in a row had no record, "
		"and the last one still names a next one (token \"1001\"): the reading would "
		"never end",
		AB_EDATA},
	    {"secret", "check", "zoo 1.0.0, check: secret ****, and what it really is: ****",
		AB_ECONFIG}};

	EXPECT(x, "zoo.so", 60);
}
END_TEST

/* The sentence is another module's: that there is one, with the place, is ours. */
START_TEST(an_unreadable_text_fails_the_call)
{
	static const struct expectation x[] = {
	    {"broken", "", "zoo 1.0.0, read_page of stream s, page 1: emit_text", AB_EDATA},
	    {"half", "", "zoo 1.0.0, read_page of stream s, page 1: emit_text", AB_EDATA},
	    {"two", "", "zoo 1.0.0, read_page of stream s, page 1: emit got an integer where",
		AB_EDATA},
	    {"bad_state", "", "zoo 1.0.0, update_state of stream s, page 1: the state", AB_EBUG},
	    {"endpoint", "open", "zoo 1.0.0, open: ", AB_EBUG},
	    {"wrong_type", "check", "zoo 1.0.0, check: the configuration", AB_EDATA}};
	struct drive d;

	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		const char *text = run(&d, "zoo.so", x[i].what, x[i].where, 60);

		ck_assert_msg(strncmp(text, x[i].sentence, strlen(x[i].sentence)) == 0,
		    "%s: \"%s\"", x[i].what, text);
		ck_assert_msg(
		    d.error.status == x[i].status, "%s: status %d", x[i].what, d.error.status);
		drive_close(&d);
	}
	ck_assert_str_eq(run(&d, "zoo-parts.so", "bad_partition", "", 60),
	    "zoo 1.0.0, partitions of stream s, page 1: partitions emitted what is neither "
	    "an object nor one null");
	drive_close(&d);
}
END_TEST

/* Nothing was called for this stream yet, and something was for another one. */
START_TEST(a_bad_state_is_told_of_its_own_stream)
{
	static const char sentence[] =
	    "zoo 1.0.0, read_page of stream other: the committed state is not valid JSON";
	struct drive d;

	ck_assert_str_eq(run(&d, "zoo.so", "nothing", "", 60), "");
	ck_assert_int_ne(drive_read(&d, "other", "[{bad"), AB_OK);
	ck_assert_msg(
	    strncmp(d.error.text, sentence, sizeof(sentence) - 1) == 0, "%s", d.error.text);
	drive_close(&d);
}
END_TEST

START_TEST(what_it_prints_becomes_log_lines)
{
	struct drive d;

	ck_assert_int_eq(
	    drive_open(&d, "zoo.so", "{\"do\": \"print\", \"in\": \"check\"}", 60), AB_OK);
	ck_assert_int_eq(drive_check(&d), AB_OK);
	/* Lines are not in step with messages: end it to have them all. */
	for (int i = 0; i < 200 && drive_count(&d.lines, "log 2 ") < 2; i++)
		ck_assert_int_eq(drive_streams(&d), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "log 2 zoo 1.0.0 printed: hello\n"), 1);
	ck_assert_int_eq(drive_count(&d.lines, "log 2 zoo 1.0.0 printed: world \x1b[31m?\n"), 1);
	drive_close(&d);
	ck_assert_str_eq(run(&d, "zoo.so", "flood", "check", 60), "");
	ck_assert_int_lt(drive_count(&d.lines, "printed: line"), 1000);
	drive_close(&d);
}
END_TEST

START_TEST(it_cannot_harm_the_channel)
{
	static const struct expectation x[] = {
	    {"close_fds", "check", "zoo 1.0.0 called exit(1) after check" SAFE, AB_EBUG}};
	struct drive d;
	const char *text = run(&d, "zoo.so", "write_channel", "check", 60);

	/* "in check" or "after check": it goes on while we read. */
	ck_assert_msg(strncmp(text, "zoo 1.0.0 was stopped ", 22) == 0 &&
		strstr(text, " check: rubbish on the channel: not a packet" SAFE) != NULL,
	    "%s", text);
	drive_close(&d);
	EXPECT(x, "zoo.so", 60);
}
END_TEST

START_TEST(a_logged_text_is_made_clean)
{
	struct drive d;

	ck_assert_int_eq(drive_open(&d, "zoo.so",
			     "{\"do\": \"secret\", \"in\": \"check\", \"secret\": "
			     "\"topsecret-topsecret\"}",
			     60),
	    AB_OK);
	ck_assert_int_eq(drive_check(&d), AB_ECONFIG);
	ck_assert_int_eq(
	    drive_count(&d.lines, "log 1 secret ****, and what it really is: ****\n"), 1);
	drive_close(&d);
	ck_assert_ptr_nonnull(strstr(run(&d, "zoo.so", "long_secret", "check", 60), "xxx"));
	ck_assert_msg(strstr(d.error.text, "tops") == NULL, "%s", d.error.text);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 xxx"), 1);
	ck_assert_int_eq(drive_count(&d.lines, "tops"), 0);
	drive_close(&d);
	ck_assert_int_eq(
	    drive_open(&d, "zoo.so", "{\"do\": \"log\", \"in\": \"check\"}", 60), AB_OK);
	ck_assert_int_eq(drive_check(&d), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "log 3 bad level, bad byte ?\n"), 1);
	drive_close(&d);
}
END_TEST

START_TEST(what_is_no_good_connector_is_never_called)
{
	static const char *const x[][2] = {{"no-symbol", "it does not export ab_connector_v1"},
	    {"magic", "begins with magic 0x32434241, that of a connector is 0x31434241"},
	    {"abi", "was built for connector ABI 2.3, this abhost speaks 1.0"},
	    {"min-host", "needs a host with connector ABI 1.77, this abhost speaks 1.0"},
	    {"size", "says it has 40 bytes"}, {"null", "has no read_page (it is NULL)"},
	    {"spec", "the connector's spec is no JSON object"},
	    {"missing-symbol", "undefined symbol: abhost_test_nowhere"},
	    {"constructor", "zoo 1.0.0 died of SIGSEGV while it was loaded" SAFE}};
	struct drive d;
	char name[64];

	for (size_t i = 0; i < sizeof(x) / sizeof(x[0]); i++) {
		snprintf(name, sizeof(name), "bad-%s.so", x[i][0]);
		ck_assert_int_ne(drive_open(&d, name, "{}", 60), AB_OK);
		ck_assert_msg(strstr(d.error.text, x[i][1]) != NULL, "%s: %s", name, d.error.text);
		drive_close(&d);
	}
}
END_TEST

static int
is_zombie(pid_t pid)
{
	char path[64], line[256] = "";
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (f == NULL)
		return 1;
	at = fgets(line, sizeof(line), f) != NULL ? strrchr(line, ')') : NULL;
	fclose(f);
	return at != NULL && at[1] == ' ' && at[2] == 'Z';
}

START_TEST(a_worker_inherits_what_it_needs_and_no_more)
{
	struct drive d;
	int leak = dup2(0, 33); /* not close-on-exec */

	ck_assert_int_eq(leak, 33);
	setenv("AWS_SECRET_ACCESS_KEY", "s", 1);
	setenv("ABHOST_MY_API_KEY", "s", 1); /* for ${ABHOST_MY_API_KEY} in a configuration */
	setenv("LD_LIBRARY_PATH", "/nowhere", 1);
	setenv("LC_TIME", "C", 1);
	setenv("https_proxy", "http://127.0.0.1:1", 1);
	ck_assert_int_eq(
	    drive_open(&d, "zoo.so", "{\"do\": \"look\", \"in\": \"check\"}", 60), AB_OK);
	ck_assert_int_eq(drive_check(&d), AB_OK);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 fd 33\n"), 0);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 fd 5\n"), 1);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 env AWS_"), 0);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 env ABHOST_MY_API_KEY"), 0);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 env LD_"), 0);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 env HOME\n"), 0);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 env LC_TIME\n"), 1);
	ck_assert_int_eq(drive_count(&d.lines, "log 1 env https_proxy\n"), 1);
	drive_close(&d);
}
END_TEST

/* The engine is killed: its worker dies with it. */
START_TEST(a_worker_does_not_outlive_its_engine)
{
	struct drive d;
	int fds[2];
	pid_t engine, worker = 0;

	ck_assert_int_eq(pipe(fds), 0);
	engine = fork();
	ck_assert_int_ge(engine, 0);
	if (engine == 0) {
		drive_open(&d, "zoo.so", "{\"do\": \"pid\", \"in\": \"check\"}", 60);
		drive_check(&d);
		worker = (pid_t)strtol(strstr(buf_str(&d.lines), "pid ") + 4, NULL, 10);
		if (write(fds[1], &worker, sizeof(worker)) > 0)
			raise(SIGKILL);
		_exit(1);
	}
	close(fds[1]);
	ck_assert_int_eq(read(fds[0], &worker, sizeof(worker)), (ssize_t)sizeof(worker));
	ck_assert_int_gt(worker, 1);
	ck_assert_int_eq(waitpid(engine, NULL, 0), engine);
	/* Whoever inherits it reaps it in its own time: a zombie is dead enough. */
	for (int i = 0; i < 1000 && kill(worker, 0) == 0 && !is_zombie(worker); i++)
		usleep(10000);
	ck_assert(kill(worker, 0) != 0 || is_zombie(worker));
	close(fds[0]);
}
END_TEST

/* Nothing that a connector started outlives it, and no zombie is left. */
START_TEST(nothing_stays_behind)
{
	struct drive d;

	run(&d, "zoo.so", "fork", "check", 60);
	drive_close(&d);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

static Suite *
zoo_suite(void)
{
	Suite *s = suite_create("zoo");
	TCase *t = tcase_create("zoo");

	tcase_add_test(t, a_death_is_told_with_its_place);
	tcase_add_test(t, a_hang_is_stopped_but_not_a_wait);
	tcase_add_test(t, a_list_of_partitions_has_an_end);
	tcase_add_test(t, a_function_that_talks_without_end_is_stopped);
	tcase_add_test(t, what_it_says_wrong_is_refused);
	tcase_add_test(t, a_text_with_a_mistake_is_shown);
	tcase_add_test(t, an_unreadable_text_fails_the_call);
	tcase_add_test(t, a_bad_state_is_told_of_its_own_stream);
	tcase_add_test(t, what_it_prints_becomes_log_lines);
	tcase_add_test(t, it_cannot_harm_the_channel);
	tcase_add_test(t, a_logged_text_is_made_clean);
	tcase_add_test(t, what_is_no_good_connector_is_never_called);
	tcase_add_test(t, a_worker_inherits_what_it_needs_and_no_more);
	tcase_add_test(t, a_worker_does_not_outlive_its_engine);
	tcase_add_test(t, nothing_stays_behind);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(zoo_suite())
