/* flow: a connector for tests/bench/growth.py that makes flat records of about 212 bytes out of nothing, so that
 * only engine and destination are measured.
 *
 * Config: {"rows": N} is the base, N records with even ids in order.  {"rows": N, "changes": C, "round": R} is what
 * changed since: C / 2 of these records at random, and C / 2 new ones with random odd ids; "updated_at" is larger in each round. */
#include <abhost/connector.h>
#include <inttypes.h>
#include <stdlib.h>

#define PAGE   1000
#define RECORD 320

struct flow {
	struct ab_host *host;
	int64_t rows, changes, round;
	char page[PAGE * RECORD];
};

static ab_status
flow_open(struct ab_host *h, void **self)
{
	struct flow *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return AB_ENOMEM;
	*self = f;
	f->host = h;
	f->rows = ab_cint(h, h->config(h), "rows", 1000000);
	f->changes = ab_cint(h, h->config(h), "changes", 0);
	f->round = ab_cint(h, h->config(h), "round", 0);
	return AB_OK;
}

static ab_status
flow_check(void *self)
{
	(void)self;
	return AB_OK;
}

static ab_status
flow_streams(void *self, struct ab_catalog *out)
{
	struct flow *f = self;

	return f->host->add_stream(out, AB_JSON({
		"name" : "events",
		"source_defined_primary_key" : [["id"]],
		"is_resumable" : true,
		"source_defined_cursor" : true,
		"default_cursor_field" : ["updated_at"],
		"sorted" : true
	}));
}

static uint64_t
mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

static int64_t
id_of(const struct flow *f, int64_t i)
{
	uint64_t key;

	if (f->round == 0)
		return 2 * i;
	key = mix((uint64_t)(f->round * f->changes + i)) % (uint64_t)f->rows;
	return (int64_t)(2 * key) + i % 2;
}

static size_t
write_record(const struct flow *f, int64_t i, char *to)
{
	int64_t id = id_of(f, i);
	uint64_t r = mix((uint64_t)id);

	return (size_t)snprintf(to, RECORD,
	    "{\"id\":%" PRId64 ",\"updated_at\":%" PRId64
	    ",\"type\":\"event_%u\",\"actor\":\"user-%08x\","
	    "\"amount\":%u.%02u,\"ref\":%" PRIu64 ",\"active\":%s,\"name\":\"%016" PRIx64
	    " %016" PRIx64 "\",\"created_at\":\"2024-01-%02uT00:00:00.000000Z\"}",
	    id, f->round * INT64_C(1000000000) + i, (unsigned)(r & 7), (unsigned)(r >> 32),
	    (unsigned)(r & 0xffff), (unsigned)(r >> 16) % 100, r >> 20, r & 1 ? "true" : "false", r,
	    mix(r), 1 + (unsigned)(r >> 8) % 28);
}

static ab_status
flow_read_page(void *self, const struct ab_read *read, struct ab_page *page)
{
	struct flow *f = self;
	struct ab_host *h = f->host;
	int64_t count = f->round == 0 ? f->rows : f->changes;
	int64_t at = read->token == NULL ? 0 : strtoll(read->token, NULL, 10);
	int64_t end = at + PAGE < count ? at + PAGE : count;
	size_t len = 0;
	char token[24];
	ab_status rc;

	f->page[len++] = '[';
	for (int64_t i = at; i < end; i++) {
		len += write_record(f, i, f->page + len);
		f->page[len++] = i + 1 < end ? ',' : ']';
	}
	if (at >= end)
		return AB_OK;
	rc = h->emit_text(page, (struct ab_str){f->page, len});
	if (rc != AB_OK || end == count)
		return rc;
	snprintf(token, sizeof(token), "%" PRId64, end);
	return h->next(page, token);
}

AB_CONNECTOR(.id = "flow", .version = "1.0.0", .spec = AB_JSON({
	"type" : "object",
	"properties" : {
		"rows" : {"type" : "integer", "minimum" : 1},
		"changes" : {"type" : "integer", "minimum" : 0},
		"round" : {"type" : "integer", "minimum" : 0}
	}
}),
    .open = flow_open, .close = free, .check = flow_check, .streams = flow_streams,
    .read_page = flow_read_page);
