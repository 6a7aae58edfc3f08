/* disturb.c - family read: several sources at once, an API without records, a read that is cancelled, what was printed. */
#include <string.h>

#include "accept/checks.h"
#include "accept/read.h"
#include "base/clock.h"

#define TOGETHER    4 /* reads, by as many sources */
#define ENOUGH_US   1000000
#define PATIENCE_MS 5000
#define TRIES	    3

/* Reads by several sources that begin at the same time; the first one that is not like the read alone, or NULL. */
static const struct readout *
find_disturbed(const struct read *r, const struct readout together[TOGETHER])
{
	for (int i = 0; i < TOGETHER; i++)
		if (together[i].error.status != AB_OK || readout_same(&r->whole, &together[i]) != 1)
			return &together[i];
	return NULL;
}

static enum accept_verdict
look_together(struct kit *k, struct finding *f, const struct read *r)
{
	static const char expected[] =
	    "sources that read at the same time do not disturb each other: no mutable globals, no static variables";
	const struct act_options o = {.lanes = TOGETHER};
	struct readout together[TOGETHER];
	const struct readout *bad = NULL;
	enum accept_verdict v = ACCEPT_OK;
	struct act a;

	for (int i = 0; i < TOGETHER; i++)
		readout_init(&together[i], r->whole.plan, NULL);
	if (act_open(&a, k, &o) == AB_OK) {
		for (uint32_t i = 0; i < TOGETHER; i++)
			readout_begin(&together[i], &a, i, NULL);
		readouts_run(&a, together, TOGETHER);
		bad = find_disturbed(r, together);
	} else {
		v = finding_fail(f, expected, "%s", a.error.text);
	}
	if (bad != NULL && bad->missing[0] != '\0')
		v = finding_skip(f, "not in fixtures: %s", bad->missing);
	else if (bad != NULL && bad->error.status != AB_OK)
		v = finding_fail(f, expected, "%d at once: %s", TOGETHER, bad->error.text);
	else if (bad != NULL)
		v = finding_fail(f, expected,
		    "stream \"%s\": %zu records alone, and %zu, or others, beside %d more",
		    r->whole.plan->name, r->whole.nrecords, bad->nrecords, TOGETHER - 1);
	for (int i = 0; i < TOGETHER; i++)
		readout_fini(&together[i]);
	act_close(&a);
	return v;
}

/* Who wins a race is chance: each stream is given some. */
static enum accept_verdict
look_two(struct kit *k, struct finding *f, const struct read *r)
{
	enum accept_verdict v = ACCEPT_OK;

	for (int n = 0; n < TRIES && v == ACCEPT_OK && !r->whole.is_cut; n++)
		v = look_together(k, f, r);
	return v;
}

/* The first stream that fails decides; else one that was skipped. */
static enum accept_verdict
each_stream(struct kit *k, struct finding *f,
    enum accept_verdict (*look)(struct kit *k, struct finding *f, const struct read *r))
{
	const struct read *reads = reads_of(k);
	enum accept_verdict v, all = ACCEPT_OK;

	for (size_t i = 0; i < k->plan.n; i++) {
		v = look(k, f, &reads[i]);
		if (v == ACCEPT_FAILED)
			return v;
		all = v == ACCEPT_SKIPPED ? v : all;
	}
	return all;
}

enum accept_verdict
check_read_two(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_two);
}

static int
has_hash(const uint64_t *sorted, size_t n, uint64_t hash)
{
	size_t from = 0;

	while (from < n) {
		size_t mid = from + (n - from) / 2;

		if (sorted[mid] == hash)
			return 1;
		if (sorted[mid] < hash)
			from = mid + 1;
		else
			n = mid;
	}
	return 0;
}

