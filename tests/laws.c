/* Laws of the whole engine, against a source and a destination in memory (world.h): whatever fails, and whenever, the next
 * runs end with exactly the records that the source has, each once. */
#include "suite.h"

#include <signal.h>
#include <string.h>

#include "base/log.h"
#include "engine/state_row.h"
#include "world.h"

static struct sync_options options;
static struct sync_report report;
static struct error err;
static const char *mode;

static void
drop_line(void *ctx, int level, const char *line)
{
	(void)ctx;
	(void)level;
	(void)line;
}

static ab_status
run(void)
{
	const char *const modes[] = {mode, NULL};
	json_t *config = json_object();
	ab_status status;

	error_clear(&err);
	world_connector.has_update_state = world_source.own_state;
	options.connector = &world_connector;
	options.config = config;
	options.to = "world";
	options.modes = modes;
	sync_report_fini(&report);
	status = sync_run(&options, &report, &err);
	json_decref(config);
	return status;
}

static void
setup(void)
{
	log_to(drop_line, NULL);
	memset(&options, 0, sizeof(options));
	mode = NULL;
	world_reset();
	world_source.page_size = 3;
}

static void
add(int id, int at, int part)
{
	world_source.records[world_source.n++] = (struct world_record){id, at, part};
}

/* Ties within and across pages; `shuffled`: the cursor goes down at times. */
static void
fill(int shuffled)
{
	static const int sorted_at[] = {1, 2, 2, 3, 4, 5, 5, 5, 5, 6, 7, 7};
	static const int shuffled_at[] = {1, 2, 2, 5, 6, 6, 3, 6, 7, 7, 5, 7};

	world_source.n = 0;
	for (int part = world_source.parts > 0; part <= world_source.parts; part++)
		for (int i = 0; i < 12; i++)
			add(100 * part + i, (shuffled ? shuffled_at : sorted_at)[i], part);
}

/* New ones: at the edge's value, and above it; in append_dedup also a newer version of an old one. */
static void
grow(int with_update)
{
	for (int part = world_source.parts > 0; part <= world_source.parts; part++) {
		add(100 * part + 20, 7, part);
		add(100 * part + 21, 7, part);
		add(100 * part + 22, 9, part);
		if (with_update)
			add(100 * part + 3, 9, part);
	}
}

static int
count_rows(const struct world_table *t, int id, int at)
{
	int n = 0;

	for (size_t i = 0; i < t->n; i++)
		n += t->rows[i].id == id && (at < 0 || t->rows[i].at == at);
	return n;
}

/* Every record once (dedup: its newest version), and nothing else. */
static void
assert_truth(const char *what, int dedup)
{
	const struct world_table *t = world_table(0);
	size_t expected = 0;

	for (size_t i = 0; i < world_source.n; i++) {
		const struct world_record *r = &world_source.records[i];
		int is_newest = 1;

		for (size_t k = i + 1; k < world_source.n && dedup; k++)
			is_newest &= world_source.records[k].id != r->id;
		if (!is_newest)
			continue;
		expected++;
		ck_assert_msg(count_rows(t, r->id, r->at) == 1,
		    "%s: record %d at %d is there %d times", what, r->id, r->at,
		    count_rows(t, r->id, r->at));
	}
	ck_assert_msg(t->n == expected, "%s: %zu rows, expected %zu", what, t->n, expected);
}

struct variant {
	const char *mode;
	int key, parts, sorted, resumable, own_state, shuffled;
};

static const char *
name_of(const struct variant *v, const char *kind, int at)
{
	static char text[200];

	snprintf(text, sizeof(text),
	    "%s, key %d, parts %d, sorted %d, resumable %d, own state %d, shuffled %d, %s at %d",
	    v->mode, v->key, v->parts, v->sorted, v->resumable, v->own_state, v->shuffled, kind,
	    at);
	return text;
}

static void
begin_variant(const struct variant *v)
{
	world_reset();
	world_source.page_size = 3;
	world_source.pauses = 1;
	world_source.parts = v->parts;
	world_source.sorted = v->sorted;
	world_source.resumable = v->resumable;
	world_source.own_state = v->own_state;
	world_source.has_key = v->key;
	mode = v->mode;
	fill(v->shuffled);
}

