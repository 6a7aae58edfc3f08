/* Laws of the JSON Lines destination: bytes go out as they came, nothing uncommitted is left, an overwrite replaces whole,
 * nothing that others wrote is touched. */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data/scan.h"
#include "dest/dest.h"
#include "suite.h"

static char folder[64];
static struct error e;
static struct scan scanned;
static struct dest_run run;
static int verifies; /* what is begun is to be verified */

static void
set_up(void)
{
	snprintf(folder, sizeof(folder), "/tmp/abhost-jsonl.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_int_eq(chdir(folder), 0);
	scan_init(&scanned);
	error_clear(&e);
	verifies = 0;
	run = (struct dest_run){.connector = "my-api", .version = "1.0.0", .outcome = "running"};
}

static void
tear_down(void)
{
	char command[128];

	scan_fini(&scanned);
	ck_assert_int_eq(chdir("/"), 0);
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

static struct dest *
opened(const char *path)
{
	const struct dest_target t = {.path = path, .connector = "my-api"};
	struct dest *d = NULL;

	ck_assert_msg(dest_jsonl.open(&t, &d, &e) == AB_OK, "%s", e.text);
	ck_assert_msg(dest_jsonl.run_begin(d, &run, &e) == AB_OK, "%s", e.text);
	return d;
}

static struct dest_stream *
begun(struct dest *d, const char *name, enum dest_mode mode, int is_refresh, int fresh)
{
	struct dest_stream_spec spec = {.name = name,
	    .mode = mode,
	    .is_refresh = is_refresh,
	    .fresh = fresh,
	    .verify = verifies};
	struct dest_stream *s = NULL;

	ck_assert_msg(dest_jsonl.begin(d, &spec, &s, &e) == AB_OK, "%s", e.text);
	return s;
}

static void
write_page(struct dest_stream *s, const char *text, const char *about)
{
	static char page[1 << 17];
	struct dest_page p = {.bytes = page, .scan = &scanned, .about = about};

	memset(page, 0, strlen(text) + SCAN_PADDING + 1);
	memcpy(page, text, strlen(text));
	ck_assert_msg(scan_page(&scanned, page, strlen(text), &e) == AB_OK, "%s", e.text);
	ck_assert_msg(dest_jsonl.write(s, &p, &e) == AB_OK, "%s", e.text);
}

static void
committed(struct dest *d)
{
	char stream[] = "s", empty[] = "", token[] = "t1";
	const struct dest_state row = {
	    .stream = stream, .namespace_ = empty, .partition = empty, .token = token};
	const struct dest_state *rows[] = {&row};

	ck_assert_msg(dest_jsonl.commit(d, rows, 1, &run, &e) == AB_OK, "%s", e.text);
}

static const char *
content(const char *path)
{
	static char text[1 << 17];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (fd >= 0)
		close(fd);
	if (n < 0)
		return "(absent)";
	text[n] = '\0';
	return text;
}

static void
put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	fputs(text, f);
	fclose(f);
}

START_TEST(records_leave_as_the_bytes_that_came)
{
	struct dest *d = opened("out.jsonl");
	struct dest_stream *s = begun(d, "a\"b", DEST_APPEND, 0, 0);

	write_page(s,
	    "[{\"n\":359.40, \"big\":123456789012345678901234567890},\n {\r\n \"k\":\"\\u00e9\"}]",
	    NULL);
	committed(d);
	dest_jsonl.close(d);
	ck_assert_str_eq(content("out.jsonl"),
	    "{\"stream\":\"a\\\"b\",\"data\":{\"n\":359.40, \"big\":123456789012345678901234567890}}\n"
	    "{\"stream\":\"a\\\"b\",\"data\":{   \"k\":\"\\u00e9\"}}\n");
}
END_TEST

START_TEST(what_was_not_committed_is_gone)
{
	struct dest *d = opened("out.jsonl");

	write_page(begun(d, "s", DEST_APPEND, 0, 0), "[{\"a\":1}]", NULL);
	committed(d);
	write_page(begun(d, "s", DEST_APPEND, 0, 0), "[{\"a\":2}]", NULL);
	dest_jsonl.rollback(d);
	write_page(begun(d, "s", DEST_APPEND, 0, 0), "[{\"a\":3}]", NULL);
	dest_jsonl.close(d);
	ck_assert_str_eq(content("out.jsonl"), "{\"stream\":\"s\",\"data\":{\"a\":1}}\n");
}
END_TEST

/* A child writes more than its buffer and is killed. */
START_TEST(a_killed_run_leaves_nothing_for_the_next)
{
	static char big[100000];
	struct dest *d = opened("out.jsonl");
	struct dest_state *rows;
	size_t n;
	pid_t pid;

	write_page(begun(d, "s", DEST_APPEND, 0, 0), "[{\"a\":1}]", NULL);
	committed(d);
	dest_jsonl.close(d);
	snprintf(big, sizeof(big), "[{\"a\":\"%090000d\"}]", 7);
	if ((pid = fork()) == 0) {
		d = opened("out.jsonl");
		write_page(begun(d, "s", DEST_APPEND, 0, 0), big, NULL);
		raise(SIGKILL);
	}
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
	ck_assert_uint_gt(strlen(content("out.jsonl")), 80000);
	d = opened("out.jsonl");
	ck_assert_int_eq(dest_jsonl.states(d, &rows, &n, &e), AB_OK);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(rows[0].token, "t1");
	ck_assert_ptr_null(rows[0].state);
	dest_states_free(rows, n);
	dest_jsonl.close(d);
	ck_assert_str_eq(content("out.jsonl"), "{\"stream\":\"s\",\"data\":{\"a\":1}}\n");
}
END_TEST

/* ... also before its first commit, when no length of the file is known yet. */
START_TEST(a_first_run_that_is_killed_leaves_a_file_that_is_ours)
{
	static const char *const places[] = {"first.jsonl", "first"};
	static char big[100000];
	struct dest *d;
	pid_t pid;

	snprintf(big, sizeof(big), "[{\"a\":\"%090000d\"}]", 7);
	for (int i = 0; i < 2; i++) {
		if ((pid = fork()) == 0) {
			d = opened(places[i]);
			write_page(begun(d, "s", DEST_APPEND, 0, 0), big, NULL);
			raise(SIGKILL);
		}
		ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
		d = opened(places[i]);
		write_page(begun(d, "s", DEST_APPEND, 0, 0), "[{\"a\":1}]", NULL);
		committed(d);
		dest_jsonl.close(d);
	}
	ck_assert_str_eq(content("first.jsonl"), "{\"stream\":\"s\",\"data\":{\"a\":1}}\n");
	ck_assert_str_eq(content("first/s.jsonl"), "{\"a\":1}\n");
}
END_TEST

START_TEST(a_folder_holds_bare_records_and_an_overwrite_replaces)
{
	struct dest *d = opened("out");
	struct dest_stream *s = begun(d, "users", DEST_OVERWRITE, 1, 1);

	write_page(s, "[{\"a\":1},{}]", NULL);
	ck_assert_int_eq(dest_jsonl.finish(s, &e), AB_OK);
	committed(d);
	ck_assert_str_eq(content("out/users.jsonl"), "{\"a\":1}\n{}\n");
	s = begun(d, "users", DEST_OVERWRITE, 1, 1);
	write_page(s, "[{\"a\":2}]", "{\"constants\":{\"org\":\"x\",\"n\":1}}");
	write_page(s, "[{}]", "{\"constants\":{\"org\":\"x\"}}");
	committed(d);
	ck_assert_str_eq(content("out/users.jsonl"), "{\"a\":1}\n{}\n");
	ck_assert_int_eq(dest_jsonl.finish(s, &e), AB_OK);
	committed(d);
	dest_jsonl.close(d);
	ck_assert_str_eq(
	    content("out/users.jsonl"), "{\"org\":\"x\",\"n\":1,\"a\":2}\n{\"org\":\"x\"}\n");
	ck_assert_str_eq(content("out/users.jsonl.new"), "(absent)");
	ck_assert_str_eq(content("out/users.jsonl.new2"), "(absent)");
}
END_TEST

START_TEST(an_empty_overwrite_empties)
{
	struct dest *d = opened("out");
	struct dest_stream *s = begun(d, "users", DEST_OVERWRITE, 1, 1);

	write_page(s, "[{\"a\":1}]", NULL);
	dest_jsonl.finish(s, &e);
	committed(d);
	s = begun(d, "users", DEST_OVERWRITE, 1, 1);
	dest_jsonl.finish(s, &e);
	committed(d);
	dest_jsonl.close(d);
	ck_assert_str_eq(content("out/users.jsonl"), "");
}
END_TEST

START_TEST(an_interrupted_overwrite_goes_on_or_begins_afresh)
{
	for (int fresh = 0; fresh <= 1; fresh++) {
		const char *place = fresh ? "fresh" : "goes-on";
		struct dest *d = opened(place);
		struct dest_stream *s = begun(d, "users", DEST_OVERWRITE, 1, 1);
		char path[64];

		write_page(s, "[{\"a\":1}]", NULL);
		committed(d);
		write_page(s, "[{\"lost\":1}]", NULL);
		dest_jsonl.close(d);
		d = opened(place);
		s = begun(d, "users", DEST_OVERWRITE, 1, fresh);
		if (fresh) {
			/* not committed: the first file still counts */
			dest_jsonl.close(d);
			d = opened(place);
			s = begun(d, "users", DEST_OVERWRITE, 1, fresh);
		}
		write_page(s, "[{\"a\":2}]", NULL);
		dest_jsonl.finish(s, &e);
		committed(d);
		dest_jsonl.close(d);
		snprintf(path, sizeof(path), "%s/users.jsonl", place);
		ck_assert_str_eq(content(path), fresh ? "{\"a\":2}\n" : "{\"a\":1}\n{\"a\":2}\n");
	}
}
END_TEST

START_TEST(what_others_wrote_is_refused_and_kept)
{
	const struct dest_target log = {.path = "mine.jsonl", .connector = "my-api"};
	const struct dest_stream_spec spec = {
	    .name = "users", .mode = DEST_OVERWRITE, .is_refresh = 1, .fresh = 1};
	struct dest_stream *s;
	struct dest *d;

	put("mine.jsonl", "precious\n");
	ck_assert_int_eq(dest_jsonl.open(&log, &d, &e), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "mine.jsonl holds data"));
	ck_assert_str_eq(content("mine.jsonl"), "precious\n");
	error_clear(&e);
	d = opened("out");
	put("out/users.jsonl", "precious\n");
	ck_assert_int_eq(dest_jsonl.begin(d, &spec, &s, &e), AB_ECONFIG);
	dest_jsonl.close(d);
	ck_assert_str_eq(content("out/users.jsonl"), "precious\n");
}
END_TEST

