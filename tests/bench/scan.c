/* How fast the scanner, the views' skipping and jansson (the reference) go over the same pages, in one run.
 *
 *     tests/bench/scan [SECONDS]      seconds per figure, 0.5 where not given
 *
 * Each figure is the median of its rounds, by the thread's CPU clock.  Nothing here fails on a time. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "data/scan.h"
#include "data/view.h"

#define RECORDS	   1000
#define MAX_ROUNDS 10000

static uint64_t state = 1;

static unsigned
random_below(unsigned n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % n;
}

/* Nine flat fields, 212 bytes; with `shuffled` each record has them in an order of its own. */
static void
put_event(struct buf *t, int i, int shuffled)
{
	static const char *const keys[] = {"id", "type", "user_id", "session_id", "amount",
	    "currency", "is_test", "created_at", "updated_at"};
	char values[9][64];
	int order[9], swap, at;

	snprintf(values[0], 64, "%d", 100000000 + i);
	snprintf(values[1], 64, "\"%s\"",
	    i % 3 == 0	     ? "page_view"
		: i % 3 == 1 ? "checkout"
			     : "sign_in");
	snprintf(values[2], 64, "%u", random_below(1000000));
	snprintf(values[3], 64, "\"%08x%08x%08x\"", random_below(1u << 31), random_below(1u << 31),
	    random_below(1u << 31));
	snprintf(values[4], 64, "%u.%02u", random_below(1000), random_below(100));
	snprintf(values[5], 64, "\"%s\"", i % 2 == 0 ? "EUR" : "USD");
	snprintf(values[6], 64, "%s", i % 7 == 0 ? "true" : "false");
	for (int k = 7; k < 9; k++)
		snprintf(values[k], 64, "\"2024-%02u-%02uT%02u:%02u:%02uZ\"", 1 + random_below(12),
		    1 + random_below(28), random_below(24), random_below(60), random_below(60));
	for (int k = 0; k < 9; k++)
		order[k] = k;
	for (int k = 8; shuffled && k > 0; k--) {
		at = (int)random_below((unsigned)k + 1);
		swap = order[k];
		order[k] = order[at];
		order[at] = swap;
	}
	for (int k = 0; k < 9; k++)
		buf_addf(t, "%c\"%s\":%s", k == 0 ? '{' : ',', keys[order[k]], values[order[k]]);
	buf_addc(t, '}');
}

static void
put_flat(struct buf *t, int i)
{
	put_event(t, i, 0);
}

static void
put_shuffled(struct buf *t, int i)
{
	put_event(t, i, 1);
}

/* The same nine values under keys that no other record has. */
static void
put_strange(struct buf *t, int i)
{
	for (int k = 0; k < 9; k++)
		buf_addf(t, "%c\"key_%u\":\"%u\"", k == 0 ? '{' : ',', random_below(1u << 31),
		    random_below(1u << 31) + (unsigned)i);
	buf_addc(t, '}');
}

static void
put_user(struct buf *t, const char *key)
{
	const unsigned id = random_below(100000);

	buf_addf(t,
	    "\"%s\":{\"login\":\"user%u\",\"id\":%u,\"node_id\":\"MDQ6VXNlcjE%u\",\"avatar_url\":"
	    "\"https://avatars.example.com/u/%u?v=4\",\"url\":\"https://api.example.com/users/user%u\","
	    "\"type\":\"User\",\"site_admin\":false},",
	    key, id, id, id, id, id);
}

/* An issue: 29 fields, nested, with escapes and UTF-8, some 3.2 KB. */
static void
put_issue(struct buf *t, int i)
{
	static const char body[] =
	    "### What happened\\n\\nWhen I run `abhost \\\"run\\\"` with the configuration below, the sync stops "
	    "after the first page and prints nothing more.\\r\\n\\r\\n```\\n{\\\"page_size\\\": 200}\\n```\\n\\nI "
	    "expected it to go on. Caf\xc3\xa9, na\xc3\xafve, \xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e, "
	    "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xb2\xd0\xb5\xd1\x82. It happens every time, on two machines, and "
	    "going back to the version before makes it go away again. ";

	buf_addf(t, "{\"id\":%d,\"url\":\"https://api.example.com/repos/o/r/issues/%d\",",
	    500000 + i, i);
	for (int k = 0; k < 6; k++)
		buf_addf(t,
		    "\"link_%d_url\":\"https://api.example.com/repos/o/r/issues/%d/part/%d\",", k,
		    i, k);
	put_user(t, "user");
	put_user(t, "assignee");
	buf_adds(t, "\"labels\":[");
	for (int k = 0; k < 3; k++)
		buf_addf(t,
		    "%s{\"id\":%u,\"name\":\"kind/%d\",\"color\":\"%06x\",\"default\":false}",
		    k > 0 ? "," : "", random_below(1u << 30), k, random_below(1u << 24));
	buf_addf(t,
	    "],\"number\":%d,\"state\":\"open\",\"locked\":false,\"comments\":%u,\"milestone\":null,",
	    i, random_below(50));
	buf_adds(t,
	    "\"title\":\"The sync \\\"stops\\\" after the first page \xe2\x80\x94 nothing printed\",");
	buf_addf(t, "\"body\":\"%s%s%s%s%s\",", body, body, body, body, i % 2 == 0 ? body : "");
	buf_adds(t,
	    "\"reactions\":{\"total_count\":3,\"+1\":2,\"-1\":0,\"laugh\":0,\"heart\":1,\"eyes\":0},");
	for (int k = 0; k < 9; k++)
		buf_addf(t, "\"extra_field_%d\":%s,", k,
		    k % 3 == 0	     ? "null"
			: k % 3 == 1 ? "false"
				     : "\"none\"");
	buf_adds(
	    t, "\"created_at\":\"2024-03-01T12:00:00Z\",\"updated_at\":\"2024-03-02T12:00:00Z\"}");
}