/* Calls `each` for every variant of a stream in the modes that need no full history. */
static void
for_each_variant(void (*each)(const struct variant *v))
{
	static const char *const modes[] = {"things=incremental:append",
	    "things=incremental:append_dedup", "things=full_refresh:overwrite",
	    "things=full_refresh:append"};

	for (int bits = 0; bits < 4 * 32; bits++) {
		struct variant v = {.mode = modes[bits & 3],
		    .key = (bits & 3) == 1,
		    .parts = bits & 4 ? 3 : 0,
		    .sorted = (bits & 8) != 0,
		    .resumable = (bits & 16) != 0,
		    .own_state = (bits & 32) != 0,
		    .shuffled = (bits & 64) != 0};

		each(&v);
	}
}

/* It says that it is sorted, and is not. What it loses before that shows cannot be known: the state may be past it. */
static int
is_lying(const struct variant *v)
{
	return v->sorted && v->shuffled && strncmp(v->mode, "things=incr", 11) == 0;
}

/* A connector that keeps its own state gives the greatest value; so an append meets the edge again. */
static void
second_run(const struct variant *v, const char *what)
{
	int dedup = v->key, refresh = strncmp(v->mode, "things=full", 11) == 0;

	if (refresh && strstr(v->mode, ":append") != NULL)
		return;
	grow(dedup);
	ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
	assert_truth(what, dedup);
	ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
	assert_truth(what, dedup);
}

static void
clean(const struct variant *v)
{
	begin_variant(v);
	ck_assert_msg(run() == AB_OK, "%s: %s", name_of(v, "clean", 0), err.text);
	assert_truth(name_of(v, "clean", 0), v->key);
	second_run(v, name_of(v, "second run", 0));
}

START_TEST(every_record_arrives_once)
{
	for_each_variant(clean);
}
END_TEST

/* The source fails at page `at`; dies: with its process; stale: the token of that run is no longer good. */
static void
with_failure(const struct variant *v, int dies, int stale)
{
	int pages = v->parts == 0 ? 4 : 4 * v->parts;

	for (int at = 1; at <= pages && !is_lying(v); at++) {
		const char *what = name_of(v, stale ? "stale after failure" : "failure", at);

		begin_variant(v);
		world_source.fail_at = at;
		world_source.dies = dies;
		ck_assert_int_eq(run(), AB_ETRANSIENT);
		ck_assert_int_eq(report.outcome, SYNC_FAILED);
		world_source.is_stale = stale;
		world_source.fail_at = at % 3;
		if (run() != AB_OK) {
			world_source.fail_at = 0;
			ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		}
		world_source.fail_at = 0;
		assert_truth(what, v->key);
		second_run(v, what);
	}
}

static void
failure(const struct variant *v)
{
	with_failure(v, 0, 0);
}

static void
death(const struct variant *v)
{
	with_failure(v, 1, 0);
}

static void
staleness(const struct variant *v)
{
	with_failure(v, 0, 1);
}

START_TEST(a_failing_source_loses_and_doubles_nothing)
{
	for_each_variant(failure);
}
END_TEST

START_TEST(a_dying_source_loses_and_doubles_nothing)
{
	for_each_variant(death);
}
END_TEST

START_TEST(a_stale_token_loses_and_doubles_nothing)
{
	for_each_variant(staleness);
}
END_TEST

/* The destination breaks at its call `at`, whichever that is. */
static void
crash(const struct variant *v)
{
	int ended = 0;

	for (int at = 1; !ended && !is_lying(v); at++) {
		const char *what = name_of(v, "crash", at);

		begin_variant(v);
		world_dest.fail_at = at;
		ended = run() == AB_OK;
		/* and once more, elsewhere */
		world_dest.fail_at = ended ? 0 : at % 4 + 1;
		if (!ended && run() != AB_OK) {
			world_dest.fail_at = 0;
			ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		}
		world_dest.fail_at = 0;
		assert_truth(what, v->key);
		second_run(v, what);
	}
}