/* Another stream's commit must not make a refused one's file look like ours, or its state like that of another file. */
START_TEST(a_refused_stream_stays_refused_when_others_commit)
{
	static const char *const cut = "{\"a\":1}\n";
	const struct dest_stream_spec spec = {.name = "users", .mode = DEST_APPEND};
	struct dest *d = opened("out");
	struct dest_stream *s;

	put("out/foreign.jsonl", "precious\n");
	write_page(begun(d, "users", DEST_APPEND, 0, 0), "[{\"a\":1},{\"a\":2}]", NULL);
	committed(d);
	dest_jsonl.close(d);
	put("out/users.jsonl", cut);
	for (int run_number = 0; run_number < 2; run_number++) {
		struct dest_stream_spec foreign = spec;

		foreign.name = "foreign";
		d = opened("out");
		ck_assert_int_eq(dest_jsonl.begin(d, &spec, &s, &e), AB_ECONFIG);
		ck_assert_ptr_nonnull(strstr(e.text, "something has cut it"));
		error_clear(&e);
		ck_assert_int_eq(dest_jsonl.begin(d, &foreign, &s, &e), AB_ECONFIG);
		error_clear(&e);
		write_page(begun(d, "others", DEST_APPEND, 0, 0), "[{\"a\":1}]", NULL);
		committed(d);
		dest_jsonl.close(d);
		ck_assert_str_eq(content("out/foreign.jsonl"), "precious\n");
		ck_assert_str_eq(content("out/users.jsonl"), cut);
	}
}
END_TEST

