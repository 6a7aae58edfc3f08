/* read.c - family read: what a full read of each stream gives, and what a second one does. */
#include "accept/read.h"

#include <stdlib.h>
#include <string.h>

#include "accept/checks.h"

/* The worker's words for a read that has no end (walk.c), and for an update_state that is not pure (hosted.c). */
static const char endless[] = "the reading would never end", impure[] = "which must be pure";

static void
read_stream(struct kit *k, struct read *r)
{
	const struct act_options o = {0};
	struct act a;

	if (act_open(&a, k, &o) != AB_OK) {
		error_set(&r->whole.error, a.error.status, "%s", a.error.text);
	} else {
		readout_begin(&r->whole, &a, 0, NULL);
		readouts_run(&a, &r->whole, 1);
	}
	if (r->whole.error.status == AB_OK && !r->whole.is_cut && k->o->record == NULL) {
		r->has_again = 1;
		readout_begin(&r->again, &a, 0, NULL);
		readouts_run(&a, &r->again, 1);
	}
	act_close(&a);
}

struct read *
reads_of(struct kit *k)
{
	if (k->reads != NULL || (k->reads = calloc(k->plan.n + 1, sizeof(*k->reads))) == NULL)
		return k->reads;
	for (size_t i = 0; i < k->plan.n; i++) {
		struct read *r = &k->reads[i];

		judge_init(&r->judge, &k->plan.streams[i]);
		readout_init(&r->whole, &k->plan.streams[i], &r->judge);
		readout_init(&r->again, &k->plan.streams[i], NULL);
	}
	for (size_t i = 0; i < k->plan.n && accept_stopped() == 0; i++)
		read_stream(k, &k->reads[i]);
	return k->reads;
}

void
reads_free(struct kit *k)
{
	for (size_t i = 0; k->reads != NULL && i < k->plan.n; i++) {
		judge_fini(&k->reads[i].judge);
		readout_fini(&k->reads[i].whole);
		readout_fini(&k->reads[i].again);
	}
	free(k->reads);
	k->reads = NULL;
}

/* One stream of a check: what is wrong with it, as for the whole check. */
typedef enum accept_verdict stream_fn(struct kit *k, struct finding *f, struct read *r);

/* The first stream that fails decides; else one that was skipped. */
static enum accept_verdict
each_stream(struct kit *k, struct finding *f, stream_fn *fn)
{
	struct read *reads = reads_of(k);
	enum accept_verdict v, all = ACCEPT_OK;

	if (reads == NULL)
		return finding_fail(f, "memory", "none");
	for (size_t i = 0; i < k->plan.n; i++) {
		v = fn(k, f, &reads[i]);
		if (v == ACCEPT_FAILED)
			return v;
		if (v == ACCEPT_SKIPPED)
			all = v;
	}
	return all;
}

/* A fault that was found while the records passed. */
static enum accept_verdict
judged(struct finding *f, const struct read *r, const char *text, const char *expected)
{
	if (r->judge.failed)
		return finding_fail(f, expected, "no memory to look");
	if (text[0] == '\0')
		return ACCEPT_OK;
	return finding_fail(f, expected, "stream \"%s\", %s", r->whole.plan->name, text);
}

static enum accept_verdict
look_tokens(struct kit *k, struct finding *f, struct read *r)
{
	static const char expected[] =
	    "each page names another next one, and one of them is the last";
	const char *name = r->whole.plan->name;

	(void)k;
	if (strstr(r->whole.error.text, endless) != NULL)
		return finding_fail(f, expected, "%s", r->whole.error.text);
	if (r->whole.is_cut && r->whole.npages >= READOUT_MAX_PAGES &&
	    r->whole.nparts < r->whole.npages / 10)
		return finding_fail(
		    f, expected, "stream \"%s\": %zu pages, and no end", name, r->whole.npages);
	if (r->whole.is_cut)
		finding_note(f, "stream \"%s\" was read up to record %zu", name, r->whole.nrecords);
	if (r->whole.error.status != AB_OK)
		return finding_skip(f, "stream \"%s\" was not read to its end", name);
	return ACCEPT_OK;
}

enum accept_verdict
check_read_tokens(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_tokens);
}

static enum accept_verdict
look_update_io(struct kit *k, struct finding *f, struct read *r)
{
	if (!k->file.has_update_state)
		return finding_skip(
		    f, "it has no update_state: the host keeps the greatest cursor value");
	if (strstr(r->whole.error.text, impure) == NULL)
		return ACCEPT_OK;
	return finding_fail(
	    f, "update_state works on its arguments alone", "%s", r->whole.error.text);
}

enum accept_verdict
check_read_update_io(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_update_io);
}

static enum accept_verdict
look_full(struct kit *k, struct finding *f, struct read *r)
{
	static const char expected[] = "a full read of each stream ends well";

	if (r->whole.warned[0] != '\0')
		finding_note(f, "%s", r->whole.warned);
	if (r->whole.error.status == AB_OK && r->whole.missing[0] == '\0')
		return ACCEPT_OK;
	if (r->whole.missing[0] != '\0' && *k->fixtures == '\0')
		return finding_fail(f, expected,
		    "stream \"%s\": %s, and there are no fixtures: record them with `abhost test %s --config FILE --record DIR`",
		    r->whole.plan->name, r->whole.missing, k->o->connector);
	if (r->whole.missing[0] != '\0')
		return finding_fail(f, expected,
		    "stream \"%s\": not in fixtures: %s; record again with `abhost test %s --config FILE --record DIR`",
		    r->whole.plan->name, r->whole.missing, k->o->connector);
	return finding_fail(
	    f, expected, "%s (class %s)", r->whole.error.text, error_word(r->whole.error.status));
}