START_TEST(a_crash_at_any_call_loses_and_doubles_nothing)
{
	for_each_variant(crash);
}
END_TEST

/* The cursor goes back in the fourth page of two records. */
static void
lie(const struct variant *v)
{
	int ended = 0;

	for (int at = 1; !ended && is_lying(v) && v->parts == 0; at++) {
		const char *what = name_of(v, "crash", at);

		begin_variant(v);
		world_source.page_size = 2;
		world_dest.fail_at = at;
		ended = run() == AB_OK;
		if (!ended && world_pages_served() < 5)
			continue;
		world_dest.fail_at = 0;
		ck_assert_msg(ended || run() == AB_OK, "%s: %s", what, err.text);
		assert_truth(what, v->key);
		second_run(v, what);
	}
}

START_TEST(a_broken_promise_costs_nothing_once_it_shows)
{
	options.one_thread = 1;
	for_each_variant(lie);
}
END_TEST

START_TEST(one_thread_does_the_same)
{
	options.one_thread = 1;
	for_each_variant(clean);
	for_each_variant(failure);
	for_each_variant(crash);
}
END_TEST

START_TEST(a_resumed_read_begins_at_the_next_page)
{
	const struct variant v = {"things=full_refresh:overwrite", 0, 0, 0, 1, 0, 0};

	begin_variant(&v);
	world_source.fail_at = 4;
	run();
	ck_assert_int_eq(world_table(0)->n, 0);
	world_source.fail_at = 0;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 1);
	ck_assert_int_eq(world_pages_served(), 1);
	ck_assert_int_eq(world_table(0)->rows[0].generation_id, 1);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 0);
	ck_assert_int_eq(world_table(0)->rows[0].generation_id, 2);
}
END_TEST

START_TEST(a_failed_stream_leaves_the_others)
{
	world_source.second_stream = 1;
	fill(0);
	for (int dies = 0; dies < 2; dies++) {
		ck_assert_int_eq(run(), AB_ETRANSIENT);
		ck_assert_int_eq(report.outcome, SYNC_SOME_FAILED);
		ck_assert_int_eq(report.streams[0].failed, 0);
		ck_assert_int_eq(report.streams[1].failed, 1);
		ck_assert_int_eq(world_table(0)->n, 12);
		world_reset();
		world_source.page_size = 3;
		world_source.second_stream = 1;
		fill(0);
	}
	/* the first dies, and the second gets a worker of its own */
	world_source.fail_at = 1;
	world_source.dies = 1;
	ck_assert_int_eq(run(), AB_ETRANSIENT);
	ck_assert_int_eq(report.outcome, SYNC_FAILED);
	ck_assert_str_eq(report.streams[1].error, "the source fails");
}
END_TEST

/* Two streams; what becomes of the second when the destination refuses the first. */
static enum sync_outcome
refuse_first(int begin, ab_status wrong)
{
	world_reset();
	world_source.page_size = 3;
	world_source.second_stream = world_source.second_is_good = 1;
	world_dest.refuses = begin;
	world_dest.wrong = wrong;
	fill(0);
	ck_assert_int_ne(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].failed, 1);
	ck_assert_ptr_nonnull(strstr(report.streams[0].error, begin ? "not mine" : "is wrong"));
	ck_assert_int_eq(world_table(0)->n, 0);
	return report.outcome;
}

START_TEST(a_refused_stream_leaves_the_others_a_broken_destination_does_not)
{
	ck_assert_int_eq(refuse_first(1, AB_OK), SYNC_SOME_FAILED);
	ck_assert_int_eq(world_table(1)->n, 12);
	ck_assert_int_eq(refuse_first(0, AB_EDATA), SYNC_SOME_FAILED);
	ck_assert_int_eq(world_table(1)->n, 12);
	ck_assert_int_eq(refuse_first(0, AB_ETRANSIENT), SYNC_FAILED);
	ck_assert_int_eq(world_table(1)->n, 0);
}
END_TEST

