/* Benchmark: pages from memory into SQLite, durable: the "bare loop" that a whole sync is measured against.
 *
 *     tests/bench/dest [RECORDS [PAGE [FOLDER]]]
 *
 * One thread scans and writes; two threads scan here and write there, as the engine does; then upserts of which
 * half meet a row that is there.  Commits at 100,000 records.  Prints records per second; nothing is asserted. */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "dest/dest.h"

#define RING	   2
#define CHECKPOINT 100000

struct slot {
	char *bytes;
	struct scan scan;
};

static struct buf *pages; /* padded */
static size_t npages, per_page = 1000;
static struct slot ring[RING];
static sem_t filled, empty;

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

static uint64_t
random_of(uint64_t x)
{
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

/* Nine flat fields, 212 bytes on the average. */
static void
add_record(struct buf *b, uint64_t id, uint64_t n)
{
	static const char *const types[] = {"click", "view", "purchase", "signup"};
	uint64_t r = random_of(n);
	char when[CLOCK_TEXT];

	buf_addf(b,
	    "{\"id\":%" PRIu64 ",\"type\":\"%s\",\"user_id\":%" PRIu64 ",\"session\":\"%016" PRIx64
	    "%016" PRIx64 "\",\"amount\":%" PRIu64 ".%02" PRIu64
	    ",\"active\":%s,\"country\":\"%c%c\","
	    "\"created_at\":\"2024-01-01T00:00:00Z\",\"updated_at\":\"%s\"}",
	    id, types[r & 3], r % 1000000, r, random_of(r), r % 1000, (r >> 8) % 100,
	    r & 4 ? "true" : "false", (int)('A' + r % 26), (int)('A' + (r >> 5) % 26),
	    clock_format((int64_t)(1704067200000000 + (int64_t)n * 1000), when));
}

/* repeats: percent of the records that carry an earlier id. */
static void
make_pages(size_t records, unsigned repeats)
{
	static const char padding[SCAN_PADDING];
	uint64_t id = 0, n = 0;

	npages = (records + per_page - 1) / per_page;
	pages = calloc(npages, sizeof(*pages));
	for (size_t p = 0; pages != NULL && p < npages; p++) {
		buf_init(&pages[p], (size_t)1 << 30);
		buf_addc(&pages[p], '[');
		for (size_t i = 0; i < per_page && n < records; i++, n++) {
			int again = id > 0 && random_of(n * 7 + 1) % 100 < repeats;

			buf_adds(&pages[p], i == 0 ? "" : ",");
			add_record(&pages[p], again ? random_of(n) % id : id++, n);
		}
		buf_addc(&pages[p], ']');
		buf_add(&pages[p], padding, SCAN_PADDING);
		if (pages[p].failed)
			die("pages", "no memory");
	}
}

static void
free_pages(void)
{
	for (size_t p = 0; p < npages; p++)
		buf_fini(&pages[p]);
	free(pages);
}

static void
fill(struct slot *s, size_t page)
{
	struct error e = ERROR_INIT;

	/* the engine preads a page into its own buffer */
	memcpy(s->bytes, pages[page].ptr, pages[page].len);
	if (scan_page(&s->scan, s->bytes, pages[page].len - SCAN_PADDING, &e) != AB_OK)
		die("scan", e.text);
}

static void *
scanner(void *arg)
{
	(void)arg;
	for (size_t p = 0; p < npages; p++) {
		sem_wait(&empty);
		fill(&ring[p % RING], p);
		sem_post(&filled);
	}
	return NULL;
}

struct bench {
	struct dest *d;
	struct dest_stream *s;
	size_t uncommitted;
};

static void
write_slot(struct bench *b, const struct slot *s)
{
	struct error e = ERROR_INIT;
	struct dest_page page = {
	    .bytes = s->bytes, .scan = &s->scan, .extracted_us = clock_now_us()};

	if (b->d->ops->write(b->s, &page, &e) != AB_OK)
		die("write", e.text);
	b->uncommitted += s->scan.nrecords;
	if (b->uncommitted < CHECKPOINT)
		return;
	b->uncommitted = 0;
	if (b->d->ops->commit(b->d, NULL, 0, NULL, &e) != AB_OK)
		die("commit", e.text);
}

static void
begin(struct bench *b, const char *file, enum dest_mode mode)
{
	static const char *const id[] = {"id", NULL}, *const cursor[] = {"updated_at", NULL};
	static const char *const *const key[] = {id, NULL};
	static json_t *schema;
	struct dest_run run = {.started_us = clock_now_us(), .outcome = "running"};
	struct error e = ERROR_INIT;
	static struct dest_stream_spec spec;

	if (schema == NULL)
		schema =
		    json_loads("{\"properties\":{\"updated_at\":{\"type\":\"string\",\"format\":"
			       "\"date-time\"}}}",
			0, NULL);
	spec = (struct dest_stream_spec){.name = "events", .mode = mode, .generation_id = 1};
	if (mode == DEST_APPEND_DEDUP) {
		spec.primary_key = key;
		spec.cursor = cursor;
		spec.schema = schema;
	}
	*b = (struct bench){0};
	if (dest_open(file, "bench", NULL, 0, &b->d, &e) != AB_OK ||
	    b->d->ops->run_begin(b->d, &run, &e) != AB_OK ||
	    b->d->ops->begin(b->d, &spec, &b->s, &e) != AB_OK)
		die(file, e.text);
}

static void
end(struct bench *b)
{
	struct error e = ERROR_INIT;

	if (b->d->ops->finish(b->s, &e) != AB_OK ||
	    b->d->ops->commit(b->d, NULL, 0, NULL, &e) != AB_OK)
		die("finish", e.text);
	b->d->ops->close(b->d);
}

static void
run(const char *name, const char *file, enum dest_mode mode, int threads, size_t records)
{
	int64_t start;
	struct bench b;
	struct rusage before, after;
	pthread_t thread;
	double s, cpu;

	unlink(file);
	start = clock_mono_us();
	getrusage(RUSAGE_SELF, &before);
	begin(&b, file, mode);
	if (threads == 2)
		pthread_create(&thread, NULL, scanner, NULL);
	for (size_t p = 0; p < npages; p++) {
		if (threads == 1) {
			fill(&ring[0], p);
			write_slot(&b, &ring[0]);
			continue;
		}
		sem_wait(&filled);
		write_slot(&b, &ring[p % RING]);
		sem_post(&empty);
	}
	if (threads == 2)
		pthread_join(thread, NULL);
	end(&b);
	getrusage(RUSAGE_SELF, &after);
	s = (double)(clock_mono_us() - start) / 1e6;
	cpu = (double)(after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
		  before.ru_stime.tv_sec) +
	    (double)(after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
		before.ru_stime.tv_usec) /
		1e6;
	printf("%-28s %10.0f records/s  %.2f s  %.0f ns CPU a record\n", name, (double)records / s,
	    s, cpu * 1e9 / (double)records);
	fflush(stdout);
	unlink(file);
}

int
main(int argc, char **argv)
{
	size_t records = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000, most = 0;
	char file[4096];

	per_page = argc > 2 ? strtoul(argv[2], NULL, 10) : per_page;
	snprintf(
	    file, sizeof(file), "%s/abhost-bench-%d.db", argc > 3 ? argv[3] : ".", (int)getpid());
	make_pages(records, 0);
	for (size_t p = 0; p < npages; p++)
		most = pages[p].len > most ? pages[p].len : most;
	for (int i = 0; i < RING; i++) {
		ring[i].bytes = malloc(most + 4096);
		scan_init(&ring[i].scan);
	}
	sem_init(&filled, 0, 0);
	sem_init(&empty, 0, RING);
	printf("%zu records, %zu bytes each, %zu a page\n", records, pages[0].len / per_page,
	    per_page);
	run("append, one thread", file, DEST_APPEND, 1, records);
	run("append, two threads", file, DEST_APPEND, 2, records);
	run("append_dedup, all new", file, DEST_APPEND_DEDUP, 2, records);
	free_pages();
	make_pages(records, 50);
	run("append_dedup, half repeated", file, DEST_APPEND_DEDUP, 2, records);
	free_pages();
	return 0;
}
