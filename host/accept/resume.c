/* resume.c - family read: reads that go on where an earlier one had come to, at a state or at a page's token; and the
 * states themselves. */
#include <stdlib.h>
#include <string.h>

#include "accept/checks.h"
#include "accept/read.h"
#include "data/canonical.h"

#define POINTS 8 /* of one stream, at most, are tried */

/* [{"partition": P, "state": S, "token": "T", "running": R}], each but the first NULL: left out. */
static char *
committed(const char *partition, const char *state, const char *token, const char *running)
{
	struct buf out;
	char *text = NULL;

	buf_init(&out, (size_t)64 << 20);
	buf_addf(&out, "[{\"partition\": %s", partition == NULL ? "null" : partition);
	if (state != NULL)
		buf_addf(&out, ", \"state\": %s", state);
	if (token != NULL) {
		buf_adds(&out, ", \"token\": ");
		buf_add_json_string(&out, token, strlen(token));
	}
	if (running != NULL)
		buf_addf(&out, ", \"running\": %s", running);
	buf_adds(&out, "}]");
	if (!out.failed)
		text = buf_steal(&out);
	buf_fini(&out);
	return text;
}

static int
compare_hashes(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* The records of all pages but those of one partition up to this page, sorted; behind a state of all partitions, none. */
static uint64_t *
rest_behind(const struct readout *r, size_t page, int is_for_all, size_t *n)
{
	uint64_t *out = malloc((r->nrecords + 1) * sizeof(*out));

	*n = 0;
	for (size_t i = 0; out != NULL && i < r->npages; i++)
		if (!is_for_all && (r->pages[i].part != r->pages[page].part || i > page))
			for (size_t j = 0; j < r->pages[i].n; j++)
				out[(*n)++] = r->records[r->pages[i].first + j];
	if (out != NULL)
		qsort(out, *n, sizeof(*out), compare_hashes);
	return out;
}

/* How many of a stand nowhere in b; both sorted, each counted as often as it stands there (times) or once. */
static size_t
count_missing(const uint64_t *a, size_t na, const uint64_t *b, size_t nb, int times)
{
	size_t j = 0, missing = 0;

	for (size_t i = 0; i < na; i++) {
		while (j < nb && b[j] < a[i])
			j++;
		if (j == nb || b[j] != a[i])
			missing++;
		else if (times)
			j++;
	}
	return missing;
}

/* What a read that went on must give: at least the rest; nothing that the whole does not have; exactly: nothing else. */
static enum accept_verdict
compare(struct finding *f, const struct readout *whole, const struct readout *went_on, size_t page,
    int exactly, const char *what, const char *expected)
{
	uint64_t *all = readout_sorted(whole), *got = readout_sorted(went_on);
	size_t nrest, lost = 0, strange = 0;
	uint64_t *rest = rest_behind(whole, page, !exactly && whole->plan->shared_state, &nrest);
	enum accept_verdict v = ACCEPT_OK;

	if (all == NULL || got == NULL || rest == NULL) {
		v = finding_fail(f, expected, "no memory to compare");
	} else {
		lost = count_missing(rest, nrest, got, went_on->nrecords, exactly);
		strange = exactly ? count_missing(got, went_on->nrecords, rest, nrest, 1)
				  : count_missing(got, went_on->nrecords, all, whole->nrecords, 0);
	}
	if (lost > 0)
		v = finding_fail(f, expected,
		    "stream \"%s\", from the %s behind page %zu: %zu of %zu records are lost",
		    whole->plan->name, what, page + 1, lost, nrest);
	else if (strange > 0)
		v = finding_fail(f, expected,
		    "stream \"%s\", from the %s behind page %zu: %zu records that %s",
		    whole->plan->name, what, page + 1, strange,
		    exactly ? "were read before it" : "the whole does not have");
	free(all);
	free(got);
	free(rest);
	return v;
}

static enum accept_verdict
go_on(struct kit *k, struct finding *f, const struct read *r, size_t page, int at_token)
{
	const struct act_options o = {0};
	const struct readout_page *p = &r->whole.pages[page];
	const char *partition = r->whole.parts[p->part].json;
	char *text = at_token
	    ? committed(partition, NULL, p->token, p->state)
	    : committed(r->whole.plan->shared_state ? NULL : partition, p->state, NULL, NULL);
	struct readout went_on;
	enum accept_verdict v;

	if (text == NULL)
		return finding_fail(f, "memory", "none");
	readout_init(&went_on, r->whole.plan, NULL);
	readout_whole(&went_on, k, &o, text);
	if (!read_is_poor(&went_on, k, f, &v)) {
		if (at_token && went_on.is_restarted)
			v = finding_fail(f, "is_resumable: a token of an earlier run is taken",
			    "stream \"%s\": the token behind page %zu was refused",
			    r->whole.plan->name, page + 1);
		else
			v = compare(f, &r->whole, &went_on, page, at_token,
			    at_token ? "token" : "state",
			    at_token
				? "exactly the pages behind it"
				: "at least what comes behind it, and with what came before exactly the whole");
	}
	readout_fini(&went_on);
	free(text);
	return v;
}

static int
is_last_of_its_part(const struct readout *r, size_t page)
{
	return r->pages[page].token == NULL;
}

/* May a state be committed behind this page?  Of one that is shared only at the end of all. */
static int
is_point(const struct readout *r, size_t page, int at_token)
{
	const struct readout_page *p = &r->pages[page];

	if (at_token)
		return p->token != NULL;
	if (p->state == NULL)
		return 0;
	if (r->plan->shared_state)
		return page + 1 == r->npages;
	return r->plan->sorted || is_last_of_its_part(r, page);
}

/* The points of a stream, or as many of them as are tried, spread over all. */
static size_t
choose(const struct readout *r, int at_token, size_t chosen[POINTS], size_t *of)
{
	size_t n = 0, seen = 0;

	*of = 0;
	for (size_t i = 0; i < r->npages; i++)
		*of += is_point(r, i, at_token) != 0;
	for (size_t i = 0; i < r->npages && n < POINTS; i++)
		if (is_point(r, i, at_token)) {
			if (*of <= POINTS || seen == n * (*of - 1) / (POINTS - 1))
				chosen[n++] = i;
			seen++;
		}
	return n;
}

/* The windows of a shared state are read in any order: what the whole has come to stands at its end. */
static int
settle_shared(struct read *r)
{
	struct readout_page *last =
	    r->whole.npages > 0 ? &r->whole.pages[r->whole.npages - 1] : NULL;
	struct cursor *c = &r->judge.cursor;
	const char *best = NULL;

	if (last == NULL || !r->whole.plan->shared_state)
		return 0;
	for (size_t i = 0; i < r->whole.nparts; i++) {
		const char *v = r->whole.parts[i].last;

		if (v == NULL)
			continue;
		if (best != NULL &&
		    (cursor_begin(c, best, strlen(best)) != 0 || cursor_know(c, v, strlen(v)) != 0))
			return -1;
		if (best == NULL || cursor_compare(c, &c->known.value, &c->floor.value) > 0)
			best = v;
	}
	free(last->state);
	last->state = readout_host_state(r->whole.plan, best);
	return 0;
}

static enum accept_verdict
look_points(struct kit *k, struct finding *f, struct read *r, int at_token)
{
	const struct readout *whole = &r->whole;
	size_t chosen[POINTS], of, n;
	enum accept_verdict v = ACCEPT_OK;

	if (read_is_poor(whole, k, f, &v))
		return v;
	if (at_token ? !whole->plan->resumable : whole->plan->sync_mode != PLAN_INCREMENTAL)
		return ACCEPT_OK;
	if (!at_token && settle_shared(r) != 0)
		return finding_fail(f, "memory", "none");
	n = choose(whole, at_token, chosen, &of);
	if (n < of)
		finding_note(
		    f, "stream \"%s\": %zu of %zu pages were tried", whole->plan->name, n, of);
	for (size_t i = 0; i < n && v == ACCEPT_OK && accept_stopped() == 0; i++)
		v = go_on(k, f, r, chosen[i], at_token);
	return v;
}

static enum accept_verdict
each_stream(struct kit *k, struct finding *f, int at_token)
{
	struct read *reads = reads_of(k);
	enum accept_verdict v, all = ACCEPT_OK;

	for (size_t i = 0; i < k->plan.n; i++) {
		v = look_points(k, f, &reads[i], at_token);
		if (v == ACCEPT_FAILED)
			return v;
		all = v == ACCEPT_SKIPPED ? v : all;
	}
	return all;
}

enum accept_verdict
check_read_state(struct kit *k, struct finding *f)
{
	return each_stream(k, f, 0);
}

enum accept_verdict
check_read_token(struct kit *k, struct finding *f)
{
	return each_stream(k, f, 1);
}

/* The same JSON, whatever the order of its keys. */
static int
is_same(const char *a, const char *b)
{
	char *x, *y;
	int same;

	if (a == NULL || b == NULL)
		return a == b;
	x = canonical_json(a, strlen(a));
	y = canonical_json(b, strlen(b));
	same = x != NULL && y != NULL && strcmp(x, y) == 0;
	free(x);
	free(y);
	return same;
}

/* Pages of several partitions come in any order; those of one in theirs. */
struct by_part {
	struct part_queue {
		char *name;  /* canonical; "": the only one */
		size_t part; /* its number in the readout */
	} * queues;	     /* sorted by name */
	size_t n;
	size_t *first; /* of each part: its next page + 1, 0: there is none */
	size_t *next;  /* of each page: the next one of its part, as there */
};

static char *
name_of(const struct readout_part *p)
{
	return p->json == NULL ? strdup("") : canonical_json(p->json, strlen(p->json));
}

static int
compare_queues(const void *a, const void *b)
{
	return strcmp(((const struct part_queue *)a)->name, ((const struct part_queue *)b)->name);
}

static void
by_part_fini(struct by_part *b)
{
	for (size_t i = 0; i < b->n; i++)
		free(b->queues[i].name);
	free(b->queues);
	free(b->first);
	free(b->next);
}

static int
by_part_init(struct by_part *b, const struct readout *r)
{
	*b = (struct by_part){.queues = calloc(r->nparts + 1, sizeof(*b->queues)),
	    .first = calloc(r->nparts + 1, sizeof(*b->first)),
	    .next = calloc(r->npages + 1, sizeof(*b->next))};
	if (b->queues == NULL || b->first == NULL || b->next == NULL)
		return -1;
	for (size_t i = 0; i < r->nparts; i++) {
		b->queues[i].part = i;
		if ((b->queues[i].name = name_of(&r->parts[i])) == NULL)
			return -1;
		b->n++;
	}
	qsort(b->queues, b->n, sizeof(*b->queues), compare_queues);
	for (size_t i = r->npages; i-- > 0;) {
		b->next[i] = b->first[r->pages[i].part];
		b->first[r->pages[i].part] = i + 1;
	}
	return 0;
}

/* The next page of the partition that is called so; 0: there is none, else its number + 1. */
static size_t
by_part_take(struct by_part *b, char *name)
{
	const struct part_queue key = {.name = name}, *q;
	size_t page;

	q = bsearch(&key, b->queues, b->n, sizeof(*q), compare_queues);
	page = q == NULL ? 0 : b->first[q->part];
	if (page > 0)
		b->first[q->part] = b->next[page - 1];
	return page;
}

static enum accept_verdict
compare_states(struct finding *f, const struct read *r, struct by_part *b, size_t most)
{
	const struct readout *a = &r->whole;
	const char *state, *other;

	for (size_t i = 0; i < most; i++) {
		char *name = name_of(&a->parts[a->pages[i].part]);
		size_t page = name == NULL ? 0 : by_part_take(b, name);

		free(name);
		if (name == NULL)
			return finding_fail(f, "memory", "none");
		if (page == 0)
			continue;
		state = a->pages[i].state;
		other = r->again.pages[page - 1].state;
		if (!is_same(state, other))
			return finding_fail(f,
			    "update_state gives the same state for the same page and the same state before it",
			    "stream \"%s\", page %zu: %.300s, and the second time %.300s",
			    a->plan->name, i + 1, state != NULL ? state : "none",
			    other != NULL ? other : "none");
	}
	return ACCEPT_OK;
}

static enum accept_verdict
look_update_same(struct finding *f, const struct read *r)
{
	size_t most = r->whole.npages < 300 ? r->whole.npages : 300;
	struct by_part again;
	enum accept_verdict v = ACCEPT_OK;

	if (r->has_again) {
		v = by_part_init(&again, &r->again) == 0 ? compare_states(f, r, &again, most)
							 : finding_fail(f, "memory", "none");
		by_part_fini(&again);
	}
	if (most < r->whole.npages)
		finding_note(
		    f, "stream \"%s\": looked at the first %zu pages", r->whole.plan->name, most);
	return v;
}

enum accept_verdict
check_read_update_same(struct kit *k, struct finding *f)
{
	struct read *reads = reads_of(k);
	enum accept_verdict v = ACCEPT_OK;

	if (!k->file.has_update_state)
		return finding_skip(
		    f, "it has no update_state: the host keeps the greatest cursor value");
	for (size_t i = 0; i < k->plan.n && v == ACCEPT_OK; i++)
		v = look_update_same(f, &reads[i]);
	return v;
}

enum accept_verdict
check_read_update_monotone(struct kit *k, struct finding *f)
{
	struct read *reads = reads_of(k);

	if (!k->file.has_update_state)
		return finding_skip(
		    f, "it has no update_state: the host keeps the greatest cursor value");
	for (size_t i = 0; i < k->plan.n; i++)
		if (reads[i].judge.state[0] != '\0')
			return finding_fail(f,
			    "a state never goes back, whatever order the records come in",
			    "stream \"%s\": %s", k->plan.streams[i].name, reads[i].judge.state);
	return ACCEPT_OK;
}