START_TEST(a_second_signal_waits_for_nobody)
{
	fill(0);
	world_source.raise_at = 2;
	world_source.is_deaf = 1;
	ck_assert_int_eq(run(), AB_ECANCELLED);
	ck_assert_int_eq(report.outcome, SYNC_CANCELLED);
	world_source.raise_at = 0;
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("after two signals", 0);
}
END_TEST

START_TEST(a_page_that_is_not_json_is_named)
{
	fill(0);
	world_source.garbage_at = 2;
	ck_assert_int_eq(run(), AB_EDATA);
	ck_assert_ptr_nonnull(strstr(err.text, "world 1, read_page of stream things, page 2: "));
}
END_TEST

/* Its records and its token were looked at before the page was refused: they must not count. */
static void
bad_about(const struct variant *v)
{
	for (int at = 1; at <= 4 && !is_lying(v); at++) {
		const char *what = name_of(v, "bad about", at);

		begin_variant(v);
		world_source.bad_about_at = at;
		ck_assert_int_eq(run(), AB_EDATA);
		world_source.bad_about_at = 0;
		ck_assert_msg(run() == AB_OK, "%s: %s", what, err.text);
		assert_truth(what, v->key);
		second_run(v, what);
	}
}

START_TEST(a_refused_page_does_not_count)
{
	for_each_variant(bad_about);
}
END_TEST

START_TEST(a_connector_that_keeps_no_state_doubles_nothing)
{
	const struct variant v = {"things=incremental:append", 0, 0, 0, 0, 1, 0};

	begin_variant(&v);
	world_source.null_state = 1;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("no state", 0);
}
END_TEST

START_TEST(a_signal_keeps_what_was_read)
{
	const struct variant v = {"things=incremental:append", 0, 0, 1, 0, 0, 0};

	begin_variant(&v);
	world_source.raise_at = 3;
	ck_assert_int_eq(run(), AB_ECANCELLED);
	ck_assert_int_eq(report.outcome, SYNC_CANCELLED);
	ck_assert_int_eq(report.signal, SIGINT);
	ck_assert_int_ge(world_table(0)->n, 6);
	world_source.raise_at = 0;
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("after a signal", 0);
}
END_TEST

/* What a user may do between two runs. */
static void
change_mode(const char *first, const char *second, int fail_at, int expect_resumed)
{
	const struct variant v = {first, 1, 0, 0, 1, 0, 0};

	begin_variant(&v);
	world_source.fail_at = fail_at;
	run();
	world_source.fail_at = 0;
	mode = second;
	ck_assert_msg(run() == AB_OK, "%s", err.text);
	ck_assert_int_eq(report.streams[0].resumed, expect_resumed);
}

START_TEST(a_full_refresh_then_incremental_doubles_nothing)
{
	change_mode("things=full_refresh:overwrite", "things=incremental:append", 0, 0);
	assert_truth("full refresh, then append", 0);
	change_mode("things=full_refresh:overwrite", "things=incremental:append", 3, 0);
	assert_truth("interrupted full refresh, then append", 0);
	change_mode("things=full_refresh:overwrite", "things=incremental:append_dedup", 3, 0);
	assert_truth("interrupted full refresh, then dedup", 1);
	change_mode("things=incremental:append", "things=full_refresh:overwrite", 3, 0);
	assert_truth("interrupted append, then full refresh", 0);
	change_mode("things=incremental:append", "things=incremental:append_dedup", 3, 1);
	assert_truth("interrupted append, then dedup", 1);
}
END_TEST

START_TEST(a_refresh_that_is_given_up_leaves_the_state)
{
	const struct variant v = {"things=incremental:append", 0, 0, 0, 1, 0, 0};

	begin_variant(&v);
	ck_assert_int_eq(run(), AB_OK);
	mode = "things=full_refresh:overwrite";
	world_source.fail_at = 3;
	run();
	world_source.fail_at = 0;
	mode = "things=incremental:append";
	grow(0);
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(world_pages_served(), 2);
	assert_truth("refresh given up", 0);
}
END_TEST