enum accept_verdict
check_read_full(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_full);
}

static enum accept_verdict
look_json(struct kit *k, struct finding *f, struct read *r)
{
	(void)k;
	return judged(f, r, r->judge.json, "pages of JSON objects, valid to the last byte");
}

enum accept_verdict
check_read_json(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_json);
}

static enum accept_verdict
look_schema(struct kit *k, struct finding *f, struct read *r)
{
	(void)k;
	if (r->whole.plan->schema != NULL && r->judge.looked < r->whole.nrecords)
		finding_note(f,
		    "stream \"%s\": looked at the first 5,000 records, then at every 100th",
		    r->whole.plan->name);
	return judged(f, r, r->judge.schema, "records as their json_schema says");
}

enum accept_verdict
check_read_schema(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_schema);
}

static enum accept_verdict
look_keys(struct kit *k, struct finding *f, struct read *r)
{
	(void)k;
	return judged(
	    f, r, r->judge.key, "a value for each field of the primary key in each record");
}

enum accept_verdict
check_read_keys(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_keys);
}

/* On which page record number i of the read stands, and where there. */
static void
place_of(const struct readout *r, size_t i, size_t *page, size_t *number)
{
	size_t p = 0;

	while (p + 1 < r->npages && r->pages[p + 1].first <= i)
		p++;
	*page = p + 1;
	*number = i - r->pages[p].first + 1;
}

static enum accept_verdict
look_unique(struct kit *k, struct finding *f, struct read *r)
{
	static const char expected[] = "each primary key once in a full read";
	size_t a = 0, b = 0, page[2], number[2];
	int twice = judge_twice(&r->judge, &a, &b);

	(void)k;
	if (twice < 0)
		return finding_fail(f, expected, "no memory to look");
	if (twice == 0)
		return ACCEPT_OK;
	place_of(&r->whole, a, &page[0], &number[0]);
	place_of(&r->whole, b, &page[1], &number[1]);
	return finding_fail(f, expected,
	    "stream \"%s\": record %zu of page %zu and record %zu of page %zu have the same key",
	    r->whole.plan->name, number[0], page[0], number[1], page[1]);
}

enum accept_verdict
check_read_unique(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_unique);
}

static enum accept_verdict
look_cursor(struct kit *k, struct finding *f, struct read *r)
{
	(void)k;
	return judged(f, r, r->judge.cursor_fault,
	    "a text or a number in the cursor field of each record, and always the same of both");
}

enum accept_verdict
check_read_cursor(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_cursor);
}

static enum accept_verdict
look_sorted(struct kit *k, struct finding *f, struct read *r)
{
	(void)k;
	return judged(f, r, r->judge.sorted,
	    "where a stream says \"sorted\", no cursor value below one before it in its partition");
}

enum accept_verdict
check_read_sorted(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_sorted);
}

int
read_is_poor(const struct readout *r, struct kit *k, struct finding *f, enum accept_verdict *v)
{
	if (r->missing[0] != '\0')
		*v = finding_skip(f,
		    "not in fixtures: %s; record again with `abhost test %s --config FILE --record DIR`",
		    r->missing, k->o->connector);
	else if (r->is_cut && r->judge != NULL)
		*v = finding_skip(f, "stream \"%s\" is too long to be compared", r->plan->name);
	else if (r->is_cut)
		*v = finding_fail(f, "a read that ends like the first one",
		    "stream \"%s\": %zu pages, and no end", r->plan->name, r->npages);
	else if (r->error.status != AB_OK)
		*v = finding_fail(f, "a read like the first one", "%s", r->error.text);
	else
		return 0;
	return 1;
}

/* The same records as in the first read? */
static enum accept_verdict
compare(struct kit *k, struct finding *f, const struct read *r, const struct readout *other,
    const char *expected)
{
	enum accept_verdict v;
	int same;

	if (read_is_poor(&r->whole, k, f, &v) || read_is_poor(other, k, f, &v))
		return v;
	same = readout_same(&r->whole, other);
	if (same < 0)
		return finding_fail(f, expected, "no memory to compare");
	if (same)
		return ACCEPT_OK;
	if (r->whole.nrecords != other->nrecords)
		return finding_fail(f, expected, "stream \"%s\": %zu records, and then %zu",
		    r->whole.plan->name, r->whole.nrecords, other->nrecords);
	return finding_fail(f, expected,
	    "stream \"%s\": %zu records each time, but not the same ones", r->whole.plan->name,
	    r->whole.nrecords);
}

static enum accept_verdict
look_same(struct kit *k, struct finding *f, struct read *r)
{
	const struct act_options o = {0};
	struct readout other;
	enum accept_verdict v;

	readout_init(&other, r->whole.plan, NULL);
	readout_whole(&other, k, &o, NULL);
	v = compare(k, f, r, &other, "another process reads the same from the same answers");
	readout_fini(&other);
	return v;
}

enum accept_verdict
check_read_same(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_same);
}

static enum accept_verdict
look_again(struct kit *k, struct finding *f, struct read *r)
{
	if (!r->has_again)
		return finding_skip(
		    f, "stream \"%s\" is too long to be read again", r->whole.plan->name);
	return compare(k, f, r, &r->again, "a source reads the same a second time");
}

enum accept_verdict
check_read_again(struct kit *k, struct finding *f)
{
	return each_stream(k, f, look_again);
}
