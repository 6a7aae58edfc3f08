/* cut.c - today's connector on an older host: compiled with a frozen header and linked with the connector, whose table
 * is called INNER there.
 *
 * The connector gets the host's table, ab_read and ab_seen as long as they were then.  Each ends where a page ends, and
 * behind that nothing is mapped: who reads further dies. */
#include <abhost/abi.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

extern const struct ab_connector INNER;

#define ROOM ((size_t)65536) /* of pages of any size */

struct cut {
	void *inner;
	char *at[3]; /* the ends of what is mapped */
};

/* A copy whose size says what it is. */
static void *
shorten(struct cut *c, int i, const void *whole, size_t size)
{
	uint32_t head = (uint32_t)size;
	char *copy;

	if (c->at[i] == NULL) {
		copy = mmap(
		    NULL, 2 * ROOM, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (copy == MAP_FAILED || mprotect(copy + ROOM, ROOM, PROT_NONE) != 0)
			abort();
		c->at[i] = copy + ROOM;
	}
	copy = c->at[i] - size;
	memcpy(copy, whole, size);
	memcpy(copy, &head, sizeof(head));
	return copy;
}

static ab_status
cut_open(struct ab_host *host, void **self)
{
	struct cut *c = calloc(1, sizeof(*c));
	struct ab_host *older;

	if (c == NULL)
		return AB_ENOMEM;
	*self = c;
	older = shorten(c, 0, host, sizeof(*host));
	older->abi = AB_ABI;
	return INNER.open(older, &c->inner);
}

static void
cut_close(void *self)
{
	struct cut *c = self;

	if (c->inner != NULL)
		INNER.close(c->inner);
	for (int i = 0; i < 3; i++)
		if (c->at[i] != NULL)
			munmap(c->at[i] - ROOM, 2 * ROOM);
	free(c);
}

static ab_status
cut_check(void *self)
{
	return INNER.check(((struct cut *)self)->inner);
}

static ab_status
cut_streams(void *self, struct ab_catalog *catalog)
{
	return INNER.streams(((struct cut *)self)->inner, catalog);
}

static ab_status
cut_partitions(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct cut *c = self;

	return INNER.partitions(c->inner, shorten(c, 1, r, sizeof(*r)), page);
}

static ab_status
cut_read_page(void *self, const struct ab_read *r, struct ab_page *page)
{
	struct cut *c = self;

	return INNER.read_page(c->inner, shorten(c, 1, r, sizeof(*r)), page);
}

static ab_status
cut_update_state(void *self, const struct ab_seen *seen, struct ab_state *out)
{
	struct cut *c = self;

	return INNER.update_state(c->inner, shorten(c, 2, seen, sizeof(*seen)), out);
}

#ifndef CUT_PARTITIONS
#define CUT_PARTITIONS cut_partitions
#endif
#ifndef CUT_UPDATE
#define CUT_UPDATE cut_update_state
#endif
const struct ab_connector ab_connector_v1 = {AB_MAGIC, sizeof(struct ab_connector), AB_ABI, AB_ABI,
    "cut", "1.0.0",
    "{\"type\": \"object\", \"required\": [\"api_key\"], \"properties\": {\"api_key\": {\"type\": \"string\", \"airbyte_secret\": true},"
    " \"base_url\": {\"type\": \"string\"}, \"page_size\": {\"type\": \"integer\", \"default\": 200},"
    " \"start_date\": {\"type\": \"string\", \"default\": \"2024-01-01\"}}}",
    cut_open, cut_close, cut_check, cut_streams, CUT_PARTITIONS, cut_read_page, CUT_UPDATE, NULL};