/* An overwrite that is refused keeps what an interrupted one has left: its token still counts on it. */
START_TEST(a_refused_overwrite_keeps_what_lies_beside)
{
	const struct dest_stream_spec spec = {
	    .name = "users", .mode = DEST_OVERWRITE, .is_refresh = 1, .fresh = 1};
	struct dest *d = opened("out");
	struct dest_stream *s = begun(d, "users", DEST_OVERWRITE, 1, 1);

	write_page(s, "[{\"a\":1}]", NULL);
	committed(d);
	dest_jsonl.close(d);
	put("out/users.jsonl", "precious\n");
	d = opened("out");
	ck_assert_int_eq(dest_jsonl.begin(d, &spec, &s, &e), AB_ECONFIG);
	error_clear(&e);
	committed(d);
	dest_jsonl.close(d);
	ck_assert_int_eq(unlink("out/users.jsonl"), 0);
	d = opened("out");
	s = begun(d, "users", DEST_OVERWRITE, 1, 0);
	write_page(s, "[{\"a\":2}]", NULL);
	dest_jsonl.finish(s, &e);
	committed(d);
	dest_jsonl.close(d);
	ck_assert_str_eq(content("out/users.jsonl"), "{\"a\":1}\n{\"a\":2}\n");
}
END_TEST