START_TEST(reading_from_the_start_replaces_an_append)
{
	const struct variant v = {"things=incremental:append", 0, 0, 0, 1, 0, 0};

	begin_variant(&v);
	ck_assert_int_eq(run(), AB_OK);
	options.full_refresh = 1;
	world_source.fail_at = 2;
	ck_assert_int_eq(run(), AB_ETRANSIENT);
	assert_truth("the old table stands while it is replaced", 0);
	world_source.fail_at = 0;
	options.full_refresh = 0;
	ck_assert_int_eq(run(), AB_OK);
	ck_assert_int_eq(report.streams[0].resumed, 1);
	assert_truth("replaced", 0);
	ck_assert_int_eq(world_table(0)->rows[0].generation_id, 2);
	grow(0);
	ck_assert_int_eq(run(), AB_OK);
	assert_truth("and goes on", 0);
}
END_TEST

static const char *
exported(void)
{
	static struct buf b;
	size_t n;
	const struct dest_state *rows = world_states(&n);

	buf_fini(&b);
	buf_init(&b, 1 << 20);
	ck_assert_int_eq(state_export(rows, n, &b), 0);
	return buf_str(&b);
}

START_TEST(the_state_is_told_in_airbytes_form)
{
	ck_assert_str_eq(exported(), "[]");
	mode = "things=incremental:append";
	fill(0);
	run();
	ck_assert_str_eq(exported(),
	    "[{\"type\": \"STREAM\", \"stream\": {\"stream_descriptor\": "
	    "{\"name\": \"things\"}, \"stream_state\": {\"at\":7}}}]");
	mode = "things=full_refresh";
	run();
	ck_assert_str_eq(exported(),
	    "[{\"type\": \"STREAM\", \"stream\": {\"stream_descriptor\": "
	    "{\"name\": \"things\"}, \"stream_state\": {}}}]");
	world_reset();
	world_source.page_size = 3;
	world_source.parts = 2;
	mode = "things=incremental:append";
	fill(0);
	run();
	ck_assert_str_eq(exported(),
	    "[{\"type\": \"STREAM\", \"stream\": {\"stream_descriptor\": "
	    "{\"name\": \"things\"}, \"stream_state\": {\"states\": "
	    "[{\"partition\": {\"p\":1}, \"cursor\": {\"at\":7}}, "
	    "{\"partition\": {\"p\":2}, \"cursor\": {\"at\":7}}]}}}]");
}
END_TEST

static Suite *
laws_suite(void)
{
	Suite *s = suite_create("laws");
	TCase *t = tcase_create("laws");

	tcase_set_timeout(t, 120);
	tcase_add_checked_fixture(t, setup, NULL);
	tcase_add_test(t, every_record_arrives_once);
	tcase_add_test(t, a_failing_source_loses_and_doubles_nothing);
	tcase_add_test(t, a_dying_source_loses_and_doubles_nothing);
	tcase_add_test(t, a_stale_token_loses_and_doubles_nothing);
	tcase_add_test(t, a_crash_at_any_call_loses_and_doubles_nothing);
	tcase_add_test(t, a_broken_promise_costs_nothing_once_it_shows);
	tcase_add_test(t, one_thread_does_the_same);
	tcase_add_test(t, a_refused_page_does_not_count);
	tcase_add_test(t, a_connector_that_keeps_no_state_doubles_nothing);
	tcase_add_test(t, a_resumed_read_begins_at_the_next_page);
	tcase_add_test(t, a_failed_stream_leaves_the_others);
	tcase_add_test(t, a_refused_stream_leaves_the_others_a_broken_destination_does_not);
	tcase_add_test(t, a_second_signal_waits_for_nobody);
	tcase_add_test(t, a_page_that_is_not_json_is_named);
	tcase_add_test(t, a_signal_keeps_what_was_read);
	tcase_add_test(t, a_full_refresh_then_incremental_doubles_nothing);
	tcase_add_test(t, a_refresh_that_is_given_up_leaves_the_state);
	tcase_add_test(t, reading_from_the_start_replaces_an_append);
	tcase_add_test(t, the_state_is_told_in_airbytes_form);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(laws_suite())