/* 60 flat columns, some 1.25 KB. */
static void
put_wide(struct buf *t, int i)
{
	for (int k = 0; k < 60; k++) {
		buf_addf(t, "%c\"column_%02d\":", k == 0 ? '{' : ',', k);
		switch (k % 5) {
		case 0:
			buf_addf(t, "%u", random_below(1000000));
			break;
		case 1:
			buf_addf(t, "%u.%u", random_below(1000), random_below(1000));
			break;
		case 2:
			buf_addf(t, "\"value %u\"", random_below(100000));
			break;
		case 3:
			buf_adds(t, (i + k) % 2 == 0 ? "true" : "null");
			break;
		default:
			buf_addf(t, "\"%u\"", random_below(1000));
		}
	}
	buf_addc(t, '}');
}

static double
cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

struct page {
	struct buf text;
	struct scan table;
	struct view_root root;
};

static int
run_scan(struct page *p)
{
	return scan_page(&p->table, p->text.ptr, p->text.len, NULL) == AB_OK &&
	    p->table.nrecords == RECORDS;
}

static int
run_skip(struct page *p)
{
	view_root_reset(&p->root);
	return view_parse(&p->root, p->text.ptr, p->text.len, "page") != NULL;
}

static int
run_index(struct page *p)
{
	view_root_reset(&p->root);
	return view_len(view_parse(&p->root, p->text.ptr, p->text.len, "page")) == RECORDS;
}

static int
run_jansson(struct page *p)
{
	json_t *v = json_loadb(p->text.ptr, p->text.len, 0, NULL);
	const int ok = json_array_size(v) == RECORDS;

	json_decref(v);
	return ok;
}

static int
compare_doubles(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* GB/s of one way over a page. */
static double
measure(struct page *p, int (*run)(struct page *), double seconds)
{
	static double times[MAX_ROUNDS];
	const double begin = cpu_seconds();
	double now = begin, then;
	size_t n = 0;

	while (n < 3 || (now - begin < seconds && n < MAX_ROUNDS)) {
		then = cpu_seconds();
		if (!run(p)) {
			fprintf(stderr, "bench: a page was not read as it should be\n");
			exit(EXIT_FAILURE);
		}
		now = cpu_seconds();
		times[n++] = now - then;
	}
	qsort(times, n, sizeof(times[0]), compare_doubles);
	return (double)p->text.len / times[n / 2] / 1e9;
}

static void
bench_page(const char *name, void (*put)(struct buf *, int), double seconds)
{
	struct page p;
	double scan, skip, index, jansson;

	buf_init(&p.text, 64 << 20);
	scan_init(&p.table);
	view_root_init(&p.root, 64 << 20);
	for (int i = 0; i < RECORDS; i++) {
		buf_addc(&p.text, i == 0 ? '[' : ',');
		put(&p.text, i);
	}
	buf_addc(&p.text, ']');
	if (buf_reserve(&p.text, SCAN_PADDING) == NULL)
		exit(EXIT_FAILURE);
	memset(p.text.ptr + p.text.len, 0, SCAN_PADDING);
	scan = measure(&p, run_scan, seconds);
	skip = measure(&p, run_skip, seconds);
	index = measure(&p, run_index, seconds);
	jansson = measure(&p, run_jansson, seconds);
	printf("%-24s %6zu %8.2f %8.2f %8.2f %10.3f %10.1f\n", name, p.text.len / RECORDS, scan,
	    skip, index, jansson, scan / jansson);
	buf_fini(&p.text);
	scan_fini(&p.table);
	view_root_fini(&p.root);
}

int
main(int argc, char **argv)
{
	const double seconds = argc > 1 ? strtod(argv[1], NULL) : 0.5;

	printf("%-24s %6s %8s %8s %8s %10s %10s\n", "GB/s, one core", "bytes", "scan", "skip",
	    "index", "jansson", "scan/jans");
	bench_page("A flat, 9 fields", put_flat, seconds);
	bench_page("A shuffled keys", put_shuffled, seconds);
	bench_page("A all keys different", put_strange, seconds);
	bench_page("B nested, escapes, UTF-8", put_issue, seconds);
	bench_page("C 60 columns", put_wide, seconds);
	return EXIT_SUCCESS;
}