/* What has gone cannot be taken back; but a long line of which the reader has the beginning must still become whole. */
START_TEST(a_pipe_gets_whole_lines_also_after_a_rollback)
{
	static char big[100000], out[1 << 18];
	const char *last = out;
	struct dest *d;
	ssize_t n;
	int fd;

	ck_assert_int_eq(mkfifo("pipe", 0600), 0);
	fd = open("pipe", O_RDWR | O_NONBLOCK);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_ge(fcntl(fd, F_SETPIPE_SZ, 1 << 20), 1 << 18);
	d = opened("pipe");
	snprintf(big, sizeof(big), "[{\"a\":\"%080000d\"},{\"a\":1}]", 1);
	write_page(begun(d, "s", DEST_APPEND, 0, 0), big, NULL);
	dest_jsonl.rollback(d);
	write_page(begun(d, "s", DEST_APPEND, 0, 0), "[{\"a\":3}]", NULL);
	committed(d);
	dest_jsonl.close(d);
	n = read(fd, out, sizeof(out) - 1);
	close(fd);
	ck_assert_int_gt(n, 80000);
	out[n] = '\0';
	for (char *line = out, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		ck_assert_ptr_nonnull(end);
		*end = '\0';
		ck_assert_msg(strncmp(line, "{\"stream\":\"s\",\"data\":{\"a\":", 26) == 0 &&
			strstr(line + 1, "{\"stream\"") == NULL && strcmp(end - 2, "}}") == 0,
		    "%.40s ... %s", line, end - 40 > line ? end - 40 : line);
		last = line;
	}
	ck_assert_str_eq(last, "{\"stream\":\"s\",\"data\":{\"a\":3}}");
}
END_TEST

START_TEST(constants_leave_as_the_bytes_that_came)
{
	struct dest *d = opened("out");
	struct dest_stream *s = begun(d, "s", DEST_APPEND, 0, 0);

	write_page(s, "[{\"a\":1},{ }]",
	    "{\"constants\": {\n\"n\": 0.1, \"big\": 123456789012345678901234567890, \"z\": \"\\u0000\"\n}}");
	write_page(s, "[{\"a\":2}]", "{\"constants\": { }, \"total\": 4}");
	committed(d);
	dest_jsonl.close(d);
	ck_assert_str_eq(content("out/s.jsonl"),
	    "{ \"n\": 0.1, \"big\": 123456789012345678901234567890, \"z\": \"\\u0000\" ,\"a\":1}\n"
	    "{ \"n\": 0.1, \"big\": 123456789012345678901234567890, \"z\": \"\\u0000\"  }\n"
	    "{\"a\":2}\n");
}
END_TEST

/* A sentence that was cut inside a character is no reason to lose the run. */
static struct dest_stream *
begun_by_rules(
    struct dest *d, const json_t *schema, enum dest_contract contract, const char *const *columns)
{
	struct dest_stream_spec spec = {
	    .name = "s", .schema = schema, .contract = contract, .columns = columns};
	struct dest_stream *s = NULL;

	ck_assert_msg(dest_jsonl.begin(d, &spec, &s, &e) == AB_OK, "%s", e.text);
	return s;
}

#define LINE(data) "{\"stream\":\"s\",\"data\":" data "}\n"