static enum accept_verdict
look_empty(struct kit *k, struct finding *f, const struct read *r)
{
	static const char expected[] = "an empty stream is read to its end, and gives no records";
	const struct act_options o = {.bend = "empty"};
	struct readout empty;
	enum accept_verdict v = ACCEPT_OK;
	uint64_t *known = readout_sorted(&r->whole);

	readout_init(&empty, r->whole.plan, NULL);
	readout_whole(&empty, k, &o, NULL);
	if (known == NULL)
		v = finding_fail(f, expected, "no memory");
	else if (empty.missing[0] != '\0')
		v = finding_skip(f, "not in fixtures: %s", empty.missing);
	else if (empty.error.status != AB_OK)
		v = finding_fail(
		    f, expected, "where every list in the answers is empty: %s", empty.error.text);
	else if (empty.nrecords > 0)
		finding_note(f, "stream \"%s\" has %zu records that are in no list of objects",
		    r->whole.plan->name, empty.nrecords);
	for (size_t i = 0; v == ACCEPT_OK && i < empty.nrecords; i++)
		if (!has_hash(known, r->whole.nrecords, empty.records[i]))
			v = finding_fail(f, expected,
			    "stream \"%s\": a record that the API does not have, where every list in the answers is empty",
			    r->whole.plan->name);
	free(known);
	readout_fini(&empty);
	return v;
}

enum accept_verdict
check_read_empty(struct kit *k, struct finding *f)
{
	if (*k->fixtures == '\0')
		return finding_skip(f, "without fixtures there are no answers to empty");
	return each_stream(k, f, look_empty);
}

/* Cancels the read, and how long it goes on: microseconds; -1: it does not end. */
static int64_t
cancel_now(struct act *a)
{
	int64_t since = clock_mono_us();

	source_cancel(a->source);
	while (act_next(a, PATIENCE_MS)) {
		if (a->ev.type == SOURCE_PAGE)
			(void)act_page(a);
		if (a->ev.type == SOURCE_DONE || a->ev.type == SOURCE_FAILED)
			return source_dead(a->source) ? -1 : clock_mono_us() - since;
	}
	return -1;
}

/* 1: the read had ended before it could be cancelled. */
static int
let_run(struct act *a, int ms)
{
	int64_t until = clock_mono_us() + (int64_t)ms * 1000, left = ms;

	while (left > 0 && act_next(a, (int)left)) {
		if (a->ev.type == SOURCE_PAGE)
			(void)act_page(a);
		if (a->ev.type == SOURCE_DONE || a->ev.type == SOURCE_FAILED)
			return 1;
		left = (until - clock_mono_us()) / 1000;
	}
	return 0;
}

static int64_t
cancel_once(struct kit *k, const struct plan_stream *plan, int after_ms)
{
	const struct act_options o = {0};
	int64_t us = -1;
	struct act a;

	if (act_open(&a, k, &o) == AB_OK && act_read(&a, 0, plan->configured, "[]") == AB_OK)
		us = let_run(&a, after_ms) ? 0 : cancel_now(&a);
	if (us < 0) {
		source_close(a.source, 0);
		a.source = NULL;
	}
	act_close(&a);
	return us;
}

static enum accept_verdict
look_cancel(struct kit *k, struct finding *f, const struct plan_stream *plan)
{
	static const char expected[] =
	    "a cancelled read ends within a second: wait with the host's wait(), and ask cancelled() in long loops";
	static const int after_ms[] = {0, 100};
	int64_t best, us;

	for (size_t w = 0; w < sizeof(after_ms) / sizeof(after_ms[0]); w++) {
		best = INT64_MAX;
		for (int n = 0; n < TRIES && best > ENOUGH_US && accept_stopped() == 0; n++) {
			us = cancel_once(k, plan, after_ms[w]);
			if (us >= 0 && us < best)
				best = us;
		}
		if (best > ENOUGH_US)
			return finding_fail(f, expected,
			    "stream \"%s\", cancelled %d ms after it had begun: it went on for more than %s",
			    plan->name, after_ms[w], best == INT64_MAX ? "5 seconds" : "a second");
	}
	return ACCEPT_OK;
}

enum accept_verdict
check_read_cancel(struct kit *k, struct finding *f)
{
	enum accept_verdict v = ACCEPT_OK;

	for (size_t i = 0; i < k->plan.n && v == ACCEPT_OK; i++)
		v = look_cancel(k, f, &k->plan.streams[i]);
	return v;
}

enum accept_verdict
check_read_quiet(struct kit *k, struct finding *f)
{
	if (k->printed[0] == '\0')
		return ACCEPT_OK;
	return finding_fail(f,
	    "nothing on standard output and standard error: log() is for people, emit() for records",
	    "%s", k->printed);
}
