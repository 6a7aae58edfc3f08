/* memory.c - family memory: what a connector leaves behind, and whether it grows for ever. */
#include <config.h>

#include <string.h>

#include "accept/act.h"
#include "accept/checks.h"
#include "accept/spoil.h"
#include "data/jsonread.h"

#define WARM	 500 /* pages until caches are full */
#define PER_PAGE 10  /* bytes: less than any malloc takes */
#define SLACK	 4096

/* Reads all streams and closes; *tally is the worker's word on what is left, the caller's. */
static ab_status
run_and_count(struct kit *k, struct act *a, json_t **tally)
{
	const struct act_options o = {.strict = 1};
	ab_status rc = act_open(a, k, &o);

	*tally = NULL;
	if (rc == AB_OK)
		rc = spoil_all(a);
	if (rc == AB_OK)
		rc = act_finish(a);
	if (rc == AB_OK && (*tally = jsonread_string(a->tally, 0, NULL)) == NULL)
		rc = error_set(&a->error, AB_EBUG, "the worker did not say what is left");
	return rc;
}

static void
join(const json_t *list, struct buf *out)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		buf_adds(out, i > 0 ? ", " : "");
		if (json_is_string(v))
			buf_adds(out, json_string_value(v));
		else
			buf_addf(out, "%lld", (long long)json_integer_value(v));
	}
}

enum accept_verdict
check_memory_descriptors(struct kit *k, struct finding *f)
{
	static const char expected[] =
	    "after close() the same descriptors are open as before open()";
	enum accept_verdict v = ACCEPT_OK;
	const json_t *left, *closed;
	struct buf shown;
	json_t *tally;
	struct act a;

	buf_init(&shown, 1000);
	if (run_and_count(k, &a, &tally) != AB_OK) {
		v = act_failed(&a, f, expected);
	} else {
		left = json_object_get(tally, "left_open");
		closed = json_object_get(tally, "closed");
		join(json_array_size(left) > 0 ? left : closed, &shown);
		if (json_array_size(left) > 0)
			v = finding_fail(f, expected, "left open: %s", buf_str(&shown));
		else if (json_array_size(closed) > 0)
			v = finding_fail(
			    f, expected, "closed, and not its own: %s", buf_str(&shown));
	}
	json_decref(tally);
	buf_fini(&shown);
	act_close(&a);
	return v;
}

enum accept_verdict
check_memory_threads(struct kit *k, struct finding *f)
{
	static const char expected[] = "after close() as many threads run as before open()";
	enum accept_verdict v = ACCEPT_OK;
	json_int_t more;
	json_t *tally;
	struct act a;

	if (run_and_count(k, &a, &tally) != AB_OK) {
		v = act_failed(&a, f, expected);
	} else {
		more = json_integer_value(json_object_get(tally, "threads"));
		if (more > 0)
			v = finding_fail(f, expected, "%lld more", (long long)more);
	}
	json_decref(tally);
	act_close(&a);
	return v;
}

/* What was allocated when so many pages had been read. */
struct growth {
	size_t pages, warm_pages, warm_bytes, bytes;
	int has_read; /* a stream at all */
};

/* All streams once more. */
static ab_status
read_round(struct act *a, struct growth *g)
{
	const struct spoil *s = spoil_of(a->k, &a->error);
	struct pages some = {.hash = NULL};
	ab_status rc = s == NULL ? a->error.status : AB_OK;

	for (size_t i = 0; i < a->k->plan.n && rc == AB_OK; i++) {
		some.n = some.bytes = 0;
		if (!s->good[i].is_missing) {
			rc = spoil_read(a, i, &some);
			g->has_read = 1;
		}
		g->pages += some.n > 0 ? some.n : 1; /* a read without a page is work, too */
		g->bytes = a->ev.bytes;
	}
	pages_fini(&some);
	if (g->warm_pages == 0 && g->pages >= WARM) {
		g->warm_pages = g->pages;
		g->warm_bytes = g->bytes;
	}
	return rc;
}

static enum accept_verdict
judge_growth(const struct growth *g, struct finding *f)
{
	size_t pages = g->pages - g->warm_pages;
	size_t grown = g->bytes > g->warm_bytes ? g->bytes - g->warm_bytes : 0;

	if (!g->has_read)
		return finding_skip(f, "no stream can be read from the fixtures");
	if (g->bytes == 0)
		return finding_skip(f, "allocations cannot be counted here (a sanitizer has them)");
	finding_note(f, "%zu pages, %zu bytes more at their end than after %zu", g->pages, grown,
	    g->warm_pages);
	if (grown <= pages * PER_PAGE + SLACK)
		return ACCEPT_OK;
	return finding_fail(f, "memory does not grow with the pages that are read",
	    "%zu bytes more after %zu further pages, about %zu a page", grown, pages,
	    grown / pages);
}

enum accept_verdict
check_memory_growth(struct kit *k, struct finding *f)
{
	const struct act_options o = {.measures = 1};
	enum accept_verdict v = ACCEPT_OK;
	struct growth g = {0};
	struct act a;
	ab_status rc = act_open(&a, k, &o);

	/* where nothing is counted, reading on would show nothing */
	while (rc == AB_OK && (g.pages == 0 || g.bytes > 0) &&
	    (g.pages < k->o->pages || g.warm_pages == 0 || g.pages < 2 * g.warm_pages))
		rc = read_round(&a, &g);
	if (rc != AB_OK)
		v = act_failed(&a, f, "the streams can be read again and again");
	else
		v = judge_growth(&g, f);
	act_close(&a);
	return v;
}