/* What is not written is left out of its line; what is, is the bytes that came. */
START_TEST(lines_keep_a_contract)
{
	static const char page[] =
	    "{\"a\" : 1.50,\"b\":[ 1],\"c\":2}\n{\"b\":\"\\u0041\",\"\\u0061\":\"x\"}{}"
	    "{\"a\":7,\"a\":8}";
	static const char *const columns[] = {"b", "z", NULL};
	json_t *schema =
	    json_loads("{\"properties\":{\"a\":{\"type\":\"number\"},\"b\":{}}}", 0, NULL);
	struct dest *d = opened("log.jsonl");
	struct dest_stream *s = begun_by_rules(d, schema, DEST_DISCARD_VALUE, NULL);
	struct dest_stats stats;
	char bytes[256] = {0};
	struct dest_page p = {.bytes = bytes, .scan = &scanned, .number = 3};

	write_page(s, page, NULL);
	s = begun_by_rules(d, schema, DEST_DISCARD_ROW, NULL);
	write_page(s, page, "{\"constants\":{\"b\":{}}}");
	s = begun_by_rules(d, NULL, DEST_EVOLVE, columns);
	write_page(s, page, "{\"constants\":{\"b\":{},\"c\":1,\"z\":2}}");
	dest_jsonl.stats(s, &stats);
	committed(d);
	ck_assert_int_eq(stats.rows, 10);
	ck_assert_int_eq(stats.discarded_values, 1);
	ck_assert_int_eq(stats.nulled, 2);
	ck_assert_int_eq(stats.discarded_rows, 2);
	s = begun_by_rules(d, schema, DEST_FREEZE, NULL);
	memcpy(bytes, page, strlen(page));
	ck_assert_int_eq(scan_page(&scanned, bytes, strlen(page), &e), AB_OK);
	ck_assert_int_eq(dest_jsonl.write(s, &p, &e), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(e.text,
	    "stream s, page 3: its contract is freeze, and the field \"c\" (here an integer) is new"));
	error_clear(&e);
	dest_jsonl.close(d);
	ck_assert_str_eq(content("log.jsonl"),
	    LINE("{\"a\":1.50,\"b\":[ 1]}") LINE("{}") LINE("{}") LINE("{\"a\":8}")
		LINE("{\"b\":{}}") LINE("{\"b\":{},\"a\":8}") LINE("{\"b\":{},\"z\":2,\"b\":[ 1]}")
		    LINE("{\"b\":{},\"z\":2,\"b\":\"\\u0041\"}") LINE("{\"b\":{},\"z\":2}")
			LINE("{\"b\":{},\"z\":2}"));
	json_decref(schema);
}
END_TEST

/* Somebody else changes a line, cuts the last one short, or adds what is there once more. */
static void
tamper(const char *path, int how)
{
	char *text = (char *)(uintptr_t)content(path);
	FILE *f = fopen(path, how == 3 ? "a" : "w");

	if (how == 1)
		*strstr(text, "two") = 'T';
	else if (how == 2)
		*(strrchr(text, '2') + 1) = '\0';
	fputs(text, f);
	fclose(f);
}

START_TEST(lines_that_are_not_what_was_given_are_found)
{
	static const char *const places[] = {".", "log.jsonl"};

	verifies = 1;
	for (int i = 0; i < 2 * 2 * 4; i++) {
		const char *file = i & 1 ? "log.jsonl" : "s.jsonl";
		struct dest *d;
		struct dest_stream *s, *other;
		int64_t rows;
		ck_assert_int_eq(system("rm -f *.jsonl *.json"), 0);
		d = opened(places[i & 1]);
		s = begun(d, "s", DEST_APPEND, 0, 0);
		if (i & 2)
			write_page(s, "{\"of\":\"a run before\"}", NULL);
		committed(d);
		dest_jsonl.close(d);
		d = opened(places[i & 1]);
		s = begun(d, "s", DEST_APPEND, 0, 0);
		write_page(s, "{\"a\":\"rolled back\"}", NULL);
		dest_jsonl.rollback(d);
		s = begun(d, "s", DEST_APPEND, 0, 0);
		other = begun(d, "other", DEST_APPEND, 0, 0);
		write_page(s, "{\"a\":\"one\"}", "{\"constants\":{\"c\":1}}");
		write_page(other, "{\"a\":5}", NULL);
		write_page(s, "{\"a\":\"two\"} {}", "{\"constants\":{\"c\":2}}");
		committed(d);
		ck_assert_int_eq(dest_jsonl.verify(s, &rows, &e), AB_OK);
		ck_assert_int_eq(rows, 3);
		tamper(file, i / 4);
		ck_assert_msg(dest_jsonl.verify(s, &rows, &e) == (i / 4 ? AB_EDATA : AB_OK),
		    "case %d: %s", i, e.text);
		error_clear(&e);
		ck_assert_int_eq(
		    dest_jsonl.verify(other, &rows, &e), i == 13 || i == 15 ? AB_EDATA : AB_OK);
		error_clear(&e);
		dest_jsonl.close(d);
	}
}
END_TEST

START_TEST(a_run_is_kept_whatever_its_error_says)
{
	struct dest *d = opened("out.jsonl");

	run.outcome = "failed";
	run.error = "cut \xc3...";
	committed(d);
	dest_jsonl.close(d);
	ck_assert_ptr_nonnull(strstr(content("out.jsonl.state.json"), "\"error\": \"cut ?...\""));
}
END_TEST

START_TEST(a_second_run_is_refused)
{
	const struct dest_target t = {.path = "out.jsonl", .connector = "my-api"};
	struct dest *first = opened("out.jsonl"), *second;

	ck_assert_int_eq(dest_jsonl.open(&t, &second, &e), AB_ETRANSIENT);
	ck_assert_ptr_nonnull(strstr(e.text, "in use by another run"));
	dest_jsonl.close(first);
}
END_TEST

START_TEST(state_of_another_connector_or_version_is_refused)
{
	struct dest_target t = {.path = "out.jsonl", .connector = "other"};
	struct dest *d = opened("out.jsonl");

	write_page(begun(d, "s", DEST_APPEND, 0, 0), "[{\"a\":1}]", NULL);
	committed(d);
	dest_jsonl.close(d);
	ck_assert_int_eq(dest_jsonl.open(&t, &d, &e), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "belongs to connector my-api, not other"));
	error_clear(&e);
	t.connector = "my-api";
	ck_assert_int_eq(truncate("out.jsonl", 3), 0);
	ck_assert_int_eq(dest_jsonl.open(&t, &d, &e), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "something has cut it"));
	error_clear(&e);
	put("out.jsonl.state.json", "{\"format\": 99}");
	ck_assert_int_eq(dest_jsonl.open(&t, &d, &e), AB_ECONFIG);
	ck_assert_ptr_nonnull(strstr(e.text, "newer abhost"));
	error_clear(&e);
	put("out.jsonl.state.json", "rubbish");
	ck_assert_int_eq(dest_jsonl.open(&t, &d, &e), AB_ECONFIG);
}
END_TEST

static Suite *
jsonl_suite(void)
{
	Suite *s = suite_create("jsonl");
	TCase *t = tcase_create("jsonl");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, records_leave_as_the_bytes_that_came);
	tcase_add_test(t, what_was_not_committed_is_gone);
	tcase_add_test(t, a_killed_run_leaves_nothing_for_the_next);
	tcase_add_test(t, a_first_run_that_is_killed_leaves_a_file_that_is_ours);
	tcase_add_test(t, a_folder_holds_bare_records_and_an_overwrite_replaces);
	tcase_add_test(t, an_empty_overwrite_empties);
	tcase_add_test(t, an_interrupted_overwrite_goes_on_or_begins_afresh);
	tcase_add_test(t, what_others_wrote_is_refused_and_kept);
	tcase_add_test(t, a_refused_stream_stays_refused_when_others_commit);
	tcase_add_test(t, a_refused_overwrite_keeps_what_lies_beside);
	tcase_add_test(t, a_pipe_gets_whole_lines_also_after_a_rollback);
	tcase_add_test(t, constants_leave_as_the_bytes_that_came);
	tcase_add_test(t, lines_keep_a_contract);
	tcase_add_test(t, a_run_is_kept_whatever_its_error_says);
	tcase_add_test(t, a_second_run_is_refused);
	tcase_add_test(t, state_of_another_connector_or_version_is_refused);
	tcase_add_test(t, lines_that_are_not_what_was_given_are_found);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(jsonl_suite())
